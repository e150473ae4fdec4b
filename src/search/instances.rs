//! What a kernel finds: instances of one rule, as flat columns.
//!
//! Instances with the same binding that share a transfer are parts of one match. [`Instances::coalesce`] puts
//! such parts together; doing it early, in any order, or twice, changes nothing in the end.

use rustc_hash::FxHashMap;

use crate::columns::{AccountId, RowId};
use crate::lang::StepId;

use super::slice::Stretch;

/// Instances (or unions of instances) of one rule.
///
/// Each has a *binding*: the accounts of the single roles in role order, then the unnamed accounts in flow order.
/// Its transfers lie in *slots*: one for a step, or one for each hop of a step with `hops`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    bindings: Vec<AccountId>,
    binding_ends: Vec<usize>,
    slots: Vec<StepId>,
    slot_ends: Vec<usize>,
    rows: Vec<RowId>,
    row_ends: Vec<usize>, // one per slot
    counts: Vec<u64>,
    /// Anchors at which a budget ended the search.
    pub cuts: Vec<Cut>,
}

/// Every budget, as the option that raises it.
const BUDGETS: [&str; 3] = ["--max-instances-per-anchor", super::MATCHES_PER_RULE, super::TIME];

/// A place where a budget ended the search.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The account at which the search was anchored; `None` where the whole rule was cut.
    pub anchor: Option<AccountId>,
    /// Where a run of accounts in key order was not searched, the last of them, `anchor` being the first.
    pub through: Option<AccountId>,
    /// The budget that ended it, as the option that raises it: `--max-instances-per-anchor`.
    pub budget: &'static str,
    /// Instances found there before it ended.
    pub found: u64,
}

/// One instance, or a union of instances, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// Accounts of the single roles in role order, then the unnamed accounts in flow order.
    pub binding: &'a [AccountId],
    /// The step of each slot.
    pub slots: &'a [StepId],
    /// How many instances are in it.
    pub count: u64,
    rows: &'a [RowId],
    row_ends: &'a [usize],
    start: usize,
}

impl<'a> Instance<'a> {
    /// The transfers of a slot, in row order, each once.
    #[must_use]
    pub fn slot(&self, slot: usize) -> &'a [RowId] {
        let begin = if slot == 0 { self.start } else { self.row_ends[slot - 1] };
        &self.rows[begin - self.start..self.row_ends[slot] - self.start]
    }

    /// The transfers of all slots one after another; a transfer may stand in two slots.
    #[must_use]
    pub fn rows(&self) -> &'a [RowId] {
        self.rows
    }

    /// The distinct transfers, in row order.
    #[must_use]
    pub fn transfers(&self) -> Vec<RowId> {
        let mut rows = self.rows.to_vec();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

impl Instances {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many instances they stand for.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Adds one. Each slot's rows must be in row order, each once.
    pub fn push<'r>(
        &mut self,
        binding: &[AccountId],
        slots: impl IntoIterator<Item = (StepId, &'r [RowId])>,
        count: u64,
    ) {
        self.bindings.extend_from_slice(binding);
        self.binding_ends.push(self.bindings.len());
        for (step, rows) in slots {
            debug_assert!(rows.is_sorted_by(|a, b| a < b), "rows of a slot are in order, each once");
            self.slots.push(step);
            self.rows.extend_from_slice(rows);
            self.row_ends.push(self.rows.len());
        }
        self.slot_ends.push(self.slots.len());
        self.counts.push(count);
    }

    /// The one at a position.
    #[must_use]
    pub fn get(&self, position: usize) -> Instance<'_> {
        let begin = |ends: &[usize]| if position == 0 { 0 } else { ends[position - 1] };
        let slots = begin(&self.slot_ends)..self.slot_ends[position];
        let start = if slots.start == 0 { 0 } else { self.row_ends[slots.start - 1] };
        let end = if slots.end == 0 { 0 } else { self.row_ends[slots.end - 1] };
        Instance {
            binding: &self.bindings[begin(&self.binding_ends)..self.binding_ends[position]],
            slots: &self.slots[slots.clone()],
            count: self.counts[position],
            rows: &self.rows[start..end],
            row_ends: &self.row_ends[slots],
            start,
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Instance<'_>> {
        (0..self.len()).map(|position| self.get(position))
    }

    /// Adds all of another.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() && self.cuts.is_empty() {
            self.clone_from(other);
            return;
        }
        for instance in other.iter() {
            self.push_instance(instance);
        }
        self.cuts.extend_from_slice(&other.cuts);
    }

    /// Keeps the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.len() {
            return;
        }
        let end = |ends: &[usize]| if len == 0 { 0 } else { ends[len - 1] };
        let (bindings, slots) = (end(&self.binding_ends), end(&self.slot_ends));
        let rows = if slots == 0 { 0 } else { self.row_ends[slots - 1] };
        self.bindings.truncate(bindings);
        self.binding_ends.truncate(len);
        self.slots.truncate(slots);
        self.slot_ends.truncate(len);
        self.rows.truncate(rows);
        self.row_ends.truncate(slots);
        self.counts.truncate(len);
    }

    /// The same in the numbers of the ledger that a slice was cut from.
    pub(super) fn shifted(mut self, stretch: Stretch) -> Self {
        for row in &mut self.rows {
            *row = stretch.whole(*row);
        }
        self
    }

    /// The same in the numbers of a ledger of these transfers, which hold all of them and are in order.
    ///
    /// # Panics
    ///
    /// Where a transfer is not among them.
    #[must_use]
    pub fn within(mut self, rows: &[RowId]) -> Self {
        for row in &mut self.rows {
            let place = rows.binary_search(row).expect("the ledger holds every transfer of an instance");
            *row = RowId::at(place);
        }
        self
    }

    /// The same in the numbers that these transfers of a ledger have in the whole.
    ///
    /// # Panics
    ///
    /// Where there are fewer of them than the ledger has.
    #[must_use]
    pub fn among(mut self, rows: &[RowId]) -> Self {
        for row in &mut self.rows {
            *row = rows[row.index()];
        }
        self
    }

    /// All transfers of all of them, one slot after another.
    #[must_use]
    pub fn all_rows(&self) -> &[RowId] {
        &self.rows
    }

    /// All of it as bytes, to be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut list = |values: &mut dyn ExactSizeIterator<Item = u64>| {
            bytes.extend((values.len() as u64).to_le_bytes());
            values.for_each(|value| bytes.extend(value.to_le_bytes()));
        };
        list(&mut self.bindings.iter().map(|account| account.0.into()));
        list(&mut self.binding_ends.iter().map(|&end| end as u64));
        list(&mut self.slots.iter().map(|&step| step as u64));
        list(&mut self.slot_ends.iter().map(|&end| end as u64));
        list(&mut self.rows.iter().map(|row| row.0.into()));
        list(&mut self.row_ends.iter().map(|&end| end as u64));
        list(&mut self.counts.iter().copied());
        let account = |account: Option<AccountId>| account.map_or(u64::MAX, |account| account.0.into());
        let budget = |cut: &Cut| BUDGETS.iter().position(|budget| *budget == cut.budget).unwrap_or(0) as u64;
        let cuts = self.cuts.iter().flat_map(|cut| [account(cut.anchor), account(cut.through), budget(cut), cut.found]);
        list(&mut cuts.collect::<Vec<_>>().into_iter());
        bytes
    }

    /// Reads what [`Instances::to_bytes`] wrote; nothing where the bytes are something else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut numbers = bytes.chunks_exact(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("eight bytes")));
        let mut list = || -> Option<Vec<u64>> {
            let length = numbers.next()?;
            let list: Vec<u64> = numbers.by_ref().take(usize::try_from(length).ok()?).collect();
            (list.len() as u64 == length).then_some(list)
        };
        let narrow =
            |values: Vec<u64>| values.into_iter().map(|value| u32::try_from(value).ok()).collect::<Option<Vec<_>>>();
        let places =
            |values: Vec<u64>| values.into_iter().map(|value| usize::try_from(value).ok()).collect::<Option<Vec<_>>>();
        let mut all = Self {
            bindings: narrow(list()?)?.into_iter().map(AccountId).collect(),
            binding_ends: places(list()?)?,
            slots: places(list()?)?,
            slot_ends: places(list()?)?,
            rows: narrow(list()?)?.into_iter().map(RowId).collect(),
            row_ends: places(list()?)?,
            counts: list()?,
            cuts: Vec::new(),
        };
        let account = |value: u64| u32::try_from(value).ok().map(AccountId);
        for cut in list()?.chunks_exact(4) {
            let budget = *BUDGETS.get(usize::try_from(cut[2]).ok()?)?;
            all.cuts.push(Cut { anchor: account(cut[0]), through: account(cut[1]), budget, found: cut[3] });
        }
        Some(all)
    }

    /// Adds a copy of one.
    pub fn push_instance(&mut self, instance: Instance<'_>) {
        let slots = (0..instance.slots.len()).map(|slot| (instance.slots[slot], instance.slot(slot)));
        self.push(instance.binding, slots, instance.count);
    }

    /// Those whose flag is set; `keep` has one flag for each.
    #[must_use]
    pub fn filtered(&self, keep: &[bool]) -> Self {
        let mut kept = Self { cuts: self.cuts.clone(), ..Self::default() };
        for (instance, _) in self.iter().zip(keep).filter(|(_, keep)| **keep) {
            kept.push_instance(instance);
        }
        kept
    }

    /// Puts those together that have the same binding (and the same slots) and share a transfer, transitively.
    ///
    /// The result is in (binding, first transfers) order and does not depend on the order here.
    #[must_use]
    pub fn coalesce(&self) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let key = |position: usize| {
            let instance = self.get(position);
            (instance.binding, instance.slots)
        };
        order.sort_by(|&a, &b| key(a).cmp(&key(b)));
        let mut result = Self { cuts: self.cuts.clone(), ..Self::default() };
        for group in order.chunk_by(|&a, &b| key(a) == key(b)) {
            let mut unions: Vec<(Vec<Vec<RowId>>, u64)> =
                self.components(group).iter().map(|part| self.union(part)).collect();
            unions.sort();
            for (slots, count) in unions {
                let first = self.get(group[0]);
                let slots = first.slots.iter().copied().zip(slots.iter().map(Vec::as_slice));
                result.push(first.binding, slots, count);
            }
        }
        result.cuts.sort();
        result
    }

    /// The groups of positions that share transfers, transitively.
    fn components(&self, group: &[usize]) -> Vec<Vec<usize>> {
        let mut parent: Vec<usize> = (0..group.len()).collect();
        let mut owner = FxHashMap::<RowId, usize>::default();
        for (member, &position) in group.iter().enumerate() {
            for &row in self.get(position).rows() {
                if let Some(&other) = owner.get(&row) {
                    let (a, b) = (root(&mut parent, other), root(&mut parent, member));
                    parent[a.max(b)] = a.min(b);
                } else {
                    owner.insert(row, member);
                }
            }
        }
        let mut parts = std::collections::BTreeMap::<usize, Vec<usize>>::new();
        for (member, &position) in group.iter().enumerate() {
            parts.entry(root(&mut parent, member)).or_default().push(position);
        }
        parts.into_values().collect()
    }

    /// The union of some, slot by slot, and how many instances it stands for.
    fn union(&self, part: &[usize]) -> (Vec<Vec<RowId>>, u64) {
        let slots = self.get(part[0]).slots.len();
        let union = (0..slots)
            .map(|slot| {
                let mut rows: Vec<RowId> =
                    part.iter().flat_map(|&position| self.get(position).slot(slot).iter().copied()).collect();
                rows.sort_unstable();
                rows.dedup();
                rows
            })
            .collect();
        (union, part.iter().map(|&position| self.counts[position]).sum())
    }
}

fn root(parent: &mut [usize], mut member: usize) -> usize {
    while parent[member] != member {
        parent[member] = parent[parent[member]];
        member = parent[member];
    }
    member
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(ids: &[u32]) -> Vec<RowId> {
        ids.iter().copied().map(RowId).collect()
    }

    #[test]
    fn instances_of_one_binding_that_share_a_transfer_become_one() {
        let (a, b) = (AccountId(0), AccountId(1));
        let mut found = Instances::default();
        found.push(&[a, b], [(0, rows(&[1]).as_slice()), (1, rows(&[5]).as_slice())], 1);
        found.push(&[a, b], [(0, rows(&[9]).as_slice()), (1, rows(&[10]).as_slice())], 1);
        found.push(&[a, b], [(0, rows(&[2]).as_slice()), (1, rows(&[5]).as_slice())], 1);
        found.push(&[b, a], [(0, rows(&[2]).as_slice()), (1, rows(&[5]).as_slice())], 1);
        let merged = found.coalesce();
        assert_eq!(merged.len(), 3);
        assert_eq!(merged.get(0).slot(0), rows(&[1, 2]));
        assert_eq!(merged.get(0).slot(1), rows(&[5]));
        assert_eq!((merged.get(0).count, merged.total()), (2, 4));
        assert_eq!(merged.coalesce(), merged);
        found.cuts.push(Cut { anchor: Some(a), through: None, budget: BUDGETS[2], found: 7 });
        let bytes = found.to_bytes();
        assert_eq!(Instances::from_bytes(&bytes), Some(found));
        assert_eq!(Instances::from_bytes(&bytes[8..]), None);
    }
}
