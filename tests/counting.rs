//! `run --count`: instances are counted as a run finds them, and none is listed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use moneytrail::engine::{self, Request};
use moneytrail::ingest;
use moneytrail::lang::Source;

use super::command_line::moneytrail;

static NO_END: AtomicBool = AtomicBool::new(false);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shipped rules over the sample.
fn request() -> Request {
    let root = root();
    let mut paths: Vec<_> = glob::glob(&root.join("typologies/*/*.yaml").display().to_string())
        .expect("a pattern")
        .map(|path| path.expect("a readable folder"))
        .collect();
    paths.sort();
    let source = |path: &std::path::PathBuf| Source {
        path: path.display().to_string(),
        text: std::fs::read_to_string(path).expect("a rule"),
    };
    let inputs = vec![root.join("sample_data").display().to_string()];
    Request {
        sources: paths.iter().map(source).collect(),
        intake: ingest::Request { inputs, ..ingest::Request::default() },
        ..Request::default()
    }
}

#[test]
fn every_shipped_rule_has_as_many_instances_as_a_run_finds() {
    let request = request();
    let run = engine::run(&request, &(), &NO_END).expect("the sample runs");
    assert!(run.sifted.completeness.is_exhaustive());
    let found: BTreeMap<&str, u128> = run
        .sifted
        .tallies
        .iter()
        .map(|tally| (run.set.typologies[tally.rule].id.as_str(), u128::from(tally.instances)))
        .collect();
    let counted = engine::count(&request, &(), &NO_END).expect("the sample can be counted");
    assert_eq!(counted.rules.len(), run.set.typologies.len());
    for (id, counts) in &counted.rules {
        let counts = counts.as_ref().expect("the sample answers every shipped rule");
        assert_eq!(Some(&counts.instances), found.get(id.as_str()), "{id}");
        assert_eq!(counts.by_hops.values().sum::<u128>(), counts.instances, "{id}");
        assert!(u128::from(counts.bindings) <= counts.instances, "{id}");
    }
    assert!(found.values().filter(|instances| **instances > 0).count() > 40, "{found:?}");
}

#[test]
fn counts_are_one_json_object_with_a_statement_of_completeness() {
    let told = moneytrail(root(), &["run", "sample_data", "--rule", "simple-cycle", "--count", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let rule = &told["rules"]["simple-cycle"];
    let hops = rule["by_hops"].as_object().expect("counts by hops");
    let sum: u64 = hops.values().map(|count| count.as_u64().expect("a count")).sum();
    assert!(sum > 0 && rule["instances"] == sum && rule["bindings"].as_u64().is_some_and(|bindings| bindings <= sum));
    assert_eq!(told["completeness"]["exhaustive"], true);
    assert_eq!(told["read"].as_u64(), told["accepted"].as_u64());
}

#[test]
fn what_lists_matches_does_not_go_with_counting() {
    for more in [&["--fail-on-match"][..], &["--formats", "csv"], &["--memory", "1GiB"]] {
        let arguments = [&["run", "sample_data", "--count"][..], more].concat();
        let refused = moneytrail(root(), &arguments);
        assert_eq!(refused.status.code(), Some(2), "{more:?}");
        assert!(refused.stdout.is_empty());
    }
}

/// Two round trips over the same three accounts: which path an account between hops belongs to is no part of a binding.
#[test]
fn a_binding_that_two_trails_share_is_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("ledger.csv");
    let rows = ["0,a,x", "1,x,b", "2,b,a", "0,a,b", "1,b,x", "2,x,a"];
    let row = |row: &&str| {
        let (hour, accounts) = row.split_once(',').expect("an hour");
        format!("2024-01-01T0{hour}:00:00Z,{accounts},100,EUR\n")
    };
    let text = rows.iter().map(row).collect::<String>();
    std::fs::write(&ledger, format!("timestamp,sender,receiver,amount,currency\n{text}")).expect("a writable folder");
    let rule = "typology: there-and-back\nversion: 1\ntitle: T\nsummary: S\nstage: layering\nseverity: low\n\
        references: [r]\nwithin: 2h\nflow:\n  - step: a -> b\n    hops: 1..2\n  - step: b -> a\n    hops: 1..2\n\
        tests:\n  - name: n\n    transfers: |\n      # when from to amount\n      0h a b 1\n    matches: []\n";
    let request = Request {
        sources: vec![Source { path: "there-and-back.yaml".to_owned(), text: rule.to_owned() }],
        intake: ingest::Request { inputs: vec![ledger.display().to_string()], ..ingest::Request::default() },
        ..Request::default()
    };
    let counted = engine::count(&request, &(), &NO_END).expect("a small ledger");
    let counts = counted.rules[0].1.as_ref().expect("evaluable");
    // Four over three accounts with two bindings, and four there and back with one each.
    assert_eq!((counts.instances, counts.bindings), (8, 6));
}
