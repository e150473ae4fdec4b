//! Expectation files as their authors use them: what fails, what is shown of it, and what a known failure may do.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Two or more payers within a day.
const RULE: &str = "typology: hubs
version: 1
title: Payers
summary: Several accounts pay one.
stage: layering
severity: low
references: [a test]
false_positives: [everything]
parameters:
  least: { default: 2, range: 2..9, help: the least payers }
within: 1d
flow:
  - step: payers[$least..] -> hub
tests:
  - name: two payers
    transfers: |
      # when from to amount
      0h a h 5
      1h b h 5
    matches: [{ hub: h }]
  - name: one payer
    transfers: |
      # when from to amount
      0h a h 5
    matches: []
";

const LEDGER: &str = "tx_id,timestamp,sender,receiver,amount,currency
t1,2025-01-01T10:00:00Z,a,h,5.00,EUR
t2,2025-01-01T11:00:00Z,b,h,6.00,EUR
t3,2025-01-01T12:00:00Z,c,h,7.50,EUR
t4,2025-02-01T10:00:00Z,a,k,8.00,EUR
t5,2025-02-01T11:00:00Z,b,k,9.00,EUR
t6,2025-03-01T11:00:00Z,h,k,9.00,EUR
";

/// A folder with a rule, a ledger in a folder of its own, and an expectation file that expects this.
fn project(expect: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("data")).expect("a folder");
    write("data/ledger.csv", LEDGER);
    write("hubs.yaml", RULE);
    write("hubs.expect.yaml", &format!("ledger: data/ledger.csv\nexpect:\n{expect}"));
    folder
}

fn moneytrail(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().expect("the program starts")
}

/// The exit code and the report of `moneytrail test` with these arguments; ids of matches are `ID`.
fn test_with(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = moneytrail(folder, &[&["test"], arguments].concat());
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let is_id = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = told.split(' ').map(|word| if is_id(word) { "ID" } else { word });
    (output.status.code().expect("an exit code"), words.collect::<Vec<_>>().join(" "))
}

fn told(expect: &str) -> (i32, String) {
    test_with(project(expect).path(), &["hubs.expect.yaml"])
}

#[test]
fn an_expectation_that_holds_is_told_in_one_line() {
    let (code, told) = told("  - rule: hubs\n    exactly: 2\n    matches: [{ hub: h, payers: [a, b, c] }, [t4, t5]]\n");
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        told,
        "hubs.expect.yaml / hubs: exactly 2 matches, 2 of them named ... ok\n\
         1 expectation file, 1 test: 1 passed, 0 failed\n"
    );
}

#[test]
fn a_match_that_nobody_expected_fails_and_is_shown_with_its_transfers() {
    let (code, told) = told("  - rule: hubs\n    matches: [{ hub: h }]\n");
    assert_eq!(code, 1, "{told}");
    assert!(
        told.starts_with(
            "hubs.expect.yaml / hubs: exactly 1 match, 1 of them named ... FAILED
  hubs.expect.yaml:3
  + found, not expected: hub: k; payers: a, b
      t4 2025-02-01T10:00:00Z a -> k 8.00 EUR
      t5 2025-02-01T11:00:00Z b -> k 9.00 EUR
"
        ),
        "{told}"
    );
}

#[test]
fn of_a_missing_match_the_nearest_one_is_shown_role_by_role() {
    let (code, told) = told("  - rule: hubs\n    at_least: 1\n    matches: [{ hub: h, payers: [a, b, d] }]\n");
    assert_eq!(code, 1, "{told}");
    let shown = "  hubs.expect.yaml:3
  - expected, not found: hub: h; payers: a, b, d
      nearest is ID with 3 of 5 accounts in common
        hub: h
      - payers: a, b, d
      + payers: a, b, c
        t1 2025-01-01T10:00:00Z a -> h 5.00 EUR
        t2 2025-01-01T11:00:00Z b -> h 6.00 EUR
        t3 2025-01-01T12:00:00Z c -> h 7.50 EUR
";
    assert!(told.contains(shown), "{told}");
}

#[test]
fn of_missing_transfers_the_nearest_match_is_shown_transfer_by_transfer() {
    let (code, told) = told("  - rule: hubs\n    matches: [[t1, t2, t9], [t4, t5]]\n");
    assert_eq!(code, 1, "{told}");
    let shown = "  - expected, not found: transfers t1, t2, t9
      nearest is ID with 2 of 4 transfers in common
        t1 2025-01-01T10:00:00Z a -> h 5.00 EUR
        t2 2025-01-01T11:00:00Z b -> h 6.00 EUR
      - t9 is not in the ledger
      + t3 2025-01-01T12:00:00Z c -> h 7.50 EUR
  + found, not expected: hub: h; payers: a, b, c
";
    assert!(told.contains(shown), "{told}");
}

#[test]
fn a_wrong_number_of_matches_is_told_and_those_that_are_there_are_shown() {
    let (code, many) = told("  - rule: hubs\n    at_most: 1\n");
    assert_eq!(code, 1, "{many}");
    assert!(many.contains("  found 2, expected at most 1 match\n  + found, not expected: hub: h"), "{many}");
    let (code, few) = told("  - rule: hubs\n    at_least: 3\n");
    assert_eq!(code, 1, "{few}");
    assert!(few.contains("  found 2, expected at least 3 matches\n"), "{few}");
}

#[test]
fn a_known_failure_does_not_fail_until_it_holds() {
    let (code, failing) = told("  - rule: hubs\n    exactly: 3\n    todo: the third one comes by cheque\n");
    assert_eq!(code, 0, "{failing}");
    assert!(failing.contains("exactly 3 matches ... todo: the third one comes by cheque\n"), "{failing}");
    assert!(failing.ends_with("1 expectation file, 1 test: 0 passed, 0 failed, 1 todo\n"), "{failing}");
    let (code, holding) = told("  - rule: hubs\n    exactly: 2\n    todo: two are hard to find\n");
    assert_eq!(code, 1, "{holding}");
    assert!(holding.contains("this holds now, and is marked as known to fail: two are hard to find"), "{holding}");
}

#[test]
fn a_rule_file_brings_the_expectation_file_beside_it() {
    let folder = project("  - rule: hubs\n    name: two hubs\n    exactly: 2\n");
    let (code, told) = test_with(folder.path(), &["hubs.yaml"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("hubs / two payers ... ok") && told.contains("hubs.expect.yaml / hubs: two hubs ... ok"));
    assert!(told.ends_with("1 rule, 1 expectation file, 3 tests: 3 passed, 0 failed\n"), "{told}");
    let elsewhere = TempDir::new().expect("a folder");
    let path = folder.path().display().to_string();
    let (code, from_afar) = test_with(elsewhere.path(), &[&path]);
    assert_eq!(code, 0, "paths are relative to the file, not to where the program runs: {from_afar}");
    let checked = moneytrail(folder.path(), &["check", "."]);
    assert!(String::from_utf8_lossy(&checked.stderr).starts_with("1 rule file checked"), "it is no rule file");
}

#[test]
fn settings_of_the_file_hold_for_its_rules() {
    let folder = project("  - rule: hubs\n    exactly: 1\nset: { hubs.least: 3 }\nrules: hubs.yaml\n");
    let (code, told) = test_with(folder.path(), &["hubs.expect.yaml"]);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn a_filter_leaves_the_tests_in_whose_line_it_stands() {
    let folder = project("  - rule: hubs\n    exactly: 2\n  - rule: hubs\n    at_least: 9\n");
    let (code, told) = test_with(folder.path(), &["hubs.yaml", "--filter", "exactly"]);
    assert_eq!((code, told.contains("1 test: 1 passed, 0 failed")), (0, true), "{told}");
    let (code, told) = test_with(folder.path(), &["hubs.yaml", "--filter", "no such test"]);
    assert_eq!(code, 2, "{told}");
}

#[test]
fn the_report_in_json_has_a_verdict_for_each_test() {
    let folder = project("  - rule: hubs\n    exactly: 2\n  - rule: hubs\n    at_least: 9\n");
    let output = moneytrail(folder.path(), &["test", "hubs.expect.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (report["passed"].as_u64(), report["failed"].as_u64(), report["todo"].as_u64()),
        (Some(1), Some(1), Some(0))
    );
    let [first, second] = report["tests"].as_array().expect("a list").as_slice() else { panic!("{report}") };
    assert_eq!(first["verdict"], "passed");
    assert_eq!(
        (second["verdict"].as_str(), second["path"].as_str(), second["line"].as_u64()),
        (Some("failed"), Some("hubs.expect.yaml"), Some(5))
    );
    assert_eq!(second["difference"][0], "found 2, expected at least 9 matches");
}

#[test]
fn a_mistake_in_the_file_is_shown_at_its_place() {
    let (code, told) = told("  - rule: hubs\n    exactli: 2\n");
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("--> hubs.expect.yaml:4:5") && told.contains("write `exactly`"), "{told}");
    let folder = project("  - rule: hubs\n    exactly: 2\n");
    fs::remove_file(folder.path().join("data/ledger.csv")).expect("the ledger is there");
    let (code, told) = test_with(folder.path(), &["hubs.expect.yaml"]);
    assert_eq!((code, told.contains("data/ledger.csv")), (5, true), "{told}");
}

#[test]
fn a_rule_that_the_ledger_cannot_answer_fails_with_the_reason() {
    let folder = project("  - rule: hubs\n    exactly: 0\n");
    let asking = RULE.replace("within: 1d\n", "within: 1d\nwhere: branch = 'x'\n");
    fs::write(folder.path().join("hubs.yaml"), asking).expect("a file");
    let (code, told) = test_with(folder.path(), &["hubs.expect.yaml"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("not evaluable") && told.contains("branch"), "{told}");
}
