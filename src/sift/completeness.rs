//! Whether everything was found: what a budget cut, and which rules could not be asked at all.
//!
//! "Cut" and "not evaluated" are never silent and never the same as "no match".

use crate::columns::AccountId;
use crate::search::Cut;

/// How complete the matches of a run are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Where a budget ended the search, in rule order.
    pub cuts: Vec<RuleCut>,
    /// Rules that the ledger's data cannot answer, in rule order.
    pub not_evaluated: Vec<NotEvaluated>,
    /// History columns that are missing for some transfers, in rule and column order.
    pub unknown: Vec<UnknownHistory>,
}

/// A history column that a rule reads and that is missing for some transfers: it has no past, or the ledger begins too late.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownHistory {
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// The column.
    pub column: String,
    /// For how many transfers it is missing, self-transfers left out.
    pub transfers: u64,
}

/// A place where a budget ended the search of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleCut {
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// The account at which the search ended; `None` where the whole rule was cut.
    pub anchor: Option<AccountId>,
    /// Where a run of accounts in key order was not searched, the last of them, `anchor` being the first.
    pub through: Option<AccountId>,
    /// The option that raises the budget.
    pub budget: &'static str,
    /// Instances found there before it ended.
    pub found: u64,
}

/// A rule that the ledger's data cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluated {
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// What is missing and how to supply it, in a sentence.
    pub reason: String,
}

impl Completeness {
    /// Whether every rule that was searched was searched to the end.
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        self.cuts.is_empty()
    }

    /// Adds the cuts of one rule.
    pub(super) fn add_cuts(&mut self, rule: usize, cuts: &[Cut]) {
        let named = |cut: &Cut| RuleCut {
            rule,
            anchor: cut.anchor,
            through: cut.through,
            budget: cut.budget,
            found: cut.found,
        };
        self.cuts.extend(cuts.iter().map(named));
        self.cuts.sort();
        self.cuts.dedup();
    }

    /// Adds what one rule cannot know of the past.
    pub(super) fn add_unknown(&mut self, rule: usize, unknown: Vec<(String, u64)>) {
        let named = |(column, transfers)| UnknownHistory { rule, column, transfers };
        self.unknown.extend(unknown.into_iter().map(named));
        self.unknown.sort();
        self.unknown.dedup();
    }

    /// Adds a rule that could not be evaluated.
    pub fn add_not_evaluated(&mut self, rule: usize, reason: String) {
        self.not_evaluated.push(NotEvaluated { rule, reason });
        self.not_evaluated.sort();
    }
}
