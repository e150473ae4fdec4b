//! From a request to an [`Intake`]: files found, told apart, read, weighed and put together.

use std::collections::BTreeMap;

use super::accounts::{self, AccountTable};
use super::find;
use super::labels::ById;
use super::moment::resolution;
use super::privacy;
use super::rates;
use super::recognise::Choice;
use super::source::Place;
use super::table::Table;
use super::transfers::{FileNotes, Transfers};
use super::{IngestError, InputFile, Intake, Reject, RejectLimit, Rejects, Request};
use crate::columns::{Draft, Ledger};

/// Rows in a hundred that may be set aside where nothing else is asked for.
const REJECTS: RejectLimit = RejectLimit::Percent(1.0);

/// The files of a run, told apart; each with the position of its mapping.
#[derive(Default)]
struct Sorted {
    transfers: Vec<(Table, usize)>,
    accounts: Vec<(Table, usize)>,
    labels: Vec<(Table, usize)>,
    notes: Vec<String>,
}

/// Reads ledgers into one [`Ledger`]; bad rows are set aside, and accepted + rejected = read.
///
/// # Errors
///
/// Where nothing is there to be read, a file is not what it should be, too many rows cannot be used, account keys
/// look identifying, or the system fails. Every message names the file and a way out.
pub fn read(request: &Request) -> Result<Intake, IngestError> {
    let choice = Choice::new(request.mapping.as_deref())?;
    let mut sorted = sort(request, &choice)?;
    let used = used(&sorted.transfers);
    let given = request.rates.as_deref().map(rates::read).transpose()?;
    let numbered = !sorted.transfers.iter().all(|(table, mapping)| has_ids(table, &choice, *mapping));
    let extras: Vec<String> = request.columns.iter().cloned().collect();
    let mut transfers = Transfers::new(&extras, request.labels, numbered);
    let (mut files, mut sides) = (Vec::new(), None);
    for (table, mapping) in std::mem::take(&mut sorted.transfers) {
        let name = table.name.clone();
        let (read, said) = transfers.add(table, choice.mapping(mapping))?;
        files.push(InputFile::new(&name, "transfers", read));
        sorted.notes.extend(lacking(&name, &said));
        sides.get_or_insert(said.account_columns);
    }
    transfers.drop_duplicates();
    let rejects = settle_rejects(&mut transfers, request.max_rejects.unwrap_or(REJECTS))?;
    let accepted = transfers.times.len() as u64;
    assert_eq!(accepted + rejects.rows.len() as u64, transfers.read, "every row is accepted or rejected");
    if accepted == 0 {
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        return Err(IngestError::NoTransfers {
            problem: format!("{} holds a header and no rows", names.join(", ")),
            help: "give a file with at least one transfer".to_owned(),
        });
    }
    if let Some([sender, receiver]) = sides.filter(|_| !request.identifiable) {
        privacy::check(&transfers.keys.keys, [(&sender, &transfers.senders), (&receiver, &transfers.receivers)])?;
    }
    let specials: Vec<(String, String)> =
        used.iter().flat_map(|&mapping| choice.mapping(mapping).special.clone()).collect();
    let tables =
        sorted.accounts.into_iter().map(|(table, mapping)| AccountTable { table, mapping: choice.mapping(mapping) });
    let told = accounts::read(tables.collect(), &transfers.keys, &request.account_columns, &specials)?;
    files.extend(told.files);
    sorted.notes.extend(told.notes);
    let mut by_id = ById::default();
    for (table, mapping) in sorted.labels {
        files.push(by_id.add(table, choice.mapping(mapping))?);
    }
    sorted.notes.extend(remarks(&transfers));
    let table = std::mem::take(&mut transfers.currency_table).into_table();
    let base = rates::base(request.base.as_deref(), &transfers, &table);
    let weighed = rates::weigh(&transfers, &table, &base, given.as_ref().map(|(given, _)| given));
    sorted.notes.extend(weighed.notes);
    files.extend(given.map(|(_, file)| file));
    files.extend(choice.file.clone());
    let (read, own_labels, sources) = (transfers.read, transfers.labels.take(), transfers.sources.clone());
    let columns = transfers.take_columns();
    let ledger = Ledger::new(Draft {
        resolution: resolution(&transfers.times),
        tx_ids: std::mem::take(&mut transfers.ids).into_ids(),
        times: transfers.times,
        senders: transfers.senders,
        receivers: transfers.receivers,
        keys: transfers.keys.keys,
        amounts: transfers.amounts,
        currencies: transfers.currencies,
        currency_table: table,
        base_amounts: weighed.amounts,
        base,
        columns,
        sources: transfers.sources,
        files: transfers.files,
        account_columns: told.columns,
    });
    let labels = request.labels.then(|| by_id.settle(&ledger, &sources, own_labels.as_ref()));
    let mapping = choice.describe(&used);
    Ok(Intake { ledger, rejects, read, files, mapping, rates: weighed.rates, notes: sorted.notes, labels })
}

/// Opens every file and tells what it holds.
fn sort(request: &Request, choice: &Choice) -> Result<Sorted, IngestError> {
    let mut sorted = Sorted::default();
    let mut others = Vec::new();
    for found in find::files(&request.inputs)? {
        let table = match Table::open(&found.place) {
            Ok(table) => table,
            Err(error) if found.asked => return Err(error),
            Err(_) => {
                sorted.notes.push(format!("{} is no table and was left out", found.place.name()));
                continue;
            }
        };
        match choice.transfers(&table) {
            Some(mapping) => sorted.transfers.push((table, mapping)),
            None => others.push((table, found.asked)),
        }
    }
    let used = used(&sorted.transfers);
    for (table, asked) in others {
        if let Some(mapping) = choice.labels(&table, &used) {
            if request.labels {
                sorted.labels.push((table, mapping));
            }
        } else if let Some(mapping) = choice.accounts(&table, &used) {
            // An account table that is named goes before one that lies in a folder.
            if request.accounts.is_none() {
                sorted.accounts.push((table, mapping));
            }
        } else if asked {
            return Err(choice.misfit(&table));
        } else {
            sorted.notes.push(format!("{} holds neither transfers nor accounts and was left out", table.name));
        }
    }
    if sorted.transfers.is_empty() {
        return Err(IngestError::NoTransfers {
            problem: format!("{}: no file there holds transfers", request.inputs.join(", ")),
            help: "name a ledger, or describe its columns in a mapping file and name it with --mapping".to_owned(),
        });
    }
    if let Some(path) = &request.accounts {
        let table = Table::open(&Place::File(path.clone()))?;
        let Some(mapping) = choice.accounts(&table, &used).or_else(|| choice.accounts(&table, &choice.all())) else {
            return Err(choice.misfit(&table));
        };
        sorted.accounts.push((table, mapping));
    }
    Ok(sorted)
}

/// The mappings of the transfers, each once, in order.
fn used(transfers: &[(Table, usize)]) -> Vec<usize> {
    let mut used: Vec<usize> = transfers.iter().map(|(_, mapping)| *mapping).collect();
    used.sort_unstable();
    used.dedup();
    used
}

/// Whether a table has transfer ids of its own.
fn has_ids(table: &Table, choice: &Choice, mapping: usize) -> bool {
    let id = choice.mapping(mapping).columns.tx_id.as_ref();
    id.is_some_and(|id| id.columns().all(|column| table.position(column).is_some()))
}

fn lacking(name: &str, said: &FileNotes) -> Option<String> {
    let missing: Vec<String> = said.missing.iter().map(|column| format!("`{column}`")).collect();
    (!missing.is_empty()).then(|| format!("{name} has no column {}", missing.join(", ")))
}

fn remarks(transfers: &Transfers) -> Vec<String> {
    let mut remarks = Vec::new();
    if transfers.rounded > 0 {
        remarks
            .push(format!("{} amounts are finer than a minor unit and were rounded half to even", transfers.rounded));
    }
    if transfers.odd_received > 0 {
        remarks.push(format!("{} received amounts cannot be used and count as missing", transfers.odd_received));
    }
    remarks
}

/// The rejects in file and line order; an error where they are more than allowed.
fn settle_rejects(transfers: &mut Transfers, limit: RejectLimit) -> Result<Rejects, IngestError> {
    let mut rejects = std::mem::take(&mut transfers.rejects);
    rejects.sort_by(|(a, x), (b, y)| (a, x.line, &x.reason).cmp(&(b, y.line, &y.reason)));
    let rows: Vec<Reject> = rejects.into_iter().map(|(_, reject)| reject).collect();
    let (rejected, read) = (rows.len() as u64, transfers.read);
    #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
    let (beyond, allowed) = match limit {
        RejectLimit::Rows(most) => (rejected > most, most.to_string()),
        RejectLimit::Percent(most) => (rejected as f64 * 100.0 > most * read as f64, format!("{most} %")),
    };
    if beyond {
        return Err(IngestError::TooManyRejects { rejected, read, allowed, examples: examples(&rows) });
    }
    Ok(Rejects { rows })
}

/// The five most frequent reasons, each with its first example.
fn examples(rows: &[Reject]) -> String {
    let mut reasons = BTreeMap::<&str, (u64, &Reject)>::new();
    for row in rows {
        reasons.entry(&row.reason).or_insert((0, row)).0 += 1;
    }
    let mut reasons: Vec<(u64, &Reject)> = reasons.into_values().collect();
    reasons.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.reason.cmp(&y.reason)));
    let line = |(count, row): &(u64, &Reject)| {
        let value: String = row.value.chars().take(60).collect();
        format!("  {count} x {}: {}:{}: column `{}`, value `{value}`\n", row.reason, row.file, row.line, row.column)
    };
    reasons.iter().take(5).map(line).collect()
}
