//! What an analyst reads, one by one and the gravest first: transfers, days of accounts, or cases.
//!
//! Cases stand in the order of the run. Transfers and days of accounts stand in the same order by what is known of them:
//! severity of the gravest match that holds them, value, number of rules, and at last the earlier one first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::columns::{AccountId, Ledger, RowId, Span, Time};
use crate::engine::Analysis;
use crate::lang::Severity;
use crate::stats::chance;

use super::score::{Aim, Sought, rows};
use super::truth::Truth;

/// What one alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// A transfer in a match.
    Transfer,
    /// An account on a day (UTC) on which it pays or is paid in a match. Accounts that stand for the outside are none.
    AccountDay,
    /// A case.
    Case,
}

impl Unit {
    /// Its name in the plural.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Transfer => "transfers",
            Self::AccountDay => "account-days",
            Self::Case => "cases",
        }
    }
}

/// One alert.
pub(super) struct Alert {
    /// Its transfers, in row order.
    pub(super) rows: Vec<RowId>,
    /// The week of the ledger, from 0, in which its last transfer lies: then it can be read.
    pub(super) week: usize,
    /// Whether it holds labelled laundering.
    pub(super) verdict: Verdict,
}

/// What an alert is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    Wrong,
    /// It holds an instance that was set aside, and nothing that is right: it costs time and proves nothing.
    Excused,
}

/// The alerts of a run in the order in which they are read, and what they are drawn from.
pub(super) struct Queue {
    pub(super) alerts: Vec<Alert>,
    /// How many weeks the ledger covers.
    pub(super) weeks: usize,
    /// How many things there are that no label speaks of, each of which would be a wrong alert: of cases, transfers.
    pub(super) negatives: usize,
    /// What a blind pick would reach as precision.
    pub(super) chance: Option<f64>,
    unit: Unit,
    sought: BTreeSet<RowId>,
    excused: BTreeSet<RowId>,
}

impl Queue {
    /// The alerts of an analysis.
    pub(super) fn new(analysis: &Analysis, truth: &Truth, unit: Unit) -> Self {
        let ledger = &analysis.intake.ledger;
        let (sought, excused) = rows(truth, &Aim { sought: Sought::All, overlap: 1.0 });
        let lists = match unit {
            Unit::Case => analysis.sifted.cases.list.iter().map(|case| case.transfers.clone()).collect(),
            Unit::Transfer => ranked(analysis, |row| vec![row]),
            Unit::AccountDay => ranked(analysis, |row| days_of(ledger, row)),
        };
        let first = ledger.times().first().copied().unwrap_or(Time(0));
        let week = |time: Time| usize::try_from((time - first).0 / (7 * Span::DAY.0)).unwrap_or(0);
        let alert = |rows: Vec<RowId>| {
            let last = *rows.last().expect("an alert has a transfer");
            Alert { week: week(ledger.time(last)), verdict: verdict(&rows, &sought, &excused), rows }
        };
        let alerts: Vec<Alert> = lists.into_iter().map(alert).collect();
        let weeks = ledger.times().last().map_or(0, |last| week(*last) + 1);
        let mut queue = Self { alerts, weeks, negatives: 0, chance: None, unit, sought, excused };
        queue.count(ledger);
        queue
    }

    /// Counts what could have been an alert, and how a blind pick of the same size would fare.
    #[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
    fn count(&mut self, ledger: &Ledger) {
        let share = |right: usize, wrong: usize| (right + wrong > 0).then(|| right as f64 / (right + wrong) as f64);
        let excused = self.excused.difference(&self.sought).count();
        let (right, all) = (self.sought.len(), ledger.len() - excused);
        (self.negatives, self.chance) = match self.unit {
            Unit::Transfer => (all - right, share(right, all - right)),
            Unit::AccountDay => {
                let mut days = BTreeMap::<(AccountId, i64), Vec<RowId>>::new();
                for row in ledger.rows() {
                    for day in days_of(ledger, row) {
                        days.entry(day).or_default().push(row);
                    }
                }
                let verdicts = days.values().map(|rows| verdict(rows, &self.sought, &self.excused));
                let verdicts: Vec<Verdict> = verdicts.collect();
                let count = |wanted| verdicts.iter().filter(|&&verdict| verdict == wanted).count();
                (count(Verdict::Wrong), share(count(Verdict::Right), count(Verdict::Wrong)))
            }
            Unit::Case => {
                let judged = self.alerts.iter().filter(|alert| alert.verdict != Verdict::Excused);
                let chances: Vec<f64> = judged.filter_map(|alert| chance(all, right, alert.rows.len())).collect();
                let mean = (!chances.is_empty()).then(|| chances.iter().sum::<f64>() / chances.len() as f64);
                (all - right, mean)
            }
        };
    }

    /// What a wrong alert adds to the false positives: itself, or of a case its unlabelled transfers.
    pub(super) fn wrong_of<'a>(&'a self, alert: &'a Alert) -> impl Iterator<Item = RowId> + 'a {
        let whole = self.unit == Unit::Case;
        let rows = if whole { &alert.rows[..] } else { &[] };
        rows.iter().copied().filter(|row| !self.sought.contains(row) && !self.excused.contains(row))
    }

    /// Whether false positives are transfers although alerts are not.
    pub(super) fn counts_transfers(&self) -> bool {
        self.unit == Unit::Case
    }

    /// The labelled laundering.
    pub(super) fn sought(&self) -> &BTreeSet<RowId> {
        &self.sought
    }
}

fn verdict(rows: &[RowId], sought: &BTreeSet<RowId>, excused: &BTreeSet<RowId>) -> Verdict {
    match () {
        () if rows.iter().any(|row| sought.contains(row)) => Verdict::Right,
        () if rows.iter().any(|row| excused.contains(row)) => Verdict::Excused,
        () => Verdict::Wrong,
    }
}

/// The accounts of a transfer, each with the day.
fn days_of(ledger: &Ledger, row: RowId) -> Vec<(AccountId, i64)> {
    let day = ledger.time(row).0.div_euclid(Span::DAY.0);
    let mut ends = vec![ledger.sender(row), ledger.receiver(row)];
    ends.dedup();
    ends.retain(|&account| !ledger.accounts().is_outside(account));
    ends.into_iter().map(|account| (account, day)).collect()
}

/// The matched transfers, put together by keys, the gravest group first.
fn ranked<K: Ord + Copy>(analysis: &Analysis, keys: impl Fn(RowId) -> Vec<K>) -> Vec<Vec<RowId>> {
    #[derive(Default)]
    struct Group {
        rows: BTreeSet<RowId>,
        rules: BTreeSet<usize>,
        severity: Option<Severity>,
    }
    let mut groups = BTreeMap::<K, Group>::new();
    for found in &analysis.sifted.matches.list {
        let severity = Some(analysis.set.typologies[found.rule].severity);
        for &row in &found.transfers {
            for key in keys(row) {
                let group = groups.entry(key).or_default();
                group.rows.insert(row);
                group.rules.insert(found.rule);
                group.severity = group.severity.max(severity);
            }
        }
    }
    let weight = |row: &RowId| analysis.intake.ledger.base_amount(*row).get().map_or(0, |money| i128::from(money.0));
    let place = |(key, group): &(K, Group)| {
        let value: i128 = group.rows.iter().map(weight).sum();
        (Reverse(group.severity), Reverse(value), Reverse(group.rules.len()), group.rows.first().copied(), *key)
    };
    let mut groups: Vec<(K, Group)> = groups.into_iter().collect();
    groups.sort_by_cached_key(place);
    groups.into_iter().map(|(_, group)| group.rows.into_iter().collect()).collect()
}
