//! Collects the transfers of all files, column by column; a row that cannot be used is set aside with its reason.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::cell::{Fault, Row, Spot};
use super::currency::Currencies;
use super::duplicates;
use super::layout::Layout;
use super::mapping::Mapping;
use super::table::{self, Table};
use super::texts::Texts;
use super::{IngestError, Reject};
use crate::columns::{Column, Money, SourceRow, Time, TxIds, schema};

/// The transfers read so far.
pub(super) struct Transfers {
    pub(super) ids: Ids,
    pub(super) times: Vec<Time>,
    pub(super) senders: Vec<u32>,
    pub(super) receivers: Vec<u32>,
    pub(super) keys: Keys,
    pub(super) amounts: Vec<Money>,
    pub(super) currencies: Vec<u16>,
    pub(super) currency_table: Currencies,
    pub(super) received: Vec<Received>,
    pub(super) sources: Vec<SourceRow>,
    pub(super) files: Vec<String>,
    pub(super) rejects: Vec<(u32, Reject)>,
    /// Rows read, usable or not.
    pub(super) read: u64,
    /// Rows whose amount had finer decimals than its currency.
    pub(super) rounded: u64,
    /// Rows whose received amount cannot be used.
    pub(super) odd_received: u64,
    /// Label, typology and instance, if they were asked for.
    pub(super) labels: Option<[Texts; 3]>,
    extras: Vec<Extra>,
    lines: Vec<Lines>,
    numbered: bool,
}

/// What a transfer that converts pays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) row: u32,
    pub(super) amount: i64,
    pub(super) currency: u16,
}

struct Extra {
    name: String,
    seen: bool,
    texts: Texts,
}

/// Transfer ids in the making: numbers until the first that is none.
#[derive(Debug, Default)]
pub(super) struct Ids {
    numbers: Vec<u64>,
    texts: Option<Vec<String>>,
}

impl Ids {
    fn push(&mut self, id: &str) {
        match (&mut self.texts, number(id)) {
            (Some(texts), _) => texts.push(id.to_owned()),
            (None, Some(number)) => self.numbers.push(number),
            (None, None) => {
                let mut texts: Vec<String> = self.numbers.drain(..).map(|number| number.to_string()).collect();
                texts.push(id.to_owned());
                self.texts = Some(texts);
            }
        }
    }

    pub(super) fn into_ids(self) -> TxIds {
        self.texts.map_or(TxIds::Numbers(self.numbers), TxIds::Texts)
    }
}

/// A whole number that is written the one way it can be.
fn number(id: &str) -> Option<u64> {
    let plain = id == "0" || (!id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { id.parse().ok() } else { None }
}

/// Account keys, each once, in the order in which they were met, with the sides of a transfer they stood on.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) keys: Vec<String>,
    positions: FxHashMap<String, u32>,
}

impl Keys {
    fn position(&mut self, key: &str) -> u32 {
        if let Some(&position) = self.positions.get(key) {
            return position;
        }
        let position = u32::try_from(self.keys.len()).expect("rows are fewer than 2^31, and each names two accounts");
        self.keys.push(key.to_owned());
        self.positions.insert(key.to_owned(), position);
        position
    }

    pub(super) fn find(&self, key: &str) -> Option<u32> {
        self.positions.get(key).copied()
    }
}

/// Which line each record of a file stands on: a run begins where records and lines fall out of step. Records may run
/// ahead of lines, since several that end with a bare carriage return stand on one.
#[derive(Default)]
struct Lines {
    runs: Vec<(u64, i64)>,
}

impl Lines {
    fn note(&mut self, spot: Spot) {
        let offset = spot.line.cast_signed() - spot.record.cast_signed();
        if self.runs.last().is_none_or(|&(_, last)| last != offset) {
            self.runs.push((spot.record, offset));
        }
    }

    fn line(&self, record: u64) -> u64 {
        let run = self.runs.partition_point(|&(first, _)| first <= record);
        record.saturating_add_signed(run.checked_sub(1).map_or(0, |run| self.runs[run].1))
    }
}

/// More rows than this do not fit 32-bit numbers with both their accounts.
const MOST_ROWS: usize = (u32::MAX / 2) as usize;

/// Texts that are put together from several cells.
#[derive(Default)]
struct Scratch {
    sender: Vec<u8>,
    receiver: Vec<u8>,
    other: Vec<u8>,
}

impl Transfers {
    /// Nothing yet. `extras` are the further columns asked for; `numbered` says that row numbers are the ids.
    pub(super) fn new(extras: &[String], labels: bool, numbered: bool) -> Self {
        let extra = |name: &String| Extra { name: name.clone(), seen: false, texts: Texts::default() };
        Self {
            ids: Ids::default(),
            times: Vec::new(),
            senders: Vec::new(),
            receivers: Vec::new(),
            keys: Keys::default(),
            amounts: Vec::new(),
            currencies: Vec::new(),
            currency_table: Currencies::default(),
            received: Vec::new(),
            sources: Vec::new(),
            files: Vec::new(),
            rejects: Vec::new(),
            read: 0,
            rounded: 0,
            odd_received: 0,
            labels: labels.then(Default::default),
            extras: extras.iter().map(extra).collect(),
            lines: Vec::new(),
            numbered,
        }
    }

    /// Reads a file to its end. Returns what was read, and the columns that the mapping names and the file lacks.
    ///
    /// # Errors
    ///
    /// Where the header lacks a column that is needed, or the file cannot be read on.
    pub(super) fn add(&mut self, table: Table, mapping: &Mapping) -> Result<(table::Read, FileNotes), IngestError> {
        let names: Vec<String> = self.extras.iter().map(|extra| extra.name.clone()).collect();
        let layout = Layout::new(&table.name, &table.header, mapping, &names, self.labels.is_some())?;
        let name = table.name.clone();
        self.begin(&name, &layout);
        let file = u32::try_from(self.files.len() - 1).expect("fewer files than 2^32");
        let mut scratch = Scratch::default();
        let positions = layout.wanted.positions.clone();
        let read = table.read(&positions, &mut |spot, row| {
            self.read += 1;
            if self.times.len() >= MOST_ROWS {
                let problem = "more transfers than one ledger can hold (2147483647)";
                return Err(IngestError::malformed(&name, spot.line, problem, "run the ledger in parts"));
            }
            let taken = row.and_then(|row| self.take(file, spot, &row, &layout, &mut scratch));
            if let Err(fault) = taken {
                self.rejects.push((file, reject(&name, spot.line, fault)));
            }
            Ok(())
        })?;
        let columns = [layout.sender.names(&layout.wanted), layout.receiver.names(&layout.wanted)];
        Ok((read, FileNotes { missing: layout.missing, account_columns: columns }))
    }

    fn begin(&mut self, name: &str, layout: &Layout<'_>) {
        self.files.push(name.to_owned());
        self.lines.push(Lines::default());
        self.currency_table.next_file();
        for (extra, from) in self.extras.iter_mut().zip(&layout.extras) {
            extra.texts.next_file();
            extra.seen |= from.is_some();
        }
        self.labels.iter_mut().flatten().for_each(Texts::next_file);
    }

    /// Reads every cell of a row first and adds the row then, so that a row set aside leaves no trace.
    fn take(
        &mut self,
        file: u32,
        spot: Spot,
        row: &Row<'_>,
        layout: &Layout<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), Fault> {
        let wanted = &layout.wanted;
        let time = layout.time.read(wanted, row, &mut scratch.other)?;
        let currency = layout.currency.read(wanted, row, &mut scratch.other)?;
        let currency = self
            .currency_table
            .position(currency, layout.currency_values)
            .map_err(|reason| layout.currency.fault(wanted, row, reason))?;
        let amount = layout
            .amount
            .read(row, self.currency_table.digits(currency))
            .map_err(|why| layout.amount.fault(wanted, row, why))?;
        let mut sender = layout.sender.read(wanted, row, &mut scratch.sender)?;
        if sender.is_empty() {
            return Err(layout.sender.fault(wanted, row, "no sender"));
        }
        let mut receiver = layout.receiver.read(wanted, row, &mut scratch.receiver)?;
        if receiver.is_empty() {
            return Err(layout.receiver.fault(wanted, row, "no receiver"));
        }
        let reversed =
            |(slot, values): &(usize, &[String])| values.iter().any(|value| value.as_bytes() == row.cell(*slot));
        if layout.reverse.iter().any(reversed) {
            std::mem::swap(&mut sender, &mut receiver);
        }
        check_further(row, layout, &mut scratch.other)?;
        self.push_id(row, layout, &mut scratch.other)?;
        self.push_further(row, layout, &mut scratch.other);
        self.push_received(row, layout, currency, &mut scratch.other);
        self.times.push(time);
        self.senders.push(self.keys.position(sender));
        self.receivers.push(self.keys.position(receiver));
        self.amounts.push(Money(amount.units));
        self.rounded += u64::from(amount.rounded);
        self.currencies.push(currency);
        self.sources.push(SourceRow { file, record: spot.record });
        self.lines[file as usize].note(spot);
        Ok(())
    }

    fn push_id(&mut self, row: &Row<'_>, layout: &Layout<'_>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
        match &layout.tx_id {
            Some(from) if !self.numbered => {
                let id = from.read(&layout.wanted, row, scratch)?;
                if id.is_empty() {
                    return Err(from.fault(&layout.wanted, row, "no tx_id"));
                }
                self.ids.push(id);
            }
            _ => self.ids.numbers.push(self.read),
        }
        Ok(())
    }

    /// Adds the further columns and labels of a row that was checked.
    fn push_further(&mut self, row: &Row<'_>, layout: &Layout<'_>, scratch: &mut Vec<u8>) {
        let further = self.extras.iter_mut().map(|extra| &mut extra.texts).zip(&layout.extras);
        let labels = self.labels.iter_mut().flatten().zip(layout.labels.iter().flatten());
        for (texts, from) in further.chain(labels) {
            match from {
                Some((from, values)) => {
                    let text = from.read(&layout.wanted, row, scratch).expect("the cell was checked");
                    texts.push(text, *values);
                }
                None => texts.push("", None),
            }
        }
    }

    /// Notes what a converting transfer pays out; what cannot be read is counted, since only rates depend on it.
    fn push_received(&mut self, row: &Row<'_>, layout: &Layout<'_>, paid: u16, scratch: &mut Vec<u8>) {
        let Some((amount, currency, values)) = &layout.received else { return };
        if amount.is_empty(row) {
            return;
        }
        let Ok(name) = currency.read(&layout.wanted, row, scratch) else {
            self.odd_received += 1;
            return;
        };
        let position = if name.is_empty() { Ok(paid) } else { self.currency_table.position(name, *values) };
        let Ok(position) = position else {
            self.odd_received += 1;
            return;
        };
        match amount.read(row, self.currency_table.digits(position)) {
            Ok(minor) if position != paid => {
                let row = u32::try_from(self.times.len()).expect("the number of rows is bounded");
                self.received.push(Received { row, amount: minor.units, currency: position });
            }
            Ok(_) => {}
            Err(_) => self.odd_received += 1,
        }
    }

    /// Sets aside all but one of the transfers that share an id. The one that stays comes first by time, accounts,
    /// amount and the other columns, so that the order of rows does not matter.
    pub(super) fn drop_duplicates(&mut self) {
        if self.numbered {
            return;
        }
        let ids = std::mem::take(&mut self.ids).into_ids();
        let keep = duplicates::keep(&ids, |a, b| self.compare(a, b));
        if let Some(keep) = &keep {
            self.set_aside(&ids, keep);
            self.retain(keep);
        }
        self.ids = match ids {
            TxIds::Numbers(numbers) => Ids { numbers: retained(numbers, keep.as_deref()), texts: None },
            TxIds::Texts(texts) => Ids { numbers: Vec::new(), texts: Some(retained(texts, keep.as_deref())) },
        };
    }

    fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let key = |positions: &[u32], row: usize| self.keys.keys[positions[row] as usize].as_str();
        let further = self.extras.iter().map(|extra| &extra.texts).chain(self.labels.iter().flatten());
        (self.times[a], key(&self.senders, a), key(&self.receivers, a), self.amounts[a])
            .cmp(&(self.times[b], key(&self.senders, b), key(&self.receivers, b), self.amounts[b]))
            .then_with(|| {
                let code = |row: usize| self.currency_table.code(self.currencies[row]);
                code(a).cmp(code(b))
            })
            .then_with(|| {
                further
                    .map(|texts| texts.get(a).cmp(&texts.get(b)))
                    .find(|order| order.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            })
            .then(a.cmp(&b))
    }

    fn set_aside(&mut self, ids: &TxIds, keep: &[bool]) {
        for row in (0..keep.len()).filter(|&row| !keep[row]) {
            let source = self.sources[row];
            let line = self.lines[source.file as usize].line(source.record);
            let id = match ids {
                TxIds::Numbers(ids) => ids[row].to_string(),
                TxIds::Texts(ids) => ids[row].clone(),
            };
            let fault = Fault::new("tx_id", id.as_bytes(), "another transfer has the same tx_id");
            self.rejects.push((source.file, reject(&self.files[source.file as usize], line, fault)));
        }
    }

    /// Keeps the marked rows, and the accounts and received amounts that still belong to one.
    fn retain(&mut self, keep: &[bool]) {
        let kept_before: Vec<u32> = keep
            .iter()
            .scan(0u32, |kept, &keep| {
                let before = *kept;
                *kept += u32::from(keep);
                Some(before)
            })
            .collect();
        self.received.retain(|received| keep[received.row as usize]);
        for received in &mut self.received {
            received.row = kept_before[received.row as usize];
        }
        self.times = retained(std::mem::take(&mut self.times), Some(keep));
        self.senders = retained(std::mem::take(&mut self.senders), Some(keep));
        self.receivers = retained(std::mem::take(&mut self.receivers), Some(keep));
        self.amounts = retained(std::mem::take(&mut self.amounts), Some(keep));
        self.currencies = retained(std::mem::take(&mut self.currencies), Some(keep));
        self.sources = retained(std::mem::take(&mut self.sources), Some(keep));
        let further = self.extras.iter_mut().map(|extra| &mut extra.texts).chain(self.labels.iter_mut().flatten());
        further.for_each(|texts| texts.retain(keep));
        self.forget_unused_accounts();
    }

    fn forget_unused_accounts(&mut self) {
        let mut keys = Keys::default();
        for side in [&mut self.senders, &mut self.receivers] {
            for position in side {
                *position = keys.position(&self.keys.keys[*position as usize]);
            }
        }
        self.keys = keys;
    }

    /// The further columns that at least one file has.
    pub(super) fn take_columns(&mut self) -> BTreeMap<String, Column> {
        let seen = std::mem::take(&mut self.extras).into_iter().filter(|extra| extra.seen);
        seen.map(|extra| {
            let kind = schema::transfer(&extra.name).map(|column| column.kind);
            (extra.name, extra.texts.into_column(kind))
        })
        .collect()
    }
}

/// What one file leaves to be said.
pub(super) struct FileNotes {
    /// Columns that the mapping names and the file lacks.
    pub(super) missing: Vec<String>,
    /// The source columns of the sender and of the receiver.
    pub(super) account_columns: [String; 2],
}

/// Fails where a further column or a label of the row cannot be read.
fn check_further(row: &Row<'_>, layout: &Layout<'_>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
    let labels = layout.labels.iter().flatten();
    for (from, _) in layout.extras.iter().chain(labels).flatten() {
        from.read(&layout.wanted, row, scratch)?;
    }
    Ok(())
}

fn retained<T>(values: Vec<T>, keep: Option<&[bool]>) -> Vec<T> {
    match keep {
        None => values,
        Some(keep) => values.into_iter().zip(keep).filter(|(_, keep)| **keep).map(|(value, _)| value).collect(),
    }
}

fn reject(file: &str, line: u64, fault: Fault) -> Reject {
    Reject { file: file.to_owned(), line, column: fault.column, value: fault.value, reason: fault.reason.to_owned() }
}
