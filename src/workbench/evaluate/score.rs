//! Counts right, wrong and missed at three grains, and makes precision, recall and F1 of the counts.
//!
//! What is sought is all labelled laundering, that of one rule's business, or that of one typology. Laundering that is
//! not sought, and instances that were set aside, are neither right nor wrong: whoever finds them is not blamed.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::columns::{AccountId, Ledger, RowId};
use crate::sift::Match;
use crate::stats::Rate;

use super::truth::{Labelled, Standing, Truth};

/// What is sought, and when an instance counts as found.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// What is sought.
    pub sought: Sought<'a>,
    /// Least Jaccard index of an instance and a match that hits it, above 0 and at most 1.
    pub overlap: f64,
}

/// Which labels are sought.
#[derive(Clone, Copy, Debug)]
pub enum Sought<'a> {
    /// All laundering.
    All,
    /// What is the business of the rule of this id.
    Rule(&'a str),
    /// What is labelled as this typology.
    Typology(&'a str),
}

/// What some matches are worth, held against labels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Of transfers: in a match, and labelled.
    pub transfer: Grain,
    /// Of accounts, but those that stand for the outside: with a matched transfer, and with a labelled one.
    pub account: Grain,
    /// Of labelled instances that a match overlaps by the aim's Jaccard index or more, and of matches that hit none.
    pub instance: Grain,
    /// Of labelled instances that a match shares a transfer with, and of matches that share none with any.
    pub touched: Grain,
    /// The matches by what they hit at the aim's overlap.
    pub matches: Hits,
}

/// Counts at one grain, and what is made of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Grain {
    /// Found and labelled.
    pub tp: usize,
    /// Found and not labelled.
    pub fp: usize,
    /// Labelled and not found.
    #[serde(rename = "fn")]
    pub missed: usize,
    /// Neither; unknown for instances, since nobody can count the flows that are not there.
    pub tn: Option<usize>,
    /// tp / (tp + fp).
    pub precision: Option<Rate>,
    /// tp / (tp + fn).
    pub recall: Option<Rate>,
    /// 2 tp / (2 tp + fp + fn).
    pub f1: Option<Rate>,
    /// What a blind pick would reach as precision: (tp + fn) / all.
    pub chance: Option<f64>,
    /// Precision over chance.
    pub lift: Option<f64>,
}

/// Matches by what they hit; each counts once. To hit is to overlap enough; laundering that is not sought excuses a match
/// that shares one transfer with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Hits {
    /// Hit an instance that is sought.
    pub sought: usize,
    /// Share transfers with what is sought, and overlap it too little: wrong.
    pub part: usize,
    /// On laundering that is not sought: neither right nor wrong.
    pub other: usize,
    /// On an instance that was set aside: neither right nor wrong.
    pub set_aside: usize,
    /// On a lookalike: wrong.
    pub lookalike: usize,
    /// On nothing that is labelled: wrong.
    pub nothing: usize,
}

impl Hits {
    /// All matches.
    #[must_use]
    pub fn total(&self) -> usize {
        self.sought + self.part + self.other + self.set_aside + self.lookalike + self.nothing
    }

    /// The matches that are wrong.
    #[must_use]
    pub fn wrong(&self) -> usize {
        self.part + self.lookalike + self.nothing
    }
}

impl Grain {
    /// Makes figures of counts; `tn` where there is a population to count.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
    pub fn new(tp: usize, fp: usize, missed: usize, tn: Option<usize>) -> Self {
        let precision = Rate::of(tp, tp + fp);
        let all = tn.map(|tn| tp + fp + missed + tn).filter(|&all| all > 0);
        let chance = all.map(|all| (tp + missed) as f64 / all as f64);
        let over = |(precision, chance): (Rate, f64)| (chance > 0.0).then(|| precision.value / chance);
        Self {
            tp,
            fp,
            missed,
            tn,
            precision,
            recall: Rate::of(tp, tp + missed),
            f1: Rate::f1(tp, fp, missed),
            chance,
            lift: precision.zip(chance).and_then(over),
        }
    }

    /// The grain of a population: what was found against what is sought; of neither count those that are excused.
    fn counted<T: Ord>(found: &BTreeSet<T>, sought: &BTreeSet<T>, excused: &BTreeSet<T>, population: usize) -> Self {
        let tp = found.intersection(sought).count();
        let excused_only = excused.difference(sought).count();
        let fp = found.iter().filter(|item| !sought.contains(item) && !excused.contains(item)).count();
        let missed = sought.len() - tp;
        Self::new(tp, fp, missed, Some(population.saturating_sub(tp + fp + missed + excused_only)))
    }
}

/// Holds matches against labels.
#[must_use]
pub fn score<'m>(
    truth: &Truth,
    ledger: &Ledger,
    matches: impl IntoIterator<Item = &'m Match>,
    aim: &Aim<'_>,
) -> Figures {
    let matches: Vec<&Match> = matches.into_iter().collect();
    let found: BTreeSet<RowId> = matches.iter().flat_map(|found| &found.transfers).copied().collect();
    let (sought, excused) = rows(truth, aim);
    let accounts = |rows: &BTreeSet<RowId>| -> BTreeSet<AccountId> {
        let ends = rows.iter().flat_map(|&row| [ledger.sender(row), ledger.receiver(row)]);
        ends.filter(|&account| !ledger.accounts().is_outside(account)).collect()
    };
    let insiders = ledger.accounts().ids().filter(|&account| !ledger.accounts().is_outside(account)).count();
    let hits: Vec<Hit> = matches.iter().map(|found| Hit::of(truth, found)).collect();
    let (instance, by_match) = instances(truth, &hits, aim, aim.overlap);
    Figures {
        transfer: Grain::counted(&found, &sought, &excused, ledger.len()),
        account: Grain::counted(&accounts(&found), &accounts(&sought), &accounts(&excused), insiders),
        instance,
        touched: instances(truth, &hits, aim, 0.0).0,
        matches: by_match,
    }
}

/// What a match shares with the labels.
struct Hit {
    shared: Vec<Shared>,
    /// Whether it holds labelled laundering of no instance.
    is_loose: bool,
}

impl Hit {
    fn of(truth: &Truth, found: &Match) -> Self {
        let is_loose = found.transfers.iter().any(|row| truth.loose.binary_search_by_key(row, |loose| loose.0).is_ok());
        Self { shared: shared(truth, found), is_loose }
    }
}

/// A labelled instance that a match shares transfers with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::workbench) struct Shared {
    /// Position of the instance.
    pub(in crate::workbench) instance: usize,
    /// How many transfers they share.
    pub(super) transfers: usize,
    /// Shared transfers over the transfers of either.
    pub(in crate::workbench) jaccard: f64,
}

/// The labelled instances that a match shares transfers with, in order.
pub(in crate::workbench) fn shared(truth: &Truth, found: &Match) -> Vec<Shared> {
    let mut counts = FxHashMap::<usize, usize>::default();
    for instance in found.transfers.iter().flat_map(|&row| truth.holders(row)) {
        *counts.entry(instance).or_default() += 1;
    }
    let measure = |(instance, transfers): (usize, usize)| {
        let either = truth.instances[instance].rows.len() + found.transfers.len() - transfers;
        #[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
        let jaccard = transfers as f64 / either as f64;
        Shared { instance, transfers, jaccard }
    };
    let mut shared: Vec<Shared> = counts.into_iter().map(measure).collect();
    shared.sort_unstable_by_key(|shared| shared.instance);
    shared
}

/// Whether an aim seeks an instance.
pub(in crate::workbench) fn seeks(aim: &Aim<'_>, one: &Labelled) -> bool {
    let is_meant = match aim.sought {
        Sought::All => true,
        Sought::Rule(rule) => one.rules.iter().any(|id| id == rule),
        Sought::Typology(typology) => one.typology == typology,
    };
    is_meant && one.is_sound()
}

/// The transfers that are sought, and those that nobody is blamed for.
pub(super) fn rows(truth: &Truth, aim: &Aim<'_>) -> (BTreeSet<RowId>, BTreeSet<RowId>) {
    let (mut sought, mut excused) = (BTreeSet::new(), BTreeSet::new());
    for one in truth.instances.iter().filter(|one| one.standing != Standing::Lookalike) {
        let place = if seeks(aim, one) { &mut sought } else { &mut excused };
        place.extend(one.rows.iter().copied());
    }
    for (row, typology) in &truth.loose {
        let is_meant = match (aim.sought, typology) {
            (Sought::All, _) => true,
            (Sought::Rule(rule), Some(typology)) => truth.loose_rules[typology].iter().any(|id| id == rule),
            (Sought::Typology(wanted), Some(typology)) => wanted == typology,
            (_, None) => false,
        };
        let place = if is_meant { &mut sought } else { &mut excused };
        place.insert(*row);
    }
    (sought, excused)
}

/// Instances that matches hit by an overlap, or touch where it is zero.
fn instances(truth: &Truth, hits: &[Hit], aim: &Aim<'_>, overlap: f64) -> (Grain, Hits) {
    let mut by_match = Hits::default();
    let mut found = BTreeSet::new();
    for Hit { shared, is_loose } in hits {
        let any = |least: f64, test: &dyn Fn(&Labelled) -> bool| {
            shared.iter().any(|shared| shared.jaccard >= least && test(&truth.instances[shared.instance]))
        };
        let is_set_aside = |one: &Labelled| matches!(one.standing, Standing::SetAside(_));
        let count = match () {
            () if any(overlap, &|one| seeks(aim, one)) => &mut by_match.sought,
            () if any(overlap, &Labelled::is_sound) => &mut by_match.other,
            () if any(overlap, &is_set_aside) => &mut by_match.set_aside,
            () if any(0.0, &|one| seeks(aim, one)) => &mut by_match.part,
            () if *is_loose || any(0.0, &Labelled::is_sound) => &mut by_match.other,
            () if any(0.0, &is_set_aside) => &mut by_match.set_aside,
            () if !shared.is_empty() => &mut by_match.lookalike,
            () => &mut by_match.nothing,
        };
        *count += 1;
        let hit = shared.iter().filter(|shared| shared.jaccard >= overlap).map(|shared| shared.instance);
        found.extend(hit.filter(|&one| seeks(aim, &truth.instances[one])));
    }
    let sought = truth.instances.iter().filter(|one| seeks(aim, one)).count();
    (Grain::new(found.len(), by_match.wrong(), sought - found.len(), None), by_match)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{found, labels};
    use super::super::names::Names;
    use super::*;
    use crate::sift::fixture::ledger;

    /// Ten transfers: a fan-in (0, 1, 2), a lookalike of one (3, 4), a cycle that does not close (5, 6) and 7, 8, 9.
    const LEDGER: &[(&str, i64, &str, &str, i64)] = &[
        ("t0", 0, "a", "x", 1),
        ("t1", 1, "b", "x", 1),
        ("t2", 2, "c", "x", 1),
        ("t3", 3, "d", "y", 1),
        ("t4", 4, "e", "y", 1),
        ("t5", 5, "f", "g", 1),
        ("t6", 6, "g", "h", 1),
        ("t7", 7, "i", "j", 1),
        ("t8", 8, "k", "l", 1),
        ("t9", 9, "m", "n", 1),
    ];

    fn truth(more: &[(u32, Option<&str>, Option<&str>)]) -> (Truth, Ledger) {
        let ledger = ledger(LEDGER);
        let mut rows: Vec<(u32, Option<&str>, Option<&str>)> =
            (0..3).map(|row| (row, Some("fan_in"), Some("1"))).collect();
        rows.extend((3..5).map(|row| (row, Some("lookalike:fan-in"), Some("rent"))));
        rows.extend((5..7).map(|row| (row, Some("cycle"), Some("2"))));
        rows.extend(more);
        (Truth::new(&labels(&rows), &ledger, &Names::default()), ledger)
    }

    fn counts(grain: &Grain) -> (usize, usize, usize, Option<usize>) {
        (grain.tp, grain.fp, grain.missed, grain.tn)
    }

    const ALL: Aim<'static> = Aim { sought: Sought::All, overlap: 0.5 };

    #[test]
    fn a_confusion_table_that_was_counted_by_hand_comes_out_at_each_grain() {
        let (truth, ledger) = truth(&[]);
        // One match on two thirds of the fan-in, one on the lookalike, one on the set-aside cycle, one on nothing.
        let matches = [found(0, &[0, 1]), found(0, &[3, 4]), found(0, &[5, 6]), found(0, &[7])];
        let figures = score(&truth, &ledger, &matches, &ALL);
        // Transfers: t0, t1 right; t3, t4, t7 wrong; t2 missed; t5, t6 excused; t8, t9 left alone.
        assert_eq!(counts(&figures.transfer), (2, 3, 1, Some(2)));
        // Accounts: a, b, x right; d, e, y, i, j wrong; c missed; f, g, h excused; k, l, m, n left alone.
        assert_eq!(counts(&figures.account), (3, 5, 1, Some(4)));
        assert_eq!(counts(&figures.instance), (1, 2, 0, None));
        let hits = Hits { sought: 1, part: 0, other: 0, set_aside: 1, lookalike: 1, nothing: 1 };
        assert_eq!((figures.matches, hits.total(), hits.wrong()), (hits, 4, 2));
        // Three of the eight transfers that count are laundering: a blind pick is right with 3/8, the rule with 2/5.
        assert_eq!((figures.transfer.chance, figures.transfer.lift), (Some(0.375), Some(0.4 / 0.375)));
        assert_eq!((figures.instance.chance, figures.instance.lift), (None, None));
    }

    #[test]
    fn an_instance_is_hit_by_half_of_both_and_touched_by_one_transfer() {
        let (truth, ledger) = truth(&[]);
        let hub = found(0, &[0, 7, 8, 9]);
        let figures = score(&truth, &ledger, [&hub], &ALL);
        assert_eq!((counts(&figures.instance), figures.matches.part), ((0, 1, 1, None), 1));
        assert_eq!(counts(&figures.touched), (1, 0, 0, None));
        let half = found(0, &[0, 1, 2, 7, 8, 9]);
        assert_eq!(counts(&score(&truth, &ledger, [&half], &ALL).instance), (1, 0, 0, None), "3 of 6");
        let strict = Aim { overlap: 0.51, ..ALL };
        assert_eq!(counts(&score(&truth, &ledger, [&half], &strict).instance), (0, 1, 1, None));
    }

    #[test]
    fn a_piece_of_laundering_under_another_name_excuses_a_match() {
        let (truth, ledger) = truth(&[]);
        let aim = Aim { sought: Sought::Rule("fan-out"), overlap: 0.5 };
        let matches = [found(0, &[0, 7, 8]), found(0, &[5, 7, 8, 9]), found(0, &[3, 7, 8])];
        let figures = score(&truth, &ledger, &matches, &aim);
        let Hits { other, set_aside, lookalike, .. } = figures.matches;
        assert_eq!((other, set_aside, lookalike, figures.instance.fp), (1, 1, 1, 1));
    }

    #[test]
    fn matches_on_one_instance_find_it_once() {
        let (truth, ledger) = truth(&[]);
        let figures = score(&truth, &ledger, &[found(0, &[0, 1]), found(1, &[1, 2])], &ALL);
        assert_eq!((counts(&figures.instance), figures.matches.sought), ((1, 0, 0, None), 2));
    }

    #[test]
    fn laundering_under_another_name_is_not_held_against_a_rule() {
        let (truth, ledger) = truth(&[]);
        let matches = [found(0, &[0, 1, 2]), found(0, &[9])];
        let aim = Aim { sought: Sought::Rule("fan-out"), overlap: 0.5 };
        let figures = score(&truth, &ledger, &matches, &aim);
        assert_eq!(counts(&figures.transfer), (0, 1, 0, Some(4)), "t9 is wrong; t0, t1, t2, t5, t6 are excused");
        assert_eq!((figures.matches.other, figures.matches.nothing, figures.instance.recall), (1, 1, None));
        let own = score(&truth, &ledger, &matches, &Aim { sought: Sought::Rule("fan-in"), overlap: 0.5 });
        assert_eq!(counts(&own.instance), (1, 1, 0, None));
        let typology = score(&truth, &ledger, &matches, &Aim { sought: Sought::Typology("fan_in"), overlap: 0.5 });
        assert_eq!(typology.instance, own.instance);
    }

    #[test]
    fn labels_without_an_instance_count_as_transfers_and_blame_no_match() {
        let (truth, ledger) = truth(&[(8, Some("Structuring"), None), (9, None, None)]);
        let figures = score(&truth, &ledger, &[found(0, &[8, 9])], &ALL);
        assert_eq!(counts(&figures.transfer), (2, 0, 3, Some(3)));
        assert_eq!((figures.matches.other, figures.instance.fp), (1, 0));
        let rule = Aim { sought: Sought::Rule("structured-fan-in"), overlap: 0.5 };
        assert_eq!(counts(&score(&truth, &ledger, &[found(0, &[8, 9])], &rule).transfer), (1, 0, 0, Some(3)));
    }
}
