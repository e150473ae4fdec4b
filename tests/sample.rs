//! The shipped rules and the sample ledger: the rules compile without a word, and the sample shows what they find.
//!
//! The sample is made by the project's own generator; what must be found in it is written beside it. After a wanted
//! change, `MONEYTRAIL_WRITE_SAMPLE=1 cargo test --release sample` writes the folder anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use moneytrail::columns::RowId;
use moneytrail::engine::{self, Analysis};
use moneytrail::ingest;
use moneytrail::lang::{self, Status};
use moneytrail::workbench::synth::{self, Settings};

use crate::shipped::sources;

/// The settings that `sample_data/README.md` tells.
const SAMPLE: Settings = Settings { transfers: 5_000, days: 60, seed: 14, planted: 3, lookalikes: 1 };

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a file of the sample with what it should hold, or writes it where that is asked for.
fn hold(name: &str, wanted: &str) {
    let path = folder("sample_data").join(name);
    if std::env::var_os("MONEYTRAIL_WRITE_SAMPLE").is_some() {
        std::fs::write(&path, wanted).expect("a writable sample");
    }
    let found = std::fs::read_to_string(&path).expect("a readable sample");
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(found == wanted, "{name} differs from what its seed makes, first in line {differs:?} from 0");
}

/// The run of all shipped rules over the sample, made once.
fn run() -> &'static Analysis {
    static RUN: OnceLock<Analysis> = OnceLock::new();
    RUN.get_or_init(|| {
        the_sample_is_what_its_seed_makes();
        let intake = ingest::Request {
            inputs: vec![folder("sample_data").display().to_string()],
            labels: true,
            ..ingest::Request::default()
        };
        let request = engine::Request { sources: sources(), intake, ..engine::Request::default() };
        engine::run(&request, &(), &AtomicBool::new(false)).expect("the sample runs")
    })
}

/// The labelled instances: (label, name) and their transfers.
fn instances(run: &Analysis) -> BTreeMap<(String, String), BTreeSet<RowId>> {
    let mut instances = BTreeMap::<_, BTreeSet<RowId>>::new();
    for (row, typology, name) in &run.intake.labels.as_ref().expect("labels were asked for").rows {
        let text = |cell: &Option<String>| cell.clone().expect("every label of the sample is whole");
        instances.entry((text(typology), text(name))).or_default().insert(*row);
    }
    instances
}

/// The typologies that are planted in the sample.
fn planted(run: &Analysis) -> BTreeSet<String> {
    let planted = instances(run).into_keys().map(|(typology, _)| typology).filter(|typology| !typology.contains(':'));
    planted.collect()
}

/// The transfers of each match of a rule.
fn matches_of(run: &Analysis, rule: &str) -> Vec<BTreeSet<RowId>> {
    let position = run.set.typologies.iter().position(|typology| typology.id == rule).expect("a shipped rule");
    let matches = run.sifted.matches.list.iter().filter(|found| found.rule == position);
    matches.map(|found| found.transfers.iter().copied().collect()).collect()
}

#[test]
fn every_shipped_rule_compiles_without_error_or_warning() {
    let checked = lang::compile(&sources(), &[]);
    let told: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|d| format!("{}:{}:{}: {}: {} ({}; {})", d.path, d.line, d.column, d.code, d.message, d.label, d.help))
        .collect();
    assert_eq!(told, Vec::<String>::new());
    let rules = checked.set.expect("checked rules").typologies;
    assert!(rules.len() >= 50, "{}", rules.len());
    let tests: usize = rules.iter().map(|rule| rule.tests.len()).sum();
    assert!(tests >= 250, "{tests} rule tests");
    for rule in rules {
        let told = [!rule.references.is_empty(), !rule.false_positives.is_empty(), rule.tests.len() >= 3];
        assert_eq!(told, [true; 3], "{} names sources and lookalikes, and has three tests or more", rule.id);
        let (some, none): (Vec<_>, Vec<_>) = rule.tests.iter().partition(|test| !test.matches.is_empty());
        assert!(!some.is_empty() && none.len() >= 2, "{} tests a match, a near miss and a lookalike", rule.id);
    }
}

#[test]
fn the_sample_is_what_its_seed_makes() {
    let made = synth::generate(&SAMPLE);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let (mut transfers, mut accounts, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    made.write_transfers(&mut transfers).expect("memory takes all");
    made.write_accounts(&mut accounts).expect("memory takes all");
    made.write_labels(&mut labels).expect("memory takes all");
    hold("transfers.csv", &text(transfers));
    hold("accounts.csv", &text(accounts));
    hold("labels.csv", &text(labels));
}

#[test]
fn the_sample_is_read_whole() {
    let run = run();
    assert_eq!((run.intake.read, run.intake.rejects.rows.len()), (5_000, 0));
    let rates: Vec<&str> = run.intake.rates.iter().map(|rate| rate.currency.as_str()).collect();
    assert!(["GBP", "PLN", "SEK"].iter().all(|currency| rates.contains(currency)), "{rates:?}");
    let planted = planted(run);
    for (rule, plan) in run.set.typologies.iter().zip(&run.plans) {
        assert!(plan.is_some() || !planted.contains(&rule.id), "{} is planted and cannot be asked", rule.id);
        let shown = rule.status != Status::Stable || planted.contains(&rule.id);
        assert!(shown, "{} is stable, and nothing planted shows that it works", rule.id);
    }
}

/// Found means: every planted transfer lies in a match of its rule, and one match has at least half of its transfers
/// in common with the instance. A stack has a match for each beneficiary, so one match need not hold all.
#[test]
fn every_planted_instance_is_found_by_its_rule() {
    let run = run();
    for ((typology, name), planted) in instances(run).iter().filter(|((typology, _), _)| !typology.contains(':')) {
        let matches = matches_of(run, typology);
        let lost: Vec<_> = planted.iter().filter(|row| !matches.iter().any(|found| found.contains(row))).collect();
        assert!(lost.is_empty(), "{name}: rows {lost:?} are in no match of {typology}");
        let close = |found: &BTreeSet<RowId>| 2 * found.intersection(planted).count() >= found.union(planted).count();
        assert!(matches.iter().any(close), "{name}: no match of {typology} shares half of its transfers");
    }
}

#[test]
fn no_planted_lookalike_is_taken_for_the_typology_it_imitates() {
    let run = run();
    let mut looked_at = BTreeSet::new();
    for ((label, name), planted) in &instances(run) {
        let Some(rule) = label.strip_prefix("lookalike:") else { continue };
        looked_at.insert(rule.to_owned());
        let taken = matches_of(run, rule).into_iter().find(|found| !found.is_disjoint(planted));
        assert_eq!(taken, None, "{name} is taken for {rule}");
    }
    assert_eq!(looked_at, planted(run), "every planted typology has a lookalike in the sample");
}

#[test]
fn the_matches_in_the_sample_are_those_written_beside_it() {
    let run = run();
    let mut owners = BTreeMap::new();
    for ((_, name), rows) in &instances(run) {
        owners.extend(rows.iter().map(|row| (*row, name.clone())));
    }
    let mut text = "rule,match,started,ended,transfers,planted,covered_by\n".to_owned();
    for found in &run.sifted.matches.list {
        let names: BTreeSet<&str> =
            found.transfers.iter().map(|row| owners.get(row).map_or("-", String::as_str)).collect();
        let covered: BTreeSet<&str> = found
            .covered_by
            .iter()
            .filter_map(|id| run.sifted.matches.list.iter().find(|other| other.id == *id))
            .map(|other| run.set.typologies[other.rule].id.as_str())
            .collect();
        let join = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(" ");
        let rule = &run.set.typologies[found.rule].id;
        let (count, planted, covered) = (found.transfers.len(), join(names), join(covered));
        writeln!(text, "{rule},{},{},{},{count},{planted},{covered}", found.id, found.started, found.ended)
            .expect("memory takes all");
    }
    hold("expected.csv", &text);
}

/// The file is what an author would write by hand; it is made so that a new sample needs no hand.
#[test]
fn the_expectation_file_of_the_sample_says_what_is_found_in_it() {
    let run = run();
    let mut text = "# What the shipped rules find in the sample: `moneytrail test sample_data` holds it.\n\
                    # `MONEYTRAIL_WRITE_SAMPLE=1 cargo test --release sample` writes it anew with the sample.\n\
                    ledger: transfers.csv\naccounts: accounts.csv\nrules: ../typologies\nexpect:\n"
        .to_owned();
    for (rule, _) in run.set.typologies.iter().zip(&run.plans).filter(|(_, plan)| plan.is_some()) {
        let matches = matches_of(run, &rule.id);
        writeln!(text, "  - rule: {}\n    exactly: {}", rule.id, matches.len()).expect("memory takes all");
        if rule.id == "mule-chain" {
            text += "    matches:\n";
            for rows in matches {
                let ids: Vec<String> = rows.into_iter().map(|row| run.intake.ledger.tx_id(row)).collect();
                writeln!(text, "      - [{}]", ids.join(", ")).expect("memory takes all");
            }
        }
    }
    hold("sample.expect.yaml", &text);
}
