//! `explain`: why a match is one, and why some transfers are none.

use std::io::Write;
use std::path::Path;

use clap::Parser;
use moneytrail::columns::{Ledger, RowId};
use moneytrail::engine::{self, Request};
use moneytrail::lang::TypologySet;
use moneytrail::search::{Levels, Limits, SearchError, Searcher};
use moneytrail::workbench::explain::{Explanation, Inquiry, nearest_miss};

use crate::args::{Arguments, Command, Explain, ReportForm};
use crate::failure::Failure;
use crate::settings::{self, Settings, Settled};
use crate::{interrupt, library};

/// Matches of one account that are explained; the others are named.
const MOST_MATCHES: usize = 3;

pub(crate) fn run(mut typed: Explain) -> Result<u8, Failure> {
    let asks = typed.tx.is_some() || !typed.transfers.is_empty() || typed.account.is_some();
    if asks {
        typed.choice.only = vec![library::named(&typed.what, &mut typed.choice.rules)];
    }
    let request = request(&typed)?;
    let explanations = if asks { misses(&typed, &request)? } else { matches(&typed.what, &request)? };
    show(&explanations, typed.format)
}

/// What is to be searched: as the run was called, or as it is typed here.
fn request(typed: &Explain) -> Result<Request, Failure> {
    let settings = Settings::load()?;
    if let Some(folder) = &typed.run {
        let mut request = as_called(folder, settings)?;
        if !typed.choice.only.is_empty() {
            request.only.clone_from(&typed.choice.only);
        }
        return Ok(request);
    }
    if typed.inputs.is_empty() {
        return Err(Failure::usage("name the transfers to look at, or the folder of a run with `--run`"));
    }
    let mut request = settings::request(typed.reading.clone(), typed.choice.clone(), &settings)?;
    request.intake.inputs.clone_from(&typed.inputs);
    Ok(request)
}

/// The request of an earlier run, as its manifest tells it.
fn as_called(folder: &Path, settings: Settings) -> Result<Request, Failure> {
    let path = folder.join("manifest.json");
    let unfit = |error: &dyn std::fmt::Display| Failure::output(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| unfit(&error))?;
    let manifest: serde_json::Value = serde_json::from_str(&text).map_err(|error| unfit(&error))?;
    let words = manifest["command"].as_array().into_iter().flatten();
    let command: Vec<&str> = words.filter_map(serde_json::Value::as_str).collect();
    match Arguments::try_parse_from(command).map_err(|error| unfit(&error))?.command {
        Command::Run(run) => Ok(Settled::new(*run, settings)?.request),
        _ => Err(unfit(&"it was written by no `moneytrail run`")),
    }
}

/// The match with an id that begins so.
fn matches(id: &str, request: &Request) -> Result<Vec<Explanation>, Failure> {
    let stop = interrupt::listen()?;
    let analysis = engine::run(request, &(), stop).map_err(|error| library::fail(error, request))?;
    let found: Vec<_> = analysis.sifted.matches.list.iter().filter(|found| found.id.starts_with(id)).collect();
    let [found] = found.as_slice() else {
        let ids: Vec<&str> = found.iter().map(|found| found.id.as_str()).collect();
        return Err(Failure::usage(match ids.as_slice() {
            [] => format!("there is no match whose id begins with `{id}`"),
            ids => format!("{} matches begin with `{id}`: {}", ids.len(), ids.join(", ")),
        }));
    };
    let set = library::compile(&request.sources, &request.overrides)?;
    let rule = &analysis.set.typologies[found.rule].id;
    asked(&analysis.intake.ledger, &set, rule, request, |inquiry| {
        Ok(vec![Explanation::of_match(inquiry, found).map_err(unfit)?])
    })
}

/// Why the transfers that are typed are in no match of the rule.
fn misses(typed: &Explain, request: &Request) -> Result<Vec<Explanation>, Failure> {
    let (set, intake) = engine::load(request).map_err(|error| library::fail(error, request))?;
    asked(&intake.ledger, &set, &request.only[0], request, |inquiry| {
        if let Some(account) = &typed.account {
            return of_account(inquiry, account);
        }
        let ids: Vec<&String> = typed.tx.iter().chain(&typed.transfers).collect();
        let miss = nearest_miss(inquiry, &rows(inquiry.ledger(), &ids)?).map_err(unfit)?;
        Ok(vec![Explanation::of_miss(inquiry, &miss).map_err(unfit)?])
    })
}

/// Asks one rule of a ledger.
fn asked(
    ledger: &Ledger,
    set: &TypologySet,
    rule: &str,
    request: &Request,
    ask: impl FnOnce(&Inquiry<'_>) -> Result<Vec<Explanation>, Failure>,
) -> Result<Vec<Explanation>, Failure> {
    let Some(position) = set.position(rule) else {
        return Err(Failure::usage(format!("there is no rule `{rule}`")));
    };
    let levels = Levels::new(ledger, set.typologies.iter().map(|typology| &typology.flow));
    let searcher = Searcher::new(ledger).with_levels(&levels);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let inquiry = Inquiry::new(&searcher, set, position, &Limits::default(), &stop).map_err(unfit)?;
    ask(&inquiry.with_texts(&request.sources, &request.overrides))
}

/// A rule that the ledger cannot answer has neither matches nor misses.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
fn unfit(error: SearchError) -> Failure {
    Failure::usage(format!("the ledger cannot answer the rule: {error}"))
}

/// The matches in which an account stands, or why its transfers are in none.
fn of_account(inquiry: &Inquiry<'_>, key: &str) -> Result<Vec<Explanation>, Failure> {
    let ledger = inquiry.ledger();
    let Some(account) = ledger.accounts().find(key) else {
        return Err(Failure::usage(format!("no transfer names the account `{key}`")));
    };
    let touches = |row: &RowId| ledger.sender(*row) == account || ledger.receiver(*row) == account;
    let found: Vec<_> = inquiry.matches().filter(|found| found.transfers.iter().any(touches)).collect();
    if found.is_empty() {
        let own: Vec<RowId> = ledger.rows().filter(touches).collect();
        let miss = nearest_miss(inquiry, &own).map_err(unfit)?;
        return Ok(vec![Explanation::of_miss(inquiry, &miss).map_err(unfit)?]);
    }
    let explain = |found: &&_| Explanation::of_match(inquiry, found).map_err(unfit);
    found.iter().take(MOST_MATCHES).map(explain).collect()
}

/// The transfers with these ids.
fn rows(ledger: &Ledger, ids: &[&String]) -> Result<Vec<RowId>, Failure> {
    let wanted: std::collections::BTreeSet<&str> = ids.iter().map(|id| id.trim()).collect();
    let known: Vec<(String, RowId)> =
        ledger.rows().map(|row| (ledger.tx_id(row), row)).filter(|(id, _)| wanted.contains(id.as_str())).collect();
    match wanted.iter().find(|id| !known.iter().any(|(known, _)| known == *id)) {
        Some(id) => Err(Failure::usage(format!("there is no transfer `{id}`"))),
        None => Ok(known.into_iter().map(|(_, row)| row).collect()),
    }
}

fn show(explanations: &[Explanation], format: ReportForm) -> Result<u8, Failure> {
    let mut out = std::io::stdout().lock();
    for (position, explanation) in explanations.iter().enumerate() {
        match format {
            ReportForm::Json => writeln!(out, "{}", serde_json::to_string(explanation)?)?,
            ReportForm::Text if position > 0 => write!(out, "\n{explanation}")?,
            ReportForm::Text => write!(out, "{explanation}")?,
        }
    }
    Ok(0)
}
