//! `plan`: how a rule is searched, and why; with a ledger, what each step takes.

use std::io::{self, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use moneytrail::columns::LedgerSummary;
use moneytrail::engine::{self, Event, Explanation, Observer, Request};
use moneytrail::plan::{self, Plan};
use moneytrail::search::{Narrowed, Scanned};

use crate::args::{self, RuleChoice};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, library, terminal};

pub(crate) fn run(arguments: args::Plan) -> Result<u8, Failure> {
    let mut choice = RuleChoice { rules: arguments.rules, only: Vec::new(), set: arguments.set };
    choice.only = vec![library::named(&arguments.rule, &mut choice.rules)];
    let mut request = settings::request(arguments.reading, choice, &Settings::load()?)?;
    request.intake.inputs = arguments.ledger;
    if request.intake.inputs.is_empty() {
        return without_ledger(&request, arguments.verbose);
    }
    if arguments.analyze {
        return analyze(&request, arguments.verbose);
    }
    match engine::explain(&request) {
        Ok(explanation) => show(&explanation, arguments.verbose),
        Err(error) => Err(library::fail(error, &request)),
    }
}

fn without_ledger(request: &Request, verbose: bool) -> Result<u8, Failure> {
    let all = library::compile(&request.sources, &request.overrides)?;
    let plans: Vec<Plan> = plan::together(&all, None).into_iter().flatten().flatten().collect();
    let wanted = library::only(all, &request.only)?;
    for plan in plans.iter().filter(|plan| wanted.typologies.iter().any(|wanted| wanted.id == plan.typology)) {
        write!(io::stdout(), "{}", text(plan, verbose))?;
    }
    Ok(0)
}

fn text(plan: &Plan, verbose: bool) -> String {
    if verbose { plan.verbose() } else { plan.to_string() }
}

fn show(explanation: &Explanation, verbose: bool) -> Result<u8, Failure> {
    let Explanation { summary, rules } = explanation;
    let mut out = io::stdout().lock();
    for (rule, explained) in rules {
        match explained {
            Ok((plan, scans)) => {
                write!(out, "{}", text(plan, verbose))?;
                write_ledger(&mut out, summary)?;
                for (step, scan) in (1..).zip(scans) {
                    if let Some(rule) = &plan.flow.steps[step - 1].uses {
                        writeln!(out, "  step {step}  could use each match of {rule}")?;
                        continue;
                    }
                    writeln!(out, "  step {step}  could use {} transfers", terminal::grouped(scan.rows as u64))?;
                }
            }
            Err(missing) => writeln!(out, "plan {rule}\n  not evaluable: {missing}")?,
        }
    }
    Ok(0)
}

fn write_ledger(out: &mut impl Write, summary: &LedgerSummary) -> io::Result<()> {
    let [transfers, accounts, sender, receiver] =
        [summary.transfers, summary.accounts, summary.busiest_sender, summary.busiest_receiver]
            .map(|count| terminal::grouped(count as u64));
    writeln!(
        out,
        "  ledger  {transfers} transfers of {accounts} accounts; at most {sender} leave one account and {receiver} reach one"
    )
}

/// Notes when each part of a search begins.
#[derive(Debug, Default)]
struct Watch(Mutex<Vec<(Instant, Option<String>)>>);

impl Observer for Watch {
    fn hear(&self, event: Event<'_>) {
        let rule = match event {
            Event::Scanning(rule, _)
            | Event::Narrowing(rule)
            | Event::Searching(rule, ..)
            | Event::Searched(rule, _) => Some(rule.to_owned()),
            _ => None,
        };
        self.0.lock().expect("no holder panics").push((Instant::now(), rule));
    }
}

impl Watch {
    /// How long each part of a rule's search took: the scans, the lists, the walk.
    fn parts(&self, rule: &str) -> Vec<Duration> {
        let heard = self.0.lock().expect("no holder panics");
        let times: Vec<Instant> =
            heard.iter().filter(|(_, of)| of.as_deref() == Some(rule)).map(|(at, _)| *at).collect();
        times.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

fn analyze(request: &Request, verbose: bool) -> Result<u8, Failure> {
    let watch = Watch::default();
    let (summary, rules) =
        engine::analyze(request, &watch, interrupt::listen()?).map_err(|error| library::fail(error, request))?;
    let mut out = io::stdout().lock();
    for (rule, analyzed) in &rules {
        match analyzed {
            Ok((plan, scans, narrowed, instances)) => {
                write!(out, "{}", text(plan, verbose))?;
                write_ledger(&mut out, &summary)?;
                write_parts(&mut out, plan, (scans, narrowed, *instances), &watch.parts(&plan.label()))?;
            }
            Err(missing) => writeln!(out, "plan {rule}\n  not evaluable: {missing}")?,
        }
    }
    Ok(0)
}

/// Rows, time and memory of each part of a search.
fn write_parts(
    out: &mut impl Write,
    plan: &Plan,
    (scans, narrowed, instances): (&[Scanned], &Narrowed, u64),
    took: &[Duration],
) -> io::Result<()> {
    let grouped = |count: usize| terminal::grouped(count as u64);
    let line = |out: &mut dyn Write, cells: [&str; 6]| {
        let [part, expected, scanned, walked, time, memory] = cells;
        writeln!(out, "  {part:<8}{expected:>12}{scanned:>12}{walked:>12}{time:>12}{memory:>12}")
    };
    line(out, ["part", "expected", "scanned", "walked", "seconds", "kB"])?;
    let seconds = |part: usize| took.get(part).map_or_else(String::new, |took| format!("{:.4}", took.as_secs_f64()));
    let kilobytes = |bytes: usize| grouped(bytes.div_ceil(1_000));
    for (step, scan) in scans.iter().enumerate() {
        let expected = plan.program.scans[step].rows.map_or_else(String::new, grouped);
        let walked = grouped(narrowed.leading[step].unwrap_or(scan.rows));
        let cells = [
            &format!("scan {}", step + 1),
            &expected,
            &grouped(scan.rows),
            &walked,
            &seconds(step),
            &kilobytes(scan.bytes),
        ];
        line(out, cells.map(String::as_str))?;
    }
    line(out, ["lists", "", "", "", &seconds(scans.len()), &kilobytes(narrowed.bytes)])?;
    line(out, ["walk", "", "", "", &seconds(scans.len() + 1), ""])?;
    writeln!(out, "  found   {} instances", terminal::grouped(instances))
}
