//! `tune`: a rule at many settings of its parameters, in one search of the ledger.

use std::io::Write;
use std::sync::Arc;

use moneytrail::workbench::tune::{self, Asked, TuneError};

use super::evaluate::{names, overlap};
use super::run::watch_the_clock;
use crate::args::{self, ReportForm, RuleChoice};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, library, terminal};

pub(crate) fn run(arguments: args::Tune) -> Result<u8, Failure> {
    let file = Settings::load()?;
    let mut choice = RuleChoice { rules: arguments.rules, only: Vec::new(), set: arguments.set };
    let asked = Asked {
        rule: library::named(&arguments.rule, &mut choice.rules),
        parameters: arguments.parameters,
        most: arguments.max_settings,
        names: names(&arguments.labelling.typology)?,
        overlap: overlap(&arguments.labelling)?,
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
    request.intake.label_files = arguments.labelling.labels;
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
        ReportForm::Text => tune::text(&tuning),
        ReportForm::Json => tune::json(&tuning),
    };
    write!(std::io::stdout(), "{told}")?;
    Ok(0)
}
