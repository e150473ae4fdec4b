//! The comparison with other programs: its rules are right, and its mapping reads what its ledgers are.

use std::fs;
use std::path::{Path, PathBuf};

use moneytrail::lang::{self, Source};
use tempfile::TempDir;

use crate::command_line::moneytrail;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compare")
}

fn named(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn every_rule_of_the_comparison_compiles_without_a_warning_and_passes_its_tests() {
    let rules = folder().join("rules");
    let paths: Vec<PathBuf> =
        fs::read_dir(&rules).expect("rules").map(|entry| entry.expect("an entry").path()).collect();
    assert!(paths.len() >= 8, "{paths:?}");
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a rule");
    let sources: Vec<Source> =
        paths.iter().map(|path| Source { path: path.display().to_string(), text: read(path) }).collect();
    let checked = lang::compile(&sources, &[]);
    assert_eq!(checked.set.map(|set| set.typologies.len()), Some(paths.len()), "{:?}", checked.diagnostics);
    assert!(checked.diagnostics.is_empty(), "{:?}", checked.diagnostics);
    let output = moneytrail(&folder(), &["test", "rules"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_rule_that_the_comparison_runs_is_there() {
    let script = fs::read_to_string(folder().join("compare.py")).expect("the script");
    let tasks = script.split("TASKS = {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("a table of tasks");
    for path in fs::read_dir(folder().join("rules")).expect("rules") {
        let rule = named(&path.expect("an entry").path());
        assert!(tasks.contains(&format!("\"{rule}\"")), "{rule} is in no task");
    }
    for peer in fs::read_dir(folder().join("peers")).expect("peers") {
        let name = named(&peer.expect("an entry").path());
        let Some(peer) = name.strip_prefix("with_") else { continue };
        assert!(tasks.contains(&format!("\"{peer}\"")), "{peer} is in no task");
    }
}

#[test]
fn the_mapping_of_the_comparison_reads_seconds_and_leaves_the_currency_alone() {
    let made = TempDir::new().expect("a folder");
    let rows = "tx_id,src,dst,ts,amount,currency,channel\n0,7,8,1735689600,100,EUR,WIRE\n1,8,9,1735689601,90.5,USD,ACH\n2,9,7,1735689602,81,PLN,ACH\n";
    fs::write(made.path().join("ledger.csv"), rows).expect("a file");
    let of = |part: &str| folder().join(part).display().to_string();
    let (mapping, rules) = (of("ledger.toml"), of("rules/temporal-cycle.yaml"));
    let output = moneytrail(made.path(), &["run", "ledger.csv", "--mapping", &mapping, "--rules", &rules]);
    let found: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(
        (&found["hops"], &found["amount_total"], &found["base_currency"]),
        (&3.into(), &"271.50".into(), &"XXX".into())
    );
}
