//! `plan`: how a rule is searched, and why; with a ledger, what each step takes.

use std::io::{self, Write};
use std::sync::Mutex;

use moneytrail::columns::LedgerSummary;
use moneytrail::engine::{self, Event, Explanation, Observer, Request};
use moneytrail::plan::{self, Plan};
use moneytrail::search::{Narrowed, Scanned};

use crate::args::{self, RuleChoice};
use crate::failure::Failure;
use crate::profile::{self, Moment, Spent};
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

/// Notes what the process had used when each part of a search began.
#[derive(Debug, Default)]
struct Watch(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// When a part began that is done once for all rules: reading, planning, making lists; and when the last had ended.
    common: Vec<Moment>,
    /// Bytes of the lists that all rules share.
    lists: usize,
    /// When a part of the search for a rule began, or the last had ended.
    parts: Vec<(String, Moment)>,
}

impl Observer for Watch {
    fn hear(&self, event: Event<'_>) {
        let mut heard = self.0.lock().expect("no holder panics");
        let now = Moment::now(true);
        match event {
            Event::Listed(bytes) => {
                heard.lists = bytes;
                heard.common.push(now);
            }
            Event::Reading | Event::Read(_) | Event::Listing => heard.common.push(now),
            Event::Scanning(rule, _) | Event::Narrowing(rule) | Event::Walking(rule, _) | Event::Searched(rule, _) => {
                heard.parts.push((rule.to_owned(), now));
            }
            Event::Searching(..) | Event::Sifting | Event::Assessing => {}
        }
    }
}

impl Heard {
    /// What each part of a rule's search took: the scans, the lists, the walk.
    fn parts(&self, rule: &str) -> Vec<Spent> {
        let moments: Vec<Moment> = self.parts.iter().filter(|(of, _)| of == rule).map(|(_, at)| *at).collect();
        between(&moments)
    }
}

fn between(moments: &[Moment]) -> Vec<Spent> {
    moments.windows(2).map(|pair| pair[1].since(&pair[0])).collect()
}

fn analyze(request: &Request, verbose: bool) -> Result<u8, Failure> {
    let watch = Watch::default();
    let (summary, rules) =
        engine::analyze(request, &watch, interrupt::listen()?).map_err(|error| library::fail(error, request))?;
    let heard = watch.0.into_inner().expect("no holder panics");
    let mut out = io::stdout().lock();
    for (rule, analyzed) in &rules {
        match analyzed {
            Ok((plan, scans, narrowed, instances)) => {
                write!(out, "{}", text(plan, verbose))?;
                write_ledger(&mut out, &summary)?;
                write_common(&mut out, &heard)?;
                write_parts(&mut out, plan, (scans, narrowed), &heard.parts(&plan.label()))?;
                writeln!(out, "  found   {} instances", terminal::grouped(*instances))?;
            }
            Err(missing) => writeln!(out, "plan {rule}\n  not evaluable: {missing}")?,
        }
    }
    Ok(0)
}

/// A line of the table: the part, rows, what it used and kilobytes of its lists and masks.
fn line(out: &mut impl Write, part: &str, rows: [String; 3], spent: Option<&Spent>, kilobytes: &str) -> io::Result<()> {
    let [expected, scanned, walked] = rows;
    let cells = spent.map_or_else(<[String; 3]>::default, |spent| profile::cells(spent, 4));
    let [seconds, processor, peak] = cells;
    writeln!(
        out,
        "  {part:<8}{expected:>12}{scanned:>12}{walked:>12}{seconds:>12}{processor:>13}{kilobytes:>12}{peak:>10}"
    )
}

fn kilobytes(bytes: usize) -> String {
    terminal::grouped(bytes.div_ceil(1_000) as u64)
}

/// The heading, and what was done once for all rules.
fn write_common(out: &mut impl Write, heard: &Heard) -> io::Result<()> {
    writeln!(
        out,
        "  {:<8}{:>12}{:>12}{:>12}{:>12}{:>13}{:>12}{:>10}",
        "part", "expected", "scanned", "walked", "seconds", "processor s", "kB", "peak MiB"
    )?;
    for (part, spent) in ["read", "plan", "lists"].into_iter().zip(between(&heard.common)) {
        let bytes = if part == "lists" { kilobytes(heard.lists) } else { String::new() };
        line(out, part, <[String; 3]>::default(), Some(&spent), &bytes)?;
    }
    Ok(())
}

/// Rows, time and memory of each part of a search.
fn write_parts(
    out: &mut impl Write,
    plan: &Plan,
    (scans, narrowed): (&[Scanned], &Narrowed),
    took: &[Spent],
) -> io::Result<()> {
    let grouped = |count: usize| terminal::grouped(count as u64);
    for (step, scan) in scans.iter().enumerate() {
        let expected = plan.program.scans[step].rows.map_or_else(String::new, grouped);
        let walked = grouped(narrowed.leading[step].unwrap_or(scan.rows));
        let rows = [expected, grouped(scan.rows), walked];
        line(out, &format!("scan {}", step + 1), rows, took.get(step), &kilobytes(scan.bytes))?;
    }
    line(out, "narrow", <[String; 3]>::default(), took.get(scans.len()), &kilobytes(narrowed.bytes))?;
    line(out, "walk", <[String; 3]>::default(), took.get(scans.len() + 1), "")
}
