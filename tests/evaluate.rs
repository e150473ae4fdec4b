//! `evaluate`: labels in every form, figures against hand-counted ones, and rules that never see a label.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use moneytrail::engine::{self, Analysis};
use moneytrail::ingest::{self, Labels};
use moneytrail::lang::Source;
use moneytrail::workbench::evaluate::{
    Evaluation, Names, Questions, Settings, Standing, Truth, Unit, Verdict, evaluate, names_table,
};
use tempfile::TempDir;

use crate::shipped::sources;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(name: &str) -> PathBuf {
    root().join("sample_data").join(name)
}

fn run(sources: Vec<Source>, intake: ingest::Request) -> Analysis {
    let request = engine::Request { sources, intake, ..engine::Request::default() };
    engine::run(&request, &(), &AtomicBool::new(false)).expect("it runs")
}

fn settings(unit: Unit) -> Settings {
    Settings { overlap: 0.5, unit, questions: Questions { per_week: 1, max_fpr: 0.0, min_recall: 0.5 } }
}

fn judged(analysis: &Analysis, unit: Unit) -> Evaluation {
    let labels = analysis.intake.labels.as_ref().expect("labels were asked for");
    evaluate(analysis, &Truth::new(labels, &analysis.intake.ledger, &Names::default()), &settings(unit))
}

/// The sample's transfers with a table of labels of its own, and no other file of the folder.
fn sample_with(labels: &Path) -> ingest::Request {
    ingest::Request {
        inputs: vec![sample("transfers.csv").display().to_string()],
        accounts: Some(sample("accounts.csv")),
        labels: true,
        label_files: vec![labels.to_owned()],
        ..ingest::Request::default()
    }
}

/// The whole library over the sample with its labels, once.
fn sample_run() -> &'static Analysis {
    static RUN: OnceLock<Analysis> = OnceLock::new();
    RUN.get_or_init(|| run(sources(), sample_with(&sample("labels.csv"))))
}

/// The program with these arguments, in the project's folder.
fn moneytrail(arguments: &[&str]) -> Output {
    crate::command_line::moneytrail(root(), arguments)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn planted_instances_of_the_sample_are_found_by_their_own_rules_but_for_three_that_are_cut_into_matches() {
    let evaluation = judged(sample_run(), Unit::Case);
    let others = evaluation.instances.iter().filter(|one| one.verdict != Verdict::FoundByItsOwnRule);
    let others: Vec<(&str, Verdict)> = others.map(|one| (one.instance.as_str(), one.verdict)).collect();
    let elsewhere = Verdict::FoundByAnotherRule;
    assert_eq!(
        others,
        [
            ("gambling-pass-through-1", elsewhere),
            ("gambling-pass-through-2", elsewhere),
            ("round-trip-1", Verdict::Touched)
        ]
    );
    assert_eq!((evaluation.instances.len(), evaluation.set_aside.len()), (100, 0));
    assert_eq!((evaluation.library.instance.tp, evaluation.library.instance.missed), (99, 1));
    assert_eq!(evaluation.typologies.len(), 50);
    for of in &evaluation.typologies {
        let own = match of.typology.as_str() {
            "gambling-pass-through" => 0,
            "round-trip" => 1,
            _ => 2,
        };
        assert_eq!((of.own.instance.tp, of.any.instance.labelled), (own, 2), "{}", of.typology);
    }
    let hits = evaluation.library.matches;
    assert_eq!(hits.total(), evaluation.subject.matches);
}

#[test]
fn matches_on_lookalikes_are_wrong_and_listed_by_lookalike() {
    let evaluation = judged(sample_run(), Unit::Case);
    let listed: Vec<(&str, &str)> =
        evaluation.lookalikes.iter().map(|one| (one.lookalike_of.as_str(), one.instance.as_str())).collect();
    assert_eq!(listed, [("gather-scatter", "L2-marketplace-1"), ("structured-fan-in", "L4-craftsman-1")]);
    assert_eq!(evaluation.subject.lookalikes, 30);
    assert_eq!(evaluation.library.matches.lookalike, 2, "one match each");
    assert!(evaluation.lookalikes.iter().all(|one| one.matches.iter().all(|fit| fit.rule == "fan-in")));
}

#[test]
fn permuted_labels_change_every_figure_and_no_match() {
    let labels = fs::read_to_string(sample("labels.csv")).expect("labels");
    let rows: Vec<(&str, &str)> = labels.lines().skip(1).map(|line| line.split_once(',').expect("cells")).collect();
    let mut permuted = "tx_id,label_typology,label_instance\n".to_owned();
    for (place, (id, _)) in rows.iter().enumerate() {
        writeln!(permuted, "{id},{}", rows[(place + 97) % rows.len()].1).expect("memory takes all");
    }
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("permuted.csv");
    fs::write(&path, permuted).expect("a file");
    let other = run(sources(), sample_with(&path));
    let (own, other_figures) = (judged(sample_run(), Unit::Case), judged(&other, Unit::Case));
    assert_eq!(sample_run().sifted.matches, other.sifted.matches);
    assert_eq!(own.subject.matches_sha256, other_figures.subject.matches_sha256);
    assert_ne!(own.library, other_figures.library, "labels that moved are judged by");
    let blind = ingest::Request { labels: false, label_files: Vec::new(), ..sample_with(&path) };
    assert_eq!(sample_run().sifted.matches, run(sources(), blind).sifted.matches, "nor do labels at all");
}

#[test]
fn labels_in_columns_of_the_ledger_change_no_match_either() {
    let ledger = |labels: [&str; 4]| {
        let mut text = "tx_id,timestamp,sender,receiver,amount,label_typology,label_instance\n".to_owned();
        let rows = [("a", "2024-01-01"), ("b", "2024-01-01"), ("c", "2024-01-02"), ("d", "2024-03-01")];
        for (place, ((from, day), label)) in rows.iter().zip(labels).enumerate() {
            writeln!(text, "{place},{day}T0{place}:00:00Z,{from},hub,900,{label}").expect("memory takes all");
        }
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("t.csv"), text).expect("a file");
        let inputs = vec![folder.path().join("t.csv").display().to_string()];
        run(vec![collector("low")], ingest::Request { inputs, labels: true, ..ingest::Request::default() })
    };
    let whole = ledger(["fan_in,1", "fan_in,1", "fan_in,1", ","]);
    let moved = ledger([",", "fan_in,1", ",", "fan_in,1"]);
    assert_eq!(whole.sifted.matches, moved.sifted.matches);
    assert_eq!(whole.sifted.matches.list.len(), 1);
    let (whole, moved) = (judged(&whole, Unit::Case), judged(&moved, Unit::Case));
    assert_eq!((whole.library.instance.tp, moved.library.instance.tp), (1, 0));
}

/// A rule that finds what two or more pay one within a day.
fn collector(severity: &str) -> Source {
    let text = format!(
        "typology: collector
version: 1
title: A collector
summary: Several pay one.
stage: layering
severity: {severity}
references: [\"a test\"]
false_positives: [everything]
within: 2d
flow:
  - step: payers[2..] -> hub
tests:
  - name: two
    transfers: |
      # when from to amount
      0h a b 5
      1h c b 5
    matches: [{{ hub: b }}]
  - name: one
    transfers: |
      # when from to amount
      0h a b 5
    matches: []
"
    );
    Source { path: "collector.yaml".to_owned(), text }
}

/// Three collectors: x is the richest and legitimate, y and z are laundering, z a fortnight later. One payment each to
/// p and q belongs to nothing.
const THREE: &str = "tx_id,timestamp,sender,receiver,amount
1,2024-01-01T00:00:00Z,a,x,900
2,2024-01-01T01:00:00Z,b,x,900
3,2024-01-02T00:00:00Z,c,y,500
4,2024-01-02T01:00:00Z,d,y,500
5,2024-01-03T00:00:00Z,e,p,1
6,2024-01-03T01:00:00Z,f,q,1
7,2024-01-16T00:00:00Z,g,z,100
8,2024-01-16T01:00:00Z,h,z,100
";

/// The three collectors with a table of labels.
fn three(labels: &str) -> Analysis {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("ledger.csv"), THREE).expect("a file");
    fs::write(path("truth.csv"), labels).expect("a file");
    let intake = ingest::Request {
        inputs: vec![path("ledger.csv").display().to_string()],
        labels: true,
        label_files: vec![path("truth.csv")],
        ..ingest::Request::default()
    };
    run(vec![collector("low")], intake)
}

const BOTH: &str = "tx_id,label_typology,label_instance\n3,fan_in,y\n4,fan_in,y\n7,fan_in,z\n8,fan_in,z\n";

#[test]
fn operating_points_are_those_that_were_counted_by_hand() {
    let analysis = three(BOTH);
    let evaluation = judged(&analysis, Unit::Case);
    let points: Vec<(usize, usize, usize)> =
        evaluation.operating.iter().map(|point| (point.alerts, point.right, point.wrong)).collect();
    // All; the first of each week: x and z; none until the first wrong one, which is the first; x and y for one of two.
    assert_eq!(points, [(3, 2, 1), (2, 1, 1), (0, 0, 0), (2, 1, 1)]);
    let recalls: Vec<f64> =
        evaluation.operating.iter().map(|point| point.recall.expect("two are labelled").value).collect();
    assert!(
        recalls.iter().zip([1.0, 0.5, 0.0, 0.5]).all(|(found, wanted)| (found - wanted).abs() < 1e-12),
        "{recalls:?}"
    );
    // Two of the four legitimate transfers stand in a wrong case.
    assert_eq!(evaluation.operating[0].false_positive_rate, Some(0.5));
    // Two blindly drawn transfers of eight, four of them labelled, hold one with 1 - 6/28.
    let lift = evaluation.operating[0].lift.expect("there is chance");
    assert!((lift - (2.0 / 3.0) / (22.0 / 28.0)).abs() < 1e-12, "{lift}");
    assert_eq!(evaluation.subject.weeks, 3);
}

#[test]
fn other_units_rank_and_count_their_own_alerts() {
    let analysis = three(BOTH);
    let transfers = judged(&analysis, Unit::Transfer);
    let all = &transfers.operating[0];
    assert_eq!((all.alerts, all.right, all.wrong, all.false_positive_rate), (6, 4, 2, Some(0.5)));
    // The two of 900 are read first, then one of 500, which touches the first of two instances.
    assert_eq!(transfers.operating[3].alerts, 3);
    let days = judged(&analysis, Unit::AccountDay);
    // Three accounts on each of three days are alerts; of seven legitimate account-days they take in those of a, b and x.
    assert_eq!((days.operating[0].alerts, days.operating[0].right, days.operating[0].wrong), (9, 6, 3));
    assert_eq!(days.operating[0].false_positive_rate, Some(3.0 / 7.0));
}

#[test]
fn a_recall_that_no_alert_reaches_is_out_of_reach() {
    let analysis = three("tx_id,label,instance\n5,fan-in,p\n6,fan-in,p\n");
    let evaluation = judged(&analysis, Unit::Case);
    let [.., recall] = evaluation.operating.as_slice() else { panic!("four points") };
    assert!(!recall.is_reached);
    let [aside] = evaluation.set_aside.as_slice() else { panic!("two receivers") };
    assert_eq!(aside.reason.as_deref(), Some("it has 2 receivers: `p`, `q`"));
    assert_eq!(evaluation.library.transfer.missed, 0, "what does not hold is not counted against the rule");
}

#[test]
fn tables_of_labels_may_have_the_usual_headers() {
    let labels = |table: &str| three(table).intake.labels.expect("labels were asked for");
    let wanted = labels(BOTH);
    for table in [
        "tx_id,label,instance\n3,fan_in,y\n4,fan_in,y\n7,fan_in,z\n8,fan_in,z\n",
        "tx_id,typology,instance\n3,fan_in,y\n4,fan_in,y\n7,fan_in,z\n8,fan_in,z\n",
        "label_instance,tx_id,label,label_typology\ny,3,1,fan_in\ny,4,true,fan_in\nz,7,yes,fan_in\nz,8,1,fan_in\n,1,0,fan_in\n",
    ] {
        assert_eq!(labels(table), wanted, "{table}");
    }
    let bare = labels("tx_id,label\n3,1\n4,0\n7,true\n8,\n");
    let rows: Vec<u32> = bare.rows.iter().map(|row| row.0.0).collect();
    assert_eq!(rows, [2, 6]);
    assert!(bare.rows.iter().all(|row| row.1.is_none() && row.2.is_none()));
}

#[test]
fn a_transfer_may_belong_to_two_instances_and_a_label_told_twice_is_one() {
    let Labels { rows } = three("tx_id,label_typology,label_instance\n3,fan_in,y\n3,cycle,9\n3,fan_in,y\n")
        .intake
        .labels
        .expect("labels");
    let told: Vec<(Option<&str>, Option<&str>)> = rows.iter().map(|row| (row.1.as_deref(), row.2.as_deref())).collect();
    assert_eq!(told, [(Some("cycle"), Some("9")), (Some("fan_in"), Some("y"))]);
}

#[test]
fn an_instance_that_is_told_under_a_name_and_under_a_number_counts_once() {
    let analysis = three("tx_id,label_typology,label_instance\n3,fan_in,y\n4,fan_in,y\n4,fan_in,17\n3,fan_in,17\n");
    let labels = analysis.intake.labels.as_ref().expect("labels");
    let truth = Truth::new(labels, &analysis.intake.ledger, &Names::default());
    let names: Vec<&str> = truth.instances.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["y"]);
}

#[test]
fn labels_that_find_no_transfer_are_told_with_file_and_line() {
    let notes = three("tx_id,label\n3,1\n77,1\n78,1\n").intake.notes;
    let note = notes.iter().find(|note| note.contains("labelled transfers are not in the ledger")).expect("a note");
    assert!(note.starts_with("2 labelled") && note.ends_with("truth.csv:3"), "{note}");
}

#[test]
fn wrong_tables_of_labels_are_refused_with_file_line_and_column() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("ledger.csv"), THREE).expect("a file");
    let ledger = folder.path().join("ledger.csv").display().to_string();
    for (table, says) in [
        ("tx_id,label\n3,1\n,1\n", "labels.csv:3: column `tx_id`: the label names no transfer"),
        ("id,label\n3,1\n", "labels.csv:1: a table of labels needs the columns `tx_id`"),
        ("tx_id,colour\n3,1\n", "labels.csv:1: a table of labels needs the columns `tx_id`"),
        ("tx_id,label\n3,1\n4,1,1\n", "labels.csv:3"),
    ] {
        let path = folder.path().join("labels.csv");
        fs::write(&path, table).expect("a file");
        let output = moneytrail(&["evaluate", &ledger, "--labels", &path.display().to_string()]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(3) && said.contains(says), "{table}: {said}");
    }
    let none = moneytrail(&["evaluate", &ledger]);
    assert!(none.status.code() == Some(3) && text(&none.stderr).contains("no transfer is labelled"));
    for wrong in [["--overlap", "0"], ["--overlap", "1.5"], ["--max-fpr", "-1"], ["--typology", "cycle"]] {
        let option = format!("{}={}", wrong[0], wrong[1]);
        let output = moneytrail(&["evaluate", "sample_data", &option]);
        assert_eq!(output.status.code(), Some(2), "{option}: {}", text(&output.stderr));
    }
}

#[test]
fn attempts_of_aml_world_are_labels_too() {
    let folder = root().join("tests/data/aml-world");
    let intake = ingest::Request {
        inputs: vec![folder.join("made_up_Trans.csv").display().to_string()],
        labels: true,
        label_files: vec![folder.join("made_up_Patterns.txt")],
        ..ingest::Request::default()
    };
    let analysis = run(vec![collector("low")], intake);
    let labels = analysis.intake.labels.as_ref().expect("labels");
    let truth = Truth::new(labels, &analysis.intake.ledger, &Names::default());
    let [one] = truth.instances.as_slice() else { panic!("one attempt") };
    assert_eq!((one.typology.as_str(), one.rules.as_slice()), ("cycle", ["simple-cycle".to_owned()].as_slice()));
    assert_eq!(one.standing, Standing::SetAside("it is one transfer, which is no flow".to_owned()));
}

#[test]
fn a_typology_may_be_made_the_business_of_another_rule() {
    let analysis = three(BOTH);
    let labels = analysis.intake.labels.as_ref().expect("labels");
    let mut names = Names::default();
    names.add("FAN-IN", "collector");
    let truth = |names: &Names| Truth::new(labels, &analysis.intake.ledger, names);
    let found = |names: &Names| {
        let evaluation = evaluate(&analysis, &truth(names), &settings(Unit::Case));
        let [of] = evaluation.typologies.as_slice() else { panic!("one typology") };
        (of.own.instance.tp, of.any.instance.found)
    };
    assert_eq!(found(&Names::default()), (0, 2), "`fan-in` is no rule of this run");
    assert_eq!(found(&names), (2, 2));
}

#[test]
fn a_missed_instance_is_told_with_the_clause_that_failed_and_by_how_much() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let three_payers = collector("low").text.replace("payers[2..]", "payers[3..]").replace("2d", "3d");
    let three_payers = three_payers.replace("      1h c b 5\n", "      1h c b 5\n      2h d b 5\n");
    fs::write(path("collector.yaml"), three_payers).expect("a file");
    fs::write(path("ledger.csv"), THREE).expect("a file");
    fs::write(path("labels.csv"), BOTH).expect("a file");
    let (ledger, labels, rule) = (path("ledger.csv"), path("labels.csv"), path("collector.yaml"));
    let output = moneytrail(&[
        "evaluate",
        &ledger,
        "--labels",
        &labels,
        "--rules",
        &rule,
        "--typology",
        "fan_in=collector",
        "--explain",
        "--format",
        "markdown",
    ]);
    let printed = text(&output.stdout);
    let row = printed.lines().find(|line| line.starts_with("| fan_in | y | 2 | missed |"));
    let row = row.unwrap_or_else(|| panic!("{printed}{}", text(&output.stderr)));
    assert!(row.contains("collector: ") && row.contains("2 accounts, allowed 3.."), "{row}");
}

#[test]
fn the_page_shows_what_the_program_prints() {
    let page = fs::read_to_string(root().join("docs/evaluate.md")).expect("the page");
    assert!(page.contains(&names_table()), "the page's table of names is not the program's:\n{}", names_table());
    let (command, shown) = page
        .split_once("```markdown\n")
        .and_then(|(before, rest)| {
            let command = before.rsplit("```sh\n").next()?.lines().next()?.strip_prefix("moneytrail ")?.to_owned();
            Some((command, rest.split("```").next()?.to_owned()))
        })
        .expect("a command and what it prints");
    let output = moneytrail(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let mut lines = printed.lines();
    let shown: Vec<&str> = shown.lines().filter(|line| !line.starts_with('…')).collect();
    assert!(shown.len() > 20, "the page shows {} lines", shown.len());
    for line in shown {
        assert!(lines.any(|printed| printed == line), "the program does not print, or not in this order: {line}");
    }
}

#[test]
fn json_is_the_evaluation_field_by_field() {
    let arguments = ["evaluate", "sample_data", "--rule", "fan-in", "--format", "json"];
    let printed: serde_json::Value = serde_json::from_slice(&moneytrail(&arguments).stdout).expect("JSON");
    let evaluation = judged(sample_run(), Unit::Case);
    let of = evaluation.rules.iter().find(|of| of.rule == "fan-in").expect("a shipped rule");
    // Both are read back, since a float that is read may differ from the one that was written in its last place.
    let figures = serde_json::to_string(&of.figures).expect("JSON");
    assert_eq!(printed["rules"][0]["figures"], serde_json::from_str::<serde_json::Value>(&figures).expect("JSON"));
    assert_eq!(printed["settings"]["unit"], "case");
    let text_form = moneytrail(&["evaluate", "sample_data", "--rule", "fan-in", "--instances"]);
    let shown = text(&text_form.stdout);
    for part in ["All rules together", "Labelled typologies", "Operating points", "Labelled instances", "fan-in-2"] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
}
