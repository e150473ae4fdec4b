//! `without`, `expected` and `repeats` judge finished matches as a plain reading of their definitions does.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use moneytrail::columns::{AccountId, Ledger, Ratio, RowId, Span, Time};
use moneytrail::lang::{
    Absence, Count, Delay, Direction, During, Expectation, Flow, Party, Predicate, Role, Shape, Step,
};
use moneytrail::plan;
use moneytrail::search::{Instance, Limits, Searcher};
use proptest::prelude::*;

use crate::history::ledger;

/// `payers[1..] -> hub`, within two hours.
fn gathering() -> Flow {
    let any = Count { least: 1, most: None };
    let role = |name: &str, members: Option<Count>| Role { name: name.to_owned(), members, predicate: None };
    let step = Step {
        name: None,
        left: 0,
        right: 1,
        direction: Direction::Forward,
        shape: Shape::Set { transfers: any, each: any, fan: any },
        filter: None,
        delay: Delay { least: Span::ZERO, most: Span(2 * Span::HOUR.0) },
        pass_through: None,
        undoes: None,
        uses: None,
    };
    Flow::of(Span(2 * Span::HOUR.0), vec![role("payers", Some(any)), role("hub", None)], vec![step])
}

/// A finished match, and the ledger around it.
struct Around<'l> {
    ledger: &'l Ledger,
    transfers: Vec<RowId>,
    hub: AccountId,
    payers: BTreeSet<AccountId>,
    started: Time,
    ended: Time,
}

impl<'l> Around<'l> {
    fn new(ledger: &'l Ledger, instance: Instance<'_>) -> Self {
        let transfers = instance.transfers();
        let times = || transfers.iter().map(|&row| ledger.time(row));
        Self {
            ledger,
            hub: instance.binding[0],
            payers: transfers.iter().map(|&row| ledger.sender(row)).collect(),
            started: times().min().expect("a transfer"),
            ended: times().max().expect("a transfer"),
            transfers,
        }
    }

    fn is(&self, party: Party, account: AccountId) -> bool {
        match party {
            Party::Anyone => true,
            Party::Role(0) => self.payers.contains(&account),
            Party::Role(_) => account == self.hub,
        }
    }

    /// Transfers between two parties of at least so much, self-transfers left out.
    fn between(&self, payer: Party, payee: Party, least: i64) -> Vec<RowId> {
        let ledger = self.ledger;
        let fits = |row: &RowId| {
            let (sender, receiver) = (ledger.sender(*row), ledger.receiver(*row));
            let weight = ledger.base_amount(*row).get();
            sender != receiver
                && self.is(payer, sender)
                && self.is(payee, receiver)
                && weight.is_some_and(|money| money.0 >= least * 100)
        };
        ledger.rows().filter(fits).collect()
    }

    fn forbids(&self, absence: &Absence, least: i64) -> bool {
        let rows = self.between(absence.payer, absence.payee, least);
        rows.into_iter().filter(|row| !self.transfers.contains(row)).any(|row| {
            let time = self.ledger.time(row);
            match absence.during {
                During::Before(span) => time < self.started && self.started - time <= span,
                During::EverBefore => time < self.started,
                During::Match => self.started <= time && time <= self.ended,
                During::After(span) => time > self.ended && time - self.ended <= span,
            }
        })
    }

    fn misses(&self, expected: &Expectation, least: i64) -> bool {
        let ledger = self.ledger;
        let rows = self.between(expected.payer, expected.payee, least);
        let pairs: BTreeSet<_> = rows.iter().map(|&row| (ledger.sender(row), ledger.receiver(row))).collect();
        pairs.into_iter().any(|pair| {
            let of_pair = rows.iter().filter(|&&row| (ledger.sender(row), ledger.receiver(row)) == pair);
            let times: BTreeSet<Time> = of_pair.map(|&row| ledger.time(row)).collect();
            let earlier: Vec<Time> = times.iter().copied().filter(|&time| time < self.started).collect();
            if earlier.len() < expected.times as usize {
                return false;
            }
            let mut gaps: Vec<i64> = earlier.windows(2).map(|pair| (pair[1] - pair[0]).0).collect();
            gaps.sort_unstable();
            let rhythm = gaps[(gaps.len() - 1) / 2];
            let late = rhythm * expected.tolerance.numerator() / expected.tolerance.denominator();
            let due = Time(earlier[earlier.len() - 1].0 + rhythm + late);
            let end = *ledger.times().last().expect("rows");
            self.started <= due && due <= end && !times.iter().any(|&time| self.started <= time && time <= due)
        })
    }
}

fn at_least(amount: i64) -> Predicate {
    let sql = format!("amount >= {amount}");
    let expr = polars::sql::sql_expr(&sql).expect("a predicate");
    Predicate { expr, columns: BTreeSet::from(["amount".to_owned()]), sql }
}

fn parties() -> impl Strategy<Value = (Party, Party)> {
    let side = || prop_oneof![Just(Party::Anyone), Just(Party::Role(0)), Just(Party::Role(1))];
    (side(), side()).prop_filter("a role on one side", |sides| *sides != (Party::Anyone, Party::Anyone))
}

fn during() -> impl Strategy<Value = During> {
    let span = || (1i64..6).prop_map(|hours| Span(hours * Span::HOUR.0));
    prop_oneof![
        span().prop_map(During::Before),
        Just(During::EverBefore),
        Just(During::Match),
        span().prop_map(During::After)
    ]
}

type Rows = Vec<(i64, u32, u32, i64, bool)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((0i64..24, 0u32..4, 0u32..4, 1i64..6, prop::bool::weighted(0.97)), 1..40)
}

/// Every finished match, with a verdict.
fn judged(
    ledger: &Ledger,
    flow: Flow,
    verdicts: impl Fn(&Searcher<'_>, &plan::Plan, &moneytrail::search::Instances) -> Vec<bool>,
    plain: impl Fn(&Around<'_>) -> bool,
) -> Result<(), TestCaseError> {
    let searcher = Searcher::new(ledger);
    let plan = plan::of_flow("around", flow);
    let matches = searcher.run(&plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
    let wanted: Vec<bool> = matches.iter().map(|instance| plain(&Around::new(ledger, instance))).collect();
    prop_assert_eq!(verdicts(&searcher, &plan, &matches), wanted);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_drops_what_its_definition_drops(
        rows in rows(), (payer, payee) in parties(), during in during(), least in 1i64..6
    ) {
        let absence = Absence { payer, payee, filter: Some(at_least(least)), during };
        let flow = Flow { without: vec![absence.clone()], ..gathering() };
        judged(
            &ledger(&rows),
            flow,
            |searcher, plan, matches| searcher.forbidden(plan, matches).expect("evaluable"),
            |around| around.forbids(&absence, least),
        )?;
    }

    #[test]
    fn expected_misses_what_its_definition_misses(
        rows in rows(), (payer, payee) in parties(), least in 1i64..3, late in 0i128..4
    ) {
        let tolerance = Ratio::new(late, 2).expect("not zero");
        let expected = Expectation { payer, payee, filter: Some(at_least(least)), times: 3, tolerance };
        let flow = Flow { expected: vec![expected.clone()], ..gathering() };
        judged(
            &ledger(&rows),
            flow,
            |searcher, plan, matches| searcher.not_missing(plan, matches).expect("evaluable"),
            |around| !around.misses(&expected, least),
        )?;
    }

    #[test]
    fn repeats_counts_the_other_matches_nearby(rows in rows(), near in 1i64..9, times in 0usize..4) {
        let ledger = ledger(&rows);
        let near = Span(near * Span::HOUR.0);
        let sql = format!("repeats >= {times}");
        let expr = polars::sql::sql_expr(&sql).expect("a predicate");
        let unless = Predicate { expr, columns: BTreeSet::from(["repeats".to_owned()]), sql };
        let flow = Flow { repeat_within: Some(near), ..gathering() };
        let searcher = Searcher::new(&ledger);
        let plan = plan::of_flow("around", flow);
        let matches = searcher.run(&plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
        let all: Vec<Around<'_>> = matches.iter().map(|instance| Around::new(&ledger, instance)).collect();
        let count = |one: &Around<'_>| {
            let apart = |other: &&Around<'_>| {
                other.hub == one.hub
                    && other.transfers != one.transfers
                    && other.started <= one.ended + near
                    && one.started <= other.ended + near
            };
            all.iter().filter(apart).count()
        };
        let wanted: Vec<bool> = all.iter().map(|one| count(one) >= times).collect();
        prop_assert_eq!(searcher.judge(&plan, &unless, &matches, std::slice::from_ref(&matches)).expect("evaluable"), wanted);
    }
}
