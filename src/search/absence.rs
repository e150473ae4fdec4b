//! What `without` and `expected` ask of a finished match: transfers that must not be there, payments that fail to come.
//!
//! Both look at the whole ledger around the match, at candidates of their own; self-transfers are never looked at.

use std::sync::Arc;

use crate::columns::{AccountId, Ledger, Ratio, RowId, Span, Time};
use crate::lang::{Absence, During, Expectation, Flow, Party, Predicate};

use super::features::features;
use super::graph::Listing;
use super::mask::Mask;
use super::select::Selector;
use super::{Instance, Instances, SearchError};

/// For each match, whether a transfer is there that must not be.
pub(super) fn present(
    flow: &Flow,
    ledger: &Ledger,
    graph: &Listing<'_>,
    selector: &Selector<'_>,
    matches: &Instances,
) -> Result<Vec<bool>, SearchError> {
    let looks = looks(&flow.without, |absence| absence.filter.as_ref(), ledger, graph, selector)?;
    let found = |instance: Instance<'_>| {
        let around = Around::new(flow, ledger, instance);
        looks.iter().any(|(absence, look)| look.finds(absence, &around).next().is_some())
    };
    Ok(matches.iter().map(found).collect())
}

/// For each clause of `without`, the transfers that it forbids beside a match, in row order.
pub(super) fn forbidden(
    flow: &Flow,
    ledger: &Ledger,
    graph: &Listing<'_>,
    selector: &Selector<'_>,
    instance: Instance<'_>,
) -> Result<Vec<Vec<RowId>>, SearchError> {
    let looks = looks(&flow.without, |absence| absence.filter.as_ref(), ledger, graph, selector)?;
    let around = Around::new(flow, ledger, instance);
    let rows = |(absence, look): &(&Absence, Look<'_>)| {
        let mut rows: Vec<RowId> = look.finds(absence, &around).collect();
        rows.sort_unstable();
        rows
    };
    Ok(looks.iter().map(rows).collect())
}

/// For each clause of `expected`, whether a payment that it looks for failed to come.
pub(super) fn missed(
    flow: &Flow,
    ledger: &Ledger,
    graph: &Listing<'_>,
    selector: &Selector<'_>,
    instance: Instance<'_>,
) -> Result<Vec<bool>, SearchError> {
    let looks = looks(&flow.expected, |expected| expected.filter.as_ref(), ledger, graph, selector)?;
    let around = Around::new(flow, ledger, instance);
    Ok(looks.iter().map(|(expected, look)| look.misses(expected, &around)).collect())
}

/// For each match, whether a payment that must have failed to come did come, or never had a rhythm.
pub(super) fn came(
    flow: &Flow,
    ledger: &Ledger,
    graph: &Listing<'_>,
    selector: &Selector<'_>,
    matches: &Instances,
) -> Result<Vec<bool>, SearchError> {
    let looks = looks(&flow.expected, |expected| expected.filter.as_ref(), ledger, graph, selector)?;
    let missed = |instance: Instance<'_>| {
        let around = Around::new(flow, ledger, instance);
        looks.iter().all(|(expected, look)| look.misses(expected, &around))
    };
    Ok(matches.iter().map(|instance| !missed(instance)).collect())
}

/// The accounts whose payments out, and whose payments in, some clause asks about beside finished matches; in order.
pub(super) fn asked(flow: &Flow, ledger: &Ledger, matches: &Instances) -> [Vec<AccountId>; 2] {
    let without = flow.without.iter().map(|absence| (absence.payer, absence.payee));
    let sides: Vec<_> = without.chain(flow.expected.iter().map(|expected| (expected.payer, expected.payee))).collect();
    let mut asked = [Vec::new(), Vec::new()];
    for instance in matches.iter().filter(|_| !sides.is_empty()) {
        let roles = features(flow, ledger, instance).roles;
        for side in &sides {
            match *side {
                (Party::Role(role), _) => asked[0].extend(&roles[role]),
                (Party::Anyone, Party::Role(role)) => asked[1].extend(&roles[role]),
                (Party::Anyone, Party::Anyone) => {}
            }
        }
    }
    asked.map(|mut accounts: Vec<AccountId>| {
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    })
}

/// Each clause with the transfers that it looks at.
fn looks<'c, 'a, C>(
    clauses: &'c [C],
    filter: fn(&C) -> Option<&Predicate>,
    ledger: &'a Ledger,
    graph: &'a Listing<'a>,
    selector: &Selector<'_>,
) -> Result<Vec<(&'c C, Look<'a>)>, SearchError> {
    clauses.iter().map(|clause| Ok((clause, Look::new(ledger, graph, selector, filter(clause))?))).collect()
}

/// A finished match as a clause sees it.
struct Around {
    roles: Vec<Vec<AccountId>>,
    transfers: Vec<RowId>,
    started: Time,
    ended: Time,
}

impl Around {
    fn new(flow: &Flow, ledger: &Ledger, instance: Instance<'_>) -> Self {
        let known = features(flow, ledger, instance);
        Self { roles: known.roles, transfers: instance.transfers(), started: known.started, ended: known.ended }
    }

    /// Whether an account is on this side.
    fn is(&self, party: Party, account: AccountId) -> bool {
        match party {
            Party::Anyone => true,
            Party::Role(role) => self.roles[role].binary_search(&account).is_ok(),
        }
    }
}

/// The transfers that one clause looks at. Where no clause looks, no lists are made.
struct Look<'a> {
    ledger: &'a Ledger,
    graph: &'a Listing<'a>,
    filter: Option<Arc<Mask>>,
}

impl<'a> Look<'a> {
    fn new(
        ledger: &'a Ledger,
        graph: &'a Listing<'a>,
        selector: &Selector<'_>,
        filter: Option<&Predicate>,
    ) -> Result<Self, SearchError> {
        let filter = filter.map(|predicate| selector.transfers(predicate)).transpose()?;
        Ok(Self { ledger, graph, filter })
    }

    fn meets(&self, row: RowId) -> bool {
        self.filter.as_ref().is_none_or(|mask| mask.get(row.index()))
    }

    fn time(&self, row: RowId) -> Time {
        self.ledger.time(row)
    }

    /// The transfers from one party to the other that meet the filter, account by account of the named side.
    fn between(&self, payer: Party, payee: Party, around: &'a Around) -> impl Iterator<Item = RowId> + use<'_, 'a> {
        let lists: Vec<&[RowId]> = match (payer, payee) {
            (Party::Role(role), _) => around.roles[role].iter().map(|&account| self.graph.outgoing(account)).collect(),
            (Party::Anyone, Party::Role(role)) => {
                around.roles[role].iter().map(|&account| self.graph.incoming(account)).collect()
            }
            (Party::Anyone, Party::Anyone) => Vec::new(),
        };
        let fits = move |row: &RowId| {
            around.is(payer, self.ledger.sender(*row))
                && around.is(payee, self.ledger.receiver(*row))
                && self.meets(*row)
        };
        lists.into_iter().flatten().copied().filter(fits)
    }

    /// The transfers that a clause forbids beside a match, account by account.
    fn finds<'l>(&'l self, absence: &'l Absence, around: &'l Around) -> impl Iterator<Item = RowId> + use<'l, 'a> {
        let inside = move |row: RowId| {
            let time = self.time(row);
            match absence.during {
                During::Before(span) => around.started - span <= time && time < around.started,
                During::EverBefore => time < around.started,
                During::Match => (around.started..=around.ended).contains(&time),
                During::After(span) => around.ended < time && time <= around.ended + span,
            }
        };
        self.between(absence.payer, absence.payee, around)
            .filter(move |&row| inside(row) && around.transfers.binary_search(&row).is_err())
    }

    /// Whether some pair of accounts had a rhythm that the match interrupts.
    fn misses(&self, expected: &Expectation, around: &Around) -> bool {
        let mut payments: Vec<(AccountId, AccountId, Time)> = self
            .between(expected.payer, expected.payee, around)
            .map(|row| (self.ledger.sender(row), self.ledger.receiver(row), self.time(row)))
            .collect();
        payments.sort_unstable();
        payments.dedup();
        let end = self.ledger.times().last().copied();
        payments.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).any(|pair| {
            let earlier = pair.partition_point(|&(.., time)| time < around.started);
            let due = latest(&pair[..earlier], expected.times, expected.tolerance);
            due.is_some_and(|due| {
                let next = pair.get(earlier).map(|&(.., time)| time);
                around.started <= due && next.is_none_or(|next| next > due) && end.is_some_and(|end| due <= end)
            })
        })
    }
}

/// The latest time at which the next of these payments is due: the last one, its rhythm (the lower median of the gaps),
/// and the share of it that it may be late. Nothing where there are fewer than `times`.
fn latest(payments: &[(AccountId, AccountId, Time)], times: u32, tolerance: Ratio) -> Option<Time> {
    if payments.len() < times as usize {
        return None;
    }
    let mut gaps: Vec<Span> = payments.windows(2).map(|pair| pair[1].2 - pair[0].2).collect();
    gaps.sort_unstable();
    let rhythm = *gaps.get((gaps.len().checked_sub(1)?) / 2)?;
    let late = i128::from(rhythm.0) * i128::from(tolerance.numerator()) / i128::from(tolerance.denominator());
    Some(payments.last()?.2 + rhythm + Span(i64::try_from(late).unwrap_or(i64::MAX)))
}
