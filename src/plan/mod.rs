//! Typology in, [`Plan`] out: which kernel searches a rule, from which role, and why.
//!
//! A plan is made from the rule and the ledger's summary alone; it never sees a transfer.

mod choose;
mod explain;
mod needs;

pub use needs::{Needs, columns};

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

impl Kernel {
    /// Its name in explanations and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Fan => "fan",
            Self::Layers => "layers",
            Self::Exhaustive => "exhaustive",
        }
    }
}

/// Why a rule cannot be evaluated on a ledger, in a sentence: "not evaluable" is not "no match".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotEvaluable {
    /// The reason, naming what is missing and how to supply it.
    pub reason: String,
}

/// Plans one rule for a ledger.
///
/// # Errors
///
/// Where the rule reads a column that the ledger lacks.
pub fn build(typology: &Typology, summary: &LedgerSummary) -> Result<Plan, NotEvaluable> {
    needs::met(&typology.flow, summary)?;
    Ok(of_flow(&typology.id, typology.flow.clone()))
}

/// Plans a flow without asking whether a ledger has its columns.
#[must_use]
pub fn of_flow(typology: &str, flow: Flow) -> Plan {
    let choice = choose::choose(&flow);
    Plan { typology: typology.to_owned(), flow, kernel: choice.kernel, anchor: choice.anchor, reasons: choice.reasons }
}
