//! Plan × Ledger → [`Instances`]: the temporal graph and the kernels that search it.

mod absence;
mod among;
mod answers;
mod asked;
mod borrowed;
mod counts;
mod crowds;
mod excerpt;
mod features;
mod graph;
mod history;
mod hops;
mod instances;
mod judge;
mod kernel;
mod lists;
mod mask;
mod moments;
mod places;
mod pool;
mod present;
mod reach;
mod refers;
mod select;
mod shared;
mod slice;
mod task;
mod trips;

pub use among::Among;
pub use asked::Asked;
pub use borrowed::StandIn;
pub use counts::Counts;
pub use excerpt::Excerpt;
pub use features::{Features, features};
pub use instances::{Cut, Instance, Instances};
pub use select::Degrees;
pub use slice::{Alike, Backward, Slice, Stretch, Value, Wide, pasts};
pub(crate) use {mask::Mask, slice::ScanId, slice::View};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::columns::{AccountId, Ledger};
use crate::lang::{Flow, MatchLevel, Predicate, StepId};
use crate::plan::{Kernel, Plan};

use borrowed::Borrowed;
use graph::Listing;
use refers::Refers;
use select::Selector;
use shared::Shared;
use slice::Share;
use task::{Probe, Task, Tools};

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

/// Tries at one anchor after which it is heavy: some milliseconds.
const HEAVY: u32 = 1 << 14;

/// The budgets as the options that raise them.
const MATCHES_PER_RULE: &str = "--max-matches-per-rule";
const TIME: &str = "--time-budget";

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
    graph: Arc<Listing<'a>>,
    /// The lists of transfers that some rule can use, where they are shorter.
    common: Option<Listing<'a>>,
    selector: Selector<'a>,
    refers: OnceLock<Option<Refers>>,
    shared: Shared,
    /// Set by whoever watches the clock: what has not been searched by then is cut.
    late: Arc<AtomicBool>,
    /// The same ledger put together by owner.
    levels: Vec<(MatchLevel, Searcher<'a>)>,
    probe: Probe,
    heavy: u32,
    /// Where the ledger lies in the one that it is a slice of.
    stretch: Stretch,
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
        Self::knowing(ledger, None, Stretch::default())
    }

    fn knowing(ledger: &'a Ledger, wide: Option<&'a Wide>, stretch: Stretch) -> Self {
        let graph = Arc::new(Listing::new(ledger));
        let selector = Selector::new(ledger, Arc::clone(&graph), wide);
        let (common, refers, shared, late) = (None, OnceLock::new(), Shared::default(), Arc::default());
        let (levels, probe, heavy) = (Vec::new(), Probe::default(), HEAVY);
        Self { ledger, graph, common, selector, refers, shared, late, levels, probe, heavy, stretch }
    }

    /// The same with a time budget: when `late` is set, searches under way end, and say what they have not searched.
    #[must_use]
    pub fn until(mut self, late: &Arc<AtomicBool>) -> Self {
        self.late = Arc::clone(late);
        for (_, searcher) in &mut self.levels {
            searcher.late = Arc::clone(late);
        }
        self
    }

    /// The same where what is left of an anchor is shared out to all threads after so many tries there: after sixteen
    /// thousand unless told otherwise. It changes how long a search takes and not what it finds.
    #[must_use]
    pub fn sharing_after(mut self, tries: u32) -> Self {
        self.heavy = tries;
        for (_, searcher) in &mut self.levels {
            searcher.heavy = tries;
        }
        self
    }

    fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// The same for rules that are matched between owners, too.
    #[must_use]
    pub fn with_levels(mut self, levels: &'a Levels) -> Self {
        self.levels = levels.0.iter().map(|(level, ledger)| (*level, Searcher::new(ledger))).collect();
        self
    }

    /// The same for the searches of these plans alone: the lists they walk hold only what one of them can use.
    #[must_use]
    pub fn narrowed(mut self, plans: &[&Plan]) -> Self {
        let here: Vec<&Plan> = plans.iter().copied().filter(|plan| plan.flow.level == MatchLevel::Account).collect();
        self.common = self.usable(&here);
        for (level, searcher) in &mut self.levels {
            let there: Vec<&Plan> = plans.iter().copied().filter(|plan| plan.flow.level == *level).collect();
            searcher.common = searcher.usable(&there);
        }
        self.list(|level| plans.iter().any(|plan| plan.flow.level == level && plan.kernel != Kernel::Cycle));
        self
    }

    /// The same with the lists that searches walk, which are else made when they are first asked for.
    #[must_use]
    pub fn listed(self) -> Self {
        self.list(|_| true);
        self
    }

    /// Makes the lists of levels.
    fn list(&self, wanted: impl Fn(MatchLevel) -> bool) {
        let levels = self.levels.iter().map(|(level, searcher)| (*level, searcher));
        for (_, searcher) in levels.chain([(MatchLevel::Account, self)]).filter(|&(level, _)| wanted(level)) {
            searcher.walked().graph();
        }
    }

    /// The lists of what some plan can use, where they are worth making.
    fn usable(&self, plans: &[&Plan]) -> Option<Listing<'a>> {
        if self.is_late() || !plans.iter().all(|plan| plan.program.common) {
            return None;
        }
        // A plan that cannot be asked says so when it is run.
        let scanned = plans.iter().filter_map(|plan| {
            let tools = self.tools(plan).ok()?;
            Some(scans(plan, &tools).ok()?.on_trips(&tools).scanned())
        });
        let usable = scanned.reduce(|all, mask| all.or(&mask))?;
        (10 * usable.count() < 9 * self.ledger.len()).then(|| Listing::over(self.ledger, usable))
    }

    /// What some plans need; nothing where that cannot be said of single transfers. Rules that cannot be asked are noted.
    fn share(&self, plans: &[&Plan], unfit: &mut BTreeMap<String, String>) -> Option<Share> {
        let mut share = Share { rows: Mask::none(self.ledger.len()), scans: BTreeSet::new() };
        for plan in plans {
            if self.is_late() || !plan.looks_at_scans_alone() {
                return None;
            }
            // Whether a transfer that another refers to is here need not be known.
            match self.at(&plan.flow).and_then(|at| scans(plan, &at.tools_with(None))) {
                Ok(task) => {
                    share.rows = share.rows.or(&task.scanned());
                    share.scans.extend(task.asked().map(|key| (plan.flow.level, key)));
                }
                Err(error) => drop(unfit.entry(plan.typology.clone()).or_insert_with(|| error.to_string())),
            }
        }
        Some(share)
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
        if self.is_late() {
            let mut nothing = Instances::default();
            nothing.cuts.push(Cut { anchor: None, through: None, budget: TIME, found: 0 });
            return Ok(nothing);
        }
        self.prepare(plan, limits)?.run(stop)
    }

    /// The same on this very ledger, whatever the level of the flow; `standins` are the matches of rules that it uses.
    fn run_here(
        &self,
        plan: &Plan,
        standins: &[StandIn],
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Instances, SearchError> {
        let run = |searcher: &Searcher<'_>| Prepared(Task::new(plan, &searcher.tools(plan)?, *limits)?).run(stop);
        self.beside(plan, standins, run)
    }

    /// Searches for a plan where the matches that it uses stand as transfers.
    fn beside(
        &self,
        plan: &Plan,
        standins: &[StandIn],
        run: impl FnOnce(&Searcher<'_>) -> Result<Instances, SearchError>,
    ) -> Result<Instances, SearchError> {
        if plan.flow.uses().next().is_none() {
            return run(self);
        }
        let borrowed = Borrowed::new(self.ledger, standins, self.stretch);
        Ok(borrowed.resolved(&run(&self.borrowing(&borrowed))?, self.probe.apart))
    }

    /// Makes everything that the search of a plan needs, before anything is walked.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn prepare<'s>(&'s self, plan: &'s Plan, limits: &Limits) -> Result<Prepared<'s>, SearchError> {
        let at = self.at(&plan.flow)?;
        let task = match plan.kernel {
            Kernel::Exhaustive => Task::as_written(plan, &at.tools(plan)?)?,
            Kernel::Cycle | Kernel::Path | Kernel::Fan | Kernel::Layers => Task::new(plan, &at.tools(plan)?, *limits)?,
        };
        Ok(Prepared(task))
    }

    /// The same with the kernel that defines what a match is: slow, and without budgets.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run_exhaustive(&self, plan: &Plan) -> Result<Instances, SearchError> {
        let task = Task::as_written(plan, &self.at(&plan.flow)?.tools(plan)?)?;
        Ok(kernel::kept(&task, kernel::exhaustive::search(&task))?.coalesce().shifted(task.stretch))
    }

    /// The instances of a plan some of whose steps use other rules; `standins` are the matches of these.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run_using(
        &self,
        plan: &Plan,
        standins: &[StandIn],
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Result<Instances, SearchError> {
        if self.is_late() {
            return self.run(plan, limits, stop);
        }
        self.beside(plan, standins, |searcher| searcher.run(plan, limits, stop))
    }

    /// How many instances a plan has; `standins` are the matches of the rules that it uses. No budget ends the counting
    /// but that of time.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn count(&self, plan: &Plan, standins: &[StandIn], stop: &AtomicBool) -> Result<Counts, SearchError> {
        if self.is_late() {
            let cut = Cut { anchor: None, through: None, budget: TIME, found: 0 };
            return Ok(Counts { cuts: vec![cut], ..Counts::default() });
        }
        let count = |searcher: &Searcher<'_>| {
            let tools = searcher.at(&plan.flow)?.tools(plan)?;
            let task = match plan.kernel {
                Kernel::Exhaustive => Task::as_written(plan, &tools)?,
                Kernel::Cycle | Kernel::Path | Kernel::Fan | Kernel::Layers => Task::counting(plan, &tools)?,
            };
            kernel::counts(&task, stop)
        };
        if plan.flow.uses().next().is_none() {
            return count(self);
        }
        let borrowed = Borrowed::new(self.ledger, standins, self.stretch);
        count(&self.borrowing(&borrowed))
    }

    /// The same with the kernel that defines what a match is.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run_exhaustive_using(&self, plan: &Plan, standins: &[StandIn]) -> Result<Instances, SearchError> {
        self.beside(plan, standins, |searcher| searcher.run_exhaustive(plan))
    }

    /// A searcher of the ledger with stand-ins; predicates are asked of the ledger as it is.
    fn borrowing<'s>(&'s self, borrowed: &'s Borrowed<'s>) -> Searcher<'s> {
        let graph = Arc::new(Listing::new(&borrowed.ledger));
        let selector = Selector::borrowing(&self.selector, Arc::clone(&graph), borrowed);
        let (common, refers, shared, levels) = (None, OnceLock::new(), Shared::default(), Vec::new());
        let (late, probe, heavy) = (Arc::clone(&self.late), self.probe, self.heavy);
        let (ledger, stretch) = (&borrowed.ledger, self.stretch.here());
        Searcher { ledger, graph, common, selector, refers, shared, late, levels, probe, heavy, stretch }
    }

    /// What a plan's tasks are made with.
    fn tools<'t>(&'t self, plan: &Plan) -> Result<Tools<'t>, SearchError> {
        let undoing = plan.flow.steps.iter().any(|step| step.undoes.is_some());
        let refers = if undoing { self.refers.get_or_init(|| Refers::new(self.ledger)).as_ref() } else { None };
        if undoing && refers.is_none() {
            return Err(SearchError::NotEvaluable("the ledger has no column `refers_to`".to_owned()));
        }
        Ok(self.tools_with(refers))
    }

    /// The lists that searches walk.
    fn walked(&self) -> &Listing<'a> {
        self.common.as_ref().unwrap_or(&self.graph)
    }

    fn tools_with<'t>(&'t self, refers: Option<&'t Refers>) -> Tools<'t> {
        let &Self { ledger, ref selector, ref shared, ref late, probe, heavy, stretch, .. } = self;
        let graph = self.walked();
        Tools { ledger, graph, only: None, selector, shared, refers, late, probe, heavy, stretch }
    }

    /// Whether a predicate over instance columns (`unless`) holds, for each finished match of a plan; `finished` are
    /// those of all flows of its rule, these included.
    ///
    /// # Errors
    ///
    /// Where the predicate does not fit the columns.
    pub fn judge(
        &self,
        plan: &Plan,
        predicate: &Predicate,
        matches: &Instances,
        finished: &[Instances],
    ) -> Result<Vec<bool>, SearchError> {
        if matches.is_empty() {
            return Ok(Vec::new());
        }
        judge::judge(&plan.flow, self.at(&plan.flow)?.ledger, predicate, matches, finished)
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

    /// The accounts (or owners) whose payments out, and whose payments in, a rule's `without` and `expected` ask about
    /// beside finished matches.
    ///
    /// # Errors
    ///
    /// Where the ledger was not put together by owner.
    pub fn asked_around(&self, plan: &Plan, matches: &Instances) -> Result<[Vec<AccountId>; 2], SearchError> {
        Ok(absence::asked(&plan.flow, self.at(&plan.flow)?.ledger, matches))
    }

    /// The history columns of a flow that are missing for some transfers, and for how many; self-transfers left out.
    ///
    /// # Errors
    ///
    /// Where the ledger lacks what a column is worked out from.
    pub fn unknown_history(&self, flow: &Flow) -> Result<Vec<(String, u64)>, SearchError> {
        self.at(flow)?.selector.unknown_history(flow)
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

    /// Bytes of the lists, masks and columns that its searches share so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lists = self.graph.bytes() + self.common.as_ref().map_or(0, Listing::bytes);
        let levels: usize = self.levels.iter().map(|(_, searcher)| searcher.bytes()).sum();
        lists + self.shared.bytes() + self.selector.bytes() + levels
    }

    /// Scans the transfers for one step of a plan; steps before it have been scanned.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn scan(&self, plan: &Plan, step: StepId) -> Result<Scanned, SearchError> {
        let at = self.at(&plan.flow)?;
        let before = at.shared.bytes() + at.selector.bytes();
        let task = Task::admitting(plan, &at.tools(plan)?, Limits::default(), step + 1)?;
        let bytes = at.shared.bytes() + at.selector.bytes() - before;
        Ok(Scanned { rows: task.admitted_count(step), bytes })
    }
}

/// The scans of all steps of a plan.
fn scans<'t>(plan: &'t Plan, tools: &Tools<'t>) -> Result<Task<'t>, SearchError> {
    Task::admitting(plan, tools, Limits::default(), plan.flow.steps.len())
}

/// A plan whose transfers are scanned and whose lists are made: what is left is the walk.
#[derive(Debug)]
pub struct Prepared<'s>(Task<'s>);

impl Prepared<'_> {
    /// What is walked.
    #[must_use]
    pub fn narrowed(&self) -> Narrowed {
        let leading = (0..self.0.flow.steps.len()).map(|step| self.0.leading_count(step)).collect();
        Narrowed { leading, bytes: self.0.bytes() }
    }

    /// All instances, coalesced, with the kernel that the plan names.
    ///
    /// # Errors
    ///
    /// As [`Searcher::run`].
    pub fn run(&self, stop: &AtomicBool) -> Result<Instances, SearchError> {
        let task = &self.0;
        let found = kernel::instances(task, stop)?;
        let found = if task.probe.apart { found } else { found.coalesce() };
        Ok(within_budget(found, &task.limits).shifted(task.stretch))
    }
}

/// What the scan of one step left, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Transfers that the step could use.
    pub rows: usize,
    /// Bytes of masks and columns made for it; nothing where another step had asked the same.
    pub bytes: usize,
}

/// What is walked of a plan's scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    /// For each step, transfers left of its scan when those are gone that lead nowhere; where that was not asked, none.
    pub leading: Vec<Option<usize>>,
    /// Bytes of lists and places of this plan alone.
    pub bytes: usize,
}

/// Keeps as many matches as the budget allows, the first in order, and says so.
fn within_budget(mut found: Instances, limits: &Limits) -> Instances {
    let most = usize::try_from(limits.matches_per_rule).unwrap_or(usize::MAX);
    if found.len() > most {
        let total = found.total();
        let keep: Vec<bool> = (0..found.len()).map(|position| position < most).collect();
        found = found.filtered(&keep);
        found.cuts.push(Cut { anchor: None, through: None, budget: MATCHES_PER_RULE, found: total });
    }
    found
}
