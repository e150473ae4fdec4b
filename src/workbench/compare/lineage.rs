//! Which match of one run became which of the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use crate::write::{Record, RecordedMatch, RecordedRole};

/// An old match and a new one, by position, and how many transfers they share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) shared: usize,
}

/// Where the matches of two runs come from and go to.
#[derive(Debug)]
pub(super) struct Lineage<'r> {
    /// Ids that both runs have.
    pub(super) same: BTreeSet<&'r str>,
    /// Matches that changed, in old order.
    pub(super) changed: Vec<Pair>,
    /// Matches that only the old run has.
    pub(super) gone: Vec<usize>,
    /// Matches that only the new run has.
    pub(super) new: Vec<usize>,
    /// For an old match that changed, new ones that are parts of it, too.
    pub(super) split: BTreeMap<usize, Vec<usize>>,
    /// For a new match that something changed into, old ones that are parts of it, too.
    pub(super) merged: BTreeMap<usize, Vec<usize>>,
}

impl<'r> Lineage<'r> {
    pub(super) fn between(old: &'r Record, new: &'r Record) -> Self {
        let ids = |record: &'r Record| record.matches.iter().map(|found| found.id.as_str()).collect::<BTreeSet<_>>();
        let same: BTreeSet<&str> = ids(old).intersection(&ids(new)).copied().collect();
        let sides = Sides { old: differing(old, &same), new: differing(new, &same) };
        let sharing = sides.sharing(old, new);
        let mut changed = pair(&sharing, old, new);
        sides.pair_by_accounts(&mut changed);
        changed.sort_by_key(|pair| pair.old);
        let lone = |these: &[Told<'r>], side: fn(&Pair) -> usize| -> Vec<usize> {
            let taken: BTreeSet<usize> = changed.iter().map(side).collect();
            these.iter().map(|told| told.at).filter(|at| !taken.contains(at)).collect()
        };
        let (gone, fresh) = (lone(&sides.old, |pair| pair.old), lone(&sides.new, |pair| pair.new));
        let (mut split, mut merged) = (BTreeMap::<usize, Vec<usize>>::new(), BTreeMap::<usize, Vec<usize>>::new());
        for pair in &sharing {
            // A part lies by half or more of its transfers in the whole.
            let is_part = |part: &RecordedMatch| 2 * pair.shared >= part.transfers.len();
            let (is_gone, is_new) = (gone.binary_search(&pair.old).is_ok(), fresh.binary_search(&pair.new).is_ok());
            if is_new && !is_gone && is_part(&new.matches[pair.new]) {
                split.entry(pair.old).or_default().push(pair.new);
            } else if is_gone && !is_new && is_part(&old.matches[pair.old]) {
                merged.entry(pair.new).or_default().push(pair.old);
            }
        }
        Self { same, changed, gone, new: fresh, split, merged }
    }
}

/// A match that is not the same in both runs.
#[derive(Debug)]
struct Told<'r> {
    at: usize,
    rule: &'r str,
    found: &'r RecordedMatch,
}

fn differing<'r>(record: &'r Record, same: &BTreeSet<&str>) -> Vec<Told<'r>> {
    let all = record.matches.iter().enumerate().filter(|(_, found)| !same.contains(found.id.as_str()));
    all.map(|(at, found)| Told { at, rule: record.rule_of(found), found }).collect()
}

/// The matches of two runs that are not the same in both.
struct Sides<'r> {
    old: Vec<Told<'r>>,
    new: Vec<Told<'r>>,
}

impl<'r> Sides<'r> {
    /// Pairs of one rule that share a transfer.
    fn sharing(&self, old: &'r Record, new: &'r Record) -> Vec<Pair> {
        let id = |record: &'r Record, at: u32| record.transfers[at as usize].tx_id.as_str();
        let mut holders = FxHashMap::<(&str, &str), Vec<usize>>::default();
        for told in &self.new {
            for &at in &told.found.transfers {
                holders.entry((told.rule, id(new, at))).or_default().push(told.at);
            }
        }
        let mut pairs = Vec::new();
        for told in &self.old {
            let mut shared = BTreeMap::<usize, usize>::new();
            for &at in &told.found.transfers {
                for &new in holders.get(&(told.rule, id(old, at))).into_iter().flatten() {
                    *shared.entry(new).or_default() += 1;
                }
            }
            pairs.extend(shared.into_iter().map(|(new, shared)| Pair { old: told.at, new, shared }));
        }
        pairs
    }

    /// Pairs those that are in no pair yet and have the same accounts in every role, in order.
    fn pair_by_accounts(&self, pairs: &mut Vec<Pair>) {
        type Roles = [RecordedRole];
        let taken = |side: fn(&Pair) -> usize| pairs.iter().map(side).collect::<BTreeSet<_>>();
        let (taken_old, taken_new) = (taken(|pair| pair.old), taken(|pair| pair.new));
        let mut free = FxHashMap::<(&str, &Roles), VecDeque<usize>>::default();
        for told in self.new.iter().filter(|told| !taken_new.contains(&told.at)) {
            free.entry((told.rule, &told.found.roles)).or_default().push_back(told.at);
        }
        for told in self.old.iter().filter(|told| !taken_old.contains(&told.at)) {
            let partner = free.get_mut(&(told.rule, told.found.roles.as_slice())).and_then(VecDeque::pop_front);
            pairs.extend(partner.map(|new| Pair { old: told.at, new, shared: 0 }));
        }
    }
}

/// Each match in one pair at most, the greatest overlap first.
fn pair(sharing: &[Pair], old: &Record, new: &Record) -> Vec<Pair> {
    let either =
        |pair: &Pair| old.matches[pair.old].transfers.len() + new.matches[pair.new].transfers.len() - pair.shared;
    let mut candidates = sharing.to_vec();
    // Fractions are compared as products, so that no rounding decides.
    candidates.sort_by(|a, b| {
        let (shared_a, shared_b) = (a.shared as u128, b.shared as u128);
        let (either_a, either_b) = (either(a) as u128, either(b) as u128);
        (shared_b * either_a).cmp(&(shared_a * either_b)).then((a.old, a.new).cmp(&(b.old, b.new)))
    });
    let (mut taken_old, mut taken_new) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for pair in candidates {
        if !taken_old.contains(&pair.old) && !taken_new.contains(&pair.new) {
            taken_old.insert(pair.old);
            taken_new.insert(pair.new);
            pairs.push(pair);
        }
    }
    pairs
}
