//! Expectation files as their authors use them: what fails, what is shown of it, and what a known failure may do.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::command_line::moneytrail;
use crate::compare::rule;

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
    write("hubs.yaml", &rule("1d"));
    write("hubs.expect.yaml", &format!("ledger: data/ledger.csv\nexpect:\n{expect}"));
    folder
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
    let asking = rule("1d").replace("within: 1d\n", "within: 1d\nwhere: branch = 'x'\n");
    fs::write(folder.path().join("hubs.yaml"), asking).expect("a file");
    let (code, told) = test_with(folder.path(), &["hubs.expect.yaml"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("not evaluable") && told.contains("branch"), "{told}");
}

#[test]
fn the_report_in_junit_xml_goes_to_a_file_or_to_standard_output() {
    let folder = project("  - rule: hubs\n    exactly: 2\n  - rule: hubs\n    at_least: 9\n");
    let arguments = ["test", "hubs.yaml", "--format", "junit", "--junit", "report.xml"];
    let output = moneytrail(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    let report = fs::read_to_string(folder.path().join("report.xml")).expect("a report");
    assert_eq!(report, String::from_utf8_lossy(&output.stdout));
    for line in [
        "<testsuites name=\"moneytrail\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "  <testsuite name=\"hubs\" file=\"hubs.yaml\" tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\">",
        "      <failure message=\"found 2, expected at least 9 matches\">found 2, expected at least 9 matches</failure>",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
    assert_eq!(moneytrail(folder.path(), &arguments).stdout, output.stdout, "no time is in it");
}

/// A program that runs, and ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn watched_tests_run_again_when_a_file_changes_and_survive_a_mistake() {
    let folder = project("  - rule: hubs\n    exactly: 2\n");
    let log = TempDir::new().expect("a folder");
    let log = log.path().join("log");
    let file = fs::File::create(&log).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_moneytrail"));
    command.args(["test", "hubs.yaml", "--watch"]).current_dir(folder.path()).stdin(Stdio::null());
    command.stdout(file.try_clone().expect("the same file")).stderr(file);
    let mut running = Running(command.spawn().expect("the program starts"));
    let mut told = 0;
    let mut wait_for = |wanted: &[&str]| {
        for _ in 0..600 {
            let text = fs::read_to_string(&log).expect("text");
            if wanted.iter().all(|words| text[told..].contains(words)) && text.ends_with("; Ctrl-C ends\n") {
                let since = text[told..].to_owned();
                told = text.len();
                return since;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{wanted:?} is not told:\n{}", fs::read_to_string(&log).expect("text"));
    };
    wait_for(&["3 tests: 3 passed, 0 failed\n", "watching 3 files"]);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("data/ledger.csv", &LEDGER.replace("\nt4", "\nx4").replace("b,k,9.00", "b,n,9.00"));
    let changed = wait_for(&["changed: data/ledger.csv\n", "3 tests: 2 passed, 1 failed\n"]);
    assert!(!changed.contains("changed: hubs"), "{changed}");
    write("hubs.yaml", "typology: hubs\nwithni: 1d\n");
    wait_for(&["changed: hubs.yaml\n", "write `within`"]);
    write("hubs.yaml", &rule("1d"));
    write("hubs.expect.yaml", "ledger: data/ledger.csv\nexpect: [{ rule: hubs, exactly: 1 }]\n");
    wait_for(&["3 tests: 3 passed, 0 failed\n"]);
    assert_eq!(running.0.try_wait().expect("a state"), None, "it runs until it is ended");
    let shipped = moneytrail(folder.path(), &["test", "--watch"]);
    assert_eq!(shipped.status.code(), Some(2), "the rules inside the program do not change");
}

/// `docs/testing.md` gives its files as blocks with a name, and its commands with all that they print.
/// `MONEYTRAIL_UPDATE=1` writes the outputs anew; read the difference before you commit it.
#[test]
fn the_page_on_testing_shows_what_its_commands_print() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/testing.md");
    let page = fs::read_to_string(&path).expect("the page");
    let folder = TempDir::new().expect("a folder");
    let mut commands = 0;
    let mut parts: Vec<String> = page.split("```").map(str::to_owned).collect();
    for block in parts.iter_mut().skip(1).step_by(2) {
        let (kind, text) = block.split_once('\n').expect("a block has a line");
        if let Some((_, name)) = kind.split_once(' ') {
            fs::write(folder.path().join(name), text).expect("a file");
        } else if let Some(command) = text.strip_prefix("$ moneytrail ").and_then(|rest| rest.lines().next()) {
            let output = moneytrail(folder.path(), &command.split(' ').collect::<Vec<_>>());
            let said = [output.stdout, output.stderr].concat();
            let lines: Vec<String> =
                String::from_utf8_lossy(&said).lines().map(|line| line.trim_end().to_owned()).collect();
            *block = format!("{kind}\n$ moneytrail {command}\n{}\n", lines.join("\n"));
            commands += 1;
        }
    }
    let now = parts.join("```");
    assert!(commands >= 4, "only {commands} commands");
    if std::env::var_os("MONEYTRAIL_UPDATE").is_some() {
        fs::write(&path, &now).expect("a page that can be written");
        return;
    }
    assert_eq!(page, now, "MONEYTRAIL_UPDATE=1 accepts it");
}
