//! `run --count`: how many instances each rule has, counted and not listed.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use moneytrail::columns::{AccountId, Ledger};
use moneytrail::engine::{self, Counted};
use moneytrail::search::{Counts, Cut};
use serde::Serialize;

use super::run::watch_the_clock;
use crate::args::CountForm;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::settings::Settled;
use crate::{closing, interrupt, library, terminal};

pub(crate) fn run(settled: &Settled, form: CountForm) -> Result<u8, Failure> {
    let stop = interrupt::listen()?;
    if let Some(budget) = settled.time_budget {
        watch_the_clock(budget, Arc::clone(&settled.request.late));
    }
    let progress = Progress::new(false);
    let counted = engine::count(&settled.request, &progress, stop);
    progress.finish();
    let counted = counted.map_err(|error| library::fail(error, &settled.request))?;
    let ledger = &counted.intake.ledger;
    let own = ledger.senders().iter().zip(ledger.receivers()).filter(|(sender, receiver)| sender == receiver);
    closing::say_what_was_read(&counted.intake, own.count());
    let report = Report::of(&counted);
    match form {
        CountForm::Json => writeln!(std::io::stdout(), "{}", json(&report)?)?,
        CountForm::Text => writeln!(std::io::stdout(), "{}", table(&report))?,
    }
    // The process ends here, and gives all of it back at once.
    drop(report);
    std::mem::forget(counted);
    Ok(0)
}

/// What was counted, for programs; `docs/data.md` describes it.
#[derive(Serialize)]
struct Report<'a> {
    rules: BTreeMap<&'a str, Rule>,
    read: u64,
    accepted: u64,
    rejected: u64,
    completeness: Completeness<'a>,
}

#[derive(Serialize)]
struct Rule {
    instances: u128,
    by_hops: BTreeMap<usize, u128>,
    bindings: u64,
}

#[derive(Serialize)]
struct Completeness<'a> {
    exhaustive: bool,
    cuts: Vec<Stopped<'a>>,
    not_evaluated: BTreeMap<&'a str, &'a str>,
}

/// Accounts at which counting ended, in key order from the first to the last.
#[derive(Serialize)]
struct Stopped<'a> {
    rule: &'a str,
    budget: &'a str,
    from: Option<&'a str>,
    through: Option<&'a str>,
}

impl<'a> Report<'a> {
    fn of(counted: &'a Counted) -> Self {
        let (mut rules, mut cuts, mut not_evaluated) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for (id, counts) in &counted.rules {
            match counts {
                Ok(Counts { instances, by_hops, bindings, cuts: stopped }) => {
                    let rule = Rule { instances: *instances, by_hops: by_hops.clone(), bindings: *bindings };
                    rules.insert(id.as_str(), rule);
                    cuts.extend(stopped.iter().map(|cut| Stopped::of(id, cut, &counted.intake.ledger)));
                }
                Err(missing) => drop(not_evaluated.insert(id.as_str(), missing.reason.as_str())),
            }
        }
        let (read, accepted) = (counted.intake.read, counted.intake.ledger.len() as u64);
        let completeness = Completeness { exhaustive: cuts.is_empty(), cuts, not_evaluated };
        Self { rules, read, accepted, rejected: counted.intake.rejects.rows.len() as u64, completeness }
    }
}

impl<'a> Stopped<'a> {
    fn of(rule: &'a str, cut: &Cut, ledger: &'a Ledger) -> Self {
        let key = |account: AccountId| ledger.accounts().key(account);
        Self { rule, budget: cut.budget, from: cut.anchor.map(key), through: cut.through.or(cut.anchor).map(key) }
    }
}

fn json(report: &Report<'_>) -> Result<String, Failure> {
    serde_json::to_string_pretty(report).map_err(|error| Failure::output(error.to_string()))
}

fn table(report: &Report<'_>) -> String {
    let mut table = terminal::table(&["rule", "instances", "bindings", "by hops"], &[1, 2], &[3]);
    for (id, rule) in &report.rules {
        let hops = rule.by_hops.iter().map(|(hops, count)| format!("{hops}: {}", terminal::grouped(*count)));
        let hops: Vec<String> = hops.collect();
        let numbers = [terminal::grouped(rule.instances), terminal::grouped(rule.bindings)];
        table.add_row([*id, &numbers[0], &numbers[1], &hops.join(", ")]);
    }
    let lacking = report.completeness.not_evaluated.iter();
    let lacking = lacking.map(|(id, reason)| format!("not evaluable: {id}: {reason}"));
    let cut = |cut: &Stopped<'_>| {
        let run =
            cut.from.zip(cut.through).map(|(from, through)| format!("accounts {from} to {through}, in key order"));
        format!("cut: {}: {}; raise {}", cut.rule, run.unwrap_or_else(|| "the whole rule".to_owned()), cut.budget)
    };
    let end = if report.completeness.exhaustive { "exhaustive" } else { "cut by a budget, as listed" };
    let lines = lacking.chain(report.completeness.cuts.iter().map(cut)).chain([end.to_owned()]);
    std::iter::once(table.to_string()).chain(lines).collect::<Vec<_>>().join("\n")
}
