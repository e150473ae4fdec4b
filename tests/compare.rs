//! Two runs beside each other: what is the same, new, gone and changed, and what else differs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use moneytrail::columns::Time;
use moneytrail::engine;
use moneytrail::ingest;
use moneytrail::write::{self, Forms, Record, RunFacts};
use serde_json::Value;
use tempfile::TempDir;

use crate::command_line::moneytrail;

/// Two or more payers within some hours.
pub(crate) fn rule(within: &str) -> String {
    format!(
        "typology: hubs
version: 1
title: Payers
summary: Several accounts pay one.
stage: layering
severity: low
references: [a test]
false_positives: [everything]
parameters:
  least: {{ default: 2, range: 2..9, help: the least payers }}
within: {within}
flow:
  - step: payers[$least..] -> hub
tests:
  - name: two payers
    transfers: |
      # when from to amount
      0h a h 5
      1h b h 5
    matches: [{{ hub: h }}]
  - name: one payer
    transfers: |
      # when from to amount
      0h a h 5
    matches: []
"
    )
}

const LEDGER: &str = "tx_id,timestamp,sender,receiver,amount,currency
t1,2025-01-01T10:00:00Z,a,h,5.00,EUR
t2,2025-01-01T11:00:00Z,b,h,6.00,EUR
t3,2025-01-01T13:00:00Z,c,h,7.50,EUR
t4,2025-01-01T14:00:00Z,d,h,8.00,EUR
t5,2025-02-01T11:00:00Z,e,k,9.00,EUR
t6,2025-02-01T11:30:00Z,g,k,9.00,EUR
t7,2025-03-01T11:30:00Z,b,z,9.00,EUR
";

/// A folder with the rule of a long and of a short window, and a ledger.
fn project() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in [("long", rule("1d")), ("short", rule("1h"))] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
        fs::write(folder.path().join(name).join("hubs.yaml"), text).expect("a rule");
    }
    fs::write(folder.path().join("ledger.csv"), LEDGER).expect("a ledger");
    folder
}

/// The comparison of two versions of the rule, in JSON.
fn compared(old: &str, new: &str) -> Value {
    let folder = project();
    let output = moneytrail(folder.path(), &["compare", old, new, "--ledger", "ledger.csv", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn ids(transfers: &Value) -> Vec<&str> {
    transfers.as_array().expect("a list").iter().map(|transfer| transfer["tx_id"].as_str().expect("an id")).collect()
}

fn len(list: &Value) -> usize {
    list.as_array().expect("a list").len()
}

#[test]
fn a_match_of_the_same_accounts_and_transfers_is_the_same() {
    let found = compared("long/hubs.yaml", "long");
    assert_eq!(
        found["rules"],
        serde_json::json!([{ "rule": "hubs", "before": 2, "after": 2, "same": 2, "changed": 0, "new": 0, "gone": 0 }])
    );
    assert_eq!(
        (len(&found["changed"]), len(&found["new"]), len(&found["gone"]), len(&found["warnings"])),
        (0, 0, 0, 0)
    );
}

#[test]
fn a_match_that_falls_apart_has_changed_and_its_other_part_is_new() {
    let found = compared("long/hubs.yaml", "short/hubs.yaml");
    assert_eq!(
        found["rules"][0],
        serde_json::json!({ "rule": "hubs", "before": 2, "after": 3, "same": 1, "changed": 1, "new": 1, "gone": 0 })
    );
    let (change, part) = (&found["changed"][0], &found["new"][0]);
    assert_eq!((change["shared"].as_u64(), change["either"].as_u64()), (Some(2), Some(4)));
    assert_eq!((ids(&change["removed"]), ids(&change["added"])), (vec!["t3", "t4"], vec![]));
    assert_eq!(change["roles"], serde_json::json!([{ "role": "payers", "added": [], "removed": ["c", "d"] }]));
    assert_eq!(change["split_into"], serde_json::json!([part["id"]]));
    assert_eq!(ids(&part["transfers"]), ["t3", "t4"]);
    assert_eq!(found["cases"], serde_json::json!({ "before": 1, "all_before": 2, "after": 1, "all_after": 2 }));
    assert_eq!(found["warnings"], serde_json::json!(["rules whose text differs: hubs"]));
}

#[test]
fn matches_that_become_one_are_merged() {
    let found = compared("short/hubs.yaml", "long/hubs.yaml");
    let (change, part) = (&found["changed"][0], &found["gone"][0]);
    assert_eq!((ids(&change["added"]), ids(&part["transfers"])), (vec!["t3", "t4"], vec!["t3", "t4"]));
    assert_eq!(change["merged_from"], serde_json::json!([part["id"]]));
    assert_eq!((len(&found["new"]), len(&found["gone"])), (0, 1));
}

/// A run of the rule into a folder.
fn run(folder: &TempDir, ledger: &str, more: &[&str], out: &str) {
    let arguments = [&["run", ledger, "--rules", "long", "--out", out], more].concat();
    let output = moneytrail(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_match_whose_transfers_have_other_ids_is_known_again_by_its_accounts() {
    let folder = project();
    fs::write(folder.path().join("renamed.csv"), LEDGER.replace("\nt", "\nu")).expect("a ledger");
    run(&folder, "ledger.csv", &[], "old");
    run(&folder, "renamed.csv", &[], "new");
    let output = moneytrail(folder.path(), &["compare", "old", "new"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(told.matches("with 0 of 8 transfers in common").count(), 1, "{told}");
    assert_eq!(told.matches("with 0 of 4 transfers in common").count(), 1, "{told}");
    assert!(told.contains("  - t5 2025-02-01T11:00:00Z e -> k 9.00 EUR\n"), "{told}");
    assert!(told.contains("  + u5 2025-02-01T11:00:00Z e -> k 9.00 EUR\n"), "{told}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("note: the ledger differs: transfers "), "{said}");
}

#[test]
fn what_else_differs_between_two_runs_is_said() {
    let folder = project();
    run(&folder, "ledger.csv", &[], "old");
    run(&folder, "ledger.csv", &["--set", "hubs.least=3", "--max-instances-per-anchor", "9"], "new");
    let output = moneytrail(folder.path(), &["compare", "old", "new"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for wanted in [
        "note: the budget differs: max_instances_per_anchor 1000000, ",
        "note: parameters that differ: hubs.least (2 before, 3 now)\n",
    ] {
        assert!(said.contains(wanted), "{wanted}\n{said}");
    }
    assert!(!said.contains("ledger differs") && !said.contains("text differs"), "{said}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("\ngone hubs: ") && !told.contains("\nnew hubs: "), "{told}");
}

#[test]
fn a_change_is_exit_code_one_where_that_was_asked_for() {
    let folder = project();
    run(&folder, "ledger.csv", &[], "old");
    run(&folder, "ledger.csv", &["--set", "hubs.least=3"], "new");
    let code = |arguments: &[&str]| moneytrail(folder.path(), arguments).status.code();
    assert_eq!(code(&["compare", "old", "new"]), Some(0));
    assert_eq!(code(&["compare", "old", "new", "--fail-on-change"]), Some(1));
    assert_eq!(code(&["compare", "old", "old", "--fail-on-change"]), Some(0));
}

#[test]
fn what_cannot_be_compared_is_refused_with_a_way_out() {
    let folder = project();
    run(&folder, "ledger.csv", &[], "old");
    let refused = |arguments: &[&str], code: i32, wanted: &str| {
        let output = moneytrail(folder.path(), &[&["compare"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(wanted) && !said.contains("panicked"), "{wanted}\n{said}");
    };
    refused(&["old", "nowhere"], 2, "old is the folder of a run, and nowhere is not there");
    refused(&["long/hubs.yaml", "short/hubs.yaml"], 2, "`--ledger INPUT`");
    refused(&["old", "old", "--ledger", "ledger.csv"], 2, "leave `--ledger` out");
    let table = folder.path().join("old/match_transfers.parquet");
    let bytes = fs::read(&table).expect("a table");
    for cut in [4, bytes.len() / 2, bytes.len() - 9] {
        fs::write(&table, &bytes[..cut]).expect("a table");
        refused(&["old", "old"], 5, "match_transfers.parquet");
    }
    fs::write(folder.path().join("old/manifest.json"), "{}").expect("a manifest");
    refused(&["old", "old"], 5, "manifest.json");
}

#[test]
fn a_run_that_is_read_back_is_the_run_that_was_written() {
    let folder = TempDir::new().expect("a folder");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data");
    let intake = ingest::Request { inputs: vec![sample.display().to_string()], ..ingest::Request::default() };
    let request = engine::Request { sources: crate::shipped::sources(), intake, ..engine::Request::default() };
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("the sample runs");
    let facts = RunFacts {
        command: Vec::new(),
        started: Time(0),
        finished: Time(0),
        identifiable: false,
        limits: request.limits,
        time_budget: None,
        overrides: Vec::new(),
    };
    let report = analysis.report(&facts);
    let out: PathBuf = folder.path().join("out");
    write::folder(&report, &out, &Forms::default()).expect("a folder that can be written");
    let (read, at_hand) = (write::read(&out).expect("a run"), Record::of(&report));
    assert!(read.matches.len() > 100 && read.transfers.len() > 400, "the sample has matches");
    assert_eq!(read, at_hand);
}
