//! Any bytes as a ledger, with the canonical header in front or not; their content says whether they are CSV, JSON
//! Lines, Parquet or Arrow, packed or not. A short ledger is then searched by two rules.

#![no_main]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use moneytrail::engine;
use moneytrail::ingest::{self, RejectLimit, Request};
use moneytrail::lang::Source;
use moneytrail_fuzz::{Folder, forgive_decoders};

const HEADER: &[u8] = b"tx_id,timestamp,sender,receiver,amount,currency,amount_received,currency_received,channel\n";

/// Beyond so many transfers there is no search: a dense ledger may have any number of matches.
const LONGEST_SEARCH: usize = 12;

const RULES: [(&str, &str); 2] = [
    (
        "chain.yaml",
        "typology: chain
version: 1
title: Chain
summary: Money is passed on.
stage: layering
severity: low
references: [none]
false_positives: [none]
within: 400d
where: amount >= 1 AND pair_prior >= 0
flow:
  - step: first -> middle
  - step: middle -> last
    delay: 0s..300d
    pass_through: 0.5..1.5
tests:
  - name: a payment on
    transfers: |
      # when from to amount
      0h a b 10
      1h b c 10
    matches: [{ first: a }]
  - name: a payment
    transfers: |
      # when from to amount
      0h a b 10
    matches: []
",
    ),
    (
        "fan.yaml",
        "typology: fan
version: 1
title: Fan
summary: Many pay one.
stage: layering
severity: low
references: [none]
false_positives: [none]
within: 30d
flow:
  - step: payers[2..] -> hub
tests:
  - name: two payments
    transfers: |
      # when from to amount
      0h a b 10
      1h c b 10
    matches: [{ hub: b }]
  - name: a payment
    transfers: |
      # when from to amount
      0h a b 10
    matches: []
",
    ),
];

static FOLDER: LazyLock<Folder> = LazyLock::new(Folder::new);

libfuzzer_sys::fuzz_target!(init: forgive_decoders(), |data: &[u8]| {
    let Some((mode, bytes)) = data.split_first() else { return };
    let bytes = if mode & 1 == 0 { bytes.to_vec() } else { [HEADER, bytes].concat() };
    let path = FOLDER.file("ledger", &bytes);
    let request = Request {
        inputs: vec![path.display().to_string()],
        max_rejects: Some(RejectLimit::Percent(100.0)),
        identifiable: mode & 2 != 0,
        columns: BTreeSet::from(["channel".to_owned(), "branch".to_owned(), "purpose".to_owned()]),
        labels: mode & 4 != 0,
        base: (mode & 8 != 0).then(|| "EUR".to_owned()),
        ..Request::default()
    };
    match ingest::read(&request) {
        Ok(intake) if intake.ledger.len() <= LONGEST_SEARCH => search(request),
        Ok(_) => {}
        Err(error) => drop(error.to_string()),
    }
});

fn search(intake: Request) {
    let source = |(path, text): (&str, &str)| Source { path: path.to_owned(), text: text.to_owned() };
    let request = engine::Request {
        sources: RULES.map(source).to_vec(),
        intake,
        threads: NonZeroUsize::new(1),
        ..engine::Request::default()
    };
    let analysis = engine::run(&request, &(), &AtomicBool::new(false)).expect("what was read once is read again");
    assert_eq!(analysis.set.typologies.len(), RULES.len());
}
