//! Typology in, [`Plan`] out: which kernel searches a rule, from which role, and why.
//!
//! A plan is made from the rule and the ledger's summary alone; it never sees a transfer.

mod choose;
mod estimate;
mod explain;
mod needs;
mod program;
mod rewrite;

use std::collections::BTreeSet;

pub use needs::{Needs, columns};
pub use program::{Guard, Program, Scan};
pub use rewrite::Pass;

use crate::columns::LedgerSummary;
use crate::lang::{Flow, RoleId, Typology, TypologySet};

/// How one flow of a rule is searched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Id of the rule.
    pub typology: String,
    /// Position of its flow among the rule's flows, and how many there are.
    pub variant: (usize, usize),
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
    /// Round trips of single transfers.
    Cycle,
    /// Paths: every step takes one transfer, or one a hop.
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
            Self::Cycle => "cycle",
            Self::Path => "path",
            Self::Fan => "fan",
            Self::Layers => "layers",
            Self::Exhaustive => "exhaustive",
        }
    }
}

impl Plan {
    /// The rule's id, and which of its flows this is where it has several.
    #[must_use]
    pub fn label(&self) -> String {
        match self.variant {
            (_, 1) => self.typology.clone(),
            (variant, all) => format!("{}, flow {} of {all}", self.typology, variant + 1),
        }
    }

    /// Whether a search looks at nothing but transfers that a scan of some step lets through, so that the others need not be
    /// there.
    #[must_use]
    pub fn looks_at_scans_alone(&self) -> bool {
        self.kernel != Kernel::Exhaustive && self.flow.uses().next().is_none()
    }

    /// The further columns of the transfers that a search reads when it is known which transfers each step can use.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<String> {
        needs::searched(&self.flow)
    }

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
/// A rule has a plan for each of its flows; one that reads a column which the ledger lacks has none.
#[must_use]
pub fn together(set: &TypologySet, summary: Option<&LedgerSummary>) -> Vec<Result<Vec<Plan>, NotEvaluable>> {
    let plan = |typology: &Typology| {
        summary.map_or(Ok(()), |summary| needs::met(typology, summary))?;
        Ok(bare_all(typology))
    };
    let mut plans: Vec<_> = set.typologies.iter().map(plan).collect();
    rewrite::rewrite(&mut plans.iter_mut().flatten().flatten().collect::<Vec<_>>(), summary);
    plans
}

/// Plans one rule for a ledger: a plan for each of its flows.
///
/// # Errors
///
/// Where the rule reads a column that the ledger lacks.
pub fn build(typology: &Typology, summary: &LedgerSummary) -> Result<Vec<Plan>, NotEvaluable> {
    needs::met(typology, summary)?;
    let mut plans = bare_all(typology);
    rewrite::rewrite(&mut plans.iter_mut().collect::<Vec<_>>(), Some(summary));
    Ok(plans)
}

/// Plans a flow without asking whether a ledger has its columns.
#[must_use]
pub fn of_flow(typology: &str, flow: Flow) -> Plan {
    let mut plan = bare(typology, flow);
    rewrite::rewrite(&mut [&mut plan], None);
    plan
}

/// The plans of all flows of a rule before any pass.
fn bare_all(typology: &Typology) -> Vec<Plan> {
    let count = typology.flows().count();
    let plans = typology.flows().enumerate();
    plans.map(|(variant, flow)| Plan { variant: (variant, count), ..bare(&typology.id, flow.clone()) }).collect()
}

/// A plan before any pass: the kernel and its anchor.
fn bare(typology: &str, flow: Flow) -> Plan {
    let choice = choose::choose(&flow);
    Plan {
        typology: typology.to_owned(),
        variant: (0, 1),
        kernel: choice.kernel,
        anchor: choice.anchor,
        reasons: choice.reasons,
        program: Program::as_written(&flow),
        passes: Vec::new(),
        flow,
    }
}
