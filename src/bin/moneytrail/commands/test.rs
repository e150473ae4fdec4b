//! `test`: the tests that rules carry, each on the planned kernel and on the exhaustive one.

use std::io::Write;

use moneytrail::workbench::test;

use crate::args::Test;
use crate::failure::{FOUND, Failure};
use crate::{library, terminal};

pub(crate) fn run(arguments: &Test) -> Result<u8, Failure> {
    let own = library::sources(&arguments.paths)?;
    let sources = library::with_used(&own);
    let mut set = library::compile(&sources, &[])?;
    for typology in set.typologies.iter_mut().filter(|rule| !own.iter().any(|source| source.path == rule.path)) {
        typology.tests.clear();
    }
    let outcomes = test::run(&set);
    let mut out = std::io::stdout().lock();
    for outcome in &outcomes {
        let verdict = if outcome.failure.is_some() { "FAILED" } else { "ok" };
        writeln!(out, "{} / {} ... {verdict}", outcome.rule, outcome.test)?;
        if let Some(failure) = &outcome.failure {
            writeln!(out, "  {}:{}\n{failure}", outcome.path, outcome.line)?;
        }
    }
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    writeln!(
        out,
        "{}, {}: {} passed, {failed} failed",
        terminal::counted(own.len(), "rule"),
        terminal::counted(outcomes.len(), "test"),
        outcomes.len() - failed
    )?;
    Ok(if failed > 0 { FOUND } else { 0 })
}
