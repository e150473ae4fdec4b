//! Parquet files through arrow: the same table gives the same bytes.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, TimestampMicrosecondArray};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::columns::Time;

/// The most digits of a 128-bit decimal.
const PRECISION: u8 = 38;

/// One column of a table: its name, whether values may be missing, and the values.
pub(super) struct Column {
    field: Field,
    values: ArrayRef,
}

/// A column without missing values.
pub(super) fn full(name: &str, values: impl Into<ArrayRef>) -> Column {
    column(name, values, false)
}

/// A column in which values may be missing.
pub(super) fn partial(name: &str, values: impl Into<ArrayRef>) -> Column {
    column(name, values, true)
}

fn column(name: &str, values: impl Into<ArrayRef>, nullable: bool) -> Column {
    let values = values.into();
    Column { field: Field::new(name, values.data_type().clone(), nullable), values }
}

/// Points in time, UTC.
pub(super) fn times(values: impl Iterator<Item = Time>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values.map(|time| time.0)).with_timezone("UTC"))
}

/// Amounts in minor units of a currency with so many decimals.
pub(super) fn amounts(values: impl Iterator<Item = Option<i128>>, digits: u8) -> Result<ArrayRef, ArrowError> {
    let scale = i8::try_from(digits).expect("a currency has few decimals");
    let values = values.collect::<Decimal128Array>().with_precision_and_scale(PRECISION, scale)?;
    Ok(Arc::new(values))
}

/// Puts columns together to one batch.
pub(super) fn batch(columns: Vec<Column>) -> Result<RecordBatch, ArrowError> {
    let (fields, values): (Vec<Field>, Vec<ArrayRef>) =
        columns.into_iter().map(|column| (column.field, column.values)).unzip();
    RecordBatch::try_new(Arc::new(arrow::datatypes::Schema::new(fields)), values)
}

/// Encoded bytes of a row group after which it is closed, so that a writer's memory stays bounded.
const GROUP_BYTES: usize = 1 << 26;

/// A Parquet file with the columns of a batch.
pub(super) fn open<W: Write + Send>(out: W, columns: &RecordBatch) -> Result<ArrowWriter<W>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("moneytrail version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    ArrowWriter::try_new(out, columns.schema(), Some(properties))
}

/// Adds a batch to a file.
pub(super) fn push<W: Write + Send>(table: &mut ArrowWriter<W>, batch: &RecordBatch) -> Result<(), ParquetError> {
    table.write(batch)?;
    if table.in_progress_size() > GROUP_BYTES {
        table.flush()?;
    }
    Ok(())
}
