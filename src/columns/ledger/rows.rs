//! Parts of a ledger that is larger than memory: other transfers between the same accounts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::super::{AccountId, BaseAmount, Column, CurrencyId, Money, SourceRow, Time, TxIds};
use super::Ledger;

/// Transfers whose accounts and currencies are those of a ledger, in (time, transfer id) order; one value a row in each.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Transfer ids.
    pub tx_ids: TxIds,
    /// Booking times.
    pub times: Vec<Time>,
    /// Accounts of the ledger.
    pub senders: Vec<AccountId>,
    /// Accounts of the ledger.
    pub receivers: Vec<AccountId>,
    /// Booked amounts, above zero.
    pub amounts: Vec<Money>,
    /// Currencies of the ledger.
    pub currencies: Vec<CurrencyId>,
    /// The same amounts in the base currency.
    pub base_amounts: Vec<BaseAmount>,
    /// The further columns, of the same names and kinds as the ledger's.
    pub columns: BTreeMap<String, Column>,
    /// Where each row stood.
    pub sources: Vec<SourceRow>,
}

impl Rows {
    /// Puts other rows behind these.
    ///
    /// # Panics
    ///
    /// Where the further columns are of other kinds.
    pub fn append(&mut self, other: Self) {
        self.tx_ids.append(other.tx_ids);
        self.times.extend(other.times);
        self.senders.extend(other.senders);
        self.receivers.extend(other.receivers);
        self.amounts.extend(other.amounts);
        self.currencies.extend(other.currencies);
        self.base_amounts.extend(other.base_amounts);
        self.sources.extend(other.sources);
        for (name, column) in other.columns {
            self.columns.get_mut(&name).expect("the same columns").append(column);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl Ledger {
    /// These transfers between the same accounts, with the same currencies, owners and lists.
    ///
    /// # Panics
    ///
    /// Where they are not in order.
    #[must_use]
    pub fn with_rows(&self, rows: Rows) -> Self {
        let ordered = (1..rows.len()).all(|row| {
            rows.times[row - 1].cmp(&rows.times[row]).then_with(|| rows.tx_ids.compare(row - 1, row)).is_lt()
        });
        assert!(ordered, "transfers are in (time, transfer id) order");
        Self {
            tx_ids: rows.tx_ids.into(),
            times: rows.times.into(),
            amounts: Some(rows.amounts.into()),
            currencies: rows.currencies.into(),
            base_amounts: rows.base_amounts.into(),
            columns: rows.columns.into(),
            sources: Arc::new(rows.sources.into_iter().collect()),
            ..self.moved(rows.senders, rows.receivers)
        }
    }

    /// Transfers in the order of time of which only times, accounts and weights are known: all that looking back needs.
    #[must_use]
    pub fn with_moves(&self, times: Vec<Time>, moves: Vec<(AccountId, AccountId)>, weights: Vec<BaseAmount>) -> Self {
        let (senders, receivers) = moves.into_iter().unzip();
        let (times, base_amounts) = (times.into(), weights.into());
        Self { times, senders, receivers, base_amounts, ..self.with_rows(self.rows_in(0..0)) }
    }

    /// The transfers at these positions, which are in order, each once.
    #[must_use]
    pub fn rows_at(&self, positions: &[u32]) -> Rows {
        Rows {
            tx_ids: self.tx_ids.copied(positions),
            times: super::each(&self.times, positions),
            senders: super::each(&self.senders, positions),
            receivers: super::each(&self.receivers, positions),
            amounts: self.booked(positions),
            currencies: super::each(&self.currencies, positions),
            base_amounts: super::each(&self.base_amounts, positions),
            columns: self.columns.iter().map(|(name, column)| (name.clone(), column.gather(positions))).collect(),
            sources: positions.iter().map(|&row| self.source(super::super::RowId(row))).collect(),
        }
    }

    /// A run of the transfers.
    ///
    /// # Panics
    ///
    /// Where it leads out of the ledger.
    #[must_use]
    pub fn rows_in(&self, run: Range<u32>) -> Rows {
        self.rows_at(&run.collect::<Vec<_>>())
    }
}
