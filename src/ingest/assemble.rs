//! The way from a request to a ledger, in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::accounts::{self, AccountTable};
use super::labels::Beside;
use super::parts::{Meaning, Parts, Portion, Spill};
use super::recognise::{Chosen, Mappings, Role};
use super::transfers::Transfers;
use super::{IngestError, InputFile, Intake, Reject, RejectLimit, Rejects, Request};
use super::{find, moment, privacy, rates};
use crate::columns::{Currency, CurrencyId, Draft, Ledger, Numbers, TxIds, schema};

/// Columns that every ledger has, so that they are none of its further columns.
const CORE: [&str; 6] = ["tx_id", "timestamp", "sender", "receiver", "amount", "currency"];

/// Reads every input of a request into one ledger.
///
/// # Errors
///
/// Where a file cannot be read or is not what it should be, nothing in it is a transfer, more rows than allowed
/// cannot be used, or account keys look identifying. [`IngestError::failure`] says which of these it is.
pub fn read(request: &Request) -> Result<Intake, IngestError> {
    at_once(request, collect(request, None)?)
}

/// Reads every input of a request as [`read`] does. Where there are more transfers than a portion, they are written to a
/// folder while they are read, so that no more of them are in memory; then the ledger in what is given back is empty.
///
/// # Errors
///
/// As [`read`], or where the folder cannot be written to.
pub fn read_in_parts(request: &Request, portion: Portion, folder: &Path) -> Result<(Intake, Parts), IngestError> {
    let collecting = collect(request, Some(Spill::to(folder, portion)))?;
    if collecting.transfers.spill.as_ref().is_some_and(|spill| !spill.is_empty()) {
        return in_parts(request, collecting, portion);
    }
    let intake = at_once(request, collecting)?;
    let parts = Parts::of(intake.ledger, portion.page);
    Ok((Intake { ledger: parts.tables().clone(), ..intake }, parts))
}

/// The transfers of all files, and what else there is to read.
struct Collecting {
    mappings: Mappings,
    notes: Vec<String>,
    inputs: Inputs,
    transfers: Transfers,
    files: Vec<InputFile>,
}

fn collect(request: &Request, spill: Option<Spill>) -> Result<Collecting, IngestError> {
    let mappings = Mappings::new(request.mapping.as_deref(), !request.without_hashes)?;
    let mut notes = Vec::new();
    let mut inputs = Inputs::find(request, &mappings, &mut notes)?;
    let mut transfers = Transfers::new(&extras(request), request.labels, inputs.numbered);
    transfers.spill = spill;
    let files = add_all(&mut transfers, &mut inputs.transfers, &mappings, request, &mut notes)?;
    Ok(Collecting { mappings, notes, inputs, transfers, files })
}

/// From the collected transfers to a ledger whose transfers lie in files.
fn in_parts(request: &Request, collecting: Collecting, portion: Portion) -> Result<(Intake, Parts), IngestError> {
    let Collecting { mappings, mut notes, inputs, mut transfers, mut files } = collecting;
    transfers.drop_spilled_duplicates()?;
    let rejects = rejected(&mut transfers, request.max_rejects)?;
    notes.extend(transfers_notes(&transfers));
    let spill = transfers.spill.take().expect("the transfers were written away");
    let known = keys_in_use(&mut transfers, &spill.sides);
    let accounts = read_accounts(request, inputs.accounts, &inputs.used, &mappings, &transfers)?;
    files.extend(accounts.files);
    notes.extend(accounts.notes);
    let given = request.rates.as_deref().map(rates::read).transpose()?;
    let (given, rates_file) = given.unzip();
    files.extend(rates_file);
    let (table, places) = currencies_in_use(&mut transfers, &spill);
    let mut counts = vec![0; table.len()];
    spill
        .currencies
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .for_each(|(old, n)| counts[places[old].index()] = *n);
    let base = rates::base_of(request.base.as_deref(), &counts, &table);
    let place = |currency: u16| places[usize::from(currency)].0;
    let seen = spill.converted.iter().map(|(_, seen)| rates::Converted {
        paid: place(seen.paid),
        currency: place(seen.currency),
        ..*seen
    });
    let conversions = rates::Conversions::new(&table, &base, given.as_ref(), seen);
    let used_rates = conversions.rates.clone();
    files.extend(mappings.file.clone());
    let lists = super::lists::read(&request.list_names, &request.lists, &mut files)?;
    let columns = transfers.take_meanings(&spill.codes);
    let empty = columns.iter().flatten().map(|(name, _, values)| (name.clone(), values.gather(&[]))).collect();
    let ids = if spill.texts { TxIds::Texts(Vec::new()) } else { TxIds::Numbers(Numbers::default()) };
    let tables = Ledger::new(Draft {
        tx_ids: ids,
        columns: empty,
        resolution: spill.resolution.unwrap_or(crate::columns::Span(1)),
        keys: transfers.keys.into_keys(),
        files: transfers.files,
        ..empty_draft(table.clone(), base.clone(), accounts.columns)
    })
    .with_lists(lists);
    let (texts, read, len) = (spill.texts, transfers.read, spill.len());
    let spilled = spill.settle(Meaning { accounts: known, currencies: places, columns, conversions, texts });
    let [unknown, early] = spilled.count(table.len())?;
    notes.extend(rates::notes(&table, &base, &unknown, &early));
    assert_eq!(len as u64 + rejects.rows.len() as u64, read, "every row read is accepted or set aside");
    let mapping = mappings.describe(&inputs.used);
    let parts = Parts::spilled(tables.clone(), spilled, portion.page)?;
    Ok((Intake { ledger: tables, rejects, read, files, mapping, rates: used_rates, notes, labels: None }, parts))
}

/// A ledger of no transfers.
fn empty_draft(
    currency_table: Vec<Currency>,
    base: Currency,
    account_columns: BTreeMap<String, crate::columns::Column>,
) -> Draft {
    Draft {
        tx_ids: TxIds::Numbers(Numbers::default()),
        times: Vec::new(),
        senders: Vec::new(),
        receivers: Vec::new(),
        keys: crate::columns::Keys::default(),
        amounts: Vec::new(),
        currencies: Vec::new(),
        currency_table,
        base_amounts: None,
        base,
        columns: BTreeMap::new(),
        sources: crate::columns::Sources::default(),
        files: Vec::new(),
        account_columns,
        resolution: crate::columns::Span(1),
    }
}

/// Leaves the keys that some transfer names, in byte order; gives the account of each former position.
fn keys_in_use(transfers: &mut Transfers, sides: &[Vec<u32>; 2]) -> Vec<u32> {
    let before = std::mem::take(&mut transfers.keys).into_keys();
    let named = |position: &u32| sides.iter().any(|counts| counts.get(*position as usize).is_some_and(|&n| n > 0));
    let mut known = vec![u32::MAX; before.len()];
    for position in before.order().into_iter().filter(named) {
        known[position as usize] = transfers.keys.position(&before[position as usize]);
    }
    known
}

/// The currencies that some transfer is booked or paid out in, in code order, and the place of each former position.
fn currencies_in_use(transfers: &mut Transfers, spill: &Spill) -> (Vec<Currency>, Vec<CurrencyId>) {
    let before = std::mem::take(&mut transfers.currency_table).into_table();
    let booked = (0..before.len()).filter(|&position| spill.currencies.get(position).is_some_and(|&n| n > 0));
    let paid = spill.converted.iter().map(|(_, seen)| usize::from(seen.currency));
    let mut used: Vec<usize> = booked.chain(paid).collect();
    used.sort_unstable_by(|&a, &b| before[a].cmp(&before[b]));
    used.dedup();
    let mut places = vec![CurrencyId(0); before.len()];
    for (place, &position) in (0u16..).zip(&used) {
        places[position] = CurrencyId(place);
    }
    (used.into_iter().map(|position| before[position].clone()).collect(), places)
}

/// From the collected transfers to a ledger in memory.
fn at_once(request: &Request, collecting: Collecting) -> Result<Intake, IngestError> {
    let Collecting { mappings, mut notes, inputs, mut transfers, mut files } = collecting;
    transfers.spill = None;
    transfers.drop_duplicates();
    let rejects = rejected(&mut transfers, request.max_rejects)?;
    notes.extend(transfers_notes(&transfers));
    let accounts = read_accounts(request, inputs.accounts, &inputs.used, &mappings, &transfers)?;
    files.extend(accounts.files);
    notes.extend(accounts.notes);
    let given = request.rates.as_deref().map(rates::read).transpose()?;
    let (given, rates_file) = given.unzip();
    files.extend(rates_file);
    let table = used_currencies(&mut transfers);
    let base = rates::base(request.base.as_deref(), &transfers, &table);
    let weighed = rates::weigh(&transfers, &table, &base, given.as_ref());
    notes.extend(weighed.notes);
    let beside = read_labels(inputs.labels, &inputs.transfers, &mappings, &mut files)?;
    files.extend(mappings.file.clone());
    let lists = super::lists::read(&request.list_names, &request.lists, &mut files)?;
    let read = transfers.read;
    let labels = transfers.take_labels();
    let ledger = Ledger::new(draft(transfers, table, base, weighed.amounts, accounts.columns)).with_lists(lists);
    assert_eq!(ledger.len() as u64 + rejects.rows.len() as u64, read, "every row read is accepted or set aside");
    let (labels, lost) = request.labels.then(|| beside.settle(&ledger, labels.as_ref())).unzip();
    notes.extend(lost.into_iter().flatten());
    let mapping = mappings.describe(&inputs.used);
    Ok(Intake { ledger, rejects, read, files, mapping, rates: weighed.rates, notes, labels })
}

/// Files that are so few stay open from when they are looked at until they are read.
const KEPT_OPEN: usize = 16;

/// The files of a request by what they hold.
struct Inputs {
    transfers: Vec<Chosen>,
    accounts: Vec<Chosen>,
    labels: Vec<Chosen>,
    /// The mappings of the transfers.
    used: Vec<usize>,
    /// Whether row numbers are the transfers' ids, since not every file has ids.
    numbered: bool,
}

impl Inputs {
    fn find(request: &Request, mappings: &Mappings, notes: &mut Vec<String>) -> Result<Self, IngestError> {
        let mut inputs =
            Self { transfers: Vec::new(), accounts: Vec::new(), labels: Vec::new(), used: Vec::new(), numbered: false };
        let accounts = request.accounts.as_deref();
        let labels = request.label_files.iter().map(PathBuf::as_path);
        let named = accounts.into_iter().chain(request.rates.as_deref()).chain(labels);
        let named: Vec<_> = named.map(find::real).collect();
        let files = find::files(&request.inputs)?;
        let keep = files.len() <= KEPT_OPEN;
        for found in files {
            if matches!(&found.place, super::source::Place::File(path) if named.contains(&find::real(path))) {
                continue;
            }
            match mappings.choose(found, keep)? {
                Ok(chosen) => match chosen.role {
                    Role::Transfers => inputs.transfers.push(chosen),
                    Role::Accounts if accounts.is_none() => inputs.accounts.push(chosen),
                    Role::Labels | Role::Patterns if request.labels => inputs.labels.push(chosen),
                    Role::Accounts | Role::Labels | Role::Patterns => {}
                },
                Err(note) => notes.push(note),
            }
        }
        if let Some(path) = accounts {
            inputs.accounts.push(mappings.choose_accounts(path)?);
        }
        for path in &request.label_files {
            inputs.labels.push(mappings.choose_labels(path)?);
        }
        if inputs.transfers.is_empty() {
            return Err(IngestError::NoTransfers {
                problem: format!("none of the files in {} holds transfers", request.inputs.join(", ")),
                help: "check the inputs, or describe their columns in a mapping file (--mapping)".to_owned(),
            });
        }
        inputs.used = inputs.transfers.iter().map(|chosen| chosen.mapping).collect();
        inputs.settle_ids(mappings, notes);
        Ok(inputs)
    }

    /// Ids count only where every file has them; else the ids of one file could be the row numbers of another.
    fn settle_ids(&mut self, mappings: &Mappings, notes: &mut Vec<String>) {
        let has_ids = |chosen: &Chosen| {
            let id = mappings.mapping(chosen.mapping).columns.tx_id.as_ref();
            id.is_some_and(|id| id.columns().all(|column| chosen.header.iter().any(|name| name == column)))
        };
        let with = self.transfers.iter().filter(|chosen| has_ids(chosen)).count();
        self.numbered = with < self.transfers.len();
        if with > 0 && self.numbered {
            notes.push("some files have no transfer ids, so row numbers are used for all of them".to_owned());
        }
    }
}

/// The further transfer columns that a request names and that rules may see.
fn extras(request: &Request) -> Vec<String> {
    let visible = |name: &str| schema::transfer(name).is_none_or(|column| column.visible);
    request.columns.iter().filter(|name| !CORE.contains(&name.as_str()) && visible(name)).cloned().collect()
}

fn add_all(
    transfers: &mut Transfers,
    chosen: &mut [Chosen],
    mappings: &Mappings,
    request: &Request,
    notes: &mut Vec<String>,
) -> Result<Vec<InputFile>, IngestError> {
    let mut files = Vec::new();
    let mut columns: BTreeSet<[String; 2]> = BTreeSet::new();
    for chosen in chosen {
        let table = chosen.open()?;
        let name = table.name.clone();
        let (read, said) = transfers.add(table, mappings.mapping(chosen.mapping))?;
        if mappings.file.is_some() && !said.missing.is_empty() {
            notes.push(format!("{name} lacks {}, which the mapping names", said.missing.join(", ")));
        }
        columns.insert(said.account_columns);
        files.push(InputFile::new(&name, "transfers", read));
    }
    if !request.identifiable {
        let names = |side: usize| {
            let names: BTreeSet<&str> = columns.iter().map(|names| names[side].as_str()).collect();
            names.into_iter().collect::<Vec<_>>().join(" or ")
        };
        let (senders, receivers) = (names(0), names(1));
        privacy::check(transfers.keys.keys(), [&senders, &receivers], |side| transfers.met(side))?;
    }
    Ok(files)
}

/// The rows set aside in file order, if they are few enough and not all.
fn rejected(transfers: &mut Transfers, limit: Option<RejectLimit>) -> Result<Rejects, IngestError> {
    let mut rows = std::mem::take(&mut transfers.rejects);
    rows.sort_by_key(|(file, reject)| (*file, reject.line));
    let rows: Vec<Reject> = rows.into_iter().map(|(_, reject)| reject).collect();
    let (rejected, read) = (rows.len() as u64, transfers.read);
    let limit = limit.unwrap_or(RejectLimit::Percent(1.0));
    let within = match limit {
        RejectLimit::Rows(most) => rejected <= most,
        #[expect(clippy::cast_precision_loss, reason = "a share of rows is given as a percentage")]
        RejectLimit::Percent(most) => rejected as f64 * 100.0 <= most * read as f64,
    };
    if !within {
        let allowed = match limit {
            RejectLimit::Rows(most) => format!("{most} rows"),
            RejectLimit::Percent(most) => format!("{most} %"),
        };
        return Err(IngestError::TooManyRejects { rejected, read, allowed, examples: examples(&rows) });
    }
    if transfers.accepted() == 0 {
        let files = transfers.files.join(", ");
        let (problem, help) = if read == 0 {
            (format!("{files}: there is a header and no row"), "give a file with rows")
        } else {
            (format!("{files}: none of {read} rows can be used\n{}", examples(&rows)), "mend the rows or the mapping")
        };
        return Err(IngestError::NoTransfers { problem, help: help.to_owned() });
    }
    Ok(Rejects { rows })
}

/// The five most frequent reasons, a line each, with the first row that each befell.
fn examples(rows: &[Reject]) -> String {
    let mut by_reason: BTreeMap<&str, (u64, &Reject)> = BTreeMap::new();
    for reject in rows {
        by_reason.entry(&reject.reason).or_insert((0, reject)).0 += 1;
    }
    let mut reasons: Vec<(u64, &Reject)> = by_reason.into_values().collect();
    reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let line = |(count, reject): &(u64, &Reject)| {
        let column = if reject.column.is_empty() { String::new() } else { format!(", column `{}`", reject.column) };
        let value: String = reject.value.chars().take(40).collect();
        format!("  {count} x {}, such as {}:{}{column}: `{value}`\n", reject.reason, reject.file, reject.line)
    };
    reasons.iter().take(5).map(line).collect()
}

fn transfers_notes(transfers: &Transfers) -> Vec<String> {
    let mut notes = Vec::new();
    if transfers.rounded > 0 {
        notes.push(format!(
            "{} amounts have finer decimals than their currency; each was rounded half to even, once",
            transfers.rounded
        ));
    }
    if transfers.odd_received > 0 {
        notes.push(format!(
            "{} transfers have an amount received that cannot be used; no rate is inferred from them",
            transfers.odd_received
        ));
    }
    notes
}

fn read_accounts(
    request: &Request,
    chosen: Vec<Chosen>,
    used: &[usize],
    mappings: &Mappings,
    transfers: &Transfers,
) -> Result<accounts::Accounts, IngestError> {
    let mut tables = Vec::new();
    for mut chosen in chosen {
        tables.push(AccountTable { table: chosen.open()?, mapping: mappings.mapping(chosen.mapping) });
    }
    let used: BTreeSet<usize> = used.iter().copied().collect();
    let specials: Vec<(String, String)> = used
        .into_iter()
        .flat_map(|number| &mappings.mapping(number).special)
        .map(|(key, kind)| (key.clone(), kind.clone()))
        .collect();
    accounts::read(tables, &transfers.keys, &request.account_columns, &specials)
}

/// Reads the files of labels. Those of attempts have the columns of the first file of transfers.
fn read_labels(
    chosen: Vec<Chosen>,
    transfers: &[Chosen],
    mappings: &Mappings,
    files: &mut Vec<InputFile>,
) -> Result<Beside, IngestError> {
    let mut beside = Beside::default();
    for mut chosen in chosen {
        files.push(match (chosen.role, transfers) {
            (Role::Patterns, [first, ..]) => {
                beside.by_content.add(&chosen.place, &first.header, mappings.mapping(first.mapping))?
            }
            _ => beside.add(chosen.open()?, mappings.mapping(chosen.mapping))?,
        });
    }
    Ok(beside)
}

/// The currencies that an accepted transfer is booked or paid out in; the transfers are numbered anew.
fn used_currencies(transfers: &mut Transfers) -> Vec<Currency> {
    let table = std::mem::take(&mut transfers.currency_table).into_table();
    let mut used = vec![false; table.len()];
    let columns = &mut transfers.collected;
    for &currency in columns.currencies.iter().chain(columns.received.iter().map(|received| &received.currency)) {
        used[usize::from(currency)] = true;
    }
    if used.iter().all(|used| *used) {
        return table;
    }
    let mut rank = vec![0u16; table.len()];
    for (next, (rank, _)) in (0u16..).zip(rank.iter_mut().zip(&used).filter(|(_, used)| **used)) {
        *rank = next;
    }
    let received = columns.received.iter_mut().map(|received| &mut received.currency);
    for currency in columns.currencies.iter_mut().chain(received) {
        *currency = rank[usize::from(*currency)];
    }
    table.into_iter().zip(used).filter(|(_, used)| *used).map(|(currency, _)| currency).collect()
}

fn draft(
    mut transfers: Transfers,
    currency_table: Vec<Currency>,
    base: Currency,
    base_amounts: Option<Vec<crate::columns::BaseAmount>>,
    account_columns: BTreeMap<String, crate::columns::Column>,
) -> Draft {
    let columns = transfers.take_columns();
    let collected = transfers.collected;
    Draft {
        tx_ids: collected.ids.into_ids(),
        resolution: moment::resolution(&collected.times),
        times: collected.times,
        senders: collected.senders,
        receivers: collected.receivers,
        keys: transfers.keys.into_keys(),
        amounts: collected.amounts,
        currencies: collected.currencies,
        currency_table,
        base_amounts,
        base,
        columns,
        sources: collected.sources,
        files: transfers.files,
        account_columns,
    }
}
