//! Money as whole minor units, and ratios of money as exact fractions.
//!
//! No amount is ever a float: sums and comparisons are integer arithmetic, so that a match does not depend
//! on the order in which amounts were added.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// An amount in minor units (cents of the currency it is booked in).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Money(pub i64);

/// An amount in minor units of the base currency, or unknown where no rate leads there.
///
/// Unknown is not zero: a comparison with it never holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BaseAmount(i64);

impl BaseAmount {
    /// No rate leads from the booked currency to the base currency.
    pub const UNKNOWN: Self = Self(i64::MIN);

    /// A known amount, in minor units of the base currency; never negative.
    #[must_use]
    pub fn known(money: Money) -> Self {
        debug_assert!(money.0 >= 0, "amounts are not negative");
        Self(money.0)
    }

    /// The amount, if it is known.
    #[must_use]
    pub fn get(self) -> Option<Money> {
        (self.0 != i64::MIN).then_some(Money(self.0))
    }
}

/// An exact non-negative fraction, written as a decimal or as a quotient of decimals (`0.8` is 4/5).
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// The fraction `numerator / denominator` in lowest terms.
    ///
    /// Returns `None` where the denominator is zero or the reduced terms do not fit 64 bits.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let sign = if denominator < 0 { -1 } else { 1 };
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()).max(1);
        let divisor = i128::try_from(divisor).ok()?;
        Some(Self {
            numerator: i64::try_from(sign * numerator / divisor).ok()?,
            denominator: i64::try_from(sign * denominator / divisor).ok()?,
        })
    }

    /// The numerator in lowest terms.
    #[must_use]
    pub fn numerator(self) -> i64 {
        self.numerator
    }

    /// The denominator in lowest terms, above zero.
    #[must_use]
    pub fn denominator(self) -> i64 {
        self.denominator
    }

    /// How `part / whole` compares with this ratio, exactly. `whole` must be above zero.
    #[must_use]
    pub fn compare(self, part: i128, whole: i128) -> Ordering {
        (part * i128::from(self.denominator)).cmp(&(whole * i128::from(self.numerator)))
    }

    /// The nearest float, for estimates and display.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "only for estimates and display")]
    pub fn to_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ratio {}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        other.compare(i128::from(self.numerator), i128::from(self.denominator))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.denominator;
        let (mut twos, mut fives) = (0u32, 0u32);
        while rest % 2 == 0 {
            rest /= 2;
            twos += 1;
        }
        while rest % 5 == 0 {
            rest /= 5;
            fives += 1;
        }
        let places = twos.max(fives);
        if rest != 1 || places > 18 {
            return write!(f, "{}/{}", self.numerator, self.denominator);
        }
        let scale = 10i128.pow(places);
        let scaled = i128::from(self.numerator) * scale / i128::from(self.denominator);
        if places == 0 {
            return write!(f, "{scaled}");
        }
        let width = places as usize;
        let sign = if scaled < 0 { "-" } else { "" };
        let scaled = scaled.abs();
        write!(f, "{sign}{}.{:0width$}", scaled / scale, scaled % scale)
    }
}

/// Why a text is not a ratio.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number of at most 18 digits")]
pub struct ParseRatioError(pub String);

impl FromStr for Ratio {
    type Err = ParseRatioError;

    /// Reads a decimal such as `0.8`, `5` or `-1.25`, exactly.
    fn from_str(text: &str) -> Result<Self, ParseRatioError> {
        let bad = || ParseRatioError(text.to_owned());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("{whole}{fraction}");
        let unsigned = digits.strip_prefix('-').unwrap_or(&digits);
        let fits = !unsigned.is_empty() && unsigned.len() <= 18 && unsigned.bytes().all(|b| b.is_ascii_digit());
        if !fits || (text.contains('.') && fraction.is_empty()) {
            return Err(bad());
        }
        let numerator: i128 = digits.parse().map_err(|_| bad())?;
        let places = u32::try_from(fraction.len()).map_err(|_| bad())?;
        Self::new(numerator, 10i128.pow(places)).ok_or_else(bad)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_fifths_is_exact() {
        let ratio: Ratio = "0.8".parse().expect("a decimal");
        assert_eq!((ratio.numerator(), ratio.denominator()), (4, 5));
        assert_eq!(ratio.compare(80, 100), Ordering::Equal);
        assert_eq!(ratio.compare(79, 100), Ordering::Less);
        assert_eq!(ratio.to_string(), "0.8");
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for text in ["", ".", "1.", "1e3", "NaN", "--1", "1234567890123456789"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_third_is_shown_as_a_fraction() {
        assert_eq!(Ratio::new(2, 6).expect("not zero").to_string(), "1/3");
    }

    #[test]
    fn an_unknown_amount_is_not_zero() {
        assert_eq!(BaseAmount::UNKNOWN.get(), None);
        assert_eq!(BaseAmount::known(Money(0)).get(), Some(Money(0)));
    }
}
