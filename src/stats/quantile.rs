//! Sample quantiles, type 7: the default of R, `NumPy` and spreadsheets.
//!
//! Hyndman, R. J. & Fan, Y. (1996). Sample quantiles in statistical packages. *The American Statistician* 50, 361–365:
//! with the sorted values x₀ … xₙ₋₁ and h = (n−1)p, the quantile is x⌊h⌋ + (h−⌊h⌋)(x⌊h⌋₊₁ − x⌊h⌋).
//!
//! Degenerate cases: no values have no quantiles; of one value every quantile is that value.

use serde::Serialize;

/// Seven quantiles of a sample and its size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values.
    pub count: usize,
    /// The least value.
    pub min: f64,
    /// Above 5 % of the values.
    pub p05: f64,
    /// The lower quartile.
    pub p25: f64,
    /// The middle.
    pub median: f64,
    /// The upper quartile.
    pub p75: f64,
    /// Above 95 % of the values.
    pub p95: f64,
    /// The greatest value.
    pub max: f64,
}

impl Quantiles {
    /// The quantiles of some values; `None` where there are none.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let at = |p: f64| quantile(&values, p);
        Some(Self {
            count: values.len(),
            min: at(0.0),
            p05: at(0.05),
            p25: at(0.25),
            median: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            max: at(1.0),
        })
    }
}

/// The type 7 quantile of sorted values, of which there is at least one.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position in a list of values, far below 2^53"
)]
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let h = (sorted.len() - 1) as f64 * p;
    let below = h.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    (h - h.floor()).mul_add(sorted[above] - sorted[below], sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quartiles_of_r_come_out() {
        // R 4.3, `quantile(c(1, 3, 4, 8, 10, 15, 20, 30), c(.05, .25, .5, .75, .95))`, type 7 by default.
        let sample = vec![30.0, 1.0, 3.0, 20.0, 4.0, 8.0, 15.0, 10.0];
        let found = Quantiles::of(sample).expect("there are values");
        let values = [found.p05, found.p25, found.median, found.p75, found.p95];
        for (found, published) in values.into_iter().zip([1.7, 3.75, 9.0, 16.25, 26.5]) {
            assert!((found - published).abs() < 1e-12, "{found} is not {published}");
        }
        assert_eq!((found.count, found.min, found.max), (8, 1.0, 30.0));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the one value is handed through")]
    fn one_value_is_every_quantile_and_no_value_has_none() {
        let one = Quantiles::of(vec![4.0]).expect("there is a value");
        assert_eq!([one.min, one.p05, one.median, one.max], [4.0; 4]);
        assert_eq!(Quantiles::of(Vec::new()), None);
    }
}
