//! How much two rules find the same: the Jaccard index of their transfers.
//!
//! Jaccard, P. (1912). The distribution of the flora in the alpine zone. *New Phytologist* 11, 37–50: the size of the
//! intersection over the size of the union. Degenerate case: pairs that share nothing are not listed, so the union is
//! never empty.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::columns::RowId;
use crate::lang::TypologySet;

use super::touched::Touched;

/// Two rules that share transfers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// The rule whose id comes first.
    pub a: String,
    /// The other rule.
    pub b: String,
    /// Distinct transfers (or other things that are counted) that both match.
    pub shared: usize,
    /// Distinct ones that at least one matches.
    pub either: usize,
    /// `shared / either`.
    pub jaccard: f64,
}

/// The overlaps of all pairs of rules, in rule order; `touched` has one entry a rule.
pub(super) fn between(touched: &[&Touched], set: &TypologySet) -> Vec<Overlap> {
    let ids: Vec<&str> = set.typologies.iter().map(|typology| typology.id.as_str()).collect();
    let sets: Vec<&[RowId]> = touched.iter().map(|touched| touched.transfers.as_slice()).collect();
    overlaps(&ids, &sets)
}

/// The overlaps of all pairs of sets that share something, in the order of the names. Each set has a name, and each
/// item stands in it once.
#[must_use]
pub fn overlaps<T: Ord + Copy>(names: &[&str], sets: &[&[T]]) -> Vec<Overlap> {
    let mut holders: Vec<(T, usize)> = Vec::new();
    for (place, set) in sets.iter().enumerate() {
        holders.extend(set.iter().map(|&item| (item, place)));
    }
    holders.sort_unstable();
    let mut shared = BTreeMap::<(usize, usize), usize>::new();
    for group in holders.chunk_by(|a, b| a.0 == b.0) {
        for (place, &(_, a)) in group.iter().enumerate() {
            for &(_, b) in &group[place + 1..] {
                *shared.entry((a, b)).or_default() += 1;
            }
        }
    }
    let named = |((a, b), shared): ((usize, usize), usize)| {
        let either = sets[a].len() + sets[b].len() - shared;
        Overlap { a: names[a].to_owned(), b: names[b].to_owned(), shared, either, jaccard: jaccard(shared, either) }
    };
    shared.into_iter().map(named).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
fn jaccard(shared: usize, either: usize) -> f64 {
    shared as f64 / either as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Severity;
    use crate::sift::fixture::{chain, rules, typology};

    fn touching(rows: impl IntoIterator<Item = u32>) -> Touched {
        Touched { transfers: rows.into_iter().map(RowId).collect(), accounts: 0, value: 0, unweighed: 0 }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "three eighths are exact in binary")]
    fn the_textbook_example_of_three_shared_out_of_eight_is_three_eighths() {
        // Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, 3rd ed., example 3.1: SIM(S, T) = 3/8.
        let ids = ["a", "b", "c"].map(|id| typology(id, Severity::Low, chain()));
        let (set, _) = rules(ids.to_vec());
        let (s, t, apart) = (touching(0..5), touching(2..8), touching(90..99));
        let found = between(&[&s, &t, &apart], &set);
        let [pair] = found.as_slice() else { panic!("one pair shares transfers") };
        assert_eq!((pair.a.as_str(), pair.b.as_str(), pair.shared, pair.either), ("a", "b", 3, 8));
        assert_eq!(pair.jaccard, 0.375);
    }
}
