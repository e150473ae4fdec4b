//! `test`: the tests that rules carry, and expectation files over whole ledgers.

mod chosen;
mod report;
mod watch;

use std::io::{self, Write};

use moneytrail::workbench::test::{self, Outcome};

use crate::args::{Test, TestForm};
use crate::failure::{FOUND, Failure};
use chosen::Chosen;

pub(crate) fn run(arguments: &Test) -> Result<u8, Failure> {
    if arguments.watch { watch::watch(arguments) } else { run_once(arguments, &Chosen::at(&arguments.paths)?) }
}

/// Runs the tests of these files and reports what became of them.
fn run_once(arguments: &Test, chosen: &Chosen) -> Result<u8, Failure> {
    let outcomes = chosen.run(arguments.filter.as_deref())?;
    if let (Some(filter), true) = (&arguments.filter, outcomes.is_empty()) {
        return Err(Failure::usage(format!("no test has `{filter}` in its line; without --filter all are listed")));
    }
    if let Some(path) = &arguments.junit {
        let failed = |error| Failure::output(format!("{}: {error}", path.display()));
        std::fs::write(path, test::junit(&outcomes)).map_err(failed)?;
    }
    match arguments.format {
        TestForm::Text => report::text(chosen, &outcomes)?,
        TestForm::Json => report::json(&outcomes)?,
        TestForm::Junit => io::stdout().write_all(test::junit(&outcomes).as_bytes())?,
    }
    let failed = |outcome: &Outcome| outcome.failure.is_some();
    Ok(if outcomes.iter().any(failed) { FOUND } else { 0 })
}
