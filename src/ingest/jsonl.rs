//! JSON Lines: one flat object a line. Numbers stay text until they are needed, so that no digit is lost.
//!
//! The columns are the keys of the objects in the first 256 KiB.

use std::io::{BufRead, BufReader, Read};

use super::IngestError;
use super::cell::{Fault, Row, Spot};
use super::chunk::Chunk;
use super::source::{HEAD, Receipt, Source, unpacking, without_bom};
use super::table::{Read as TableRead, VisitMany};

/// A line longer than this is no record; it also bounds the memory that a line takes.
const LONGEST_LINE: u64 = 64 << 20;

/// A JSON Lines file.
pub(super) struct Lines {
    reader: BufReader<Box<dyn Read + Send>>,
    receipt: Receipt,
}

impl Lines {
    /// Gathers the keys of the first objects.
    pub(super) fn open(source: Source) -> Result<(Vec<String>, Self), IngestError> {
        let head = without_bom(&source.head);
        let mut header: Vec<String> = Vec::new();
        // The last line of a full head may be cut; it is left out unless it is the only one.
        let cut = if source.head.len() == HEAD { head.iter().rposition(|&byte| byte == b'\n') } else { None };
        for line in head[..cut.unwrap_or(head.len())].split(|&byte| byte == b'\n') {
            let _ = members(line, |key, _| {
                if !header.iter().any(|name| name == key) {
                    header.push(key.to_owned());
                }
            });
        }
        let name = source.name.clone();
        if header.is_empty() {
            let problem = "the first lines are no JSON objects";
            return Err(IngestError::malformed(&name, 1, problem, "give one object a line, such as {\"amount\": 1}"));
        }
        let (reader, receipt) = source.into_reader();
        Ok((header, Self { reader: BufReader::with_capacity(1 << 16, reader), receipt }))
    }

    /// Hands over every record.
    pub(super) fn read(
        mut self,
        name: &str,
        wanted: &[&str],
        visit: &mut VisitMany<'_>,
    ) -> Result<TableRead, IngestError> {
        let mut line = Vec::new();
        let mut cells = vec![Vec::new(); wanted.len()];
        let (mut number, mut rows) = (0, 0);
        while self.next(name, number + 1, &mut line)? {
            number += 1;
            let text = if number == 1 { without_bom(&line) } else { &line }.trim_ascii();
            if text.is_empty() {
                continue;
            }
            rows += 1;
            cells.iter_mut().for_each(Vec::clear);
            let whole = members(text, |key, value| {
                for (_, cell) in wanted.iter().zip(&mut cells).filter(|(name, _)| **name == key) {
                    cell.clear();
                    cell.extend_from_slice(value);
                }
            });
            let row = match whole {
                Some(()) => Ok(Row::Json { cells: &cells }),
                None => Err(Fault::new("", text, "not a JSON object")),
            };
            visit(Chunk::Row(Spot { line: number, record: rows }, row))?;
        }
        drop(self.reader);
        Ok(TableRead { account: self.receipt.settle()?, rows })
    }

    fn next(&mut self, name: &str, number: u64, line: &mut Vec<u8>) -> Result<bool, IngestError> {
        line.clear();
        let packed = self.receipt.is_packed();
        let length = (&mut self.reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', line)
            .map_err(|error| unpacking(name, packed, &error))?;
        if length as u64 == LONGEST_LINE {
            let problem = "a line is longer than 64 MiB";
            return Err(IngestError::malformed(name, number, problem, "write one object a line"));
        }
        Ok(length > 0)
    }
}

/// Calls `each` with every key and value of the object that `line` holds; `None` where it holds none.
///
/// Text comes without quotes and escapes, null as nothing, numbers and nested values as written.
fn members(line: &[u8], mut each: impl FnMut(&str, &[u8])) -> Option<()> {
    let mut rest = line.trim_ascii().strip_prefix(b"{")?.trim_ascii_start();
    if rest == b"}" {
        return Some(());
    }
    loop {
        let (key, after) = string(rest)?;
        let (value, after) = value(after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())?;
        each(&key, &value);
        match after.trim_ascii_start().split_first()? {
            (b',', next) => rest = next.trim_ascii_start(),
            (b'}', []) => return Some(()),
            _ => return None,
        }
    }
}

type Cow<'a, T> = std::borrow::Cow<'a, T>;

fn value(text: &[u8]) -> Option<(Cow<'_, [u8]>, &[u8])> {
    match text.first()? {
        b'"' => string(text).map(|(value, rest)| match value {
            Cow::Borrowed(value) => (Cow::Borrowed(value.as_bytes()), rest),
            Cow::Owned(value) => (Cow::Owned(value.into_bytes()), rest),
        }),
        b'{' | b'[' => {
            let length = nested(text)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(&text[..length]).ok()?;
            Some((Cow::Borrowed(&text[..length]), &text[length..]))
        }
        _ => {
            let length = text.iter().position(|&byte| matches!(byte, b',' | b'}') || byte.is_ascii_whitespace())?;
            let (word, rest) = text.split_at(length);
            let known = matches!(word, b"null" | b"true" | b"false" | b"NaN" | b"Infinity" | b"-Infinity");
            let number = word.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte));
            let value = if word == b"null" { b"".as_slice() } else { word };
            (known || (number && !word.is_empty())).then_some((Cow::Borrowed(value), rest))
        }
    }
}

/// The text that begins with a quote, and what follows it.
fn string(text: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let inner = text.strip_prefix(b"\"")?;
    let (mut end, mut escaped) = (0, false);
    while inner.get(end)? != &b'"' {
        escaped |= inner[end] == b'\\';
        end += if inner[end] == b'\\' { 2 } else { 1 };
    }
    let rest = &inner[end + 1..];
    if escaped || inner[..end].iter().any(u8::is_ascii_control) {
        return Some((Cow::Owned(serde_json::from_slice(&text[..end + 2]).ok()?), rest));
    }
    Some((Cow::Borrowed(std::str::from_utf8(&inner[..end]).ok()?), rest))
}

/// The length of the object or array that the text begins with.
fn nested(text: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut position) = (0usize, false, 0);
    while position < text.len() {
        match text[position] {
            b'\\' if quoted => position += 1,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
        position += 1;
        if depth == 0 {
            return Some(position);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> Option<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        members(line.as_bytes(), |key, value| {
            pairs.push((key.to_owned(), String::from_utf8(value.to_vec()).expect("text")));
        })?;
        Some(pairs)
    }

    #[test]
    fn values_keep_every_digit_and_lose_their_quotes() {
        let line = r#" {"a": 90071992547409.91, "b\"": "x\u00e9", "c": null, "d": [1, {"e": "]"}], "f":true} "#;
        let found = pairs(line).expect("an object");
        let expected =
            [("a", "90071992547409.91"), ("b\"", "xé"), ("c", ""), ("d", r#"[1, {"e": "]"}]"#), ("f", "true")];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert_eq!(pairs("{}"), Some(vec![]));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in
            ["", "{", "[1]", r#"{"a": 1"#, r#"{"a": 1} x"#, r#"{"a": }"#, r#"{"a": [1}"#, r#"{"a" 1}"#, r#"{"a": yes}"#]
        {
            assert_eq!(pairs(line), None, "{line}");
        }
    }
}
