//! How much the rules of a run find the same, what each finds alone, and which may explain which.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::stats::{self, Overlap};
use crate::write::{Record, RecordedMatch};

/// Share of a match's transfers that must lie in another match for it to lie inside, in percent: as for `specialises`.
const INSIDE_PERCENT: usize = 60;

/// What the rules of a run share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlaps {
    /// What each rule touches, in id order; rules without a match, too.
    pub rules: Vec<Coverage>,
    /// Pairs of rules that share transfers, in id order.
    pub transfers: Vec<Overlap>,
    /// Pairs of rules that share cases: both have a match in them.
    pub cases: Vec<Overlap>,
    /// Pairs of rules of which matches of one lie inside matches of the other.
    pub inside: Vec<Inside>,
}

/// What one rule touches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Its id.
    pub rule: String,
    /// Whether the ledger can answer it.
    pub evaluated: bool,
    /// Its matches.
    pub matches: usize,
    /// Cases that hold one.
    pub cases: usize,
    /// Distinct transfers of its matches.
    pub transfers: usize,
    /// Their share of the ledger's.
    pub transfer_share: f64,
    /// Distinct accounts of its matches.
    pub accounts: usize,
    /// Their share of the ledger's.
    pub account_share: f64,
    /// Transfers that no other rule of the run touches.
    pub only_transfers: usize,
    /// Matches of whose transfers no other rule touches any.
    pub only_matches: usize,
}

/// Matches of one rule that lie by 60 % or more of their transfers in one match of another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inside {
    /// The rule whose matches lie inside.
    pub rule: String,
    /// The rule that they lie inside of.
    pub of: String,
    /// How many of its matches do.
    pub inside: usize,
    /// How many matches it has.
    pub matches: usize,
    /// `inside / matches`.
    pub share: f64,
    /// Whether the second rule says that it `specialises` the first.
    pub declared: bool,
    /// Whether the second rule might say so: neither says it of the other, and 60 % of the matches or more lie inside.
    pub candidate: bool,
}

/// Works out what the rules of a run share.
#[must_use]
pub fn overlap(record: &Record) -> Overlaps {
    let ids: Vec<&str> = record.facts.rules.iter().map(|rule| rule.id.as_str()).collect();
    let touched: Vec<Vec<u32>> = (0..ids.len()).map(|rule| distinct(of(record, rule).flat_map(transfers))).collect();
    let cases: Vec<Vec<&str>> =
        (0..ids.len()).map(|rule| distinct(of(record, rule).map(|found| found.case.as_str()))).collect();
    let mut rules_of = vec![0usize; record.transfers.len()];
    for &transfer in touched.iter().flatten() {
        rules_of[transfer as usize] += 1;
    }
    let coverage = |(rule, id): (usize, &&str)| {
        let alone = |transfer: &u32| rules_of[*transfer as usize] == 1;
        let accounts = touched[rule].iter().flat_map(|&at| {
            let transfer = &record.transfers[at as usize];
            [transfer.sender.as_str(), transfer.receiver.as_str()]
        });
        let accounts = accounts.collect::<BTreeSet<_>>().len();
        Coverage {
            rule: (*id).to_owned(),
            evaluated: record.facts.completeness.not_evaluated.iter().all(|gap| gap.rule != **id),
            matches: of(record, rule).count(),
            cases: cases[rule].len(),
            transfers: touched[rule].len(),
            transfer_share: share(touched[rule].len(), record.ledger.transfers),
            accounts,
            account_share: share(accounts, record.ledger.accounts),
            only_transfers: touched[rule].iter().filter(|transfer| alone(transfer)).count(),
            only_matches: of(record, rule).filter(|found| found.transfers.iter().all(alone)).count(),
        }
    };
    Overlaps {
        rules: ids.iter().enumerate().map(coverage).collect(),
        transfers: stats::overlaps(&ids, &slices(&touched)),
        cases: stats::overlaps(&ids, &slices(&cases)),
        inside: inside(record),
    }
}

fn slices<T>(sets: &[Vec<T>]) -> Vec<&[T]> {
    sets.iter().map(Vec::as_slice).collect()
}

fn of(record: &Record, rule: usize) -> impl Iterator<Item = &RecordedMatch> {
    record.matches.iter().filter(move |found| found.rule == rule)
}

fn transfers(found: &RecordedMatch) -> impl Iterator<Item = u32> {
    found.transfers.iter().copied()
}

fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.collect::<BTreeSet<_>>().into_iter().collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a ledger are far below 2^53")]
fn share(part: usize, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn inside(record: &Record) -> Vec<Inside> {
    let mut holders: Vec<Vec<usize>> = vec![Vec::new(); record.transfers.len()];
    let mut of_rule = BTreeMap::<usize, usize>::new();
    for (at, found) in record.matches.iter().enumerate() {
        *of_rule.entry(found.rule).or_default() += 1;
        for transfer in transfers(found) {
            holders[transfer as usize].push(at);
        }
    }
    let mut counts = BTreeMap::<(usize, usize), (usize, bool)>::new();
    for found in &record.matches {
        for (rule, declared) in around(record, &holders, found) {
            let entry = counts.entry((found.rule, rule)).or_default();
            entry.0 += 1;
            entry.1 |= declared;
        }
    }
    let id = |rule: usize| record.facts.rules[rule].id.clone();
    let says = |of: usize, rule: usize| counts.get(&(rule, of)).is_some_and(|(_, declared)| *declared);
    let told = |((rule, of), (inside, declared)): ((usize, usize), (usize, bool))| {
        let matches = of_rule[&rule];
        let is_free = !declared && !says(rule, of); // of two rules only one explains the other
        Inside {
            rule: id(rule),
            of: id(of),
            inside,
            matches,
            share: share(inside, matches as u64),
            declared,
            candidate: is_free && inside * 100 >= matches * INSIDE_PERCENT,
        }
    };
    counts.iter().map(|(&pair, &count)| told((pair, count))).collect()
}

/// The rules that have a match in which this one lies, and whether it says that such a match explains it.
fn around(record: &Record, holders: &[Vec<usize>], found: &RecordedMatch) -> BTreeMap<usize, bool> {
    let mut shared = BTreeMap::<usize, usize>::new();
    for transfer in transfers(found) {
        for &other in &holders[transfer as usize] {
            *shared.entry(other).or_default() += 1;
        }
    }
    let mut rules = BTreeMap::new();
    for (other, shared) in shared {
        let other = &record.matches[other];
        if other.rule != found.rule && shared * 100 >= found.transfers.len() * INSIDE_PERCENT {
            *rules.entry(other.rule).or_default() |= found.covered_by.contains(&other.id);
        }
    }
    rules
}
