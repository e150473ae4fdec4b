//! Drops matches that another match of the same rule holds: a chain of three inside a chain of five.
//!
//! Of two matches, one whose distinct transfers are a proper subset of the other's goes; of several with the same
//! transfers the one stays whose binding comes first in account-key order, then the one of the earlier alternative. A match is compared only with the larger
//! matches of its rarest transfer, so a million matches take seconds, not hours.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::columns::RowId;
use crate::search::Instances;

use super::index::{Index, shared};

/// For each finished match of one rule, flow by flow and in binding order in each, whether another match makes it
/// redundant.
pub(super) fn contained(flows: &[Instances]) -> Vec<Vec<bool>> {
    let mut order: Vec<(usize, usize)> = flows
        .iter()
        .enumerate()
        .flat_map(|(flow, found)| (0..found.len()).map(move |position| (flow, position)))
        .collect();
    let found = |&(flow, position): &(usize, usize)| flows[flow].get(position);
    order.sort_by(|a, b| found(a).binding.cmp(found(b).binding));
    let sets: Vec<Vec<RowId>> = order.par_iter().map(|place| found(place).transfers()).collect();
    let mut contained: Vec<Vec<bool>> = flows.iter().map(|found| vec![false; found.len()]).collect();
    for ((flow, position), inside) in order.into_iter().zip(contained_sets(&sets)) {
        contained[flow][position] = inside;
    }
    contained
}

/// The same for sorted sets: whether a later part of the list or a larger set makes one redundant.
fn contained_sets(sets: &[Vec<RowId>]) -> Vec<bool> {
    let mut contained = vec![false; sets.len()];
    let mut seen = FxHashSet::<&[RowId]>::default();
    for (position, rows) in sets.iter().enumerate() {
        contained[position] = !seen.insert(rows);
    }
    let mut largest_first: Vec<usize> = (0..sets.len()).filter(|&position| !contained[position]).collect();
    largest_first.sort_by_key(|&position| std::cmp::Reverse(sets[position].len()));
    let index = Index::new(largest_first.iter().map(|&position| (position, sets[position].as_slice())));
    let marks: Vec<u64> = sets.par_iter().map(|rows| mark(rows)).collect();
    let inside: Vec<usize> = largest_first
        .par_iter()
        .copied()
        .filter(|&position| {
            let (rows, mark) = (&sets[position], marks[position]);
            let rarest = rows.iter().min_by_key(|&&row| index.holders(row).len()).expect("a match has a transfer");
            let larger = index.holders(*rarest).iter().map(|&other| other as usize);
            larger
                .take_while(|&other| sets[other].len() > rows.len())
                .any(|other| mark & !marks[other] == 0 && shared(rows, &sets[other]) == rows.len())
        })
        .collect();
    for position in inside {
        contained[position] = true;
    }
    contained
}

/// One bit for each transfer, by its number: a set can lie in another only if its bits do.
fn mark(rows: &[RowId]) -> u64 {
    rows.iter().fold(0, |mark, row| mark | 1 << (row.0.wrapping_mul(0x9E37_79B9) >> 26))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sets(lists: &[&[u32]]) -> Vec<Vec<RowId>> {
        lists.iter().map(|list| list.iter().copied().map(RowId).collect()).collect()
    }

    /// The definition, pair by pair.
    fn naive(sets: &[Vec<RowId>]) -> Vec<bool> {
        let inside = |a: &[RowId], b: &[RowId]| a.iter().all(|row| b.contains(row));
        let redundant = |a: usize| {
            (0..sets.len()).any(|b| {
                let (x, y) = (&sets[a], &sets[b]);
                inside(x, y) && (x.len() < y.len() || (x.len() == y.len() && b < a))
            })
        };
        (0..sets.len()).map(redundant).collect()
    }

    #[test]
    fn a_chain_of_three_inside_a_chain_of_five_is_dropped() {
        let lists = sets(&[&[2, 3, 4], &[1, 2, 3, 4, 5], &[4, 5, 6]]);
        assert_eq!(contained_sets(&lists), [true, false, false]);
    }

    #[test]
    fn of_equal_sets_the_first_stays_even_if_there_are_three() {
        assert_eq!(contained_sets(&sets(&[&[7, 8], &[7, 8], &[7, 8], &[9]])), [false, true, true, false]);
    }

    #[test]
    fn no_matches_need_no_sifting() {
        assert!(contained_sets(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn sifting_through_the_index_equals_comparing_every_pair(
            lists in prop::collection::vec(prop::collection::btree_set(0u32..12, 1..7), 0..40)
        ) {
            let sets: Vec<Vec<RowId>> = lists.iter().map(|list| list.iter().copied().map(RowId).collect()).collect();
            prop_assert_eq!(contained_sets(&sets), naive(&sets));
        }

        #[test]
        fn shared_counts_what_two_lists_have_in_common(
            a in prop::collection::btree_set(0u32..200, 0..60), b in prop::collection::btree_set(0u32..200, 0..4)
        ) {
            let list = |set: &std::collections::BTreeSet<u32>| set.iter().copied().map(RowId).collect::<Vec<_>>();
            prop_assert_eq!(shared(&list(&a), &list(&b)), a.intersection(&b).count());
            prop_assert_eq!(shared(&list(&b), &list(&a)), a.intersection(&b).count());
        }
    }
}
