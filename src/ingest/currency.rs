//! Currencies: how many decimals their minor unit has, and the table of those that a ledger uses.

use rustc_hash::FxHashMap;

use super::mapping::Values;
use crate::columns::Currency;

/// More currencies than this in one ledger are a column that is not the currency.
const MOST: usize = 10_000;

/// A code longer than this is no code.
const LONGEST: usize = 32;

/// Where a ledger names no currency (ISO 4217: no currency involved).
pub(super) const NONE: &str = "XXX";

/// Decimals of a minor unit: two, or more where ISO 4217 says so, or eight for a crypto currency.
pub(super) fn digits(code: &str) -> u8 {
    match code {
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        "BTC" | "XBT" | "BCH" | "ETH" | "ETC" | "LTC" | "XRP" | "XMR" | "XLM" | "DOGE" | "DASH" | "ZEC" | "ADA"
        | "SOL" | "DOT" | "TRX" | "BNB" | "TON" | "AVAX" | "USDT" | "USDC" | "DAI" => 8,
        _ => 2,
    }
}

/// The currency of a code.
pub(super) fn of(code: &str) -> Currency {
    Currency { code: code.to_owned(), digits: digits(code) }
}

/// The currencies met so far, each once.
#[derive(Debug, Default)]
pub(super) struct Currencies {
    table: Vec<Currency>,
    by_code: FxHashMap<String, u16>,
    /// What the cells of the current file mean.
    by_cell: FxHashMap<String, u16>,
}

impl Currencies {
    /// Forgets what cells mean, since the next file may have another mapping.
    pub(super) fn next_file(&mut self) {
        self.by_cell.clear();
    }

    /// The position of the currency that a cell names, or why it names none.
    pub(super) fn position(&mut self, cell: &str, values: Option<&Values>) -> Result<u16, &'static str> {
        if let Some(&position) = self.by_cell.get(cell) {
            return Ok(position);
        }
        let code = values.and_then(|values| values.get(cell)).map_or(cell, String::as_str);
        let code = if code.is_empty() { NONE } else { code };
        if code.len() > LONGEST {
            return Err("not a currency code");
        }
        let position = self.of_code(code).ok_or("more currencies than a ledger can have")?;
        self.by_cell.insert(cell.to_owned(), position);
        Ok(position)
    }

    fn of_code(&mut self, code: &str) -> Option<u16> {
        if let Some(&position) = self.by_code.get(code) {
            return Some(position);
        }
        if self.table.len() >= MOST {
            return None;
        }
        let position = u16::try_from(self.table.len()).ok()?;
        self.table.push(of(code));
        self.by_code.insert(code.to_owned(), position);
        Some(position)
    }

    pub(super) fn digits(&self, position: u16) -> u8 {
        self.table[usize::from(position)].digits
    }

    pub(super) fn code(&self, position: u16) -> &str {
        &self.table[usize::from(position)].code
    }

    pub(super) fn into_table(self) -> Vec<Currency> {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yen_keep_two_decimals_and_dinars_three() {
        assert_eq!((digits("JPY"), digits("EUR"), digits("KWD"), digits("BTC")), (2, 2, 3, 8));
    }

    #[test]
    fn names_are_mapped_and_an_empty_cell_means_none() {
        let values = Values::from([("US Dollar".to_owned(), "USD".to_owned())]);
        let mut currencies = Currencies::default();
        assert_eq!(currencies.position("US Dollar", Some(&values)), Ok(0));
        assert_eq!(currencies.position("USD", Some(&values)), Ok(0));
        assert_eq!(currencies.position("", None), Ok(1));
        let codes: Vec<String> = currencies.into_table().into_iter().map(|currency| currency.code).collect();
        assert_eq!(codes, ["USD", "XXX"]);
    }
}
