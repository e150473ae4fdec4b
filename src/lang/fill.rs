//! Parameters and durations in a predicate become SQL literals, since SQL knows neither; every piece of the SQL
//! remembers which piece of the author's text it comes from.

use std::ops::Range;

use sqlparser::tokenizer::{Location, Span as SqlSpan};

use crate::columns::{Ratio, Span};

use super::Value;
use super::number::Scope;
use super::predicate::{Fault, What};

/// polars counts lengths of time in nanoseconds of 64 bits; a hundred years are well inside.
const LONGEST: Span = Span(100 * 365 * Span::DAY.0);

/// A predicate as SQL.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) sql: String,
    /// The pieces in order: where each begins in the SQL, where it stands in the text, and whether it was copied.
    pieces: Vec<(usize, Range<usize>, bool)>,
}

impl Filled {
    fn copy(&mut self, text: &str, piece: Range<usize>) {
        self.pieces.push((self.sql.len(), piece.clone(), true));
        self.sql.push_str(&text[piece]);
    }

    fn replace(&mut self, by: &str, piece: Range<usize>) {
        self.pieces.push((self.sql.len(), piece, false));
        self.sql.push_str(by);
    }

    /// The place in the author's text of a place of the SQL parser; `None` where the parser gives none.
    pub(super) fn place(&self, span: SqlSpan) -> Option<Range<usize>> {
        let (start, mut end) = (self.offset(span.start)?, self.offset(span.end)?);
        // The parser's place of a call stops short of its last parenthesis.
        let count = |end: usize, sign| self.sql.get(start..end).unwrap_or_default().matches(sign).count();
        while count(end, '(') > count(end, ')') {
            let Some(length) = self.sql[end..].find(')') else { break };
            end += length + 1;
        }
        (start < end).then(|| self.original(start, end))
    }

    /// The place in the author's text of the word at a place of the SQL parser; its end where nothing follows.
    pub(super) fn word(&self, at: Location) -> Option<Range<usize>> {
        let start = self.offset(at)?;
        let rest = &self.sql[start..];
        let first = rest.chars().next()?;
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()).max(first.len_utf8());
        Some(self.original(start, start + length))
    }

    /// The byte of the SQL at which a place stands; the parser counts lines and characters from 1.
    fn offset(&self, at: Location) -> Option<usize> {
        let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
        let start: usize = self.sql.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = &self.sql[start..];
        Some(start + rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset))
    }

    fn original(&self, start: usize, end: usize) -> Range<usize> {
        let piece = |offset: usize| self.pieces.iter().rev().find(|(begin, ..)| *begin <= offset);
        let from = piece(start).map_or(0, |(begin, text, copied)| text.start + if *copied { start - begin } else { 0 });
        let to = piece(end.saturating_sub(1)).map_or(
            from,
            |(begin, text, copied)| {
                if *copied { text.start + (end - begin) } else { text.end }
            },
        );
        from..to.max(from)
    }
}

/// Fills a predicate in; text in quotes is left alone.
pub(super) fn fill(text: &str, scope: &Scope) -> Result<Filled, Fault> {
    let mut filled = Filled { sql: String::new(), pieces: Vec::new() };
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let run = |from: usize, signs: &str| {
            let rest = &text[from..];
            from + rest.find(|c: char| !c.is_alphanumeric() && !signs.contains(c)).unwrap_or(rest.len())
        };
        let end = match next {
            '\'' | '"' => at + quoted(&text[at..], next),
            '$' | '@' => run(at + 1, "_"),
            c if c.is_ascii_digit() => run(at, "_."),
            c if c.is_alphanumeric() || c == '_' => run(at, "_"),
            c => at + c.len_utf8(),
        };
        let word = &text[at..end];
        match next {
            '$' => {
                let name = &word[1..];
                let unknown = || Fault::at(at..end, What::Parameter(name.to_owned()));
                let literal = literal(scope.get(name).ok_or_else(unknown)?);
                filled.replace(&literal.map_err(|what| Fault::at(at..end, what))?, at..end);
            }
            '@' => filled.replace(&format!("\"{word}\""), at..end),
            _ => match word.parse::<Span>() {
                Ok(span) => {
                    let literal = literal(&Value::Duration(span)).map_err(|what| Fault::at(at..end, what))?;
                    filled.replace(&literal, at..end);
                }
                Err(_) => filled.copy(text, at..end),
            },
        }
        at = end;
    }
    Ok(filled)
}

/// Length of a quoted piece, quotes included; a doubled quote stands for itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut ends = text.char_indices().skip(1).filter(|&(_, c)| c == quote).map(|(at, _)| at).peekable();
    while let Some(at) = ends.next() {
        if ends.next_if_eq(&(at + 1)).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// A value as SQL writes it.
fn literal(value: &Value) -> Result<String, What> {
    match value {
        Value::Number(ratio) => Ok(number(*ratio)),
        Value::Duration(span) => interval(*span)
            .map(|text| format!("INTERVAL '{text}'"))
            .ok_or_else(|| What::Kinds(format!("`{span}` is below zero or longer than a hundred years"))),
        Value::Text(text) => Ok(format!("'{}'", text.replace('\'', "''"))),
    }
}

/// A length of time as an SQL interval holds it, in its largest unit; `None` below zero and beyond a hundred years.
pub(super) fn interval(span: Span) -> Option<String> {
    let units = [(Span::DAY, "days"), (Span::HOUR, "hours"), (Span::MINUTE, "minutes"), (Span::SECOND, "seconds")];
    let whole = units.into_iter().find(|(unit, _)| span.0 % unit.0 == 0 && span != Span::ZERO);
    let (unit, name) = whole.unwrap_or((Span(1), "microseconds"));
    (Span::ZERO..=LONGEST).contains(&span).then(|| format!("{} {name}", span.0 / unit.0))
}

/// The length of time that an SQL interval of that form holds.
pub(super) fn interval_span(text: &str) -> Option<Span> {
    let (count, unit) = text.split_once(' ')?;
    let unit = match unit {
        "days" => Span::DAY,
        "hours" => Span::HOUR,
        "minutes" => Span::MINUTE,
        "seconds" => Span::SECOND,
        "microseconds" => Span(1),
        _ => return None,
    };
    if !count.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let span = count.parse::<i64>().ok()?.checked_mul(unit.0).map(Span)?;
    (span <= LONGEST).then_some(span)
}

/// A fraction as SQL writes it: exactly where it is a finite decimal, else the nearest double.
pub(super) fn number(ratio: Ratio) -> String {
    let text = ratio.to_string();
    if text.contains('/') { format!("{}", ratio.to_f64()) } else { text }
}
