//! Reads decimal text as whole minor units, exactly: no float stands between the file and the ledger.

use std::cmp::Ordering;

use super::digits;
use crate::columns::Ratio;

/// The largest amount in minor units: 2^53 − 1, up to which predicates compare whole numbers exactly.
pub(super) const LARGEST: i64 = 9_007_199_254_740_991;

/// More significant digits than an amount within [`LARGEST`] needs to be rounded correctly, in 64 bits.
const MAX_DIGITS: u32 = 19;

/// How a file writes its amounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Notation {
    /// The decimal point.
    pub(super) decimal: u8,
    /// The sign between thousands, if the file has one.
    pub(super) thousands: Option<u8>,
    /// Whether amounts are whole minor units already.
    pub(super) minor: bool,
}

impl Default for Notation {
    fn default() -> Self {
        Self { decimal: b'.', thousands: None, minor: false }
    }
}

/// Why a text is not an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unusable {
    Empty,
    NotANumber,
    Negative,
    Zero,
    TooSmall,
    TooLarge,
}

impl Unusable {
    /// The reason in words, as the list of rejects gives it.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Empty => "no amount",
            Self::NotANumber => "the amount is not a number",
            Self::Negative => "the amount is negative",
            Self::Zero => "the amount is zero",
            Self::TooSmall => "the amount is smaller than a minor unit",
            Self::TooLarge => "the amount is too large (over 9007199254740991 minor units)",
        }
    }
}

/// An amount in minor units, and whether finer decimals were rounded away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Minor {
    pub(super) units: i64,
    pub(super) rounded: bool,
}

/// Reads an amount above zero; `digits` are the decimals of the currency's minor unit. Finer decimals are
/// rounded half to even.
pub(super) fn minor_units(text: &[u8], digits: u8, notation: Notation) -> Result<Minor, Unusable> {
    let digits = if notation.minor { 0 } else { digits };
    if let Some(units) = plain_units(text, digits, notation.decimal) {
        return Ok(Minor { units, rounded: false });
    }
    let decimal = Decimal::read(text, notation)?;
    if decimal.is_zero() {
        return Err(Unusable::Zero);
    }
    if decimal.negative {
        return Err(Unusable::Negative);
    }
    let digits = i64::from(digits);
    let (units, rounded) = decimal.scaled(digits).ok_or(Unusable::TooLarge)?;
    match i64::try_from(units) {
        Ok(0) => Err(Unusable::TooSmall),
        Ok(units) if units <= LARGEST => Ok(Minor { units, rounded }),
        _ => Err(Unusable::TooLarge),
    }
}

/// What most amounts are: digits, and perhaps as many decimals as the currency has, or fewer. Nothing where it is no usable
/// amount of that form.
#[inline]
fn plain_units(text: &[u8], digits: u8, decimal: u8) -> Option<i64> {
    let digits = usize::from(digits);
    // Most amounts have all the decimals of their currency.
    let from = text.len().saturating_sub(digits + 1);
    let place =
        if text.get(from) == Some(&decimal) { Some(0) } else { text[from..].iter().position(|&byte| byte == decimal) };
    let (whole, part, decimals) = match place.map(|place| from + place) {
        Some(point) => (&text[..point], digits::number(&text[point + 1..])?, text.len() - point - 1),
        None => (text, 0, 0),
    };
    let whole = digits::number(whole)?.checked_mul(*POWERS.get(digits)?)?;
    let units = whole.checked_add(part * POWERS[digits - decimals])?;
    i64::try_from(units).ok().filter(|units| (1..=LARGEST).contains(units))
}

/// The amount of which a float is the nearest one, if it has no finer decimals than the minor unit.
///
/// Up to fifteen digits, each decimal number has a float of its own. So where the float of the whole minor units gives back
/// the same float when it is divided, those are the shortest decimal number that names it.
#[expect(
    clippy::float_cmp,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "it asks whether they are exact"
)]
pub(super) fn of_float(amount: f64, digits: u8) -> Option<i64> {
    const FIFTEEN_DIGITS: f64 = 1e15;
    // Next to it floats are whole numbers: adding it rounds, to the even one of two, what is below half of it.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let scale = *POWERS.get(usize::from(digits))? as f64;
    let units = amount * scale + WHOLE - WHOLE;
    let exact = (1.0..FIFTEEN_DIGITS).contains(&units) && units / scale == amount;
    exact.then_some(units as i64)
}

/// Powers of ten, which floats hold exactly, too.
const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Reads a rate above zero, exactly.
pub(super) fn rate(text: &[u8]) -> Result<Ratio, Unusable> {
    let decimal = Decimal::read(text, Notation::default())?;
    if decimal.is_zero() {
        return Err(Unusable::Zero);
    }
    if decimal.negative {
        return Err(Unusable::Negative);
    }
    let power = |exponent: i64| u32::try_from(exponent).ok().and_then(|exponent| 10i128.checked_pow(exponent));
    let value = i128::from(decimal.value);
    let ratio = if decimal.exponent >= 0 {
        power(decimal.exponent).and_then(|scale| value.checked_mul(scale)).and_then(|value| Ratio::new(value, 1))
    } else {
        power(-decimal.exponent).and_then(|scale| Ratio::new(value, scale))
    };
    ratio.ok_or(Unusable::TooLarge)
}

/// A decimal number: ± value × 10^exponent, with `more` where digits beyond those kept are not all zero.
struct Decimal {
    negative: bool,
    value: u64,
    more: bool,
    exponent: i64,
}

impl Decimal {
    fn read(text: &[u8], notation: Notation) -> Result<Self, Unusable> {
        let (&first, rest) = text.split_first().ok_or(Unusable::Empty)?;
        let (negative, text) = match first {
            b'-' => (true, rest),
            b'+' => (false, rest),
            _ => (false, text),
        };
        let mut number = Self { negative, value: 0, more: false, exponent: 0 };
        let (mut digits, mut kept, mut in_fraction) = (0usize, 0u32, false);
        for (position, &byte) in text.iter().enumerate() {
            if byte.is_ascii_digit() {
                digits += 1;
                number.push(byte - b'0', &mut kept, in_fraction);
            } else if byte == notation.decimal && !in_fraction {
                in_fraction = true;
            } else if matches!(byte, b'e' | b'E') && digits > 0 {
                number.exponent = number.exponent.saturating_add(exponent(&text[position + 1..])?);
                break;
            } else if Some(byte) != notation.thousands || in_fraction || digits == 0 {
                return Err(Unusable::NotANumber);
            }
        }
        if digits == 0 { Err(Unusable::NotANumber) } else { Ok(number) }
    }

    fn push(&mut self, digit: u8, kept: &mut u32, in_fraction: bool) {
        if *kept < MAX_DIGITS {
            self.value = self.value * 10 + u64::from(digit);
            *kept += u32::from(self.value > 0);
            self.exponent -= i64::from(in_fraction);
        } else {
            self.more |= digit > 0;
            self.exponent += i64::from(!in_fraction);
        }
    }

    fn is_zero(&self) -> bool {
        self.value == 0 && !self.more
    }

    /// The whole number nearest to value × 10^digits, and whether it differs; `None` where it is beyond 128 bits.
    fn scaled(&self, digits: i64) -> Option<(i128, bool)> {
        let shift = self.exponent.saturating_add(digits);
        let value = i128::from(self.value);
        if shift >= 0 {
            let scale = 10i128.checked_pow(u32::try_from(shift).ok()?)?;
            return value.checked_mul(scale).map(|units| (units, self.more));
        }
        let Some(scale) = u32::try_from(-shift).ok().and_then(|power| 10i128.checked_pow(power)) else {
            return Some((0, true));
        };
        let (whole, rest) = (value / scale, value % scale);
        let up = match (rest * 2).cmp(&scale) {
            Ordering::Less => false,
            Ordering::Equal => self.more || whole % 2 == 1,
            Ordering::Greater => true,
        };
        Some((whole + i128::from(up), rest != 0 || self.more))
    }
}

/// The whole number after `e`; far outside any amount it need not be exact.
fn exponent(text: &[u8]) -> Result<i64, Unusable> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Unusable::NotANumber);
    }
    let size = digits.iter().fold(0i64, |size, byte| (size * 10 + i64::from(byte - b'0')).min(1_000_000_000));
    Ok(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(text: &str) -> Result<(i64, bool), Unusable> {
        minor_units(text.as_bytes(), 2, Notation::default()).map(|minor| (minor.units, minor.rounded))
    }

    #[test]
    fn decimals_become_minor_units_exactly() {
        for (text, units) in [
            ("12.34", 1234),
            ("+12", 1200),
            ("0.1", 10),
            (".5", 50),
            ("7.", 700),
            ("1e3", 100_000),
            ("1.5E+3", 150_000),
            ("12345e-2", 12_345),
            ("0000000000000000000000000001", 100),
            ("90071992547409.91", LARGEST),
        ] {
            assert_eq!(cents(text), Ok((units, false)), "{text}");
        }
    }

    #[test]
    fn finer_decimals_are_rounded_half_to_even_once() {
        for (text, units) in [
            ("1.005", 100),
            ("1.015", 102),
            ("1.0050000000000000000000001", 101),
            ("406.13327040893904", 40_613),
            ("0.005000000000000000000000001", 1),
        ] {
            assert_eq!(cents(text), Ok((units, true)), "{text}");
        }
    }

    #[test]
    fn each_unusable_amount_has_its_own_reason() {
        for (text, why) in [
            ("", Unusable::Empty),
            ("NaN", Unusable::NotANumber),
            ("inf", Unusable::NotANumber),
            ("1,234.50", Unusable::NotANumber),
            ("1.2.3", Unusable::NotANumber),
            ("12 EUR", Unusable::NotANumber),
            ("e5", Unusable::NotANumber),
            ("1e", Unusable::NotANumber),
            ("-", Unusable::NotANumber),
            (".", Unusable::NotANumber),
            ("0.00", Unusable::Zero),
            ("-0", Unusable::Zero),
            ("0e999999999999", Unusable::Zero),
            ("-5", Unusable::Negative),
            ("0.005", Unusable::TooSmall),
            ("1e-400", Unusable::TooSmall),
            ("1e400", Unusable::TooLarge),
            ("90071992547409.92", Unusable::TooLarge),
            ("123456789012345678901234567890", Unusable::TooLarge),
        ] {
            assert_eq!(cents(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_decimal_comma_and_signs_between_thousands_are_read_where_the_mapping_says_so() {
        let german = Notation { decimal: b',', thousands: Some(b'.'), minor: false };
        assert_eq!(minor_units(b"1.234,50", 2, german).map(|minor| minor.units), Ok(123_450));
        let minor = Notation { minor: true, ..Notation::default() };
        assert_eq!(minor_units(b"1234", 2, minor).map(|minor| minor.units), Ok(1234));
    }

    #[test]
    fn a_float_is_the_shortest_decimal_that_names_it() {
        for (float, units) in [
            (0.1, Some(10)),
            (84.0, Some(8400)),
            (1.15, Some(115)),
            (9_999_999_999_999.99, Some(999_999_999_999_999)),
            (10_000_000_000_000.0, None),
            (0.001, None),
            (1.005, None),
            (0.1 + 0.2, None),
            (0.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(of_float(float, 2), units, "{float}");
        }
        assert_eq!((of_float(1.0, 0), of_float(1.0, 9)), (Some(1), None));
    }

    #[test]
    fn a_rate_is_an_exact_fraction() {
        let rate = rate(b"1.0875").expect("a rate");
        assert_eq!((rate.numerator(), rate.denominator()), (87, 80));
        assert!(super::rate(b"0").is_err());
    }
}
