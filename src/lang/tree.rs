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
            let message = error.to_string();
            let message = message.lines().next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(message);
            let message = match message.split_once(": ") {
                Some((place, rest)) if place.starts_with("line ") => rest,
                _ => message,
            };
            let message = message.replace(", set DuplicateKeyPolicy in Options if acceptable", "");
            Err(Malformed { at, message })
        }
    }
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
    if text.is_char_boundary(start) && text.is_char_boundary(end) { start..end } else { 0..0 }
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
    Node { kind, span }
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
