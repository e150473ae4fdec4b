//! History columns equal what a plain reading of their definitions gives, on random small ledgers full of ties.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use moneytrail::columns::{
    BaseAmount, Column, Currency, Draft, Ledger, Money, RowId, SourceRow, Span, TextColumn, Time, TxIds,
};
use moneytrail::lang::{Delay, Direction, Flow, Predicate, Role, Shape, Step};
use moneytrail::plan;
use moneytrail::search::{Limits, Searcher};
use proptest::prelude::*;

const KINDS: [Option<&str>; 4] = [Some("person"), Some("company"), Some("person"), None];

/// Hour, sender, receiver, amount, and whether it can be weighed.
pub(crate) type Row = (i64, u32, u32, i64, bool);

pub(crate) fn ledger(rows: &[Row]) -> Ledger {
    let weight = |row: &Row| if row.4 { BaseAmount::known(Money(row.3 * 100)) } else { BaseAmount::UNKNOWN };
    let currency = Currency { code: "EUR".to_owned(), digits: 2 };
    Ledger::new(Draft {
        tx_ids: TxIds::Numbers((1..=rows.len() as u64).collect()),
        times: rows.iter().map(|row| Time(row.0 * Span::HOUR.0)).collect(),
        senders: rows.iter().map(|row| row.1).collect(),
        receivers: rows.iter().map(|row| row.2).collect(),
        keys: (0..KINDS.len()).map(|account| format!("a{account}")).collect(),
        base_amounts: Some(rows.iter().map(weight).collect()),
        currencies: vec![0; rows.len()],
        amounts: rows.iter().map(|row| Money(row.3 * 100)).collect(),
        currency_table: vec![currency.clone()],
        base: currency,
        columns: BTreeMap::new(),
        sources: (1..=rows.len() as u64).map(|record| SourceRow { file: 0, record }).collect(),
        files: vec!["random".to_owned()],
        account_columns: BTreeMap::from([("kind".to_owned(), Column::Text(TextColumn::from_texts(KINDS)))]),
        resolution: Span::HOUR,
    })
}

/// What the definitions say, read word by word.
struct Plain<'l>(&'l Ledger);

#[expect(clippy::cast_precision_loss, reason = "small counts and amounts")]
impl Plain<'_> {
    fn hour(&self, row: RowId) -> i64 {
        self.0.time(row).0 / Span::HOUR.0
    }

    /// Earlier transfers that are no self-transfers and of which `fits` holds.
    fn before(&self, row: RowId, fits: impl Fn(RowId) -> bool) -> Vec<RowId> {
        let ledger = self.0;
        let earlier = ledger.rows().filter(|&other| ledger.time(other) < ledger.time(row));
        earlier.filter(|&other| ledger.sender(other) != ledger.receiver(other) && fits(other)).collect()
    }

    fn amount(&self, row: RowId) -> Option<f64> {
        self.0.base_amount(row).get().map(|money| money.0 as f64 / 100.0)
    }

    fn amounts(&self, rows: &[RowId]) -> Option<Vec<f64>> {
        rows.iter().map(|&row| self.amount(row)).collect()
    }

    fn value(&self, name: &str, row: RowId) -> Option<f64> {
        let ledger = self.0;
        if name == "pair_prior" {
            let pair = |r| (ledger.sender(r), ledger.receiver(r));
            return Some(self.before(row, |other| pair(other) == pair(row)).len() as f64);
        }
        let sends = name.starts_with("sender");
        let own = |r| if sends { ledger.sender(r) } else { ledger.receiver(r) };
        let other = |r| if sends { ledger.receiver(r) } else { ledger.sender(r) };
        let past = self.before(row, |other| own(other) == own(row));
        let mean = |amounts: &[f64]| amounts.iter().sum::<f64>() / amounts.len() as f64;
        match name.split_once('_')?.1 {
            "idle" => {
                let touches = |r| ledger.sender(r) == own(row) || ledger.receiver(r) == own(row);
                let last = self.before(row, touches).into_iter().map(|r| self.hour(r)).max()?;
                return Some((self.hour(row) - last) as f64);
            }
            "prior" => return Some(past.len() as f64),
            "mean" => return self.amounts(&past).filter(|amounts| !amounts.is_empty()).map(|amounts| mean(&amounts)),
            "sd" => {
                let amounts = self.amounts(&past).filter(|amounts| amounts.len() > 1)?;
                let squares: f64 = amounts.iter().map(|amount| (amount - mean(&amounts)).powi(2)).sum();
                return Some((squares / (amounts.len() - 1) as f64).sqrt());
            }
            "percentile(kind)" => {
                let kind = |r| KINDS[own(r).0 as usize];
                kind(row)?;
                let alike = self.before(row, |other| kind(other) == kind(row) && self.amount(other).is_some());
                let below = alike.iter().filter(|&&r| self.amount(r) <= self.amount(row)).count();
                return (self.amount(row).is_some() && !alike.is_empty()).then(|| below as f64 / alike.len() as f64);
            }
            _ => {}
        }
        let since = self.hour(row) - 3;
        if self.hour(ledger.rows().next()?) > since {
            return None;
        }
        let window: Vec<RowId> = past.iter().copied().filter(|&r| self.hour(r) >= since).collect();
        match name.split_once('_')?.1 {
            "count(3h)" => Some(window.len() as f64),
            "sum(3h)" => self.amounts(&window).map(|amounts| amounts.iter().sum()),
            "median(3h)" => {
                let mut amounts = self.amounts(&window).filter(|amounts| !amounts.is_empty())?;
                amounts.sort_by(f64::total_cmp);
                Some(f64::midpoint(amounts[(amounts.len() - 1) / 2], amounts[amounts.len() / 2]))
            }
            "new_share(3h)" => {
                let all: BTreeSet<_> = window.iter().map(|&r| other(r)).collect();
                let known: BTreeSet<_> = past.iter().filter(|r| !window.contains(r)).map(|&r| other(r)).collect();
                (!all.is_empty()).then(|| all.difference(&known).count() as f64 / all.len() as f64)
            }
            unknown => panic!("no definition of {unknown}"),
        }
    }
}

/// The transfers for which a predicate over one column holds.
fn rows_where(ledger: &Ledger, sql: &str, column: &str) -> BTreeSet<RowId> {
    let filter = Predicate {
        expr: polars::sql::sql_expr(sql).expect("a predicate"),
        columns: BTreeSet::from(["tx_id".to_owned(), column.to_owned()]),
        sql: sql.to_owned(),
    };
    let role = |name: &str| Role { name: name.to_owned(), members: None, predicate: None };
    let step = Step {
        name: None,
        left: 0,
        right: 1,
        direction: Direction::Forward,
        shape: Shape::One,
        filter: Some(filter),
        delay: Delay { least: Span::ZERO, most: Span::HOUR },
        pass_through: None,
        undoes: None,
        uses: None,
    };
    let flow = Flow::of(Span::HOUR, vec![role("a"), role("b")], vec![step]);
    let found = Searcher::new(ledger)
        .run(&plan::of_flow("history", flow), &Limits::default(), &AtomicBool::new(false))
        .expect("evaluable");
    found.iter().flat_map(|instance| instance.transfers()).collect()
}

const COLUMNS: [&str; 19] = [
    "pair_prior",
    "sender_idle",
    "receiver_idle",
    "sender_prior",
    "receiver_prior",
    "sender_mean",
    "receiver_mean",
    "sender_sd",
    "receiver_sd",
    "sender_count(3h)",
    "receiver_count(3h)",
    "sender_sum(3h)",
    "receiver_sum(3h)",
    "sender_median(3h)",
    "receiver_median(3h)",
    "sender_new_share(3h)",
    "receiver_new_share(3h)",
    "sender_percentile(kind)",
    "receiver_percentile(kind)",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn history_columns_hold_what_their_definitions_say(
        rows in prop::collection::vec((0i64..10, 0u32..4, 0u32..4, 1i64..6, prop::bool::weighted(0.97)), 1..30)
    ) {
        let ledger = ledger(&rows);
        let moving: BTreeSet<RowId> =
            ledger.rows().filter(|&row| ledger.sender(row) != ledger.receiver(row)).collect();
        for column in COLUMNS {
            let says = |row: &RowId| {
                let id = ledger.tx_id(*row);
                match Plain(&ledger).value(column, *row) {
                    None => format!("(tx_id = '{id}' AND \"{column}\" IS NULL)"),
                    Some(value) if column.ends_with("idle") => {
                        format!("(tx_id = '{id}' AND \"{column}\" = INTERVAL '{value} hours')")
                    }
                    Some(value) => {
                        format!("(tx_id = '{id}' AND \"{column}\" BETWEEN {:.12} AND {:.12})", value - 1e-9, value + 1e-9)
                    }
                }
            };
            let sql: Vec<String> = moving.iter().map(says).collect();
            if !sql.is_empty() {
                prop_assert_eq!(&rows_where(&ledger, &sql.join(" OR "), column), &moving, "{}", column);
            }
        }
    }
}
