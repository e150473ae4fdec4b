//! `run`: rules over ledgers; matches, cases and statistics out.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use moneytrail::columns::Time;
use moneytrail::engine::{self, Analysis, RunError};
use moneytrail::ingest::Failure as IngestFailure;
use moneytrail::search::Limits;
use moneytrail::stats::RuleStatistics;
use moneytrail::workbench::evaluate;
use moneytrail::{ingest, write};
use serde::Serialize;

use crate::args::{Form, Run};
use crate::failure::Failure;
use crate::progress::Progress;
use crate::settings::{self, Settings};
use crate::{library, terminal};

/// Set by Ctrl-C; the run ends at the next safe place.
static STOP: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(arguments: Run) -> Result<u8, Failure> {
    let settings = settings::load()?;
    let plan = Settled::new(arguments, settings)?;
    listen_for_interrupts()?;
    if let Some(out) = &plan.out {
        write::check_target(out).map_err(Failure::output)?;
    }
    let (started, clock) = (now(), Instant::now());
    let progress = Progress::new(plan.request.sources.len());
    let outcome = engine::run(&plan.request, &progress, &STOP);
    let (stages, rules) = progress.finish();
    let analysis = outcome.map_err(|error| fail(error, &plan.request))?;
    report_reading(&analysis);
    let facts = write::RunFacts {
        command: plan.command.clone(),
        started,
        finished: now(),
        identifiable: plan.request.intake.identifiable,
        limits: plan.request.limits,
        overrides: plan.request.overrides.clone(),
    };
    if let Some(out) = &plan.out {
        write::folder(&report(&analysis, &facts), out, &plan.forms).map_err(Failure::output)?;
    }
    print_results(&plan, &analysis, &facts, &rules)?;
    report_end(&plan, &analysis, &stages, clock.elapsed());
    if plan.labels {
        print_outcomes(&analysis)?;
    }
    let matched = !analysis.sifted.matches.list.is_empty();
    Ok(u8::from(plan.fail_on_match && matched))
}

/// What the run does, once flags, environment, settings and defaults have been put together.
struct Settled {
    request: engine::Request,
    out: Option<std::path::PathBuf>,
    forms: write::Forms,
    fail_on_match: bool,
    labels: bool,
    command: Vec<String>,
}

impl Settled {
    fn new(arguments: Run, settings: Settings) -> Result<Self, Failure> {
        let paths = if arguments.choice.rules.is_empty() { settings.rules } else { arguments.choice.rules };
        let default = Limits::default();
        let max_rejects = arguments.max_rejects.or(settings.max_rejects);
        let intake = ingest::Request {
            inputs: arguments.inputs,
            accounts: arguments.accounts.or(settings.accounts),
            rates: arguments.rates.or(settings.rates),
            mapping: arguments.mapping.or(settings.mapping),
            base: arguments.base.or(settings.base),
            max_rejects: max_rejects.as_deref().map(settings::reject_limit).transpose()?,
            identifiable: arguments.identifiable,
            labels: arguments.labels,
            ..ingest::Request::default()
        };
        let limits = Limits {
            instances_per_anchor: arguments
                .max_instances_per_anchor
                .or(settings.max_instances_per_anchor)
                .unwrap_or(default.instances_per_anchor),
            matches_per_rule: arguments
                .max_matches_per_rule
                .or(settings.max_matches_per_rule)
                .unwrap_or(default.matches_per_rule),
        };
        let request = engine::Request {
            sources: library::sources(&paths)?,
            overrides: library::overrides(&arguments.choice.set)?,
            only: arguments.choice.only,
            intake,
            limits,
            threads: arguments.threads.or(settings.threads).filter(|&threads| threads > 0),
        };
        let forms = arguments.formats.or(settings.formats).unwrap_or_default();
        Ok(Self {
            request,
            out: arguments.out,
            forms: write::Forms { csv: forms.contains(&Form::Csv), jsonl: forms.contains(&Form::Jsonl) },
            fail_on_match: arguments.fail_on_match,
            labels: arguments.labels,
            command: std::env::args().collect(),
        })
    }
}

fn listen_for_interrupts() -> Result<(), Failure> {
    // The first signal asks the run to end; the second does not wait for it.
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).map_err(Failure::output)
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

fn fail(error: RunError, request: &engine::Request) -> Failure {
    match error {
        RunError::Rules(diagnostics) => {
            let checked = moneytrail::lang::Checked { set: None, diagnostics };
            library::show(&checked, &request.sources, &request.overrides);
            Failure::quiet(2)
        }
        RunError::NoSuchRule { .. } => Failure::usage(error),
        RunError::Threads(_) => Failure::output(error),
        RunError::Interrupted => Failure::coded(130, "interrupted; nothing was written"),
        RunError::Ingest(error) => {
            let code = match error.failure() {
                IngestFailure::Data => 3,
                IngestFailure::Privacy => 4,
                IngestFailure::Io => 5,
            };
            Failure::coded(code, error)
        }
    }
}

/// Says where every row went, and what a careful reader should know.
fn report_reading(analysis: &Analysis) {
    let intake = &analysis.intake;
    let summary = intake.ledger.summary();
    let rejected = intake.rejects.rows.len() as u64;
    terminal::complain(&format!(
        "read {} rows = {} accepted + {} rejected; {} accounts, {} self-transfers (never matched), {}",
        terminal::grouped(intake.read),
        terminal::grouped(summary.transfers as u64),
        terminal::grouped(rejected),
        terminal::grouped(summary.accounts as u64),
        terminal::grouped(summary.self_transfers as u64),
        intake.mapping,
    ));
    for note in &intake.notes {
        terminal::complain(&format!("note: {note}"));
    }
}

/// One rule of the closing table, for programs.
#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    evaluated: bool,
    matches: u64,
    instances: u64,
    transfers: u64,
    accounts: u64,
    value: String,
    seconds: f64,
}

fn lines<'a>(analysis: &'a Analysis, seconds: &BTreeMap<String, Duration>) -> Vec<Line<'a>> {
    let line = |rule: &'a RuleStatistics| Line {
        rule: &rule.rule,
        evaluated: rule.evaluated,
        matches: rule.summary.matches as u64,
        instances: rule.summary.instances,
        transfers: rule.summary.transfers as u64,
        accounts: rule.summary.accounts as u64,
        value: rule.summary.value.net.to_string(),
        seconds: seconds.get(&rule.rule).map_or(0.0, Duration::as_secs_f64),
    };
    analysis.statistics.rules.iter().map(line).collect()
}

fn report<'a>(analysis: &'a Analysis, facts: &'a write::RunFacts) -> write::Report<'a> {
    write::Report {
        intake: &analysis.intake,
        set: &analysis.set,
        plans: &analysis.plans,
        sifted: &analysis.sifted,
        statistics: &analysis.statistics,
        facts,
    }
}

fn print_results(
    plan: &Settled,
    analysis: &Analysis,
    facts: &write::RunFacts,
    seconds: &BTreeMap<String, Duration>,
) -> Result<(), Failure> {
    let lines = lines(analysis, seconds);
    let mut out = std::io::stdout().lock();
    if terminal::is_interactive() {
        let base = &analysis.intake.ledger.base().code;
        let value = format!("value ({base})");
        let mut table = terminal::table(
            &["rule", "matches", "instances", "transfers", "accounts", &value, "seconds"],
            &[1, 2, 3, 4, 5, 6],
        );
        for line in &lines {
            let number = |number: u64| if line.evaluated { terminal::grouped(number) } else { "-".to_owned() };
            let value = if line.evaluated { terminal::grouped_money(&line.value) } else { "-".to_owned() };
            table.add_row(vec![
                line.rule.to_owned(),
                number(line.matches),
                number(line.instances),
                number(line.transfers),
                number(line.accounts),
                value,
                format!("{:.2}", line.seconds),
            ]);
        }
        writeln!(out, "{table}")?;
    } else if plan.out.is_some() {
        for line in &lines {
            writeln!(out, "{}", serde_json::to_string(line).map_err(Failure::output)?)?;
        }
    } else {
        write::jsonl(&report(analysis, facts), &mut out)?;
    }
    Ok(())
}

/// Says how complete the run was and where its results are.
fn report_end(plan: &Settled, analysis: &Analysis, stages: &[(&'static str, Duration)], elapsed: Duration) {
    let sifted = &analysis.sifted;
    for missing in &sifted.completeness.not_evaluated {
        terminal::complain(&format!("not evaluable: {}: {}", analysis.set.typologies[missing.rule].id, missing.reason));
    }
    for cut in &sifted.completeness.cuts {
        let place = cut.anchor.map_or_else(
            || "the whole rule".to_owned(),
            |anchor| format!("account {}", analysis.intake.ledger.accounts().key(anchor)),
        );
        terminal::complain(&format!(
            "cut: {} at {place} after {} instances; raise {}",
            analysis.set.typologies[cut.rule].id, cut.found, cut.budget
        ));
    }
    let complete = if sifted.completeness.is_exhaustive() { "exhaustive" } else { "cut by a budget, as listed" };
    let stages: Vec<String> =
        stages.iter().map(|(stage, time)| format!("{stage} {:.2} s", time.as_secs_f64())).collect();
    terminal::complain(&format!(
        "{} matches in {} cases; {complete}; {:.2} s ({})",
        terminal::grouped(sifted.matches.list.len() as u64),
        terminal::grouped(sifted.cases.list.len() as u64),
        elapsed.as_secs_f64(),
        stages.join(", "),
    ));
    if let Some(out) = &plan.out {
        terminal::complain(&format!("results are in {}", out.display()));
    }
}

/// Says what became of each labelled instance, as Markdown rows.
fn print_outcomes(analysis: &Analysis) -> Result<(), Failure> {
    let Some(labels) = &analysis.intake.labels else { return Ok(()) };
    let outcomes = evaluate::evaluate(labels, &analysis.sifted.matches, &analysis.set);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| typology | instance | transfers | verdict | rules (shared transfers, overlap) |\n|---|---|---|---|---|"
    )?;
    for outcome in outcomes {
        let rule = |hit: &evaluate::Hit| format!("{} ({}, {:.2})", hit.rule, hit.shared, hit.overlap);
        let rules: Vec<String> = outcome.rules.iter().map(rule).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            outcome.typology,
            outcome.instance,
            outcome.transfers,
            outcome.verdict.name(),
            rules.join("; ")
        )?;
    }
    Ok(())
}
