//! A run in slices finds what a run in one piece finds: however the ledger is cut, and whatever rules ask of the whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moneytrail::columns::Ledger;
use moneytrail::engine::{self, Analysis, Cutting, Request};
use moneytrail::ingest::{self, Intake, Parts, Portion};
use moneytrail::lang::{MatchLevel, Source, TypologySet};
use moneytrail::plan;
use moneytrail::search::{Backward, Degrees, Instances, Levels, Limits, Searcher, Slice, Stretch, Wide};
use moneytrail::workbench::fixture;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;

use crate::equality::{Case, case, growing};

/// What a plan finds in a ledger that is cut into slices of so many transfers.
fn in_slices(ledger: &Ledger, case: &Case, rows: usize) -> Instances {
    let plan = plan::of_flow("random", case.flow());
    let accounts = ledger.accounts().len();
    let mut degrees = Degrees::new(accounts);
    for account in 0..u32::try_from(accounts).expect("few accounts") {
        Backward::new(ledger, ledger.times()[0], account..account + 1).count(&mut degrees);
    }
    let wide = Wide::new(degrees, None);
    let parts = Parts::of(ledger.clone(), rows);
    let mut all = Instances::default();
    for (number, page) in parts.pages().iter().enumerate() {
        let until = parts.pages().get(number + 1).map(|next| next.from);
        let reach = until.map(|until| until + plan.flow.within);
        let part = parts.load(number..number + 1, reach).expect("it is in memory");
        let wide = [(MatchLevel::Account, wide.clone())].into();
        let slice = Slice::new(Stretch { first: page.first, from: page.from, until }, wide);
        let levels = Levels::default();
        let searcher = Searcher::of_slice(&part, &levels, &slice);
        let found = searcher.run_using(&plan, &[], &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
        all.append(&found);
    }
    all.coalesce()
}

#[test]
fn any_cut_of_a_random_ledger_leaves_every_instance_whole() {
    let (matched, cut) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let cases = prop_oneof![case(1..4, true), case(1..4, false), case(1..4, true).prop_map(growing)];
    let config = Config { cases: 3_000, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(cases, 1usize..9), |(case, rows)| {
        let ledger = Ledger::new(case.draft());
        let plan = plan::of_flow("random", case.flow());
        let whole = Searcher::new(&ledger).run(&plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
        matched.fetch_add(usize::from(!whole.is_empty()), Ordering::Relaxed);
        cut.fetch_add(usize::from(Parts::of(ledger.clone(), rows).pages().len() > 1), Ordering::Relaxed);
        prop_assert_eq!(in_slices(&ledger, &case, rows), whole);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (matched, cut) = (matched.into_inner(), cut.into_inner());
    assert!(matched > 250 && cut > 2_000, "{matched} of the cases had a match, {cut} were cut");
}

/// What a run says, but for how it came about.
fn said(analysis: &Analysis) -> (String, String) {
    let ledger = &analysis.intake.ledger;
    let keys =
        |accounts: &[_]| accounts.iter().map(|&account| ledger.accounts().key(account)).collect::<Vec<_>>().join(" ");
    let one = |found: &moneytrail::sift::Match| {
        let roles: Vec<String> = found.roles.iter().map(|role| keys(role)).collect();
        let case = &analysis.sifted.cases.list[found.case];
        let edges = (found.near_start, found.near_end, &found.covered_by, &case.id, case.value);
        format!("{} {} {} {roles:?} {edges:?}\n", found.id, found.variant, found.instances)
    };
    let matches: String = analysis.sifted.matches.list.iter().map(one).collect();
    let completeness = &analysis.sifted.completeness;
    let told = serde_json::to_string_pretty(&analysis.statistics).expect("JSON");
    (format!("{matches}{:?}\n{completeness:?}", analysis.sifted.tallies), told)
}

fn cut(request: &Request, rows: usize) -> Request {
    let portion = Portion { collected: rows, page: rows };
    let cutting =
        Cutting { portion, loaded: rows, searched: rows, folder: std::path::PathBuf::from("nowhere"), resume: false };
    Request { slices: Some(cutting), ..request.clone() }
}

/// Compares runs in slices of these sizes with the run in one piece; returns how many matches that has.
fn hold(name: &str, request: &Request, intake: &Intake, sizes: &[usize]) -> usize {
    let stop = AtomicBool::new(false);
    let whole = engine::over(request, intake.clone(), &(), &stop).expect("a run");
    for &rows in sizes {
        let sliced = engine::over(&cut(request, rows), intake.clone(), &(), &stop).expect("a run in slices");
        let ((found, told), (wanted, wanted_told)) = (said(&sliced), said(&whole));
        assert_eq!(found, wanted, "{name} in slices of {rows}");
        assert_eq!(told, wanted_told, "{name} in slices of {rows}");
    }
    whole.sifted.matches.list.len()
}

/// A ledger as if it had been read.
fn taken(ledger: Ledger) -> Intake {
    Intake {
        read: ledger.len() as u64,
        ledger,
        rejects: ingest::Rejects::default(),
        files: Vec::new(),
        mapping: "a test".to_owned(),
        rates: Vec::new(),
        notes: Vec::new(),
        labels: None,
    }
}

/// Runs the tests of rules in slices; returns how many there were, and how many had a match.
fn hold_tests(set: &TypologySet, sources: &[Source], sizes: &[usize]) -> (usize, usize) {
    let (mut tests, mut matched) = (0, 0);
    for (place, rule) in set.typologies.iter().enumerate().filter(|(_, rule)| !rule.tests.is_empty()) {
        let needed: Vec<&str> =
            set.with_used([place]).into_iter().map(|rule| set.typologies[rule].path.as_str()).collect();
        let sources = sources.iter().filter(|source| needed.contains(&source.path.as_str())).cloned().collect();
        let threads = std::num::NonZeroUsize::new(1);
        let request = Request { sources, only: vec![rule.id.clone()], threads, ..Request::default() };
        for test in &rule.tests {
            let lists: BTreeSet<String> = plan::columns(rule).lists;
            let ledger = fixture::ledger(test, &lists).expect("a test of a checked rule");
            let found = hold(&format!("{} / {}", rule.id, test.name), &request, &taken(ledger), sizes);
            (tests, matched) = (tests + 1, matched + usize::from(found > 0));
        }
    }
    (tests, matched)
}

#[test]
fn the_tests_of_all_shipped_rules_say_the_same_in_slices() {
    let sources = crate::shipped::sources();
    let set = moneytrail::lang::compile(&sources, &[]).set.expect("the shipped rules compile");
    let (tests, matched) = hold_tests(&set, &sources, &[3]);
    assert!(tests > 150 && matched > 50, "{matched} of {tests} tests have a match");
}

#[test]
fn every_case_of_the_language_says_the_same_in_slices() {
    let mut pages: Vec<(String, String)> = std::fs::read_dir("tests/cases")
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read_to_string(&path).expect("a text")))
        .collect();
    pages.sort();
    let (mut tests, mut matched) = (0, 0);
    for (place, text) in &pages {
        for (sources, set) in crate::cases::sources(place, text).iter().zip(crate::cases::compiled(place, text)) {
            let (more, found) = hold_tests(&set, sources, &[1, 4]);
            (tests, matched) = (tests + more, matched + found);
        }
    }
    assert!(tests > 60 && matched > 30, "{matched} of {tests} tests have a match");
}

#[test]
fn the_whole_library_says_the_same_over_the_sample() {
    let inputs = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/sample_data").to_owned()];
    let intake = ingest::Request { inputs, ..ingest::Request::default() };
    let request = Request { sources: crate::shipped::sources(), intake, ..Request::default() };
    let run = |request: &Request| engine::run(request, &(), &AtomicBool::new(false)).expect("the sample runs");
    let whole = run(&request);
    for rows in [900, 5_000] {
        let folder = TempDir::new().expect("a folder");
        let mut request = cut(&request, rows);
        request.slices.as_mut().expect("it is cut").folder = folder.path().to_owned();
        let sliced = run(&request);
        let done = sliced.slices.expect("it ran in slices");
        assert!(done.spilled && done.slices >= 8_000usize.div_ceil(rows), "{done:?}");
        assert_eq!(said(&sliced), said(&whole), "in slices of {rows}");
    }
    assert!(whole.sifted.matches.list.len() > 50);
}

fn moneytrail(folder: &Path, more: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.args(["run", concat!(env!("CARGO_MANIFEST_DIR"), "/sample_data"), "--out", "out"]).args(more);
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The files of a run but for the manifest, which holds the time.
fn results(folder: &Path) -> Vec<Vec<u8>> {
    let files = ["matches.parquet", "match_transfers.parquet", "cases.parquet", "statistics.json"];
    files.iter().map(|name| std::fs::read(folder.join("out").join(name)).expect("a result")).collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const SOME: [&str; 6] = ["--rule", "fan-in", "--rule", "mule-chain", "--rule", "dormant-activation"];

#[test]
fn a_run_that_is_killed_at_any_moment_is_completed_with_the_same_bytes() {
    let home = TempDir::new().expect("a folder");
    let whole = moneytrail(home.path(), &SOME).status().expect("the program starts");
    assert!(whole.success());
    let wanted = results(home.path());
    std::fs::remove_dir_all(home.path().join("out")).expect("a folder");
    let small = [&SOME[..], &["--memory", "2MiB"]].concat();
    let clock = std::time::Instant::now();
    assert!(moneytrail(home.path(), &small).status().expect("the program starts").success());
    let took = clock.elapsed();
    assert!(results(home.path()) == wanted, "in slices of a small memory");
    let resumed = [&small[..], &["--resume"]].concat();
    let has_kept = || {
        let slices = std::fs::read_dir(home.path().join(".out.slices"));
        slices.into_iter().flatten().flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("found-"))
    };
    let (mut killed, mut kept) = (0, 0);
    for moment in 0..25u32 {
        std::fs::remove_dir_all(home.path().join("out")).expect("a folder");
        let mut child = moneytrail(home.path(), &small).spawn().expect("the program starts");
        if moment < 20 {
            std::thread::sleep(took * (moment + 1) / 20);
        } else {
            // The last ones when a slice is finished, however quick the machine is just then.
            while !has_kept() && child.try_wait().expect("it runs or has ended").is_none() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        }
        killed += u32::from(child.kill().is_ok() && !child.wait().expect("it ends").success());
        kept += u32::from(has_kept());
        assert!(moneytrail(home.path(), &resumed).status().expect("the program starts").success());
        assert!(results(home.path()) == wanted, "killed at moment {moment}");
        assert_eq!(names_in(home.path()), ["out"], "the workshop is cleared away");
    }
    assert!(killed > 5 && kept > 0, "{killed} runs were killed, {kept} of them with finished slices");
}

#[test]
fn a_run_in_slices_says_the_same_of_what_was_read_and_the_manifest_says_how_it_was_cut() {
    let home = TempDir::new().expect("a folder");
    let first_line = |more: &[&str]| {
        let ended = moneytrail(home.path(), more).stderr(Stdio::piped()).output().expect("it starts");
        assert!(ended.status.success());
        String::from_utf8_lossy(&ended.stderr).lines().next().expect("a line").to_owned()
    };
    let manifest = || {
        let text = std::fs::read_to_string(home.path().join("out/manifest.json")).expect("a manifest");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["sliced"].clone()
    };
    let whole = first_line(&SOME);
    assert_eq!(manifest(), serde_json::Value::Null);
    assert_eq!(first_line(&[&SOME[..], &["--memory", "1MiB"]].concat()), whole);
    assert!(whole.starts_with("read ") && whole.contains("accepted + 0 rejected"), "{whole}");
    assert!(manifest()["slices"].as_u64() > Some(3) && manifest()["spilled"] == true, "{}", manifest());
}

#[test]
fn slices_of_another_run_are_refused_and_without_resume_cleared_away() {
    let home = TempDir::new().expect("a folder");
    let slices = home.path().join(".out.slices");
    std::fs::create_dir(&slices).expect("a folder");
    std::fs::write(slices.join("state"), "another").expect("a file");
    std::fs::write(slices.join("found-0"), "another").expect("a file");
    let small = ["--rule", "fan-in", "--memory", "1MiB"];
    let refused = moneytrail(home.path(), &[&small[..], &["--resume"]].concat())
        .stderr(Stdio::piped())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(5) && said.contains("run without `--resume`"), "{said}");
    assert!(moneytrail(home.path(), &small).status().expect("it starts").success());
    assert_eq!(names_in(home.path()), ["out"]);
}

/// Transfers of a random ledger as files in any order; some stand twice, also in two files, and some cannot be used.
fn scattered(folder: &Path, rows: &[(u32, u8, u8, u16, u8)], files: usize, texts: bool) -> Vec<String> {
    let header = "tx_id,timestamp,sender,receiver,amount,currency,amount_received,currency_received,channel\n";
    let mut written: Vec<String> = vec![header.to_owned(); files];
    for (number, &(minute, from, to, amount, kind)) in rows.iter().enumerate() {
        let id = if kind % 11 == 0 { number / 2 } else { number };
        let id = if texts && kind % 7 == 0 { format!("x{id}") } else { id.to_string() };
        let (day, hour, minute) = (1 + minute / 1440 % 28, minute / 60 % 24, minute % 60);
        let amount = if kind % 23 == 0 { "none".to_owned() } else { amount.to_string() };
        let (currency, received) = match kind % 5 {
            0 => ("USD", format!("{amount}.5,EUR")),
            1 => ("GBP", ",".to_owned()),
            _ => ("EUR", ",".to_owned()),
        };
        let channel = ["wire", "card", ""][usize::from(kind) % 3];
        let row = format!(
            "{id},2024-03-{day:02}T{hour:02}:{minute:02}:00Z,a{from},b{to},{amount},{currency},{received},{channel}\n"
        );
        written[number % files].push_str(&row.replace('b', if kind % 2 == 0 { "a" } else { "b" }));
    }
    let write = |(number, text): (usize, &String)| {
        let path = folder.join(format!("ledger-{number}.csv"));
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    written.iter().enumerate().map(write).collect()
}

#[test]
fn files_out_of_order_with_rows_that_stand_twice_are_read_as_they_are_in_one_piece() {
    let names = ["fan-in", "fan-out", "simple-cycle", "cash-structuring", "counterparty-break"];
    let wanted = |source: &&Source| names.iter().any(|name| source.path.ends_with(&format!("/{name}.yaml")));
    let sources: Vec<Source> = crate::shipped::sources().iter().filter(wanted).cloned().collect();
    assert_eq!(sources.len(), names.len());
    let row = (0u32..40_000, 0u8..9, 0u8..9, 1u16..2_000, any::<u8>());
    let cases = (prop::collection::vec(row, 1..300), 1usize..5, 3usize..120, any::<bool>());
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let (matched, twice) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let outcome = TestRunner::new(config).run(&cases, |(rows, files, size, texts)| {
        let folder = TempDir::new().expect("a folder");
        let inputs = scattered(folder.path(), &rows, files, texts);
        let max_rejects = Some(ingest::RejectLimit::Percent(100.0));
        let intake = ingest::Request { inputs, max_rejects, ..ingest::Request::default() };
        let request = Request { sources: sources.clone(), intake, ..Request::default() };
        let run = |request: &Request| engine::run(request, &(), &AtomicBool::new(false));
        let mut small = cut(&request, size);
        small.slices.as_mut().expect("it is cut").folder = folder.path().join("work");
        match (run(&request), run(&small)) {
            (Ok(whole), Ok(sliced)) => {
                prop_assert_eq!(said(&sliced), said(&whole));
                let (one, other) = (&sliced.intake, &whole.intake);
                prop_assert_eq!(&one.rejects, &other.rejects);
                prop_assert_eq!(
                    (one.read, &one.files, &one.rates, &one.notes),
                    (other.read, &other.files, &other.rates, &other.notes)
                );
                matched.fetch_add(usize::from(!whole.sifted.matches.list.is_empty()), Ordering::Relaxed);
                let again = |reject: &ingest::Reject| reject.reason.contains("same tx_id");
                twice.fetch_add(usize::from(other.rejects.rows.iter().any(again)), Ordering::Relaxed);
            }
            (whole, sliced) => {
                let said = |outcome: Result<Analysis, engine::RunError>| outcome.err().map(|error| error.to_string());
                prop_assert_eq!(said(sliced), said(whole));
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (matched, twice) = (matched.into_inner(), twice.into_inner());
    assert!(matched > 3 && twice > 10, "{matched} ledgers had a match, {twice} had rows twice");
}
