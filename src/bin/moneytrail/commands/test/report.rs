//! What became of the tests: lines for people, or one JSON object.

use std::io::{self, Write};

use moneytrail::workbench::test::{self, Line, Outcome, Sign};
use serde::Serialize;

use super::chosen::Chosen;
use crate::failure::Failure;
use crate::terminal;

/// Lines for people.
pub(super) fn text(chosen: &Chosen, outcomes: &[Outcome]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for outcome in outcomes {
        match (&outcome.failure, &outcome.todo) {
            (Some(failure), _) => {
                writeln!(out, "{} ... FAILED\n  {}:{}", outcome.label(), outcome.path, outcome.line)?;
                for line in failure.lines() {
                    writeln!(out, "  {}", coloured(&line))?;
                }
            }
            (None, Some(reason)) => writeln!(out, "{} ... todo: {reason}", outcome.label())?,
            (None, None) => writeln!(out, "{} ... ok", outcome.label())?,
        }
    }
    let [passed, failed, todo] = tally(outcomes);
    let (rules, files) = (chosen.rule_count()?, chosen.expectations.len());
    let parts = [(rules, "rule"), (files, "expectation file")].into_iter().filter(|(count, _)| *count > 0);
    let mut parts: Vec<String> = parts.map(|(count, noun)| terminal::counted(count, noun)).collect();
    parts.push(terminal::counted(outcomes.len(), "test"));
    let todo = if todo > 0 { format!(", {todo} todo") } else { String::new() };
    writeln!(out, "{}: {passed} passed, {failed} failed{todo}", parts.join(", "))?;
    Ok(())
}

/// How many tests passed, failed, and are known to fail.
fn tally(outcomes: &[Outcome]) -> [usize; 3] {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let todo = outcomes.iter().filter(|outcome| outcome.todo.is_some()).count();
    [outcomes.len() - failed - todo, failed, todo]
}

fn coloured(line: &Line) -> String {
    match line.sign {
        Sign::Missing => terminal::signed('-', &line.text),
        Sign::Extra => terminal::signed('+', &line.text),
        Sign::Plain => line.text.clone(),
    }
}

/// One test in JSON.
#[derive(Serialize)]
struct Told<'a> {
    suite: &'a str,
    rule: &'a str,
    test: &'a str,
    path: &'a str,
    line: usize,
    verdict: &'static str,
    todo: Option<&'a str>,
    difference: Vec<String>,
}

/// One JSON object.
pub(super) fn json(outcomes: &[Outcome]) -> Result<(), Failure> {
    let tests: Vec<Told<'_>> = outcomes.iter().map(told).collect();
    let [passed, failed, todo] = tally(outcomes);
    let report = serde_json::json!({ "passed": passed, "failed": failed, "todo": todo, "tests": tests });
    writeln!(io::stdout(), "{report:#}")?;
    Ok(())
}

fn told(outcome: &Outcome) -> Told<'_> {
    let verdict = match (&outcome.failure, &outcome.todo) {
        (Some(_), _) => "failed",
        (None, Some(_)) => "todo",
        (None, None) => "passed",
    };
    let lines = outcome.failure.iter().flat_map(test::Failure::lines);
    let Outcome { suite, rule, test, path, line, todo, .. } = outcome;
    let difference = lines.map(|line| line.text).collect();
    Told { suite, rule, test, path, line: *line, verdict, todo: todo.as_deref(), difference }
}
