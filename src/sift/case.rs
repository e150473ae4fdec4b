//! Puts matches together that share accounts: what an analyst works on as one case.
//!
//! Accounts that stand for the outside (kind `external` or `cash`) do not connect: they are in many flows that have
//! nothing to do with each other. Every other account does, however many flows it is in.

use rayon::prelude::*;

use crate::columns::{AccountId, Ledger, RowId};
use crate::lang::{Severity, TypologySet};

use super::{Case, Cases, Match, id};

/// The cases of all matches, the gravest first; fills in the case of each match.
pub(super) fn gather(matches: &mut [Match], ledger: &Ledger, set: &TypologySet) -> Cases {
    let groups = connected(matches, ledger);
    let mut list: Vec<Case> = groups.into_par_iter().map(|group| open(group, matches, ledger, set)).collect();
    list.par_sort_by(|a, b| {
        let gravest_first = b.severity.cmp(&a.severity).then_with(|| b.value.cmp(&a.value));
        gravest_first.then_with(|| b.rules.len().cmp(&a.rules.len())).then_with(|| a.id.cmp(&b.id))
    });
    for (position, case) in list.iter().enumerate() {
        for &member in &case.matches {
            matches[member].case = position;
        }
    }
    Cases { list }
}

/// Groups of matches that share accounts, transitively; each in match order.
fn connected(matches: &[Match], ledger: &Ledger) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..matches.len()).collect();
    let mut holder: Vec<Option<usize>> = vec![None; ledger.accounts().len()];
    for (member, matched) in matches.iter().enumerate() {
        for account in matched.accounts(ledger) {
            if ledger.accounts().is_outside(account) {
                continue;
            }
            match holder[account.index()] {
                None => holder[account.index()] = Some(member),
                Some(other) => {
                    let (a, b) = (root(&mut parent, other), root(&mut parent, member));
                    parent[a.max(b)] = a.min(b);
                }
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); matches.len()];
    for member in 0..matches.len() {
        groups[root(&mut parent, member)].push(member);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn root(parent: &mut [usize], mut member: usize) -> usize {
    while parent[member] != member {
        parent[member] = parent[parent[member]];
        member = parent[member];
    }
    member
}

/// The case of a group of matches.
fn open(group: Vec<usize>, matches: &[Match], ledger: &Ledger, set: &TypologySet) -> Case {
    let members = || group.iter().map(|&member| &matches[member]);
    let transfers: Vec<RowId> = sorted(members().flat_map(|matched| matched.transfers.iter().copied()));
    let ends = transfers.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]);
    let accounts: Vec<AccountId> = sorted(ends);
    let rules: Vec<usize> = sorted(members().map(|matched| matched.rule));
    let weights: Vec<i64> =
        transfers.iter().filter_map(|&row| ledger.base_amount(row).get()).map(|money| money.0).collect();
    Case {
        id: id::of_case(members().map(|matched| matched.id.as_str()).collect()),
        severity: rules.iter().map(|&rule| set.typologies[rule].severity).max().unwrap_or(Severity::Low),
        value: weights.iter().map(|&weight| i128::from(weight)).sum(),
        unweighed: transfers.len() - weights.len(),
        accounts,
        transfers,
        rules,
        matches: group,
    }
}

fn sorted<T: Ord + Send>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.par_sort_unstable();
    values.dedup();
    values
}
