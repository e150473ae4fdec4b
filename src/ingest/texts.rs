//! The words of one further column, each distinct text once; at the end they decide what kind of column it is.

use rustc_hash::FxHashMap;

use super::mapping::Values;
use super::moment;
use crate::columns::schema::Kind;
use crate::columns::{Column, TextColumn};

/// The distinct texts of a column in the making; its rows hold their codes.
#[derive(Debug, Default)]
pub(super) struct Words {
    values: Vec<String>,
    by_value: FxHashMap<String, u32>,
    /// What the cells of the current file mean.
    by_cell: FxHashMap<String, u32>,
    /// What an empty cell of it means, which most are.
    of_empty: Option<u32>,
}

impl Words {
    /// Forgets what cells mean, since the next file may have another mapping.
    pub(super) fn next_file(&mut self) {
        self.by_cell.clear();
        self.of_empty = None;
    }

    /// The code of a cell; an empty one, or one mapped to nothing, is missing.
    pub(super) fn code(&mut self, cell: &str, values: Option<&Values>) -> u32 {
        if let Some(code) = self.of_empty.filter(|_| cell.is_empty()) {
            return code;
        }
        match self.by_cell.get(cell) {
            Some(&code) => code,
            None => self.learn(cell, values),
        }
    }

    fn learn(&mut self, cell: &str, values: Option<&Values>) -> u32 {
        let value = values.and_then(|values| values.get(cell)).map_or(cell, String::as_str);
        let code = if value.is_empty() {
            TextColumn::NONE
        } else if let Some(&code) = self.by_value.get(value) {
            code
        } else {
            let code = u32::try_from(self.values.len()).expect("fewer distinct texts than 2^32");
            self.values.push(value.to_owned());
            self.by_value.insert(value.to_owned(), code);
            code
        };
        self.by_cell.insert(cell.to_owned(), code);
        self.of_empty = if cell.is_empty() { Some(code) } else { self.of_empty };
        code
    }

    /// The text of a code, if it is not the one of a missing text.
    pub(super) fn get(&self, code: u32) -> Option<&str> {
        self.values.get(code as usize).map(String::as_str)
    }

    /// Whether no cell had a text.
    pub(super) fn is_blank(&self) -> bool {
        self.values.is_empty()
    }

    /// The finished column of these codes. `kind` is that of a canonical column; any other is of numbers or truth values where all
    /// its values are.
    pub(super) fn into_column(self, codes: Vec<u32>, kind: Option<Kind>) -> Column {
        let mut used = vec![false; self.values.len()];
        for &code in &codes {
            if let Some(mark) = used.get_mut(code as usize) {
                *mark = true;
            }
        }
        let in_use = || self.values.iter().zip(&used).filter(|(_, used)| **used).map(|(value, _)| value.as_str());
        let kind = match kind {
            Some(Kind::Number) => Guess::Number,
            Some(Kind::Time) => Guess::Time,
            Some(Kind::Text) => Guess::Text,
            None => Guess::of(&in_use()),
        };
        match kind {
            Guess::Number => Column::Number(self.each(&codes, number)),
            Guess::Truth => Column::Truth(self.each(&codes, truth)),
            Guess::Time => Column::Time(self.each(&codes, |text| moment::written(text.as_bytes()).ok())),
            Guess::Text => Column::Text(self.sorted(codes, &used)),
        }
    }

    fn each<T: Copy>(&self, codes: &[u32], read: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
        let values: Vec<Option<T>> = self.values.iter().map(|value| read(value)).collect();
        codes.iter().map(|&code| values.get(code as usize).copied().flatten()).collect()
    }

    /// The texts in byte order without those that no row has, so that codes do not depend on the order of rows.
    fn sorted(self, mut codes: Vec<u32>, used: &[bool]) -> TextColumn {
        let mut order: Vec<usize> = (0..self.values.len()).filter(|&code| used[code]).collect();
        order.sort_unstable_by(|&a, &b| self.values[a].cmp(&self.values[b]));
        let mut rank = vec![TextColumn::NONE; self.values.len()];
        for (position, &code) in (0u32..).zip(&order) {
            rank[code] = position;
        }
        for code in &mut codes {
            *code = rank.get(*code as usize).copied().unwrap_or(TextColumn::NONE);
        }
        let mut values = self.values;
        let values: Vec<String> = order.into_iter().map(|code| std::mem::take(&mut values[code])).collect();
        TextColumn { codes, values: values.into() }
    }
}

enum Guess {
    Number,
    Truth,
    Time,
    Text,
}

impl Guess {
    fn of<'a>(values: &(impl Iterator<Item = &'a str> + Clone)) -> Self {
        if values.clone().next().is_none() {
            Self::Text
        } else if values.clone().all(|value| truth(value).is_some()) {
            Self::Truth
        } else if values.clone().all(|value| number(value).is_some()) {
            Self::Number
        } else {
            Self::Text
        }
    }
}

/// A finite number. A code such as `007` is none, since its zeros mean something.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['-', '+']).as_bytes();
    let padded = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    text.parse::<f64>().ok().filter(|number| number.is_finite() && !padded)
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[&str]) -> Column {
        let mut words = Words::default();
        let codes = cells.iter().map(|cell| words.code(cell, None)).collect();
        words.into_column(codes, None)
    }

    #[test]
    fn a_column_is_of_numbers_only_if_every_value_is_one() {
        assert_eq!(column(&["1", "", "2.5"]), Column::Number(vec![Some(1.0), None, Some(2.5)]));
        assert_eq!(column(&["True", "false"]), Column::Truth(vec![Some(true), Some(false)]));
        for cells in [&["1", "x"][..], &["007", "8"], &["1", "inf"], &["", ""]] {
            assert!(matches!(column(cells), Column::Text(_)), "{cells:?}");
        }
    }

    #[test]
    fn texts_are_coded_in_byte_order_whatever_the_order_of_rows() {
        let Column::Text(texts) = column(&["wire", "card", "wire"]) else { panic!("text") };
        assert_eq!(
            (texts.values.as_slice(), texts.codes),
            (["card".to_owned(), "wire".to_owned()].as_slice(), vec![1, 0, 1])
        );
    }
}
