//! `tune`: a rule at many settings of its parameters, in one search of the ledger.

use std::io::Write;
use std::path::Path;

use moneytrail::workbench::tune::{self, Asked, TuneError};

use crate::args::{self, RuleChoice, TextOrJson};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, library};

pub(crate) fn run(arguments: args::Tune) -> Result<u8, Failure> {
    let file = Settings::load()?;
    let mut choice = RuleChoice { rules: arguments.rules, only: Vec::new(), set: arguments.set };
    let rule = rule_id(&arguments.rule, &mut choice);
    let mut request = settings::request(arguments.reading, choice, &file)?;
    request.sources = library::with_used(&request.sources);
    request.limits = settings::limits(&arguments.budgets, &file);
    request.intake.inputs = arguments.inputs;
    let format = arguments.format;
    let asked = Asked { rule, parameters: arguments.parameters, most: arguments.max_settings };
    let tuning = tune::run(&request, &asked, interrupt::listen()?).map_err(|error| match error {
        TuneError::Run(error) => library::fail(error, &request),
        error => Failure::usage(error),
    })?;
    let told = match format {
        TextOrJson::Text => tune::text(&tuning),
        TextOrJson::Json => tune::json(&tuning),
    };
    write!(std::io::stdout(), "{told}")?;
    Ok(0)
}

/// The id of the rule; where a file is named, its stem, and the file is the only rule.
fn rule_id(typed: &str, choice: &mut RuleChoice) -> String {
    let path = Path::new(typed);
    if !library::is_rule_file(path) {
        return typed.to_owned();
    }
    choice.rules = vec![path.to_owned()];
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
