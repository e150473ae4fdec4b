//! Marks matches that a match of a more specific rule explains, so that an analyst reads one alert, not two.
//!
//! A fan-out that lies by 60 % of its transfers inside a scatter-gather is covered by it, where the rule of the
//! scatter-gather says `specialises: [fan-out]`.

use rayon::prelude::*;

use crate::lang::TypologySet;

use super::Match;
use super::index::{Index, shared};

/// Share of a match's transfers that must lie inside the covering match, in percent.
const COVER_PERCENT: usize = 60;

/// Fills in `covered_by` of every match.
pub(super) fn mark(matches: &mut [Match], set: &TypologySet) {
    for (special, typology) in set.typologies.iter().enumerate() {
        let general = |rule: usize| rule != special && typology.specialises.contains(&set.typologies[rule].id);
        if !(0..set.typologies.len()).any(general) {
            continue;
        }
        let covers = |position: &usize| matches[*position].rule == special;
        let covering: Vec<usize> = (0..matches.len()).filter(covers).collect();
        let index = Index::new(covering.iter().map(|&position| (position, matches[position].transfers.as_slice())));
        let found: Vec<(usize, Vec<String>)> = (0..matches.len())
            .into_par_iter()
            .filter(|&position| general(matches[position].rule))
            .map(|position| (position, covers_of(position, matches, &index)))
            .collect();
        for (position, ids) in found {
            let covered_by = &mut matches[position].covered_by;
            covered_by.extend(ids);
            covered_by.sort();
            covered_by.dedup();
        }
    }
}

/// Ids of the indexed matches that hold enough transfers of a match.
fn covers_of(position: usize, matches: &[Match], index: &Index) -> Vec<String> {
    let rows = &matches[position].transfers;
    let enough = (rows.len() * COVER_PERCENT).div_ceil(100);
    // A cover lacks at most `rows.len() - enough` transfers, so it holds one of any `rows.len() - enough + 1`:
    // the rarest ones have the fewest holders to look at.
    let mut rarest = rows.clone();
    rarest.sort_by_key(|&row| index.holders(row).len());
    rarest.truncate(rows.len() - enough + 1);
    let mut candidates: Vec<u32> = rarest.iter().flat_map(|&row| index.holders(row)).copied().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let candidates = candidates.into_iter().map(|other| &matches[other as usize]);
    candidates.filter(|other| shared(rows, &other.transfers) >= enough).map(|other| other.id.clone()).collect()
}
