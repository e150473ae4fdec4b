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
    let (errors, warnings) = library::show(&checked.diagnostics, &sources, &[]);
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let files = plural(sources.len(), "rule file");
    terminal::complain(&format!("{files} checked: {}, {}", plural(errors, "error"), plural(warnings, "warning")));
    Ok(if errors > 0 { USAGE } else { 0 })
}

fn explain(code: &str) -> Result<u8, Failure> {
    let Some(code) = lang::codes::find(code) else {
        return Err(Failure::usage(format!("there is no diagnostic `{code}`; codes look like `R012`")));
    };
    writeln!(std::io::stdout(), "{}: {}\n\n{}", code.name, code.title, code.explanation)?;
    Ok(0)
}
