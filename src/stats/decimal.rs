//! An exact amount as decimal text: `1234.50`, with as many decimals as its currency has.
//!
//! JSON numbers are read as floats by most tools; text keeps every cent. In `jq`, `.amount | tonumber` makes a number.

use std::fmt;

use serde::{Serialize, Serializer};

/// An amount in minor units and how many decimals the minor unit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    minor: i128,
    digits: u8,
}

impl Decimal {
    /// So many minor units of a currency with so many decimals.
    #[must_use]
    pub fn new(minor: i128, digits: u8) -> Self {
        Self { minor, digits }
    }

    /// The minor units.
    #[must_use]
    pub fn minor(self) -> i128 {
        self.minor
    }

    /// Decimals of the minor unit.
    #[must_use]
    pub fn digits(self) -> u8 {
        self.digits
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = usize::from(self.digits);
        let digits = format!("{:0>least$}", self.minor.unsigned_abs(), least = width + 1);
        let (whole, fraction) = digits.split_at(digits.len() - width);
        let sign = if self.minor < 0 { "-" } else { "" };
        let point = if width == 0 { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minor_unit_is_shown_and_no_more() {
        let shown = [(123_450, 2, "1234.50"), (5, 2, "0.05"), (-5, 3, "-0.005"), (7, 0, "7"), (0, 2, "0.00")];
        for (minor, digits, text) in shown {
            assert_eq!(Decimal::new(minor, digits).to_string(), text);
        }
    }
}
