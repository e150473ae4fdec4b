//! `evaluate`: what rules find, held against labels.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use moneytrail::engine::{self, Analysis, Request, RunError};
use moneytrail::lang;
use moneytrail::workbench::evaluate::{
    self as judge, Asked, Evaluation, Names, Questions, Settings as Judging, Sheet, Truth, Unit, normal,
};

use super::run::watch_the_clock;
use crate::args::{AlertUnit, Evaluate, Labelling, TableForm};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::{closing, interrupt, library, terminal};

pub(crate) fn run(arguments: Evaluate) -> Result<u8, Failure> {
    let judging = judging(&arguments)?;
    let names = names(&arguments.labelling.typology)?;
    let file = Settings::load()?;
    let mut request = settings::request(arguments.reading, arguments.choice, &file)?;
    request.intake.inputs = arguments.inputs;
    request.intake.labels = true;
    request.intake.label_files = arguments.labelling.labels;
    request.limits = settings::limits(&arguments.budgets, &file);
    if let Some(budget) = settings::time_budget(&arguments.budgets, &file)? {
        watch_the_clock(budget, Arc::clone(&request.late));
    }
    let progress = Progress::new(false);
    let stop = interrupt::listen()?;
    let ran = engine::run(&request, &progress, stop);
    progress.finish();
    let analysis = ran.map_err(|error| library::fail(error, &request))?;
    library::show(&analysis.warnings, &request.sources);
    closing::say_what_was_read(&analysis.intake, analysis.statistics.ledger.self_transfers);
    let labels = analysis.intake.labels.as_ref().expect("labels were asked for");
    if labels.rows.is_empty() {
        let way_out = "give a table with --labels, or map the columns that hold them (docs/data.md)";
        return Err(Failure::data(format!("no transfer is labelled\n  help: {way_out}")));
    }
    let truth = Truth::new(labels, &analysis.intake.ledger, &names);
    say_which_labels_have_no_rule(&truth, |id| analysis.set.position(id).is_some());
    let mut evaluation = judge::evaluate(&analysis, &truth, &judging);
    if arguments.explain {
        explain(&mut evaluation, &truth, &analysis, &request, stop)?;
    }
    print(&evaluation, arguments.instances || arguments.explain, arguments.format)
}

/// Asks every rule what kept it from the instances that it should have found.
fn explain(
    evaluation: &mut Evaluation,
    truth: &Truth,
    analysis: &Analysis,
    request: &Request,
    stop: &AtomicBool,
) -> Result<(), Failure> {
    let set = lang::compile(&request.sources, &request.overrides).set.expect("the rules have run");
    let asked = Asked {
        ledger: &analysis.intake.ledger,
        set: &set,
        sources: &request.sources,
        overrides: &request.overrides,
        limits: request.limits,
        stop,
    };
    judge::explain(evaluation, truth, &asked).map_err(|_| RunError::Interrupted.into())
}

/// How to judge, checked.
fn judging(arguments: &Evaluate) -> Result<Judging, Failure> {
    Ok(Judging {
        overlap: overlap(&arguments.labelling)?,
        unit: match arguments.unit {
            AlertUnit::Transfer => Unit::Transfer,
            AlertUnit::AccountDay => Unit::AccountDay,
            AlertUnit::Case => Unit::Case,
        },
        questions: Questions {
            per_week: arguments.cases_per_week,
            max_fpr: share("max-fpr", arguments.max_fpr, 0.0)?,
            min_recall: share("min-recall", arguments.min_recall, f64::MIN_POSITIVE)?,
        },
    })
}

/// The least overlap, which is a share above zero.
pub(super) fn overlap(typed: &Labelling) -> Result<f64, Failure> {
    share("overlap", typed.overlap, f64::MIN_POSITIVE)
}

fn share(option: &str, value: f64, least: f64) -> Result<f64, Failure> {
    let wrong = || Failure::usage(format!("--{option} {value}: write a share above 0 and at most 1, such as `0.5`"));
    if value >= least && value <= 1.0 { Ok(value) } else { Err(wrong()) }
}

/// Reads `cycle=simple-cycle`.
pub(super) fn names(typed: &[String]) -> Result<Names, Failure> {
    let mut names = Names::default();
    for text in typed {
        let parts = text.split_once('=').filter(|(label, rule)| !label.trim().is_empty() && !rule.trim().is_empty());
        let (label, rule) =
            parts.ok_or_else(|| Failure::usage(format!("`{text}`: write `--typology cycle=simple-cycle`")))?;
        names.add(label, rule.trim());
    }
    Ok(names)
}

/// How many labels without a rule are named.
const NAMED: usize = 5;

/// A label that no rule of the run looks for is worth knowing: its instances can only be found by chance.
fn say_which_labels_have_no_rule(truth: &Truth, is_known: impl Fn(&str) -> bool) {
    let lonely = truth.instances.iter().filter(|one| one.is_sound() && !one.rules.iter().any(|rule| is_known(rule)));
    let mut lonely: Vec<String> = lonely.map(|one| normal(&one.typology)).collect();
    lonely.dedup();
    if !lonely.is_empty() {
        let (some, more) = lonely.split_at(lonely.len().min(NAMED));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        let labels = some.join(", ");
        terminal::complain(&format!(
            "note: no rule of this run is for {labels}{more}; --typology LABEL=RULE says which is"
        ));
    }
}

fn print(evaluation: &Evaluation, with_instances: bool, form: TableForm) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    let sheets = || judge::sheets(evaluation, with_instances);
    match form {
        TableForm::Json => writeln!(out, "{}", serde_json::to_string_pretty(evaluation)?)?,
        TableForm::Markdown => {
            write!(out, "{}\n\n{}", judge::summary(evaluation), judge::markdown(&sheets()))?;
        }
        TableForm::Text => {
            writeln!(out, "{}", judge::summary(evaluation))?;
            for Sheet { title, note, headings, numbers, rows } in sheets() {
                let texts: Vec<usize> = (0..headings.len()).filter(|place| !numbers.contains(place)).collect();
                let mut table = terminal::table(&headings, &numbers, &texts);
                table.add_rows(rows);
                writeln!(out, "\n{title}\n{note}\n{table}")?;
            }
        }
    }
    Ok(0)
}
