//! `check`: every mistake of every rule file in one go, for people, for programs or for code hosts.

mod json;
mod sarif;

use std::io::Write;

use moneytrail::lang::{self, Checked, Level, Policy, Source};

use crate::args::{Check, Report};
use crate::failure::{Failure, USAGE};
use crate::settings::Settings;
use crate::{library, terminal};

pub(crate) fn run(check: &Check) -> Result<u8, Failure> {
    if let Some(code) = &check.explain {
        return explain(code);
    }
    let sources = library::sources(&check.paths)?;
    let policy = policy(check)?;
    let checked = lang::check(&sources, &[], &policy, &library::sources(&[])?);
    match check.format {
        Report::Text => text(&checked, &sources),
        Report::Json => writeln!(std::io::stdout(), "{}", json::report(&checked, &sources)?)?,
        Report::Sarif => writeln!(std::io::stdout(), "{}", sarif::report(&checked, &sources)?)?,
    }
    Ok(if checked.diagnostics.iter().any(|found| found.level == Level::Error) { USAGE } else { 0 })
}

/// What the project asks, and what the command line does.
fn policy(check: &Check) -> Result<Policy, Failure> {
    let mut policy = Settings::load()?.policy();
    policy.deny_warnings |= check.deny_warnings;
    match policy.fault() {
        Some(fault) => Err(Failure::usage(format!("moneytrail.toml: [check]: {fault}"))),
        None => Ok(policy),
    }
}

fn text(checked: &Checked, sources: &[Source]) {
    let (errors, warnings) = library::show(&checked.diagnostics, sources);
    let [files, errors, warnings] = [(sources.len(), "rule file"), (errors, "error"), (warnings, "warning")]
        .map(|(number, noun)| terminal::counted(number, noun));
    let allowed = match checked.allowed.len() {
        0 => String::new(),
        number => format!(", {} allowed", terminal::grouped(number as u64)),
    };
    terminal::complain(&format!("{files} checked: {errors}, {warnings}{allowed}"));
}

/// The word for a level, in every form.
fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}

fn explain(code: &str) -> Result<u8, Failure> {
    let Some(code) = lang::codes::find(code) else {
        return Err(Failure::usage(format!("there is no diagnostic `{code}`; codes look like `R012`")));
    };
    writeln!(std::io::stdout(), "{}: {}\n\n{}", code.name, code.title, code.explanation())?;
    Ok(0)
}
