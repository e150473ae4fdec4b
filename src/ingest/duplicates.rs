//! Finds transfers that share an id and says which of them stays, whatever the order of rows.

use std::cmp::Ordering;

use crate::columns::TxIds;

/// Marks the rows to keep: of those that share an id the least by `compare`. `None` where all ids differ.
pub(super) fn keep(ids: &TxIds, compare: impl Fn(usize, usize) -> Ordering) -> Option<Vec<bool>> {
    // Most ledgers come in the order of their ids, which needs no sorting.
    if ids.is_rising() {
        return None;
    }
    match ids {
        TxIds::Numbers(ids) => least(&ids.iter().collect::<Vec<_>>(), compare),
        TxIds::Texts(ids) => least(ids, compare),
    }
}

fn least<T: Ord>(ids: &[T], compare: impl Fn(usize, usize) -> Ordering) -> Option<Vec<bool>> {
    let mut order: Vec<u32> = (0..u32::try_from(ids.len()).expect("the number of rows is bounded")).collect();
    order.sort_unstable_by(|&a, &b| ids[a as usize].cmp(&ids[b as usize]));
    let mut keep = vec![true; ids.len()];
    let mut found = false;
    for alike in order.chunk_by(|&a, &b| ids[a as usize] == ids[b as usize]).filter(|alike| alike.len() > 1) {
        found = true;
        let stays = alike.iter().copied().min_by(|&a, &b| compare(a as usize, b as usize));
        for &row in alike {
            keep[row as usize] = Some(row) == stays;
        }
    }
    found.then_some(keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_rows_with_one_id_the_least_stays() {
        let ids = TxIds::Numbers(vec![3, 1, 3, 2, 3].into());
        let size = [9, 0, 5, 0, 7];
        assert_eq!(keep(&ids, |a, b| size[a].cmp(&size[b])), Some(vec![false, true, true, true, false]));
    }

    #[test]
    fn nothing_is_said_where_all_ids_differ() {
        let ids = TxIds::Texts(["b", "a", "c"].map(str::to_owned).to_vec());
        assert_eq!(keep(&ids, |_, _| Ordering::Equal), None);
    }
}
