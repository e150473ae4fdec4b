//! Plan × Ledger → [`Instances`]: the temporal graph and the kernels that search it.

mod absence;
mod features;
mod graph;
mod history;
mod instances;
mod judge;
mod kernel;
mod lists;
mod mask;
mod moments;
mod reach;
mod refers;
mod select;
mod task;

pub use features::{Features, features};
pub use instances::{Cut, Instance, Instances};

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use crate::columns::Ledger;
use crate::lang::{Flow, MatchLevel, Predicate};
use crate::plan::{Kernel, Plan};

use graph::Graph;
use refers::Refers;
use select::Selector;
use task::Task;

/// Budgets of a search; what they cut is always reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most instances found at one anchor account before the search there ends.
    pub instances_per_anchor: u64,
    /// The most matches of one rule.
    pub matches_per_rule: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { instances_per_anchor: 1_000_000, matches_per_rule: 1_000_000 }
    }
}

/// Why a search has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// A predicate cannot be evaluated over this ledger's columns.
    #[error("{0}")]
    NotEvaluable(String),
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// Everything that searches of one ledger share: per-account lists, columns for predicates, masks already made.
#[derive(Debug)]
pub struct Searcher<'a> {
    ledger: &'a Ledger,
    graph: Arc<Graph>,
    selector: Selector<'a>,
    refers: OnceLock<Option<Refers>>,
    /// The same ledger put together by owner.
    levels: Vec<(MatchLevel, Searcher<'a>)>,
}

/// The ledgers between owners that some rules are matched on.
#[derive(Debug, Default)]
pub struct Levels(Vec<(MatchLevel, Ledger)>);

impl Levels {
    /// Puts a ledger together for each level that flows ask for; its owners must have been numbered
    /// ([`Ledger::with_owners`]).
    #[must_use]
    pub fn new<'f>(ledger: &Ledger, flows: impl IntoIterator<Item = &'f Flow>) -> Self {
        let mut wanted: Vec<MatchLevel> = flows.into_iter().map(|flow| flow.level).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let between = |level: MatchLevel| Some((level, ledger.between_owners(level.column()?)?));
        Self(wanted.into_iter().filter_map(between).collect())
    }
}

impl<'a> Searcher<'a> {
    /// Prepares a ledger for any number of searches.
    #[must_use]
    pub fn new(ledger: &'a Ledger) -> Self {
        let graph = Arc::new(Graph::new(ledger));
        let selector = Selector::new(ledger, Arc::clone(&graph));
        Self { ledger, graph, selector, refers: OnceLock::new(), levels: Vec::new() }
    }

    /// The same for rules that are matched between owners, too.
    #[must_use]
    pub fn with_levels(mut self, levels: &'a Levels) -> Self {
        self.levels = levels.0.iter().map(|(level, ledger)| (*level, Searcher::new(ledger))).collect();
        self
    }

    /// The searcher of the level of a flow.
    fn at(&self, flow: &Flow) -> Result<&Self, SearchError> {
        if flow.level == MatchLevel::Account {
            return Ok(self);
        }
        let found = self.levels.iter().find(|(level, _)| *level == flow.level);
        found.map(|(_, searcher)| searcher).ok_or_else(|| {
            SearchError::NotEvaluable("the ledger was not put together by the owners of its accounts".to_owned())
        })
    }

    /// All instances of a plan, coalesced, with the kernel that the plan names.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns, or `stop` was set.
    pub fn run(&self, plan: &Plan, limits: &Limits, stop: &AtomicBool) -> Result<Instances, SearchError> {
        let task = self.at(&plan.flow)?.task(plan, *limits)?;
        let found = match plan.kernel {
            Kernel::Path => kernel::path::search(&task, stop)?,
            Kernel::Fan => kernel::fan::search(&task, stop)?,
            Kernel::Layers => kernel::layers::search(&task, stop)?,
            Kernel::Exhaustive => kernel::kept(&task, kernel::exhaustive::search(&task))?,
        };
        Ok(within_budget(found.coalesce(), limits))
    }

    /// The same with the kernel that defines what a match is: slow, and without budgets.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run_exhaustive(&self, plan: &Plan) -> Result<Instances, SearchError> {
        let task = self.at(&plan.flow)?.task(plan, Limits::default())?;
        Ok(kernel::kept(&task, kernel::exhaustive::search(&task))?.coalesce())
    }

    fn task<'t>(&'t self, plan: &'t Plan, limits: Limits) -> Result<Task<'t>, SearchError> {
        let undoing = plan.flow.steps.iter().any(|step| step.undoes.is_some());
        let refers = if undoing { self.refers.get_or_init(|| Refers::new(self.ledger)).as_ref() } else { None };
        if undoing && refers.is_none() {
            return Err(SearchError::NotEvaluable("the ledger has no column `refers_to`".to_owned()));
        }
        Task::new(plan, self.ledger, &self.graph, &self.selector, refers, limits)
    }

    /// Whether a predicate over instance columns (`having`, `unless`) holds, for each instance.
    ///
    /// # Errors
    ///
    /// Where the predicate does not fit the columns.
    pub fn judge(&self, plan: &Plan, predicate: &Predicate, instances: &Instances) -> Result<Vec<bool>, SearchError> {
        if instances.is_empty() {
            return Ok(Vec::new());
        }
        judge::judge(&plan.flow, self.at(&plan.flow)?.ledger, predicate, instances)
    }

    /// Whether a transfer is there that a rule's `without` forbids, for each finished match.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn forbidden(&self, plan: &Plan, matches: &Instances) -> Result<Vec<bool>, SearchError> {
        let at = self.at(&plan.flow)?;
        absence::present(&plan.flow, at.ledger, &at.graph, &at.selector, matches)
    }

    /// Whether a payment that a rule's `expected` wants missing is not, for each finished match.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn not_missing(&self, plan: &Plan, matches: &Instances) -> Result<Vec<bool>, SearchError> {
        let at = self.at(&plan.flow)?;
        absence::came(&plan.flow, at.ledger, &at.graph, &at.selector, matches)
    }

    /// The ledger that is searched.
    #[must_use]
    pub fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    /// The ledger that a flow is matched on: between accounts, or between owners.
    ///
    /// # Errors
    ///
    /// Where the ledger was not put together by owner.
    pub fn ledger_of(&self, flow: &Flow) -> Result<&'a Ledger, SearchError> {
        Ok(self.at(flow)?.ledger)
    }

    /// How many transfers each step of a plan could use: the counts that an explanation shows.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn candidates(&self, plan: &Plan) -> Result<Vec<usize>, SearchError> {
        let task = self.at(&plan.flow)?.task(plan, Limits::default())?;
        Ok((0..plan.flow.steps.len()).map(|step| task.admitted_count(step)).collect())
    }
}

/// Keeps as many matches as the budget allows, the first in order, and says so.
fn within_budget(mut found: Instances, limits: &Limits) -> Instances {
    let most = usize::try_from(limits.matches_per_rule).unwrap_or(usize::MAX);
    if found.len() > most {
        let total = found.total();
        let keep: Vec<bool> = (0..found.len()).map(|position| position < most).collect();
        found = found.filtered(&keep);
        found.cuts.push(Cut { anchor: None, budget: "--max-matches-per-rule", found: total });
    }
    found
}
