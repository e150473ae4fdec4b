//! `run --count`: instances are counted as a run finds them, and none is listed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use moneytrail::engine::{self, Request};
use moneytrail::ingest;
use moneytrail::lang::Source;

use super::command_line::moneytrail;

const NO_END: AtomicBool = AtomicBool::new(false);

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
