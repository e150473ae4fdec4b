//! Reference lists: values (or amounts) and the time in which each is on the list.

use std::collections::BTreeMap;

use super::Time;

/// One row of a reference list. Conditions that are `None` hold for every transfer.
#[derive(Clone, Debug, PartialEq)]
pub struct ListEntry {
    /// The value that is on the list; `None` in a list of amounts.
    pub value: Option<String>,
    /// The amount of a threshold, in major units of `currency`, or of the base currency where that is `None`.
    pub amount: Option<f64>,
    /// Country for which an amount holds.
    pub country: Option<String>,
    /// Currency for which an amount holds.
    pub currency: Option<String>,
    /// Channel for which an amount holds.
    pub channel: Option<String>,
    /// The first moment at which it is on the list.
    pub from: Time,
    /// The last moment at which it is.
    pub to: Time,
}

impl ListEntry {
    /// Whether it is on the list at a time.
    #[must_use]
    pub fn is_valid(&self, at: Time) -> bool {
        self.from <= at && at <= self.to
    }
}

/// A named list that rules read as `@name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReferenceList {
    values: BTreeMap<String, Vec<ListEntry>>,
    amounts: Vec<ListEntry>,
}

impl ReferenceList {
    /// A list of these rows.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = ListEntry>) -> Self {
        let mut list = Self::default();
        for entry in entries {
            match &entry.value {
                Some(value) => list.values.entry(value.clone()).or_default().push(entry),
                None => list.amounts.push(entry),
            }
        }
        // The most conditions first, and of as many the least amount, so that the first row that holds is the answer.
        list.amounts.sort_by(|a, b| {
            let conditions = |entry: &ListEntry| {
                [&entry.country, &entry.currency, &entry.channel].into_iter().filter(|known| known.is_some()).count()
            };
            let least = a.amount.unwrap_or(f64::MAX).total_cmp(&b.amount.unwrap_or(f64::MAX));
            conditions(b).cmp(&conditions(a)).then(least)
        });
        list
    }

    /// The rows of a value; none where it is never on the list.
    #[must_use]
    pub fn rows_of(&self, value: &str) -> &[ListEntry] {
        self.values.get(value).map_or(&[], Vec::as_slice)
    }

    /// Whether a value is on the list at a time.
    #[must_use]
    pub fn holds(&self, value: &str, at: Time) -> bool {
        self.rows_of(value).iter().any(|entry| entry.is_valid(at))
    }

    /// The row of a list of amounts that holds for a transfer: the one with the most conditions, and of these the least.
    #[must_use]
    pub fn amount(&self, country: Option<&str>, currency: &str, channel: Option<&str>, at: Time) -> Option<&ListEntry> {
        let meets =
            |wanted: &Option<String>, has: Option<&str>| wanted.as_deref().is_none_or(|wanted| has == Some(wanted));
        self.amounts.iter().find(|entry| {
            entry.is_valid(at)
                && meets(&entry.country, country)
                && meets(&entry.currency, Some(currency))
                && meets(&entry.channel, channel)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(amount: f64, country: Option<&str>, channel: Option<&str>) -> ListEntry {
        let text = |value: Option<&str>| value.map(str::to_owned);
        ListEntry {
            value: None,
            amount: Some(amount),
            country: text(country),
            currency: None,
            channel: text(channel),
            from: Time(0),
            to: Time(9),
        }
    }

    #[test]
    fn the_row_with_the_most_conditions_answers_and_of_these_the_least_amount() {
        let list = ReferenceList::new([
            amount(10.0, None, None),
            amount(7.0, Some("AU"), None),
            amount(6.0, Some("AU"), Some("cash")),
            amount(5.0, Some("AU"), Some("cash")),
        ]);
        let of = |country, channel, at| list.amount(country, "EUR", channel, Time(at)).and_then(|entry| entry.amount);
        assert_eq!(of(Some("AU"), Some("cash"), 3), Some(5.0));
        assert_eq!(of(Some("AU"), Some("wire"), 0), Some(7.0));
        assert_eq!(of(None, Some("cash"), 9), Some(10.0));
        assert_eq!(of(None, None, 10), None, "no longer valid");
    }
}
