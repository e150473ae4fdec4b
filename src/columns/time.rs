//! Points in time and lengths of time, in whole microseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Time(pub i64);

/// A length of time in microseconds; negative where a time lies before another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span(pub i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(1_000_000);
    /// One minute.
    pub const MINUTE: Self = Self(60 * 1_000_000);
    /// One hour.
    pub const HOUR: Self = Self(3_600 * 1_000_000);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400 * 1_000_000);
    /// One week of seven days.
    pub const WEEK: Self = Self(7 * 86_400 * 1_000_000);

    /// The length in days, for statistics and display.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "only for statistics and display")]
    pub fn days(self) -> f64 {
        self.0 as f64 / Self::DAY.0 as f64
    }
}

impl Sub for Time {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add<Span> for Time {
    type Output = Self;

    /// Saturates, since a window may be longer than time itself.
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Time {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, with fractions only where there are any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write a whole number and a unit, such as `90s`, `15m`, `48h`, `7d` or `2w`")]
pub struct ParseSpanError(pub String);

impl FromStr for Span {
    type Err = ParseSpanError;

    /// Reads `90s`, `15m`, `48h`, `7d` or `2w`; a leading minus is allowed.
    fn from_str(text: &str) -> Result<Self, ParseSpanError> {
        let bad = || ParseSpanError(text.to_owned());
        let unit = match text.chars().last() {
            Some('s') => Self::SECOND,
            Some('m') => Self::MINUTE,
            Some('h') => Self::HOUR,
            Some('d') => Self::DAY,
            Some('w') => Self::WEEK,
            _ => return Err(bad()),
        };
        let digits = &text[..text.len() - 1];
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let number: i64 = digits.parse().map_err(|_| bad())?;
        number.checked_mul(unit.0).map(Self).ok_or_else(bad)
    }
}

impl fmt::Display for Span {
    /// In the largest unit that divides it: `7d`, `36h`, `90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(Self::DAY, "d"), (Self::HOUR, "h"), (Self::MINUTE, "m"), (Self::SECOND, "s")];
        if self.0 == 0 {
            return write!(f, "0s");
        }
        for (unit, name) in units {
            if self.0 % unit.0 == 0 {
                return write!(f, "{}{name}", self.0 / unit.0);
            }
        }
        write!(f, "{}µs", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_shown_in_their_largest_unit() {
        for (text, shown) in
            [("90s", "90s"), ("120m", "2h"), ("48h", "2d"), ("2w", "14d"), ("0s", "0s"), ("-90d", "-90d")]
        {
            assert_eq!(text.parse::<Span>().expect("a span").to_string(), shown);
        }
    }

    #[test]
    fn a_number_without_a_unit_is_no_span() {
        for text in ["", "7", "d", "1.5d", "7 d", "99999999999999999d", "é"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
