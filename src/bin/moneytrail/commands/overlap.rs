//! `overlap`: how much rules find the same, what each finds alone, and which may explain which.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use moneytrail::stats;
use moneytrail::workbench::overlap::{self, Coverage, Overlaps};
use moneytrail::write::{self, Record};

use super::compare;
use crate::args::{Overlap, OverlapForm};
use crate::failure::Failure;
use crate::settings::{self, Settings};
use crate::{interrupt, terminal};

pub(crate) fn run(arguments: Overlap) -> Result<u8, Failure> {
    let format = arguments.format;
    let overlaps = overlap::overlap(&record(arguments)?);
    let mut out = io::stdout().lock();
    match format {
        OverlapForm::Text => text(&mut out, &overlaps)?,
        OverlapForm::Csv => csv(&mut out, &overlaps)?,
        OverlapForm::Json => {
            serde_json::to_writer_pretty(&mut out, &overlaps)?;
            writeln!(out)?;
        }
    }
    Ok(0)
}

/// The run that was written at the only path, or one over the inputs.
fn record(arguments: Overlap) -> Result<Record, Failure> {
    let Overlap { inputs, choice, reading, .. } = arguments;
    if let Some(folder) = written(&inputs) {
        if !(choice.only.is_empty() && choice.set.is_empty()) {
            return Err(Failure::usage("a run that was written is taken as it is; leave `--rule` and `--set` out"));
        }
        return compare::recorded(folder);
    }
    let mut request = settings::request(reading, choice, &Settings::load()?)?;
    request.intake.inputs = inputs;
    compare::record(&request, interrupt::listen()?)
}

/// The folder of a run, if that is all that is named.
fn written(inputs: &[String]) -> Option<&Path> {
    let [folder] = inputs else { return None };
    Some(Path::new(folder)).filter(|folder| write::is_run(folder))
}

fn text(out: &mut dyn Write, overlaps: &Overlaps) -> io::Result<()> {
    let found: Vec<&Coverage> = overlaps.rules.iter().filter(|rule| rule.matches > 0).collect();
    writeln!(out, "What each rule touches, and what no other rule touches:")?;
    writeln!(out, "{}", coverage(&found))?;
    let idle = overlaps.rules.iter().filter(|rule| rule.matches == 0 && rule.evaluated).count();
    let silent = overlaps.rules.len() - found.len() - idle;
    for (count, what) in [(idle, "without a match"), (silent, "that this ledger cannot answer")] {
        if count > 0 {
            writeln!(out, "and {} {what}", terminal::counted(count, "rule"))?;
        }
    }
    let shares = |pairs: &[stats::Overlap], rule: &str| pairs.iter().any(|pair| pair.a == rule || pair.b == rule);
    let joined: Vec<&str> = found.iter().map(|rule| rule.rule.as_str()).collect();
    let joined: Vec<&str> =
        joined.into_iter().filter(|rule| shares(&overlaps.transfers, rule) || shares(&overlaps.cases, rule)).collect();
    if !joined.is_empty() {
        writeln!(out, "\nJaccard index in percent, of transfers above the diagonal and of cases below it:")?;
        writeln!(out, "{}", matrix(&joined, overlaps))?;
    }
    candidates(out, overlaps)
}

fn coverage(rules: &[&Coverage]) -> comfy_table::Table {
    let headings = [
        "rule",
        "matches",
        "cases",
        "transfers",
        "of all",
        "accounts",
        "of all",
        "only its matches",
        "only its transfers",
    ];
    let mut table = terminal::table(&headings, &[1, 2, 3, 4, 5, 6, 7, 8], &[]);
    let grouped = |count: usize| terminal::grouped(count as u64);
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    for rule in rules {
        table.add_row([
            rule.rule.clone(),
            grouped(rule.matches),
            grouped(rule.cases),
            grouped(rule.transfers),
            percent(rule.transfer_share),
            grouped(rule.accounts),
            percent(rule.account_share),
            grouped(rule.only_matches),
            grouped(rule.only_transfers),
        ]);
    }
    table
}

/// Rules are numbered, so that the columns stay narrow.
fn matrix(rules: &[&str], overlaps: &Overlaps) -> comfy_table::Table {
    let index = |pairs: &'_ [stats::Overlap]| -> BTreeMap<(String, String), f64> {
        pairs.iter().map(|pair| ((pair.a.clone(), pair.b.clone()), pair.jaccard)).collect()
    };
    let (transfers, cases) = (index(&overlaps.transfers), index(&overlaps.cases));
    let numbers: Vec<String> = (1..=rules.len()).map(|number| number.to_string()).collect();
    let headings: Vec<&str> = ["", "rule"].into_iter().chain(numbers.iter().map(String::as_str)).collect();
    let right: Vec<usize> = [0].into_iter().chain(2..headings.len()).collect();
    let mut table = terminal::table(&headings, &right, &[]);
    for (row, rule) in rules.iter().enumerate() {
        let cell = |column: usize| {
            let (pairs, first, second) = match row.cmp(&column) {
                std::cmp::Ordering::Equal => return String::new(),
                std::cmp::Ordering::Less => (&transfers, row, column),
                std::cmp::Ordering::Greater => (&cases, column, row),
            };
            let value = pairs.get(&(rules[first].to_owned(), rules[second].to_owned()));
            value.map_or_else(|| "·".to_owned(), |value| format!("{:.0}", value * 100.0))
        };
        let cells = (0..rules.len()).map(cell);
        table.add_row([numbers[row].clone(), (*rule).to_owned()].into_iter().chain(cells));
    }
    table
}

fn candidates(out: &mut dyn Write, overlaps: &Overlaps) -> io::Result<()> {
    let candidates: Vec<_> = overlaps.inside.iter().filter(|pair| pair.candidate).collect();
    if candidates.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nCandidates for `specialises`, since most matches lie by 60 % in those of another rule:")?;
    for pair in candidates {
        let back =
            overlaps.inside.iter().any(|other| other.candidate && other.rule == pair.of && other.of == pair.rule);
        let both = if back { "; each lies in the other, so that one of the two may be enough" } else { "" };
        writeln!(
            out,
            "  {} might say `specialises: [{}]`: {} of {} lie in its matches{both}",
            pair.of,
            pair.rule,
            pair.inside,
            terminal::counted(pair.matches, "match")
        )?;
    }
    Ok(())
}

/// One row a pair of rules that share anything. Ids are kebab-case, so that nothing needs quotes.
fn csv(out: &mut dyn Write, overlaps: &Overlaps) -> io::Result<()> {
    writeln!(
        out,
        "a,b,shared_transfers,either_transfers,transfers_jaccard,shared_cases,either_cases,cases_jaccard,a_inside_b,b_inside_a"
    )?;
    let mut pairs = BTreeMap::<(&str, &str), [Option<&stats::Overlap>; 2]>::new();
    for (place, list) in [&overlaps.transfers, &overlaps.cases].into_iter().enumerate() {
        for pair in list {
            pairs.entry((&pair.a, &pair.b)).or_default()[place] = Some(pair);
        }
    }
    let inside = |rule: &str, of: &str| {
        overlaps.inside.iter().find(|pair| pair.rule == rule && pair.of == of).map_or(0, |pair| pair.inside)
    };
    for ((a, b), shared) in pairs {
        let size = |id: &str| {
            overlaps.rules.iter().find(|rule| rule.rule == id).map_or([0, 0], |rule| [rule.transfers, rule.cases])
        };
        let either = [0, 1].map(|place| size(a)[place] + size(b)[place]);
        let counts = [0, 1].map(|place| match shared[place] {
            Some(pair) => format!("{},{},{}", pair.shared, pair.either, pair.jaccard),
            None => format!("0,{},0", either[place]),
        });
        writeln!(out, "{a},{b},{},{},{},{}", counts[0], counts[1], inside(a, b), inside(b, a))?;
    }
    Ok(())
}
