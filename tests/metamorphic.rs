//! What must not change the matches does not: the order of rows, the names of accounts, the clock, the number of threads,
//! and transfers that lie outside of every window. And what is added never takes a match away, it only makes it larger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use moneytrail::columns::{
    AccountId, BaseAmount, Column, CurrencyId, Draft, Ledger, Money, RowId, SourceRow, Span, TextColumn, Time, TxIds,
};
use moneytrail::lang::{Count, Delay, Direction, Flow, MatchLevel, Predicate, Shape, Typology, TypologySet};
use moneytrail::plan;
use moneytrail::search::{Instances, Levels, Limits, Searcher, StandIn};
use moneytrail::sift::{self, Found};
use proptest::prelude::*;

use crate::equality::{Case, case};

/// Accounts by role, and transfer ids.
type Seen = (Vec<Vec<String>>, BTreeSet<String>);

/// The finished matches of a flow.
fn matches(draft: Draft, flow: &Flow) -> BTreeSet<Seen> {
    of_rule(draft, Typology::of("random", flow.clone()))
}

/// The finished matches of a rule.
fn of_rule(draft: Draft, rule: Typology) -> BTreeSet<Seen> {
    let ledger = Ledger::new(draft).with_owners(rule.flow.level.column());
    let levels = Levels::new(&ledger, [&rule.flow]);
    let searcher = Searcher::new(&ledger).with_levels(&levels);
    let set = TypologySet { typologies: vec![rule] };
    let plans = plan::together(&set, None).swap_remove(0).expect("nothing is asked of a ledger");
    let run = |plan| searcher.run(plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
    let found = plans.iter().map(|plan| Found { rule: 0, plan, instances: run(plan) }).collect();
    let sifted = sift::consolidate(found, &searcher, &set).expect("nothing interrupts");
    let keys = |accounts: &Vec<_>| accounts.iter().map(|&account| ledger.accounts().key(account).to_owned()).collect();
    let seen = |found: &sift::Match| {
        (found.roles.iter().map(keys).collect(), found.transfers.iter().map(|&row| ledger.tx_id(row)).collect())
    };
    sifted.matches.list.iter().map(seen).collect()
}

fn transfers(seen: &BTreeSet<Seen>) -> BTreeSet<&BTreeSet<String>> {
    seen.iter().map(|(_, transfers)| transfers).collect()
}

/// The rows of a draft in another order.
fn reordered(draft: Draft, order: &[usize]) -> Draft {
    fn pick<T: Clone>(values: &[T], order: &[usize]) -> Vec<T> {
        order.iter().map(|&row| values[row].clone()).collect()
    }
    let TxIds::Numbers(ids) = &draft.tx_ids else { panic!("the random ledgers have numbers for ids") };
    let positions: Vec<u32> = order.iter().map(|&row| u32::try_from(row).expect("few rows")).collect();
    Draft {
        tx_ids: TxIds::Numbers(order.iter().map(|&row| ids.get(row)).collect()),
        times: pick(&draft.times, order),
        senders: pick(&draft.senders, order),
        receivers: pick(&draft.receivers, order),
        amounts: pick(&draft.amounts, order),
        currencies: pick(&draft.currencies, order),
        base_amounts: draft.base_amounts.as_ref().map(|amounts| pick(amounts, order)),
        sources: order.iter().map(|&row| draft.sources.get(row)).collect(),
        columns: draft.columns.iter().map(|(name, column)| (name.clone(), column.gather(&positions))).collect(),
        ..draft
    }
}

/// One more transfer behind all others.
fn with_transfer(mut draft: Draft, time: Time, sender: u32, receiver: u32, amount: i64) -> Draft {
    let TxIds::Numbers(ids) = &mut draft.tx_ids else { panic!("the random ledgers have numbers for ids") };
    ids.push(ids.len() as u64 + 1);
    let rows = u32::try_from(draft.times.len()).expect("few rows");
    draft.times.push(time);
    draft.senders.push(sender);
    draft.receivers.push(receiver);
    draft.amounts.push(Money(amount * 100));
    draft.base_amounts.iter_mut().for_each(|amounts| amounts.push(BaseAmount::known(Money(amount * 100))));
    draft.currencies.push(CurrencyId(0).0);
    draft.sources.push(SourceRow { file: 0, record: u64::from(rows) + 1 });
    // The further columns of the new row hold nothing.
    let order: Vec<u32> = (0..rows).chain([u32::MAX]).collect();
    draft.columns = draft.columns.iter().map(|(name, column)| (name.clone(), column.gather(&order))).collect();
    draft
}

/// What was found, told apart from any one ledger: account keys of the binding, and transfer ids slot by slot.
type Part = (Vec<String>, Vec<(usize, BTreeSet<String>)>);

/// The episodes of a flow.
fn episodes(draft: Draft, flow: &Flow) -> BTreeSet<Part> {
    let ledger = Ledger::new(draft);
    let plan = plan::of_flow("random", flow.clone());
    let found = Searcher::new(&ledger).run(&plan, &Limits::default(), &AtomicBool::new(false)).expect("evaluable");
    parts(&ledger, &found)
}

fn parts(ledger: &Ledger, found: &Instances) -> BTreeSet<Part> {
    let part = |instance: moneytrail::search::Instance<'_>| {
        let keys = instance.binding.iter().map(|&account| ledger.accounts().key(account).to_owned()).collect();
        let ids = |slot: usize| instance.slot(slot).iter().map(|&row| ledger.tx_id(row)).collect();
        (keys, (0..instance.slots.len()).map(|slot| (instance.slots[slot], ids(slot))).collect())
    };
    found.iter().map(part).collect()
}

/// Puts parts together that have the same binding and share a transfer, until none do.
fn merged(parts: BTreeSet<Part>) -> BTreeSet<Part> {
    let mut whole: Vec<Part> = Vec::new();
    for mut part in parts {
        let steps = |part: &Part| part.1.iter().map(|(step, _)| *step).collect::<Vec<_>>();
        let all = |part: &Part| part.1.iter().flat_map(|(_, ids)| ids.clone()).collect::<BTreeSet<String>>();
        while let Some(other) = whole
            .iter()
            .position(|other| other.0 == part.0 && steps(other) == steps(&part) && !all(other).is_disjoint(&all(&part)))
        {
            for ((_, ids), (_, more)) in part.1.iter_mut().zip(whole.swap_remove(other).1) {
                ids.extend(more);
            }
        }
        whole.push(part);
    }
    whole.into_iter().collect()
}

/// The rows of a draft that lie in a closed range of times.
fn slice(draft: &Draft, from: Time, to: Time) -> Draft {
    let rows = 0..draft.times.len();
    let inside: Vec<usize> = rows.filter(|&row| (from..=to).contains(&draft.times[row])).collect();
    reordered(draft.clone(), &inside)
}

/// The flow with another way of doing one of its steps.
fn another_way(flow: &Flow, step: usize, (from, length): (i64, i64)) -> Flow {
    let mut flow = flow.clone();
    let undone = flow.steps.iter().any(|other| other.undoes == Some(step)) || flow.steps[step].undoes.is_some();
    let part = &mut flow.steps[step];
    (part.filter, part.pass_through) = (None, None);
    part.delay =
        Delay { least: Span(from * Span::HOUR.0), most: Span((from + length) * Span::HOUR.0).min(flow.within) };
    part.shape = match &part.shape {
        Shape::One if part.direction == Direction::Forward && !undone => {
            Shape::Path { hops: Count { least: 1, most: Some(2) }, via: None }
        }
        Shape::Path { .. } => Shape::One,
        _ => Shape::Set { transfers: Count { least: 2, most: None }, each: Count::ANY, fan: Count::ANY },
    };
    flow
}

/// Whether a predicate of a flow counts over the whole ledger, so that a far transfer may change its answer.
fn counts_everywhere(flow: &Flow) -> bool {
    let vias = flow.steps.iter().filter_map(|step| match &step.shape {
        Shape::Path { via, .. } | Shape::Tree { via, .. } => via.as_ref(),
        Shape::One | Shape::Set { .. } => None,
    });
    let roles = flow.roles.iter().filter_map(|role| role.predicate.as_ref());
    roles.chain(vias).any(|predicate| predicate.columns.contains("payees"))
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }
}

fn any_case() -> impl Strategy<Value = Case> {
    prop_oneof![case(1..4, true), case(1..4, false)]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_rows_changes_nothing(
        case in any_case(), picks in prop::collection::vec(any::<prop::sample::Index>(), 30)
    ) {
        let draft = case.draft();
        let mut order: Vec<usize> = (0..draft.times.len()).collect();
        for (place, pick) in picks.iter().enumerate().take(order.len()) {
            let other = pick.index(order.len());
            order.swap(place, other);
        }
        prop_assert_eq!(matches(reordered(draft.clone(), &order), &case.flow()), matches(draft, &case.flow()));
    }

    #[test]
    fn the_names_of_accounts_change_nothing_but_names(case in any_case(), turn in 1usize..6) {
        let draft = case.draft();
        let mut renamed = draft.clone();
        renamed.keys = (0..draft.keys.len()).map(|account| format!("z{}", (account + turn) % draft.keys.len())).collect();
        let (one, other) = (matches(draft, &case.flow()), matches(renamed, &case.flow()));
        prop_assert_eq!(transfers(&one), transfers(&other));
        prop_assert_eq!(one.len(), other.len());
    }

    #[test]
    fn a_rule_with_alternatives_finds_what_its_flows_find_but_what_another_match_holds(
        case in any_case(), step in 0usize..4, another in 0usize..4, delay in (0i64..4, 0i64..4)
    ) {
        let first = case.flow();
        let others: Vec<Flow> = [step, another].map(|step| another_way(&first, step % first.steps.len(), delay)).into();
        let alone: Vec<BTreeSet<Seen>> =
            std::iter::once(&first).chain(&others).map(|flow| matches(case.draft(), flow)).collect();
        let all: BTreeSet<&BTreeSet<String>> = alone.iter().flatten().map(|(_, transfers)| transfers).collect();
        let held = |transfers: &BTreeSet<String>| all.iter().any(|other| other.len() > transfers.len() && other.is_superset(transfers));
        let largest: BTreeSet<&BTreeSet<String>> = all.iter().copied().filter(|transfers| !held(transfers)).collect();
        let together = of_rule(case.draft(), Typology { others, ..Typology::of("random", first) });
        prop_assert_eq!(together.len(), largest.len(), "of the same transfers one match is left");
        prop_assert!(together.iter().all(|found| alone.iter().any(|alone| alone.contains(found))));
        prop_assert_eq!(transfers(&together), largest);
    }

    #[test]
    fn a_step_that_uses_a_rule_sees_each_of_its_matches_as_one_transfer(
        case in any_case(),
        step in 0usize..4,
        lent in prop::collection::vec((0u32..6, 0u32..6, any::<(prop::sample::Index, prop::sample::Index)>(), 1i64..6), 1..6)
    ) {
        let mut flow = Flow { having: None, ..case.flow() };
        let single = |step: &usize| {
            let undone = flow.steps.iter().any(|other| other.undoes == Some(*step)) || flow.steps[*step].undoes.is_some();
            let part = &flow.steps[*step];
            !undone && matches!(part.shape, Shape::One) && part.direction == Direction::Forward
        };
        let singles: Vec<usize> = (0..flow.steps.len()).filter(single).collect();
        if singles.is_empty() || counts_everywhere(&flow) {
            return Ok(());
        }
        let step = singles[step % singles.len()];
        flow.steps[step].filter = None;
        let ledger = Ledger::new(case.draft());
        let standins: Vec<StandIn> = lent
            .iter()
            .map(|&(from, to, (one, other), weight)| {
                let mut rows: Vec<RowId> = [one, other].map(|row| *row.get(&ledger.rows().collect::<Vec<_>>())).into();
                rows.sort_unstable();
                rows.dedup();
                let rule = "used".to_owned();
                StandIn { rule, from: AccountId(from), to: AccountId(to), rows, weight: Some(i128::from(weight) * 100) }
            })
            .collect();
        let mut using = flow.clone();
        using.steps[step].uses = Some("used".to_owned());
        let plan = plan::of_flow("random", using);
        let searcher = Searcher::new(&ledger);
        let stop = AtomicBool::new(false);
        let fast = searcher.run_using(&plan, &standins, &Limits::default(), &stop).expect("evaluable");
        prop_assert_eq!(&fast, &searcher.run_exhaustive_using(&plan, &standins).expect("evaluable"));

        // The same said with transfers that are there: only they have no channel.
        let mut draft = case.draft();
        for (standin, lent) in standins.iter().zip(&lent) {
            let time = ledger.time(standin.rows[standin.rows.len() - 1]);
            draft = with_transfer(draft, time, lent.0, lent.1, lent.3);
        }
        for (position, part) in flow.steps.iter_mut().enumerate() {
            let own = part.filter.take().map_or_else(|| "TRUE".to_owned(), |filter| filter.sql);
            let sql = if position == step { "channel IS NULL".to_owned() } else { format!("channel IS NOT NULL AND ({own})") };
            let columns = ["channel", "amount", "original_amount", "sender.kind"];
            let columns = columns.into_iter().filter(|column| sql.contains(column)).map(str::to_owned).collect();
            part.filter = Some(Predicate { expr: polars::sql::sql_expr(&sql).expect("a predicate"), columns, sql });
        }
        let resolved = episodes(draft, &flow).into_iter().map(|(binding, slots)| {
            let ids = |id: &String| match id.parse::<usize>().expect("ids are numbers").checked_sub(ledger.len() + 1) {
                None => vec![id.clone()],
                Some(lent) => standins[lent].rows.iter().map(|&row| ledger.tx_id(row)).collect(),
            };
            (binding, slots.iter().map(|(step, slot)| (*step, slot.iter().flat_map(ids).collect())).collect())
        });
        prop_assert_eq!(parts(&ledger, &fast), merged(resolved.collect()));
    }

    #[test]
    fn another_beginning_of_time_changes_nothing(case in any_case(), days in -4000i64..4000) {
        let draft = case.draft();
        let mut shifted = draft.clone();
        let by = Span(days * Span::DAY.0);
        shifted.times = draft.times.iter().map(|&time| time + by).collect();
        if let Some(Column::Time(opened)) = shifted.account_columns.get_mut("opened") {
            for time in opened.iter_mut().flatten() {
                *time = *time + by;
            }
        }
        prop_assert_eq!(matches(shifted, &case.flow()), matches(draft, &case.flow()));
    }

    #[test]
    fn the_number_of_threads_changes_nothing(case in any_case(), threads in 2usize..9) {
        let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let run = |threads: usize| pool(threads).install(|| matches(case.draft(), &case.flow()));
        prop_assert_eq!(run(1), run(threads));
    }

    #[test]
    fn transfers_outside_of_every_window_change_nothing(
        case in any_case(), sender in 0u32..6, receiver in 0u32..6, later in 0i64..100, before in any::<bool>()
    ) {
        let flow = case.flow();
        prop_assume!(!counts_everywhere(&flow));
        let draft = case.draft();
        let far = Span(flow.within.0 + later * Span::HOUR.0 + 1);
        let (first, last) = (*draft.times.iter().min().expect("rows"), *draft.times.iter().max().expect("rows"));
        let time = if before { first - far } else { last + far };
        let more = with_transfer(draft.clone(), time, sender, receiver, 3);
        let added = (draft.times.len() + 1).to_string();
        let mut found = matches(more, &flow);
        // The new transfer may be a flow of its own.
        found.retain(|(_, transfers)| !transfers.contains(&added));
        prop_assert_eq!(found, matches(draft, &flow));
    }

    #[test]
    fn one_transfer_more_takes_no_match_away(
        case in any_case(), hour in 0i64..8, sender in 0u32..6, receiver in 0u32..6, amount in 1i64..6
    ) {
        let mut flow = case.flow();
        flow.having = None;
        for step in &mut flow.steps {
            step.pass_through = None;
        }
        prop_assume!(!counts_everywhere(&flow));
        let ages = |flow: &Flow| {
            flow.roles.iter().filter_map(|role| role.predicate.as_ref()).any(|p| p.columns.contains("age_days"))
        };
        prop_assume!(!ages(&flow));
        // One transfer more may take money on from where it rested, so that it rests at fewer accounts.
        prop_assume!(!flow.steps.iter().any(|step| matches!(step.shape, Shape::Tree { .. })));
        let draft = case.draft();
        let before = matches(draft.clone(), &flow);
        let after = matches(with_transfer(draft, Time(hour * Span::HOUR.0), sender, receiver, amount), &flow);
        for (_, transfers) in &before {
            prop_assert!(after.iter().any(|(_, larger)| larger.is_superset(transfers)), "{:?} is gone", transfers);
        }
    }

    /// A slice carries what lies within `within` behind it, and finds whatever begins in it. Shares of what came in are left
    /// out: a window that is cut off sees other sums.
    #[test]
    fn a_ledger_cut_in_slices_has_the_matches_of_the_whole(case in any_case(), cuts in prop::collection::btree_set(0i64..8, 0..4)) {
        let mut flow = case.flow();
        flow.having = None;
        for step in &mut flow.steps {
            step.pass_through = None;
        }
        prop_assume!(!counts_everywhere(&flow) && flow.steps.iter().all(|step| step.undoes.is_none()));
        prop_assume!(!flow.steps.iter().any(|step| matches!(step.shape, Shape::Tree { .. })));
        let draft = case.draft();
        let mut ends: Vec<i64> = cuts.into_iter().collect();
        ends.push(8);
        let (mut parts, mut begin) = (BTreeSet::new(), 0);
        for end in ends {
            let (from, to) = (Time(begin * Span::HOUR.0), Time(end * Span::HOUR.0) + flow.within);
            let part = slice(&draft, from, to);
            if !part.times.is_empty() {
                parts.extend(episodes(part, &flow));
            }
            begin = end;
        }
        prop_assert_eq!(merged(parts), episodes(draft, &flow));
    }

    #[test]
    fn between_owners_is_between_accounts_that_are_called_after_their_owners(
        case in any_case(), owners in prop::collection::vec(0u32..4, 6)
    ) {
        let mut flow = case.flow();
        // What is known of an owner is not what is known of its accounts.
        for role in &mut flow.roles {
            role.predicate = None;
        }
        for step in &mut flow.steps {
            step.filter = None;
            if let Shape::Path { via, .. } | Shape::Tree { via, .. } = &mut step.shape {
                *via = None;
            }
        }
        let mut draft = case.draft();
        draft.account_columns = BTreeMap::new();
        let mut owned = draft.clone();
        let names: Vec<String> = owners.iter().map(|owner| format!("o{owner}")).collect();
        let column = Column::Text(TextColumn::from_texts(names.iter().map(|name| Some(name.as_str()))));
        owned.account_columns.insert("entity".to_owned(), column);
        let mut merged = draft;
        merged.senders = merged.senders.iter().map(|&account| owners[account as usize]).collect();
        merged.receivers = merged.receivers.iter().map(|&account| owners[account as usize]).collect();
        merged.keys = (0..4).map(|owner| format!("o{owner}")).collect();
        let by_owner = Flow { level: MatchLevel::Entity, ..flow.clone() };
        prop_assert_eq!(matches(owned, &by_owner), matches(merged, &flow));
    }
}
