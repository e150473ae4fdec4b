//! Why some transfers are no match of a rule, in one value that prints as one line.

use std::fmt;

use crate::columns::RowId;
use crate::search::SearchError;
use crate::sift::{Fate, Fates, Match};

use super::finished;
use super::inquiry::Inquiry;
use super::measure::Check;
use super::missing::{Missing, missing};
use super::nearest::{self, Nearest};
use super::parameter::{self, Moved};

/// Why some transfers are in no match together.
#[derive(Clone, Debug)]
pub struct Miss {
    /// The transfers asked about, in row order, without self-transfers.
    pub rows: Vec<RowId>,
    /// Of these, transfers from an account to itself: never part of a match.
    pub selves: Vec<RowId>,
    /// The reason.
    pub reason: Reason,
    /// How many of the transfers the nearest thing holds together.
    pub shared: usize,
    /// How many transfers it has.
    pub transfers: usize,
    /// Whether a budget ended some search: a nearer miss may have been passed over.
    pub cut: bool,
}

/// The first thing that stands between some transfers and a match.
#[derive(Clone, Debug)]
pub enum Reason {
    /// Nothing does: this match holds them all.
    Found(Box<Match>),
    /// No transfer was asked about, or only self-transfers.
    Nothing,
    /// A clause fails; beside it, others may.
    Clause {
        /// Position of the flow that comes nearest.
        variant: usize,
        /// The clause that is asked first of those that fail.
        first: Box<Check>,
        /// The others that fail, too.
        others: Vec<Check>,
        /// The parameter that moves the bound of the first, where one does.
        moved: Option<Box<Moved>>,
    },
    /// A finished match holds them and is dropped.
    Dropped {
        /// Why.
        fate: Fate,
        /// Position of its flow, and its position among the finished matches of the flow.
        place: (usize, usize),
        /// What it fails, first what was asked first.
        failing: Vec<Check>,
        /// The parameter that moves the bound of the first, where one does.
        moved: Option<Box<Moved>>,
    },
    /// No clause alone is at fault: even with every clause lifted nothing stands for one of the steps.
    Missing(Missing),
    /// This match holds some of them, and even with every clause lifted the flow holds no more of them together.
    Part(Box<Match>),
    /// The flow has no place for any of them.
    Shape,
}

/// Why these transfers are in no match of the rule together, or the match that they are in.
///
/// # Errors
///
/// Where a predicate does not fit the ledger's columns.
pub fn nearest_miss(inquiry: &Inquiry<'_>, rows: &[RowId]) -> Result<Miss, SearchError> {
    let flow = &inquiry.typology().flow;
    let ledger = inquiry.searcher.ledger_of(flow)?;
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup();
    let (selves, rows): (Vec<RowId>, Vec<RowId>) =
        rows.into_iter().partition(|&row| ledger.sender(row) == ledger.receiver(row));
    let all = rows.len();
    let done = |reason, shared, transfers, cut| Miss {
        rows: rows.clone(),
        selves: selves.clone(),
        reason,
        shared,
        transfers,
        cut,
    };
    if rows.is_empty() {
        return Ok(done(Reason::Nothing, 0, 0, false));
    }
    if let Some(found) = inquiry.holder(&rows).filter(|_| selves.is_empty()) {
        return Ok(done(Reason::Found(Box::new(found.clone())), all, found.transfers.len(), false));
    }
    if let Some((place, transfers, fate)) = dropped(&inquiry.fates, &rows) {
        let size = transfers.len();
        let instance = inquiry.fates[place.0].finished.get(place.1);
        let checks = finished::checks(inquiry, place.0, instance, fate)?;
        let failing: Vec<Check> = checks.into_iter().filter(|check| !check.holds).collect();
        let moved = failing.first().and_then(|first| parameter::moved(inquiry, place.0, first)).map(Box::new);
        return Ok(done(Reason::Dropped { fate: fate.clone(), place, failing, moved }, all, size, false));
    }
    let Some(nearest) = nearest::nearest(inquiry, &rows)? else {
        let missing = missing(inquiry, &rows, nearest::room(inquiry, flow, &rows)?)?;
        let shared = missing.map_or(0, |missing| missing.shared);
        return Ok(done(missing.map_or(Reason::Shape, Reason::Missing), shared, 0, false));
    };
    let Nearest { variant, failing, rows: held, shared, cut } = nearest;
    let mut failing = failing.into_iter();
    let reason = match failing.next() {
        Some(first) => {
            let moved = parameter::moved(inquiry, variant, &first).map(Box::new);
            Reason::Clause { variant, first: Box::new(first), others: failing.collect(), moved }
        }
        None => part(inquiry, &rows).map_or(Reason::Shape, |found| Reason::Part(Box::new(found.clone()))),
    };
    Ok(done(reason, shared, held.len(), cut))
}

/// The reported match that holds most of some transfers, and least else.
fn part<'i>(inquiry: &'i Inquiry<'_>, rows: &[RowId]) -> Option<&'i Match> {
    let held = |found: &Match| rows.iter().filter(|row| found.transfers.binary_search(row).is_ok()).count();
    let touching = inquiry.matches().filter(|found| held(found) > 0);
    touching.max_by_key(|found| (held(found), std::cmp::Reverse(found.transfers.len())))
}

/// The finished match that holds all of these transfers, came farthest and was dropped.
fn dropped<'f>(flows: &'f [Fates], rows: &[RowId]) -> Option<((usize, usize), Vec<RowId>, &'f Fate)> {
    let mut found: Vec<((usize, usize), Vec<RowId>, &Fate)> = Vec::new();
    for (variant, flow) in flows.iter().enumerate() {
        for (position, (instance, fate)) in flow.finished.iter().zip(&flow.fates).enumerate() {
            let transfers = instance.transfers();
            if rows.iter().all(|row| transfers.binary_search(row).is_ok()) {
                found.push(((variant, position), transfers, fate));
            }
        }
    }
    let far = |fate: &Fate| match fate {
        Fate::AboveUpperEnd => 0,
        Fate::Forbidden => 1,
        Fate::NotMissing => 2,
        Fate::Unless => 3,
        Fate::Contained(_) => 4,
        Fate::Reported(_) => 5,
    };
    found.into_iter().max_by_key(|(place, transfers, fate)| (far(fate), std::cmp::Reverse((transfers.len(), *place))))
}

impl Miss {
    /// Whether the transfers are in a match after all.
    #[must_use]
    pub fn is_match(&self) -> bool {
        matches!(self.reason, Reason::Found(_))
    }
}

/// A check that fails in one line: `delay of step 2: 26h, allowed 0s..24h`.
pub(super) fn line(check: &Check) -> String {
    format!("{}: {}, allowed {}", check.name, check.found, check.asked)
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Found(found) => write!(f, "in match {}", found.id)?,
            Reason::Nothing => write!(f, "no transfer between two accounts")?,
            Reason::Clause { first, others, moved, .. } => write_failing(first, others, moved.as_deref(), f)?,
            Reason::Dropped { failing, moved, .. } => match failing.split_first() {
                Some((first, others)) => write_failing(first, others, moved.as_deref(), f)?,
                None => write!(f, "the finished match is dropped")?,
            },
            Reason::Missing(missing) => {
                let (first, last) = (missing.filled.0 + 1, missing.filled.1 + 1);
                let filled = if first == last { format!("step {first}") } else { format!("steps {first} to {last}") };
                write!(f, "nothing stands beside them for step {}, even with every clause lifted; ", missing.step + 1)?;
                write!(f, "they could stand in {filled}")?;
            }
            Reason::Part(found) => {
                write!(f, "match {} holds some, and the flow has no place for the others", found.id)?;
            }
            Reason::Shape => write!(f, "the flow has no place for them")?,
        }
        let all = self.rows.len();
        if self.shared < all && self.shared > 0 {
            write!(f, " ({} of {all} transfers)", self.shared)?;
        }
        if self.cut { write!(f, " (cut by the budget of explanations)") } else { Ok(()) }
    }
}

fn write_failing(first: &Check, others: &[Check], moved: Option<&Moved>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", line(first))?;
    if let Some(moved) = moved {
        write!(f, " (`{}`)", moved.parameter)?;
    }
    let mut names: Vec<&str> =
        others.iter().map(|check| check.name.as_str()).filter(|name| *name != first.name).collect();
    names.dedup();
    if names.is_empty() { Ok(()) } else { write!(f, "; also {}", names.join(", ")) }
}
