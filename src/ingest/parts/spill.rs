//! Takes collected transfers away while files are read, writes them as sorted runs, and counts what must be known of all.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::super::IngestError;
use super::super::collected::{Collected, Ids};
use super::super::moment;
use super::super::rates::Converted;
use super::run::{Raw, Run, Wanted};
use super::{Portion, Spilled};
use crate::columns::{SourceRow, Span, Time, TxIds};

/// Ids that are looked at in one go for two that are alike.
const BUCKET: usize = 1 << 25;

/// Rows of a group of a run, at most.
const GROUP: usize = 1 << 16;

/// What has been written away so far.
#[derive(Debug)]
pub(in crate::ingest) struct Spill {
    folder: PathBuf,
    portion: Portion,
    runs: Vec<Run>,
    len: usize,
    /// Transfers by account: sent, received.
    pub(in crate::ingest) sides: [Vec<u32>; 2],
    pub(in crate::ingest) currencies: Vec<usize>,
    /// Transfers by code of each further column.
    pub(in crate::ingest) codes: Vec<Vec<u32>>,
    pub(in crate::ingest) converted: Vec<(SourceRow, Converted)>,
    pub(in crate::ingest) resolution: Option<Span>,
    /// Whether some id is no number.
    pub(in crate::ingest) texts: bool,
    /// The last id, as long as each is greater than the one before.
    ascending: Option<u64>,
}

/// Adds to the count at a position.
fn tally<T: Copy + Default + std::ops::AddAssign>(counts: &mut Vec<T>, position: usize, one: T) {
    if position >= counts.len() {
        counts.resize(position + 1, T::default());
    }
    counts[position] += one;
}

impl Spill {
    /// Nothing yet; runs are written to a folder.
    pub(in crate::ingest) fn to(folder: &Path, portion: Portion) -> Self {
        Self {
            folder: folder.to_owned(),
            portion,
            runs: Vec::new(),
            len: 0,
            sides: [Vec::new(), Vec::new()],
            currencies: Vec::new(),
            codes: Vec::new(),
            converted: Vec::new(),
            resolution: None,
            texts: false,
            ascending: Some(0),
        }
    }

    /// How many rows are collected before they are to be written away.
    pub(in crate::ingest) fn most_collected(&self) -> usize {
        self.portion.collected
    }

    /// Whether so many collected rows are to be written away.
    pub(in crate::ingest) fn is_due(&self, rows: usize) -> bool {
        rows >= self.portion.collected
    }

    /// How many rows were written away and not set aside.
    pub(in crate::ingest) fn len(&self) -> usize {
        self.len
    }

    /// Whether anything was written away.
    pub(in crate::ingest) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Writes rows away.
    pub(in crate::ingest) fn add(&mut self, mut columns: Collected) -> Result<(), IngestError> {
        if columns.is_empty() {
            return Ok(());
        }
        for (counts, positions) in self.sides.iter_mut().zip([&columns.senders, &columns.receivers]) {
            for &position in positions {
                tally(counts, position as usize, 1);
            }
        }
        columns.currencies.iter().for_each(|&currency| tally(&mut self.currencies, currency.into(), 1));
        self.codes.resize(columns.further.len(), Vec::new());
        for (counts, codes) in self.codes.iter_mut().zip(&columns.further) {
            codes.iter().filter(|code| **code != u32::MAX).for_each(|&code| tally(counts, code as usize, 1));
        }
        for received in &columns.received {
            let row = received.row as usize;
            let (paid, sent) = (columns.currencies[row], columns.amounts[row].0);
            let converted = Converted { paid, sent, currency: received.currency, got: received.amount };
            self.converted.push((columns.sources.get(row), converted));
        }
        let step = moment::resolution(&columns.times);
        self.resolution = Some(self.resolution.map_or(step, |known| known.min(step)));
        let ids = columns.ids.into_ids();
        self.watch(&ids);
        columns.ids = Ids::from_ids(ids);
        self.len += columns.times.len();
        let path = self.folder.join(format!("run-{}.parquet", self.runs.len()));
        self.runs.push(Run::write(&path, columns, GROUP.min(self.portion.page).max(1))?);
        Ok(())
    }

    fn watch(&mut self, ids: &TxIds) {
        let TxIds::Numbers(ids) = ids else {
            (self.texts, self.ascending) = (true, None);
            return;
        };
        let (first, last) = (ids.get(0), ids.get(ids.len() - 1));
        let follows = self.ascending.is_some_and(|before| before < first || self.len == 0);
        self.ascending = (ids.is_rising() && follows).then_some(last);
    }

    /// The rows whose ids may stand twice, in the order of the files, each with its run and its place there.
    pub(in crate::ingest) fn alike(&self) -> Result<(Collected, Vec<(usize, u32)>), IngestError> {
        let mut rows: Vec<(SourceRow, usize, usize)> = Vec::new();
        let mut parts: Vec<Raw> = Vec::new();
        let repeated = if self.ascending.is_some() { FxHashSet::default() } else { self.repeated()? };
        for (number, run) in self.runs.iter().enumerate() {
            let mut places = Vec::new();
            if !repeated.is_empty() {
                run.ids(|place, id| places.extend(repeated.contains(&id).then_some(place)))?;
            }
            let part =
                if places.is_empty() { Raw::default() } else { run.read(Time(i64::MIN), None, Wanted::Sourced)? };
            let part = part.only(&places);
            rows.extend((0..part.places.len()).map(|row| (part.sources[row], number, row)));
            parts.push(part);
        }
        rows.sort_unstable_by_key(|(source, ..)| (source.file, source.record));
        let mut columns = Collected::new(self.codes.len());
        for &(_, run, row) in &rows {
            parts[run].copy(row, &mut columns);
        }
        let places = rows.into_iter().map(|(_, run, row)| (run, parts[run].places[row])).collect();
        Ok((columns, places))
    }

    /// Numbers of ids that stand twice, and perhaps of some others.
    fn repeated(&self) -> Result<FxHashSet<u64>, IngestError> {
        let buckets = self.len as u64 / BUCKET as u64 + 1;
        let mut repeated = FxHashSet::default();
        for bucket in 0..buckets {
            let mut ids = Vec::new();
            for run in &self.runs {
                run.ids(|_, id| ids.extend((id % buckets == bucket).then_some(id)))?;
            }
            ids.sort_unstable();
            repeated.extend(ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]));
        }
        Ok(repeated)
    }

    /// Sets rows aside that [`Spill::alike`] gave.
    pub(in crate::ingest) fn drop(&mut self, columns: &Collected, places: &[(usize, u32)], keep: &[bool]) {
        for row in (0..keep.len()).filter(|&row| !keep[row]) {
            let (run, place) = places[row];
            self.runs[run].dropped.push(place);
            self.len -= 1;
            self.sides[0][columns.senders[row] as usize] -= 1;
            self.sides[1][columns.receivers[row] as usize] -= 1;
            self.currencies[usize::from(columns.currencies[row])] -= 1;
            for (counts, codes) in self.codes.iter_mut().zip(&columns.further) {
                if codes[row] != u32::MAX {
                    counts[codes[row] as usize] -= 1;
                }
            }
            let source = columns.sources.get(row);
            self.converted.retain(|(other, _)| *other != source);
        }
        self.runs.iter_mut().for_each(|run| run.dropped.sort_unstable());
    }

    /// The runs, with what their numbers mean.
    pub(in crate::ingest) fn settle(self, meaning: super::Meaning) -> Spilled {
        Spilled::new(self.runs, meaning, self.len)
    }
}
