//! Runs tests: those that rules carry, and expectation files over whole ledgers. What must be found, no more and no less.
//!
//! A rule's own test runs on the planned kernel and on the exhaustive one; where the two differ the test fails. An
//! expectation file is held against a run of the engine.

mod difference;
mod expect;
mod junit;
mod pairing;

pub use difference::{Difference, Line, Missing, Roles, Seen, Sign};
pub use expect::{hold, name};
pub use junit::junit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::lang::{ExpectationFile, RuleTest, TypologySet, Wanted};
use crate::plan::{self, Plan};
use crate::search::{Levels, Limits, SearchError, Searcher};
use crate::sift::{self, Found, Match, Matches};

use super::fixture;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the test belongs to: the id of the rule that carries it, or the path of an expectation file.
    pub suite: String,
    /// Rule id.
    pub rule: String,
    /// Name of the test.
    pub test: String,
    /// Path of the file that it stands in.
    pub path: String,
    /// Line of the test in it, from 1.
    pub line: usize,
    /// What is wrong; `None` where the test passes, or is known to fail.
    pub failure: Option<Failure>,
    /// Why it is known to fail, where it does.
    pub todo: Option<String>,
}

impl Outcome {
    /// The test in one line: `fan-in / five payers`, or `sample.expect.yaml / fan-in: exactly 3 matches`.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.suite, &self.rule, &self.test)
    }
}

fn label(suite: &str, rule: &str, test: &str) -> String {
    if suite == rule { format!("{rule} / {test}") } else { format!("{suite} / {rule}: {test}") }
}

/// Leaves only the tests whose line (see [`Outcome::label`]) holds a text.
pub fn filter(set: &mut TypologySet, text: &str) {
    for rule in &mut set.typologies {
        rule.tests.retain(|test| label(&rule.id, &rule.id, &test.name).contains(text));
    }
}

/// Leaves only the expectations whose line (see [`Outcome::label`]) holds a text.
pub fn filter_file(file: &mut ExpectationFile, text: &str) {
    file.expect.retain(|expected| label(&file.path, &expected.rule, &name(expected)).contains(text));
}

/// Why a test fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The rule cannot be asked of the test's ledger.
    NotEvaluable(String),
    /// The planned kernel and the exhaustive one differ: a bug of the engine.
    Kernels(String),
    /// A budget cut the search, so that nothing can be said; the option that raises it.
    Cut(String),
    /// Expected matches that are not there, and matches that nobody expected.
    Differs(Difference),
    /// The expectation is marked as known to fail, and holds.
    Holds(String),
}

/// Runs every test of every rule, in order.
#[must_use]
pub fn run(set: &TypologySet) -> Vec<Outcome> {
    let all = set.typologies.iter().enumerate();
    let all = all.flat_map(|(rule, typology)| typology.tests.iter().map(move |test| (rule, typology, test)));
    all.map(|(rule, typology, test)| Outcome {
        suite: typology.id.clone(),
        rule: typology.id.clone(),
        test: test.name.clone(),
        path: typology.path.clone(),
        line: test.line,
        failure: check(set, rule, test).err(),
        todo: None,
    })
    .collect()
}

fn check(set: &TypologySet, rule: usize, test: &RuleTest) -> Result<(), Failure> {
    let typology = &set.typologies[rule];
    let rules = set.with_used([rule]);
    let lists = rules.iter().flat_map(|&rule| plan::columns(&set.typologies[rule]).lists).collect();
    let ledger = fixture::ledger(test, &lists).map_err(Failure::NotEvaluable)?;
    let ledger = ledger.with_owners(typology.flow.level.column());
    let summary = ledger.summary();
    let mut plans = BTreeMap::new();
    for rule in rules {
        let planned = plan::build(&set.typologies[rule], &summary);
        plans.insert(rule, planned.map_err(|missing| Failure::NotEvaluable(missing.reason))?);
    }
    let found = matches(set, rule, &plans, &ledger)?;
    let found: Vec<&Match> = found.list.iter().collect();
    let wanted: Vec<Wanted> = test.matches.iter().cloned().map(Wanted::Roles).collect();
    let difference = difference::compare(&wanted, false, &difference::seen(&typology.flow, &ledger, &found), &ledger);
    if difference.is_empty() { Ok(()) } else { Err(Failure::Differs(difference)) }
}

/// The matches of one rule.
fn matches(
    set: &TypologySet,
    rule: usize,
    plans: &BTreeMap<usize, Vec<Plan>>,
    ledger: &crate::columns::Ledger,
) -> Result<Matches, Failure> {
    let levels = Levels::new(ledger, [&set.typologies[rule].flow]);
    let searcher = Searcher::new(ledger).with_levels(&levels);
    let found = search(set, rule, plans, &searcher)?.into_iter().map(|found| Found { rule: 0, ..found }).collect();
    let alone = TypologySet { typologies: vec![set.typologies[rule].clone()] };
    let sifted = sift::consolidate(found, &searcher, &alone).map_err(|error| failed(&error))?;
    match sifted.completeness.not_evaluated.first() {
        Some(missing) => Err(Failure::NotEvaluable(missing.reason.clone())),
        None => Ok(sifted.matches),
    }
}

/// What two kernels find alike for each flow of a rule, after the rules that it uses.
fn search<'p>(
    set: &TypologySet,
    rule: usize,
    plans: &'p BTreeMap<usize, Vec<Plan>>,
    searcher: &Searcher<'_>,
) -> Result<Vec<Found<'p>>, Failure> {
    let used: BTreeSet<usize> = set.typologies[rule].flow.uses().filter_map(|id| set.position(id)).collect();
    let mut standins = Vec::new();
    for used in used {
        let found = search(set, used, plans, searcher)?;
        standins.extend(sift::stand_ins(&found, searcher).map_err(|error| failed(&error))?);
    }
    let run = |plan: &'p Plan| {
        let (limits, stop) = (Limits::default(), AtomicBool::new(false));
        let fast = searcher.run_using(plan, &standins, &limits, &stop).map_err(|error| failed(&error))?;
        let slow = searcher.run_exhaustive_using(plan, &standins).map_err(|error| failed(&error))?;
        if fast == slow {
            return Ok(Found { rule, plan, instances: fast });
        }
        let kernel = plan.kernel.name();
        let (fast, slow) = (fast.total(), slow.total());
        Err(Failure::Kernels(format!("the {kernel} kernel finds {fast} instances, the exhaustive one {slow}")))
    };
    plans[&rule].iter().map(run).collect()
}

fn failed(error: &SearchError) -> Failure {
    Failure::NotEvaluable(error.to_string())
}

impl Failure {
    /// The failure for a reader, line by line.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let told = match self {
            Self::Differs(difference) => return difference.lines(),
            Self::NotEvaluable(reason) => format!("not evaluable: {reason}"),
            Self::Kernels(message) => {
                format!("{message}: this is a bug of the engine, please report it with the rule")
            }
            Self::Cut(budget) => format!("a budget cut the search, so that matches may be missing; raise {budget}"),
            Self::Holds(reason) => format!("this holds now, and is marked as known to fail: {reason}; take out `todo`"),
        };
        vec![Line::plain(told)]
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().into_iter().map(|line| format!("  {}", line.text)).collect();
        write!(f, "{}", lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{self, Source};

    /// What becomes of a test with these rows and expectations, under a rule of one payment of 10 or more.
    fn outcome(rows: &str, expected: &str, where_: &str) -> Option<Failure> {
        let text = format!(
            "typology: pair
version: 1
title: A payment
summary: Somebody pays somebody.
stage: layering
severity: low
references: [a test]
false_positives: [everything]
within: 1d
where: {where_}
flow:
  - step: payer -> payee
tests:
  - name: the one that is looked at
    transfers: |
      # when from to amount
{rows}
    matches: [{expected}]
  - name: a payment to oneself
    transfers: |
      # when from to amount
      0h a a 10
    matches: []
  - name: a payment
    transfers: |
      # when from to amount
      0h a b 10
    matches: [{{ payer: a }}]
"
        );
        let checked = lang::compile(&[Source { path: "pair.yaml".to_owned(), text }], &[]);
        let set = checked.set.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
        run(&set).swap_remove(0).failure
    }

    const TWO: &str = "      0h a b 10\n      1h a c 10";

    #[test]
    fn a_test_passes_where_each_expected_match_has_one_of_its_own() {
        assert_eq!(outcome(TWO, "{ payer: a, payee: b }, { payer: a, payee: c }", "amount >= 10"), None);
        assert_eq!(
            outcome(TWO, "{ payer: a }, { payee: b }", "amount >= 10"),
            None,
            "b is left to the one that needs it"
        );
    }

    #[test]
    fn two_expected_matches_cannot_share_a_found_one() {
        let failure = outcome(TWO, "{ payee: b }, { payee: b }", "amount >= 10").expect("a failure");
        let Failure::Differs(Difference { missing, unexpected, .. }) = &failure else { panic!("{failure:?}") };
        assert_eq!((missing.len(), unexpected.len()), (1, 1));
        let wanted = "  - expected, not found: payee: b
      nearest is f6c6b31db1f0527bf2de5bfeb334993e with 1 of 1 account in common, and is taken by another expected match
        payee: b
        t1 2024-01-01T00:00:00Z a -> b 10.00 EUR
  + found, not expected: payee: c; payer: a
      t2 2024-01-01T01:00:00Z a -> c 10.00 EUR";
        assert_eq!(failure.to_string(), wanted);
    }

    #[test]
    fn a_rule_that_cannot_be_asked_fails_its_tests_with_the_reason() {
        let failure = outcome(TWO, "{ payer: a }", "branch = 'x'").map(|failure| failure.to_string());
        assert!(
            failure.as_ref().is_some_and(|told| told.contains("not evaluable") && told.contains("`branch`")),
            "{failure:?}"
        );
    }
}
