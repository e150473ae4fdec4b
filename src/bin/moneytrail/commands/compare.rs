//! `compare`: two runs, or two versions of a rule over one ledger; which matches are new, gone and changed.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use moneytrail::columns::Time;
use moneytrail::engine;
use moneytrail::workbench::compare::{self, Alone, Changed, Comparison, Transfer};
use moneytrail::write::{self, Record, RunFacts};

use crate::args::{Compare, Reading, ReportForm, RuleChoice};
use crate::failure::{FOUND, Failure};
use crate::settings::{self, Settings};
use crate::{interrupt, library, terminal};

/// Matches and transfers of a match that the text report shows; JSON has all.
const SHOWN: usize = 20;

pub(crate) fn run(arguments: Compare) -> Result<u8, Failure> {
    let Compare { old, new, ledger, format, fail_on_change, reading } = arguments;
    let comparison = match (write::is_run(&old), write::is_run(&new)) {
        (true, true) if ledger.is_empty() => compare::compare(&recorded(&old)?, &recorded(&new)?),
        (false, false) if !ledger.is_empty() => {
            let stop = interrupt::listen()?;
            let run = |rules: &Path| ran(rules, &ledger, reading.clone(), stop);
            compare::compare(&run(&old)?, &run(&new)?)
        }
        (true, true) => return Err(Failure::usage("two runs are compared as they are; leave `--ledger` out")),
        _ => return Err(Failure::usage(wrong_pair(&old, &new))),
    };
    for warning in &comparison.warnings {
        terminal::complain(&format!("note: {warning}"));
    }
    let mut out = io::stdout().lock();
    match format {
        ReportForm::Text => text(&mut out, &comparison)?,
        ReportForm::Json => {
            serde_json::to_writer_pretty(&mut out, &comparison)?;
            writeln!(out)?;
        }
    }
    Ok(if fail_on_change && comparison.is_change() { FOUND } else { 0 })
}

fn wrong_pair(old: &Path, new: &Path) -> String {
    let what = |path: &Path| match (write::is_run(path), path.exists()) {
        (true, _) => "the folder of a run",
        (false, true) => "no folder of a run",
        (false, false) => "not there",
    };
    let (before, after) = (what(old), what(new));
    format!(
        "{} is {before}, and {} is {after}: name two folders that `moneytrail run --out` wrote, or two rule files and \
         `--ledger INPUT`",
        old.display(),
        new.display()
    )
}

/// The record of a run that was written.
pub(crate) fn recorded(folder: &Path) -> Result<Record, Failure> {
    write::read(folder).map_err(Failure::output)
}

/// The record of a run of these rules, which is not written.
fn ran(rules: &Path, ledger: &[String], reading: Reading, stop: &AtomicBool) -> Result<Record, Failure> {
    let own = library::sources(&[rules.to_owned()])?;
    let mut choice = RuleChoice { rules: vec![rules.to_owned()], only: Vec::new(), set: Vec::new() };
    let sources = library::with_used(&own);
    let is_own = |path: &str| own.iter().any(|source| source.path == path);
    let set = library::compile(&sources, &[])?;
    choice.only = set.typologies.iter().filter(|rule| is_own(&rule.path)).map(|rule| rule.id.clone()).collect();
    let mut request = settings::request(reading, choice, &Settings::load()?)?;
    request.sources = sources;
    request.intake.inputs = ledger.to_vec();
    record(&request, stop)
}

/// The record of a run that is not written.
pub(crate) fn record(request: &engine::Request, stop: &AtomicBool) -> Result<Record, Failure> {
    let analysis = engine::run(request, &(), stop).map_err(|error| library::fail(error, request))?;
    let facts = RunFacts {
        command: std::env::args().collect(),
        started: Time(0),
        finished: Time(0),
        identifiable: request.intake.identifiable,
        limits: request.limits,
        time_budget: None,
        overrides: request.overrides.clone(),
    };
    Ok(Record::of(&analysis.report(&facts)))
}

fn text(out: &mut dyn Write, comparison: &Comparison) -> io::Result<()> {
    let rules = comparison.rules.iter().filter(|rule| rule.before + rule.after > 0);
    let mut table =
        terminal::table(&["rule", "before", "after", "same", "changed", "new", "gone"], &[1, 2, 3, 4, 5, 6], &[]);
    for rule in rules {
        let counts = [rule.before, rule.after, rule.same, rule.changed, rule.new, rule.gone];
        let counts = counts.map(|count| terminal::grouped(count as u64));
        table.add_row(std::iter::once(rule.rule.clone()).chain(counts));
    }
    writeln!(out, "{table}")?;
    let cases = &comparison.cases;
    writeln!(
        out,
        "cases touched: {} of {} before, {} of {} after",
        cases.before, cases.all_before, cases.after, cases.all_after
    )?;
    for change in comparison.changed.iter().take(SHOWN) {
        changed(out, change)?;
    }
    more(out, comparison.changed.len(), "changed")?;
    for (list, word, sign) in [(&comparison.new, "new", '+'), (&comparison.gone, "gone", '-')] {
        for found in list.iter().take(SHOWN) {
            alone(out, found, word, sign)?;
        }
        more(out, list.len(), word)?;
    }
    Ok(())
}

fn more(out: &mut dyn Write, count: usize, word: &str) -> io::Result<()> {
    match count.checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(rest) => writeln!(out, "\n… and {rest} more {word}; --format json has them all"),
    }
}

fn changed(out: &mut dyn Write, change: &Changed) -> io::Result<()> {
    let Changed { rule, old, new, shared, either, .. } = change;
    writeln!(out, "\nchanged {rule}: {old} is now {new}, with {shared} of {either} transfers in common")?;
    for (what, others) in [("split: its parts are also", &change.split_into), ("merged with", &change.merged_from)] {
        if !others.is_empty() {
            writeln!(out, "  {what} {}", others.join(", "))?;
        }
    }
    for role in &change.roles {
        let signed = |sign: char, accounts: &[String]| {
            accounts.iter().map(move |account| format!("{sign}{account}")).collect::<Vec<_>>()
        };
        let accounts = [signed('-', &role.removed), signed('+', &role.added)].concat();
        writeln!(out, "  {}: {}", role.role, accounts.join(" "))?;
    }
    transfers(out, &change.removed, '-')?;
    transfers(out, &change.added, '+')
}

fn alone(out: &mut dyn Write, found: &Alone, word: &str, sign: char) -> io::Result<()> {
    let roles: Vec<String> =
        found.roles.iter().map(|part| format!("{}: {}", part.role, part.accounts.join(", "))).collect();
    writeln!(out, "\n{word} {}: {}, {}", found.rule, found.id, roles.join("; "))?;
    transfers(out, &found.transfers, sign)
}

fn transfers(out: &mut dyn Write, list: &[Transfer], sign: char) -> io::Result<()> {
    for Transfer { tx_id, timestamp, sender, receiver, amount, currency } in list.iter().take(SHOWN) {
        let line = format!("  {sign} {tx_id} {timestamp} {sender} -> {receiver} {amount} {currency}");
        writeln!(out, "{}", terminal::signed(sign, &line))?;
    }
    match list.len().checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(rest) => writeln!(out, "  … and {rest} more"),
    }
}
