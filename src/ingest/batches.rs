//! Parquet and Arrow files: only the wanted columns are decoded, and each value is handed on as text.
//!
//! A float becomes the shortest decimal that names it and no other, so that `0.1` stays `0.1`.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
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
    if let Some(fault) = forged(&file) {
        return Err(ArrowError::IpcError(fault));
    }
    let mut columns = wanted.to_vec();
    columns.sort_unstable();
    Ok(Box::new(FileReader::try_new(BufReader::new(file), Some(columns))?))
}

/// What is wrong with the lengths in an Arrow file, if memory has no room for a packed part. The decoder asks for all of it
/// at once, as the file says and before it unpacks a byte, and the process ends where it is refused.
fn forged(file: &File) -> Option<String> {
    let mut file = file;
    let size = file.metadata().ok()?.len();
    let mut at = |place: u64, length: u64| {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(place)).ok()?;
        (place.checked_add(length)? <= size).then(|| file.take(length).read_to_end(&mut bytes))?.ok()?;
        Some(bytes)
    };
    let end = size.checked_sub(10)?;
    let footer = u64::from(u32::from_le_bytes(at(end, 4)?.try_into().ok()?));
    let footer = at(end.checked_sub(footer)?, footer)?;
    let footer = arrow::ipc::root_as_footer(&footer).ok()?;
    let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
    let mut parts = Vec::new();
    for block in blocks {
        // The decoder would look for the rest of the message behind its end.
        let Some(packed) = packed_parts(block, &mut at) else {
            return Some("the description of a part of it does not lie where it should".to_owned());
        };
        parts.extend(packed);
    }
    let mut lengths = parts.into_iter().filter_map(|part| {
        let length = i64::from_le_bytes(at(part, 8)?.try_into().ok()?);
        usize::try_from(length).ok() // -1 says that the part is not packed
    });
    let length = lengths.find(|&length| Vec::<u8>::new().try_reserve_exact(length).is_err())?;
    Some(format!("a part of it says that it is {length} bytes long when it is unpacked"))
}

/// Where the packed parts of a block of an Arrow file begin; each begins with its length. Nothing where the block's message
/// is not whole in itself.
fn packed_parts(block: &arrow::ipc::Block, at: &mut impl FnMut(u64, u64) -> Option<Vec<u8>>) -> Option<Vec<u64>> {
    let place = u64::try_from(block.offset()).ok()?;
    let length = u64::try_from(block.metaDataLength()).ok()?;
    let message = at(place, length)?;
    let message = message.strip_prefix(&[0xFF; 4]).unwrap_or(&message).get(4..)?;
    let message = arrow::ipc::root_as_message(message).ok()?;
    let batch = message.header_as_record_batch().or_else(|| message.header_as_dictionary_batch()?.data())?;
    if batch.compression().is_none() {
        return Some(Vec::new());
    }
    let body = place.checked_add(length)?;
    let parts = batch.buffers()?.into_iter().filter(|part| part.length() >= 8);
    Some(parts.filter_map(|part| body.checked_add(u64::try_from(part.offset()).ok()?)).collect())
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
