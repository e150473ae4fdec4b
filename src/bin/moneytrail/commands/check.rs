//! `check`: every mistake of every rule file in one go.

use std::io::Write;

use moneytrail::lang;

use crate::args::Check;
use crate::failure::{Failure, USAGE};
use crate::{library, terminal};

pub(crate) fn run(check: &Check) -> Result<u8, Failure> {
    if let Some(code) = &check.explain {
        return explain(code);
    }
    let sources = library::sources(&check.paths)?;
    let checked = lang::compile(&sources, &[]);
    let (errors, warnings) = library::show(&checked.diagnostics, &sources);
    let [files, errors_said, warnings] = [(sources.len(), "rule file"), (errors, "error"), (warnings, "warning")]
        .map(|(number, noun)| terminal::counted(number, noun));
    terminal::complain(&format!("{files} checked: {errors_said}, {warnings}"));
    Ok(if errors > 0 { USAGE } else { 0 })
}

fn explain(code: &str) -> Result<u8, Failure> {
    let Some(code) = lang::codes::find(code) else {
        return Err(Failure::usage(format!("there is no diagnostic `{code}`; codes look like `R012`")));
    };
    writeln!(std::io::stdout(), "{}: {}\n\n{}", code.name, code.title, code.explanation())?;
    Ok(0)
}
