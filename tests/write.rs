//! The folder of a run as a reader finds it: tables, lines, statistics and manifest of one small ledger.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, TimeUnit, TimestampMicrosecondType, UInt32Type};
use moneytrail::columns::Time;
use moneytrail::engine::{self, Analysis, Request};
use moneytrail::ingest::{self, RejectLimit};
use moneytrail::lang::Source;
use moneytrail::search::Limits;
use moneytrail::stats::Statistics;
use moneytrail::write::{self, Forms, RunFacts};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// Two payers fill a hub, which pays on within the hour; a payment in another month; one row without an amount.
const LEDGER: &str = "tx_id,timestamp,sender,receiver,amount,currency,channel
t1,2024-01-31T22:00:00Z,\"p,1\",hub,100.10,EUR,cash
t2,2024-01-31T23:00:00Z,p2,hub,200.20,EUR,card
t3,2024-02-01T00:00:00Z,hub,exit,250.00,EUR,wire
t4,2024-03-01T00:00:00Z,a,b,449.70,EUR,wire
t5,2024-03-02T00:00:00Z,a,b,,EUR,wire
";

fn rule(id: &str, severity: &str, flow: &str, more: &str) -> Source {
    let text = format!(
        "typology: {id}
version: 3
title: A test
summary: Money moves.
stage: layering
severity: {severity}
references: [\"a test\"]
false_positives: [everything]
within: 2d
flow:
{flow}
{more}
tests:
  - name: nothing there
    transfers: |
      # when from to amount
      0h a b 5
    matches: []
"
    );
    Source { path: format!("{id}.yaml"), text }
}

fn sources() -> Vec<Source> {
    let fan = "  - step: payers[2..] -> hub";
    let relay = "  - step: payers[2..] -> hub\n  - step: hub -> exit\n    delay: 0h..5h";
    let dropped = "unless: amount_total >= 300";
    vec![
        rule("dropped", "low", fan, dropped),
        rule("fan", "low", fan, ""),
        rule("relay", "high", relay, "specialises: [fan]"),
    ]
}

/// The run of the ledger with these sources.
fn analyse(home: &Path, ledger: &str) -> Analysis {
    let path = home.join("ledger.csv");
    fs::write(&path, ledger).expect("a file");
    let intake = ingest::Request {
        inputs: vec![path.display().to_string()],
        max_rejects: Some(RejectLimit::Rows(9)),
        ..ingest::Request::default()
    };
    let request = Request { sources: sources(), intake, ..Request::default() };
    engine::run(&request, &(), &AtomicBool::new(false)).expect("the rules and the ledger are right")
}

fn write_at(analysis: &Analysis, out: &Path) {
    let facts = RunFacts {
        time_budget: None,
        command: vec!["moneytrail".into(), "run".into()],
        started: Time(0),
        finished: Time(1_000_000),
        identifiable: false,
        limits: Limits::default(),
        overrides: Vec::new(),
    };
    let report = analysis.report(&facts);
    write::folder(&report, out, &Forms { csv: true, jsonl: true }).expect("the place is free");
}

/// The folder of the run of [`LEDGER`].
fn written() -> (TempDir, PathBuf) {
    let home = TempDir::new().expect("a folder");
    let out = home.path().join("out");
    write_at(&analyse(home.path(), LEDGER), &out);
    (home, out)
}

fn table(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a table")).expect("Parquet");
    let batches: Vec<RecordBatch> = reader.build().expect("a reader").collect::<Result<_, _>>().expect("whole batches");
    arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("one schema")
}

fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    let column = table.column_by_name(column).expect("the column is there").as_string::<i32>();
    column.iter().map(|text| text.expect("no value is missing").to_owned()).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

#[test]
fn the_matches_table_has_the_documented_columns_with_exact_money_and_nested_roles() {
    let (_home, out) = written();
    let matches = table(&out.join("matches.parquet"));
    let names: Vec<String> = matches.schema().fields().iter().map(|field| field.name().clone()).collect();
    let documented = "id rule version severity status started ended duration hops transfers instances amount_in \
        amount_out amount_total roles near_start near_end covered_by case";
    assert_eq!(names, documented.split(' ').collect::<Vec<_>>());
    assert_eq!(texts(&matches, "rule"), ["fan", "relay"]);
    let kind = |name: &str| matches.schema().field_with_name(name).expect("the column").data_type().clone();
    assert_eq!(kind("amount_in"), DataType::Decimal128(38, 2));
    assert_eq!(kind("started"), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    let sums = matches.column_by_name("amount_in").expect("sums").as_primitive::<Decimal128Type>();
    assert_eq!(sums.iter().collect::<Vec<_>>(), [Some(30_030), Some(30_030)]);
    let roles = matches.column_by_name("roles").expect("roles").as_list::<i32>().value(1);
    let roles = roles.as_struct();
    let role_names = roles.column_by_name("role").expect("names").as_string::<i32>();
    assert_eq!(role_names.iter().flatten().collect::<Vec<_>>(), ["payers", "hub", "exit"]);
    let payers = roles.column_by_name("accounts").expect("accounts").as_list::<i32>().value(0);
    assert_eq!(payers.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["p,1", "p2"]);
    let covered_by = matches.column_by_name("covered_by").expect("covers").as_list::<i32>().value(0);
    assert_eq!(covered_by.as_string::<i32>().value(0), texts(&matches, "id")[1], "the relay explains the fan");
}

/// A hub of 100,000 payers and payees would fill a disk with what feeds what.
#[test]
fn of_many_feeding_transfers_the_latest_hundred_are_named_and_all_are_counted() {
    let mut ledger = "tx_id,timestamp,sender,receiver,amount,currency,channel\n".to_owned();
    for payer in 0..150 {
        let (minute, second) = (payer / 60, payer % 60);
        writeln!(ledger, "t{payer},2024-01-31T22:{minute:02}:{second:02}Z,p{payer},hub,10,EUR,card").expect("a text");
    }
    ledger += "out,2024-01-31T23:00:00Z,hub,exit,1400,EUR,wire\n";
    let home = TempDir::new().expect("a folder");
    let out = home.path().join("out");
    write_at(&analyse(home.path(), &ledger), &out);
    let transfers = table(&out.join("match_transfers.parquet"));
    let last = transfers.num_rows() - 1;
    let fed_by = transfers.column_by_name("fed_by").expect("feeders").as_list::<i32>().value(last);
    let named: Vec<_> = fed_by.as_string::<i32>().iter().flatten().collect();
    assert_eq!((named.len(), named[0], named[99]), (100, "t50", "t149"));
    let counted = transfers.column_by_name("feeders").expect("counts").as_primitive::<UInt32Type>();
    assert_eq!(counted.value(last), 150);
}

#[test]
fn every_transfer_of_a_match_stands_at_its_place_with_what_feeds_it() {
    let (_home, out) = written();
    let transfers = table(&out.join("match_transfers.parquet"));
    assert_eq!(texts(&transfers, "tx_id"), ["t1", "t2", "t1", "t2", "t3"]);
    let numbers = |name: &str| -> Vec<u32> {
        transfers.column_by_name(name).expect("numbers").as_primitive::<UInt32Type>().values().to_vec()
    };
    assert_eq!((numbers("step"), numbers("position")), (vec![1, 1, 1, 1, 2], vec![1, 2, 1, 2, 1]));
    let fed_by = transfers.column_by_name("fed_by").expect("feeders").as_list::<i32>();
    let feeders = fed_by.value(4);
    assert_eq!(feeders.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["t1", "t2"]);
    assert!((0..4).all(|row| fed_by.value(row).is_empty()), "nothing feeds a first step");
    assert_eq!(numbers("feeders"), [0, 0, 0, 0, 2]);
    let amounts = transfers.column_by_name("amount").expect("amounts").as_primitive::<Decimal128Type>();
    assert_eq!((amounts.value(0), amounts.scale()), (10_010_000_000, 8));
    let times = transfers.column_by_name("timestamp").expect("times").as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.value(0), 1_706_738_400_000_000);
}

#[test]
fn a_json_line_says_the_same_with_its_flow() {
    let (_home, out) = written();
    let lines = fs::read_to_string(out.join("matches.jsonl")).expect("lines");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    let relay = &lines[1];
    assert_eq!(relay["rule"], "relay");
    assert_eq!(relay["amount_out"], "250.00");
    assert_eq!(relay["started"], "2024-01-31T22:00:00Z");
    assert_eq!(relay["roles"][0], serde_json::json!({"role": "payers", "accounts": ["p,1", "p2"]}));
    let last = serde_json::json!({
        "step": 2, "position": 1, "tx_id": "t3", "sender": "hub", "receiver": "exit",
        "timestamp": "2024-02-01T00:00:00Z", "amount": "250.00", "currency": "EUR",
    });
    assert_eq!(relay["flow"][2], last);
    let ids: Vec<&str> = lines.iter().filter_map(|line| line["id"].as_str()).collect();
    assert_eq!(ids, texts(&table(&out.join("matches.parquet")), "id"));
}

#[test]
fn the_csv_keeps_accounts_apart_whatever_their_keys_hold() {
    let (_home, out) = written();
    let mut reader = csv::Reader::from_path(out.join("matches.csv")).expect("a file");
    let headings = reader.headers().expect("headings").clone();
    let roles = headings.iter().position(|heading| heading == "roles").expect("roles");
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    assert_eq!(&rows[1][roles], r"payers: p\,1, p2; hub: hub; exit: exit");
}

#[test]
fn matches_that_share_accounts_are_one_case_with_the_gravest_severity() {
    let (_home, out) = written();
    let cases = table(&out.join("cases.parquet"));
    assert_eq!((cases.num_rows(), texts(&cases, "severity")), (1, vec!["high".to_owned()]));
    let value = cases.column_by_name("value").expect("value").as_primitive::<Decimal128Type>();
    assert_eq!(value.value(0), 55_030, "a transfer in two matches counts once");
    let case = texts(&table(&out.join("matches.parquet")), "case");
    assert_eq!(case, vec![texts(&cases, "id")[0].clone(); 2]);
}

#[test]
fn the_manifest_accounts_for_every_row_and_every_byte() {
    let (_home, out) = written();
    let manifest = json(&out.join("manifest.json"));
    assert_eq!((&manifest["read"], &manifest["accepted"], &manifest["rejected"]), (&5.into(), &4.into(), &1.into()));
    assert_eq!(manifest["completeness"]["exhaustive"], true);
    assert_eq!(manifest["finished"], "1970-01-01T00:00:01Z");
    let outputs = manifest["outputs"].as_array().expect("a list");
    let mut listed = BTreeSet::from(["manifest.json".to_owned()]);
    for output in outputs {
        let name = output["file"].as_str().expect("a name");
        let bytes = fs::read(out.join(name)).expect("every output is there");
        let hash = hex(&Sha256::digest(&bytes));
        assert_eq!((output["bytes"].as_u64(), output["sha256"].as_str()), (Some(bytes.len() as u64), Some(&*hash)));
        listed.insert(name.to_owned());
    }
    let there = fs::read_dir(&out).expect("a folder").flatten();
    let there: BTreeSet<String> = there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(there, listed);
    let rejects = fs::read_to_string(out.join("rejects.csv")).expect("one row was set aside");
    assert_eq!(rejects.lines().count(), 2, "{rejects}");
}

#[test]
fn without_rejects_there_is_no_file_of_them_and_without_matches_the_tables_are_empty() {
    let home = TempDir::new().expect("a folder");
    let out = home.path().join("out");
    let quiet = "tx_id,timestamp,sender,receiver,amount,currency\nt1,2024-01-01T00:00:00Z,a,b,1,EUR\n";
    write_at(&analyse(home.path(), quiet), &out);
    assert!(!out.join("rejects.csv").exists());
    for name in ["matches.parquet", "match_transfers.parquet", "cases.parquet"] {
        let file = File::open(out.join(name)).expect("a table");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0, "{name}");
    }
    assert_eq!(fs::read_to_string(out.join("matches.jsonl")).expect("lines"), "");
}

#[test]
fn the_same_run_gives_the_same_bytes_whatever_the_order_of_its_rows() {
    let (_home, first) = written();
    let home = TempDir::new().expect("a folder");
    let (second, shuffled) = (home.path().join("out"), {
        let (head, rows) = LEDGER.split_once('\n').expect("a header");
        let rows: Vec<&str> = rows.lines().rev().collect();
        format!("{head}\n{}\n", rows.join("\n"))
    });
    write_at(&analyse(home.path(), &shuffled), &second);
    let files = ["matches.parquet", "match_transfers.parquet", "cases.parquet", "matches.csv", "matches.jsonl"];
    for name in files.into_iter().chain(["statistics.json"]) {
        let bytes = |out: &Path| fs::read(out.join(name)).expect("a file");
        assert!(bytes(&first) == bytes(&second), "{name}");
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "whole seconds and hops are exact")]
fn the_statistics_of_a_small_run_are_those_worked_out_by_hand() {
    let home = TempDir::new().expect("a folder");
    let Statistics { ledger, rows, overall, rules, overlap, cases, .. } = analyse(home.path(), LEDGER).statistics;
    assert_eq!((ledger.transfers, ledger.accounts, ledger.value.to_string().as_str()), (4, 6, "1000.00"));
    assert_eq!((rows.read, rows.accepted, rows.rejected), (5, 4, 1));
    assert_eq!((overall.matches, overall.transfers, overall.accounts, overall.covered), (2, 3, 4, 1));
    let value = (overall.value.gross.to_string(), overall.value.net.to_string());
    assert_eq!(value, ("850.60".to_owned(), "550.30".to_owned()), "t1 and t2 are in two matches");
    assert_eq!(overall.value_share.share, Some(0.5503));
    assert_eq!(overall.account_share.share, Some(4.0 / 6.0));
    let [dropped, fan, relay] = rules.as_slice() else { panic!("every rule has its statistics") };
    assert_eq!((dropped.summary.matches, dropped.dropped.unless), (0, 1));
    assert_eq!(dropped.summary.duration_seconds, None);
    assert_eq!(fan.summary.delay_seconds, None, "nothing feeds the only step");
    let delay = relay.summary.delay_seconds.expect("the hub pays on");
    assert_eq!((delay.count, delay.median), (1, 3600.0), "an hour after the later of the two payments");
    assert_eq!(relay.summary.duration_seconds.expect("one match").max, 7200.0);
    assert_eq!(relay.summary.hops.expect("one match").max, 2.0);
    let months: Vec<(&str, usize, usize, usize)> = overall
        .by_month
        .iter()
        .map(|part| (part.key.as_str(), part.matches, part.transfers, part.ledger_transfers))
        .collect();
    assert_eq!(months, [("2024-01", 2, 2, 2), ("2024-02", 1, 1, 1)]);
    let channels = overall.by_channel.expect("the ledger has channels");
    let wire = channels.iter().find(|part| part.key == "wire").expect("t3 is a wire");
    assert_eq!((wire.transfers, wire.ledger_transfers, wire.value.to_string().as_str()), (1, 2, "250.00"));
    assert_eq!(overall.by_corridor, None, "no country is known");
    let [pair] = overlap.as_slice() else { panic!("one pair of rules shares transfers") };
    assert_eq!((pair.a.as_str(), pair.b.as_str(), pair.shared, pair.either), ("fan", "relay", 2, 3));
    assert_eq!(cases.largest.map(|case| (case.matches, case.accounts, case.transfers)), Some((2, 4, 3)));
}
