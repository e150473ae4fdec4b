//! Explanations never disagree with a run: on random small ledgers and flows, on the tests of all rules and of the
//! reference, and on the sample.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moneytrail::columns::{Ledger, RowId};
use moneytrail::engine;
use moneytrail::ingest;
use moneytrail::lang::{self, Flow, Typology, TypologySet};
use moneytrail::plan;
use moneytrail::search::{Levels, Limits, SearchError, Searcher};
use moneytrail::workbench::explain::{Clause, Explanation, Inquiry, Miss, Reason, nearest_miss, relaxed, why};
use moneytrail::workbench::fixture;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::cases::compiled;
use crate::command_line::moneytrail;
use crate::equality::{Case, case};

/// A rule that asks a flow and nothing else.
fn rule(flow: Flow) -> TypologySet {
    TypologySet { typologies: vec![Typology::of("random", flow)] }
}

fn cases() -> u32 {
    std::env::var("MONEYTRAIL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

/// What was looked at, so that a test which looks at nothing fails.
#[derive(Debug, Default)]
struct Seen {
    matches: AtomicUsize,
    clauses: AtomicUsize,
    dropped: AtomicUsize,
    missing: AtomicUsize,
    shapes: AtomicUsize,
}

fn one(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn count(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

fn asked<'s>(searcher: &'s Searcher<'s>, set: &'s TypologySet, rule: usize) -> Result<Inquiry<'s>, SearchError> {
    Inquiry::new(searcher, set, rule, &Limits::default(), &AtomicBool::new(false))
}

/// Every match is explained as one that meets every clause, and every transfer in no match as a miss for a reason.
///
/// Where it is `strict`, the clauses that are named must be what keeps the transfers away, in the whole ledger.
fn agrees(inquiry: &Inquiry<'_>, seen: &Seen, strict: bool) -> Result<(), String> {
    let fit = |error: SearchError| error.to_string();
    let mut covered = BTreeSet::new();
    for found in inquiry.matches() {
        one(&seen.matches);
        covered.extend(found.transfers.iter().copied());
        let miss = nearest_miss(inquiry, &found.transfers).map_err(fit)?;
        let why = why(inquiry, found).map_err(fit)?;
        let mut checks = why.checks.iter().chain(&why.finally);
        if let Some(failing) = checks.find(|check| !check.holds) {
            return Err(format!("a match does not meet {failing:#?}"));
        }
        if !miss.is_match() {
            return Err(format!("a match is explained as a miss: {miss}"));
        }
    }
    let ledger = inquiry.ledger();
    for row in ledger.rows().filter(|row| !covered.contains(row)) {
        let miss = nearest_miss(inquiry, &[row]).map_err(fit)?;
        if miss.is_match() || miss.to_string().is_empty() {
            return Err(format!("{} is in no match: {miss}", ledger.tx_id(row)));
        }
        decides(inquiry, &miss, seen, strict).map_err(|error| format!("{}: {miss}: {error}", ledger.tx_id(row)))?;
        Explanation::of_miss(inquiry, &miss).map_err(fit)?;
    }
    Ok(())
}

/// Where clauses fail, the flow without them holds the transfers in a search of the whole ledger, and with them it does
/// not; where nothing fails, it is said why not.
fn decides(inquiry: &Inquiry<'_>, miss: &Miss, seen: &Seen, strict: bool) -> Result<(), String> {
    let (variant, failing): (usize, Vec<Clause>) = match &miss.reason {
        Reason::Clause { variant, first, others, .. } => {
            one(&seen.clauses);
            (*variant, std::iter::once(&**first).chain(others).map(|check| check.clause).collect())
        }
        Reason::Dropped { failing, .. } => {
            one(&seen.dropped);
            return if failing.is_empty() { Err("nothing is said to drop it".to_owned()) } else { Ok(()) };
        }
        other => {
            match other {
                Reason::Missing(_) => one(&seen.missing),
                Reason::Shape | Reason::Part(_) => one(&seen.shapes),
                _ => {}
            }
            return Ok(());
        }
    };
    if !strict {
        return Ok(());
    }
    let most_held = |clauses: &[Clause]| -> Result<usize, SearchError> {
        let plan = relaxed(inquiry, variant, clauses, &miss.rows)?;
        let found =
            inquiry.searcher().run_using(&plan, inquiry.standins(), &Limits::default(), &AtomicBool::new(false))?;
        let held = |rows: Vec<RowId>| rows.iter().filter(|row| miss.rows.contains(row)).count();
        Ok(found.iter().map(|instance| held(instance.transfers())).max().unwrap_or(0))
    };
    let (with, without) =
        most_held(&[]).and_then(|with| Ok((with, most_held(&failing)?))).map_err(|error| error.to_string())?;
    if with < miss.shared && miss.shared <= without {
        Ok(())
    } else {
        Err(format!("{} are held, with the clauses {with}, without them {without}", miss.shared))
    }
}

fn hold(strategy: impl Strategy<Value = Case>) {
    let seen = Seen::default();
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&strategy, |case| {
        let (ledger, set) = (Ledger::new(case.draft()), rule(case.flow()));
        let searcher = Searcher::new(&ledger);
        let inquiry = asked(&searcher, &set, 0).expect("evaluable");
        agrees(&inquiry, &seen, true).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(count(&seen.matches) > 20 && count(&seen.clauses) > 100, "{seen:?}: the test looks at nothing");
}

#[test]
fn explanations_of_paths_agree_with_the_run() {
    hold(case(1..4, false));
}

#[test]
fn explanations_of_sets_and_trees_agree_with_the_run() {
    hold(case(1..4, true));
}

/// The rules of the library and of the reference with their tests: levels, alternatives, rules that use others, and
/// everything that is asked of a finished match.
#[test]
fn explanations_agree_with_the_tests_of_every_rule() {
    let shipped = lang::compile(&crate::shipped::sources(), &[]).set.expect("the library compiles");
    let page = std::fs::read_to_string("docs/language.md").expect("the reference");
    let mut sets = vec![shipped];
    let mut cases: Vec<_> = std::fs::read_dir("tests/cases").expect("the corpus").flatten().collect();
    cases.sort_by_key(std::fs::DirEntry::path);
    let texts = cases.iter().map(|case| std::fs::read_to_string(case.path()).expect("a text"));
    sets.extend(texts.flat_map(|text| compiled("tests/cases", &text)));
    sets.extend(crate::language::examples(&page).iter().flat_map(|text| compiled("docs/language.md", text)));
    let seen = Seen::default();
    for set in &sets {
        for (rule, typology) in set.typologies.iter().enumerate() {
            for test in &typology.tests {
                let rules = set.with_used([rule]);
                let lists = rules.iter().flat_map(|&rule| plan::columns(&set.typologies[rule]).lists).collect();
                let ledger = fixture::ledger(test, &lists).expect("a ledger").with_owners(typology.flow.level.column());
                let levels = Levels::new(&ledger, [&typology.flow]);
                let searcher = Searcher::new(&ledger).with_levels(&levels);
                let inquiry = asked(&searcher, set, rule).expect("evaluable");
                let outcome = agrees(&inquiry, &seen, false);
                assert!(outcome.is_ok(), "{} / {}: {}", typology.id, test.name, outcome.unwrap_err());
            }
        }
    }
    assert!(count(&seen.matches) > 100 && count(&seen.clauses) > 100 && count(&seen.dropped) > 0, "{seen:?}");
}

#[test]
fn matches_of_the_sample_meet_every_clause_of_their_rules() {
    let intake = ingest::Request { inputs: vec!["sample_data".to_owned()], ..ingest::Request::default() };
    let request = engine::Request { sources: crate::shipped::sources(), intake, ..engine::Request::default() };
    let (set, intake) = engine::load(&request).expect("the sample can be read");
    let levels = Levels::new(&intake.ledger, set.typologies.iter().map(|typology| &typology.flow));
    let searcher = Searcher::new(&intake.ledger).with_levels(&levels);
    let mut looked = 0;
    for rule in 0..set.typologies.len() {
        let Ok(inquiry) = asked(&searcher, &set, rule) else { continue };
        for found in inquiry.matches().take(5) {
            let why = why(&inquiry, found).expect("evaluable");
            let failing: Vec<_> = why.checks.iter().chain(&why.finally).filter(|check| !check.holds).collect();
            assert!(failing.is_empty(), "{} {}: {failing:#?}", set.typologies[rule].id, found.id);
            looked += 1;
        }
    }
    assert!(looked > 60, "only {looked} matches were looked at");
}

/// A folder with the sample in it.
fn with_sample() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let sample = folder.path().join("sample_data");
    std::fs::create_dir(&sample).expect("a folder");
    for name in ["transfers.csv", "accounts.csv", "labels.csv"] {
        std::fs::copy(Path::new("sample_data").join(name), sample.join(name)).expect("a copy");
    }
    folder
}

/// What a command line prints, run in a folder.
fn printed(folder: &Path, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    let output = moneytrail(folder, &words);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Each block of the page that begins with a command line shows what the command prints, as far as the page shows it.
#[test]
fn the_page_shows_what_explain_prints() {
    let page = std::fs::read_to_string("docs/explain.md").expect("the page");
    let folder = with_sample();
    let blocks = page.split("```text\n$ ").skip(1).filter_map(|rest| rest.split_once("```"));
    let mut shown = 0;
    for (block, _) in blocks {
        let (line, wanted) = block.split_once('\n').expect("a command line and its output");
        let found = printed(folder.path(), line);
        match wanted.strip_suffix("…\n") {
            Some(beginning) => assert!(found.starts_with(beginning), "$ {line}\n{found}"),
            None => assert_eq!(found, wanted, "$ {line}"),
        }
        shown += 1;
    }
    assert!(shown >= 4, "the page shows {shown} commands");
}

#[test]
fn the_json_of_an_explanation_holds_what_its_text_says() {
    let folder = with_sample();
    let told =
        printed(folder.path(), "moneytrail explain u-turn sample_data --transfers T0002451,T0002779 --format json");
    let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(json["verdict"], "miss");
    assert_eq!(json["clauses"][0]["clause"], "hops");
    assert_eq!(json["parameter"]["parameter"], "shortest");
    assert_eq!(json["parameter"]["outcome"]["holds_them"], true);
    let rows: BTreeMap<&str, &serde_json::Value> = json["transfers"]
        .as_array()
        .expect("transfers")
        .iter()
        .map(|row| (row["tx_id"].as_str().expect("an id"), &row["steps"]))
        .collect();
    assert_eq!(rows.len(), 2);
}
