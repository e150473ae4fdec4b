//! What a project asks of all its rules beside the language: `[check]` in `moneytrail.toml`.

use super::allow::Allowed;
use super::codes;
use super::diagnostic::{Diagnostic, Help, Reporter, nearest};
use super::reader::{get, key_of, quoted};
use super::rule::SEVERITIES;
use super::tree::{Entry, Kind, Node, parse};
use super::{Level, Severity, Source};

/// What a project asks of all its rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Keys that every rule must have, and not empty.
    pub required: Vec<String>,
    /// The tags that there are; any tag where there is no such list.
    pub tags: Option<Vec<String>>,
    /// The greatest severity that a rule may have.
    pub max_severity: Option<Severity>,
    /// Codes of warnings that are errors here. A comment in a rule's file cannot allow them.
    pub deny: Vec<String>,
    /// Codes of warnings that do not matter here.
    pub allow: Vec<String>,
    /// Whether every warning that nothing allows is an error.
    pub deny_warnings: bool,
}

impl Policy {
    /// The first name under `deny` and `allow` that is no code of a warning, and why.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.deny.iter().chain(&self.allow).find_map(|name| match codes::find(name) {
            None => Some(format!("there is no diagnostic `{name}`; codes of warnings look like `W003`")),
            Some(code) if code.level == Level::Error => {
                Some(format!("{name} is an error, and errors always end a check"))
            }
            Some(_) if self.deny.contains(name) && self.allow.contains(name) => {
                Some(format!("{name} stands under both `deny` and `allow`"))
            }
            Some(_) => None,
        })
    }

    /// Whether a warning is an error that no comment can allow.
    pub(super) fn denies(&self, code: &str) -> bool {
        self.deny.iter().any(|denied| denied.eq_ignore_ascii_case(code))
    }

    /// Reports what one file lacks of what the policy asks.
    pub(super) fn check(&self, source: &Source) -> Vec<Diagnostic> {
        let Ok(tree) = parse(&source.text) else { return Vec::new() };
        let Kind::Map(entries) = &tree.kind else { return Vec::new() };
        let mut report = Reporter::new(&source.path, &source.text);
        self.required(entries, &mut report);
        self.tags(entries, &mut report);
        self.severity(entries, &mut report);
        report.finish()
    }

    fn required(&self, entries: &[Entry], report: &mut Reporter<'_>) {
        let first = entries.first().map_or(0..0, |entry| entry.key_span.clone());
        for key in &self.required {
            let place = match get(entries, key) {
                None => first.clone(),
                Some(node) if is_empty(node) => key_of(entries, key),
                Some(_) => continue,
            };
            let message = format!("the rule has no `{key}`");
            report.add(codes::R060, &place, message, "the project's policy asks for it", format!("add `{key}`"));
        }
    }

    fn tags(&self, entries: &[Entry], report: &mut Reporter<'_>) {
        let (Some(known), Some(Kind::List(items))) = (&self.tags, get(entries, "tags").map(|node| &node.kind)) else {
            return;
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for item in items {
            let Kind::Scalar(tag) = &item.kind else { continue };
            if known.contains(&tag.as_str()) {
                continue;
            }
            let help: Help = nearest(tag, known.iter().copied())
                .map_or_else(|| format!("the tags are {}", quoted(&known)).into(), Help::write);
            report.add(codes::R061, &item.span, format!("`{tag}` is no tag of this project"), "not in the list", help);
        }
    }

    fn severity(&self, entries: &[Entry], report: &mut Reporter<'_>) {
        let (Some(most), Some(node)) = (self.max_severity, get(entries, "severity")) else { return };
        let Kind::Scalar(word) = &node.kind else { return };
        let word_of =
            |wanted: Severity| SEVERITIES.iter().find(|(_, known)| *known == wanted).map_or("", |(word, _)| *word);
        if SEVERITIES.iter().any(|(known, severity)| known == word && *severity > most) {
            report.add(
                codes::R062,
                &node.span,
                format!("the severity is {word}"),
                format!("the project's policy goes up to {}", word_of(most)),
                Help::write(word_of(most)),
            );
        }
    }

    /// Takes out the warnings that do not matter here, and makes those errors that are denied.
    pub(super) fn apply(&self, found: Vec<Diagnostic>) -> (Vec<Diagnostic>, Vec<Allowed>) {
        let (mut left, mut allowed) = (Vec::new(), Vec::new());
        for mut diagnostic in found {
            let is_warning = diagnostic.level == Level::Warning;
            if is_warning && self.allow.iter().any(|code| code.eq_ignore_ascii_case(diagnostic.code)) {
                allowed.push(Allowed { diagnostic, reason: "allowed by the project's policy".to_owned() });
                continue;
            }
            if is_warning && (self.deny_warnings || self.denies(diagnostic.code)) {
                diagnostic.level = Level::Error;
            }
            left.push(diagnostic);
        }
        (left, allowed)
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Nothing => true,
        Kind::Scalar(text) => text.trim().is_empty(),
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
    }
}
