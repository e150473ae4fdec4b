//! What walks along transfers ask of each next one, in arrays that lie as the lists of the accounts do.

use crate::columns::{Ratio, RowId, bits};
use crate::lang::StepId;

use super::super::task::Task;
use super::number;

/// The transfers that a task walks, and their amounts beside them.
#[derive(Debug)]
pub(super) struct Ways<'t> {
    pub(super) task: &'t Task<'t>,
    /// Amounts in the base currency, for each position of the lists of transfers sent; unknown is the least number of
    /// all. Nothing where no step asks for them.
    amounts: Vec<i64>,
}

/// Amounts that may come next, ends included; nothing where every amount may.
pub(super) type Band = Option<(i64, i64)>;

/// Amounts that are looked at together.
const BLOCK: usize = 32;

/// What stands for an amount that is not known: no band holds it.
const UNKNOWN: i64 = i64::MIN;

impl<'t> Ways<'t> {
    pub(super) fn new(task: &'t Task<'t>) -> Self {
        let weighed = task.flow.steps.iter().any(|step| step.pass_through.is_some());
        let mut ways = Self { task, amounts: Vec::new() };
        if weighed {
            ways.amounts = task.graph.all_sent().iter().map(|&row| ways.weight(row)).collect();
        }
        ways
    }

    /// The amounts in half the room, for [`Ways::add_in_band`]: the least and the greatest number stand for what has no room.
    pub(super) fn narrow(&self) -> Vec<i32> {
        let least_or_most = |amount: i64| if amount < 0 { i32::MIN } else { i32::MAX };
        self.amounts.iter().map(|&amount| i32::try_from(amount).unwrap_or(least_or_most(amount))).collect()
    }

    /// The amount at a position of the lists, for [`Ways::after`].
    #[inline]
    pub(super) fn amount(&self, position: usize) -> i64 {
        self.amounts.get(position).copied().unwrap_or(UNKNOWN)
    }

    /// What may come next in a step after a transfer.
    #[inline]
    pub(super) fn band(&self, step: StepId, last: RowId) -> Band {
        self.task.flow.steps[step].pass_through?;
        self.after(step, self.weight(last))
    }

    /// The amount of a transfer, for [`Ways::after`].
    #[inline]
    pub(super) fn weight(&self, row: RowId) -> i64 {
        self.task.weight(row).map_or(UNKNOWN, |money| money.0)
    }

    /// What may come next in a step after an amount. The ends are the least and the greatest whole number of minor units
    /// in proportion, so that asking them is asking the ratio.
    #[inline]
    pub(super) fn after(&self, step: StepId, whole: i64) -> Band {
        let range = self.task.flow.steps[step].pass_through?;
        if whole <= 0 {
            return Some((1, 0));
        }
        let least = range.least.map(|ratio| part_of(whole, ratio, true));
        let most = range.most.map(|ratio| part_of(whole, ratio, false));
        Some((least.unwrap_or(UNKNOWN + 1), most.unwrap_or(i64::MAX)))
    }

    /// Whether the transfer at a position of the lists lies in a band.
    #[inline]
    pub(super) fn is_in(&self, band: &Band, position: usize) -> bool {
        band.is_none_or(|(least, most)| (least..=most).contains(&self.amounts[position]))
    }

    /// Adds the positions, of some of the lists, that come next in a flow of one step after an amount.
    #[inline]
    pub(super) fn add_in_band(
        &self,
        narrow: &[i32],
        whole: i64,
        positions: std::ops::Range<usize>,
        found: &mut Vec<u32>,
    ) {
        let Some((least, most)) = self.after(0, whole) else { return };
        let place = number(positions.start);
        let has_room = |end: i64| i32::try_from(end).ok().filter(|&end| end > i32::MIN && end < i32::MAX);
        match (has_room(least), has_room(most)) {
            (Some(least), Some(most)) => add_fitting(&narrow[positions], least, most, place, found),
            _ => add_few(&self.amounts[positions], least, most, place, found),
        }
    }

    /// Whether a transfer is in proportion to the one before it.
    pub(super) fn is_in_proportion(&self, step: StepId, before: RowId, row: RowId) -> bool {
        self.task.flow.steps[step].pass_through.is_none_or(|range| {
            let known = self.task.weight(row).zip(self.task.weight(before));
            known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
        })
    }
}

/// A share of an amount above zero in whole minor units, rounded up or down, or the end of what has room.
#[inline]
fn part_of(whole: i64, ratio: Ratio, up: bool) -> i64 {
    // Half as wide where there is room for it: a division of 128 bits takes ten times as long.
    if let Some(scaled) = whole.checked_mul(ratio.numerator()).filter(|&scaled| scaled > i64::MIN) {
        let denominator = ratio.denominator();
        return if up { -(-scaled).div_euclid(denominator) } else { scaled.div_euclid(denominator) };
    }
    let (scaled, denominator) = (i128::from(whole) * i128::from(ratio.numerator()), i128::from(ratio.denominator()));
    let part = if up { -(-scaled).div_euclid(denominator) } else { scaled.div_euclid(denominator) };
    i64::try_from(part).unwrap_or(if part < 0 { UNKNOWN + 1 } else { i64::MAX })
}

/// Adds the places of the amounts between two others, ends included, of which the first stands at `place`. A block of amounts
/// becomes a bit each, since in a long list few fit.
fn add_fitting(amounts: &[i32], least: i32, most: i32, mut place: u32, found: &mut Vec<u32>) {
    let (blocks, rest) = amounts.as_chunks::<64>();
    for block in blocks {
        let mut bits = bits(&block.map(|amount| u8::from(least <= amount && amount <= most)));
        while bits != 0 {
            found.push(place.wrapping_add(bits.trailing_zeros()));
            bits &= bits - 1;
        }
        place = place.wrapping_add(64);
    }
    add_few(rest, least, most, place, found);
}

/// The same one by one. Which amounts fit follows no pattern, so that a branch for each would cost more than writing all.
fn add_few<T: PartialOrd + Copy>(amounts: &[T], least: T, most: T, mut place: u32, found: &mut Vec<u32>) {
    for amounts in amounts.chunks(BLOCK) {
        let (mut block, mut count) = ([0u32; BLOCK], 0);
        for amount in amounts {
            block[count % BLOCK] = place;
            count = count.wrapping_add(usize::from((least..=most).contains(amount)));
            place = place.wrapping_add(1);
        }
        found.extend_from_slice(&block[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_found_in_blocks_and_one_by_one_alike() {
        let amounts: Vec<i32> =
            (0..300u32).map(|place| (place.wrapping_mul(2_654_435_761) >> 20).cast_signed()).collect();
        for length in (0..140).chain([300]) {
            for (least, most) in [(0, 4_096), (1_000, 1_200), (5_000, 6_000), (700, 700), (2, 1)] {
                let amounts = &amounts[..length];
                let fits = |(_, amount): &(u32, &i32)| (least..=most).contains(*amount);
                let places: Vec<u32> = (7..).zip(amounts).filter(fits).map(|(place, _)| place).collect();
                let (mut blocks, mut few) = (Vec::new(), Vec::new());
                add_fitting(amounts, least, most, 7, &mut blocks);
                add_few(amounts, least, most, 7, &mut few);
                assert_eq!((&blocks, &few), (&places, &places), "{length} amounts, {least} to {most}");
            }
        }
    }
}
