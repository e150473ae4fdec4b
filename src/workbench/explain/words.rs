//! Values as a reader of rules writes them: `3h 10m`, `0.953`, `4 payers`.

use crate::columns::Span;

/// Above so many hours a length of time is told in days.
const MOST_HOURS: i64 = 72;

/// A length of time in whole units, the largest first: `3h 10m`.
pub(super) fn span(span: Span) -> String {
    let micros = span.0.unsigned_abs();
    let long = micros > Span(MOST_HOURS * Span::HOUR.0).0.unsigned_abs();
    let units = [(Span::DAY, "d"), (Span::HOUR, "h"), (Span::MINUTE, "m"), (Span::SECOND, "s"), (Span(1), "µs")];
    let mut rest = micros;
    let mut parts = Vec::new();
    for (unit, name) in units.into_iter().skip(usize::from(!long)) {
        let unit = unit.0.unsigned_abs();
        if rest >= unit {
            parts.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    let sign = if span.0 < 0 { "-" } else { "" };
    if parts.is_empty() { "0s".to_owned() } else { format!("{sign}{}", parts.join(" ")) }
}

/// What a predicate read, of whom: `amount = 90 of T12`.
pub(super) fn told(values: &[(String, Option<String>)], of: &str) -> String {
    let told = |(name, value): &(String, Option<String>)| match value {
        Some(value) => format!("{name} = {value}"),
        None => format!("{name} is unknown"),
    };
    if values.is_empty() {
        return of.to_owned();
    }
    format!("{} of {of}", values.iter().map(told).collect::<Vec<_>>().join(", "))
}

/// A count with its noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A sum over a sum, to four decimals.
#[expect(clippy::cast_precision_loss, reason = "only for display")]
pub(super) fn ratio(part: i128, whole: i128) -> String {
    if whole == 0 { "a share of nothing".to_owned() } else { number(part as f64 / whole as f64) }
}

/// A number to four decimals, without zeros behind.
pub(super) fn number(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_hours_up_to_three_days() {
        let minutes = |minutes: i64| span(Span(minutes * Span::MINUTE.0));
        assert_eq!([0, 190, 2_880, 4_321, -30].map(minutes), ["0s", "3h 10m", "48h", "3d 1m", "-30m"]);
        assert_eq!([0.95, 2.0, 1.0 / 3.0].map(number), ["0.95", "2", "0.3333"]);
    }
}
