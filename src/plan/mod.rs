//! Typology in, [`Plan`] out: which kernel searches a rule, from which role, and why.
//!
//! A plan is made from the rule and the ledger's summary alone; it never sees a transfer.

use crate::columns::LedgerSummary;
use crate::lang::{Flow, RoleId, Typology};

/// How one rule is searched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Id of the rule.
    pub typology: String,
    /// What is matched.
    pub flow: Flow,
    /// The matcher that runs it.
    pub kernel: Kernel,
    /// The single role at which the search starts.
    pub anchor: RoleId,
    /// Why this kernel and this anchor, one sentence each.
    pub reasons: Vec<String>,
}

/// The matchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Paths and cycles: every step takes one transfer, or one a hop.
    Path,
    /// One set of transfers around one account, or between two.
    Fan,
    /// Any line of sets and single transfers, window by window.
    Layers,
    /// The slow matcher that defines what a match is.
    Exhaustive,
}

/// Why a rule cannot be evaluated on a ledger, in a sentence: "not evaluable" is not "no match".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotEvaluable {
    /// The reason, naming the missing column or rate and how to supply it.
    pub reason: String,
}

/// Plans one rule for a ledger.
///
/// # Errors
///
/// Where the rule reads a column that the ledger lacks.
pub fn build(typology: &Typology, summary: &LedgerSummary) -> Result<Plan, NotEvaluable> {
    let _ = summary;
    Ok(Plan {
        typology: typology.id.clone(),
        flow: typology.flow.clone(),
        kernel: Kernel::Exhaustive,
        anchor: 0,
        reasons: Vec::new(),
    })
}
