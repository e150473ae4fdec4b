//! What a run says when it is over: where every row went, what each rule found, and how complete that is.

use std::io::Write;
use std::time::Duration;

use moneytrail::engine::Analysis;
use moneytrail::ingest::Intake;
use moneytrail::stats::Summary;
use moneytrail::write::{self, Report};
use serde::Serialize;

use crate::failure::Failure;
use crate::profile::Spent;
use crate::progress::Timings;
use crate::settings::Settled;
use crate::terminal;

/// Says where every row went, and what a careful reader of the results should know.
pub(crate) fn say_what_was_read(intake: &Intake, self_transfers: usize) {
    let rejected = intake.rejects.rows.len() as u64;
    terminal::complain(&format!(
        "read {} rows = {} accepted + {} rejected; {} accounts, {} self-transfers (never matched), {}",
        terminal::grouped(intake.read),
        terminal::grouped(intake.read - rejected),
        terminal::grouped(rejected),
        terminal::grouped(intake.ledger.accounts().len() as u64),
        terminal::grouped(self_transfers as u64),
        intake.mapping,
    ));
    for note in &intake.notes {
        terminal::complain(&format!("note: {note}"));
    }
}

/// What a rule found, for programs.
#[derive(Serialize)]
struct Line<'a> {
    rule: &'a str,
    completeness: &'static str,
    matches: usize,
    instances: u64,
    transfers: usize,
    accounts: usize,
    value: String,
    base_currency: &'a str,
    seconds: f64,
}

impl<'a> Line<'a> {
    fn new(analysis: &'a Analysis, timings: &Timings, rule: usize) -> Self {
        let statistics = &analysis.statistics.rules[rule];
        let summary = &statistics.summary;
        Self {
            rule: &statistics.rule,
            completeness: completeness(analysis, rule),
            matches: summary.matches,
            instances: summary.instances,
            transfers: summary.transfers,
            accounts: summary.accounts,
            value: summary.value.net.to_string(),
            base_currency: &analysis.statistics.base_currency,
            seconds: timings.rules.get(&statistics.rule).map_or(0.0, |spent| spent.all.clock.as_secs_f64()),
        }
    }
}

/// The ledger's data cannot answer the rule, which is not the same as no match.
const NOT_EVALUABLE: &str = "not evaluable";

fn completeness(analysis: &Analysis, rule: usize) -> &'static str {
    let known = &analysis.sifted.completeness;
    if known.not_evaluated.iter().any(|missing| missing.rule == rule) {
        NOT_EVALUABLE
    } else if known.cuts.iter().any(|cut| cut.rule == rule) {
        "cut"
    } else {
        "exhaustive"
    }
}

/// Prints a table on a terminal. A pipe gets a line of JSON a rule, or the matches where no folder takes them.
pub(crate) fn print_results(
    settled: &Settled,
    analysis: &Analysis,
    report: &Report<'_>,
    timings: &Timings,
) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let lines = (0..analysis.statistics.rules.len()).map(|rule| Line::new(analysis, timings, rule));
    if terminal::is_interactive() {
        // A library has more rules than a table has room for, and most of them find nothing.
        let (told, silent): (Vec<_>, Vec<_>) = lines.partition(|line| line.matches > 0 || line.completeness == "cut");
        writeln!(out, "{}", table(told.into_iter(), &analysis.statistics.overall, &analysis.statistics.base_currency))?;
        let searched: Vec<&str> =
            silent.iter().filter(|line| line.completeness != NOT_EVALUABLE).map(|line| line.rule).collect();
        if !searched.is_empty() {
            writeln!(out, "nothing found by {}: {}", terminal::counted(searched.len(), "rule"), searched.join(", "))?;
        }
    } else if settled.out.is_some() {
        for line in lines {
            writeln!(out, "{}", serde_json::to_string(&line)?)?;
        }
    } else {
        write::jsonl(report, &mut out)?;
    }
    Ok(())
}

/// Columns of text that the whole table needs.
const WHOLE: u16 = 108;

/// The table for people. A narrow terminal does without instances and seconds.
fn table<'a>(lines: impl Iterator<Item = Line<'a>>, overall: &Summary, base: &str) -> comfy_table::Table {
    let narrow = terminal::width().is_some_and(|columns| columns < WHOLE);
    let shown = |row: [String; 8]| {
        let places = row.into_iter().enumerate();
        places.filter(|(place, _)| !(narrow && [2, 6].contains(place))).map(|(_, cell)| cell).collect::<Vec<_>>()
    };
    let headings = ["rule", "matches", "instances", "transfers", "accounts", "value", "seconds", "completeness"];
    let mut headings = headings.map(str::to_owned);
    headings[5] = format!("value ({base})");
    let headings = shown(headings);
    let names: Vec<&str> = headings.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (1..names.len() - 1).collect();
    let mut table = terminal::table(&names, &numbers, &[]);
    let mut seconds = 0.0;
    for line in lines {
        seconds += line.seconds;
        table.add_row(shown(row(&line)));
    }
    table.add_row(shown([
        "all".to_owned(),
        terminal::grouped(overall.matches as u64),
        terminal::grouped(overall.instances),
        terminal::grouped(overall.transfers as u64),
        terminal::grouped(overall.accounts as u64),
        terminal::grouped_money(&overall.value.net.to_string()),
        format!("{seconds:.2}"),
        String::new(),
    ]));
    table
}

fn row(line: &Line<'_>) -> [String; 8] {
    let known = |cell: String| if line.completeness == NOT_EVALUABLE { "-".to_owned() } else { cell };
    [
        line.rule.to_owned(),
        known(terminal::grouped(line.matches as u64)),
        known(terminal::grouped(line.instances)),
        known(terminal::grouped(line.transfers as u64)),
        known(terminal::grouped(line.accounts as u64)),
        known(terminal::grouped_money(&line.value)),
        known(format!("{:.2}", line.seconds)),
        line.completeness.to_owned(),
    ]
}

/// Says how complete the run was, how long it took and where its results are.
pub(crate) fn say_how_it_ended(settled: &Settled, analysis: &Analysis, timings: &Timings, elapsed: Duration) {
    let sifted = &analysis.sifted;
    let id = |rule: usize| &analysis.set.typologies[rule].id;
    for missing in &sifted.completeness.not_evaluated {
        terminal::complain(&format!("not evaluable: {}: {}", id(missing.rule), missing.reason));
    }
    for cut in &sifted.completeness.cuts {
        let account = |anchor| format!("account {}", analysis.intake.ledger.accounts().key(anchor));
        let place = match (cut.anchor, cut.through) {
            (Some(first), Some(last)) => {
                format!("not searched from {} to {}, in key order,", account(first), account(last))
            }
            (Some(anchor), None) => format!("ended at {}", account(anchor)),
            (None, _) => "the whole rule".to_owned(),
        };
        terminal::complain(&format!(
            "cut: {}: {place} after {} instances; raise {}",
            id(cut.rule),
            terminal::grouped(cut.found),
            cut.budget
        ));
    }
    let mut unknown: Vec<usize> = sifted.completeness.unknown.iter().map(|unknown| unknown.rule).collect();
    unknown.dedup();
    if !unknown.is_empty() {
        let rules = terminal::counted(unknown.len(), "rule");
        terminal::complain(&format!(
            "unknown: some transfers lack history that is asked for in {rules} (statistics.json, completeness.unknown)"
        ));
    }
    if let Some(done) = analysis.slices {
        let how = if done.spilled { "written away while it was read" } else { "held in memory" };
        terminal::complain(&format!("searched in {}; the ledger was {how}", terminal::counted(done.slices, "slice")));
    }
    let complete = if sifted.completeness.is_exhaustive() { "exhaustive" } else { "cut by a budget, as listed" };
    let stage = |(stage, spent): &(&str, Spent)| format!("{stage} {:.2} s", spent.clock.as_secs_f64());
    let stages: Vec<String> = timings.stages.iter().map(stage).collect();
    terminal::complain(&format!(
        "{} in {}; {complete}; {:.2} s ({})",
        terminal::counted(sifted.matches.list.len(), "match"),
        terminal::counted(sifted.cases.list.len(), "case"),
        elapsed.as_secs_f64(),
        stages.join(", "),
    ));
    if let Some(out) = &settled.out {
        terminal::complain(&format!("results are in {}", out.display()));
    }
}
