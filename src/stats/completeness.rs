//! Says in words what was cut and what could not be asked, as statistics and manifest show it.

use serde::Serialize;

use crate::columns::{AccountId, Ledger};
use crate::lang::TypologySet;
use crate::sift::Completeness;

/// How complete the matches of a run are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompletenessFacts {
    /// Whether every rule that was searched was searched to the end. Rules under `not_evaluated` were not searched.
    pub exhaustive: bool,
    /// Where a budget ended a search.
    pub cuts: Vec<CutFacts>,
    /// Rules that the ledger's data cannot answer.
    pub not_evaluated: Vec<NotEvaluatedFacts>,
    /// History columns that are missing for some transfers.
    pub unknown: Vec<UnknownFacts>,
}

/// A place where a budget ended the search of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CutFacts {
    /// Rule id.
    pub rule: String,
    /// Key of the account at which the search ended; null where the whole rule was cut.
    pub anchor: Option<String>,
    /// Where a run of accounts in key order was not searched, the key of the last; else null.
    pub through: Option<String>,
    /// The option that raises the budget.
    pub budget: &'static str,
    /// Instances found there before it ended.
    pub found: u64,
}

/// A rule that the ledger's data cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotEvaluatedFacts {
    /// Rule id.
    pub rule: String,
    /// What is missing and how to supply it.
    pub reason: String,
}

/// A history column that a rule reads and that is missing for some transfers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownFacts {
    /// Rule id.
    pub rule: String,
    /// The column.
    pub column: String,
    /// For how many transfers it is missing.
    pub transfers: u64,
}

impl CompletenessFacts {
    pub(super) fn new(completeness: &Completeness, ledger: &Ledger, set: &TypologySet) -> Self {
        let id = |rule: usize| set.typologies[rule].id.clone();
        let key = |account: AccountId| ledger.accounts().key(account).to_owned();
        let cuts = completeness.cuts.iter().map(|cut| CutFacts {
            rule: id(cut.rule),
            anchor: cut.anchor.map(key),
            through: cut.through.map(key),
            budget: cut.budget,
            found: cut.found,
        });
        let missing = completeness.not_evaluated.iter();
        let missing = missing.map(|rule| NotEvaluatedFacts { rule: id(rule.rule), reason: rule.reason.clone() });
        let unknown = completeness.unknown.iter().map(|unknown| UnknownFacts {
            rule: id(unknown.rule),
            column: unknown.column.clone(),
            transfers: unknown.transfers,
        });
        Self {
            exhaustive: completeness.is_exhaustive(),
            cuts: cuts.collect(),
            not_evaluated: missing.collect(),
            unknown: unknown.collect(),
        }
    }
}
