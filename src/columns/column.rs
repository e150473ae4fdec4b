//! One column of values beside the transfers or the accounts: text, numbers, times or truth values.

use std::sync::Arc;

use super::Time;

/// A column of as many values as its table has rows; a missing value is `None`.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Text, stored once per distinct value.
    Text(TextColumn),
    /// Numbers for predicates; whole up to 2^53.
    Number(Vec<Option<f64>>),
    /// Points in time.
    Time(Vec<Option<Time>>),
    /// Truth values.
    Truth(Vec<Option<bool>>),
}

impl Column {
    /// How many rows the column has.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(texts) => texts.codes.len(),
            Self::Number(values) => values.len(),
            Self::Time(values) => values.len(),
            Self::Truth(values) => values.len(),
        }
    }

    /// Whether the column has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column with its rows in the given order; a position of `u32::MAX` makes a missing value.
    #[must_use]
    pub fn gather(&self, order: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[Option<T>], order: &[u32]) -> Vec<Option<T>> {
            order.iter().map(|&row| values.get(row as usize).copied().flatten()).collect()
        }
        match self {
            Self::Text(texts) => Self::Text(TextColumn {
                codes: order
                    .iter()
                    .map(|&row| texts.codes.get(row as usize).copied().unwrap_or(TextColumn::NONE))
                    .collect(),
                values: Arc::clone(&texts.values),
            }),
            Self::Number(values) => Self::Number(pick(values, order)),
            Self::Time(values) => Self::Time(pick(values, order)),
            Self::Truth(values) => Self::Truth(pick(values, order)),
        }
    }

    /// Puts the values of another column behind; both have the same kind, and the same distinct texts.
    pub(super) fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Text(texts), Self::Text(more)) => texts.codes.extend(more.codes),
            (Self::Number(values), Self::Number(more)) => values.extend(more),
            (Self::Time(values), Self::Time(more)) => values.extend(more),
            (Self::Truth(values), Self::Truth(more)) => values.extend(more),
            _ => panic!("a column has one kind"),
        }
    }

    /// The value of a row as text, if there is one.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Self::Text(texts) => texts.get(row).map(str::to_owned),
            Self::Number(values) => values[row].map(|v| v.to_string()),
            Self::Time(values) => values[row].map(|v| v.to_string()),
            Self::Truth(values) => values[row].map(|v| v.to_string()),
        }
    }
}

/// Text values as codes into a table of distinct values.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TextColumn {
    /// One code a row: a position in `values`, or [`TextColumn::NONE`].
    pub codes: Vec<u32>,
    /// The distinct values, which columns of other rows share.
    pub values: Arc<Vec<String>>,
}

impl TextColumn {
    /// The code of a missing value.
    pub const NONE: u32 = u32::MAX;

    /// The text of a row, if there is one.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        let code = self.codes[row];
        (code != Self::NONE).then(|| self.values[code as usize].as_str())
    }

    /// The column of these texts; `None` is missing.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let (mut codes, mut values) = (Vec::new(), Vec::new());
        let mut known = rustc_hash::FxHashMap::<&str, u32>::default();
        for text in texts {
            let code = text.map_or(Self::NONE, |text| {
                *known.entry(text).or_insert_with(|| {
                    values.push(text.to_owned());
                    u32::try_from(values.len() - 1).expect("fewer distinct texts than 2^32")
                })
            });
            codes.push(code);
        }
        Self { codes, values: Arc::new(values) }
    }
}
