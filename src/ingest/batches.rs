//! Parquet and Arrow files: only the wanted columns are decoded, and each value is handed on as text.
//!
//! A float becomes the shortest decimal that names it and no other, so that `0.1` stays `0.1`.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::IngestError;
use super::chunk::Chunk;
use super::source::{Format, Receipt, Source};
use super::table::{Read as TableRead, VisitMany};

/// Rows that are decoded at a time: enough that handing them over costs nothing, few enough to stay in a cache.
const BATCH: usize = 1 << 13;

/// Rows of a file, with the wanted columns.
pub(super) struct Batch {
    rows: RecordBatch,
    /// Where the column of each slot stands.
    order: Vec<usize>,
}

impl Batch {
    /// A batch holds the wanted columns in the order of the file.
    fn new(rows: RecordBatch, wanted: &[usize]) -> Self {
        let place = |position: &usize| wanted.iter().filter(|other| *other < position).count();
        Self { rows, order: wanted.iter().map(place).collect() }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.num_rows()
    }

    /// The wanted columns, in wanted order.
    pub(super) fn columns(&self) -> Vec<ArrayRef> {
        self.order.iter().map(|&place| Arc::clone(self.rows.column(place))).collect()
    }

    /// Some rows that stand one after the other.
    pub(super) fn slice(&self, first: usize, count: usize) -> Self {
        Self { rows: self.rows.slice(first, count), order: self.order.clone() }
    }

    /// The wanted columns as text, in wanted order.
    ///
    /// # Errors
    ///
    /// Where one of them holds no plain values.
    pub(super) fn texts(&self, name: &str) -> Result<Vec<StringArray>, IngestError> {
        let text = |&place: &usize| {
            text_of(self.rows.column(place)).map_err(|_| {
                let schema = self.rows.schema();
                let field = schema.field(place);
                let problem =
                    format!("column `{}` holds {}, which is not a plain value", field.name(), field.data_type());
                IngestError::malformed(name, 0, problem, "map a column of text, numbers, times or truth values")
            })
        };
        let mut in_file_order = self.order.clone();
        in_file_order.sort_unstable();
        in_file_order.iter().try_for_each(|place| text(place).map(drop))?;
        let array =
            |text: ArrayRef| text.as_any().downcast_ref::<StringArray>().expect("a cast to text gives text").clone();
        self.order.iter().map(|place| text(place).map(array)).collect()
    }
}

/// A Parquet or Arrow file.
pub(super) struct Batches {
    file: File,
    receipt: Receipt,
    /// What a Parquet file says of itself; nothing where the file is an Arrow file.
    metadata: Option<ArrowReaderMetadata>,
}

impl Batches {
    /// Reads the schema.
    pub(super) fn open(source: Source) -> Result<(Vec<String>, Self), IngestError> {
        let (name, format) = (source.name.clone(), source.format);
        let (file, receipt) = source.into_file()?;
        let again = file.try_clone().map_err(|error| IngestError::io(&name, &error))?;
        let (schema, metadata) = guarded(&name, || match format {
            Format::Parquet => ArrowReaderMetadata::load(&again, ArrowReaderOptions::new())
                .map(|metadata| (Arc::clone(metadata.schema()), Some(metadata)))
                .map_err(|error| damaged(&name, &error)),
            _ => FileReader::try_new(BufReader::new(again), None)
                .map(|reader| (reader.schema(), None))
                .map_err(|error| damaged(&name, &error)),
        })?;
        Ok((names(&schema), Self { file, receipt, metadata }))
    }

    /// How many rows it says that it has, if it does, but no more than it has bytes; it may be wrong.
    pub(super) fn rows_said(&self) -> Option<usize> {
        let rows = u64::try_from(self.metadata.as_ref()?.metadata().file_metadata().num_rows()).ok()?;
        usize::try_from(rows.min(self.file.metadata().ok()?.len())).ok()
    }

    /// Hands over every record. While some are looked at, the next are decoded.
    pub(super) fn read(
        self,
        name: &str,
        wanted: &[usize],
        visit: &mut VisitMany<'_>,
    ) -> Result<TableRead, IngestError> {
        let mut rows = 0;
        let mut batches = guarded(name, || match self.metadata {
            Some(metadata) => parquet(self.file, metadata, wanted).map_err(|error| damaged(name, &error)),
            None => ipc(self.file, wanted).map_err(|error| damaged(name, &error)),
        })?;
        let mut next = || guarded(name, || batches.next().transpose().map_err(|error| damaged(name, &error)));
        let mut waiting = next()?;
        while let Some(batch) = waiting.take() {
            let batch = Batch::new(batch, wanted);
            let first = rows + 1;
            rows += batch.len() as u64;
            let (after, done) = rayon::join(&mut next, || visit(Chunk::Batch(&batch, first)));
            done?;
            waiting = after?;
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

type Stream = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

fn parquet(file: File, metadata: ArrowReaderMetadata, wanted: &[usize]) -> Result<Stream, ParquetError> {
    // A column that cannot be read so is read as it is.
    let coded = coded(&metadata).and_then(|schema| {
        ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), ArrowReaderOptions::new().with_schema(schema))
            .ok()
    });
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, coded.unwrap_or(metadata));
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    Ok(Box::new(builder.with_projection(mask).with_batch_size(BATCH).build()?))
}

/// The schema of a file in which few words stay codes: columns of text whose distinct words the file stores once.
fn coded(metadata: &ArrowReaderMetadata) -> Option<Arc<Schema>> {
    let schema = metadata.schema();
    let groups = metadata.metadata().row_groups();
    // Columns that are nested make the leaves of a file others than its columns.
    if groups.iter().any(|group| group.num_columns() != schema.fields().len()) {
        return None;
    }
    let few = |column: usize| {
        groups.iter().map(|group| group.column(column)).all(|chunk| {
            let words = chunk.dictionary_page_offset().and_then(|start| chunk.data_page_offset().checked_sub(start));
            words.is_some_and(|bytes| (0..=LONGEST_WORDS).contains(&bytes))
        })
    };
    let code = |(column, field): (usize, &Arc<Field>)| match field.data_type() {
        DataType::Utf8 if few(column) => {
            let coded = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            Arc::new(field.as_ref().clone().with_data_type(coded))
        }
        _ => Arc::clone(field),
    };
    let fields: Vec<Arc<Field>> = schema.fields().iter().enumerate().map(code).collect();
    Some(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// A column whose words take more bytes than this in the file has many of them.
const LONGEST_WORDS: i64 = 1 << 14;

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

/// A column as text. A time with a zone is stored as UTC and written so; the zone's name is for display alone.
pub(super) fn text_of(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
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
