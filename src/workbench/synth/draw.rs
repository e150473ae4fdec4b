//! Seeded draws in whole numbers: the same on every machine, in every build, for ever.
//!
//! Nothing here is a float. A lognormal amount is made by fixed-point arithmetic, so that a ledger can be compared
//! byte for byte with one made elsewhere.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
#[derive(Clone, Debug)]
pub(super) struct Draw(ChaCha8Rng);

/// What a stream of draws is for; each part of the world has streams of its own, so that one can change without
/// moving the others.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    World,
    Community,
    Person,
    PersonDay,
    Trader,
    TraderDay,
    Invoice,
    Settlement,
    Refund,
    Card,
    Planted,
    Lookalike,
    Turnover,
    Keys,
}

/// The stream of one unit of a part, such as the third person.
pub(super) fn stream(seed: u64, part: Part, unit: usize) -> Draw {
    dated(seed, part, unit, 0)
}

/// The stream of one unit of a part on one day, or of the unit's part with that number.
pub(super) fn dated(seed: u64, part: Part, unit: usize, day: i64) -> Draw {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(part as u64).to_le_bytes());
    key[16..24].copy_from_slice(&(unit as u64).to_le_bytes());
    key[24..].copy_from_slice(&day.to_le_bytes());
    Draw(ChaCha8Rng::from_seed(key))
}

impl Draw {
    /// A whole number from zero up to, and not including, `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let scaled = (u128::from(self.0.next_u64()) * end as u128) >> 64;
        usize::try_from(scaled).expect("less than `end`")
    }

    /// A whole number in a closed range.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let width = usize::try_from(most - least + 1).expect("the range is not upside down");
        least + i64::try_from(self.below(width)).expect("within the range")
    }

    /// True in so many of a hundred draws.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }

    /// True in so many of a hundred thousand draws.
    pub(super) fn rarely(&mut self, of_a_hundred_thousand: i64) -> bool {
        self.between(0, 99_999) < of_a_hundred_thousand
    }

    /// One of some.
    pub(super) fn pick<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())]
    }

    /// A position, drawn by weights that are given as their running sums.
    pub(super) fn weighted(&mut self, sums: &[u64]) -> usize {
        let total = *sums.last().expect("at least one weight");
        let drawn = self.below(usize::try_from(total).expect("weights fit the machine's word")) as u64;
        sums.partition_point(|&sum| sum <= drawn)
    }

    /// So many different ones of some, or all where there are fewer.
    pub(super) fn several<T: Copy>(&mut self, some: &[T], number: i64) -> Vec<T> {
        let mut rest = some.to_vec();
        (0..number.min(i64::try_from(some.len()).expect("few")))
            .map(|_| rest.swap_remove(self.below(rest.len())))
            .collect()
    }

    /// A lognormal amount: half of the draws lie below `median`, and `sigma` is a percentage.
    pub(super) fn lognormal(&mut self, median: i64, sigma: i64) -> i64 {
        let scaled = i128::from(median) * exp(self.normal() * sigma / 100);
        i64::try_from(scaled >> 32).expect("twelve uniforms stay within six deviations").max(1)
    }

    /// A standard normal number in units of 2^-16: the sum of twelve uniforms, less its mean.
    fn normal(&mut self) -> i64 {
        let mut sum = -393_210;
        for _ in 0..3 {
            let bits = self.0.next_u64();
            let uniforms = (0..4).map(|part| i64::try_from((bits >> (16 * part)) & 0xffff).expect("16 bits"));
            sum += uniforms.sum::<i64>();
        }
        sum
    }
}

/// e^x in units of 2^-32, for x in units of 2^-16: (1 + x/1024)^1024, good to two percent where |x| is under six.
fn exp(x: i64) -> i128 {
    let mut power = (1i128 << 32) + i128::from(x) * 64;
    for _ in 0..10 {
        power = (power * power) >> 32;
    }
    power
}

/// Running sums of weights 1, 1/2, 1/3, … (Zipf's law) for so many elements.
pub(super) fn zipf(elements: usize) -> Vec<u64> {
    running((1..=elements as u64).map(|rank| (1 << 24) / rank))
}

/// Running sums of weights.
pub(super) fn running(weights: impl IntoIterator<Item = u64>) -> Vec<u64> {
    weights
        .into_iter()
        .scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_lognormal_draws_lie_below_the_median() {
        let mut draw = stream(1, Part::World, 0);
        let mut drawn: Vec<i64> = (0..10_001).map(|_| draw.lognormal(10_000, 50)).collect();
        drawn.sort_unstable();
        assert!((9_700..10_300).contains(&drawn[5_000]), "{}", drawn[5_000]);
        // One deviation up is a factor of e^0.5.
        assert!((16_000..17_000).contains(&drawn[8_413]), "{}", drawn[8_413]);
    }

    #[test]
    fn streams_are_repeatable_and_apart() {
        let drawn = |unit| {
            let mut draw = stream(7, Part::Person, unit);
            (0..4).map(|_| draw.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(0), drawn(0));
        assert_ne!(drawn(0), drawn(1));
    }

    #[test]
    fn the_first_of_zipfs_elements_is_drawn_most() {
        let (mut draw, sums) = (stream(3, Part::Card, 0), zipf(10));
        let mut drawn = [0; 10];
        for _ in 0..1000 {
            drawn[draw.weighted(&sums)] += 1;
        }
        assert!(drawn[0] > 2 * drawn[4] && drawn.iter().all(|&n| n > 0), "{drawn:?}");
    }
}
