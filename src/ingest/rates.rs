//! Rates into the base currency: given in a file, or inferred from the ledger's own converting transfers.
//!
//! Every rate is an exact fraction, and a converted amount is rounded half to even, once.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::Path;

use super::amount::{self, LARGEST};
use super::moment;
use super::source::Place;
use super::table::Table;
use super::transfers::Transfers;
use super::{IngestError, InputFile, RateUsed};
use crate::columns::{BaseAmount, Currency, Money, Ratio, Time};

/// The amounts in the base currency, and how they came about.
pub(super) struct Weighed {
    /// Nothing where all are booked in it.
    pub(super) amounts: Option<Vec<BaseAmount>>,
    pub(super) rates: Vec<RateUsed>,
    pub(super) notes: Vec<String>,
}

/// Rates by currency and day.
pub(super) struct Given {
    by_currency: BTreeMap<String, BTreeMap<i64, Ratio>>,
}

/// Minor units of the base currency for one minor unit of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Factor {
    base: i128,
    other: i128,
}

#[derive(Debug)]
enum Conversion {
    Unknown,
    Same,
    Always(Factor),
    ByDay(Vec<(i64, Factor)>),
}

/// The code of the base currency: the one asked for, else the one that most transfers are booked in.
pub(super) fn base(asked: Option<&str>, transfers: &Transfers, table: &[Currency]) -> Currency {
    let mut counts = vec![0usize; table.len()];
    for &currency in &transfers.collected.currencies {
        counts[usize::from(currency)] += 1;
    }
    base_of(asked, &counts, table)
}

/// The same where so many transfers are booked in each currency.
pub(super) fn base_of(asked: Option<&str>, counts: &[usize], table: &[Currency]) -> Currency {
    let most = table.iter().zip(counts).max_by(|(a, m), (b, n)| m.cmp(n).then_with(|| b.code.cmp(&a.code)));
    let code = asked.or(most.map(|(currency, _)| currency.code.as_str())).unwrap_or(super::currency::NONE);
    super::currency::of(code)
}

/// Reads a table of rates with the columns `date`, `currency` and `rate`.
///
/// # Errors
///
/// Where it cannot be read, lacks a column, or a row is no rate.
pub(super) fn read(path: &Path) -> Result<(Given, InputFile), IngestError> {
    let table = Table::open(&Place::File(path.to_owned()), true)?;
    let name = table.name.clone();
    let wanted = ["date", "currency", "rate"]
        .map(|column| table.position(column).ok_or(column))
        .into_iter()
        .collect::<Result<Vec<usize>, _>>()
        .map_err(|column| IngestError::Header {
            file: name.clone(),
            problem: format!("there is no column `{column}`"),
            columns: table.header.join(", "),
            help: "a table of rates has the columns date, currency and rate".to_owned(),
        })?;
    let mut by_currency: BTreeMap<String, BTreeMap<i64, Ratio>> = BTreeMap::new();
    let read = table.read(&wanted, &mut |spot, row| {
        let wrong =
            |problem: &str| IngestError::malformed(&name, spot.line, problem, "a row is such as `2024-01-31,USD,0.92`");
        let row = row.map_err(|fault| wrong(fault.reason))?;
        let date = moment::written(row.cell(0)).map_err(|why| wrong(why.reason()))?;
        let currency = row.text(1).map_err(wrong)?;
        let rate = amount::rate(row.cell(2)).map_err(|_| wrong("the rate is not a number above zero"))?;
        let by_day = by_currency.entry(currency.to_owned()).or_default();
        match by_day.insert(moment::day_of(date), rate) {
            Some(other) if other != rate => Err(wrong("another row has a different rate for the same day")),
            _ => Ok(()),
        }
    })?;
    let file = InputFile::new(&name, "rates", read);
    Ok((Given { by_currency }, file))
}

/// Converts every amount into the base currency, as far as rates lead there.
pub(super) fn weigh(transfers: &Transfers, table: &[Currency], base: &Currency, given: Option<&Given>) -> Weighed {
    let columns = &transfers.collected;
    let seen = columns.received.iter().map(|received| Converted {
        paid: columns.currencies[received.row as usize],
        sent: columns.amounts[received.row as usize].0,
        currency: received.currency,
        got: received.amount,
    });
    let conversions = Conversions::new(table, base, given, seen);
    if conversions.is_plain() {
        return Weighed { amounts: None, rates: conversions.rates, notes: Vec::new() };
    }
    let mut unknown = vec![0u64; table.len()];
    let mut early = vec![0u64; table.len()];
    let rows = transfers.collected.amounts.iter().zip(&transfers.collected.currencies).zip(&transfers.collected.times);
    let amounts = rows
        .map(|((amount, &currency), time)| {
            let currency = usize::from(currency);
            let (weighed, before_first) = conversions.apply(currency, *amount, *time);
            early[currency] += u64::from(before_first);
            unknown[currency] += u64::from(weighed == BaseAmount::UNKNOWN);
            weighed
        })
        .collect();
    let notes = notes(table, base, &unknown, &early);
    Weighed { amounts: Some(amounts), rates: conversions.rates, notes }
}

/// A transfer that converts: what was sent in one currency, and got in another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Converted {
    pub(super) paid: u16,
    pub(super) sent: i64,
    pub(super) currency: u16,
    pub(super) got: i64,
}

/// How each currency of a table becomes the base currency.
#[derive(Debug)]
pub(super) struct Conversions {
    each: Vec<Conversion>,
    pub(super) rates: Vec<RateUsed>,
}

impl Conversions {
    /// By the rates that are given, else by the transfers that convert.
    pub(super) fn new(
        table: &[Currency],
        base: &Currency,
        given: Option<&Given>,
        seen: impl Iterator<Item = Converted>,
    ) -> Self {
        let mut rates = Vec::new();
        let inferred = if given.is_none() { infer(seen, table, base) } else { BTreeMap::new() };
        let conversion = |(position, currency): (u16, &Currency)| match given {
            _ if currency.code == base.code => Conversion::Same,
            Some(given) => given.conversion(currency, base, &mut rates),
            None => inferred.get(&position).map_or(Conversion::Unknown, |(factor, count)| {
                rates.push(factor.used(currency, base, format!("inferred from {count} converting transfers")));
                Conversion::Always(*factor)
            }),
        };
        let each = (0u16..).zip(table).map(conversion).collect();
        rates.sort_by(|a, b| a.currency.cmp(&b.currency));
        Self { each, rates }
    }

    /// Whether all is booked in the base currency.
    pub(super) fn is_plain(&self) -> bool {
        self.each.iter().all(|conversion| matches!(conversion, Conversion::Same))
    }

    /// The amount in the base currency, and whether its day lies before the first rate.
    pub(super) fn apply(&self, currency: usize, amount: Money, time: Time) -> (BaseAmount, bool) {
        self.each[currency].apply(amount, time)
    }
}

/// What a reader should know of amounts that cannot be compared.
pub(super) fn notes(table: &[Currency], base: &Currency, unknown: &[u64], early: &[u64]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut order: Vec<usize> = (0..table.len()).collect();
    order.sort_unstable_by(|&a, &b| table[a].code.cmp(&table[b].code));
    for currency in order {
        let code = &table[currency].code;
        if unknown[currency] > 0 {
            let count = unknown[currency];
            notes.push(format!(
                "{code}: no rate into {}, so the amounts of {count} transfers are compared with no others",
                base.code
            ));
        }
        if early[currency] > 0 {
            let count = early[currency];
            notes.push(format!("{code}: {count} transfers lie before the first rate, and that rate is used for them"));
        }
    }
    notes
}

impl Given {
    fn conversion(&self, currency: &Currency, base: &Currency, rates: &mut Vec<RateUsed>) -> Conversion {
        let Some(by_day) = self.by_currency.get(&currency.code) else { return Conversion::Unknown };
        let factors: Vec<(i64, Factor)> =
            by_day.iter().map(|(&day, &rate)| (day, Factor::of(rate, currency, base))).collect();
        if let Some((_, latest)) = factors.last() {
            let source = match factors.len() {
                1 => "given".to_owned(),
                count => format!("given, the latest of {count}"),
            };
            rates.push(latest.used(currency, base, source));
        }
        Conversion::ByDay(factors)
    }
}

impl Conversion {
    /// The amount in the base currency, and whether the time lies before the first rate.
    fn apply(&self, amount: Money, time: Time) -> (BaseAmount, bool) {
        match self {
            Self::Unknown => (BaseAmount::UNKNOWN, false),
            Self::Same => (BaseAmount::known(amount), false),
            Self::Always(factor) => (factor.apply(amount), false),
            Self::ByDay(factors) => {
                let day = moment::day_of(time);
                let later = factors.partition_point(|&(first, _)| first <= day);
                let factor = factors[later.saturating_sub(1)].1;
                (factor.apply(amount), later == 0)
            }
        }
    }
}

impl Factor {
    /// The factor of a rate between whole units of the two currencies.
    fn of(rate: Ratio, currency: &Currency, base: &Currency) -> Self {
        let scale = |digits: u8| 10i128.pow(u32::from(digits));
        Self {
            base: i128::from(rate.numerator()) * scale(base.digits),
            other: i128::from(rate.denominator()) * scale(currency.digits),
        }
    }

    /// The amount converted and rounded half to even; unknown where it is larger than any amount may be.
    fn apply(self, amount: Money) -> BaseAmount {
        let Some(product) = i128::from(amount.0).checked_mul(self.base) else { return BaseAmount::UNKNOWN };
        let (whole, rest) = (product / self.other, product % self.other);
        let up = match rest.cmp(&(self.other - rest)) {
            Ordering::Less => false,
            Ordering::Equal => whole % 2 == 1,
            Ordering::Greater => true,
        };
        match i64::try_from(whole + i128::from(up)) {
            Ok(units) if units <= LARGEST => BaseAmount::known(Money(units)),
            _ => BaseAmount::UNKNOWN,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "the rate is shown, not reckoned with")]
    fn used(self, currency: &Currency, base: &Currency, source: String) -> RateUsed {
        let scale = |digits: u8| 10f64.powi(i32::from(digits));
        let minor = self.base as f64 / self.other as f64;
        let rate = minor * scale(currency.digits) / scale(base.digits);
        RateUsed { currency: currency.code.clone(), rate, source }
    }
}

/// The middle rate of each currency's direct conversions from or into the base currency (of two middle ones the
/// lower), and how many there are.
fn infer(
    converted: impl Iterator<Item = Converted>,
    table: &[Currency],
    base: &Currency,
) -> BTreeMap<u16, (Factor, usize)> {
    let mut seen: BTreeMap<u16, Vec<Factor>> = BTreeMap::new();
    for Converted { paid, sent, currency, got } in converted {
        let (sent, got) = (i128::from(sent), i128::from(got));
        let is_base = |currency: u16| table[usize::from(currency)].code == base.code;
        if is_base(currency) {
            seen.entry(paid).or_default().push(Factor { base: got, other: sent });
        } else if is_base(paid) {
            seen.entry(currency).or_default().push(Factor { base: sent, other: got });
        }
    }
    let middle = |mut factors: Vec<Factor>| {
        factors.sort_unstable_by(|a, b| (a.base * b.other).cmp(&(b.base * a.other)));
        (factors[(factors.len() - 1) / 2], factors.len())
    };
    seen.into_iter().map(|(currency, factors)| (currency, middle(factors))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Span;

    #[test]
    fn a_converted_amount_is_rounded_half_to_even() {
        let half = Factor { base: 1, other: 2 };
        for (amount, converted) in [(1, 0), (3, 2), (5, 2), (4, 2)] {
            assert_eq!(half.apply(Money(amount)), BaseAmount::known(Money(converted)), "{amount}");
        }
        assert_eq!(Factor { base: 10, other: 1 }.apply(Money(LARGEST)), BaseAmount::UNKNOWN);
    }

    #[test]
    fn a_rate_takes_the_decimals_of_both_currencies_into_account() {
        let factor = Factor::of(
            amount::rate(b"30000").expect("a rate"),
            &super::super::currency::of("BTC"),
            &super::super::currency::of("EUR"),
        );
        assert_eq!(factor.apply(Money(100_000_000)), BaseAmount::known(Money(3_000_000)));
    }

    #[test]
    fn the_latest_rate_on_or_before_the_day_is_used_and_the_first_before_it() {
        let one = |base| Factor { base, other: 1 };
        let rates = Conversion::ByDay(vec![(10, one(2)), (20, one(3))]);
        for (day, amount, early) in [(5, 2, true), (10, 2, false), (19, 2, false), (20, 3, false), (99, 3, false)] {
            let time = Time(day * Span::DAY.0);
            assert_eq!(rates.apply(Money(1), time), (BaseAmount::known(Money(amount)), early), "day {day}");
        }
    }
}
