//! Typology in, [`Plan`] out: which kernel searches a rule, from which role, and why.
//!
//! A plan is made from the rule and the ledger's summary alone; it never sees a transfer.

mod choose;
mod estimate;
mod explain;
mod needs;
mod program;
mod rewrite;

pub use needs::{Needs, columns};
pub use program::{Guard, Program, Scan};
pub use rewrite::Pass;

use crate::columns::LedgerSummary;
use crate::lang::{Flow, RoleId, Typology, TypologySet};

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
    /// What is asked of transfers and accounts, and when.
    pub program: Program,
    /// The passes that made it so, in order.
    pub passes: Vec<Pass>,
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

impl Plan {
    /// The plan in words, and every pass that made it.
    #[must_use]
    pub fn verbose(&self) -> String {
        explain::verbose(self)
    }
}

/// Why a rule cannot be evaluated on a ledger, in a sentence: "not evaluable" is not "no match".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NotEvaluable {
    /// The reason, naming what is missing and how to supply it.
    pub reason: String,
}

/// Plans all rules of a run, for a ledger if there is one: what several of them ask is asked once.
///
/// A rule that reads a column which the ledger lacks has no plan.
#[must_use]
pub fn together(set: &TypologySet, summary: Option<&LedgerSummary>) -> Vec<Result<Plan, NotEvaluable>> {
    let plan = |typology: &Typology| {
        summary.map_or(Ok(()), |summary| needs::met(&typology.flow, summary))?;
        Ok(bare(&typology.id, typology.flow.clone()))
    };
    let mut plans: Vec<_> = set.typologies.iter().map(plan).collect();
    rewrite::rewrite(&mut plans.iter_mut().filter_map(|plan| plan.as_mut().ok()).collect::<Vec<_>>(), summary);
    plans
}

/// Plans one rule for a ledger.
///
/// # Errors
///
/// Where the rule reads a column that the ledger lacks.
pub fn build(typology: &Typology, summary: &LedgerSummary) -> Result<Plan, NotEvaluable> {
    needs::met(&typology.flow, summary)?;
    let mut plan = bare(&typology.id, typology.flow.clone());
    rewrite::rewrite(&mut [&mut plan], Some(summary));
    Ok(plan)
}

/// Plans a flow without asking whether a ledger has its columns.
#[must_use]
pub fn of_flow(typology: &str, flow: Flow) -> Plan {
    let mut plan = bare(typology, flow);
    rewrite::rewrite(&mut [&mut plan], None);
    plan
}

/// A plan before any pass: the kernel and its anchor.
fn bare(typology: &str, flow: Flow) -> Plan {
    let choice = choose::choose(&flow);
    Plan {
        typology: typology.to_owned(),
        kernel: choice.kernel,
        anchor: choice.anchor,
        reasons: choice.reasons,
        program: Program::as_written(&flow),
        passes: Vec::new(),
        flow,
    }
}
