//! The engine as a library: what it tells while it runs, and how it ends.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use moneytrail::engine::{self, Event, Observer, Request, RunError};
use moneytrail::ingest;
use moneytrail::lang::Source;
use tempfile::TempDir;

const LEDGER: &str = "timestamp,sender,receiver,amount,currency
2024-01-01T00:00:00Z,a,b,100,EUR
2024-01-01T01:00:00Z,b,c,90,EUR
2024-01-01T02:00:00Z,c,c,90,EUR
";

fn rule(id: &str, where_: &str) -> Source {
    let text = format!(
        "typology: {id}
version: 1
title: A chain
summary: Money is passed on.
stage: layering
severity: low
references: [\"a test\"]
false_positives: [everything]
within: 1d
where: {where_}
flow:
  - step: first -> middle
  - step: middle -> last
tests:
  - name: two payments
    transfers: |
      # when from to amount
      0h a b 5
      1h b c 5
    matches: [{{ first: a }}]
  - name: one payment
    transfers: |
      # when from to amount
      0h a b 5
    matches: []
"
    );
    Source { path: format!("{id}.yaml"), text }
}

fn request(folder: &Path, sources: Vec<Source>) -> Request {
    let path = folder.join("ledger.csv");
    fs::write(&path, LEDGER).expect("a file");
    let intake = ingest::Request { inputs: vec![path.display().to_string()], ..ingest::Request::default() };
    Request { sources, intake, ..Request::default() }
}

/// Writes down what it hears, and asks the run to stop when it hears a certain word.
#[derive(Default)]
struct Witness {
    heard: Mutex<Vec<String>>,
    stop: AtomicBool,
    stop_at: &'static str,
}

impl Observer for Witness {
    fn hear(&self, event: Event<'_>) {
        let word = match event {
            Event::Reading => "reading".to_owned(),
            Event::Read(summary) => format!("read {}", summary.transfers),
            Event::Listing => "listing".to_owned(),
            Event::Listed(bytes) => format!("listed {}", bytes > 0),
            Event::Scanning(..) => "scanning".to_owned(),
            Event::Narrowing(rule) => format!("narrowing {rule}"),
            Event::Walking(rule, _) => format!("walking {rule}"),
            Event::Searching(rule, position, rules) => format!("searching {rule} {position} of {rules}"),
            Event::Searched(rule, instances) => format!("searched {rule}: {instances}"),
            Event::Sifting => "sifting".to_owned(),
            Event::Assessing => "assessing".to_owned(),
        };
        if !self.stop_at.is_empty() && word.starts_with(self.stop_at) {
            self.stop.store(true, Ordering::SeqCst);
        }
        self.heard.lock().expect("no holder panics").push(word);
    }
}

#[test]
fn a_run_tells_each_stage_once_and_in_order() {
    let folder = TempDir::new().expect("a folder");
    let witness = Witness::default();
    let request = request(folder.path(), vec![rule("plain", "amount >= 1"), rule("paid", "purpose = 'rent'")]);
    let analysis = engine::run(&request, &witness, &witness.stop).expect("a run");
    let heard = witness.heard.into_inner().expect("no holder panics");
    let before = ["reading", "read 3", "listing", "listed true", "searching plain 1 of 2"];
    let after = ["narrowing plain", "walking plain", "searched plain: 1", "sifting", "assessing"];
    assert_eq!(heard, [before, after].concat());
    assert_eq!(analysis.sifted.matches.list.len(), 1);
    let [missing] = analysis.sifted.completeness.not_evaluated.as_slice() else { panic!("one rule lacks a column") };
    assert_eq!(analysis.set.typologies[missing.rule].id, "paid");
    assert!(missing.reason.contains("`purpose`"), "{}", missing.reason);
    assert!(analysis.plans[missing.rule].is_none() && analysis.sifted.completeness.is_exhaustive());
}

#[test]
fn a_run_that_is_told_to_stop_gives_no_result() {
    let folder = TempDir::new().expect("a folder");
    let request = request(folder.path(), vec![rule("plain", "amount >= 1")]);
    for stop_at in ["read 3", "searching", "searched", "sifting", "assessing"] {
        let witness = Witness { stop_at, ..Witness::default() };
        let outcome = engine::run(&request, &witness, &witness.stop);
        assert!(matches!(outcome, Err(RunError::Interrupted)), "{stop_at}: {outcome:?}");
    }
}

#[test]
fn a_mistake_in_a_rule_is_found_before_a_ledger_is_looked_for() {
    let folder = TempDir::new().expect("a folder");
    let mut request = request(folder.path(), vec![rule("plain", "amuont >= 1")]);
    request.intake.inputs = vec!["nowhere.csv".to_owned()];
    let outcome = engine::run(&request, &(), &AtomicBool::new(false));
    assert!(matches!(&outcome, Err(RunError::Rules(told)) if told.len() == 1), "{outcome:?}");
    request.sources = vec![rule("plain", "amount >= 1")];
    request.only = vec!["plian".to_owned()];
    let outcome = engine::run(&request, &(), &AtomicBool::new(false));
    assert!(matches!(outcome, Err(RunError::NoSuchRule { .. })), "{outcome:?}");
}

#[test]
fn an_explanation_counts_what_each_step_could_use_and_searches_nothing() {
    let folder = TempDir::new().expect("a folder");
    let request = request(folder.path(), vec![rule("plain", "amount >= 95"), rule("paid", "purpose = 'rent'")]);
    let explanation = engine::explain(&request).expect("an explanation");
    assert_eq!((explanation.summary.transfers, explanation.summary.self_transfers), (3, 1));
    let [(paid, lacking), (plain, planned)] = explanation.rules.as_slice() else { panic!("two rules") };
    assert_eq!((paid.as_str(), plain.as_str()), ("paid", "plain"));
    assert!(lacking.is_err());
    let (plan, candidates) = planned.as_ref().expect("a plan");
    let rows: Vec<usize> = candidates.iter().map(|scan| scan.rows).collect();
    assert_eq!((plan.kernel.name(), rows), ("path", vec![1, 1]));
}

#[test]
fn a_step_that_undoes_another_reads_the_column_that_names_transfers_and_cannot_run_without_it() {
    let folder = TempDir::new().expect("a folder");
    let mut undoing = rule("undoing", "amount >= 1");
    undoing.text = undoing
        .text
        .replace("middle\n", "middle\n    name: sale\n")
        .replace("last\n", "last\n    undoes: sale\n")
        .replace("# when from to amount", "# when from to amount refers_to")
        .replace("0h a b 5", "0h a b 5 -")
        .replace("1h b c 5", "1h b c 5 t1");
    let request = request(folder.path(), vec![undoing]);
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    let [missing] = analysis.sifted.completeness.not_evaluated.as_slice() else { panic!("it lacks a column") };
    assert!(missing.reason.contains("`refers_to`"), "{}", missing.reason);
    let rows = [("7", "a", "b", ""), ("8", "b", "c", "7"), ("9", "b", "c", "6")];
    let lines = rows.map(|(id, from, to, other)| format!("{id},2024-01-01T00:00:00Z,{from},{to},5,EUR,{other}\n"));
    let header = "tx_id,timestamp,sender,receiver,amount,currency,refers_to\n";
    fs::write(folder.path().join("ledger.csv"), format!("{header}{}", lines.concat())).expect("a file");
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    let [found] = analysis.sifted.matches.list.as_slice() else { panic!("one refund names the sale") };
    let ids: Vec<String> = found.transfers.iter().map(|&row| analysis.intake.ledger.tx_id(row)).collect();
    assert_eq!(ids, ["7", "8"]);
}

/// A rule of one payment after a match of another rule.
fn using(used: &str) -> Source {
    let mut source = rule("using", "amount >= 1");
    source.text = source.text.replace("middle\n", &format!("middle\n    uses: {used}\n"));
    source
}

#[test]
fn a_rule_that_another_uses_runs_first_and_is_reported_only_where_it_is_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let mut request = request(folder.path(), vec![using("zero"), rule("zero", "amount >= 1")]);
    fs::write(folder.path().join("ledger.csv"), LEDGER.replace("c,c,90", "c,d,80")).expect("a file");
    let witness = Witness::default();
    let analysis = engine::run(&request, &witness, &witness.stop).expect("a run");
    let heard = witness.heard.into_inner().expect("no holder panics");
    let searched: Vec<&String> = heard.iter().filter(|word| word.starts_with("searched")).collect();
    assert_eq!(searched, ["searched zero: 2", "searched using: 1"]);
    let found = |analysis: &engine::Analysis| {
        let ids = analysis.sifted.matches.list.iter().map(|found| analysis.set.typologies[found.rule].id.clone());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(found(&analysis), ["using", "zero", "zero"]);
    let first = &analysis.sifted.matches.list[0];
    assert_eq!(first.slots.iter().map(|slot| slot.rows.len()).collect::<Vec<_>>(), [2, 1]);

    request.only = vec!["using".to_owned()];
    let alone = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    assert_eq!((found(&alone), alone.set.typologies.len(), alone.plans.len()), (vec!["using".to_owned()], 1, 1));
    assert_eq!(alone.sifted.matches.list[0].id, first.id);

    request.only = Vec::new();
    request.limits.matches_per_rule = 1;
    let cut = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    let rules: Vec<usize> = cut.sifted.completeness.cuts.iter().map(|cut| cut.rule).collect();
    assert_eq!(rules, [0, 1], "what a budget cut is missing in both");
}

#[test]
fn a_rule_that_uses_one_which_cannot_be_asked_cannot_be_asked_either() {
    let folder = TempDir::new().expect("a folder");
    let request = request(folder.path(), vec![using("zero"), rule("zero", "purpose = 'rent'")]);
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("a run");
    let reasons: Vec<&String> = analysis.sifted.completeness.not_evaluated.iter().map(|rule| &rule.reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("`zero`") && reasons.iter().all(|reason| reason.contains("`purpose`")), "{reasons:?}");
}
