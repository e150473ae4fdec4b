//! What the front page shows is what the program does: its table, its rule, its mistake, its options, its picture.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::command_line::moneytrail;

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a page")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

/// The block behind a fence that holds a certain text.
fn block(page: &str, fence: &str, with: &str) -> String {
    let opening = format!("```{fence}\n");
    let blocks = page.split(&opening).skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(str::to_owned).find(|block| block.contains(with)).expect("the page shows it")
}

#[test]
fn the_table_on_the_front_page_is_what_the_sample_gives() {
    let folder = TempDir::new().expect("a folder");
    let sample = root().join("sample_data").display().to_string();
    let output = moneytrail(folder.path(), &["run", &sample, "--out", "out"]);
    let shown = block(&page("README.md"), "text", " matches ");
    let mut rules = 0;
    for line in text(output.stdout).lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON Lines");
        let rule = line["rule"].as_str().expect("a rule");
        let (found, known) = (line["matches"].as_u64(), line["completeness"] == "exhaustive");
        if found == Some(0) {
            let told = shown.lines().any(|row| row.contains(rule) && !row.ends_with("exhaustive"));
            assert!(told || !known, "{rule} found nothing, and the page does not say so");
            continue;
        }
        let row = shown
            .lines()
            .find(|row| row.contains(&format!(" {rule} ")))
            .expect("a row for each rule that found something");
        let cells = row.split("  ").map(|cell| cell.replace(['\u{202f}', ' '], "")).filter(|cell| !cell.is_empty());
        let mut cells: Vec<String> = cells.collect();
        cells.remove(6); // how long it took differs from run to run
        let counts = ["matches", "instances", "transfers", "accounts"].map(|key| line[key].to_string());
        let texts = ["value", "completeness"].map(|key| line[key].as_str().expect("text").to_owned());
        assert_eq!(cells[1..], [counts.as_slice(), texts.as_slice()].concat(), "{rule}");
        rules += 1;
    }
    assert_eq!(shown.lines().filter(|row| row.ends_with(" exhaustive")).count(), rules);
    let said = text(output.stderr);
    for words in ["8\u{202f}000 rows = 8\u{202f}000 accepted + 0 rejected", "270 matches in 71 cases; exhaustive"] {
        assert!(shown.contains(words) && said.contains(words), "{words}\n{said}");
    }
}

#[test]
fn the_rule_on_the_front_page_passes_its_tests_and_finds_something() {
    let rule = block(&page("README.md"), "yaml", "typology: quick-relay");
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("quick-relay.yaml"), &rule).expect("a file");
    let tested = text(moneytrail(folder.path(), &["test", "quick-relay.yaml"]).stdout);
    assert!(tested.ends_with("1 rule, 2 tests: 2 passed, 0 failed\n"), "{tested}");
    let sample = root().join("sample_data").display().to_string();
    let run = ["run", &sample, "--rules", "quick-relay.yaml", "--set", "quick-relay.rest=2d", "--fail-on-match"];
    assert_eq!(moneytrail(folder.path(), &run).status.code(), Some(1));
}

#[test]
fn the_mistake_on_the_front_page_is_shown_as_check_shows_it() {
    let page = page("README.md");
    let rule = block(&page, "yaml", "typology: quick-relay").replace("where: amount >=", "where: amuont >=");
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("quick-relay.yaml"), rule).expect("a file");
    let said = text(moneytrail(folder.path(), &["check", "quick-relay.yaml"]).stderr);
    let shown = block(&page, "text", "error[");
    assert!(said.starts_with(&shown), "{said}\n{shown}");
}

#[test]
fn every_option_and_page_that_the_front_page_names_is_there() {
    let page = page("README.md");
    let folder = TempDir::new().expect("a folder");
    let commands = crate::command_line::subcommands();
    let help: String =
        commands.iter().map(|command| text(moneytrail(folder.path(), &["help", command]).stdout)).collect();
    let of_cargo = ["--release", "--open", "--path"];
    let words = page.split(|sign: char| sign.is_whitespace() || "`()".contains(sign));
    let options: BTreeSet<&str> = words.filter(|word| word.starts_with("--") && word.len() > 3).collect();
    assert!(options.len() > 10, "{options:?}");
    for option in options.into_iter().filter(|option| !of_cargo.contains(option)) {
        assert!(help.contains(option), "{option}");
    }
    for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        assert!(root().join(link).exists(), "{link}");
    }
}

#[test]
fn the_picture_shows_a_match_of_the_sample() {
    let folder = TempDir::new().expect("a folder");
    let sample = root().join("sample_data").display().to_string();
    let found = text(moneytrail(folder.path(), &["run", &sample, "--rule", "mule-chain"]).stdout);
    let first: serde_json::Value = serde_json::from_str(found.lines().next().expect("a match")).expect("JSON");
    let picture = page("docs/match.svg");
    for transfer in first["flow"].as_array().expect("a flow") {
        for key in ["tx_id", "amount", "currency"] {
            let shown = transfer[key].as_str().expect("text");
            assert!(picture.contains(shown), "{key} {shown}");
        }
    }
}
