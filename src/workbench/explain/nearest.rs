//! The nearest miss: which clauses have to be lifted so that some transfers stand in one instance.
//!
//! Lifted flows are searched with the engine's own kernels around the transfers. One clause at a time is lifted first,
//! in the order in which clauses are asked; where none is enough, all are lifted, and put back one by one as long as
//! the transfers stay together.

use crate::columns::{RowId, Span};
use crate::lang::Flow;
use crate::plan::Plan;
use crate::search::{Instance, Instances, Limits, SearchError};

use super::around::around;
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
        Ok(Self { inquiry, variant, flow, rows, room: room(inquiry, flow, rows)?, clauses: clause::all(flow) })
    }

    fn nearest(&self) -> Result<Option<Nearest>, SearchError> {
        let neighbourhood = around(self.inquiry.searcher, self.flow, self.rows, self.room.span, MOST_ROWS)?;
        let mut cut = !neighbourhood.whole;
        let singles: Vec<Vec<Clause>> = self.clauses.iter().map(|&clause| vec![clause]).collect();
        let mut tried = vec![Vec::new()];
        tried.extend(singles);
        let mut best: Option<(usize, Best)> = None;
        for (position, found) in self.search(&neighbourhood.rows, &tried)?.into_iter().enumerate() {
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
            && let Some((lifted, found)) = self.irreducible(single, &mut cut)?
        {
            return self.measured(&lifted, &found, cut).map(Some);
        }
        match best {
            None => Ok(None),
            Some((position, found)) => self.measured(&tried[position], &found, cut).map(Some),
        }
    }

    /// Lifts all clauses and puts back those that are not needed, over the given transfers and those around them, since
    /// sets take in whatever fits; over the given ones alone where a budget keeps the others from being searched.
    /// Nothing where neither holds more of them than `beaten`.
    fn irreducible(&self, beaten: usize, cut: &mut bool) -> Result<Option<(Vec<Clause>, Best)>, SearchError> {
        let all = std::slice::from_ref(&self.clauses);
        let most = FEW_ROWS + self.rows.len();
        let near = around(self.inquiry.searcher, self.flow, self.rows, self.room.span, most)?;
        let own = self.look(self.rows, all, cut)?.filter(|best| best.shared > beaten);
        let alone = own.as_ref().map_or(beaten + 1, |best| best.shared);
        let found = self.look(&near.rows, all, cut)?.filter(|best| best.shared >= alone);
        *cut |= !near.whole || found.is_none() && own.is_some();
        let (ground, Some(mut best)) = (if found.is_some() { &near.rows } else { self.rows }, found.or(own)) else {
            return Ok(None);
        };
        let mut lifted = self.clauses.clone();
        for clause in self.clauses.iter().rev() {
            let fewer: Vec<Clause> = lifted.iter().copied().filter(|other| other != clause).collect();
            let found = self.look(ground, std::slice::from_ref(&fewer), cut)?;
            if let Some(found) = found.filter(|found| found.shared >= best.shared) {
                (lifted, best) = (fewer, found);
            }
        }
        Ok(Some((lifted, best)))
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
