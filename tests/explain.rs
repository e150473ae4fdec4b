//! Explanations never disagree with a run: on random small ledgers and flows, and on the sample.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moneytrail::columns::Ledger;
use moneytrail::lang::{Flow, Severity, Stage, Status, Typology, TypologySet};
use moneytrail::search::{Limits, Searcher};
use moneytrail::workbench::explain::{Inquiry, Reason, nearest_miss, why};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::equality::{Case, case};

/// A rule that asks a flow and nothing else.
fn rule(flow: Flow) -> TypologySet {
    let typology = Typology {
        id: "random".to_owned(),
        version: 1,
        title: String::new(),
        summary: String::new(),
        family: String::new(),
        stage: Stage::Layering,
        severity: Severity::Low,
        status: Status::Stable,
        references: Vec::new(),
        tags: Vec::new(),
        false_positives: Vec::new(),
        specialises: Vec::new(),
        parameters: Vec::new(),
        flow,
        others: Vec::new(),
        tests: Vec::new(),
        path: "random.yaml".to_owned(),
        sha256: String::new(),
    };
    TypologySet { typologies: vec![typology] }
}

fn cases() -> u32 {
    std::env::var("MONEYTRAIL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(120)
}

/// What was looked at, so that a test which looks at nothing fails.
#[derive(Default)]
struct Seen {
    matches: AtomicUsize,
    clauses: AtomicUsize,
    shapes: AtomicUsize,
}

fn agrees(case: &Case, seen: &Seen) -> Result<(), TestCaseError> {
    let (ledger, set) = (Ledger::new(case.draft()), rule(case.flow()));
    let searcher = Searcher::new(&ledger);
    let inquiry = Inquiry::new(&searcher, &set, 0, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
    let mut covered = std::collections::BTreeSet::new();
    for found in inquiry.matches() {
        seen.matches.fetch_add(1, Ordering::Relaxed);
        covered.extend(found.transfers.iter().copied());
        let miss = nearest_miss(&inquiry, &found.transfers).expect("evaluable");
        prop_assert!(miss.is_match(), "{miss}");
        let why = why(&inquiry, found).expect("evaluable");
        let failing: Vec<_> = why.checks.iter().filter(|check| !check.holds).collect();
        prop_assert!(failing.is_empty(), "{:?} {failing:#?}", why.slots);
    }
    for row in ledger.rows().filter(|row| !covered.contains(row)) {
        let miss = nearest_miss(&inquiry, &[row]).expect("evaluable");
        prop_assert!(!miss.is_match(), "{miss}");
        let own = ledger.sender(row) == ledger.receiver(row);
        prop_assert_eq!(own, matches!(miss.reason, Reason::Nothing));
        match miss.reason {
            Reason::Clause { .. } => seen.clauses.fetch_add(1, Ordering::Relaxed),
            Reason::Shape => seen.shapes.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
    Ok(())
}

fn hold(strategy: impl Strategy<Value = Case>) {
    let seen = Seen::default();
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    if let Err(error) = TestRunner::new(config).run(&strategy, |case| agrees(&case, &seen)) {
        panic!("{error}");
    }
    let counts = [seen.matches, seen.clauses, seen.shapes].map(AtomicUsize::into_inner);
    assert!(counts[0] > 20 && counts[1] > 20, "{counts:?}: the test looks at nothing");
}

#[test]
fn explanations_of_paths_agree_with_the_run() {
    hold(case(1..4, false));
}

#[test]
fn explanations_of_sets_agree_with_the_run() {
    hold(case(1..4, true));
}
