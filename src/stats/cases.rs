//! How matches gather into cases, and how large the largest case is.
//!
//! One account in very many flows joins them all; the largest case shows whether that happened. Degenerate case:
//! without matches there is no largest case and there are no quantiles.

use serde::Serialize;

use crate::sift::{Case, Cases};

use super::Quantiles;

/// Numbers about the cases of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseStatistics {
    /// Cases.
    pub cases: usize,
    /// Cases of a single match.
    pub single: usize,
    /// Matches in a case.
    pub matches: Option<Quantiles>,
    /// Accounts in a case.
    pub accounts: Option<Quantiles>,
    /// The case with the most matches.
    pub largest: Option<LargestCase>,
}

/// The case with the most matches; of several, the highest in rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LargestCase {
    /// Its id.
    pub case: String,
    /// Its matches.
    pub matches: usize,
    /// Its accounts.
    pub accounts: usize,
    /// Its transfers.
    pub transfers: usize,
}

impl CaseStatistics {
    pub(super) fn new(cases: &Cases) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let spread =
            |size: fn(&Case) -> usize| Quantiles::of(cases.list.iter().map(|case| size(case) as f64).collect());
        let largest = cases.list.iter().enumerate().max_by_key(|(rank, case)| (case.matches.len(), usize::MAX - rank));
        Self {
            cases: cases.list.len(),
            single: cases.list.iter().filter(|case| case.matches.len() == 1).count(),
            matches: spread(|case| case.matches.len()),
            accounts: spread(|case| case.accounts.len()),
            largest: largest.map(|(_, case)| LargestCase {
                case: case.id.clone(),
                matches: case.matches.len(),
                accounts: case.accounts.len(),
                transfers: case.transfers.len(),
            }),
        }
    }
}
