//! What authors of rules do: test, evaluate against ground truth, make ledgers to try on.
//!
//! Everything here runs the engine's own stages, so that its verdicts cannot disagree with a run.

pub mod catalogue;
pub mod compare;
pub mod evaluate;
pub mod explain;
pub mod fixture;
pub mod fmt;
pub mod overlap;
pub mod synth;
pub mod test;
pub mod tune;
