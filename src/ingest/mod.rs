//! Files in, [`Ledger`] out; rows that cannot be used are set aside with a reason, and nothing is lost.
//!
//! The way of a file: it is found (`find`), unpacked and hashed (`source`), opened as a table (`table` and one file
//! per format), given a mapping by its header (`recognise`, `mapping`), and read into columns (`layout`, `transfers`).

mod accounts;
mod amount;
mod assemble;
mod batches;
mod blocks;
mod bulk;
mod cell;
mod chunk;
mod collected;
mod currency;
mod delimited;
mod dictionary;
mod digits;
mod duplicates;
mod error;
mod find;
mod gathered;
mod jsonl;
mod labels;
mod layout;
mod lists;
mod mapping;
mod moment;
mod parts;
mod patterns;
mod presets;
mod privacy;
mod rates;
mod recognise;
mod source;
mod table;
mod texts;
mod transfers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::columns::{Ledger, RowId};

pub use assemble::{read, read_in_parts};
pub use error::{Failure, IngestError};
pub use lists::shipped as shipped_lists;
pub use parts::{FOUND, Page, Parts, Portion, Shelf};
pub use presets::{Preset, presets};

/// What to read and how.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files, folders, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// The account table, if there is one; a folder that holds one beside its transfers needs none named.
    pub accounts: Option<PathBuf>,
    /// A table of rates: date, currency, rate into the base currency.
    pub rates: Option<PathBuf>,
    /// A mapping file, or the name of a preset; else the header decides.
    pub mapping: Option<String>,
    /// Code of the base currency; else the one most transfers are booked in.
    pub base: Option<String>,
    /// How many rows may be set aside before the run stops; one in a hundred if not given.
    pub max_rejects: Option<RejectLimit>,
    /// Whether account keys that look identifying are accepted.
    pub identifiable: bool,
    /// Further transfer columns that rules and statistics read, by canonical name.
    pub columns: BTreeSet<String>,
    /// Account columns that rules and statistics read.
    pub account_columns: BTreeSet<String>,
    /// Files of reference lists, by the name that rules read them under.
    pub lists: BTreeMap<String, PathBuf>,
    /// Names of the lists that rules read; those without a file may be built in.
    pub list_names: BTreeSet<String>,
    /// Whether ground-truth labels are read too (into [`Intake::labels`], never into the ledger).
    pub labels: bool,
    /// Tables of labels beside those that lie among the inputs; they are read where `labels` is set.
    pub label_files: Vec<PathBuf>,
    /// Whether tables of transfers, accounts and labels are read without taking hashes of their bytes, since nothing that is
    /// made of them names a file.
    pub without_hashes: bool,
}

/// How many rows may be set aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RejectLimit {
    /// So many rows.
    Rows(u64),
    /// So many percent of the rows read.
    Percent(f64),
}

/// Everything that reading gave.
#[derive(Clone, Debug)]
pub struct Intake {
    /// The accepted transfers.
    pub ledger: Ledger,
    /// The rows set aside.
    pub rejects: Rejects,
    /// Rows read: accepted and set aside.
    pub read: u64,
    /// The files read, transfers first.
    pub files: Vec<InputFile>,
    /// The preset or mapping file used, and how it was chosen.
    pub mapping: String,
    /// Rates into the base currency in use, and where each comes from.
    pub rates: Vec<RateUsed>,
    /// Things a careful reader of the results should know, a sentence each.
    pub notes: Vec<String>,
    /// Ground truth, if asked for.
    pub labels: Option<Labels>,
}

/// One file that was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct InputFile {
    /// Its path as given; `-` is standard input.
    pub path: String,
    /// What it holds: `transfers`, `accounts`, `labels`, `rates`, `list` or `mapping`.
    pub role: String,
    /// Its format: `csv`, `csv.gz`, `csv.zst`, `parquet`, `arrow`, `jsonl`, `toml`.
    pub format: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Rows read from it.
    pub rows: u64,
    /// SHA-256 of its bytes, in hex; none where the request says so.
    pub sha256: Option<String>,
}

impl InputFile {
    fn new(path: &str, role: &str, read: table::Read) -> Self {
        Self {
            path: path.to_owned(),
            role: role.to_owned(),
            format: read.account.format,
            bytes: read.account.bytes,
            rows: read.rows,
            sha256: read.account.sha256,
        }
    }
}

/// One rate into the base currency.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct RateUsed {
    /// The currency that is converted.
    pub currency: String,
    /// How many units of the base currency one unit is worth.
    pub rate: f64,
    /// `given`, or `inferred from N converting transfers`.
    pub source: String,
}

/// Rows set aside, in file order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rejects {
    /// The rows.
    pub rows: Vec<Reject>,
}

/// One row set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Its file.
    pub file: String,
    /// Its line from 1, or its record number where the format has no lines.
    pub line: u64,
    /// The source column at fault, if it is one.
    pub column: String,
    /// The value at fault, cut after 200 characters.
    pub value: String,
    /// Why it cannot be used.
    pub reason: String,
}

/// Ground truth about transfers: never visible to rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The labels in row order: row, typology and instance, where the source has them. A transfer may have several.
    pub rows: Vec<(RowId, Option<String>, Option<String>)>,
}
