//! Collects the transfers of all files, column by column; a row that cannot be used is set aside with its reason.

use std::collections::BTreeMap;

use super::cell::{Fault, Row, Spot};
use super::chunk::Chunk;
use super::collected::{Collected, Ids, Received};
use super::currency::Currencies;
use super::dictionary::Dictionary;
use super::duplicates;
use super::gathered;
use super::layout::Layout;
use super::mapping::Mapping;
use super::parts::Spill;
use super::table::{self, Table};
use super::texts::Words;
use super::{IngestError, Reject};
use crate::columns::{Column, Money, SourceRow, Sources, TxIds, schema};

/// The transfers read so far: their columns, and the dictionaries that say what these mean.
pub(super) struct Transfers {
    /// The columns. They can be taken away while files are read; the dictionaries stay.
    pub(super) collected: Collected,
    pub(super) keys: Dictionary,
    pub(super) currency_table: Currencies,
    /// Takes the columns away when they are many, where the ledger may be larger than memory.
    pub(super) spill: Option<Spill>,
    pub(super) files: Vec<String>,
    pub(super) rejects: Vec<(u32, Reject)>,
    /// Rows read, usable or not.
    pub(super) read: u64,
    /// Rows whose amount had finer decimals than its currency.
    pub(super) rounded: u64,
    /// Rows whose received amount cannot be used.
    pub(super) odd_received: u64,
    /// What the codes of each further column mean, then of label, typology and instance, if they were asked for.
    pub(super) further: Vec<Further>,
    /// Whether labels were asked for.
    labels: bool,
    lines: Vec<Lines>,
    pub(super) numbered: bool,
}

pub(super) struct Further {
    name: String,
    seen: bool,
    pub(super) words: Words,
}

/// The labels that the transfers' own columns hold.
pub(super) struct OwnLabels {
    words: [Words; 3],
    codes: [Vec<u32>; 3],
    sources: Sources,
}

impl OwnLabels {
    /// Where each transfer stood; its label, typology and instance. The label is none where no transfer has one.
    pub(super) fn rows(&self) -> impl Iterator<Item = (SourceRow, [Option<&str>; 3])> {
        let blank = self.words[0].is_blank();
        self.sources.iter().enumerate().map(move |(row, source)| {
            let text = |column: usize| self.words[column].get(self.codes[column][row]);
            let label = if blank { None } else { Some(text(0).unwrap_or_default()) };
            (source, [label, text(1), text(2)])
        })
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
pub(super) const MOST_ROWS: usize = (u32::MAX / 2) as usize;

/// Texts that are put together from several cells.
#[derive(Default)]
pub(super) struct Scratch {
    sender: Vec<u8>,
    receiver: Vec<u8>,
    other: Vec<u8>,
}

impl Transfers {
    /// Nothing yet. `extras` are the further columns asked for; `numbered` says that row numbers are the ids.
    pub(super) fn new(extras: &[String], labels: bool, numbered: bool) -> Self {
        let named = |name: &str| Further { name: name.to_owned(), seen: false, words: Words::default() };
        let labelled = if labels { ["label", "label_typology", "label_instance"].as_slice() } else { &[] };
        let further: Vec<Further> =
            extras.iter().map(String::as_str).chain(labelled.iter().copied()).map(named).collect();
        Self {
            collected: Collected::new(further.len()),
            keys: Dictionary::default(),
            currency_table: Currencies::default(),
            spill: None,
            files: Vec::new(),
            rejects: Vec::new(),
            read: 0,
            rounded: 0,
            odd_received: 0,
            further,
            labels,
            lines: Vec::new(),
            numbered,
        }
    }

    /// The names of the further columns.
    fn extras(&self) -> &[Further] {
        &self.further[..self.further.len() - if self.labels { 3 } else { 0 }]
    }

    /// Reads a file to its end. Returns what was read, and the columns that the mapping names and the file lacks.
    ///
    /// # Errors
    ///
    /// Where the header lacks a column that is needed, or the file cannot be read on.
    pub(super) fn add(&mut self, table: Table, mapping: &Mapping) -> Result<(table::Read, FileNotes), IngestError> {
        let names: Vec<String> = self.extras().iter().map(|extra| extra.name.clone()).collect();
        let layout = Layout::new(&table.name, &table.header, mapping, &names, self.labels)?;
        let name = table.name.clone();
        self.begin(&name, &layout);
        let file = u32::try_from(self.files.len() - 1).expect("fewer files than 2^32");
        let mut scratch = Scratch::default();
        let positions = layout.wanted.positions.clone();
        let plain = gathered::is_plain(&layout);
        let most = self.spill.as_ref().map_or(MOST_ROWS, Spill::most_collected);
        self.collected.make_room(table.rows_said().unwrap_or(0).min(most));
        let read = table.read_many(&positions, &mut |chunk| {
            match chunk {
                Chunk::Batch(..) | Chunk::Block(_) if plain => self.take_chunk(file, &chunk, &layout, &mut scratch)?,
                _ => chunk.each(&name, &mut |spot, row| self.visit(file, spot, row, &layout, &mut scratch))?,
            }
            self.spill_if_due()
        })?;
        let columns = [layout.sender.names(&layout.wanted), layout.receiver.names(&layout.wanted)];
        Ok((read, FileNotes { missing: layout.missing, account_columns: columns }))
    }

    /// Writes the collected columns away if they are many.
    fn spill_if_due(&mut self) -> Result<(), IngestError> {
        match &mut self.spill {
            Some(spill) if spill.is_due(self.collected.len()) => spill.add(self.collected.take()),
            _ => Ok(()),
        }
    }

    /// How many transfers there are, in memory or written away.
    pub(super) fn accepted(&self) -> usize {
        self.collected.len() + self.spill.as_ref().map_or(0, Spill::len)
    }

    /// Marks the keys that stand on a side: senders 0, receivers 1.
    pub(super) fn met(&self, side: usize) -> Vec<bool> {
        let mut met = vec![false; self.keys.keys().len()];
        let written = self.spill.as_ref().map_or(&[][..], |spill| &spill.sides[side]);
        met.iter_mut().zip(written).for_each(|(met, count)| *met = *count > 0);
        let collected = [&self.collected.senders, &self.collected.receivers][side];
        for &position in collected {
            met[position as usize] = true;
        }
        met
    }

    /// Sets duplicates aside among the transfers that were written away; what is collected is written away before.
    pub(super) fn drop_spilled_duplicates(&mut self) -> Result<(), IngestError> {
        let Some(mut spill) = self.spill.take() else { return Ok(()) };
        spill.add(self.collected.take())?;
        if !self.numbered {
            let (alike, places) = spill.alike()?;
            self.collected = alike;
            if let Some(keep) = self.set_duplicates_aside() {
                spill.drop(&self.collected, &places, &keep);
            }
            self.collected.take();
        }
        self.spill = Some(spill);
        Ok(())
    }

    fn begin(&mut self, name: &str, layout: &Layout<'_>) {
        self.files.push(name.to_owned());
        self.lines.push(Lines::default());
        self.currency_table.next_file();
        for (further, from) in self.further.iter_mut().zip(layout.further()) {
            further.words.next_file();
            further.seen |= from.is_some();
        }
    }

    /// Takes a record, or sets it aside.
    ///
    /// # Errors
    ///
    /// Where the ledger is full.
    pub(super) fn visit(
        &mut self,
        file: u32,
        spot: Spot,
        row: Result<Row<'_>, Fault>,
        layout: &Layout<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), IngestError> {
        self.read += 1;
        let name = &self.files[file as usize];
        if self.accepted() >= MOST_ROWS {
            let problem = "more transfers than one ledger can hold (2147483647)";
            return Err(IngestError::malformed(name, spot.line, problem, "run the ledger in parts"));
        }
        if let Err(fault) = row.and_then(|row| self.take(file, spot, &row, layout, scratch)) {
            let reject = reject(&self.files[file as usize], spot.line, fault);
            self.rejects.push((file, reject));
        }
        Ok(())
    }

    /// Notes on which line a record stands.
    pub(super) fn note(&mut self, file: u32, spot: Spot) {
        self.lines[file as usize].note(spot);
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
        let columns = &mut self.collected;
        columns.times.push(time);
        columns.senders.push(self.keys.position(sender));
        columns.receivers.push(self.keys.position(receiver));
        columns.amounts.push(Money(amount.units));
        self.rounded += u64::from(amount.rounded);
        columns.currencies.push(currency);
        columns.sources.push(SourceRow { file, record: spot.record });
        self.note(file, spot);
        Ok(())
    }

    fn push_id(&mut self, row: &Row<'_>, layout: &Layout<'_>, scratch: &mut Vec<u8>) -> Result<(), Fault> {
        match &layout.tx_id {
            Some(from) if !self.numbered => {
                let id = from.read(&layout.wanted, row, scratch)?;
                if id.is_empty() {
                    return Err(from.fault(&layout.wanted, row, "no tx_id"));
                }
                self.collected.ids.push(id);
            }
            _ => self.collected.ids.extend(std::iter::once(self.read)),
        }
        Ok(())
    }

    /// Adds the further columns and labels of a row that was checked.
    fn push_further(&mut self, row: &Row<'_>, layout: &Layout<'_>, scratch: &mut Vec<u8>) {
        let columns = self.further.iter_mut().zip(&mut self.collected.further);
        for ((further, codes), from) in columns.zip(layout.further()) {
            codes.push(match from {
                Some((from, values)) => {
                    let text = from.read(&layout.wanted, row, scratch).expect("the cell was checked");
                    further.words.code(text, *values)
                }
                None => further.words.code("", None),
            });
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
                let row = u32::try_from(self.collected.len()).expect("the number of rows is bounded");
                self.collected.received.push(Received { row, amount: minor.units, currency: position });
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
        if let Some(keep) = self.set_duplicates_aside() {
            self.collected.retain(&keep);
            self.forget_unused_accounts();
            self.collected.ids.retain(&keep);
        }
    }

    /// Sets aside all but one of the transfers that share an id, and marks those that stay; nothing where all ids differ.
    fn set_duplicates_aside(&mut self) -> Option<Vec<bool>> {
        let ids = std::mem::take(&mut self.collected.ids).into_ids();
        let keep = duplicates::keep(&ids, |a, b| self.compare(a, b));
        if let Some(keep) = &keep {
            self.set_aside(&ids, keep);
        }
        self.collected.ids = Ids::from_ids(ids);
        keep
    }

    fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let columns = &self.collected;
        let key = |positions: &[u32], row: usize| &self.keys.keys()[positions[row] as usize];
        let further = self.further.iter().zip(&columns.further);
        let key = |row: usize| {
            (columns.times[row], key(&columns.senders, row), key(&columns.receivers, row), columns.amounts[row])
        };
        let code = |row: usize| self.currency_table.code(columns.currencies[row]);
        key(a)
            .cmp(&key(b))
            .then_with(|| code(a).cmp(code(b)))
            .then_with(|| {
                further
                    .map(|(further, codes)| further.words.get(codes[a]).cmp(&further.words.get(codes[b])))
                    .find(|order| order.is_ne())
                    .unwrap_or(std::cmp::Ordering::Equal)
            })
            .then(a.cmp(&b))
    }

    fn set_aside(&mut self, ids: &TxIds, keep: &[bool]) {
        for row in (0..keep.len()).filter(|&row| !keep[row]) {
            let source = self.collected.sources.get(row);
            let line = self.lines[source.file as usize].line(source.record);
            let fault = Fault::new("tx_id", ids.text(row).as_bytes(), "another transfer has the same tx_id");
            self.rejects.push((source.file, reject(&self.files[source.file as usize], line, fault)));
        }
    }

    fn forget_unused_accounts(&mut self) {
        let mut keys = Dictionary::default();
        for position in self.collected.senders.iter_mut().chain(&mut self.collected.receivers) {
            *position = keys.position(&self.keys.keys()[*position as usize]);
        }
        self.keys = keys;
    }

    /// The labels that the transfers' own columns hold, if they were asked for.
    pub(super) fn take_labels(&mut self) -> Option<OwnLabels> {
        let first = self.extras().len();
        let mut words = self.further.drain(first..).map(|further| further.words);
        let mut codes = self.collected.further.drain(first..);
        std::mem::take(&mut self.labels).then(|| OwnLabels {
            words: std::array::from_fn(|_| words.next().expect("labels are three columns")),
            codes: std::array::from_fn(|_| codes.next().expect("labels are three columns")),
            sources: self.collected.sources.clone(),
        })
    }

    /// What each code means that some transfer has, for each further column: the place of each code among the values, and
    /// the values. `counts` are transfers by code. Nothing for a column that no file has.
    pub(super) fn take_meanings(&mut self, counts: &[Vec<u32>]) -> Vec<Option<(String, Vec<u32>, Column)>> {
        let meaning = |(further, counts): (Further, &Vec<u32>)| {
            let used: Vec<u32> = (0u32..).zip(counts).filter(|(_, count)| **count > 0).map(|(code, _)| code).collect();
            let mut places = vec![u32::MAX; counts.len()];
            for (place, &code) in (0u32..).zip(&used) {
                places[code as usize] = place;
            }
            let kind = schema::transfer(&further.name).map(|column| column.kind);
            let column = (further.seen).then(|| further.words.into_column(used, kind))?;
            Some((further.name, places, column))
        };
        std::mem::take(&mut self.further).into_iter().zip(counts).map(meaning).collect()
    }

    /// The further columns that at least one file has, without those of labels.
    pub(super) fn take_columns(&mut self) -> BTreeMap<String, Column> {
        let columns = std::mem::take(&mut self.further).into_iter().zip(std::mem::take(&mut self.collected.further));
        let seen = columns.filter(|(further, _)| further.seen);
        seen.map(|(further, codes)| {
            let kind = schema::transfer(&further.name).map(|column| column.kind);
            (further.name, further.words.into_column(codes, kind))
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
    for (from, _) in layout.further().flatten() {
        from.read(&layout.wanted, row, scratch)?;
    }
    Ok(())
}

fn reject(file: &str, line: u64, fault: Fault) -> Reject {
    Reject { file: file.to_owned(), line, column: fault.column, value: fault.value, reason: fault.reason.to_owned() }
}
