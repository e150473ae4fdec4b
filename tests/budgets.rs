//! Ledgers made to explode: each search ends, says exactly what it left out, and is exact everywhere else.
//!
//! Beside each of them lies a quiet corner that shares no account with it. What is found there must be what is found
//! when the corner is the whole ledger, unless the search says that it did not look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use moneytrail::columns::{AccountId, Currency, Draft, Ledger, Money, SourceRow, Span, Time, TxIds};
use moneytrail::engine::{self, Request};
use moneytrail::lang::{self, Source};
use moneytrail::plan::{self, Plan};
use moneytrail::search::{Cut, Instances, Limits, Searcher};

/// One transfer: minute, sender, receiver.
type Row = (i64, String, String);

static NO_END: AtomicBool = AtomicBool::new(false);

const CYCLE: &str = "within: 30d\nflow:\n  - step: origin -> origin\n    hops: 3..12\n";
const CHAIN: &str = "within: 30d\nflow:\n  - step: origin -> end\n    hops: 4..10\n";
const HUB: &str =
    "within: 30d\nflow:\n  - step: payers[3..] -> hub\n  - step: hub -> payees[3..]\n    delay: 0h..30d\n";

/// The same where something is asked of each window as a whole, so that each is written out.
const HUB_HAVING: &str = "within: 30d\nflow:\n  - step: payers[3..] -> hub\n  - step: hub -> payees[3..]\n    delay: 0h..30d\n\
                          having: transfers <> 7\n";

fn source(body: &str) -> Source {
    let text = format!(
        "typology: exploding\nversion: 1\ntitle: Exploding\nsummary: It explodes.\nstage: layering\nseverity: low\n\
         references: [none]\nfalse_positives: [none]\n{body}tests:\n  - name: nothing\n    transfers: |\n      \
         # when from to amount\n    matches: []\n"
    );
    Source { path: "exploding.yaml".to_owned(), text }
}

fn plan(body: &str, ledger: &Ledger) -> Plan {
    let set = lang::compile(&[source(body)], &[]).set.expect("the rule compiles");
    plan::build(&set.typologies[0], &ledger.summary()).expect("it needs no further column").remove(0)
}

fn ledger(rows: &[Row]) -> Ledger {
    let names: BTreeSet<&String> = rows.iter().flat_map(|(_, from, to)| [from, to]).collect();
    let keys: Vec<String> = names.into_iter().cloned().collect();
    let number = |name: &String| u32::try_from(keys.binary_search(name).expect("a key")).expect("few accounts");
    Ledger::new(Draft {
        tx_ids: TxIds::Numbers((1..=rows.len() as u64).collect()),
        times: rows.iter().map(|(minute, ..)| Time(minute * 60_000_000)).collect(),
        senders: rows.iter().map(|(_, from, _)| number(from)).collect(),
        receivers: rows.iter().map(|(.., to)| number(to)).collect(),
        amounts: vec![Money(10_000); rows.len()],
        currencies: vec![0; rows.len()],
        currency_table: vec![Currency { code: "EUR".to_owned(), digits: 2 }],
        base_amounts: None,
        base: Currency { code: "EUR".to_owned(), digits: 2 },
        columns: BTreeMap::new(),
        sources: (1..=rows.len() as u64).map(|record| SourceRow { file: 0, record }).collect(),
        files: vec!["made".to_owned()],
        account_columns: BTreeMap::new(),
        keys: keys.into_iter().collect(),
        resolution: Span::MINUTE,
    })
}

/// A ring of four, a chain of six and a hub with four payers and four payees, each of accounts that nobody else knows.
fn corner() -> Vec<Row> {
    let row = |minute: i64, from: String, to: String| (minute, from, to);
    let ring = (0..4).map(|n: i64| row(n, format!("z-ring-{n}"), format!("z-ring-{}", (n + 1) % 4)));
    let chain = (0..6).map(|n: i64| row(n, format!("z-link-{n}"), format!("z-link-{}", n + 1)));
    let paid = (0..4).map(|n: i64| row(n, format!("z-payer-{n}"), "z-hub".to_owned()));
    let paying = (0..4).map(|n: i64| row(10 + n, "z-hub".to_owned(), format!("z-payee-{n}")));
    ring.chain(chain).chain(paid).chain(paying).collect()
}

/// Everybody of `accounts` pays everybody else, each at another minute.
fn everybody(accounts: usize) -> Vec<Row> {
    let pairs = (0..accounts).flat_map(|from| (0..accounts).filter(move |&to| to != from).map(move |to| (from, to)));
    let minute = |position: usize| i64::try_from(position * 7_919 % 30_000).expect("few minutes");
    pairs.enumerate().map(|(n, (from, to))| (minute(n), format!("a-{from:03}"), format!("a-{to:03}"))).collect()
}

/// What was found: keys of the binding and (minute, sender, receiver) of the transfers.
type Told = BTreeSet<(Vec<String>, Vec<Row>)>;

fn told(ledger: &Ledger, found: &Instances, keep: impl Fn(AccountId) -> bool) -> Told {
    let key = |account: AccountId| ledger.accounts().key(account).to_owned();
    let transfer = |&row: &moneytrail::columns::RowId| {
        (ledger.time(row).0 / 60_000_000, key(ledger.sender(row)), key(ledger.receiver(row)))
    };
    let of = |instance: moneytrail::search::Instance<'_>| {
        (
            instance.binding.iter().map(|&account| key(account)).collect(),
            instance.transfers().iter().map(transfer).collect(),
        )
    };
    found.iter().filter(|instance| keep(instance.binding[0])).map(of).collect()
}

/// Whether a statement of cuts names an anchor.
fn names(cuts: &[Cut], anchor: AccountId) -> bool {
    cuts.iter().any(|cut| match (cut.anchor, cut.through) {
        (Some(first), Some(last)) => first <= anchor && anchor <= last,
        (Some(one), None) => one == anchor,
        (None, _) => true,
    })
}

/// Holds what was found at anchors that no cut names against the corner alone.
fn hold_against_the_corner(body: &str, whole: &Ledger, found: &Instances) -> usize {
    let alone = ledger(&corner());
    let wanted = Searcher::new(&alone).run(&plan(body, &alone), &Limits::default(), &NO_END).expect("a small search");
    assert!(wanted.cuts.is_empty() && !wanted.is_empty());
    let key = |ledger: &Ledger, account: AccountId| ledger.accounts().key(account).to_owned();
    let searched: BTreeSet<String> = whole
        .accounts()
        .ids()
        .filter(|&account| !names(&found.cuts, account))
        .map(|account| key(whole, account))
        .collect();
    let in_corner = |name: &str| name.starts_with("z-");
    let exact = told(&alone, &wanted, |account| searched.contains(&key(&alone, account)));
    let have = told(whole, found, |account| in_corner(&key(whole, account)) && searched.contains(&key(whole, account)));
    assert_eq!(have, exact);
    searched.iter().filter(|name| in_corner(name)).count()
}

#[test]
fn a_complete_graph_is_cut_at_each_of_its_accounts_and_nowhere_else() {
    let rows: Vec<Row> = everybody(60).into_iter().chain(corner()).collect();
    let ledger = ledger(&rows);
    let limits = Limits { instances_per_anchor: 2_000, ..Limits::default() };
    for body in [CYCLE, CHAIN] {
        let found = Searcher::new(&ledger).run(&plan(body, &ledger), &limits, &NO_END).expect("a search");
        let cut: Vec<&Cut> = found.cuts.iter().collect();
        assert!(cut.iter().all(|cut| (cut.budget, cut.found) == ("--max-instances-per-anchor", 2_000)), "{cut:?}");
        let at: Vec<AccountId> = cut.iter().filter_map(|cut| cut.anchor.filter(|_| cut.through.is_none())).collect();
        // A round trip is searched from its busiest account, in a tie the last in key order: the first few accounts have
        // too few below them to be cut.
        let first = at.first().map_or(0, |account| account.0);
        assert!(first < if body == CYCLE { 20 } else { 1 }, "{at:?}");
        assert_eq!(
            at,
            (first..60).map(AccountId).collect::<Vec<_>>(),
            "each other account of the graph is named, in order"
        );
        assert!(found.total() <= 61 * 2_000, "what a cut search keeps is bounded");
        assert!(hold_against_the_corner(body, &ledger, &found) > 10);
    }
}

#[test]
fn enough_matches_end_a_search_at_the_same_account_with_any_number_of_threads() {
    let rows: Vec<Row> = everybody(60).into_iter().chain(corner()).collect();
    let ledger = ledger(&rows);
    let plan = plan(CHAIN, &ledger);
    // Above 1.2 million rows that wait, an anchor's instances are put together at once.
    let limits = Limits { instances_per_anchor: 300_000, matches_per_rule: 500_000 };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| Searcher::new(&ledger).run(&plan, &limits, &NO_END).expect("a search"))
    };
    let found = run(1);
    let ranges: Vec<&Cut> = found.cuts.iter().filter(|cut| cut.through.is_some()).collect();
    let [range] = ranges.as_slice() else { panic!("one run of accounts was not searched: {ranges:?}") };
    let last = AccountId(u32::try_from(ledger.accounts().len() - 1).expect("few accounts"));
    assert_eq!((range.budget, range.through), ("--max-matches-per-rule", Some(last)));
    assert!(found.len() <= 500_000, "{}", found.len());
    assert!(range.anchor.is_some_and(|first| first > AccountId(0) && first < AccountId(60)), "{range:?}");
    assert_eq!(run(3), found);
}

#[test]
fn counting_that_ends_with_its_time_names_the_account_at_which_it_ended() {
    let ledger = ledger(&everybody(60));
    let plan = plan(&format!("{CHAIN}having: amount_in >= 100\n"), &ledger);
    let late = Arc::new(AtomicBool::new(false));
    let searcher = Searcher::new(&ledger).until(&late);
    let counts = std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(Duration::from_millis(200));
            late.store(true, Ordering::Relaxed);
        });
        searcher.count(&plan, &[], &NO_END).expect("a search")
    });
    assert!(counts.instances > 0);
    let at: Vec<&Cut> = counts.cuts.iter().filter(|cut| cut.through.is_none()).collect();
    assert!(at.len() == 1 && at[0].budget == "--time-budget" && at[0].found > 0, "{:?}", counts.cuts);
}

/// More instances at one account than a search keeps, each of which is asked something as a whole.
#[test]
fn counting_ends_at_no_number_of_instances() {
    let [from, through, to] = ["a-from", "a-through", "a-to"].map(str::to_owned);
    let first = (0..1_100).map(|n: i64| (n, from.clone(), through.clone()));
    let second = (0..1_000).map(|n: i64| (2_000 + n, through.clone(), to.clone()));
    let ledger = ledger(&first.chain(second).collect::<Vec<Row>>());
    let body = "within: 30d\nflow:\n  - step: origin -> middle\n  - step: middle -> end\nhaving: amount_in >= 100\n";
    let counts = Searcher::new(&ledger).count(&plan(body, &ledger), &[], &NO_END).expect("a search");
    assert_eq!((counts.instances, counts.bindings, counts.cuts), (1_100_000, 1, Vec::new()));
}

fn hub_of_a_hundred_thousand() -> Ledger {
    let hub = || "m-hub".to_owned();
    let paid = (0..100_000i64).map(|n| (n % 40_000, format!("a-payer-{n:06}"), hub()));
    let paying = (0..100_000i64).map(|n| (n % 40_000, hub(), format!("a-payee-{n:06}")));
    let rows: Vec<Row> = paid.chain(paying).chain(corner()).collect();
    ledger(&rows)
}

#[test]
fn a_hub_of_a_hundred_thousand_payers_and_payees_is_searched_to_its_end() {
    let ledger = hub_of_a_hundred_thousand();
    let found = Searcher::new(&ledger).run(&plan(HUB, &ledger), &Limits::default(), &NO_END).expect("a search");
    assert!(found.cuts.is_empty(), "{:?}", found.cuts);
    let largest = found.iter().map(|instance| instance.slots.len()).max();
    assert_eq!(largest, Some(2));
    assert_eq!(found.iter().map(|instance| instance.rows().len()).max(), Some(200_000), "all of it is one match");
    hold_against_the_corner(HUB, &ledger, &found);
}

#[test]
fn a_hub_of_a_hundred_thousand_payers_and_payees_ends_with_its_time() {
    let ledger = hub_of_a_hundred_thousand();
    let late = Arc::new(AtomicBool::new(false));
    let searcher = Searcher::new(&ledger).until(&late);
    let plan = plan(HUB_HAVING, &ledger);
    let found = std::thread::scope(|threads| {
        threads.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            late.store(true, Ordering::Relaxed);
        });
        searcher.run(&plan, &Limits::default(), &NO_END).expect("a search")
    });
    assert!(found.cuts.iter().all(|cut| cut.budget == "--time-budget"), "{:?}", found.cuts);
    let hub = ledger.accounts().ids().find(|&account| ledger.accounts().key(account) == "m-hub").expect("the hub");
    assert!(names(&found.cuts, hub), "the hub takes far longer than its time: {:?}", found.cuts);
    hold_against_the_corner(HUB_HAVING, &ledger, &found);
}

#[test]
fn a_thousand_transfers_of_one_moment_are_cut_where_the_budget_ends() {
    let pairs = everybody(32).into_iter().cycle().take(1_000);
    let rows: Vec<Row> = pairs.map(|(_, from, to)| (5, from, to)).chain(corner()).collect();
    let ledger = ledger(&rows);
    let limits = Limits { instances_per_anchor: 1_000, ..Limits::default() };
    for body in [CYCLE, CHAIN] {
        let found = Searcher::new(&ledger).run(&plan(body, &ledger), &limits, &NO_END).expect("a search");
        assert!(found.cuts.iter().all(|cut| cut.found == 1_000 && cut.through.is_none()), "{:?}", found.cuts);
        let named: Vec<Option<AccountId>> = found.cuts.iter().map(|cut| cut.anchor).collect();
        // Few round trips have one of the five least busy accounts as their busiest.
        let least = if body == CYCLE { 27 } else { 32 };
        assert!((least..=32).contains(&named.len()), "{named:?}");
        assert!(named.iter().flatten().all(|account| account.0 < 32), "{named:?}");
        assert!(hold_against_the_corner(body, &ledger, &found) > 10);
    }
}

#[test]
fn without_time_every_rule_is_cut_and_the_run_says_so() {
    let sample = format!("{}/sample_data", env!("CARGO_MANIFEST_DIR"));
    let request = Request {
        sources: crate::shipped::sources(),
        intake: moneytrail::ingest::Request { inputs: vec![sample], ..moneytrail::ingest::Request::default() },
        late: Arc::new(AtomicBool::new(true)),
        ..Request::default()
    };
    let analysis = engine::run(&request, &(), &NO_END).expect("a run");
    let known = &analysis.sifted.completeness;
    assert!(analysis.sifted.matches.list.is_empty() && !known.is_exhaustive());
    let mut told: Vec<usize> = known.cuts.iter().map(|cut| cut.rule).collect();
    assert!(known.cuts.iter().all(|cut| cut.anchor.is_none() && cut.budget == "--time-budget"), "{:?}", known.cuts);
    told.extend(known.not_evaluated.iter().map(|missing| missing.rule));
    told.sort_unstable();
    assert_eq!(told, (0..analysis.set.typologies.len()).collect::<Vec<_>>(), "each rule is cut or cannot be asked");
}
