//! What `having`, `unless` and reports know of an instance or a match: sums, counts and times.

use crate::columns::{AccountId, Ledger, Time};
use crate::lang::{Flow, RoleId, Shape};

use super::Instance;
use super::reach::resting;

/// Sums, counts and times of one instance or match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// Sum of the first step, minor units of the base currency; `None` where a transfer cannot be weighed.
    pub amount_in: Option<i128>,
    /// Sum of the last step.
    pub amount_out: Option<i128>,
    /// Sum of all transfers, each once.
    pub amount_total: Option<i128>,
    /// Number of distinct transfers.
    pub transfers: usize,
    /// Length of the line: each step counts one, and a path its hops.
    pub hops: usize,
    /// Time of the first transfer.
    pub started: Time,
    /// Time of the last transfer.
    pub ended: Time,
    /// Distinct booked currencies.
    pub currencies: usize,
    /// Distinct channels, where the ledger has that column.
    pub channels: Option<usize>,
    /// The accounts of each role, in key order.
    pub roles: Vec<Vec<AccountId>>,
}

/// The features of an instance or match of a flow.
#[must_use]
pub fn features(flow: &Flow, ledger: &Ledger, instance: Instance<'_>) -> Features {
    let mut single = instance.binding.iter().copied();
    let mut roles: Vec<Vec<AccountId>> = flow
        .roles
        .iter()
        .map(|role| if role.is_single() { single.by_ref().take(1).collect() } else { Vec::new() })
        .collect();
    for (position, &step) in instance.slots.iter().enumerate() {
        if matches!(flow.steps[step].shape, Shape::Tree { .. }) {
            let ends = resting(ledger, flow.steps[step].delay, instance.slot(position));
            roles[flow.steps[step].payee()].extend(ends.map(|row| ledger.receiver(row)));
            continue;
        }
        for (role, end) in [(flow.steps[step].payer(), End::Payer), (flow.steps[step].payee(), End::Payee)] {
            collect(&mut roles, flow, role, ledger, instance.slot(position), end);
        }
    }
    for members in &mut roles {
        members.sort_unstable();
        members.dedup();
    }
    let transfers = instance.transfers();
    let of_step = |step: usize| {
        (0..instance.slots.len())
            .filter(move |&slot| instance.slots[slot] == step)
            .flat_map(|slot| instance.slot(slot))
            .copied()
    };
    let distinct = |mut values: Vec<u64>| {
        values.sort_unstable();
        values.dedup();
        values.len()
    };
    let channels = match ledger.column("channel") {
        Some(crate::columns::Column::Text(texts)) => {
            let codes = transfers.iter().map(|row| texts.codes[row.index()]);
            Some(distinct(codes.filter(|&code| code != crate::columns::TextColumn::NONE).map(u64::from).collect()))
        }
        _ => None,
    };
    Features {
        amount_in: sum(ledger, of_step(0)),
        amount_out: sum(ledger, of_step(flow.steps.len() - 1)),
        amount_total: sum(ledger, transfers.iter().copied()),
        transfers: transfers.len(),
        hops: instance.slots.len(),
        started: ledger.time(*transfers.first().expect("an instance has at least one transfer")),
        ended: ledger.time(*transfers.last().expect("an instance has at least one transfer")),
        currencies: distinct(transfers.iter().map(|&row| u64::from(ledger.currency(row).0)).collect()),
        channels,
        roles,
    }
}

#[derive(Clone, Copy)]
enum End {
    Payer,
    Payee,
}

fn collect(
    roles: &mut [Vec<AccountId>],
    flow: &Flow,
    role: RoleId,
    ledger: &Ledger,
    rows: &[crate::columns::RowId],
    end: End,
) {
    if flow.roles[role].is_single() {
        return;
    }
    let account = |&row: &crate::columns::RowId| match end {
        End::Payer => ledger.sender(row),
        End::Payee => ledger.receiver(row),
    };
    roles[role].extend(rows.iter().map(account));
}

/// The sum of transfers in the base currency; `None` where one of them cannot be weighed.
fn sum(ledger: &Ledger, rows: impl Iterator<Item = crate::columns::RowId>) -> Option<i128> {
    rows.map(|row| ledger.base_amount(row).get().map(|money| i128::from(money.0))).sum()
}
