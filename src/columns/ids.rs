//! Small numbers that stand for accounts, transfers and currencies inside one ledger.
//!
//! They are positions in an order that the data alone decides, so that comparing two of them means the same
//! on every machine: accounts by key, transfers by time and then transfer id, currencies by code.

/// An account of one ledger: its position among all account keys in byte order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AccountId(pub u32);

/// A transfer of one ledger: its position in (time, transfer id) order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RowId(pub u32);

/// A currency of one ledger: its position among the currency codes in byte order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CurrencyId(pub u16);

impl AccountId {
    /// The position as an index into per-account columns.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl RowId {
    /// The transfer at a position.
    ///
    /// # Panics
    ///
    /// Where no ledger is so long: rows are 31 bits.
    #[must_use]
    pub fn at(position: usize) -> Self {
        Self(u32::try_from(position).expect("row ids are 32 bits"))
    }

    /// The position as an index into per-transfer columns.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl CurrencyId {
    /// The position as an index into the currency table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
