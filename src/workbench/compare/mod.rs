//! Compares two runs: which matches are new, gone and changed, and where each one comes from.
//!
//! A match's id is a hash of its rule, its fixed accounts and its transfers, so matches with one id are the same. Of the
//! others, those of one rule that share most transfers (Jaccard) are one match that changed, and after them those with
//! the same accounts in every role. What then is left is new or gone; it may be a part of one that changed.

mod lineage;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::write::{Record, RecordedMatch, RecordedRole, RecordedTransfer};

use lineage::{Lineage, Pair};
use warnings::warnings;

/// What became of the matches of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What else differs between the runs (ledger, rules, settings, budgets), a sentence each.
    pub warnings: Vec<String>,
    /// How many matches of each rule are the same, changed, new and gone, in id order.
    pub rules: Vec<RuleChange>,
    /// Cases of each run that hold a match that is not the same in both.
    pub cases: TouchedCases,
    /// Matches that changed, in (rule, old id) order.
    pub changed: Vec<Changed>,
    /// Matches that only the new run has, in (rule, started, id) order.
    pub new: Vec<Alone>,
    /// Matches that only the old run has.
    pub gone: Vec<Alone>,
}

/// What became of the matches of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// Its id.
    pub rule: String,
    /// Matches of the old run.
    pub before: usize,
    /// Matches of the new run.
    pub after: usize,
    /// Matches of both.
    pub same: usize,
    /// Matches that changed.
    pub changed: usize,
    /// Matches of the new run alone.
    pub new: usize,
    /// Matches of the old run alone.
    pub gone: usize,
}

/// How many cases hold a match that is not the same in both runs, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TouchedCases {
    /// Such cases of the old run.
    pub before: usize,
    /// All cases of the old run.
    pub all_before: usize,
    /// Such cases of the new run.
    pub after: usize,
    /// All cases of the new run.
    pub all_after: usize,
}

/// A match that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Rule id.
    pub rule: String,
    /// Its id in the old run.
    pub old: String,
    /// Its id in the new run.
    pub new: String,
    /// Transfers of both.
    pub shared: usize,
    /// Transfers of either.
    pub either: usize,
    /// Transfers that came.
    pub added: Vec<Transfer>,
    /// Transfers that went.
    pub removed: Vec<Transfer>,
    /// Roles whose accounts differ.
    pub roles: Vec<RoleChange>,
    /// Matches of the new run that are parts of the old match, too: it was split.
    pub split_into: Vec<String>,
    /// Matches of the old run that are parts of the new match, too: they were merged.
    pub merged_from: Vec<String>,
}

/// The accounts of a role that came and went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleChange {
    /// The role.
    pub role: String,
    /// Accounts that came.
    pub added: Vec<String>,
    /// Accounts that went.
    pub removed: Vec<String>,
}

/// A match that one run has alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alone {
    /// Rule id.
    pub rule: String,
    /// Its id.
    pub id: String,
    /// Time of its first transfer.
    pub started: String,
    /// Time of its last transfer.
    pub ended: String,
    /// Its accounts by role, in flow order.
    pub roles: Vec<RecordedRole>,
    /// Its transfers.
    pub transfers: Vec<Transfer>,
    /// Its case.
    pub case: String,
}

/// A transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// Its id.
    pub tx_id: String,
    /// When it was booked.
    pub timestamp: String,
    /// Who pays.
    pub sender: String,
    /// Who is paid.
    pub receiver: String,
    /// The amount as booked, in decimal.
    pub amount: String,
    /// Its currency.
    pub currency: String,
}

/// Compares two runs.
#[must_use]
pub fn compare(old: &Record, new: &Record) -> Comparison {
    let lineage = Lineage::between(old, new);
    let cases = |record: &Record, positions: &mut dyn Iterator<Item = usize>| {
        positions.map(|at| record.matches[at].case.as_str()).collect::<BTreeSet<_>>().len()
    };
    let changed: Vec<Changed> = lineage.changed.iter().map(|pair| change(old, new, pair, &lineage)).collect();
    let touched = TouchedCases {
        before: cases(old, &mut lineage.changed.iter().map(|pair| pair.old).chain(lineage.gone.iter().copied())),
        all_before: cases(old, &mut (0..old.matches.len())),
        after: cases(new, &mut lineage.changed.iter().map(|pair| pair.new).chain(lineage.new.iter().copied())),
        all_after: cases(new, &mut (0..new.matches.len())),
    };
    Comparison {
        warnings: warnings(old, new),
        rules: counts(old, new, &lineage.same, &changed),
        cases: touched,
        new: lineage.new.iter().map(|&at| alone(new, at)).collect(),
        gone: lineage.gone.iter().map(|&at| alone(old, at)).collect(),
        changed,
    }
}

fn change(old: &Record, new: &Record, pair: &Pair, lineage: &Lineage<'_>) -> Changed {
    let (before, after) = (&old.matches[pair.old], &new.matches[pair.new]);
    let ids = |record: &Record, found: &RecordedMatch| -> BTreeSet<String> {
        found.transfers.iter().map(|&at| record.transfers[at as usize].tx_id.clone()).collect()
    };
    let lacking = |record: &Record, found: &RecordedMatch, there: &BTreeSet<String>| -> Vec<Transfer> {
        let transfers = found.transfers.iter().map(|&at| &record.transfers[at as usize]);
        transfers.filter(|of| !there.contains(&of.tx_id)).map(transfer).collect()
    };
    let parts = |record: &Record, parts: Option<&Vec<usize>>| {
        parts.into_iter().flatten().map(|&at| record.matches[at].id.clone()).collect()
    };
    Changed {
        rule: old.rule_of(before).to_owned(),
        old: before.id.clone(),
        new: after.id.clone(),
        shared: pair.shared,
        either: before.transfers.len() + after.transfers.len() - pair.shared,
        added: lacking(new, after, &ids(old, before)),
        removed: lacking(old, before, &ids(new, after)),
        roles: roles(before, after),
        split_into: parts(new, lineage.split.get(&pair.old)),
        merged_from: parts(old, lineage.merged.get(&pair.new)),
    }
}

impl Comparison {
    /// Whether a match is new, gone or changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !(self.changed.is_empty() && self.new.is_empty() && self.gone.is_empty())
    }
}

fn roles(old: &RecordedMatch, new: &RecordedMatch) -> Vec<RoleChange> {
    let names: BTreeSet<&String> = old.roles.iter().chain(&new.roles).map(|part| &part.role).collect();
    let of = |found: &RecordedMatch, name: &String| -> BTreeSet<String> {
        found.roles.iter().filter(|part| part.role == *name).flat_map(|part| part.accounts.clone()).collect()
    };
    let change = |name: &String| {
        let (before, after) = (of(old, name), of(new, name));
        let added: Vec<String> = after.difference(&before).cloned().collect();
        let removed: Vec<String> = before.difference(&after).cloned().collect();
        let differs = !(added.is_empty() && removed.is_empty());
        differs.then(|| RoleChange { role: name.clone(), added, removed })
    };
    names.into_iter().filter_map(change).collect()
}

fn alone(record: &Record, at: usize) -> Alone {
    let found = &record.matches[at];
    Alone {
        rule: record.rule_of(found).to_owned(),
        id: found.id.clone(),
        started: found.started.to_string(),
        ended: found.ended.to_string(),
        roles: found.roles.clone(),
        transfers: found.transfers.iter().map(|&at| transfer(&record.transfers[at as usize])).collect(),
        case: found.case.clone(),
    }
}

fn transfer(of: &RecordedTransfer) -> Transfer {
    Transfer {
        tx_id: of.tx_id.clone(),
        timestamp: of.time.to_string(),
        sender: of.sender.clone(),
        receiver: of.receiver.clone(),
        amount: of.amount.clone(),
        currency: of.currency.clone(),
    }
}

fn counts(old: &Record, new: &Record, same: &BTreeSet<&str>, changed: &[Changed]) -> Vec<RuleChange> {
    let mut rules = BTreeMap::<&str, RuleChange>::new();
    for rule in old.facts.rules.iter().chain(&new.facts.rules) {
        rules.insert(&rule.id, RuleChange { rule: rule.id.clone(), ..RuleChange::default() });
    }
    let known = "a match is of a rule that ran";
    for found in &old.matches {
        let counts = rules.get_mut(old.rule_of(found)).expect(known);
        counts.before += 1;
        counts.same += usize::from(same.contains(found.id.as_str()));
    }
    for found in &new.matches {
        rules.get_mut(new.rule_of(found)).expect(known).after += 1;
    }
    for change in changed {
        rules.get_mut(change.rule.as_str()).expect(known).changed += 1;
    }
    let rest = |counts: RuleChange| RuleChange {
        new: counts.after - counts.same - counts.changed,
        gone: counts.before - counts.same - counts.changed,
        ..counts
    };
    rules.into_values().map(rest).collect()
}
