//! The neighbourhood of some transfers: what could stand in one instance with them.

use std::collections::BTreeSet;

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{Flow, Shape};
use crate::search::{SearchError, Searcher};

/// Transfers around some transfers, and whether all were taken that could matter.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) rows: Vec<RowId>,
    pub(super) whole: bool,
}

/// Everything that the accounts of some transfers send and get as long before and after as an instance may span, then
/// the same of the accounts so reached, as often as the line is long; the nearest first, and at most `most` transfers.
pub(super) fn around(
    searcher: &Searcher<'_>,
    flow: &Flow,
    rows: &[RowId],
    span: Span,
    most: usize,
) -> Result<Around, SearchError> {
    let ledger = searcher.ledger_of(flow)?;
    let times = || rows.iter().map(|&row| ledger.time(row));
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Ok(Around { rows: Vec::new(), whole: true });
    };
    let (from, to) = (first - span, last + span);
    let mut found: BTreeSet<RowId> = rows.iter().copied().collect();
    let mut known = BTreeSet::new();
    let mut edge = ends(searcher, flow, rows)?;
    for _ in 0..places(flow) {
        let mut reached = Vec::new();
        for account in edge.into_iter().filter(|account| known.insert(*account)).collect::<Vec<_>>() {
            let touching = searcher.touching(flow, account, from, to)?;
            let nearest = nearest_first(ledger, touching, first, last);
            for row in nearest {
                if found.len() >= most {
                    return Ok(Around { rows: found.into_iter().collect(), whole: false });
                }
                if found.insert(row) {
                    reached.push(row);
                }
            }
        }
        if reached.is_empty() {
            break;
        }
        // An account of the outside joins everybody with everybody.
        edge = ends(searcher, flow, &reached)?;
        edge.retain(|&account| !ledger.accounts().is_outside(account));
    }
    Ok(Around { rows: found.into_iter().collect(), whole: true })
}

fn nearest_first(ledger: &crate::columns::Ledger, mut rows: Vec<RowId>, first: Time, last: Time) -> Vec<RowId> {
    let away = |row: RowId| {
        let time = ledger.time(row);
        Span((first - time).0.max((time - last).0).max(0))
    };
    rows.sort_by_key(|&row| (away(row), row));
    rows
}

fn ends(searcher: &Searcher<'_>, flow: &Flow, rows: &[RowId]) -> Result<Vec<AccountId>, SearchError> {
    let ledger = searcher.ledger_of(flow)?;
    let mut accounts: Vec<AccountId> =
        rows.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]).collect();
    accounts.sort_unstable();
    accounts.dedup();
    Ok(accounts)
}

/// How often accounts lead to further accounts inside one instance: along the line, and, since a set joins what its
/// neighbours have in common, there and back again.
fn places(flow: &Flow) -> u32 {
    let hops = |shape: &Shape| match shape {
        Shape::Path { hops, .. } | Shape::Tree { hops, .. } => hops.most.unwrap_or(1),
        Shape::One => 1,
        Shape::Set { .. } => 2,
    };
    flow.steps.iter().map(|step| hops(&step.shape)).sum()
}
