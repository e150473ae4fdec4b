//! What a search for round trips walks: of all transfers those that can be on one, as far as their neighbours in time say.

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::AtomicBool;

use moneytrail::ingest;
use moneytrail::lang::{self, Source};
use moneytrail::plan::{self, Plan};
use moneytrail::search::{Limits, Searcher};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
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

/// A transfer: its time and its two accounts.
type Transfer = (String, String, String);

/// What is asked of a ledger of these transfers and of a rule of round trips inside a day with this step.
fn asked<T>(transfers: &[Transfer], step: &str, ask: impl FnOnce(&Searcher<'_>, &Plan) -> T) -> T {
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
    ask(&Searcher::new(&intake.ledger), &plans[0].as_ref().expect("the ledger has every column")[0])
}

/// How many transfers are walked.
fn walked(transfers: &[(&str, &str, &str)], step: &str) -> usize {
    let owned = |&(time, from, to): &(&str, &str, &str)| (time.to_owned(), from.to_owned(), to.to_owned());
    let transfers: Vec<Transfer> = transfers.iter().map(owned).collect();
    asked(&transfers, step, |searcher, plan| {
        let prepared = searcher.prepare(plan, &Limits::default()).expect("it can be asked");
        prepared.narrowed().leading[0].expect("it is known")
    })
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

/// Trips of two to four transfers inside a day, counted one by one: a transfer is its minute and its two accounts.
fn counted(transfers: &[(usize, usize, usize)], least: usize) -> u128 {
    fn walk(transfers: &[(usize, usize, usize)], least: usize, trip: &mut Vec<usize>) -> u128 {
        let (first, last) = (transfers[trip[0]], transfers[*trip.last().expect("a trip has begun")]);
        let follows = |&(time, from, _): &(usize, usize, usize)| {
            from == last.2 && time >= last.0 + least && time <= first.0 + 24 * 60
        };
        let mut found = 0;
        for next in (0..transfers.len()).filter(|&next| follows(&transfers[next])) {
            let to = transfers[next].2;
            if to == first.1 {
                found += 1;
            } else if trip.len() < 3 && trip.iter().all(|&passed| transfers[passed].2 != to) {
                trip.push(next);
                found += walk(transfers, least, trip);
                trip.pop();
            }
        }
        found
    }
    (0..transfers.len()).map(|first| walk(transfers, least, &mut vec![first])).sum()
}

#[test]
fn trips_of_a_dense_ledger_are_all_there_however_many_halves_meet() {
    // Many transfers between few accounts, many of them at one time: dozens of halves end at each account.
    let mut seeded = ChaCha8Rng::seed_from_u64(7);
    let mut random = |below: usize| seeded.next_u32() as usize % below;
    for accounts in 3..7 {
        let transfers: Vec<(usize, usize, usize)> = (0..120)
            .map(|_| {
                let (minute, from) = (random(150) * 20, random(accounts));
                (minute, from, (from + 1 + random(accounts - 1)) % accounts)
            })
            .collect();
        let stamp = |minute: usize| format!("{:02}T{:02}:{:02}", 1 + minute / 1440, minute / 60 % 24, minute % 60);
        let named = |&(minute, from, to): &(usize, usize, usize)| (stamp(minute), format!("v{from}"), format!("v{to}"));
        let ledger: Vec<Transfer> = transfers.iter().map(named).collect();
        for (step, least) in [(LATER, 1), (AT_ONCE, 0)] {
            let stop = AtomicBool::new(false);
            let count =
                |searcher: &Searcher<'_>, plan: &Plan| searcher.count(plan, &[], &stop).expect("it can be asked");
            let expected = counted(&transfers, least);
            assert!(expected > 1_000, "{accounts} accounts: {expected} trips");
            assert_eq!(asked(&ledger, step, count).instances, expected, "{accounts} accounts, {step}");
        }
    }
}
