//! Walks the tree of one rule file and reports whatever is not as it should be; goes on after every mistake.

use super::codes::{self, Code};
use super::diagnostic::{Help, Reporter, Span, nearest};
use super::keys::Key;
use super::number::{Fault, Scope, evaluate, split};
use super::tree::{self, Entry, Kind, Node};
use super::{Count, Value};

/// Reads values of one file; every mistake goes to the reporter.
#[derive(Debug)]
pub(super) struct Reader<'r, 'a> {
    pub(super) report: &'r mut Reporter<'a>,
    pub(super) scope: &'r Scope,
}

impl Reader<'_, '_> {
    pub(super) fn error(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<Help>,
    ) {
        self.report.add(code, span, message, label, help);
    }

    /// The place in the file of the bytes `piece` of a value that is written at `span`.
    pub(super) fn place(&self, span: &Span, value: &str, piece: &Span) -> Span {
        tree::place(self.report.text(), span, value, piece)
    }

    /// The entries of a mapping; anything else is reported.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Entry] {
        match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Nothing => &[],
            _ => {
                self.wrong_form(node, what, "a mapping", "write one `key: value` a line");
                &[]
            }
        }
    }

    /// The items of a list; anything else is reported.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            Kind::Nothing => &[],
            _ => {
                self.wrong_form(node, what, "a list", "write `[a, b]`, or one `- item` a line");
                &[]
            }
        }
    }

    /// The text of a single value; anything else is reported.
    pub(super) fn scalar<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Kind::Scalar(text) = &node.kind {
            return Some(text);
        }
        self.wrong_form(node, what, "a single value", "write the value behind the colon");
        None
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, node: Option<&Node>, what: &str) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let items = self.list(node, what);
        items.iter().filter_map(|item| self.scalar(item, what).map(str::to_owned)).collect()
    }

    fn wrong_form(&mut self, node: &Node, what: &str, wanted: &str, help: &str) {
        let message = format!("`{what}` is {wanted}, not {}", node.describe());
        self.error(codes::R002, &node.span, message, format!("this is {}", node.describe()), help);
    }

    /// Reports the keys that are not known at a place.
    pub(super) fn known_keys<'n>(&mut self, entries: impl IntoIterator<Item = &'n Entry>, known: &[Key], place: &str) {
        let known: Vec<&str> = known.iter().map(|key| key.name).collect();
        for entry in entries.into_iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let help = match nearest(&entry.key, known.iter().copied()) {
                Some(name) => Help::write(name),
                None => format!("the keys here are {}", quoted(&known)).into(),
            };
            let message = format!("{place} has no key `{}`", entry.key);
            self.error(codes::R003, &entry.key_span, message, "not a key of the language here", help);
        }
    }

    /// Whether `true` or `false`.
    pub(super) fn truth(&mut self, node: Option<&Node>, what: &str, default: bool) -> bool {
        let Some(node) = node else { return default };
        match self.scalar(node, what) {
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                let message = format!("`{what}` is `true` or `false`, not `{other}`");
                self.error(codes::R005, &node.span, message, "neither true nor false", "write `true` or `false`");
                default
            }
            None => default,
        }
    }

    /// A word of a short list.
    pub(super) fn word<T: Copy>(&mut self, node: Option<&Node>, what: &str, words: &[(&str, T)], default: T) -> T {
        let Some(node) = node else { return default };
        let Some(text) = self.scalar(node, what) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = nearest(text, known.iter().copied())
            .map_or_else(|| format!("write one of {}", quoted(&known)).into(), Help::write);
        self.error(codes::R009, &node.span, format!("`{text}` is no {what}"), "not in the list", help);
        default
    }

    /// The value of an expression that stands at `span`.
    pub(super) fn value(&mut self, text: &str, span: &Span) -> Option<Value> {
        match evaluate(text, self.scope) {
            Ok(value) => Some(value),
            Err(Fault::Syntax(at, message)) => {
                let place = self.place(span, text, &at);
                self.error(
                    codes::R005,
                    &place,
                    "a value that cannot be read",
                    message,
                    "write a number such as `0.8`, a duration such as `48h`, or a parameter such as `$name`",
                );
                None
            }
            Err(Fault::Parameter(at, name)) => {
                let place = self.place(span, text, &at);
                self.unknown_parameter(&name, &place);
                None
            }
        }
    }

    pub(super) fn unknown_parameter(&mut self, name: &str, place: &Span) {
        if self.scope.is_broken(name) {
            return;
        }
        let known: Vec<&str> = self.scope.values.keys().map(String::as_str).collect();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => Help::write(format!("${near}")),
            None if known.is_empty() => format!("add `{name}` under `parameters`").into(),
            None => format!("add it under `parameters`; there are {}", quoted(&known)).into(),
        };
        self.error(codes::R014, place, format!("there is no parameter `{name}`"), "not a parameter of this rule", help);
    }

    /// The two values of `lo..hi` that stands at `span`.
    pub(super) fn range(&mut self, text: &str, span: &Span) -> (Option<Value>, Option<Value>) {
        let (low, high) = split(text);
        let mut end = |end: Option<(&str, usize)>| {
            end.and_then(|(part, at)| self.value(part, &self.place(span, text, &(at..at + part.len()))))
        };
        let same = low == high;
        let first = end(low);
        (first.clone(), if same { first } else { end(high) })
    }

    /// A range of counts that stands at `span`.
    pub(super) fn count(&mut self, text: &str, span: &Span) -> Option<Count> {
        let before = self.report.len();
        if text.trim().is_empty() {
            self.error(
                codes::R025,
                span,
                "a range that cannot be read",
                "nothing is here",
                "write `1..`, `3..` or `2..10`",
            );
            return None;
        }
        let (low, high) = self.range(text, span);
        let mut whole = |value: Option<Value>| match value {
            None => Some(None),
            Some(Value::Number(number))
                if number.denominator() == 1 && (1..=1_000_000_000).contains(&number.numerator()) =>
            {
                u32::try_from(number.numerator()).ok().map(Some)
            }
            Some(other) => {
                let message = format!("`{other}` is not a count");
                self.error(
                    codes::R025,
                    span,
                    message,
                    "a whole number from 1 up is needed",
                    "write a range such as `3..` or `2..10`",
                );
                None
            }
        };
        let (low, high) = (whole(low)?, whole(high)?);
        if self.report.len() > before {
            return None;
        }
        let count = Count { least: low.unwrap_or(1), most: high };
        if count.most.is_some_and(|most| most < count.least) {
            self.upside_down(span);
            return None;
        }
        Some(count)
    }

    /// Reports a name that predicates could not write.
    pub(super) fn unnameable(&mut self, span: &Span, name: &str) {
        self.error(
            codes::R029,
            span,
            format!("`{name}` cannot be used as a name"),
            "letters, digits and underscores, a letter first",
            "write a name such as `kept_max`",
        );
    }

    pub(super) fn upside_down(&mut self, span: &Span) {
        self.error(
            codes::R013,
            span,
            "this range is upside down",
            "the lower end is above the upper end",
            "swap the two ends",
        );
    }
}

/// Names in a sentence.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The place of a key, if it is there; else nothing at the beginning of the file.
pub(super) fn key_of(entries: &[Entry], key: &str) -> Span {
    entries.iter().find(|entry| entry.key == key).map_or(0..0, |entry| entry.key_span.clone())
}

/// Whether a text can be named in a predicate: letters, digits and underscores, a letter first.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The value of a key, if it is there.
pub(super) fn get<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}
