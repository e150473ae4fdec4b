//! What share of the ledger the matches touch: of its accounts, with intervals, and of its value.
//!
//! The shares are exact for the ledger at hand. The intervals answer another question: how far the share of a like
//! ledger may lie from this one. Value has no interval, since transfers are not trials of equal weight. Degenerate
//! cases: an empty ledger, or one that cannot be weighed, has no share.

use serde::Serialize;

use super::Decimal;
use super::interval::{Interval, clopper_pearson, wilson};

/// Share of the ledger's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AccountShare {
    /// Accounts touched.
    pub part: usize,
    /// Accounts of the ledger.
    pub whole: usize,
    /// The quotient; null for an empty ledger.
    pub share: Option<f64>,
    /// Wilson's 95 % score interval.
    pub wilson_95: Option<Interval>,
    /// The exact 95 % interval of Clopper and Pearson.
    pub clopper_pearson_95: Option<Interval>,
}

impl AccountShare {
    #[expect(clippy::cast_precision_loss, reason = "a count of accounts is far below 2^53")]
    pub(super) fn new(part: usize, whole: usize) -> Self {
        Self {
            part,
            whole,
            share: (whole > 0).then(|| part as f64 / whole as f64),
            wilson_95: wilson(part, whole),
            clopper_pearson_95: clopper_pearson(part, whole),
        }
    }
}

/// Share of the ledger's value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ValueShare {
    /// Value of the distinct transfers touched.
    pub part: Decimal,
    /// Value of the ledger's transfers.
    pub whole: Decimal,
    /// The quotient; null where no transfer can be weighed.
    pub share: Option<f64>,
}

impl ValueShare {
    #[expect(clippy::cast_precision_loss, reason = "a quotient for display; the exact sums stand beside it")]
    pub(super) fn new(part: i128, whole: i128, digits: u8) -> Self {
        Self {
            part: Decimal::new(part, digits),
            whole: Decimal::new(whole, digits),
            share: (whole > 0).then(|| part as f64 / whole as f64),
        }
    }
}
