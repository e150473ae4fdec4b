//! A run of transfers in (time, transfer id) order, as a Parquet file: accounts, currencies and texts are the numbers that
//! they had when they were read.

use std::fs::File;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, UInt16Type, UInt32Type, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use rustc_hash::FxHasher;

use super::super::IngestError;
use super::super::collected::Collected;
use crate::columns::{Money, SourceRow, Time, TxIds};

/// One file.
#[derive(Debug)]
pub(super) struct Run {
    path: PathBuf,
    pub(super) rows: usize,
    /// Rows of a group.
    group: usize,
    /// Time of the first row of each group.
    pub(super) firsts: Vec<Time>,
    /// Time of the last row.
    last: Time,
    /// Rows that are set aside, in order.
    pub(super) dropped: Vec<u32>,
}

/// Rows as a file holds them.
#[derive(Debug, Default)]
pub(super) struct Raw {
    /// Their positions in the run.
    pub(super) places: Vec<u32>,
    pub(super) numbers: Vec<u64>,
    pub(super) texts: Vec<String>,
    pub(super) times: Vec<Time>,
    pub(super) senders: Vec<u32>,
    pub(super) receivers: Vec<u32>,
    pub(super) amounts: Vec<Money>,
    pub(super) currencies: Vec<u16>,
    pub(super) sources: Vec<SourceRow>,
    pub(super) further: Vec<Vec<u32>>,
}

/// What is asked of rows beside their ids, who paid whom, when and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'w> {
    /// These of the further columns, which are in order.
    Further(&'w [usize]),
    /// All further columns, and where they stood.
    Sourced,
}

/// Columns of a file that come before the further ones.
const FIXED: usize = 8;

impl Run {
    /// Writes columns to a new file, sorted.
    pub(super) fn write(path: &Path, columns: Collected, group: usize) -> Result<Self, IngestError> {
        let ids = columns.ids.into_ids();
        let mut order: Vec<u32> = (0..u32::try_from(columns.times.len()).expect("rows have 32 bits")).collect();
        ids.sort(&columns.times, &mut order);
        let (times, sources) = (&columns.times, &columns.sources);
        let last = order.last().map_or(Time(i64::MIN), |&row| times[row as usize]);
        let (firsts, dropped) = (Vec::new(), Vec::new());
        let mut run = Self { path: path.to_owned(), rows: order.len(), group, firsts, last, dropped };
        let mut writer = None;
        for part in order.chunks(group) {
            run.firsts.push(times[part[0] as usize]);
            let rows = || part.iter().map(|&row| row as usize);
            let numbers =
                |values: &[u32]| -> ArrayRef { Arc::new(UInt32Array::from_iter_values(rows().map(|row| values[row]))) };
            let id: ArrayRef = match &ids {
                TxIds::Numbers(ids) => Arc::new(UInt64Array::from_iter_values(rows().map(|row| ids.get(row)))),
                TxIds::Texts(ids) => Arc::new(StringArray::from_iter_values(rows().map(|row| &ids[row]))),
            };
            let mut arrays: Vec<ArrayRef> = vec![
                id,
                Arc::new(Int64Array::from_iter_values(rows().map(|row| times[row].0))),
                numbers(&columns.senders),
                numbers(&columns.receivers),
                Arc::new(Int64Array::from_iter_values(rows().map(|row| columns.amounts[row].0))),
                Arc::new(UInt16Array::from_iter_values(rows().map(|row| columns.currencies[row]))),
                Arc::new(UInt32Array::from_iter_values(rows().map(|row| sources.get(row).file))),
                Arc::new(UInt64Array::from_iter_values(rows().map(|row| sources.get(row).record))),
            ];
            arrays.extend(columns.further.iter().map(|codes| numbers(codes)));
            run.add(arrays, &mut writer).map_err(|error| run.failed(&error))?;
        }
        if let Some(writer) = writer {
            writer.close().map_err(|error| run.failed(&error))?;
        }
        Ok(run)
    }

    fn add(
        &self,
        arrays: Vec<ArrayRef>,
        writer: &mut Option<ArrowWriter<File>>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let named =
            |(place, array): (usize, &ArrayRef)| Field::new(format!("c{place}"), array.data_type().clone(), false);
        let schema = Arc::new(Schema::new(arrays.iter().enumerate().map(named).collect::<Vec<_>>()));
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        if writer.is_none() {
            let properties =
                WriterProperties::builder().set_compression(Compression::SNAPPY).set_dictionary_enabled(false).build();
            *writer = Some(ArrowWriter::try_new(File::create(&self.path)?, schema, Some(properties))?);
        }
        let writer = writer.as_mut().expect("it is there now");
        writer.write(&batch)?;
        writer.flush()?; // a batch is a group
        Ok(())
    }

    /// The rows from a time on and up to one, which both belong to it, without those set aside.
    pub(super) fn read(&self, from: Time, to: Option<Time>, wanted: Wanted<'_>) -> Result<Raw, IngestError> {
        let mut raw = Raw::default();
        let begin = self.firsts.partition_point(|&first| first < from).saturating_sub(1);
        let end = to.map_or(self.firsts.len(), |to| self.firsts.partition_point(|&first| first <= to));
        if begin >= end || self.last < from {
            return Ok(raw);
        }
        let columns = |columns: usize| match wanted {
            Wanted::Further(further) => (0..FIXED - 2).chain(further.iter().map(|place| FIXED + place)).collect(),
            Wanted::Sourced => (0..columns).collect::<Vec<_>>(),
        };
        self.groups(begin..end, columns, |first, batch| {
            let times = batch.column(1).as_primitive::<Int64Type>().values();
            let low = times.partition_point(|&time| time < from.0);
            let high = to.map_or(times.len(), |to| times.partition_point(|&time| time <= to.0));
            if low < high {
                raw.add(first + low, &batch.slice(low, high - low), wanted == Wanted::Sourced, &self.dropped);
            }
        })?;
        Ok(raw)
    }

    /// How many rows lie before a time, without those set aside.
    pub(super) fn before(&self, time: Time) -> Result<usize, IngestError> {
        if self.last < time {
            return Ok(self.rows - self.dropped.len());
        }
        let group = self.firsts.partition_point(|&first| first < time);
        let Some(last) = group.checked_sub(1) else { return Ok(0) };
        let mut rows = last * self.group;
        self.groups(
            last..group,
            |_| vec![0, 1],
            |_, batch| {
                let times = batch.column(1).as_primitive::<Int64Type>().values();
                rows += times.partition_point(|&other| other < time.0);
            },
        )?;
        Ok(rows - self.dropped.partition_point(|&row| (row as usize) < rows))
    }

    /// Each id as a number, with its row: itself where it is one, else the hash of its text.
    pub(super) fn ids(&self, mut visit: impl FnMut(u32, u64)) -> Result<(), IngestError> {
        self.groups(
            0..self.firsts.len(),
            |_| vec![0],
            |first, batch| {
                let column = batch.column(0);
                for row in 0..batch.num_rows() {
                    let place = u32::try_from(first + row).expect("rows have 32 bits");
                    visit(place, hash_of(column, row));
                }
            },
        )
    }

    /// Visits groups, each with the position of its first row; `wanted` of so many columns are read.
    fn groups(
        &self,
        groups: std::ops::Range<usize>,
        wanted: impl Fn(usize) -> Vec<usize>,
        mut visit: impl FnMut(usize, &RecordBatch),
    ) -> Result<(), IngestError> {
        let mut first = groups.start * self.group;
        let mut each = || -> Result<(), Box<dyn std::error::Error>> {
            let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&self.path)?)?;
            let wanted = wanted(builder.schema().fields().len());
            let mask = ProjectionMask::roots(builder.parquet_schema(), wanted);
            let reader = builder.with_row_groups(groups.clone().collect()).with_projection(mask);
            for batch in reader.with_batch_size(self.group).build()? {
                let batch = batch?;
                visit(first, &batch);
                first += batch.num_rows();
            }
            Ok(())
        };
        each().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> IngestError {
        IngestError::malformed(
            &self.path.display().to_string(),
            0,
            error.to_string(),
            "run again; the disk may be full",
        )
    }
}

/// An id as a number that differs for most ids.
fn hash_of(column: &ArrayRef, row: usize) -> u64 {
    let mut hasher = FxHasher::default();
    if column.data_type() == &DataType::UInt64 {
        hasher.write(column.as_primitive::<UInt64Type>().value(row).to_string().as_bytes());
    } else {
        hasher.write(column.as_string::<i32>().value(row).as_bytes());
    }
    hasher.finish()
}

impl Raw {
    fn add(&mut self, first: usize, batch: &RecordBatch, sourced: bool, dropped: &[u32]) {
        let place = |row: usize| u32::try_from(first + row).expect("rows have 32 bits");
        let keep: Vec<usize> =
            (0..batch.num_rows()).filter(|&row| dropped.binary_search(&place(row)).is_err()).collect();
        let rows = || keep.iter().copied();
        self.places.extend(rows().map(place));
        let ids = batch.column(0);
        if ids.data_type() == &DataType::UInt64 {
            let ids = ids.as_primitive::<UInt64Type>().values();
            self.numbers.extend(rows().map(|row| ids[row]));
        } else {
            let ids = ids.as_string::<i32>();
            self.texts.extend(rows().map(|row| ids.value(row).to_owned()));
        }
        let times = batch.column(1).as_primitive::<Int64Type>().values();
        self.times.extend(rows().map(|row| Time(times[row])));
        let numbers = |column: usize, into: &mut Vec<u32>| {
            let values = batch.column(column).as_primitive::<UInt32Type>().values();
            into.extend(rows().map(|row| values[row]));
        };
        numbers(2, &mut self.senders);
        numbers(3, &mut self.receivers);
        let amounts = batch.column(4).as_primitive::<Int64Type>().values();
        self.amounts.extend(rows().map(|row| Money(amounts[row])));
        let currencies = batch.column(5).as_primitive::<UInt16Type>().values();
        self.currencies.extend(rows().map(|row| currencies[row]));
        let mut next = 6;
        if sourced {
            let files = batch.column(6).as_primitive::<UInt32Type>().values();
            let records = batch.column(7).as_primitive::<UInt64Type>().values();
            self.sources.extend(rows().map(|row| SourceRow { file: files[row], record: records[row] }));
            next = FIXED;
        }
        self.further.resize(batch.num_columns() - next, Vec::new());
        for (place, into) in self.further.iter_mut().enumerate() {
            numbers(next + place, into);
        }
    }

    /// The rows at these places of the run, which are in order.
    pub(super) fn only(&self, places: &[u32]) -> Self {
        let mut only = Self { further: vec![Vec::new(); self.further.len()], ..Self::default() };
        for row in (0..self.places.len()).filter(|&row| places.binary_search(&self.places[row]).is_ok()) {
            only.places.push(self.places[row]);
            only.numbers.extend(self.numbers.get(row));
            only.texts.extend(self.texts.get(row).cloned());
            only.times.push(self.times[row]);
            only.senders.push(self.senders[row]);
            only.receivers.push(self.receivers[row]);
            only.amounts.push(self.amounts[row]);
            only.currencies.push(self.currencies[row]);
            only.sources.push(self.sources[row]);
            only.further.iter_mut().zip(&self.further).for_each(|(into, codes)| into.push(codes[row]));
        }
        only
    }

    /// Copies a row behind others.
    pub(super) fn copy(&self, row: usize, into: &mut Collected) {
        match self.texts.get(row) {
            Some(text) => into.ids.push(text),
            None => into.ids.push(&self.numbers[row].to_string()),
        }
        into.times.push(self.times[row]);
        into.senders.push(self.senders[row]);
        into.receivers.push(self.receivers[row]);
        into.amounts.push(self.amounts[row]);
        into.currencies.push(self.currencies[row]);
        into.sources.push(self.sources[row]);
        into.further.iter_mut().zip(&self.further).for_each(|(into, codes)| into.push(codes[row]));
    }

    /// Puts the rows of another run behind these; `texts` says that all ids are texts.
    pub(super) fn append(&mut self, other: Self, texts: bool) {
        if texts {
            self.texts.extend(other.numbers.iter().map(ToString::to_string));
        } else {
            self.numbers.extend(other.numbers);
        }
        self.texts.extend(other.texts);
        self.times.extend(other.times);
        self.senders.extend(other.senders);
        self.receivers.extend(other.receivers);
        self.amounts.extend(other.amounts);
        self.currencies.extend(other.currencies);
        self.further.resize(self.further.len().max(other.further.len()), Vec::new());
        self.further.iter_mut().zip(other.further).for_each(|(codes, more)| codes.extend(more));
    }
}
