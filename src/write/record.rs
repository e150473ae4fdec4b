//! A finished run as its folder tells it: read back from its files, or taken from a run that was never written.
//!
//! Runs are compared as records, so that it does not matter when, where or by which version they were made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::columns::{RowId, Time};
use crate::sift::Match;
use crate::stats::Decimal;

use super::Report;
use super::manifest::{PROGRAM, manifest};
use super::place::MANIFEST;
use super::reader;

/// A finished run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What the manifest says.
    pub facts: Facts,
    /// The size of the ledger.
    pub ledger: LedgerSize,
    /// The transfers of all matches, each once, in time, then id order.
    pub transfers: Vec<RecordedTransfer>,
    /// The matches, in (rule, started, id) order.
    pub matches: Vec<RecordedMatch>,
}

/// What the manifest of a run says, as far as runs can differ by it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Facts {
    program: String,
    /// The version of the program.
    pub version: String,
    /// The base currency.
    pub base_currency: String,
    /// How columns were mapped.
    pub mapping: String,
    /// Budgets of the search.
    pub limits: BTreeMap<String, u64>,
    /// How long the run might take.
    pub time_budget: Option<String>,
    /// Parameters that were set, as `rule.parameter=value`.
    pub set: Vec<String>,
    /// The files read.
    pub inputs: Vec<Input>,
    /// The rules that ran, in id order.
    pub rules: Vec<RanRule>,
    /// What was cut, and what could not be asked.
    pub completeness: Gaps,
}

/// A file that a run read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Input {
    /// Its path as given.
    pub path: String,
    /// What it holds: `transfers`, `accounts`, …
    pub role: String,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// A rule that ran.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RanRule {
    /// Its id.
    #[serde(rename = "rule")]
    pub id: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its file, in hex.
    pub sha256: String,
    /// The values of its parameters.
    pub parameters: BTreeMap<String, String>,
}

/// What a run did not search.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Gaps {
    /// Where a budget ended a search.
    pub cuts: Vec<Gap>,
    /// Rules that the ledger could not answer.
    pub not_evaluated: Vec<Gap>,
}

/// A rule of which something was not searched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Gap {
    /// Its id.
    pub rule: String,
}

/// How large a ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct LedgerSize {
    /// Its transfers.
    pub transfers: u64,
    /// Its accounts.
    pub accounts: u64,
}

/// A transfer of a match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedTransfer {
    /// When it was booked.
    pub time: Time,
    /// Its id.
    pub tx_id: String,
    /// Who pays.
    pub sender: String,
    /// Who is paid.
    pub receiver: String,
    /// The amount as booked, in decimal, with two decimals or more.
    pub amount: String,
    /// Its currency.
    pub currency: String,
}

/// A match of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedMatch {
    /// Its id.
    pub id: String,
    /// Position of its rule in [`Facts::rules`].
    pub rule: usize,
    /// Time of its first transfer.
    pub started: Time,
    /// Time of its last transfer.
    pub ended: Time,
    /// The accounts of each role, in flow order.
    pub roles: Vec<RecordedRole>,
    /// Positions of its distinct transfers in [`Record::transfers`], in order.
    pub transfers: Vec<u32>,
    /// Ids of the matches that explain it.
    pub covered_by: Vec<String>,
    /// Id of its case.
    pub case: String,
}

/// The accounts of a role in a match.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RecordedRole {
    /// The role.
    pub role: String,
    /// Its accounts, in key order.
    pub accounts: Vec<String>,
}

/// Why a folder cannot be read as that of a run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The folder is none that `moneytrail run --out` wrote.
    #[error("{path} is not the folder of a run: {why}; name a folder that `moneytrail run --out` wrote")]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// One of its files is damaged, or written by another version of the program.
    #[error("{path}: {problem}; run the rules again with `moneytrail run --out`")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Whether a path is the folder of a run.
#[must_use]
pub fn is_run(path: &Path) -> bool {
    path.join(MANIFEST).is_file()
}

/// Reads the folder of a run back.
///
/// # Errors
///
/// Where it is none, or one of its files is damaged.
pub fn read(folder: &Path) -> Result<Record, ReadError> {
    let no_run = |why: String| ReadError::NoRun { path: folder.to_owned(), why };
    if !is_run(folder) {
        return Err(no_run(format!("it has no {MANIFEST}")));
    }
    let facts: Facts = json(&folder.join(MANIFEST))?;
    if facts.program != PROGRAM {
        return Err(no_run(format!("its {MANIFEST} is that of {}", facts.program)));
    }
    let statistics: Measured = json(&folder.join("statistics.json"))?;
    let mut draft = Draft::default();
    let path = folder.join("match_transfers.parquet");
    reader::transfers(&path, |id, transfer| draft.add(id, transfer))?;
    let path = folder.join("matches.parquet");
    let rules: FxHashMap<&str, usize> =
        facts.rules.iter().enumerate().map(|(place, rule)| (rule.id.as_str(), place)).collect();
    let mut matches = Vec::new();
    reader::matches(&path, |rule, found| {
        let rule = *rules.get(rule).ok_or_else(|| format!("the manifest names no rule `{rule}`"))?;
        matches.push(RecordedMatch { rule, ..found });
        Ok(())
    })?;
    Ok(draft.finish(facts, statistics.ledger, matches))
}

/// The part of the statistics that a record keeps.
#[derive(Deserialize)]
struct Measured {
    ledger: LedgerSize,
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let damaged = |problem: String| ReadError::Damaged { path: path.to_owned(), problem };
    let bytes = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))
}

impl Record {
    /// The record of a run that is at hand: the same that is read back from its folder.
    #[must_use]
    pub fn of(report: &Report<'_>) -> Self {
        let told = |value: serde_json::Result<serde_json::Value>| value.expect("a run can be told in JSON");
        let facts = told(serde_json::to_value(manifest(*report, Vec::new())));
        let facts = Facts::deserialize(facts).expect("a manifest has all that is read of it");
        let sized =
            Measured::deserialize(told(serde_json::to_value(report.statistics))).expect("statistics name the ledger");
        let mut draft = Draft::default();
        for found in &report.sifted.matches.list {
            for &row in &found.transfers {
                draft.add(&found.id, transfer(report, row));
            }
        }
        let matches = report.sifted.matches.list.iter().map(|found| recorded(report, found)).collect();
        draft.finish(facts, sized.ledger, matches)
    }

    /// The id of a match's rule.
    #[must_use]
    pub fn rule_of(&self, found: &RecordedMatch) -> &str {
        &self.facts.rules[found.rule].id
    }
}

fn transfer(report: &Report<'_>, row: RowId) -> RecordedTransfer {
    let ledger = report.ledger();
    let currency = &ledger.currency_table()[ledger.currency(row).index()];
    let key = |account| ledger.accounts().key(account).to_owned();
    RecordedTransfer {
        time: ledger.time(row),
        tx_id: ledger.tx_id(row),
        sender: key(ledger.sender(row)),
        receiver: key(ledger.receiver(row)),
        amount: plain(ledger.amount(row).0.into(), currency.digits),
        currency: currency.code.clone(),
    }
}

fn recorded(report: &Report<'_>, found: &Match) -> RecordedMatch {
    let roles = report.set.typologies[found.rule].flow.roles.iter().map(|role| role.name.clone());
    let key = |account| report.ledger().accounts().key(account).to_owned();
    let members = found.roles.iter().map(|members| members.iter().copied().map(key).collect());
    RecordedMatch {
        id: found.id.clone(),
        rule: found.rule,
        started: found.started,
        ended: found.ended,
        roles: roles.zip(members).map(|(role, accounts)| RecordedRole { role, accounts }).collect(),
        transfers: Vec::new(),
        covered_by: found.covered_by.clone(),
        case: report.sifted.cases.list[found.case].id.clone(),
    }
}

/// An amount with two decimals, or more where it needs them: tables hold more decimals than a currency has.
pub(super) fn plain(minor: i128, digits: u8) -> String {
    let scale = 10i128.pow(u32::from(2u8.saturating_sub(digits)));
    let text = Decimal::new(minor * scale, digits.max(2)).to_string();
    let least = text.find('.').expect("two decimals or more") + 3;
    let kept = text.trim_end_matches('0').len().max(least);
    text[..kept].to_owned()
}

/// The transfers of matches as they are collected.
#[derive(Default)]
struct Draft {
    numbers: FxHashMap<String, u32>,
    transfers: Vec<RecordedTransfer>,
    of_match: FxHashMap<String, Vec<u32>>,
}

impl Draft {
    fn add(&mut self, id: &str, transfer: RecordedTransfer) {
        let known = self.numbers.get(&transfer.tx_id).copied();
        let number = known.unwrap_or_else(|| {
            let number = u32::try_from(self.transfers.len()).expect("rows are numbered with 32 bits");
            self.numbers.insert(transfer.tx_id.clone(), number);
            self.transfers.push(transfer);
            number
        });
        match self.of_match.get_mut(id) {
            Some(numbers) => numbers.push(number),
            None => drop(self.of_match.insert(id.to_owned(), vec![number])),
        }
    }

    /// Puts transfers into order, and hands each match its own.
    fn finish(mut self, facts: Facts, ledger: LedgerSize, mut matches: Vec<RecordedMatch>) -> Record {
        let mut order: Vec<u32> = (0..).take(self.transfers.len()).collect();
        order.sort_by(|&a, &b| self.transfers[a as usize].cmp(&self.transfers[b as usize]));
        let mut place = vec![0; order.len()];
        for (position, &number) in (0u32..).zip(&order) {
            place[number as usize] = position;
        }
        for found in &mut matches {
            let numbers = self.of_match.remove(&found.id).unwrap_or_default();
            found.transfers = numbers.into_iter().map(|number| place[number as usize]).collect();
            found.transfers.sort_unstable();
            found.transfers.dedup();
        }
        matches.sort_by(|a, b| (a.rule, a.started, &a.id).cmp(&(b.rule, b.started, &b.id)));
        self.transfers.sort();
        Record { facts, ledger, transfers: self.transfers, matches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_two_decimals_or_as_many_as_it_needs() {
        let shown = [(500, 2, "5.00"), (12_345_678, 8, "0.12345678"), (150_000_000, 8, "1.50"), (7, 0, "7.00")];
        for (minor, digits, text) in shown {
            assert_eq!(plain(minor, digits), text);
        }
    }
}
