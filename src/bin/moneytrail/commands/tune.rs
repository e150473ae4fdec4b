//! `tune`: a rule at many settings of its parameters, in one search of the ledger.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use moneytrail::workbench::tune::{self, Asked, TuneError};

use super::evaluate::names;
use super::run::watch_the_clock;
use crate::args::{self, RuleChoice, TextOrJson};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, library, terminal};

pub(crate) fn run(arguments: args::Tune) -> Result<u8, Failure> {
    let file = Settings::load()?;
    let mut choice = RuleChoice { rules: arguments.rules, only: Vec::new(), set: arguments.set };
    let asked = Asked {
        rule: rule_id(&arguments.rule, &mut choice),
        parameters: arguments.parameters,
        most: arguments.max_settings,
        names: names(&arguments.typology)?,
        overlap: overlap(arguments.overlap)?,
        objective: arguments.objective.parse().map_err(Failure::usage)?,
        blocks: arguments.folds,
    };
    let mut request = settings::request(arguments.reading, choice, &file)?;
    request.sources = library::with_used(&request.sources);
    request.limits = settings::limits(&arguments.budgets, &file);
    if let Some(budget) = settings::time_budget(&arguments.budgets, &file)? {
        watch_the_clock(budget, Arc::clone(&request.late));
    }
    request.intake.inputs = arguments.inputs;
    request.intake.label_files = arguments.labels;
    let tuning = tune::run(&request, &asked, interrupt::listen()?).map_err(|error| match error {
        TuneError::Run(error) => library::fail(error, &request),
        error => Failure::usage(error),
    })?;
    if let Some(path) = &arguments.chart {
        let chart = tune::svg(&tuning).map_err(Failure::usage)?;
        std::fs::write(path, chart).map_err(|error| Failure::output(format!("{}: {error}", path.display())))?;
        terminal::complain(&format!("the chart is in {}", path.display()));
    }
    let told = match arguments.format {
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

fn overlap(share: f64) -> Result<f64, Failure> {
    let wrong = || Failure::usage(format!("--overlap {share}: write a share above 0 and at most 1, such as `0.5`"));
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err(wrong()) }
}
