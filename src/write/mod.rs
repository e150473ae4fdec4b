//! Matches, cases and statistics in, the folder of a run out: whole, or not at all.
//!
//! Here account and transfer numbers become text again. The same run gives the same bytes, since nothing here reads
//! a clock or depends on the order in which work was done.

mod cases;
mod flat;
mod folder;
mod lines;
mod manifest;
mod matches;
mod place;
mod reader;
mod record;
mod rows;
mod table;
mod transfers;

pub use folder::{WriteError, folder};
pub use lines::jsonl;
pub use place::check_target;
pub use record::{
    Facts, Gap, Gaps, Input, LedgerSize, RanRule, ReadError, Record, RecordedMatch, RecordedRole, RecordedTransfer,
    is_run, read,
};
pub use rows::{Cell, CsvRows, ParquetRows, Rows};

use crate::columns::{Ledger, Span, Time};
use crate::ingest::Intake;
use crate::lang::{Override, TypologySet};
use crate::plan::Plan;
use crate::search::Limits;
use crate::sift::Sifted;
use crate::stats::Statistics;

/// Everything that is written, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was read.
    pub intake: &'a Intake,
    /// The rules that ran.
    pub set: &'a TypologySet,
    /// The plan of each rule that could be asked.
    pub plans: &'a [Option<Vec<Plan>>],
    /// Matches, cases and completeness.
    pub sifted: &'a Sifted,
    /// Aggregate statistics.
    pub statistics: &'a Statistics,
    /// What was done in slices, if it was.
    pub slices: Option<Sliced>,
    /// What only the caller knows of the run.
    pub facts: &'a RunFacts,
}

/// What a run has done in slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sliced {
    /// How many slices were searched; rules with longer windows have slices of their own.
    pub slices: usize,
    /// Whether transfers were written away while they were read, since not all fitted into memory.
    pub spilled: bool,
}

impl<'a> Report<'a> {
    fn ledger(&self) -> &'a Ledger {
        &self.intake.ledger
    }
}

/// What only the caller knows of a run.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// The command as it was given.
    pub command: Vec<String>,
    /// When the run began.
    pub started: Time,
    /// When its results were complete.
    pub finished: Time,
    /// Whether account keys that look identifying were accepted.
    pub identifiable: bool,
    /// Budgets of the search.
    pub limits: Limits,
    /// How long the run might take before what was left was cut.
    pub time_budget: Option<Span>,
    /// Parameters that the run set.
    pub overrides: Vec<Override>,
}

/// Further forms of the matches, beside `matches.parquet`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// `matches.csv`.
    pub csv: bool,
    /// `matches.jsonl`.
    pub jsonl: bool,
}
