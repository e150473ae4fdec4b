//! What a transfer is: accounts, money and time, and the [`Ledger`] that holds them.
//!
//! Every other stage speaks in these words. A value that exists here has been checked: a [`Ledger`] is
//! sorted, its account numbers are dense, its amounts are positive integers.

mod accounts;
mod column;
mod flags;
mod hex;
mod history;
mod ids;
mod keys;
mod ledger;
mod lists;
mod money;
mod owners;
pub mod schema;
mod sources;
mod summary;
mod time;
mod tx_ids;

pub use accounts::Accounts;
pub use column::{Column, TextColumn};
pub(crate) use flags::bits;
pub use hex::hex;
pub use history::{End, History, NoHistory, Past};
pub use ids::{AccountId, CurrencyId, RowId};
pub use keys::Keys;
pub use ledger::{Copied, Currency, Draft, Ledger, Origin, Rows, SourceRow};
pub use lists::{ListEntry, ReferenceList};
pub use money::{BaseAmount, Money, ParseRatioError, Ratio};
pub use sources::Sources;
pub use summary::{CurrencySummary, LedgerSummary, Survey};
pub use time::{ParseSpanError, Span, Time};
pub use tx_ids::{Numbers, TxIds};
