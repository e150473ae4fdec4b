//! Names matches and cases by what they are, so that two runs can be compared: new, gone, changed.
//!
//! An id is the first 128 bits of a SHA-256 over fields that each carry their length, in hex. Version and parameters
//! of the rule stand beside the id, not inside: a flow that a changed rule still finds keeps its id.

use rayon::slice::ParallelSliceMut;
use sha2::{Digest, Sha256};

use crate::columns::{AccountId, Ledger, RowId, hex};

/// The id of a match: rule id, keys of the binding, and transfer ids in byte order.
pub(super) fn of_match(rule: &str, ledger: &Ledger, binding: &[AccountId], transfers: &[RowId]) -> String {
    let mut ids: Vec<String> = transfers.iter().map(|&row| ledger.tx_id(row)).collect();
    ids.sort_unstable();
    let mut hash = Fields::new("match");
    hash.field(rule);
    hash.list(binding.iter().map(|&account| ledger.accounts().key(account)));
    hash.list(ids.iter().map(String::as_str));
    hash.finish()
}

/// The id of a case: its match ids in byte order.
pub(super) fn of_case(mut matches: Vec<&str>) -> String {
    matches.par_sort_unstable();
    let mut hash = Fields::new("case");
    hash.list(matches.into_iter());
    hash.finish()
}

/// A hash of fields, each with its length before it, so that no two lists of fields give the same bytes.
struct Fields(Sha256);

impl Fields {
    fn new(kind: &str) -> Self {
        let mut fields = Self(Sha256::new());
        fields.field(kind);
        fields
    }

    fn field(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn list<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        self.0.update((texts.len() as u64).to_le_bytes());
        for text in texts {
            self.field(text);
        }
    }

    fn finish(self) -> String {
        hex(&self.0.finalize()[..16])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_between_two_fields_is_part_of_an_id() {
        assert_ne!(of_case(vec!["ab", "c"]), of_case(vec!["a", "bc"]));
    }

    #[test]
    fn the_order_of_matches_is_no_part_of_a_case_id() {
        assert_eq!(of_case(vec!["b", "a"]), of_case(vec!["a", "b"]));
        assert_eq!(of_case(vec!["a"]).len(), 32);
    }
}
