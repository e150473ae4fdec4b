//! How many instances a rule has: counted, not listed.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use super::instances::{Cut, Instances};
use crate::columns::AccountId;

/// Instances of one rule as section 3 of the language reference defines them, before any match is dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many there are.
    pub instances: u128,
    /// The same by the length of the line: each step counts one, and a path its hops.
    pub by_hops: BTreeMap<usize, u128>,
    /// Distinct bindings.
    pub bindings: u64,
    /// Where the time budget ended the counting.
    pub cuts: Vec<Cut>,
}

impl Counts {
    /// Counts instances that have been found.
    pub(super) fn of(found: &Instances) -> Self {
        let mut tally = Tally::default();
        for instance in found.iter() {
            tally.add(instance.binding, instance.slots.len(), instance.count);
        }
        tally.leave();
        Self { cuts: found.cuts.clone(), ..tally.into_counts() }
    }

    /// Adds what was counted of other bindings.
    pub fn add(&mut self, other: &Self) {
        self.instances += other.instances;
        self.bindings += other.bindings;
        for (&hops, &count) in &other.by_hops {
            *self.by_hops.entry(hops).or_default() += count;
        }
        self.cuts.extend_from_slice(&other.cuts);
    }
}

/// Counts in the making. Bindings are counted anchor by anchor, since each has one anchor.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// One for each length of the line.
    by_hops: Vec<u128>,
    bindings: u64,
    /// The bindings met at the current anchor.
    here: Bindings,
}

/// Distinct bindings, one after another in one array.
#[derive(Debug, Default)]
struct Bindings {
    accounts: Vec<AccountId>,
    places: HashTable<Range<usize>>,
}

/// A set of more bindings is made anew rather than emptied.
const ROOM: usize = 1 << 12;

impl Bindings {
    fn insert(&mut self, binding: &[AccountId]) {
        let Self { accounts, places } = self;
        let hash = |binding: &[AccountId]| FxBuildHasher.hash_one(binding);
        let is_same = |place: &Range<usize>| accounts[place.clone()] == *binding;
        if let Entry::Vacant(free) = places.entry(hash(binding), is_same, |place| hash(&accounts[place.clone()])) {
            free.insert(accounts.len()..accounts.len() + binding.len());
            accounts.extend_from_slice(binding);
        }
    }

    fn clear(&mut self) {
        if self.places.capacity() > ROOM {
            *self = Self::default();
        } else {
            self.accounts.clear();
            self.places.clear();
        }
    }
}

impl Tally {
    /// Counts instances of one binding.
    pub(super) fn add(&mut self, binding: &[AccountId], hops: usize, instances: u64) {
        self.add_new(hops, instances.into(), 0);
        self.here.insert(binding);
    }

    /// Counts instances, and bindings that are met here alone.
    pub(super) fn add_new(&mut self, hops: usize, instances: u128, bindings: u64) {
        if self.by_hops.len() <= hops {
            self.by_hops.resize(hops + 1, 0);
        }
        self.by_hops[hops] += instances;
        self.bindings += bindings;
    }

    /// Takes what was counted of the same anchor elsewhere.
    pub(super) fn take(&mut self, other: Self) {
        for (hops, instances) in other.by_hops.into_iter().enumerate() {
            self.add_new(hops, instances, 0);
        }
        self.bindings += other.bindings;
        let Bindings { accounts, places } = other.here;
        places.into_iter().for_each(|place| self.here.insert(&accounts[place]));
    }

    /// Leaves an anchor: no binding met there is met again.
    pub(super) fn leave(&mut self) {
        self.bindings += self.here.places.len() as u64;
        self.here.clear();
    }

    pub(super) fn into_counts(self) -> Counts {
        let by_hops = self.by_hops.into_iter().enumerate().filter(|(_, count)| *count > 0);
        let by_hops: BTreeMap<usize, u128> = by_hops.collect();
        Counts { instances: by_hops.values().sum(), by_hops, bindings: self.bindings, cuts: Vec::new() }
    }
}
