//! What rules share, held against a plain count over the matches of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command_line::moneytrail;

fn told(folder: &Path, arguments: &[&str]) -> String {
    let output = moneytrail(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn json_of(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&told(folder, &[arguments, &["--format", "json"]].concat())).expect("JSON")
}

fn sample() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data").display().to_string()
}

/// The matches of a run: rule and transfers.
fn matches(folder: &Path) -> Vec<(String, BTreeSet<String>)> {
    let lines = fs::read_to_string(folder.join("out/matches.jsonl")).expect("the matches");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let read = |line: &str| {
        let found: Value = serde_json::from_str(line).expect("JSON");
        let flow = found["flow"].as_array().expect("a flow");
        (text(&found["rule"]), flow.iter().map(|row| text(&row["tx_id"])).collect())
    };
    lines.lines().map(read).collect()
}

#[test]
fn what_the_sample_s_rules_share_is_what_a_plain_count_says() {
    let folder = TempDir::new().expect("a folder");
    told(folder.path(), &["run", &sample(), "--out", "out", "--formats", "jsonl"]);
    let report = json_of(folder.path(), &["overlap", "out"]);
    let statistics = fs::read(folder.path().join("out/statistics.json")).expect("statistics");
    let statistics: Value = serde_json::from_slice(&statistics).expect("JSON");
    assert_eq!(report["transfers"], statistics["overlap"]);
    let matches = matches(folder.path());
    let mut touched = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (rule, rows) in &matches {
        touched.entry(rule).or_default().extend(rows.iter().map(String::as_str));
    }
    let mut looked_at = 0;
    for rule in report["rules"].as_array().expect("a list") {
        let id = rule["rule"].as_str().expect("an id");
        let others: BTreeSet<&str> =
            touched.iter().filter(|(other, _)| **other != id).flat_map(|(_, rows)| rows.iter().copied()).collect();
        let own = touched.get(id).cloned().unwrap_or_default();
        let alone = |rows: &BTreeSet<String>| rows.iter().all(|row| !others.contains(row.as_str()));
        let of_rule = || matches.iter().filter(|(rule, _)| rule == id);
        let counted = json!([
            of_rule().count(),
            own.len(),
            own.difference(&others).count(),
            of_rule().filter(|(_, rows)| alone(rows)).count()
        ]);
        assert_eq!(
            json!([rule["matches"], rule["transfers"], rule["only_transfers"], rule["only_matches"]]),
            counted,
            "{id}"
        );
        looked_at += usize::from(!own.is_empty());
    }
    assert!(looked_at > 10, "only {looked_at} rules have matches");
    for pair in report["inside"].as_array().expect("a list") {
        let (rule, of) = (pair["rule"].as_str().expect("an id"), pair["of"].as_str().expect("an id"));
        let lies_in = |rows: &BTreeSet<String>, around: &BTreeSet<String>| {
            rows.intersection(around).count() * 10 >= rows.len() * 6
        };
        let around: Vec<_> = matches.iter().filter(|(other, _)| other == of).map(|(_, rows)| rows).collect();
        let inside =
            matches.iter().filter(|(other, rows)| other == rule && around.iter().any(|one| lies_in(rows, one)));
        assert_eq!(pair["inside"].as_u64(), Some(inside.count() as u64), "{rule} in {of}");
    }
    let again = json_of(folder.path(), &["overlap", &sample()]);
    assert_eq!(again, report, "a run that is not written gives the same");
    let rows = told(folder.path(), &["overlap", "out", "--format", "csv"]).lines().count() - 1;
    let pairs = |list: &str| {
        let ids = report[list].as_array().expect("a list").iter();
        ids.map(|pair| (pair["a"].to_string(), pair["b"].to_string())).collect::<BTreeSet<_>>()
    };
    assert_eq!(rows, pairs("transfers").union(&pairs("cases")).count());
}

/// Payers of one account, so many of them.
fn rule(id: &str, least: usize, more: &str) -> String {
    format!(
        "typology: {id}\nversion: 1\ntitle: Payers\nsummary: Several accounts pay one.\nstage: layering\nseverity: low\n\
         references: [a test]\nfalse_positives: [everything]\n{more}within: 1d\nflow:\n  - step: payers[{least}..] -> hub\n\
         tests:\n  - name: three\n    transfers: |\n      # when from to amount\n      0h a h 5\n      1h b h 5\n      \
         2h c h 5\n    matches: [{{ hub: h }}]\n  - name: one\n    transfers: |\n      # when from to amount\n      \
         0h a h 5\n    matches: []\n"
    )
}

/// The candidates where the rule of three payers says this of that of two.
fn candidates(more: &str) -> Vec<(String, String)> {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("two.yaml", &rule("two", 2, ""));
    write("three.yaml", &rule("three", 3, more));
    write(
        "ledger.csv",
        "tx_id,timestamp,sender,receiver,amount,currency\nt1,2025-01-01T10:00:00Z,a,h,5.00,EUR\n\
         t2,2025-01-01T11:00:00Z,b,h,6.00,EUR\nt3,2025-01-01T13:00:00Z,c,h,7.50,EUR\n",
    );
    let report = json_of(folder.path(), &["overlap", "ledger.csv", "--rules", "two.yaml", "--rules", "three.yaml"]);
    let list = report["inside"].as_array().expect("a list");
    assert_eq!(list.len(), 2, "each lies in the other: {report}");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    list.iter().filter(|pair| pair["candidate"] == true).map(|pair| (text(&pair["rule"]), text(&pair["of"]))).collect()
}

#[test]
fn rules_that_lie_in_each_other_are_candidates_until_one_explains_the_other() {
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(candidates(""), [pair("three", "two"), pair("two", "three")]);
    assert_eq!(candidates("specialises: [two]\n"), []);
}

#[test]
fn a_run_that_was_written_is_not_run_again() {
    let folder = TempDir::new().expect("a folder");
    told(folder.path(), &["run", &sample(), "--rule", "fan-in", "--out", "out"]);
    let output = moneytrail(folder.path(), &["overlap", "out", "--rule", "fan-in"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("leave `--rule` and `--set` out"));
    let text = told(folder.path(), &["overlap", "out"]);
    assert!(text.contains(" fan-in ") && !text.contains("Jaccard"), "one rule shares nothing: {text}");
}
