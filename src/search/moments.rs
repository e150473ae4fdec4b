//! Mean, median and spread of the amounts of one step.

/// Arithmetic mean; nothing for no values.
#[expect(clippy::cast_precision_loss, reason = "numbers of transfers, far below 2^53")]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Median; of an even number the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[middle - 1], upper) })
}

/// Sample standard deviation; nothing for fewer than two values.
#[expect(clippy::cast_precision_loss, reason = "numbers of transfers, far below 2^53")]
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() >= 2).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_few_values() {
        assert_eq!((mean(&[]), median(&[]), deviation(&[3.0])), (None, None, None));
        assert_eq!((median(&[5.0, 1.0, 3.0]), median(&[4.0, 1.0])), (Some(3.0), Some(2.5)));
        assert_eq!((mean(&[2.0, 4.0, 9.0]), deviation(&[1.0, 3.0, 5.0])), (Some(5.0), Some(2.0)));
    }
}
