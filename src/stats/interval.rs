//! Confidence intervals for a proportion: Wilson's score interval and the exact one of Clopper and Pearson.
//!
//! Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. *JASA* 22, 209–212:
//! with p = x/n and the normal quantile z, (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
//!
//! Clopper, C. J. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
//! binomial. *Biometrika* 26, 404–413: the α/2 quantile of Beta(x, n−x+1) and the 1−α/2 quantile of Beta(x+1, n−x).
//!
//! Both assume independent trials. Accounts of one flow are not independent, so the intervals are narrower than the
//! truth. Degenerate cases: n = 0 has no interval; x = 0 has the lower end 0, x = n the upper end 1.

use serde::Serialize;
use statrs::distribution::{Beta, ContinuousCDF, Normal};

/// A confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Confidence of every interval: what analysts expect where nothing is said.
const CONFIDENCE: f64 = 0.95;

/// Wilson's score interval for `part` of `whole`.
#[expect(clippy::cast_precision_loss, reason = "a count of accounts is far below 2^53")]
pub(super) fn wilson(part: usize, whole: usize) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let n = whole as f64;
    let p = part as f64 / n;
    let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, CONFIDENCE));
    let z2n = z * z / n;
    let centre = p + z2n / 2.0;
    let half = z * (p * (1.0 - p) / n + z2n / (4.0 * n)).sqrt();
    let low = if part == 0 { 0.0 } else { (centre - half) / (1.0 + z2n) };
    let high = if part == whole { 1.0 } else { (centre + half) / (1.0 + z2n) };
    Some(Interval { low, high })
}

/// The exact interval of Clopper and Pearson for `part` of `whole`.
#[expect(clippy::cast_precision_loss, reason = "a count of accounts is far below 2^53")]
pub(super) fn clopper_pearson(part: usize, whole: usize) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (x, n) = (part as f64, whole as f64);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let low = if part == 0 { 0.0 } else { quantile(x, n - x + 1.0, tail) };
    let high = if part == whole { 1.0 } else { quantile(x + 1.0, n - x, 1.0 - tail) };
    Some(Interval { low, high })
}

/// The quantile of a beta distribution, by halving: statrs' own inverse (AS 64) does not end for some shapes.
fn quantile(a: f64, b: f64, p: f64) -> f64 {
    let beta = Beta::new(a, b).expect("both shapes are above zero");
    let (mut low, mut high) = (0.0, 1.0);
    // Sixty halvings of the unit interval leave less than a double can tell apart near its middle.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if beta.cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Newcombe, R. G. (1998). Two-sided confidence intervals for the single proportion: comparison of seven
    /// methods. *Statistics in Medicine* 17, 857–872, Table I: part, whole, Wilson (method 3), exact (method 5).
    const NEWCOMBE: [(usize, usize, [f64; 2], [f64; 2]); 4] = [
        (81, 263, [0.2553, 0.3662], [0.2527, 0.3676]),
        (15, 148, [0.0624, 0.1605], [0.0578, 0.1617]),
        (0, 20, [0.0000, 0.1611], [0.0000, 0.1684]),
        (1, 29, [0.0061, 0.1718], [0.0009, 0.1776]),
    ];

    #[test]
    fn the_published_intervals_come_out_to_four_decimals() {
        for (part, whole, score, exact) in NEWCOMBE {
            for (found, published) in [(wilson(part, whole), score), (clopper_pearson(part, whole), exact)] {
                let found = found.expect("there are trials");
                for (found, published) in [(found.low, published[0]), (found.high, published[1])] {
                    assert!((found - published).abs() < 0.000_05, "{part}/{whole}: {found} is not {published}");
                }
            }
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the end of the scale is given, not worked out")]
    fn no_trials_have_no_interval_and_all_or_none_reach_the_end() {
        assert_eq!((wilson(0, 0), clopper_pearson(0, 0)), (None, None));
        for interval in [wilson(9, 9), clopper_pearson(9, 9)] {
            assert!(interval.is_some_and(|interval| interval.high == 1.0 && interval.low < 1.0));
        }
    }

    #[test]
    fn the_exact_interval_of_ten_million_accounts_is_where_the_binomial_tails_are_two_and_a_half_percent() {
        // Ends found by adding up the binomial tails term by term, without a beta function.
        let summed = [
            (300, 1_000, [0.271_721_112_129, 0.329_461_678_697]),
            (50_000, 100_000, [0.496_896_062_492, 0.503_103_937_508]),
            (12_345, 10_000_000, [0.001_212_831_182, 0.001_256_458_413]),
            (9_999_999, 10_000_000, [0.999_999_442_836, 0.999_999_997_468]),
        ];
        for (part, whole, [low, high]) in summed {
            let exact = clopper_pearson(part, whole).expect("there are trials");
            assert!((exact.low - low).abs() < 1e-9 && (exact.high - high).abs() < 1e-9, "{part}/{whole}: {exact:?}");
        }
    }
}
