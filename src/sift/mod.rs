//! Overlapping instances in, distinct [`Matches`] out; matches that share accounts become [`Cases`].
//!
//! The door is [`consolidate`]. Each of its steps is a file: episodes are put together, upper ends and `unless` drop
//! finished matches, subsets are dropped, what is left is named, marked where more specific rules explain it, and
//! gathered into cases. Nothing depends on the order in which instances were found.

mod case;
mod completeness;
mod cover;
mod edge;
mod episode;
mod fate;
mod feed;
#[cfg(test)]
pub(crate) mod fixture;
mod id;
mod index;
mod subset;
mod upper;

pub use completeness::{Completeness, NotEvaluated, RuleCut, UnknownHistory};
pub use fate::{Fate, Fates, fates};
pub use feed::{Feeders, feeders};

use rayon::prelude::*;

use crate::columns::{AccountId, Ledger, RowId, Time};
use crate::lang::{Severity, StepId, TypologySet};
use crate::plan::Plan;
use crate::search::{Instance, Instances, SearchError, Searcher, StandIn, features};

/// All matches of a run, in (rule, started, id) order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// The matches.
    pub list: Vec<Match>,
}

/// One match of one rule: the flow that is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// Hash of rule id, binding and sorted transfer ids: the same on any machine, in any row order.
    pub id: String,
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// Position among the rule's flows of the one that it fits.
    pub variant: usize,
    /// Accounts of the single roles in role order, then the unnamed accounts in flow order.
    pub binding: Vec<AccountId>,
    /// The accounts of each role of the flow, in key order.
    pub roles: Vec<Vec<AccountId>>,
    /// The transfers, slot by slot.
    pub slots: Vec<Slot>,
    /// The distinct transfers, in row order.
    pub transfers: Vec<RowId>,
    /// How many instances it unites.
    pub instances: u64,
    /// Time of its first transfer.
    pub started: Time,
    /// Time of its last transfer.
    pub ended: Time,
    /// Length of its line: each step counts one, and a path its hops.
    pub hops: usize,
    /// Sum of the first step in minor units of the base currency, if every transfer can be weighed.
    pub amount_in: Option<i128>,
    /// Sum of the last step.
    pub amount_out: Option<i128>,
    /// Sum of all transfers, each once.
    pub amount_total: Option<i128>,
    /// Whether it begins within `within` of the ledger's first transfer.
    pub near_start: bool,
    /// Whether it ends within `within` of the ledger's last transfer.
    pub near_end: bool,
    /// Ids of matches of more specific rules that hold at least 60 % of its transfers, in id order.
    pub covered_by: Vec<String>,
    /// Position of its case in [`Cases::list`].
    pub case: usize,
}

impl Match {
    /// The distinct accounts that pay or are paid in it, in key order.
    #[must_use]
    pub fn accounts(&self, ledger: &Ledger) -> Vec<AccountId> {
        let ends = self.transfers.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]);
        let mut accounts: Vec<AccountId> = ends.collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}

/// The transfers at one place of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Position of the step in the flow.
    pub step: StepId,
    /// Which hop of the step, from 0; 0 where the step has no `hops`.
    pub hop: usize,
    /// The transfers, in row order.
    pub rows: Vec<RowId>,
}

/// All cases of a run, the gravest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// The cases, ranked.
    pub list: Vec<Case>,
}

/// Matches that share accounts, put together for an analyst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Hash of its match ids.
    pub id: String,
    /// Positions in [`Matches::list`], in order.
    pub matches: Vec<usize>,
    /// Distinct accounts, in key order.
    pub accounts: Vec<AccountId>,
    /// Distinct transfers, in row order.
    pub transfers: Vec<RowId>,
    /// Positions of the distinct rules, in order.
    pub rules: Vec<usize>,
    /// Severity of its gravest match.
    pub severity: Severity,
    /// Sum of its distinct transfers that can be weighed, in minor units of the base currency.
    pub value: i128,
    /// Distinct transfers that cannot be weighed, left out of `value`.
    pub unweighed: usize,
}

/// What the search of one flow of a rule found.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// The plan that was searched.
    pub plan: &'a Plan,
    /// Its instances, from any number of searches put together in any order.
    pub instances: Instances,
}

/// What became of the instances of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Position of the rule in the run's set.
    pub rule: usize,
    /// Instances found.
    pub instances: u64,
    /// Finished matches they make before any is dropped.
    pub finished: usize,
    /// Finished matches above an upper end of the rule.
    pub above_upper_end: usize,
    /// Finished matches beside which a transfer stands that the rule's `without` forbids.
    pub without: usize,
    /// Finished matches whose `expected` payment is not missing.
    pub expected: usize,
    /// Finished matches that the rule's `unless` drops.
    pub unless: usize,
    /// Matches dropped since another match of the rule holds all their transfers.
    pub contained: usize,
    /// Matches reported.
    pub matches: usize,
}

/// Everything that sifting gives.
#[derive(Clone, Debug, Default)]
pub struct Sifted {
    /// The matches.
    pub matches: Matches,
    /// The cases.
    pub cases: Cases,
    /// What became of the instances of each rule, in rule order.
    pub tallies: Vec<Tally>,
    /// What was cut, and which rules' `unless` does not fit the ledger.
    pub completeness: Completeness,
}

/// The finished matches of one rule, each as the one transfer that it is where another rule uses it.
///
/// # Errors
///
/// Where a predicate does not fit the ledger's columns.
pub fn stand_ins(flows: &[Found<'_>], searcher: &Searcher<'_>) -> Result<Vec<StandIn>, SearchError> {
    let Some(found) = flows.first() else { return Ok(Vec::new()) };
    let rule = &found.plan.typology;
    let steps = &found.plan.flow.steps;
    let (first, last) = (steps[0].left, steps[steps.len() - 1].right);
    let (matches, _) = settle(flows, searcher, rule)?;
    let weigh = |row: &RowId| searcher.ledger().base_amount(*row).get().map(|money| i128::from(money.0));
    let stand_in = |found: Match| StandIn {
        rule: rule.clone(),
        from: found.roles[first][0],
        to: found.roles[last][0],
        weight: found.slots.last().and_then(|slot| slot.rows.iter().map(weigh).sum()),
        rows: found.transfers,
    };
    Ok(matches.into_iter().map(stand_in).collect())
}

/// Turns what was found into distinct matches and cases.
///
/// A rule whose `unless` does not fit the ledger has no matches and is listed as not evaluated.
///
/// # Errors
///
/// Where the run was interrupted.
pub fn consolidate(
    mut found: Vec<Found<'_>>,
    searcher: &Searcher<'_>,
    set: &TypologySet,
) -> Result<Sifted, SearchError> {
    found.sort_by_key(|found| (found.rule, found.plan.variant));
    let mut sifted = Sifted::default();
    for flows in found.chunk_by(|a, b| a.rule == b.rule) {
        let rule = flows[0].rule;
        for flow in flows {
            sifted.completeness.add_cuts(rule, &flow.instances.cuts);
        }
        let unknown =
            || flows.iter().map(|flow| searcher.unknown_history(&flow.plan.flow)).collect::<Result<Vec<_>, _>>();
        let settled = settle(flows, searcher, &set.typologies[rule].id);
        match settled.and_then(|(matches, tally)| Ok((matches, tally, unknown()?))) {
            Ok((matches, tally, unknown)) => {
                for unknown in unknown {
                    sifted.completeness.add_unknown(rule, unknown);
                }
                sifted.matches.list.extend(matches);
                sifted.tallies.push(tally);
            }
            Err(SearchError::NotEvaluable(reason)) => {
                sifted.completeness.add_not_evaluated(rule, reason);
            }
            Err(SearchError::Interrupted) => return Err(SearchError::Interrupted),
        }
    }
    cover::mark(&mut sifted.matches.list, set);
    sifted.cases = case::gather(&mut sifted.matches.list, searcher.ledger(), set);
    Ok(sifted)
}

/// The matches of one rule, in (started, id) order, and what became of the instances of its flows.
fn settle(flows: &[Found<'_>], searcher: &Searcher<'_>, id: &str) -> Result<(Vec<Match>, Tally), SearchError> {
    let mut tally = Tally { rule: flows[0].rule, ..Tally::default() };
    let finished = flows.iter().map(|found| finish(found, searcher, &mut tally));
    let mut episodes = finished.collect::<Result<Vec<Instances>, SearchError>>()?;
    let judged = flows.iter().zip(&episodes).map(|(found, matches)| match &found.plan.flow.unless {
        Some(unless) => searcher.judge(found.plan, unless, matches, &episodes),
        None => Ok(vec![false; matches.len()]),
    });
    let judged = judged.collect::<Result<Vec<_>, SearchError>>()?;
    tally.unless = drop_flagged(&mut episodes, &judged);
    let contained = subset::contained(&episodes);
    tally.contained = drop_flagged(&mut episodes, &contained);
    let mut matches: Vec<Match> = Vec::new();
    for (found, episodes) in flows.iter().zip(&episodes) {
        let ledger = searcher.ledger_of(&found.plan.flow)?;
        let positions = (0..episodes.len()).into_par_iter();
        matches.par_extend(positions.map(|position| report(found, id, ledger, episodes.get(position))));
    }
    tally.matches = matches.len();
    matches.par_sort_by(|a, b| a.started.cmp(&b.started).then_with(|| a.id.cmp(&b.id)));
    Ok((matches, tally))
}

/// The finished matches of one flow that upper ends, `without` and `expected` leave.
fn finish(found: &Found<'_>, searcher: &Searcher<'_>, tally: &mut Tally) -> Result<Instances, SearchError> {
    let flow = &found.plan.flow;
    let ledger = searcher.ledger_of(flow)?;
    let mut episodes = episode::put_together(&found.instances);
    tally.instances += found.instances.total();
    tally.finished += episodes.len();
    let exceeded = upper::exceeded(flow, ledger, &episodes);
    tally.above_upper_end += drop_one(&mut episodes, &exceeded);
    if !flow.without.is_empty() {
        let forbidden = searcher.forbidden(found.plan, &episodes)?;
        tally.without += drop_one(&mut episodes, &forbidden);
    }
    if !flow.expected.is_empty() {
        let came = searcher.not_missing(found.plan, &episodes)?;
        tally.expected += drop_one(&mut episodes, &came);
    }
    Ok(episodes)
}

/// Drops the flagged episodes of each flow; says how many.
fn drop_flagged(flows: &mut [Instances], flags: &[Vec<bool>]) -> usize {
    flows.iter_mut().zip(flags).map(|(episodes, flags)| drop_one(episodes, flags)).sum()
}

/// Drops the flagged episodes of one flow; says how many.
fn drop_one(episodes: &mut Instances, flags: &[bool]) -> usize {
    let count = flags.iter().filter(|&&flag| flag).count();
    if count > 0 {
        let keep: Vec<bool> = flags.iter().map(|&flag| !flag).collect();
        *episodes = episodes.filtered(&keep);
    }
    count
}

/// The match that an episode is; its cover and its case are filled in when all matches are known.
fn report(found: &Found<'_>, id: &str, ledger: &Ledger, episode: Instance<'_>) -> Match {
    let flow = &found.plan.flow;
    let known = features(flow, ledger, episode);
    let transfers = episode.transfers();
    let (near_start, near_end) = edge::near(ledger, flow, known.started, known.ended);
    Match {
        id: id::of_match(id, ledger, episode.binding, &transfers),
        rule: found.rule,
        variant: found.plan.variant.0,
        binding: episode.binding.to_vec(),
        slots: episode::slots(episode),
        transfers,
        instances: episode.count,
        started: known.started,
        ended: known.ended,
        hops: known.hops,
        amount_in: known.amount_in,
        amount_out: known.amount_out,
        amount_total: known.amount_total,
        roles: known.roles,
        near_start,
        near_end,
        covered_by: Vec::new(),
        case: 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fixture::{chain, fan_in, instances, ledger, ledger_with, rules, texts, tree, typology};
    use super::*;
    use crate::columns::Span;
    use crate::lang::{Absence, During, Party};

    const HOURS: &[(&str, i64, &str, &str, i64)] = &[
        ("t0", 0, "a", "b", 100),
        ("t1", 1, "a", "b", 200),
        ("t2", 2, "b", "c", 250),
        ("t3", 300, "b", "c", 100),
        ("t4", 301, "x", "y", 100),
        ("t5", 302, "z", "y", 700),
    ];

    fn sift(set: &TypologySet, ledger: &Ledger, found: Vec<Found<'_>>) -> Sifted {
        consolidate(found, &Searcher::new(ledger), set).expect("nothing interrupts")
    }

    #[test]
    fn parallel_payments_are_one_match_with_its_transfers_step_by_step() {
        let ledger = ledger(HOURS);
        let (set, plans) = rules(vec![typology("chain", Severity::High, chain())]);
        let found = instances(&ledger, &[(&["a", "b", "c"], &[&[0], &[2]]), (&["a", "b", "c"], &[&[1], &[2]])]);
        let sifted = sift(&set, &ledger, vec![Found { rule: 0, plan: &plans[0], instances: found }]);
        let [matched] = sifted.matches.list.as_slice() else { panic!("one match") };
        assert_eq!((matched.instances, matched.hops, matched.transfers.len()), (2, 2, 3));
        assert_eq!((matched.amount_in, matched.amount_out, matched.amount_total), (Some(300), Some(250), Some(550)));
        assert_eq!((matched.near_start, matched.near_end), (true, false));
        let feeders = feeders(&set.typologies[0].flow, &ledger, matched, 1).expect("the second step is fed");
        assert_eq!(feeders.of(RowId(2)), [RowId(0), RowId(1)]);
        assert_eq!(sifted.tallies[0].finished, 1);
    }

    #[test]
    fn a_tree_feeds_itself_from_its_source_on_and_its_members_are_where_the_money_rests() {
        let ledger = ledger(&[
            ("1", 0, "v", "s", 100),
            ("2", 1, "s", "a", 60),
            ("3", 1, "s", "b", 40),
            ("4", 2, "a", "x", 30),
            ("5", 3, "a", "y", 30),
        ]);
        let found = instances(&ledger, &[(&["v", "s"], &[&[0], &[1, 2, 3, 4]])]);
        let sifted = |most| {
            let (set, plans) = rules(vec![typology("tree", Severity::High, tree(most))]);
            let sifted = sift(&set, &ledger, vec![Found { rule: 0, plan: &plans[0], instances: found.clone() }]);
            (set, sifted)
        };
        let (set, three) = sifted(Some(3));
        let [matched] = three.matches.list.as_slice() else { panic!("one match") };
        assert_eq!((matched.hops, matched.amount_out), (2, Some(160)));
        assert_eq!(matched.roles[2], ["b", "x", "y"].map(|key| ledger.accounts().find(key).expect("an account")));
        let feeders = feeders(&set.typologies[0].flow, &ledger, matched, 1).expect("a tree is fed");
        let fed_by: Vec<&[RowId]> = matched.slots[1].rows.iter().map(|&row| feeders.of(row)).collect();
        assert_eq!(fed_by, [&[RowId(0)], &[RowId(0)], &[RowId(1)], &[RowId(1)]]);
        let (_, two) = sifted(Some(2));
        assert_eq!((two.matches.list.len(), two.tallies[0].above_upper_end), (0, 1));
    }

    #[test]
    fn an_upper_end_drops_the_finished_match_and_is_counted() {
        let ledger = ledger(&[("1", 0, "p", "h", 1), ("2", 1, "q", "h", 1), ("3", 2, "r", "h", 1)]);
        let (set, plans) = rules(vec![typology("fan-in", Severity::Low, fan_in(Some(2)))]);
        let windows = instances(&ledger, &[(&["h"], &[&[0, 1]]), (&["h"], &[&[1, 2]])]);
        let found = vec![Found { rule: 0, plan: &plans[0], instances: windows }];
        let sifted = sift(&set, &ledger, found);
        assert!(sifted.matches.list.is_empty());
        assert_eq!(sifted.tallies[0].above_upper_end, 1);
    }

    #[test]
    fn a_match_is_near_the_end_if_the_window_could_reach_past_it_to_the_microsecond() {
        let ledger = ledger(&[("1", 0, "a", "b", 1), ("2", 240, "c", "d", 1)]);
        let at = |hour: i64| ledger.times()[0] + Span(hour * Span::HOUR.0);
        let mut flow = chain();
        assert_eq!(edge::near(&ledger, &flow, at(240), at(240)), (true, true));
        flow.within = Span(flow.within.0 - 1);
        assert_eq!(edge::near(&ledger, &flow, at(240), at(0)), (false, false));
        let (payer, payee) = (Party::Role(0), Party::Anyone);
        flow.without = [During::Before(Span(10 * Span::DAY.0)), During::After(Span(9 * Span::DAY.0))]
            .map(|during| Absence { payer, payee, filter: None, during })
            .to_vec();
        assert_eq!(
            edge::near(&ledger, &flow, at(240), at(0)),
            (true, false),
            "what is looked for may lie outside, too"
        );
    }

    #[test]
    fn a_general_match_that_lies_by_sixty_percent_in_a_special_one_is_covered_by_it() {
        let ledger = ledger(HOURS);
        let mut special = typology("special", Severity::High, chain());
        special.specialises = vec!["general".into()];
        let (set, plans) = rules(vec![typology("general", Severity::Low, chain()), special]);
        let wide = instances(&ledger, &[(&["a", "b", "c"], &[&[0, 1], &[2, 3, 4]])]);
        let part = instances(&ledger, &[(&["a", "b", "c"], &[&[0, 1], &[2]])]);
        let run = |general: &Instances, special: &Instances| {
            let found = vec![
                Found { rule: 0, plan: &plans[0], instances: general.clone() },
                Found { rule: 1, plan: &plans[1], instances: special.clone() },
            ];
            sift(&set, &ledger, found).matches.list
        };
        let matches = run(&wide, &part);
        assert_eq!(matches[0].covered_by, [matches[1].id.clone()], "three of five transfers are sixty percent");
        assert!(matches[1].covered_by.is_empty());
        let less = instances(&ledger, &[(&["a", "b", "c"], &[&[0], &[2]])]);
        assert!(run(&wide, &less)[0].covered_by.is_empty(), "two of five are not");
    }

    #[test]
    fn matches_that_share_an_account_are_one_case_unless_it_stands_for_the_outside() {
        let found_in = |ledger: &Ledger| {
            let (set, plans) = rules(vec![
                typology("chain", Severity::High, chain()),
                typology("fan-in", Severity::Critical, fan_in(None)),
            ]);
            let found = vec![
                Found { rule: 0, plan: &plans[0], instances: instances(ledger, &[(&["a", "b", "c"], &[&[0], &[1]])]) },
                Found { rule: 1, plan: &plans[1], instances: instances(ledger, &[(&["d"], &[&[2, 3]])]) },
            ];
            sift(&set, ledger, found)
        };
        let transfers = &[("1", 0, "a", "b", 5), ("2", 1, "b", "c", 5), ("3", 2, "c", "d", 1), ("4", 3, "e", "d", 1)];
        let joined = found_in(&ledger(transfers));
        assert_eq!(joined.cases.list.len(), 1);
        assert_eq!(joined.cases.list[0].rules, [0, 1]);
        let kinds = [None, None, Some("cash"), None, None];
        let apart = found_in(&ledger_with(transfers, |draft| {
            draft.account_columns.insert("kind".into(), texts(&kinds));
        }));
        let severities: Vec<Severity> = apart.cases.list.iter().map(|case| case.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::High], "the gravest comes first, whatever its value");
        assert_eq!(apart.matches.list.iter().map(|matched| matched.case).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(apart.cases.list[1].value, 10);
    }

    /// A ledger of 24 transfers between eight accounts, one an hour.
    fn busy() -> Ledger {
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let ids: Vec<String> = (0..24).map(|n| format!("t{n}")).collect();
        let transfers: Vec<_> = (0..24usize)
            .map(|n| (ids[n].as_str(), i64::try_from(n).expect("small"), keys[n % 8], keys[(n * 3 + 1) % 8], 100))
            .collect();
        ledger(&transfers)
    }

    proptest! {
        #[test]
        fn the_order_and_the_grouping_of_what_was_found_do_not_matter(
            parts in prop::collection::vec(
                (0usize..3, prop::collection::btree_set(0u32..24, 1..4), prop::collection::btree_set(0u32..24, 1..4)), 1..30
            ),
            order in prop::collection::vec(any::<prop::sample::Index>(), 30), cut in 0usize..30,
        ) {
            let ledger = busy();
            let (set, plans) = rules(vec![typology("chain", Severity::High, chain())]);
            let bindings = [["a", "b", "c"], ["b", "c", "d"], ["a", "c", "d"]];
            let one = |part: &(usize, std::collections::BTreeSet<u32>, std::collections::BTreeSet<u32>)| {
                let (first, second): (Vec<u32>, Vec<u32>) = (part.1.iter().copied().collect(), part.2.iter().copied().collect());
                instances(&ledger, &[(&bindings[part.0], &[&first, &second])])
            };
            let all = |parts: &[_]| parts.iter().map(one).fold(Instances::default(), |mut all, part| { all.append(&part); all });
            let whole = sift(&set, &ledger, vec![Found { rule: 0, plan: &plans[0], instances: all(&parts) }]);
            let mut shuffled = parts.clone();
            for (place, pick) in order.iter().enumerate().take(parts.len()) {
                let other = pick.index(shuffled.len());
                shuffled.swap(place, other);
            }
            let (early, late) = shuffled.split_at(cut.min(shuffled.len()));
            let mut merged = all(early).coalesce();
            merged.append(&all(late).coalesce());
            let again = sift(&set, &ledger, vec![Found { rule: 0, plan: &plans[0], instances: merged }]);
            prop_assert_eq!(&whole.matches, &again.matches);
            prop_assert_eq!(&whole.cases, &again.cases);
        }
    }
}
