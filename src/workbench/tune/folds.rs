//! A suggestion, and what it is worth on time that had no say in it.
//!
//! Time is cut into blocks that begin with as many labelled instances each. For each block the best setting on all
//! other blocks is chosen and scored on this one; what these scores add up to is what a setting chosen in this way is
//! worth. Instances and matches belong to the block in which they begin, and nothing is left out at the cuts.

use std::cmp::Ordering;

use crate::columns::Time;
use crate::workbench::evaluate::Grain;

use super::objective::Objective;

/// The fewest labelled instances of a block from which a setting is chosen or judged.
pub(super) const FEWEST: usize = 3;

/// What one setting gives, as far as blocks of time need to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// Positions of the sought instances that it finds, each once.
    pub(super) found: Vec<usize>,
    /// Beginnings of its wrong matches.
    pub(super) wrong: Vec<Time>,
    /// How many matches it has; the fewer the better, where all else is equal.
    pub(super) matches: usize,
    /// How many parameters it moves; the fewer the better, where all else is equal.
    pub(super) moved: usize,
}

/// A block of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Its first moment; the first block begins with the ledger.
    pub from: Time,
    /// How many sought instances begin in it.
    pub instances: usize,
    /// Position of the setting that is best on all other blocks.
    pub chosen: usize,
    /// What that setting gives in this block.
    pub held_out: Grain,
}

/// The setting that is best on all of the ledger, and what a setting chosen in this way is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Position of the setting.
    pub setting: usize,
    /// The blocks, in time.
    pub blocks: Vec<Block>,
    /// What the blocks' held-out figures add up to.
    pub held_out: Grain,
}

/// Why no setting is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFew {
    /// Sought instances there are.
    pub instances: usize,
    /// Sought instances that are needed at least, with this many blocks.
    pub needed: usize,
}

/// Chooses a setting and judges the choice. `begins` has the beginning of each sought instance; settings that a
/// budget cut are not among `given`.
///
/// # Errors
///
/// Where there are too few instances, or too many of them begin at one moment.
pub(super) fn suggest(
    given: &[(usize, Given)],
    begins: &[Time],
    first: Time,
    blocks: usize,
    objective: Objective,
) -> Result<Suggestion, TooFew> {
    let few = TooFew { instances: begins.len(), needed: blocks * FEWEST };
    if begins.len() < few.needed || blocks < 2 || given.is_empty() {
        return Err(few);
    }
    let mut order: Vec<Time> = begins.to_vec();
    order.sort_unstable();
    let mut cuts: Vec<Time> = (0..blocks).map(|block| order[block * order.len() / blocks]).collect();
    cuts[0] = first;
    if cuts.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(few);
    }
    let block_of = |time: Time| cuts.partition_point(|&cut| cut <= time).saturating_sub(1);
    let sought: Vec<usize> = counted(blocks, begins.iter().map(|&time| block_of(time)));
    let grains: Vec<Vec<(usize, usize, usize)>> = given
        .iter()
        .map(|(_, given)| {
            let found = counted(blocks, given.found.iter().map(|&instance| block_of(begins[instance])));
            let wrong = counted(blocks, given.wrong.iter().map(|&time| block_of(time)));
            (0..blocks).map(|block| (found[block], wrong[block], sought[block] - found[block])).collect()
        })
        .collect();
    let sum = |setting: usize, left_out: Option<usize>| {
        let parts = grains[setting].iter().enumerate().filter(|(block, _)| Some(*block) != left_out);
        let (tp, fp, missed) = parts.fold((0, 0, 0), |sum, (_, part)| (sum.0 + part.0, sum.1 + part.1, sum.2 + part.2));
        Grain::new(tp, fp, missed, None)
    };
    let best = |left_out: Option<usize>| {
        let better = |a: &usize, b: &usize| -> Ordering {
            let (x, y) = (&given[*a].1, &given[*b].1);
            let worth = objective.compare(&sum(*a, left_out), &sum(*b, left_out));
            worth.then(y.matches.cmp(&x.matches)).then(y.moved.cmp(&x.moved)).then(b.cmp(a))
        };
        (0..given.len()).max_by(better).expect("there is a setting")
    };
    let (mut list, mut total) = (Vec::new(), (0, 0, 0));
    for block in 0..blocks {
        let chosen = best(Some(block));
        let (tp, fp, missed) = grains[chosen][block];
        total = (total.0 + tp, total.1 + fp, total.2 + missed);
        list.push(Block {
            from: cuts[block],
            instances: sought[block],
            chosen: given[chosen].0,
            held_out: Grain::new(tp, fp, missed, None),
        });
    }
    let held_out = Grain::new(total.0, total.1, total.2, None);
    Ok(Suggestion { setting: given[best(None)].0, blocks: list, held_out })
}

/// How many fall into each block.
fn counted(blocks: usize, places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut counts = vec![0; blocks];
    for place in places {
        counts[place] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twelve instances, one an hour; a setting that finds all of them, and one that finds the first six.
    fn hours() -> Vec<Time> {
        (0..12).map(|hour| Time(hour * 3_600_000_000)).collect()
    }

    fn given(found: std::ops::Range<usize>, wrong: &[i64]) -> Given {
        let wrong: Vec<Time> = wrong.iter().map(|hour| Time(hour * 3_600_000_000)).collect();
        Given { matches: found.len() + wrong.len(), found: found.collect(), wrong, moved: 0 }
    }

    #[test]
    fn a_setting_that_is_good_on_the_past_alone_is_told_by_its_held_out_figures() {
        // The one that finds the first half wins on every three blocks that hold it, and finds nothing in the fourth.
        let settings = [(0, given(0..8, &[])), (1, given(8..12, &[1, 2]))];
        let found = suggest(&settings, &hours(), Time(0), 4, Objective::F1).expect("enough");
        assert_eq!(found.setting, 0);
        assert_eq!((found.held_out.tp, found.held_out.fp, found.held_out.missed), (8, 0, 4));
        assert_eq!(found.blocks.iter().map(|block| block.instances).collect::<Vec<_>>(), [3, 3, 3, 3]);
    }

    #[test]
    fn the_held_out_block_has_no_say_in_what_is_chosen_for_it() {
        // Setting 1 is best on all but the last block; setting 0 is best there alone.
        let settings = [(0, given(9..12, &[])), (1, given(0..9, &[9, 10, 11]))];
        let found = suggest(&settings, &hours(), Time(0), 4, Objective::F1).expect("enough");
        assert_eq!(found.blocks[3].chosen, 1);
        assert_eq!((found.blocks[3].held_out.tp, found.blocks[3].held_out.fp), (0, 3));
    }

    #[test]
    fn of_equal_settings_the_one_with_fewer_matches_and_fewer_moves_is_chosen() {
        let settings = [
            (0, Given { matches: 20, ..given(0..12, &[]) }),
            (1, Given { moved: 2, ..given(0..12, &[]) }),
            (2, Given { moved: 1, ..given(0..12, &[]) }),
        ];
        let found = suggest(&settings, &hours(), Time(0), 2, Objective::F1).expect("enough");
        assert_eq!(found.setting, 2);
    }

    #[test]
    fn too_few_instances_or_moments_suggest_nothing() {
        let settings = [(0, given(0..11, &[]))];
        let few = suggest(&settings, &hours()[..11], Time(0), 4, Objective::F1).expect_err("too few");
        assert_eq!(few, TooFew { instances: 11, needed: 12 });
        let at_once = vec![Time(5); 12];
        assert!(suggest(&settings, &at_once, Time(0), 4, Objective::F1).is_err());
    }
}
