//! Splits what was found by month, channel, booked currency and country corridor.
//!
//! Each bucket has the distinct transfers that fall into it, the matches that have at least one of them, and how many
//! transfers of the whole ledger fall into it: 40 % cash among the matches means little where 40 % of the ledger is
//! cash. A match may stand in several buckets; a transfer stands in one. Buckets without a matched transfer are left
//! out. Degenerate case: a missing value is the bucket `unknown`.

use std::collections::BTreeMap;
use std::hash::Hash;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::columns::{Column, Ledger, RowId, TextColumn, Time};
use crate::sift::Match;

use super::{Decimal, touched};

/// One part of a breakdown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// What the part is: `2024-03`, `cash`, `EUR`, `DE→FR`.
    pub key: String,
    /// Matches with at least one transfer in it.
    pub matches: usize,
    /// Distinct matched transfers in it.
    pub transfers: usize,
    /// Their value in the base currency, without those that cannot be weighed.
    pub value: Decimal,
    /// All transfers of the ledger in it.
    pub ledger_transfers: usize,
}

/// The bucket of a missing value.
const UNKNOWN: &str = "unknown";

/// How many transfers of the whole ledger fall into each bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    months: FxHashMap<i64, usize>,
    channels: FxHashMap<u32, usize>,
    currencies: FxHashMap<u16, usize>,
    /// By the country codes of payer and payee.
    corridors: FxHashMap<(u32, u32), usize>,
}

impl Buckets {
    /// Counts a part of the ledger.
    pub(super) fn add(&mut self, part: &Ledger) {
        count(&mut self.months, part.rows().map(|row| month(part.time(row))));
        count(&mut self.currencies, part.rows().map(|row| part.currency(row).0));
        if let Some(texts) = text(part.column("channel")) {
            count(&mut self.channels, part.rows().map(|row| texts.codes[row.index()]));
        }
        if let Some(texts) = text(part.accounts().column("country")) {
            count(&mut self.corridors, part.rows().map(|row| corridor(part, texts, row)));
        }
    }
}

/// Breakdowns of what was found in a ledger.
#[derive(Debug)]
pub(super) struct Breakdowns<'a> {
    ledger: &'a Ledger,
    whole: &'a Buckets,
}

fn text(column: Option<&Column>) -> Option<&TextColumn> {
    match column {
        Some(Column::Text(texts)) => Some(texts),
        _ => None,
    }
}

impl<'a> Breakdowns<'a> {
    /// Of a ledger, or of a part that holds all that was found in the whole.
    pub(super) fn new(ledger: &'a Ledger, whole: &'a Buckets) -> Self {
        Self { ledger, whole }
    }

    /// By month of booking, UTC.
    pub(super) fn by_month(&self, matches: &[&Match], transfers: &[RowId]) -> Vec<Bucket> {
        self.split(matches, transfers, |row| month(self.ledger.time(row)), month_name, &self.whole.months)
    }

    /// By channel, if the ledger has that column.
    pub(super) fn by_channel(&self, matches: &[&Match], transfers: &[RowId]) -> Option<Vec<Bucket>> {
        let texts = text(self.ledger.column("channel"))?;
        let name = |code: u32| value(texts, code).to_owned();
        Some(self.split(matches, transfers, |row| texts.codes[row.index()], name, &self.whole.channels))
    }

    /// By booked currency.
    pub(super) fn by_currency(&self, matches: &[&Match], transfers: &[RowId]) -> Vec<Bucket> {
        let name = |code: u16| self.ledger.currency_table()[usize::from(code)].code.clone();
        self.split(matches, transfers, |row| self.ledger.currency(row).0, name, &self.whole.currencies)
    }

    /// By country of payer and payee, if the account table has that column.
    pub(super) fn by_corridor(&self, matches: &[&Match], transfers: &[RowId]) -> Option<Vec<Bucket>> {
        let texts = text(self.ledger.accounts().column("country"))?;
        let name = |(from, to): (u32, u32)| format!("{}→{}", value(texts, from), value(texts, to));
        Some(self.split(matches, transfers, |row| corridor(self.ledger, texts, row), name, &self.whole.corridors))
    }

    fn split<K: Copy + Eq + Hash + Ord>(
        &self,
        matches: &[&Match],
        transfers: &[RowId],
        key: impl Fn(RowId) -> K,
        name: impl Fn(K) -> String,
        whole: &FxHashMap<K, usize>,
    ) -> Vec<Bucket> {
        let mut parts = BTreeMap::<K, Vec<RowId>>::new();
        for &row in transfers {
            parts.entry(key(row)).or_default().push(row);
        }
        let in_match = |matched: &&Match| {
            let mut keys: Vec<K> = matched.transfers.iter().map(|&row| key(row)).collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        let matches = tally(matches.iter().flat_map(in_match));
        let bucket = |(key, rows): (K, Vec<RowId>)| Bucket {
            key: name(key),
            matches: matches[&key],
            transfers: rows.len(),
            value: Decimal::new(touched::weighed(self.ledger, &rows), self.ledger.base().digits),
            ledger_transfers: whole[&key],
        };
        let mut buckets: Vec<Bucket> = parts.into_iter().map(bucket).collect();
        buckets.sort_by(|a, b| a.key.cmp(&b.key));
        buckets
    }
}

fn tally<K: Eq + Hash>(keys: impl Iterator<Item = K>) -> FxHashMap<K, usize> {
    let mut counts = FxHashMap::default();
    count(&mut counts, keys);
    counts
}

fn count<K: Eq + Hash>(counts: &mut FxHashMap<K, usize>, keys: impl Iterator<Item = K>) {
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
}

fn value(texts: &TextColumn, code: u32) -> &str {
    if code == TextColumn::NONE { UNKNOWN } else { &texts.values[code as usize] }
}

fn corridor(ledger: &Ledger, countries: &TextColumn, row: RowId) -> (u32, u32) {
    (countries.codes[ledger.sender(row).index()], countries.codes[ledger.receiver(row).index()])
}

/// Months since the year 0, or the least number for a time outside the calendar.
fn month(time: Time) -> i64 {
    jiff::Timestamp::from_microsecond(time.0).map_or(i64::MIN, |stamp| {
        let date = jiff::tz::Offset::UTC.to_datetime(stamp);
        i64::from(date.year()) * 12 + i64::from(date.month()) - 1
    })
}

fn month_name(month: i64) -> String {
    if month == i64::MIN {
        return UNKNOWN.to_owned();
    }
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_at_midnight_utc() {
        let new_year = crate::sift::fixture::NEW_YEAR;
        assert_eq!(month_name(month(new_year)), "2024-01");
        assert_eq!(month_name(month(Time(new_year.0 - 1))), "2023-12");
        assert_eq!(month_name(month(Time(i64::MAX))), "unknown");
    }
}
