//! Every pass of the planner on a case of its own: what is asked, and when, before the pass and after it.
//!
//! A case is `tests/plans/PASS.yaml`: rules, each behind a line `### FILE name.yaml`, planned together for the sample
//! ledger. `MONEYTRAIL_UPDATE=1` writes the expected outputs anew; read the difference before you commit it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use moneytrail::columns::LedgerSummary;
use moneytrail::ingest;
use moneytrail::lang::{self, Source};
use moneytrail::plan;

const PASSES: [&str; 5] = ["push-where", "share-masks", "prune-rows", "choose-anchor", "prune-unreachable"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a plan may know of the sample.
fn summary() -> &'static LedgerSummary {
    static SUMMARY: OnceLock<LedgerSummary> = OnceLock::new();
    SUMMARY.get_or_init(|| {
        let request = ingest::Request {
            inputs: vec![root().join("sample_data").display().to_string()],
            columns: ["channel".to_owned()].into(),
            account_columns: ["kind".to_owned(), "opened".to_owned()].into(),
            ..ingest::Request::default()
        };
        ingest::read(&request).expect("the sample is read").ledger.summary()
    })
}

fn sources(text: &str) -> Vec<Source> {
    let files = text.split("### FILE ").skip(1).filter_map(|part| part.split_once('\n'));
    files.map(|(path, text)| Source { path: path.trim().to_owned(), text: text.to_owned() }).collect()
}

/// What one pass does to the plans of a case.
fn told(case: &str, pass: &str) -> String {
    let set = lang::compile(&sources(case), &[]).set.expect("the rules of the case compile");
    let mut told = String::new();
    let plans = plan::together(&set, Some(summary())).into_iter();
    for plan in plans.flat_map(|plans| plans.expect("the sample has every column")) {
        let position = plan.passes.iter().position(|done| done.name == pass).expect("every pass is done");
        let (before, done) = (&plan.passes[position - 1], &plan.passes[position]);
        let changes = if done.changes.is_empty() { "unchanged".to_owned() } else { done.changes.join("\n") };
        writeln!(
            told,
            "# {}: before {pass}\n{}# changes\n{changes}\n# after\n{}",
            plan.typology, before.after, done.after
        )
        .expect("memory takes all");
    }
    told
}

#[test]
fn every_pass_rewrites_its_case_as_expected() {
    for pass in PASSES {
        let path = root().join("tests/plans").join(pass);
        let case = std::fs::read_to_string(path.with_extension("yaml")).expect("a case for each pass");
        let told = told(&case, pass);
        assert!(told.contains("# changes\nunchanged") || pass != "choose-anchor", "{pass}: one rule is left as it is");
        assert!(told.split("# changes\n").skip(1).any(|rest| !rest.starts_with("unchanged")), "{pass} does nothing");
        let expected = path.with_extension("out");
        if std::env::var_os("MONEYTRAIL_UPDATE").is_some() {
            std::fs::write(&expected, &told).expect("a writable case");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(told, expected, "{pass}");
    }
}
