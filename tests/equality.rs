//! Every fast kernel finds exactly what the exhaustive one finds: on random small ledgers and random flows.
//!
//! Ties in time, parallel transfers, self-transfers, amounts that cannot be weighed, accounts that stand for the
//! outside and accounts of unknown age are all common in them. `MONEYTRAIL_CASES` sets how many cases a test runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use moneytrail::columns::{
    BaseAmount, Column, Currency, Draft, Ledger, Money, Ratio, SourceRow, Span, TextColumn, Time, TxIds,
};
use moneytrail::lang::{Count, Delay, Direction, Flow, Predicate, RatioRange, Role, Shape, Step};
use moneytrail::plan::{self, Kernel};
use moneytrail::search::{Counts, Instances, Limits, Searcher};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const ACCOUNTS: usize = 6;

/// One transfer: hour, sender, receiver, amount, whether it can be weighed, and what it refers to.
type Row = (i64, usize, usize, i64, bool, Reference);

/// How a transfer's `refers_to` is drawn, with a number that picks among those that fit.
#[derive(Clone, Copy, Debug)]
enum Reference {
    Nothing,
    /// An earlier transfer into the account that this one leaves, or nothing where there is none.
    Feeder(usize),
    /// Any transfer, or an id that nobody has.
    Any(usize),
}

/// What a step may ask, before it is known whether it may ask it.
#[derive(Clone, Debug)]
struct Part {
    /// 0: a new single role, 1: a new set role, 2: an earlier single role, 3: the role where the step begins.
    next: u8,
    next_least: u32,
    reverse: bool,
    /// 0: one transfer, 1: a path (or a tree, where the last step leads to a set), 2: a set of transfers.
    between_singles: u8,
    hops: (u32, u32),
    transfers: u32,
    each: u32,
    fan: u32,
    delay: Option<(i64, i64)>,
    ratio: Option<usize>,
    filter: Option<usize>,
    via: Option<usize>,
    role: Option<usize>,
    undoes: Option<usize>,
}

#[derive(Clone)]
pub(crate) struct Case {
    rows: Vec<Row>,
    first_is_set: bool,
    first_least: u32,
    parts: Vec<Part>,
    within: i64,
    distinct: bool,
    having: Option<usize>,
}

/// A numerator and a denominator, where the range has that end.
type End = Option<(i128, i128)>;

const RATIOS: [(End, End); 4] =
    [(Some((4, 5)), Some((1, 1))), (Some((1, 2)), None), (None, Some((1, 1))), (Some((1, 3)), Some((3, 1)))];
const FILTERS: [(&str, &[&str]); 4] = [
    ("amount >= 2", &["amount"]),
    ("original_amount <> 3", &["original_amount"]),
    ("\"sender.kind\" = 'person'", &["sender.kind"]),
    ("channel = 'wire'", &["channel"]),
];
const ROLES: [(&str, &[&str]); 5] = [
    ("kind = 'person'", &["kind"]),
    ("kind IN ('cash', 'company')", &["kind"]),
    ("age_days >= 1", &["age_days"]),
    ("payees <= 2", &["payees"]),
    ("age_days < 1 OR kind = 'company'", &["age_days", "kind"]),
];
const HAVINGS: [(&str, &[&str]); 5] = [
    ("amount_total >= 5", &["amount_total"]),
    ("transfers <> 3", &["transfers"]),
    ("duration > INTERVAL '1 hour'", &["duration"]),
    ("amount_in >= amount_out", &["amount_in", "amount_out"]),
    ("currencies = 1", &["currencies"]),
];

fn predicate((sql, columns): (&str, &[&str])) -> Predicate {
    let expr = polars::sql::sql_expr(sql).expect("a predicate");
    Predicate { expr, columns: columns.iter().map(|&name| name.to_owned()).collect(), sql: sql.to_owned() }
}

impl Case {
    pub(crate) fn flow(&self) -> Flow {
        let hours = |n: i64| Span(n * Span::HOUR.0);
        let role = |name: String, set: Option<u32>, predicate_of: Option<usize>| Role {
            name,
            members: set.map(|least| Count { least, most: None }),
            predicate: predicate_of.map(|index| predicate(ROLES[index])),
        };
        let first = if self.first_is_set { Some(self.first_least) } else { None };
        let mut roles = vec![role("r0".to_owned(), first, None)];
        let mut steps: Vec<Step> = Vec::new();
        let mut left = 0;
        for (position, part) in self.parts.iter().enumerate() {
            let earlier: Vec<usize> =
                (0..roles.len()).filter(|&role| roles[role].is_single() && role != left).collect();
            let right = if part.next == 3 {
                left
            } else if part.next == 2 && !earlier.is_empty() {
                earlier[part.next_least as usize % earlier.len()]
            } else {
                roles.push(role(format!("r{}", roles.len()), (part.next == 1).then_some(part.next_least), part.role));
                roles.len() - 1
            };
            let singles = roles[left].is_single() && roles[right].is_single();
            let sets = !roles[left].is_single() && !roles[right].is_single();
            let path = singles && part.between_singles == 1;
            let tree = part.between_singles == 1
                && position + 1 == self.parts.len()
                && roles[left].is_single()
                && !roles[right].is_single();
            let hopping = path || tree;
            let direction = if part.reverse && !hopping { Direction::Reverse } else { Direction::Forward };
            let fed = direction == Direction::Forward
                && position > 0
                && steps.last().is_some_and(|step| step.direction == Direction::Forward);
            let hops = Count { least: part.hops.0, most: Some(part.hops.0 + part.hops.1) };
            let via = part.via.map(|index| predicate(ROLES[index]));
            let shape = match (singles, part.between_singles) {
                (true, 0) => Shape::One,
                (true, 1) => Shape::Path { hops, via },
                _ if tree => Shape::Tree { hops, via },
                _ => Shape::Set {
                    transfers: Count { least: part.transfers, most: None },
                    each: Count { least: if sets { part.each } else { 1 }, most: None },
                    fan: Count { least: if sets { part.fan } else { 1 }, most: None },
                },
            };
            let (least, most) = part.delay.filter(|_| fed || hopping).unwrap_or((0, self.within));
            let bound = |end: Option<(i128, i128)>| end.map(|(part, whole)| Ratio::new(part, whole).expect("not zero"));
            let undoable: Vec<usize> =
                (0..position).filter(|&earlier| !matches!(steps[earlier].shape, Shape::Path { .. })).collect();
            let undoes = part.undoes.filter(|_| !hopping && !undoable.is_empty());
            steps.push(Step {
                name: None,
                left,
                right,
                direction,
                shape,
                filter: part.filter.map(|index| predicate(FILTERS[index])),
                delay: Delay { least: hours(least), most: hours(most.min(self.within)) },
                pass_through: part
                    .ratio
                    .filter(|_| fed || hopping)
                    .map(|index| RatioRange { least: bound(RATIOS[index].0), most: bound(RATIOS[index].1) }),
                undoes: undoes.map(|pick| undoable[pick % undoable.len()]),
                uses: None,
            });
            left = right;
        }
        Flow {
            distinct: self.distinct,
            having: self.having.map(|index| predicate(HAVINGS[index])),
            ..Flow::of(hours(self.within), roles, steps)
        }
    }

    /// The id in a row's `refers_to`; ids count the rows from 1.
    fn refers_to(&self, row: &Row) -> Option<String> {
        let feeds = |other: &Row| other.2 == row.1 && other.0 <= row.0;
        let feeders: Vec<usize> = (0..self.rows.len()).filter(|&other| feeds(&self.rows[other])).collect();
        match row.5 {
            Reference::Feeder(pick) if !feeders.is_empty() => Some(feeders[pick % feeders.len()] + 1),
            Reference::Any(pick) => Some(pick % (self.rows.len() + 1) + 1),
            Reference::Nothing | Reference::Feeder(_) => None,
        }
        .map(|id| id.to_string())
    }

    fn ledger(&self) -> Ledger {
        Ledger::new(self.draft())
    }

    pub(crate) fn draft(&self) -> Draft {
        let rows = &self.rows;
        let amounts: Vec<Money> = rows.iter().map(|row| Money(row.3 * 100)).collect();
        let number = |account: usize| u32::try_from(account).expect("few accounts");
        let currency = |code: &str| Currency { code: code.to_owned(), digits: 2 };
        let channel = |row: &Row| Some(if row.3 % 2 == 0 { "wire" } else { "card" });
        let refers: Vec<Option<String>> = rows.iter().map(|row| self.refers_to(row)).collect();
        let kinds = ["person", "company", "person", "cash", "person", "person"];
        // One account opens before the ledger, one inside it, one after it, the others are unknown.
        let opened = [Some(-30), Some(3), Some(900), None, None, None];
        let weigh =
            |(row, &amount): (&Row, &Money)| if row.4 { BaseAmount::known(amount) } else { BaseAmount::UNKNOWN };
        Draft {
            tx_ids: TxIds::Numbers((1..=rows.len() as u64).collect()),
            times: rows.iter().map(|row| Time(row.0 * Span::HOUR.0)).collect(),
            senders: rows.iter().map(|row| number(row.1)).collect(),
            receivers: rows.iter().map(|row| number(row.2)).collect(),
            keys: (0..ACCOUNTS).map(|account| format!("a{account}")).collect(),
            base_amounts: rows.iter().any(|row| !row.4).then(|| rows.iter().zip(&amounts).map(weigh).collect()),
            currencies: rows.iter().map(|row| u16::from(!row.4)).collect(),
            amounts,
            currency_table: vec![currency("EUR"), currency("USD")],
            base: currency("EUR"),
            columns: BTreeMap::from([
                ("channel".to_owned(), Column::Text(TextColumn::from_texts(rows.iter().map(channel)))),
                ("refers_to".to_owned(), Column::Text(TextColumn::from_texts(refers.iter().map(Option::as_deref)))),
            ]),
            sources: (1..=rows.len() as u64).map(|record| SourceRow { file: 0, record }).collect(),
            files: vec!["random".to_owned()],
            account_columns: BTreeMap::from([
                ("kind".to_owned(), Column::Text(TextColumn::from_texts(kinds.into_iter().map(Some)))),
                (
                    "opened".to_owned(),
                    Column::Time(
                        opened.into_iter().map(|hours| hours.map(|hours: i64| Time(hours * Span::HOUR.0))).collect(),
                    ),
                ),
            ]),
            resolution: Span::HOUR,
        }
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", plan::of_flow("random", self.flow()))?;
        writeln!(f, "  distinct {}", self.distinct)?;
        let ledger = self.ledger();
        writeln!(f, "ledger")?;
        for row in ledger.rows() {
            let key = |account| ledger.accounts().key(account);
            let weight =
                ledger.base_amount(row).get().map_or_else(|| "unknown".to_owned(), |money| money.0.to_string());
            let hour = ledger.time(row).0 / Span::HOUR.0;
            let (id, refers) = (ledger.tx_id(row), ledger.column("refers_to").and_then(|ids| ids.text(row.index())));
            let refers = refers.map_or_else(String::new, |other| format!(" refers to {other}"));
            writeln!(f, "  {id}: {hour}h {} {} {weight}{refers}", key(ledger.sender(row)), key(ledger.receiver(row)))?;
        }
        Ok(())
    }
}

/// Mostly one, so that most flows are somewhere in a small ledger.
fn few() -> impl Strategy<Value = u32> {
    prop_oneof![6 => Just(1u32), 3 => Just(2), 1 => Just(3)]
}

fn part() -> impl Strategy<Value = Part> {
    let shape = (0u8..3, few(), prop::bool::weighted(0.15), 0u8..3, (few(), 0u32..3));
    let counts = (few(), few(), few());
    let delay = prop::option::weighted(0.5, (0i64..2, 1i64..8).prop_map(|(least, more)| (least, least + more)));
    let maybe = |choices: usize| prop::option::weighted(0.12, 0..choices);
    let more = (
        prop::option::weighted(0.4, 0..RATIOS.len()),
        maybe(FILTERS.len()),
        maybe(ROLES.len()),
        maybe(ROLES.len()),
        maybe(4),
    );
    (shape, counts, delay, more).prop_map(|(shape, counts, delay, more)| Part {
        next: shape.0,
        next_least: shape.1,
        reverse: shape.2,
        between_singles: shape.3,
        hops: shape.4,
        transfers: counts.0,
        each: counts.1,
        fan: counts.2,
        delay,
        ratio: more.0,
        filter: more.1,
        via: more.2,
        role: more.3,
        undoes: more.4,
    })
}

pub(crate) fn case(steps: std::ops::Range<usize>, sets: bool) -> impl Strategy<Value = Case> {
    let refers = prop_oneof![
        3 => Just(Reference::Nothing),
        5 => (0usize..24).prop_map(Reference::Feeder),
        2 => (0usize..24).prop_map(Reference::Any),
    ];
    let row = (0i64..8, 0..ACCOUNTS, 0..ACCOUNTS, 1i64..6, prop::bool::weighted(0.95), refers);
    let rows = prop::collection::vec(row, 1..24);
    let parts = prop::collection::vec(part(), steps);
    let whole = (2i64..12, prop::bool::weighted(0.8), prop::option::weighted(0.3, 0..HAVINGS.len()));
    (rows, any::<bool>(), few(), parts, whole).prop_map(move |(rows, set, first_least, mut parts, whole)| {
        if !sets {
            for part in &mut parts {
                part.next = if part.next == 1 { 0 } else { part.next };
                part.between_singles %= 2;
                part.reverse = false;
            }
        }
        let mut case = Case {
            rows,
            first_is_set: set && sets,
            first_least,
            parts,
            within: whole.0,
            distinct: whole.1,
            having: whole.2,
        };
        // A flow has at least one single role.
        if case.first_is_set && case.parts.iter().all(|part| part.next == 1) {
            case.first_is_set = false;
        }
        case
    })
}

fn listing(found: &Instances) -> BTreeSet<String> {
    found.iter().map(|part| format!("{:?} {:?} {:?} x{}", part.binding, part.slots, part.rows(), part.count)).collect()
}

/// What counting must give where these are all instances.
fn counted(found: &Instances) -> Counts {
    let mut counts = Counts { instances: found.total().into(), ..Counts::default() };
    for part in found.iter() {
        *counts.by_hops.entry(part.slots.len()).or_default() += u128::from(part.count);
    }
    counts.bindings = found.iter().map(|part| part.binding).collect::<BTreeSet<_>>().len() as u64;
    counts
}

fn cases() -> u32 {
    std::env::var("MONEYTRAIL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

/// Runs cases of one kind, each also with every anchor shared out to three threads, from the first tries there on.
fn agree(strategy: impl Strategy<Value = Case>, expected: &[Kernel]) {
    let (matched, ran) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
    let threads = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads");
    let never = AtomicBool::new(false);
    let outcome = TestRunner::new(config).run(&(strategy, 0u32..6), |(case, tries)| {
        let (ledger, plan) = (case.ledger(), plan::of_flow("random", case.flow()));
        let searcher = Searcher::new(&ledger);
        let fast = searcher.run(&plan, &Limits::default(), &never).expect("evaluable");
        let slow = searcher.run_exhaustive(&plan).expect("evaluable");
        let few = Limits { instances_per_anchor: 4, matches_per_rule: 5 };
        let cut = searcher.run(&plan, &few, &never).expect("evaluable");
        matched.fetch_add(usize::from(!slow.is_empty()), Ordering::Relaxed);
        ran.fetch_add(usize::from(expected.contains(&plan.kernel)), Ordering::Relaxed);
        prop_assert_eq!(listing(&fast), listing(&slow));
        let counts = searcher.count(&plan, &[], &never).expect("evaluable");
        prop_assert_eq!(&counts, &counted(&slow));
        let sharing = searcher.sharing_after(tries);
        let run = |limits: Limits| threads.install(|| sharing.run(&plan, &limits, &never)).expect("evaluable");
        prop_assert_eq!(listing(&run(Limits::default())), listing(&slow));
        prop_assert_eq!(run(few), cut);
        prop_assert_eq!(threads.install(|| sharing.count(&plan, &[], &never)).expect("evaluable"), counts);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let total = cases() as usize;
    let (matched, ran) = (matched.into_inner(), ran.into_inner());
    assert!(matched * 12 >= total, "only {matched} of {total} cases had a match: the test looks at nothing");
    assert!(ran * 10 >= total * 9, "only {ran} of {total} cases ran on {expected:?}");
}

#[test]
fn the_path_kernel_finds_what_the_exhaustive_one_finds() {
    agree(case(1..4, false), &[Kernel::Path]);
}

#[test]
fn the_cycle_kernel_finds_what_the_exhaustive_one_finds() {
    let round = case(1..2, false).prop_map(|mut case| {
        let part = &mut case.parts[0];
        (part.next, part.between_singles, part.undoes) = (3, 1, None);
        part.hops.1 += 2;
        case
    });
    agree(round, &[Kernel::Cycle]);
}

/// What may come next is written down where amounts are asked for, and paths are counted along it.
#[test]
fn paths_in_proportion_are_counted_as_the_exhaustive_kernel_lists_them() {
    let path = (case(1..2, false), 0..RATIOS.len(), 2u32..4).prop_map(|(mut case, ratio, least)| {
        let part = &mut case.parts[0];
        (part.next, part.between_singles, part.undoes, part.ratio) = (0, 1, None, Some(ratio));
        part.hops.0 = least;
        (part.role, part.delay) = (None, part.delay.map(|(least, most)| (least.min(1), most + 4)));
        (case.having, case.distinct, case.within) = (None, true, case.within + 12);
        case
    });
    agree(path, &[Kernel::Path]);
}

/// Two transfers that only their times link are counted where they meet; runs of what is paid on lie apart, overlap and touch.
#[test]
fn paths_of_two_transfers_are_counted_as_the_exhaustive_kernel_lists_them() {
    let pair = (case(2..3, false), any::<bool>(), 0i64..2, 0i64..3).prop_map(|(mut case, one_step, least, more)| {
        for part in &mut case.parts {
            (part.next, part.between_singles, part.undoes, part.ratio) = (0, 0, None, None);
            part.delay = Some((least, least + more));
        }
        if one_step {
            case.parts.truncate(1);
            (case.parts[0].between_singles, case.parts[0].hops) = (1, (2, 0));
        }
        (case.having, case.distinct) = (None, true);
        case
    });
    agree(pair, &[Kernel::Path]);
}

/// Windows slide over two sets that meet at one account.
#[test]
fn two_sets_around_one_account_are_what_the_exhaustive_kernel_finds() {
    let hub = case(2..3, true).prop_map(|mut case| {
        (case.first_is_set, case.first_least) = (true, case.first_least.min(2));
        for (part, next) in case.parts.iter_mut().zip([0, 1]) {
            (part.next, part.next_least, part.undoes) = (next, part.next_least.min(2), None);
            (part.between_singles, part.role) = (2, None);
        }
        case
    });
    agree(hub, &[Kernel::Layers]);
}

#[test]
fn the_fan_kernel_finds_what_the_exhaustive_one_finds() {
    let one_set = case(1..2, true).prop_map(|mut case| {
        case.parts[0].between_singles = 2;
        case.parts[0].role = case.parts[0].role.filter(|role| !ROLES[*role].1.contains(&"age_days"));
        case
    });
    agree(one_set, &[Kernel::Fan]);
}

/// Makes the last step of a case undo an earlier one, mostly the one before it, and asks little else of the steps.
fn undoing(mut case: Case) -> Case {
    let last = case.parts.len() - 1;
    for part in &mut case.parts {
        part.between_singles -= u8::from(part.between_singles == 1);
        (part.each, part.fan, part.transfers) = (1, 1, part.transfers.min(2));
    }
    (case.first_least, case.having) = (1, None);
    case.parts[last].next_least = 1;
    (case.parts[last].ratio, case.parts[last].delay, case.parts[last].role) = (None, None, None);
    case.parts[0].filter = None;
    case.parts[last].reverse &= last > 1;
    case.parts[last].undoes = case.parts[last].undoes.or(Some(last.saturating_sub(1)));
    case
}

#[test]
fn the_path_kernel_finds_the_same_undone_transfers() {
    agree(case(2..4, false).prop_map(undoing), &[Kernel::Path]);
}

#[test]
fn the_layers_kernel_finds_the_same_undone_transfers() {
    agree(case(2..4, true).prop_map(undoing), &[Kernel::Layers, Kernel::Path]);
}

#[test]
fn the_layers_kernel_finds_what_the_exhaustive_one_finds() {
    agree(case(2..4, true), &[Kernel::Layers, Kernel::Path]);
}

/// Makes the last step of a case a tree.
pub(crate) fn growing(mut case: Case) -> Case {
    let last = case.parts.len() - 1;
    match last.checked_sub(1) {
        Some(before) => case.parts[before].next -= u8::from(case.parts[before].next == 1),
        None => case.first_is_set = false,
    }
    (case.parts[last].next, case.parts[last].between_singles, case.parts[last].reverse) = (1, 1, false);
    case
}

/// Lets money go on before it has come, as an explanation does where it lifts a delay.
fn early(mut case: Case) -> Case {
    for part in &mut case.parts {
        part.delay = part.delay.map(|(least, most)| if least == 0 { (-most, most) } else { (least, most) });
    }
    case
}

#[test]
fn flows_in_which_money_may_go_on_early_are_what_the_exhaustive_kernel_finds() {
    let kernels = [Kernel::Path, Kernel::Cycle, Kernel::Fan, Kernel::Layers];
    agree(case(1..4, false).prop_map(early), &kernels);
    agree(case(2..4, true).prop_map(early), &kernels);
    agree(case(1..4, true).prop_map(growing).prop_map(early), &kernels);
}

#[test]
fn the_layers_kernel_finds_the_same_trees() {
    agree(case(1..2, true).prop_map(growing), &[Kernel::Layers]);
}

#[test]
fn the_layers_kernel_finds_the_same_trees_at_the_end_of_a_line() {
    agree(case(2..4, true).prop_map(growing), &[Kernel::Layers]);
}
