//! Parquet and Arrow files: only the wanted columns are decoded, and each value is handed on as text.
//!
//! A float becomes the shortest decimal that names it and no other, so that `0.1` stays `0.1`.

use std::fs::File;
use std::io::BufReader;
use std::panic::AssertUnwindSafe;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::IngestError;
use super::cell::{Row, Spot};
use super::source::{Format, Receipt, Source};
use super::table::{Read as TableRead, Visit};

/// Rows that are decoded at a time.
const BATCH: usize = 8192;

/// A Parquet or Arrow file.
pub(super) struct Batches {
    file: File,
    format: Format,
    receipt: Receipt,
}

impl Batches {
    /// Reads the schema.
    pub(super) fn open(source: Source) -> Result<(Vec<String>, Self), IngestError> {
        let (name, format) = (source.name.clone(), source.format);
        let (file, receipt) = source.into_file()?;
        let again = file.try_clone().map_err(|error| IngestError::io(&name, &error))?;
        let schema = guarded(&name, || match format {
            Format::Parquet => ParquetRecordBatchReaderBuilder::try_new(again)
                .map(|builder| builder.schema().clone())
                .map_err(|error| damaged(&name, &error)),
            _ => FileReader::try_new(BufReader::new(again), None)
                .map(|reader| reader.schema())
                .map_err(|error| damaged(&name, &error)),
        })?;
        Ok((names(&schema), Self { file, format, receipt }))
    }

    /// Hands over every record.
    pub(super) fn read(self, name: &str, wanted: &[usize], visit: &mut Visit<'_>) -> Result<TableRead, IngestError> {
        let mut rows = 0;
        let mut batches = guarded(name, || match self.format {
            Format::Parquet => parquet(self.file, wanted).map_err(|error| damaged(name, &error)),
            _ => ipc(self.file, wanted).map_err(|error| damaged(name, &error)),
        })?;
        let mut next = || guarded(name, || batches.next().transpose().map_err(|error| damaged(name, &error)));
        while let Some(batch) = next()? {
            let columns = texts(name, &batch, wanted)?;
            for row in 0..batch.num_rows() {
                rows += 1;
                visit(Spot { line: rows, record: rows }, Ok(Row::Batch { columns: &columns, row }))?;
            }
        }
        Ok(TableRead { account: self.receipt.settle()?, rows })
    }
}

/// Does what decoders do. They panic on some damaged files, where an index in the file leads out of its data; that is
/// the file's fault, and no bug of ours.
fn guarded<T>(name: &str, decode: impl FnOnce() -> Result<T, IngestError>) -> Result<T, IngestError> {
    std::panic::catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(damaged(name, &"a part of it points outside of its data")))
}

type Stream = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

fn parquet(file: File, wanted: &[usize]) -> Result<Stream, parquet::errors::ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    Ok(Box::new(builder.with_projection(mask).with_batch_size(BATCH).build()?))
}

fn ipc(file: File, wanted: &[usize]) -> Result<Stream, ArrowError> {
    let mut columns = wanted.to_vec();
    columns.sort_unstable();
    Ok(Box::new(FileReader::try_new(BufReader::new(file), Some(columns))?))
}

/// The wanted columns as text, in wanted order. The batch holds them in the order of the file.
fn texts(name: &str, batch: &RecordBatch, wanted: &[usize]) -> Result<Vec<StringArray>, IngestError> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_unstable_by_key(|&slot| wanted[slot]);
    let mut columns: Vec<Option<StringArray>> = vec![None; wanted.len()];
    for (position, slot) in order.into_iter().enumerate() {
        let column = batch.column(position);
        let text = text_of(column).map_err(|_| {
            let schema = batch.schema();
            let field = schema.field(position);
            let problem = format!("column `{}` holds {}, which is not a plain value", field.name(), field.data_type());
            IngestError::malformed(name, 0, problem, "map a column of text, numbers, times or truth values")
        })?;
        let text = text.as_any().downcast_ref::<StringArray>().expect("a cast to text gives text");
        columns[slot] = Some(text.clone());
    }
    Ok(columns.into_iter().map(|column| column.expect("every wanted column is read")).collect())
}

/// A column as text. A time with a zone is stored as UTC and written so; the zone's name is for display alone.
fn text_of(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    if let DataType::Timestamp(unit, Some(_)) = column.data_type() {
        let ticks = cast(column, &DataType::Int64)?;
        let times = cast(&ticks, &DataType::Timestamp(*unit, None))?;
        return cast(&times, &DataType::Utf8);
    }
    cast(column, &DataType::Utf8)
}

fn names(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::malformed(name, 0, format!("the file is damaged: {error}"), "write or fetch the file again")
}
