//! YAML text as a tree in which every key and every value knows where it stands.
//!
//! Scalars keep the text that the author wrote, since `0.10` and `7d` mean what they say and no float is made of them.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Nothing,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value: Node,
}

impl Node {
    /// What the value is, for messages.
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Nothing => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// Why a text is not YAML: where, and the parser's words.
#[derive(Clone, Debug)]
pub(super) struct Malformed {
    pub(super) at: usize,
    pub(super) message: String,
}

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, Malformed> {
    // A rule is a page of text. These bounds stop entity bombs long before memory is a matter.
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 20_000,
            max_events: 60_000,
            max_aliases: 50,
            max_documents: 1,
        },
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(locate(raw, text)),
        Err(error) => {
            let at = error.location().map_or(0, |location| offset(location, text));
            Err(Malformed { at, message: reason(&error) })
        }
    }
}

/// The parser's words without its advice for programmers, and without the place, which stands beside them anyway.
fn reason(error: &serde_saphyr::Error) -> String {
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = match message.split_once("budget breached: ") {
        Some((_, breach)) if breach.starts_with("Documents") => "a file holds one document",
        Some((_, breach)) if breach.starts_with("Depth") => "nested too deep for a rule",
        Some(_) => "unfolds into more than a rule holds",
        None => message,
    };
    message.to_owned()
}

/// The byte at which a place of the parser stands; parser columns count characters.
fn offset(location: Location, text: &str) -> usize {
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line = text[start.min(text.len())..].split('\n').next().unwrap_or_default();
    start.min(text.len()) + line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at)
}

fn range(location: Location, text: &str) -> Range<usize> {
    let span = location.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    let (start, length) = match bytes {
        Some((start, length)) => (usize::try_from(start).unwrap_or(0), usize::try_from(length).unwrap_or(0)),
        None => (offset(location, text), 1),
    };
    let end = (start + length).min(text.len());
    let start = start.min(end);
    let written = text.get(start..end).unwrap_or_default();
    // A block ends before the blank that ends it, so that its last line is underlined and not the one below.
    start..start + written.trim_end().len()
}

/// The place in the file of a piece of a value that is written at `span`.
///
/// Quotes, indentation and folded lines are stepped over. Where value and text cannot be laid beside each other
/// (escapes), the place is the whole value.
pub(super) fn place(source: &str, span: &Range<usize>, value: &str, piece: &Range<usize>) -> Range<usize> {
    let Some(written) = source.get(span.clone()) else { return span.clone() };
    let quote = usize::from(written != value && written.starts_with(['"', '\'']));
    let Some(offsets) = align(&written[quote..], value) else { return span.clone() };
    let at = |offset: usize| offsets.iter().rev().find(|(inside, _)| *inside <= offset).map(|(_, outside)| *outside);
    let last = value.get(..piece.end).and_then(|before| before.char_indices().next_back());
    let end = match last {
        Some((offset, c)) if offset >= piece.start => at(offset).map(|outside| outside + c.len_utf8()),
        _ => at(piece.start),
    };
    match at(piece.start).zip(end) {
        Some((start, end)) => span.start + quote + start..span.start + quote + end,
        None => span.clone(),
    }
}

/// For every character of a value its offset in the value and its offset in the text; blanks may be more or fewer.
fn align(written: &str, value: &str) -> Option<Vec<(usize, usize)>> {
    let mut offsets = Vec::with_capacity(value.len() + 1);
    let mut rest = written.char_indices().peekable();
    for (offset, wanted) in value.char_indices() {
        let here = loop {
            match rest.peek().copied() {
                Some((here, found)) if found == wanted || (found.is_whitespace() && wanted.is_whitespace()) => {
                    rest.next();
                    break here;
                }
                Some((_, found)) if found.is_whitespace() => drop(rest.next()),
                None if wanted.is_whitespace() => break written.len(),
                _ => return None,
            }
        };
        offsets.push((offset, here));
    }
    offsets.push((value.len(), rest.next().map_or(written.len(), |(here, _)| here)));
    Some(offsets)
}

fn locate(raw: Spanned<Raw>, text: &str) -> Node {
    let written = range(raw.defined, text);
    let span = range(raw.referenced, text);
    let kind = match raw.value {
        Raw::Nothing => Kind::Nothing,
        // Numbers and truth values come as the parser read them; their own text is what was meant.
        Raw::Converted => Kind::Scalar(text[written].to_owned()),
        Raw::Text(value) => Kind::Scalar(value),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| locate(item, text)).collect()),
        Raw::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_span: range(key.referenced, text),
                    key: key.value,
                    value: locate(value, text),
                })
                .collect(),
        ),
    };
    // A list or mapping reaches to the end of its last value.
    let end = match &kind {
        Kind::List(items) => items.last().map_or(span.end, |last| last.span.end),
        Kind::Map(entries) => entries.last().map_or(span.end, |last| last.value.span.end.max(last.key_span.end)),
        Kind::Nothing | Kind::Scalar(_) => span.end,
    };
    Node { kind, span: span.start..span.end.max(end) }
}

enum Raw {
    Nothing,
    Converted,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Converted)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the word stands that is `piece` of the value of key `a`.
    fn shown(text: &str, word: &str) -> String {
        let tree = parse(text).expect("YAML");
        let Kind::Map(entries) = tree.kind else { panic!("a mapping") };
        let node = &entries[0].value;
        let Kind::Scalar(value) = &node.kind else { panic!("a single value") };
        let at = value.find(word).expect("the word is in the value");
        let place = place(text, &node.span, value, &(at..at + word.len()));
        format!("{}@{}", &text[place.clone()], place.start)
    }

    #[test]
    fn a_piece_of_a_value_is_found_however_the_value_is_written() {
        assert_eq!(shown("a: one two", "two"), "two@7");
        assert_eq!(shown("a: 'one two'", "two"), "two@8");
        assert_eq!(shown("a: \"é two\"", "two"), "two@7");
        assert_eq!(shown("a: one\n   two\n", "two"), "two@10");
        assert_eq!(shown("a: |\n  one\n\n    two\n", "two"), "two@16");
        assert_eq!(shown("a: >-\n  one\n  two\n", "two"), "two@14");
        assert_eq!(shown("a: \"one \\t two\"", "two"), "\"one \\t two\"@3", "escapes: the whole value");
    }

    #[test]
    fn a_text_that_unfolds_without_end_is_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let alias = format!("*a{}", level - 1);
            let row = vec![alias; 10].join(", ");
            bomb = format!("{bomb}a{level}: &a{level} [{row}]\n");
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"a: {".repeat(1000)).is_err());
    }
}
