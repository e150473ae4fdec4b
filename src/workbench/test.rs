//! Runs the tests that a rule carries: small ledgers, and the matches that must be found in them, no more and no less.
//!
//! Each runs on the planned kernel and on the exhaustive one; where the two differ the test fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::AtomicBool;

use crate::columns::Ledger;
use crate::lang::{Flow, RuleTest, TypologySet};
use crate::plan::{self, Plan};
use crate::search::{Levels, Limits, SearchError, Searcher};
use crate::sift::{self, Found, Match, Matches};

use super::fixture;

/// Accounts by role name.
pub type Roles = BTreeMap<String, BTreeSet<String>>;

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Rule id.
    pub rule: String,
    /// Name of the test.
    pub test: String,
    /// Path of the rule's file.
    pub path: String,
    /// Line of the test in it, from 1.
    pub line: usize,
    /// What is wrong; `None` where the test passes.
    pub failure: Option<Failure>,
}

/// Why a test fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The rule cannot be asked of the test's ledger.
    NotEvaluable(String),
    /// The planned kernel and the exhaustive one differ: a bug of the engine.
    Kernels(String),
    /// Expected matches that are not there, and matches that nobody expected.
    Differs {
        /// Expected and not found.
        missing: Vec<Roles>,
        /// Found and not expected, each with its transfers as `tx_id sender -> receiver amount`.
        unexpected: Vec<(Roles, Vec<String>)>,
    },
}

/// Runs every test of every rule, in order.
#[must_use]
pub fn run(set: &TypologySet) -> Vec<Outcome> {
    let all = set.typologies.iter().enumerate();
    let all = all.flat_map(|(rule, typology)| typology.tests.iter().map(move |test| (rule, typology, test)));
    all.map(|(rule, typology, test)| Outcome {
        rule: typology.id.clone(),
        test: test.name.clone(),
        path: typology.path.clone(),
        line: test.line,
        failure: check(set, rule, test).err(),
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
    compare(&typology.flow, &ledger, &test.matches, &found.list)
}

/// The matches of one rule.
fn matches(
    set: &TypologySet,
    rule: usize,
    plans: &BTreeMap<usize, Vec<Plan>>,
    ledger: &Ledger,
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

/// Pairs expected matches with found ones, one to one; roles that a test leaves out are not compared.
fn compare(flow: &Flow, ledger: &Ledger, expected: &[Roles], found: &[Match]) -> Result<(), Failure> {
    let named: Vec<Roles> = found.iter().map(|found| roles(flow, ledger, found)).collect();
    let fits = |want: &Roles, have: &Roles| want.iter().all(|(role, accounts)| have.get(role) == Some(accounts));
    let mut partner: Vec<Option<usize>> = vec![None; found.len()];
    let mut missing = Vec::new();
    for (position, want) in expected.iter().enumerate() {
        let mut seen = vec![false; found.len()];
        if !assign(position, expected, &named, &fits, &mut partner, &mut seen) {
            missing.push(want.clone());
        }
    }
    let lonely = (0..found.len()).filter(|&position| partner[position].is_none());
    let unexpected: Vec<(Roles, Vec<String>)> =
        lonely.map(|position| (named[position].clone(), transfers(ledger, &found[position]))).collect();
    if missing.is_empty() && unexpected.is_empty() { Ok(()) } else { Err(Failure::Differs { missing, unexpected }) }
}

/// Finds a partner for an expected match, moving earlier ones where that helps (Kuhn 1955).
fn assign(
    position: usize,
    expected: &[Roles],
    named: &[Roles],
    fits: &dyn Fn(&Roles, &Roles) -> bool,
    partner: &mut [Option<usize>],
    seen: &mut [bool],
) -> bool {
    for candidate in 0..named.len() {
        if seen[candidate] || !fits(&expected[position], &named[candidate]) {
            continue;
        }
        seen[candidate] = true;
        let free = match partner[candidate] {
            None => true,
            Some(other) => assign(other, expected, named, fits, partner, seen),
        };
        if free {
            partner[candidate] = Some(position);
            return true;
        }
    }
    false
}

fn roles(flow: &Flow, ledger: &Ledger, found: &Match) -> Roles {
    let names = flow.roles.iter().map(|role| role.name.clone());
    let accounts = found
        .roles
        .iter()
        .map(|members| members.iter().map(|&account| ledger.accounts().key(account).to_owned()).collect());
    names.zip(accounts).collect()
}

fn transfers(ledger: &Ledger, found: &Match) -> Vec<String> {
    let key = |account| ledger.accounts().key(account);
    let line = |&row: &crate::columns::RowId| {
        let minor = ledger.amount(row).0;
        format!(
            "{} {} -> {} {}.{:02}",
            ledger.tx_id(row),
            key(ledger.sender(row)),
            key(ledger.receiver(row)),
            minor / 100,
            minor % 100
        )
    };
    found.transfers.iter().map(line).collect()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |roles: &Roles| {
            let part = |(role, accounts): (&String, &BTreeSet<String>)| {
                format!("{role}: {}", accounts.iter().cloned().collect::<Vec<_>>().join(", "))
            };
            roles.iter().map(part).collect::<Vec<_>>().join("; ")
        };
        match self {
            Self::NotEvaluable(reason) => write!(f, "  not evaluable: {reason}"),
            Self::Kernels(message) => {
                write!(f, "  {message}: this is a bug of the engine, please report it with the rule")
            }
            Self::Differs { missing, unexpected } => {
                let mut lines: Vec<String> =
                    missing.iter().map(|roles| format!("  - expected, not found: {}", show(roles))).collect();
                for (roles, transfers) in unexpected {
                    lines.push(format!("  + found, not expected: {}", show(roles)));
                    lines.extend(transfers.iter().map(|transfer| format!("      {transfer}")));
                }
                write!(f, "{}", lines.join("\n"))
            }
        }
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
        let Failure::Differs { missing, unexpected } = &failure else { panic!("{failure:?}") };
        assert_eq!((missing.len(), unexpected.len()), (1, 1));
        let wanted =
            "  - expected, not found: payee: b\n  + found, not expected: payee: c; payer: a\n      t2 a -> c 10.00";
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
