//! Reads points in time from text: the usual written forms, any strftime form, epochs and simulation steps.
//!
//! A time without an offset is taken as UTC. Fractions finer than a microsecond are cut.

use jiff::fmt::strtime::BrokenDownTime;

use super::digits;
use crate::columns::{Span, Time};

/// The years in which a booking can lie; anything else is a typing or unit mistake.
const YEARS: std::ops::RangeInclusive<i64> = 1900..=2200;

/// Why a text is not a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unreadable {
    Empty,
    NotATime,
    OutOfRange,
}

impl Unreadable {
    /// The reason in words, as the list of rejects gives it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Empty => "no time",
            Self::NotATime => "not a time in the expected form",
            Self::OutOfRange => "the time lies outside the years 1900 to 2200",
        }
    }
}

/// Reads RFC 3339, `YYYY-MM-DD`, `YYYY/MM/DD`, and either date with ` HH:MM[:SS[.ffffff]]`.
pub(super) fn written(text: &[u8]) -> Result<Time, Unreadable> {
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    let (day, rest) = date(text).ok_or(Unreadable::NotATime)?;
    let micros = match rest.split_first() {
        None => 0,
        Some((b' ' | b'T' | b't', clock)) => time_of_day(clock).ok_or(Unreadable::NotATime)?,
        Some(_) => return Err(Unreadable::NotATime),
    };
    within_range(i128::from(day) * i128::from(Span::DAY.0) + i128::from(micros))
}

/// Reads a time in a strftime form such as `%d.%m.%Y %H:%M`.
pub(super) fn formatted(text: &[u8], format: &str) -> Result<Time, Unreadable> {
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    let parts = BrokenDownTime::parse(format, text).map_err(|_| Unreadable::NotATime)?;
    let stamp = if parts.offset().is_some() || parts.timestamp().is_some() {
        parts.to_timestamp()
    } else {
        let midnight = jiff::civil::Time::midnight();
        let clock = if parts.hour().is_some() { parts.to_time() } else { Ok(midnight) };
        parts
            .to_date()
            .and_then(|date| Ok(date.to_datetime(clock?)))
            .and_then(|moment| jiff::tz::TimeZone::UTC.to_timestamp(moment))
    };
    within_range(i128::from(stamp.map_err(|_| Unreadable::NotATime)?.as_microsecond()))
}

/// Reads a number of units since 1970-01-01; fractions of a unit may follow a point.
pub(super) fn epoch(text: &[u8], unit: Span) -> Result<Time, Unreadable> {
    if let Some(count) = digits::number(text).and_then(|count| i64::try_from(count).ok()) {
        return after(Time(0), count, unit).ok_or(Unreadable::OutOfRange);
    }
    let (whole, fraction) = whole_and_fraction(text)?;
    let places = u32::try_from(fraction.len()).unwrap_or(u32::MAX).min(9);
    let parts = fraction.iter().take(9).fold(0i128, |parts, byte| parts * 10 + i128::from(byte - b'0'));
    let sign = if text.starts_with(b"-") { -1 } else { 1 };
    within_range(whole * i128::from(unit.0) + sign * parts * i128::from(unit.0) / 10i128.pow(places))
}

/// Reads a whole number of steps after an origin.
pub(super) fn step(text: &[u8], unit: Span, origin: Time) -> Result<Time, Unreadable> {
    let (whole, fraction) = whole_and_fraction(text)?;
    if fraction.iter().any(|&byte| byte != b'0') {
        return Err(Unreadable::NotATime);
    }
    within_range(i128::from(origin.0) + whole * i128::from(unit.0))
}

/// The day on which a time lies, counted from 1970-01-01.
pub(super) fn day_of(time: Time) -> i64 {
    time.0.div_euclid(Span::DAY.0)
}

/// The coarsest of the usual steps that divides every time.
pub(super) fn resolution(times: &[Time]) -> Span {
    /// Whether a step divides all times; each step is a function of its own, since dividing by a number that the compiler
    /// knows is several times faster.
    fn divides<const STEP: i64>(times: &[Time]) -> bool {
        times.iter().all(|time| time.0 % STEP == 0)
    }
    type Divides = fn(&[Time]) -> bool;
    let steps: [(Span, Divides); 5] = [
        (Span::DAY, divides::<{ Span::DAY.0 }>),
        (Span::HOUR, divides::<{ Span::HOUR.0 }>),
        (Span::MINUTE, divides::<{ Span::MINUTE.0 }>),
        (Span::SECOND, divides::<{ Span::SECOND.0 }>),
        (Span(1_000), divides::<1_000>),
    ];
    steps.into_iter().find(|(_, divides)| divides(times)).map_or(Span(1), |(step, _)| step)
}

/// So many units after an origin, if that is a time of a booking.
pub(super) fn after(origin: Time, count: i64, unit: Span) -> Option<Time> {
    let micros = count.checked_mul(unit.0)?.checked_add(origin.0)?;
    (FIRST..END).contains(&micros).then_some(Time(micros))
}

/// The first moment of [`YEARS`].
const FIRST: i64 = days_from_civil(*YEARS.start(), 1, 1) * Span::DAY.0;

/// The first moment after [`YEARS`].
const END: i64 = days_from_civil(*YEARS.end() + 1, 1, 1) * Span::DAY.0;

fn within_range(micros: i128) -> Result<Time, Unreadable> {
    let micros = i64::try_from(micros).map_err(|_| Unreadable::OutOfRange)?;
    if (FIRST..END).contains(&micros) { Ok(Time(micros)) } else { Err(Unreadable::OutOfRange) }
}

/// A number's whole part and the digits after its point.
fn whole_and_fraction(text: &[u8]) -> Result<(i128, &[u8]), Unreadable> {
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let point = digits.iter().position(|&byte| byte == b'.').unwrap_or(digits.len());
    let (whole, fraction) = (&digits[..point], digits.get(point + 1..).unwrap_or_default());
    if whole.is_empty() || whole.iter().chain(fraction).any(|byte| !byte.is_ascii_digit()) {
        return Err(Unreadable::NotATime);
    }
    if whole.len() > 19 {
        return Err(Unreadable::OutOfRange);
    }
    let size = whole.iter().fold(0i128, |size, byte| size * 10 + i128::from(byte - b'0'));
    Ok((if negative { -size } else { size }, fraction))
}

/// The day that `YYYY-MM-DD` or `YYYY/MM/DD` names, and what follows it.
fn date(text: &[u8]) -> Option<(i64, &[u8])> {
    let (year, rest) = number(text, 4)?;
    let (&sign, rest) = rest.split_first()?;
    let (month, rest) = number(rest, 2)?;
    let (&second_sign, rest) = rest.split_first()?;
    let (day, rest) = number(rest, 2)?;
    let month_fits = (1..=12).contains(&month);
    let fits = matches!(sign, b'-' | b'/') && sign == second_sign && month_fits;
    (fits && day >= 1 && day <= days_in(year, month)).then(|| (days_from_civil(year, month, day), rest))
}

/// Microseconds since midnight UTC of `HH:MM[:SS[.f]]` with an optional offset; negative offsets may pass midnight.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => number(rest, 2)?,
        None => (0, rest),
    };
    let (micros, rest) = match rest.strip_prefix(b".") {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let local = hour * Span::HOUR.0 + minute * Span::MINUTE.0 + second * Span::SECOND.0 + micros;
    Some(local - offset(rest)?)
}

fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text[..length].iter().chain(std::iter::repeat(&b'0')).take(6);
    let micros = digits.fold(0, |micros, byte| micros * 10 + i64::from(byte - b'0'));
    (length > 0).then(|| (micros, &text[length..]))
}

/// The offset from UTC in microseconds of nothing, `Z`, `+HH:MM`, `+HHMM` or `+HH`.
fn offset(text: &[u8]) -> Option<i64> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, text) = match text.split_first() {
        None | Some((b'Z' | b'z', [])) => return Some(0),
        Some((b'+', rest)) => (1, rest),
        Some((b'-', rest)) => (-1, rest),
        Some(_) => return if text == b"UTC" { Some(0) } else { None },
    };
    let (hours, rest) = number(text, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { number(rest, 2)? };
    (rest.is_empty() && hours <= 23 && minutes <= 59).then(|| sign * (hours * Span::HOUR.0 + minutes * Span::MINUTE.0))
}

fn number(text: &[u8], length: usize) -> Option<(i64, &[u8])> {
    let (digits, rest) = text.split_at_checked(length)?;
    let value =
        digits.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))?;
    Some((value, rest))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_written_forms_are_read() {
        for (text, shown) in [
            ("2022-09-01", "2022-09-01T00:00:00Z"),
            ("2022/09/01 00:20", "2022-09-01T00:20:00Z"),
            ("2025-02-23 02:46:20.628049", "2025-02-23T02:46:20.628049Z"),
            ("2017-01-01T00:00:00Z", "2017-01-01T00:00:00Z"),
            ("2024-02-29T23:30:00-02:00", "2024-03-01T01:30:00Z"),
            ("2024-03-01t00:30:00.5+0100", "2024-02-29T23:30:00.5Z"),
            ("1900-01-01", "1900-01-01T00:00:00Z"),
        ] {
            assert_eq!(written(text.as_bytes()).map(|time| time.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in ["1", "2022-13-01", "2023-02-29", "2022-09-01 24:00", "2022-09/01", "2022-09-01x", "yesterday"] {
            assert_eq!(written(text.as_bytes()), Err(Unreadable::NotATime), "{text}");
        }
        for text in ["0001-01-01", "1899-12-31", "2201-01-01"] {
            assert_eq!(written(text.as_bytes()), Err(Unreadable::OutOfRange), "{text}");
        }
    }

    #[test]
    fn a_strftime_form_may_lack_the_time_of_day() {
        let noon = formatted(b"31.12.2023 12:00", "%d.%m.%Y %H:%M").map(|time| time.to_string());
        assert_eq!(noon, Ok("2023-12-31T12:00:00Z".to_owned()));
        let day = formatted(b"231231", "%y%m%d").map(|time| time.to_string());
        assert_eq!(day, Ok("2023-12-31T00:00:00Z".to_owned()));
        let offset = formatted(b"2023-12-31 23:00 -0200", "%Y-%m-%d %H:%M %z").map(|time| time.to_string());
        assert_eq!(offset, Ok("2024-01-01T01:00:00Z".to_owned()));
    }

    #[test]
    fn epochs_and_steps_are_exact() {
        assert_eq!(epoch(b"1700000000", Span::SECOND), Ok(Time(1_700_000_000_000_000)));
        assert_eq!(epoch(b"1700000000.25", Span::SECOND), Ok(Time(1_700_000_000_250_000)));
        assert_eq!(epoch(b"-1", Span::SECOND), Ok(Time(-1_000_000)));
        assert_eq!(epoch(b"1700000000000", Span::SECOND), Err(Unreadable::OutOfRange));
        assert_eq!(step(b"3", Span::DAY, Time(0)), Ok(Time(3 * Span::DAY.0)));
        assert_eq!(step(b"3.0", Span::DAY, Time(0)), Ok(Time(3 * Span::DAY.0)));
        assert_eq!(step(b"3.5", Span::DAY, Time(0)), Err(Unreadable::NotATime));
    }

    #[test]
    fn the_resolution_is_the_coarsest_step_that_divides_all_times() {
        assert_eq!(resolution(&[Time(0), Time(Span::DAY.0 * 3)]), Span::DAY);
        assert_eq!(resolution(&[Time(Span::DAY.0), Time(Span::MINUTE.0 * 7)]), Span::MINUTE);
        assert_eq!(resolution(&[Time(-1)]), Span(1));
    }
}
