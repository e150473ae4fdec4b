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
use moneytrail::workbench::synth::{self, Difficulty, Settings};

use crate::shipped::sources;

/// The settings that `sample_data/README.md` tells.
const SAMPLE: Settings = Settings {
    transfers: 8_000,
    days: 220,
    seed: 14,
    planted: 2,
    prevalence: None,
    lookalikes: 1,
    difficulty: Difficulty::Clean,
};

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
    let draft = synth::draft(&SAMPLE);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let [mut transfers, mut accounts, mut labels] = [const { Vec::new() }; 3];
    let made = draft.write_transfers(&mut transfers).expect("memory takes all");
    made.write_accounts(&mut accounts).expect("memory takes all");
    made.write_labels(&mut labels).expect("memory takes all");
    hold("transfers.csv", &text(transfers));
    hold("accounts.csv", &text(accounts));
    hold("labels.csv", &text(labels));
}

/// The attempts in AMLworld's form, read by the project's own reader, are the labelled instances.
#[test]
fn the_planted_attempts_read_back_as_the_instances_that_the_labels_name() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let create = |name: &str| std::fs::File::create(path(name)).expect("a file");
    let draft = synth::draft(&SAMPLE);
    let made = draft.write_transfers(&mut create("transfers.csv")).expect("transfers");
    made.write_patterns(&mut create("planted_Patterns.txt")).expect("attempts");
    let wanted: BTreeSet<(String, BTreeSet<RowId>)> = instances(run())
        .into_iter()
        .filter(|((typology, _), _)| !typology.contains(':'))
        .map(|((typology, _), rows)| (typology, rows))
        .collect();
    for table in ["transfers.csv", "transfers.parquet"] {
        if table.ends_with("parquet") {
            std::fs::remove_file(path("transfers.csv")).expect("it was there");
            draft.write_parquet(&mut create(table)).expect("transfers");
        }
        let inputs = vec![folder.path().display().to_string()];
        let intake = ingest::Request { inputs, labels: true, ..ingest::Request::default() };
        let read = ingest::read(&intake).expect("the ledger reads");
        let mut found = BTreeMap::<_, (String, BTreeSet<RowId>)>::new();
        for (row, typology, name) in &read.labels.expect("labels were asked for").rows {
            let entry =
                found.entry(name.clone()).or_insert_with(|| (typology.clone().expect("a name"), BTreeSet::new()));
            entry.1.insert(*row);
        }
        assert_eq!(found.into_values().collect::<BTreeSet<_>>(), wanted, "{table}");
    }
}

#[test]
fn the_sample_is_read_whole() {
    let run = run();
    assert_eq!((run.intake.read, run.intake.rejects.rows.len()), (8_000, 0));
    let rates: Vec<&str> = run.intake.rates.iter().map(|rate| rate.currency.as_str()).collect();
    assert!(["GBP", "PLN", "SEK"].iter().all(|currency| rates.contains(currency)), "{rates:?}");
    let planted = planted(run);
    for (rule, plan) in run.set.typologies.iter().zip(&run.plans) {
        assert!(plan.is_some() || !planted.contains(&rule.id), "{} is planted and cannot be asked", rule.id);
        let shown = rule.status != Status::Stable || planted.contains(&rule.id);
        assert!(shown, "{} is stable, and nothing planted shows that it works", rule.id);
    }
}

/// Whether a rule is experimental.
fn experimental(run: &Analysis, rule: &str) -> bool {
    run.set.typologies.iter().any(|typology| typology.id == rule && typology.status == Status::Experimental)
}

/// What is not found whole by its rule. A game or round trip is found time by time, and a peel chain without its peels.
const MISSED: [&str; 5] =
    ["gambling-pass-through-1", "gambling-pass-through-2", "peel-chain-1", "peel-chain-2", "round-trip-1"];

/// Found means: every planted transfer lies in a match of its rule, and one match has at least half of its transfers
/// in common with the instance. A stack has a match for each beneficiary, so one match need not hold all.
#[test]
fn every_planted_instance_is_found_by_its_rule() {
    let run = run();
    let mut missed = Vec::new();
    for ((typology, name), planted) in instances(run).iter().filter(|((typology, _), _)| !typology.contains(':')) {
        let matches = matches_of(run, typology);
        let lost: Vec<_> = planted.iter().filter(|row| !matches.iter().any(|found| found.contains(row))).collect();
        let close = |found: &BTreeSet<RowId>| 2 * found.intersection(planted).count() >= found.union(planted).count();
        let found = lost.is_empty() && matches.iter().any(close);
        assert!(
            found || experimental(run, typology),
            "{name}: {lost:?} are in no match of {typology}, or none is close"
        );
        missed.extend((!found).then(|| name.clone()));
    }
    assert_eq!(missed, MISSED);
}

#[test]
fn no_planted_lookalike_is_taken_for_the_typology_it_imitates() {
    let run = run();
    let mut codes = BTreeSet::new();
    for ((label, name), planted) in &instances(run) {
        let Some(rule) = label.strip_prefix("lookalike:") else { continue };
        codes.insert(name.split('-').next().expect("a code").to_owned());
        let taken = matches_of(run, rule).into_iter().find(|found| !found.is_disjoint(planted));
        assert_eq!(taken, None, "{name} is taken for {rule}");
    }
    assert_eq!(codes, (1..=20).map(|code| format!("L{code}")).collect(), "every lookalike of the catalogue is there");
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
