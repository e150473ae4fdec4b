//! A plan bound to a ledger: which transfers are candidates of each step, and which accounts a role admits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::columns::{AccountId, Ledger, Money, RowId, Span, Time};
use crate::lang::{Direction, Flow, Predicate, RoleId, Shape, Step, StepId, names_kind};
use crate::plan::{Guard, Kernel, Plan};

use super::crowds;
use super::graph::{Graph, List, Listing};
use super::hops::BothWays;
use super::mask::Mask;
use super::places::Reach;
use super::refers::Refers;
use super::select::Selector;
use super::shared::{Admission, Shared};
use super::slice::Stretch;
use super::{Limits, SearchError};

/// Everything that a kernel needs to search one rule.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) plan: &'a Plan,
    pub(super) flow: &'a Flow,
    pub(super) ledger: &'a Ledger,
    pub(super) graph: Lists<'a>,
    pub(super) limits: Limits,
    refers: Option<&'a Refers>,
    late: &'a AtomicBool,
    pub(super) probe: Probe,
    /// After so many tries at one anchor, what is left of it is shared out.
    pub(super) heavy: u32,
    pub(super) stretch: Stretch,
    /// `C_i` of the language reference: no self-transfer, the rule's and the step's `where` hold. Made from the
    /// predicates as written, for the kernel that defines what a match is; empty for the others.
    candidates: Vec<Mask>,
    /// Candidates whose payer and payee their roles admit at any time; what fast kernels walk.
    admitted: Vec<Arc<Mask>>,
    /// The places of the line at which transfers may stand, where the plan wants that known.
    reach: Option<Reach>,
    /// What a search for round trips walks instead of lists.
    pub(super) hops: Option<BothWays>,
    roles: Vec<Admission>,
    vias: Vec<Option<Admission>>,
}

/// What tasks of one ledger are made with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tools<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) graph: &'a Listing<'a>,
    /// The transfers that a search is kept to, where it is.
    pub(super) only: Option<&'a Mask>,
    pub(super) selector: &'a Selector<'a>,
    pub(super) shared: &'a Shared,
    /// Which transfer undoes which, where some step undoes another.
    pub(super) refers: Option<&'a Refers>,
    /// Whether the time budget is used up.
    pub(super) late: &'a AtomicBool,
    pub(super) probe: Probe,
    pub(super) heavy: u32,
    /// Where the ledger lies in the one that it is a slice of.
    pub(super) stretch: Stretch,
}

/// How a search differs that explains another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// Instances are left apart, each as it was found.
    pub(super) apart: bool,
    /// After so many tries the search ends.
    pub(super) tries: Option<u32>,
}

/// The lists of transfers by account that a kernel walks.
#[derive(Debug)]
pub(super) enum Lists<'a> {
    /// Of all rules, while it is not known whether they are walked.
    Unmade(&'a Listing<'a>),
    /// Of all rules.
    Common(&'a Graph),
    /// Of the transfers that this rule can use.
    Own(Graph),
}

impl std::ops::Deref for Lists<'_> {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        match self {
            Self::Common(graph) => graph,
            Self::Own(graph) => graph,
            Self::Unmade(listing) => before_the_walk(listing),
        }
    }
}

/// Apart, so that a walk does not pay for it.
#[cold]
fn before_the_walk<'l>(listing: &'l Listing<'_>) -> &'l Graph {
    listing.graph()
}

impl<'a> Task<'a> {
    /// For the fast kernels: what the plan's program asks once is asked here.
    pub(super) fn new(plan: &'a Plan, tools: &Tools<'a>, limits: Limits) -> Result<Self, SearchError> {
        let task = Self::admitting(plan, tools, limits, plan.flow.steps.len())?.crowded(tools).on_trips(tools);
        if plan.kernel == Kernel::Cycle {
            return Ok(task.both_ways());
        }
        let scanned = task.scanned();
        Ok(if plan.program.reach { task.reaching(tools, &scanned) } else { task.over(tools, &scanned) })
    }

    /// The same for counting, which finds out by itself what leads nowhere: where a scan leaves most transfers, that costs
    /// less than to know it of all of them.
    pub(super) fn counting(plan: &'a Plan, tools: &Tools<'a>) -> Result<Self, SearchError> {
        let endless = Limits { instances_per_anchor: u64::MAX, matches_per_rule: u64::MAX };
        let task = Self::admitting(plan, tools, endless, plan.flow.steps.len())?.crowded(tools).on_trips(tools);
        if plan.kernel == Kernel::Cycle {
            return Ok(task.both_ways());
        }
        let scanned = task.scanned();
        let few = 2 * scanned.count() < tools.graph.len();
        Ok(if plan.program.reach && few { task.reaching(tools, &scanned) } else { task.over(tools, &scanned) })
    }

    /// The task without the transfers of sets that stand alone.
    fn crowded(mut self, tools: &Tools<'a>) -> Self {
        if self.plan.kernel == Kernel::Layers {
            self.graph = Lists::Common(tools.graph.graph());
            if let Some(masks) = crowds::narrowed(&self) {
                self.admitted = masks.into_iter().map(Arc::new).collect();
            }
        }
        self
    }

    /// The task without the transfers that are on no round trip, where one is asked for.
    pub(super) fn on_trips(mut self, tools: &Tools<'a>) -> Self {
        if self.plan.kernel == Kernel::Cycle {
            let known = tools.only.is_none().then(|| self.asked().next()).flatten();
            self.admitted = vec![tools.shared.on_trips(known, &self)];
        }
        self
    }

    /// The task with what a search for round trips walks.
    fn both_ways(mut self) -> Self {
        self.hops = Some(BothWays::of(&self));
        self
    }

    /// The task with lists of its own where that leaves much out.
    fn over(mut self, tools: &Tools<'a>, scanned: &Mask) -> Self {
        self.graph = if 2 * scanned.count() < tools.graph.len() {
            Lists::Own(Graph::over(tools.ledger, scanned))
        } else {
            Lists::Common(tools.graph.graph())
        };
        self
    }

    /// The task with lists of what leads from end to end.
    fn reaching(mut self, tools: &Tools<'a>, scanned: &Mask) -> Self {
        let lists = Graph::over(tools.ledger, scanned);
        let reach = Reach::new(&self, &lists, scanned);
        self.graph = Lists::Own(Graph::over(tools.ledger, reach.alive()));
        self.reach = Some(reach);
        self
    }

    /// For the kernel that defines what a match is: every predicate as it is written, every list whole.
    pub(super) fn as_written(plan: &'a Plan, tools: &Tools<'a>) -> Result<Self, SearchError> {
        let &Tools { ledger, selector, .. } = tools;
        let mut task = Self::admitting(plan, tools, Limits::default(), plan.flow.steps.len())?;
        let moves = Mask::from_fn(ledger.len(), |row| ledger.senders()[row] != ledger.receivers()[row]);
        let whole = masked(moves.clone(), task.flow.filter.as_ref(), selector)?;
        for step in &task.flow.steps {
            let mask = match &step.uses {
                Some(_) => moves.clone(),
                None => masked(whole.clone(), step.filter.as_ref(), selector)?,
            };
            task.candidates.push(selector.visible(mask, step.uses.as_deref()));
        }
        let written = |predicate: Option<&Predicate>| {
            let (aged, plain) =
                predicate.into_iter().cloned().partition(|predicate| predicate.columns.contains("age_days"));
            Admission::of(&Guard { pushed: plain, tried: aged }, names_kind(predicate), selector)
        };
        task.roles = task.flow.roles.iter().map(|role| written(role.predicate.as_ref())).collect::<Result<_, _>>()?;
        let via = |step: &Step| match &step.shape {
            Shape::Path { via, .. } | Shape::Tree { via, .. } => written(via.as_ref()).map(Some),
            Shape::One | Shape::Set { .. } => Ok(None),
        };
        task.vias = task.flow.steps.iter().map(via).collect::<Result<_, _>>()?;
        Ok(task)
    }

    /// The scans of a plan's first steps, its lists not yet narrowed.
    pub(super) fn admitting(
        plan: &'a Plan,
        tools: &Tools<'a>,
        limits: Limits,
        steps: usize,
    ) -> Result<Self, SearchError> {
        let &Tools { ledger, graph, only, selector, shared, refers, late, probe, heavy, stretch } = tools;
        let flow = &plan.flow;
        let program = &plan.program;
        let roles: Vec<Admission> = program
            .roles
            .iter()
            .zip(&flow.roles)
            .map(|(guard, role)| Admission::of(guard, names_kind(role.predicate.as_ref()), selector))
            .collect::<Result<_, _>>()?;
        let (mut admitted, mut vias) = (Vec::<Arc<Mask>>::new(), Vec::new());
        for (step, part) in flow.steps.iter().enumerate().take(steps) {
            let via = match (&program.scans[step].via, &part.shape) {
                (Some(guard), Shape::Path { via, .. } | Shape::Tree { via, .. }) => {
                    Some(Admission::of(guard, names_kind(via.as_ref()), selector)?)
                }
                _ => None,
            };
            let mut scan = shared.scan(plan, step, &roles, via.as_ref(), selector)?;
            if let Some(only) = only {
                scan = Arc::new(scan.and(only));
            }
            if let Some((undone, refers)) = part.undoes.zip(refers) {
                let undone: &Mask = &admitted[undone];
                let undoes = |row: usize| refers.of(RowId::at(row)).is_some_and(|other| undone.get(other.index()));
                scan = Arc::new(scan.filtered(undoes));
            }
            admitted.push(scan);
            vias.push(via);
        }
        let graph = Lists::Unmade(graph);
        let (candidates, reach, hops) = (Vec::new(), None, None);
        Ok(Self {
            plan,
            flow,
            ledger,
            graph,
            limits,
            refers,
            late,
            probe,
            heavy,
            stretch,
            candidates,
            admitted,
            reach,
            hops,
            roles,
            vias,
        })
    }

    /// Whether a window that starts at a time is looked at here: those behind it belong to the next slice.
    #[inline]
    pub(super) fn owns(&self, start: Time) -> bool {
        self.stretch.owns(start)
    }

    /// Whether the time budget is used up.
    pub(super) fn is_late(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// What the scans of the steps ask.
    pub(super) fn asked(&self) -> impl Iterator<Item = String> {
        let via = |step: StepId| self.vias[step].as_ref();
        (0..self.vias.len()).map(move |step| Shared::key(self.plan, step, &self.roles, via(step)))
    }

    /// The transfers that some step can use.
    pub(super) fn scanned(&self) -> Mask {
        let (first, rest) = self.admitted.split_first().expect("a flow has a step");
        rest.iter().fold((**first).clone(), |all, mask| all.or(mask))
    }

    /// Whether a transfer is a candidate of a step.
    #[inline]
    pub(super) fn is_candidate(&self, step: StepId, row: RowId) -> bool {
        self.candidates[step].get(row.index())
    }

    /// Whether it is, and its two accounts may ever hold the step's roles (or stand between its hops).
    #[inline]
    pub(super) fn is_admitted(&self, step: StepId, row: RowId) -> bool {
        self.admitted[step].get(row.index())
    }

    /// Whether it may be a certain hop (from 1) of a step on a way from end to end.
    #[inline]
    pub(super) fn leads(&self, step: StepId, hop: u32, row: RowId) -> bool {
        match &self.reach {
            Some(reach) => reach.is_at(step, hop, row),
            None => self.is_admitted(step, row),
        }
    }

    /// How many transfers of a step are left when those are gone that lead nowhere.
    pub(super) fn leading_count(&self, step: StepId) -> Option<usize> {
        let on_trips = || (self.plan.kernel == Kernel::Cycle).then(|| self.admitted_count(step));
        self.reach.as_ref().map(|reach| reach.count(step, hops(self, step).1)).or_else(on_trips)
    }

    /// Bytes of the lists and places that are this rule's own.
    pub(super) fn bytes(&self) -> usize {
        let lists = match &self.graph {
            Lists::Unmade(_) | Lists::Common(_) => 0,
            Lists::Own(graph) => graph.bytes(),
        };
        let hops = self.hops.as_ref().map_or(0, BothWays::bytes);
        lists + hops + self.reach.as_ref().map_or(0, Reach::bytes)
    }

    /// The transfers that a step could use.
    pub(super) fn admitted(&self, step: StepId) -> &Mask {
        &self.admitted[step]
    }

    /// Whether the lists hold nothing but what a step could use.
    pub(super) fn uses_all(&self, step: StepId) -> bool {
        self.admitted_count(step) == self.graph.len()
    }

    /// How many transfers a step could use.
    pub(super) fn admitted_count(&self, step: StepId) -> usize {
        self.admitted[step].count()
    }

    /// The transfer that a transfer undoes, if it names one of the ledger; asked where some step `undoes` another.
    #[inline]
    pub(super) fn undone_by(&self, row: RowId) -> Option<RowId> {
        self.refers.and_then(|refers| refers.of(row))
    }

    /// Whether an account may hold a role in an instance that starts at a time.
    #[inline]
    pub(super) fn admits(&self, role: RoleId, account: AccountId, start: Time) -> bool {
        self.roles[role].admits(account, start)
    }

    /// Whether an account may hold a role at some time.
    #[inline]
    pub(super) fn may_hold(&self, role: RoleId, account: AccountId) -> bool {
        self.roles[role].accounts.get(account.index())
    }

    /// Whether every account may hold a role at some time.
    pub(super) fn may_all_hold(&self, role: RoleId) -> bool {
        self.roles[role].accounts.is_full()
    }

    /// Whether every account may stand anywhere on a path that comes back to where it began, at some time.
    pub(super) fn may_all_be_on_trips(&self) -> bool {
        let passes = self.vias[0].as_ref().is_some_and(|via| via.accounts.is_full());
        passes && self.may_all_hold(self.flow.steps[0].payer())
    }

    /// Whether an account may stand between two hops of a step at some time.
    #[inline]
    pub(super) fn may_pass(&self, step: StepId, account: AccountId) -> bool {
        self.vias[step].as_ref().is_some_and(|via| via.accounts.get(account.index()))
    }

    /// Whether an account may stand between two hops of a step.
    #[inline]
    pub(super) fn admits_between(&self, step: StepId, account: AccountId, start: Time) -> bool {
        self.vias[step].as_ref().is_some_and(|via| via.admits(account, start))
    }

    /// Whether any answer depends on when the instance starts.
    pub(super) fn is_aged(&self) -> bool {
        self.roles.iter().chain(self.vias.iter().flatten()).any(|admission| !admission.ages.is_empty())
    }

    /// Whether it is known at which places of the line each transfer may stand.
    pub(super) fn knows_places(&self) -> bool {
        self.reach.is_some()
    }

    /// Whether the answer for a role depends on when the instance starts.
    pub(super) fn depends_on_age(&self, role: RoleId) -> bool {
        !self.roles[role].ages.is_empty()
    }

    /// Whether a step is linked to the one before it by feeding; else the two share accounts.
    pub(super) fn is_fed(&self, step: StepId) -> bool {
        step > 0
            && self.flow.steps[step].direction == Direction::Forward
            && self.flow.steps[step - 1].direction == Direction::Forward
    }

    /// The account of a transfer that holds the left role of its step.
    #[inline]
    pub(super) fn left(&self, step: StepId, row: RowId) -> AccountId {
        match self.flow.steps[step].direction {
            Direction::Forward => self.ledger.sender(row),
            Direction::Reverse => self.ledger.receiver(row),
        }
    }

    /// The account of a transfer that holds the right role of its step.
    #[inline]
    pub(super) fn right(&self, step: StepId, row: RowId) -> AccountId {
        match self.flow.steps[step].direction {
            Direction::Forward => self.ledger.receiver(row),
            Direction::Reverse => self.ledger.sender(row),
        }
    }

    /// The transfers between an account on the left of a step and anybody, in time.
    pub(super) fn right_of(&self, step: StepId, account: AccountId) -> &[RowId] {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.outgoing(account),
            Direction::Reverse => self.graph.incoming(account),
        }
    }

    /// The same with times and the accounts at the other end.
    pub(super) fn list_right_of(&self, step: StepId, account: AccountId) -> List<'_> {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.sent(account),
            Direction::Reverse => self.graph.received(account),
        }
    }

    /// The transfers between an account on the right of a step and anybody, in time, with the accounts at the other end.
    pub(super) fn list_left_of(&self, step: StepId, account: AccountId) -> List<'_> {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.received(account),
            Direction::Reverse => self.graph.sent(account),
        }
    }

    /// The transfers between an account on the right of a step and anybody, in time.
    pub(super) fn left_of(&self, step: StepId, account: AccountId) -> &[RowId] {
        match self.flow.steps[step].direction {
            Direction::Forward => self.graph.incoming(account),
            Direction::Reverse => self.graph.outgoing(account),
        }
    }

    /// Amount in the base currency, if known.
    #[inline]
    pub(super) fn weight(&self, row: RowId) -> Option<Money> {
        self.ledger.base_amount(row).get()
    }

    /// The part of a time-ordered list that lies in a closed range of times.
    pub(super) fn between<'r>(&self, rows: &'r [RowId], from: Time, to: Time) -> &'r [RowId] {
        let begin = rows.partition_point(|&row| self.ledger.time(row) < from);
        let rows = &rows[begin..];
        &rows[..rows.partition_point(|&row| self.ledger.time(row) <= to)]
    }
}

fn masked(mask: Mask, predicate: Option<&Predicate>, selector: &Selector<'_>) -> Result<Mask, SearchError> {
    Ok(match predicate {
        None => mask,
        Some(predicate) => mask.and(&*selector.transfers(predicate)?),
    })
}

/// The least and the most transfers of a step that takes one, or one a hop.
pub(super) fn hops(task: &Task<'_>, step: StepId) -> (u32, u32) {
    match &task.flow.steps[step].shape {
        Shape::Path { hops, .. } => (hops.least, hops.most.expect("the hops of a checked rule are bounded")),
        Shape::One | Shape::Set { .. } | Shape::Tree { .. } => (1, 1),
    }
}

/// How two neighbouring slots are linked at an account: the second's transfer comes so long after the first's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) least: Span,
    pub(super) most: Span,
    /// Whether money goes on, so that ratios can be asked.
    pub(super) fed: bool,
}

/// The link between the slots of two steps, or of two hops of one, that follow each other.
pub(super) fn link(task: &Task<'_>, before: StepId, step: StepId) -> Link {
    if before == step || task.is_fed(step) {
        let delay = task.flow.steps[step].delay;
        return Link { least: delay.least, most: delay.most, fed: true };
    }
    // Sharing an account says nothing of time; the window bounds it.
    Link { least: Span(-task.flow.within.0), most: task.flow.within, fed: false }
}

/// The base-currency sum of weights; `None` where one is unknown.
pub(super) fn total(weights: impl Iterator<Item = Option<Money>>) -> Option<i128> {
    weights.map(|weight| weight.map(|money| i128::from(money.0))).sum()
}
