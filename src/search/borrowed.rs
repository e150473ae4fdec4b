//! Matches of one rule that stand in the flow of another: each as one transfer of a ledger that is searched like any other.
//!
//! Predicates never see these transfers, and only the steps that use their rule do.

use crate::columns::{AccountId, BaseAmount, Copied, Ledger, Money, Origin, RowId};

use super::Instances;
use super::slice::Stretch;

/// A finished match that stands for one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// Id of its rule.
    pub rule: String,
    /// The account of its first role.
    pub from: AccountId,
    /// The account of its last role.
    pub to: AccountId,
    /// Its transfers, in row order; at the last one it stands.
    pub rows: Vec<RowId>,
    /// What its last step (of a path, its last hop) brought, in minor units of the base currency, if that can be weighed.
    pub weight: Option<i128>,
}

/// A ledger with stand-ins among its transfers.
#[derive(Debug)]
pub(super) struct Borrowed<'s> {
    pub(super) ledger: Ledger,
    pub(super) origins: Vec<Origin>,
    pub(super) standins: Vec<&'s StandIn>,
    stretch: Stretch,
}

impl<'s> Borrowed<'s> {
    /// Of a slice, those stand in it whose last transfer lies in it.
    pub(super) fn new(ledger: &Ledger, standins: &'s [StandIn], stretch: Stretch) -> Self {
        let like = |standin: &StandIn| {
            let last = standin.rows.last().expect("a match has a transfer");
            stretch.inside(*last).filter(|row| row.index() < ledger.len())
        };
        let standins: Vec<&StandIn> = standins.iter().filter(|standin| like(standin).is_some()).collect();
        let copy = |standin: &&StandIn| Copied {
            like: like(standin).expect("those elsewhere are left out"),
            sender: standin.from,
            receiver: standin.to,
            weight: weight(standin.weight),
        };
        let (ledger, origins) = ledger.with_copies(&standins.iter().map(copy).collect::<Vec<_>>());
        Self { ledger, origins, standins, stretch }
    }

    /// The same instances with the transfers of its match in place of each stand-in, in the numbers of the whole ledger,
    /// put together anew unless they are to stay `apart`.
    pub(super) fn resolved(&self, found: &Instances, apart: bool) -> Instances {
        let mut resolved = Instances::default();
        resolved.cuts.clone_from(&found.cuts);
        for instance in found.iter() {
            let slots: Vec<Vec<RowId>> = (0..instance.slots.len()).map(|slot| self.rows(instance.slot(slot))).collect();
            let slots = instance.slots.iter().copied().zip(slots.iter().map(Vec::as_slice));
            resolved.push(instance.binding, slots, instance.count);
        }
        if apart { resolved } else { resolved.coalesce() }
    }

    fn rows(&self, rows: &[RowId]) -> Vec<RowId> {
        let mut all: Vec<RowId> = Vec::with_capacity(rows.len());
        for row in rows {
            match self.origins[row.index()] {
                Origin::Row(row) => all.push(self.stretch.whole(row)),
                Origin::Copy(copy) => all.extend(&self.standins[copy].rows),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn weight(sum: Option<i128>) -> BaseAmount {
    sum.and_then(|sum| i64::try_from(sum).ok()).map_or(BaseAmount::UNKNOWN, |sum| BaseAmount::known(Money(sum)))
}
