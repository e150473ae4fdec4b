//! Holds matches against ground truth: what a rule finds, misses and takes for laundering that is none.
//!
//! Labels are read beside the ledger and never reach a rule; this is the first place that sees both. `truth` gathers the
//! labels and `validate` checks them; `score` counts at three grains; `alerts` and `operating` ask what somebody who can
//! read only so much would see; `outcome` tells of single instances, and `why`
//! what kept rules from them; `report` puts all of it together for `tables`.
//! `docs/evaluate.md` defines every figure.

mod alerts;
#[cfg(test)]
mod fixture;
mod names;
mod operating;
mod outcome;
mod report;
mod score;
mod tables;
mod truth;
mod validate;
mod why;

pub use alerts::Unit;
pub use names::{Names, PublicLabels, WITHOUT_PUBLIC_LABELS, normal, table as names_table};
pub use operating::{Point, Questions};
pub use outcome::{Fit, Mistaken, Outcome, Verdict};
pub use report::{Evaluation, Found, OfRule, OfTypology, Recall, Settings, Subject, evaluate};
pub use score::{Aim, Figures, Grain, Hits, Sought, score};
pub(super) use score::{seeks, shared};
pub use tables::{Sheet, markdown, sheets, summary};
pub use truth::{Labelled, Standing, Truth};
pub use why::{Asked, explain};
