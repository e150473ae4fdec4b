//! Shares that judge a rule against labels: precision, recall and F1, each with the exact 95 % interval.
//!
//! Precision is TP/(TP+FP), recall TP/(TP+FN); van Rijsbergen, C. J. (1979). *Information Retrieval*, 2nd ed., ch. 7.
//! Their intervals are those of Clopper and Pearson (see `interval`). F1 = 2TP/(2TP+FP+FN) is no proportion of trials,
//! but with q = TP/(TP+FP+FN), which is one, F1 = 2q/(1+q). That grows with q, so that the ends of q's interval give
//! the ends of F1's, with the same confidence.
//!
//! Chance is what a blind pick would reach. One drawn item is right with the share of items that are right. Of k items
//! drawn without return from n, of which m are right, at least one is right with 1 − C(n−m, k)/C(n, k).
//!
//! Degenerate cases: no trials, no share; n = 0 or k = 0, no chance.

use serde::Serialize;

use super::interval::clopper_pearson;

/// A share with its exact 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The share.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

impl Rate {
    /// `part` of `whole`; `None` where there are no trials.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
    pub fn of(part: usize, whole: usize) -> Option<Self> {
        let interval = clopper_pearson(part, whole)?;
        Some(Self { value: part as f64 / whole as f64, low: interval.low, high: interval.high })
    }

    /// F1 of true positives, false positives and false negatives; `None` where there are none of all.
    #[must_use]
    pub fn f1(tp: usize, fp: usize, missed: usize) -> Option<Self> {
        let q = Self::of(tp, tp + fp + missed)?;
        let f1 = |q: f64| 2.0 * q / (1.0 + q);
        Some(Self { value: f1(q.value), low: f1(q.low), high: f1(q.high) })
    }
}

/// The chance that `drawn` of `population` items, drawn blindly, hold one of the `marked` ones; `None` where nothing is
/// or can be drawn.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a count of transfers is far below 2^53")]
pub fn chance(population: usize, marked: usize, drawn: usize) -> Option<f64> {
    if population == 0 || drawn == 0 {
        return None;
    }
    let unmarked = population.saturating_sub(marked);
    let none = (0..drawn.min(population)).map(|k| unmarked.saturating_sub(k) as f64 / (population - k) as f64);
    Some(1.0 - none.product::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, wanted: f64, within: f64) -> bool {
        (found - wanted).abs() < within
    }

    #[test]
    fn a_published_interval_stands_beside_its_share() {
        // Newcombe (1998), Table I, method 5: 81 of 263.
        let rate = Rate::of(81, 263).expect("there are trials");
        assert!(close(rate.value, 0.30798, 1e-5) && close(rate.low, 0.2527, 5e-5) && close(rate.high, 0.3676, 5e-5));
        assert_eq!(Rate::of(0, 0), None);
    }

    #[test]
    fn f1_is_the_harmonic_mean_and_its_ends_come_from_the_proportion_below_it() {
        // By hand: P = 15/20, R = 15/143, F1 = 30/(30+5+128) = 30/163; q = 15/148, whose exact interval is Newcombe's.
        let f1 = Rate::f1(15, 5, 128).expect("there are trials");
        assert!(close(f1.value, 30.0 / 163.0, 1e-12));
        assert!(close(f1.low, 2.0 * 0.0578 / 1.0578, 1e-4) && close(f1.high, 2.0 * 0.1617 / 1.1617, 1e-4), "{f1:?}");
        let (p, r) = (0.75, 15.0 / 143.0);
        assert!(close(f1.value, 2.0 * p * r / (p + r), 1e-12));
        assert_eq!(Rate::f1(0, 0, 0), None);
    }

    #[test]
    fn chance_is_counted_out_on_a_small_urn() {
        // Two of five are marked, two are drawn: of ten pairs three hold no marked one.
        assert!(chance(5, 2, 2).is_some_and(|chance| close(chance, 0.7, 1e-12)));
        assert!(chance(5, 2, 1).is_some_and(|chance| close(chance, 0.4, 1e-12)), "one draw: the share itself");
        assert!(chance(5, 2, 4).is_some_and(|chance| close(chance, 1.0, 1e-12)), "four of five must hold one of two");
        assert_eq!((chance(0, 0, 1), chance(5, 2, 0)), (None, None));
    }
}
