//! The nearest miss: which clauses have to be lifted so that some transfers stand in one instance.
//!
//! Lifted flows are searched with the engine's own kernels around the transfers. One clause at a time is lifted first,
//! in the order in which clauses are asked; where none is enough, all are lifted, and put back one by one as long as
//! the transfers stay together. What is found is looked at again among all transfers of the accounts that decide what its
//! sets and trees hold, so that a clause which is named decides in the whole ledger, and not only nearby.

use std::collections::BTreeSet;

use crate::columns::{RowId, Span};
use crate::lang::{Flow, RoleId, Shape};
use crate::plan::Plan;
use crate::search::{Instance, Instances, Limits, SearchError};

use super::around::{Around, around};
use super::clause::{self, Clause, Room};
use super::inquiry::Inquiry;
use super::measure::{Check, Measured};

/// Transfers of a neighbourhood, at most: a few thousand are searched in a blink.
const MOST_ROWS: usize = 2_000;

/// The same where every clause is lifted, and much more is found.
pub(super) const FEW_ROWS: usize = 200;

/// Tries of one search, at most.
pub(super) const TRIES: u32 = 100_000;

/// Instances of one search, at most.
pub(super) const LIMITS: Limits = Limits { instances_per_anchor: 2_000, matches_per_rule: 50_000 };

/// How often what was found is looked at again among more transfers, at most.
const ROUNDS: usize = 4;

/// Instances that are measured, at most; the others hold less of the transfers, or as much.
const MEASURED: usize = 64;

/// What is nearest to being a match and holds the transfers, or most of them.
#[derive(Clone, Debug)]
pub(super) struct Nearest {
    /// Position of the flow.
    pub(super) variant: usize,
    /// The clauses that had to be lifted, in the order in which they are asked, and what fails them.
    pub(super) failing: Vec<Check>,
    /// The transfers of what was found then.
    pub(super) rows: Vec<RowId>,
    /// How many of the given transfers it holds.
    pub(super) shared: usize,
    /// Whether a budget ended some search, so that a nearer one may have been passed over.
    pub(super) cut: bool,
}

/// The nearest miss over all flows of the rule; nothing where the flow's shape does not hold any of the transfers.
pub(super) fn nearest(inquiry: &Inquiry<'_>, rows: &[RowId]) -> Result<Option<Nearest>, SearchError> {
    let mut best: Option<Nearest> = None;
    for variant in 0..inquiry.plans.len() {
        let found = Hunt::new(inquiry, variant, rows)?.nearest()?;
        let better = |one: &Nearest, other: &Nearest| {
            (one.shared, std::cmp::Reverse(one.failing.len())) > (other.shared, std::cmp::Reverse(other.failing.len()))
        };
        if let Some(found) = found
            && best.as_ref().is_none_or(|best| better(&found, best))
        {
            best = Some(found);
        }
    }
    Ok(best)
}

/// How far a flow is opened for some transfers: as long as they span and twice the window at least, and as many hops.
pub(super) fn room(inquiry: &Inquiry<'_>, flow: &Flow, rows: &[RowId]) -> Result<Room, SearchError> {
    let ledger = inquiry.searcher.ledger_of(flow)?;
    let times = || rows.iter().map(|&row| ledger.time(row));
    let own = times().min().zip(times().max()).map_or(Span::ZERO, |(first, last)| last - first);
    Ok(Room {
        span: own.max(Span(flow.within.0.saturating_mul(2))),
        hops: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        has_kind: ledger.accounts().column("kind").is_some(),
    })
}

/// A flow of the rule without some clauses, opened as far as some transfers need: what it finds beyond the flow itself,
/// these clauses keep away.
///
/// # Errors
///
/// Where the ledger was not put together by owner.
pub fn relaxed(inquiry: &Inquiry<'_>, variant: usize, clauses: &[Clause], rows: &[RowId]) -> Result<Plan, SearchError> {
    let plan = &inquiry.plans[variant];
    let flow = clause::lifted(&plan.flow, clauses, room(inquiry, &plan.flow, rows)?);
    Ok(clause::plan_of(&plan.typology, flow))
}

/// The search for the nearest miss of one flow.
struct Hunt<'a, 's> {
    inquiry: &'a Inquiry<'s>,
    variant: usize,
    flow: &'a Flow,
    rows: &'a [RowId],
    room: Room,
    clauses: Vec<Clause>,
    /// The given transfers, and others around which is looked, too, in row order.
    seeds: Vec<RowId>,
}

/// What comes nearest among some transfers: the clauses that were lifted, and what was found then.
struct Outcome {
    lifted: Vec<Clause>,
    best: Best,
    ground: Vec<RowId>,
    cut: bool,
}

/// The instance of a lifted flow that holds most of the transfers.
struct Best {
    found: Instances,
    at: usize,
    shared: usize,
}

impl Best {
    fn instance(&self) -> Instance<'_> {
        self.found.get(self.at)
    }
}

impl<'a, 's> Hunt<'a, 's> {
    fn new(inquiry: &'a Inquiry<'s>, variant: usize, rows: &'a [RowId]) -> Result<Self, SearchError> {
        let flow = &inquiry.plans[variant].flow;
        let (room, clauses) = (room(inquiry, flow, rows)?, clause::all(flow));
        Ok(Self { inquiry, variant, flow, rows, room, clauses, seeds: rows.to_vec() })
    }

    fn nearest(mut self) -> Result<Option<Nearest>, SearchError> {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let Some(Outcome { lifted, best, ground, cut }) = self.outcome()? else { return Ok(None) };
            let lacking = self.lacking(best.instance(), &ground)?;
            if lacking.is_empty() || rounds == ROUNDS || ground.len() + lacking.len() > MOST_ROWS {
                return self.measured(&lifted, &best, cut || !lacking.is_empty()).map(Some);
            }
            self.seeds.extend(lacking);
            self.seeds.sort_unstable();
        }
    }

    /// The transfers outside of `ground` of those accounts of an instance that decide what its sets and trees hold.
    fn lacking(&self, found: Instance<'_>, ground: &[RowId]) -> Result<Vec<RowId>, SearchError> {
        let (searcher, flow) = (self.inquiry.searcher, self.flow);
        let ledger = searcher.ledger_of(flow)?;
        let decides = |role: RoleId, is_end: bool| flow.roles[role].is_single() || !is_end;
        let mut accounts = BTreeSet::new();
        for (slot, &step) in found.slots.iter().enumerate() {
            let part = &flow.steps[step];
            let [left, right] = match part.shape {
                Shape::One | Shape::Path { .. } => continue,
                Shape::Set { .. } => [decides(part.left, step == 0), decides(part.right, step + 1 == flow.steps.len())],
                Shape::Tree { .. } => [true, true],
            };
            let [sender, receiver] = if part.payer() == part.left { [left, right] } else { [right, left] };
            for &row in found.slot(slot) {
                accounts.extend(sender.then(|| ledger.sender(row)));
                accounts.extend(receiver.then(|| ledger.receiver(row)));
            }
        }
        let times = || self.rows.iter().map(|&row| ledger.time(row));
        let Some((first, last)) = times().min().zip(times().max()) else { return Ok(Vec::new()) };
        let mut rows = BTreeSet::new();
        for account in accounts {
            rows.extend(searcher.touching(flow, account, first - self.room.span, last + self.room.span)?);
        }
        Ok(rows.into_iter().filter(|row| ground.binary_search(row).is_err()).collect())
    }

    /// What comes nearest among the seeds and what is around them.
    fn outcome(&self) -> Result<Option<Outcome>, SearchError> {
        let Around { rows: ground, whole } =
            around(self.inquiry.searcher, self.flow, &self.seeds, self.room.span, MOST_ROWS)?;
        let mut cut = !whole;
        let singles: Vec<Vec<Clause>> = self.clauses.iter().map(|&clause| vec![clause]).collect();
        let mut tried = vec![Vec::new()];
        tried.extend(singles);
        let mut best: Option<(usize, Best)> = None;
        for (position, found) in self.search(&ground, &tried)?.into_iter().enumerate() {
            // What comes behind a clause that is enough alone is not asked any more.
            let enough = best.as_ref().is_some_and(|(_, best)| best.shared == self.rows.len());
            cut |= !found.cuts.is_empty() && !enough;
            let Some(found) = self.best_of(found) else { continue };
            if best.as_ref().is_none_or(|(_, best)| found.shared > best.shared) {
                best = Some((position, found));
            }
        }
        let single = best.as_ref().map_or(0, |(_, best)| best.shared);
        if single < self.rows.len()
            && let Some(outcome) = self.irreducible(single, cut)?
        {
            return Ok(Some(outcome));
        }
        Ok(best.map(|(position, best)| Outcome { lifted: tried.swap_remove(position), best, ground, cut }))
    }

    /// Lifts all clauses and puts back those that are not needed, over the seeds and the transfers around them, since sets
    /// take in whatever fits; over the seeds alone where a budget keeps the others from being searched.
    /// Nothing where no more of them are held than `beaten`.
    fn irreducible(&self, beaten: usize, mut cut: bool) -> Result<Option<Outcome>, SearchError> {
        let all = std::slice::from_ref(&self.clauses);
        let most = FEW_ROWS + self.seeds.len();
        let Around { rows: mut ground, whole } =
            around(self.inquiry.searcher, self.flow, &self.seeds, self.room.span, most)?;
        let mut ended = !whole;
        let mut found = self.look(&ground, all, &mut ended)?.filter(|best| best.shared > beaten);
        cut |= ended;
        if ended {
            let beaten = found.as_ref().map_or(beaten, |found| found.shared);
            if let Some(own) = self.look(&self.seeds, all, &mut cut)?.filter(|best| best.shared > beaten) {
                (ground, found) = (self.seeds.clone(), Some(own));
            }
        }
        let Some(mut best) = found else { return Ok(None) };
        let mut lifted = self.clauses.clone();
        for clause in self.clauses.iter().rev() {
            let fewer: Vec<Clause> = lifted.iter().copied().filter(|other| other != clause).collect();
            let found = self.look(&ground, std::slice::from_ref(&fewer), &mut cut)?;
            if let Some(found) = found.filter(|found| found.shared >= best.shared) {
                (lifted, best) = (fewer, found);
            }
        }
        Ok(Some(Outcome { lifted, best, ground, cut }))
    }

    /// What holds most of the given transfers among some, with some clauses lifted.
    fn look(&self, ground: &[RowId], lifted: &[Vec<Clause>], cut: &mut bool) -> Result<Option<Best>, SearchError> {
        let found = self.search(ground, lifted)?.swap_remove(0);
        *cut |= !found.cuts.is_empty();
        Ok(self.best_of(found))
    }

    fn search(&self, rows: &[RowId], lifted: &[Vec<Clause>]) -> Result<Vec<Instances>, SearchError> {
        let plan = &self.inquiry.plans[self.variant];
        let excerpt = self.inquiry.searcher.excerpt(plan, rows, &self.inquiry.standins)?;
        let plans: Vec<Plan> = lifted
            .iter()
            .map(|lifted| clause::plan_of(&plan.typology, clause::lifted(self.flow, lifted, self.room)))
            .collect();
        excerpt.instances(&plans, &LIMITS, TRIES).into_iter().collect()
    }

    /// Of the instances that hold most of the transfers, the one that holds least else.
    fn best_of(&self, found: Instances) -> Option<Best> {
        let shared = |instance: Instance<'_>| {
            let own = instance.transfers();
            (own.iter().filter(|row| self.rows.binary_search(row).is_ok()).count(), std::cmp::Reverse(own.len()))
        };
        let scores: Vec<_> = found.iter().map(shared).collect();
        let at = (0..scores.len()).max_by_key(|&at| (scores[at], std::cmp::Reverse(at)))?;
        let shared = scores[at].0;
        (shared > 0).then_some(Best { found, at, shared })
    }

    /// Measures what was found: of those that hold as much, the one that fails least.
    fn measured(&self, lifted: &[Clause], best: &Best, cut: bool) -> Result<Nearest, SearchError> {
        let holds = |instance: &Instance<'_>| {
            instance.transfers().iter().filter(|row| self.rows.binary_search(row).is_ok()).count() == best.shared
        };
        let tied = std::iter::once(best.instance()).chain(best.found.iter().filter(holds)).take(MEASURED);
        let mut nearest: Option<(usize, Vec<Check>, Instance<'_>)> = None;
        for instance in tied {
            let checks = Measured::new(self.inquiry.searcher, self.flow, instance, self.rows)?.checks()?;
            let failing = checks.iter().filter(|check| !check.holds).count();
            if nearest.as_ref().is_none_or(|(fewest, ..)| failing < *fewest) {
                nearest = Some((failing, checks, instance));
            }
        }
        let (_, checks, instance) = nearest.expect("the best instance is measured");
        let failing = self.failing(lifted, checks, instance)?;
        Ok(Nearest { variant: self.variant, failing, rows: instance.transfers(), shared: best.shared, cut })
    }

    /// The clauses that had to be lifted, each with what fails it: among the given transfers, or else among those that
    /// stand with them.
    fn failing(
        &self,
        lifted: &[Clause],
        checks: Vec<Check>,
        instance: Instance<'_>,
    ) -> Result<Vec<Check>, SearchError> {
        let beside = Measured::new(self.inquiry.searcher, self.flow, instance, &[])?.checks()?;
        let mut fails: Vec<Check> = checks.into_iter().chain(beside).filter(|check| !check.holds).collect();
        let own = self.clauses.iter().filter(|clause| lifted.contains(clause));
        let check = |&clause: &Clause| match fails.iter().position(|check| check.clause == clause) {
            Some(at) => fails.remove(at),
            None => Check::unmeasured(self.flow, clause),
        };
        Ok(own.map(check).collect())
    }
}
