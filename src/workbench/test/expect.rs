//! Holds an expectation file against a run over its ledgers.

use crate::engine::Analysis;
use crate::lang::{ExpectationFile, Expected};
use crate::sift::Match;

use super::difference::{self, Difference, Seen};
use super::{Failure, Outcome};

/// What an expectation says, where its author gave it no name: `exactly 3 matches`.
#[must_use]
pub fn name(expected: &Expected) -> String {
    let counted = |count: usize| format!("{count} {}", if count == 1 { "match" } else { "matches" });
    let count = match (expected.least, expected.most) {
        (least, Some(most)) if least == most => format!("exactly {}", counted(least)),
        (0, Some(most)) => format!("at most {}", counted(most)),
        (least, Some(most)) => format!("{least} to {}", counted(most)),
        (least, None) => format!("at least {}", counted(least)),
    };
    match (&expected.name, expected.matches.len()) {
        (Some(name), _) => name.clone(),
        (None, 0) => count,
        (None, named) => format!("{count}, {named} of them named"),
    }
}

/// Every expectation of a file against a run of its rules over its ledgers, in file order.
#[must_use]
pub fn hold(file: &ExpectationFile, analysis: &Analysis) -> Vec<Outcome> {
    let outcome = |expected: &Expected| {
        let failure = check(expected, analysis).err();
        let (failure, todo) = match (failure, &expected.todo) {
            (None, Some(reason)) => (Some(Failure::Holds(reason.clone())), None),
            (Some(_), Some(reason)) => (None, Some(reason.clone())),
            (failure, None) => (failure, None),
        };
        Outcome {
            suite: file.path.clone(),
            rule: expected.rule.clone(),
            test: name(expected),
            path: file.path.clone(),
            line: expected.line,
            failure,
            todo,
        }
    };
    file.expect.iter().map(outcome).collect()
}

fn check(expected: &Expected, analysis: &Analysis) -> Result<(), Failure> {
    let rule = analysis.set.position(&expected.rule).expect("a checked file names rules that there are");
    let completeness = &analysis.sifted.completeness;
    if let Some(missing) = completeness.not_evaluated.iter().find(|missing| missing.rule == rule) {
        return Err(Failure::NotEvaluable(missing.reason.clone()));
    }
    if let Some(cut) = completeness.cuts.iter().find(|cut| cut.rule == rule) {
        return Err(Failure::Cut(cut.budget.to_owned()));
    }
    let found: Vec<&Match> = analysis.sifted.matches.list.iter().filter(|found| found.rule == rule).collect();
    let ledger = &analysis.intake.ledger;
    let seen = difference::seen(&analysis.set.typologies[rule].flow, ledger, &found);
    let mut difference = difference::compare(&expected.matches, expected.others, &seen, ledger);
    count(expected, seen, &mut difference);
    if difference.is_empty() { Ok(()) } else { Err(Failure::Differs(difference)) }
}

/// Says where the number of matches is wrong; of too many those are shown that are not named.
fn count(expected: &Expected, seen: Vec<Seen>, difference: &mut Difference) {
    let (least, most) = (expected.least, expected.most);
    if !expected.others || (seen.len() >= least && most.is_none_or(|most| seen.len() <= most)) {
        return;
    }
    let wanted = name(&Expected { name: None, matches: Vec::new(), ..expected.clone() });
    difference.count = Some(format!("found {}, expected {wanted}", seen.len()));
    if seen.len() > least {
        let named = |seen: &Seen| expected.matches.iter().any(|wanted| difference::fits(wanted, seen));
        difference.unexpected = seen.into_iter().filter(|seen| !named(seen)).collect();
    }
}
