//! What a search for round trips walks: of all transfers those that can be on one, as far as their neighbours in time say.

use std::fmt::Write as _;
use std::fs;

use moneytrail::ingest;
use moneytrail::lang::{self, Source};
use moneytrail::plan;
use moneytrail::search::{Limits, Searcher};
use tempfile::TempDir;

const HEAD: &str = "typology: trip
version: 1
title: Trip
summary: A trip.
stage: layering
severity: low
status: experimental
references: [none]
tags: []
false_positives: [all]
within: 1d
flow:
";

const TEST: &str = "tests:
  - name: one transfer
    transfers: |
      # when  from  to  amount
      0h      a     b   10
    matches: []
";

/// How many transfers are walked for a rule of round trips inside a day; a transfer is its time and its two accounts.
fn walked(transfers: &[(&str, &str, &str)], step: &str) -> usize {
    let folder = TempDir::new().expect("a folder");
    let mut text = "tx_id,timestamp,sender,receiver,amount,currency\n".to_owned();
    for (id, (time, sender, receiver)) in transfers.iter().enumerate() {
        writeln!(text, "{id},2026-01-{time}:00Z,{sender},{receiver},10,EUR").expect("memory takes all");
    }
    let path = folder.path().join("transfers.csv");
    fs::write(&path, text).expect("a file");
    let request = ingest::Request { inputs: vec![path.display().to_string()], ..ingest::Request::default() };
    let intake = ingest::read(&request).expect("a ledger");
    let text = format!("{HEAD}{step}\n{TEST}");
    let set = lang::compile(&[Source { path: "trip.yaml".to_owned(), text }], &[]).set.expect("the rule compiles");
    let plans = plan::together(&set, Some(&intake.ledger.summary()));
    let plan = &plans[0].as_ref().expect("the ledger has every column")[0];
    let searcher = Searcher::new(&intake.ledger);
    let prepared = searcher.prepare(plan, &Limits::default()).expect("it can be asked");
    prepared.narrowed().leading[0].expect("it is known")
}

const LATER: &str = "  - step: origin -> origin\n    hops: 2..4\n    delay: 1s..";
const AT_ONCE: &str = "  - step: origin -> origin\n    hops: 2..4";

#[test]
fn a_trip_is_walked_from_wherever_it_is_looked_at() {
    let trip = [("01T00:00", "a", "b"), ("01T01:00", "b", "c"), ("01T02:00", "c", "a")];
    assert_eq!([LATER, AT_ONCE].map(|step| walked(&trip, step)), [3, 3]);
    // Whoever is paid on the way has not been paid back a second time.
    let with_a_branch = [&trip[..], &[("01T01:30", "c", "d"), ("01T01:40", "d", "e")]].concat();
    assert_eq!(walked(&with_a_branch, LATER), 3);
}

#[test]
fn a_line_that_leads_nowhere_is_taken_apart_from_its_ends() {
    let line: Vec<(String, String, String)> =
        (0..9).map(|hop| (format!("01T0{hop}:00"), format!("v{hop}"), format!("v{}", hop + 1))).collect();
    let line: Vec<(&str, &str, &str)> = line.iter().map(|(time, from, to)| (&**time, &**from, &**to)).collect();
    assert_eq!([LATER, AT_ONCE].map(|step| walked(&line, step)), [0, 0]);
}

#[test]
fn what_comes_back_too_late_is_not_walked() {
    assert_eq!(walked(&[("01T00:00", "a", "b"), ("02T00:00", "b", "a")], LATER), 2);
    assert_eq!(walked(&[("01T00:00", "a", "b"), ("02T00:01", "b", "a")], LATER), 0);
    let slow = "  - step: origin -> origin\n    hops: 2..4\n    delay: ..2h";
    let there_and_back = |back| [("01T00:00", "a", "b"), (back, "b", "a")];
    assert_eq!(["01T02:00", "01T02:01"].map(|back| walked(&there_and_back(back), slow)), [2, 0]);
}

#[test]
fn transfers_of_one_time_follow_each_other_where_the_rule_says_so() {
    let at_once = [("01T00:00", "a", "b"), ("01T00:00", "b", "a")];
    assert_eq!(walked(&at_once, AT_ONCE), 2);
    // Whichever of them stands first in the ledger.
    let three = [("01T00:00", "b", "c"), ("01T00:00", "c", "a"), ("01T00:00", "a", "b")];
    assert_eq!(walked(&three, AT_ONCE), 3);
}
