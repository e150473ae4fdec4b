//! `# moneytrail: allow W004 reason`: comments of a rule file that answer a warning, and what is wrong with them.
//!
//! Above a key or an item such a comment answers warnings of that key or item; above the first key, of the whole file.

use std::ops::Range;

use super::codes::{self, Code};
use super::diagnostic::{Diagnostic, Help, Reporter, Span};
use super::tree::{Kind, Node};
use super::{Level, Policy, Source};

/// What makes a comment one of these.
const MARK: &str = "moneytrail:";

/// One such comment that can be read.
#[derive(Clone, Debug)]
pub(super) struct Allow {
    code: Code,
    reason: String,
    /// The comment itself.
    place: Span,
    /// Where warnings are answered.
    scope: Range<usize>,
}

/// A warning that its author has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The warning.
    pub diagnostic: Diagnostic,
    /// Why it does not matter; empty where nobody says why.
    pub reason: String,
}

/// Reads the comments of a file; what cannot be read is reported.
pub(super) fn read(source: &Source, tree: &Node, report: &mut Reporter<'_>) -> Vec<Allow> {
    let mut texts = Vec::new();
    scalars(tree, &mut texts);
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let comment = line.match_indices('#').map(|(at, _)| at).find(|&at| {
            let blank = line[..at].chars().next_back().is_none_or(char::is_whitespace);
            blank && !texts.iter().any(|text| text.contains(&(start + at)))
        });
        if let Some(at) = comment
            && let Some(words) = line[at + 1..].trim().strip_prefix(MARK)
        {
            let place = start + at..start + line.trim_end().len();
            let alone = line[..at].trim().is_empty();
            found.extend(one(words.trim(), &place, alone, tree, report));
        }
        start += line.len();
    }
    found
}

fn one(words: &str, place: &Span, alone: bool, tree: &Node, report: &mut Reporter<'_>) -> Option<Allow> {
    let (verb, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let (name, reason) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    let fault = match codes::find(name) {
        _ if verb != "allow" => Some((format!("`{verb}` is not known here"), "`allow` is all that can be said")),
        None => Some((format!("there is no diagnostic `{name}`"), "codes of warnings look like `W004`")),
        Some(code) if code.level == Level::Error => {
            Some((format!("{name} is an error"), "an error cannot be allowed: correct the rule"))
        }
        Some(_) if !alone => Some(("behind a value".to_owned(), "put it on a line of its own above the key")),
        Some(_) => None,
    };
    if let Some((label, help)) = fault {
        let message = "this comment allows nothing";
        report.add(codes::W022, place, message, label, help);
        return None;
    }
    let code = *codes::find(name)?;
    let reason = reason.trim_matches([' ', '\t', '-', ':', '–', '—']).to_owned();
    Some(Allow { code, reason, place: place.clone(), scope: scope(tree, place.end) })
}

/// The places of all single values.
fn scalars(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Nothing => {}
        Kind::Scalar(_) => found.push(node.span.clone()),
        Kind::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| scalars(&entry.value, found)),
    }
}

/// What stands below a comment: the next key or item, or the whole file above its first key.
fn scope(tree: &Node, comment: usize) -> Range<usize> {
    let first = match &tree.kind {
        Kind::Map(entries) => entries.first().map_or(0, |entry| entry.key_span.start),
        _ => 0,
    };
    if comment <= first {
        return 0..usize::MAX;
    }
    let mut parts = Vec::new();
    pieces(tree, &mut parts);
    let below = parts.into_iter().filter(|part| part.start >= comment);
    below.min_by_key(|part| (part.start, std::cmp::Reverse(part.end))).unwrap_or(comment..comment)
}

/// Every key with its value, and every item.
fn pieces(node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        Kind::Nothing | Kind::Scalar(_) => {}
        Kind::List(items) => {
            for item in items {
                found.push(item.span.clone());
                pieces(item, found);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                found.push(entry.key_span.start..entry.value.span.end.max(entry.key_span.end));
                pieces(&entry.value, found);
            }
        }
    }
}

/// Takes out the warnings of one file that its comments answer; errors and warnings about these comments stay.
///
/// With a policy every warning has been found by now: then a comment that answers none is reported, and so is one that
/// gives no reason.
pub(super) fn answer(
    source: &Source,
    allows: &[Allow],
    found: Vec<Diagnostic>,
    policy: Option<&Policy>,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    let mut used = vec![false; allows.len()];
    let (mut left, mut allowed) = (Vec::new(), Vec::new());
    for diagnostic in found {
        let answers = |allow: &Allow| {
            allow.code.name == diagnostic.code
                && diagnostic.level == Level::Warning
                && allow.scope.contains(&diagnostic.span.start)
                && !policy.is_some_and(|policy| policy.denies(diagnostic.code))
        };
        let by = allows.iter().rposition(answers).filter(|_| diagnostic.path == source.path);
        match by {
            Some(position) => {
                used[position] = true;
                allowed.push(Allowed { diagnostic, reason: allows[position].reason.clone() });
            }
            None => left.push(diagnostic),
        }
    }
    // Behind an error not every warning has been looked for.
    let complete = !left.iter().any(|found| found.level == Level::Error && found.path == source.path);
    if let Some(policy) = policy.filter(|_| complete) {
        let mut report = Reporter::new(&source.path, &source.text);
        for (allow, used) in allows.iter().zip(used) {
            faults(allow, used, policy, &mut report);
        }
        left.extend(report.finish());
    }
    (left, allowed)
}

fn faults(allow: &Allow, used: bool, policy: &Policy, report: &mut Reporter<'_>) {
    let name = allow.code.name;
    if policy.denies(name) {
        let help = "correct the rule, or change the policy";
        report.add(codes::W021, &allow.place, format!("{name} cannot be allowed here"), "the policy denies it", help);
    } else if !used {
        report.add(
            codes::W021,
            &allow.place,
            format!("there is no {name} here to allow"),
            "suppresses nothing",
            "remove it, or put it right above the key that is warned of",
        );
    } else if allow.reason.is_empty() {
        let help: Help = format!("say why: `# moneytrail: allow {name} …`").into();
        report.add(codes::W020, &allow.place, format!("{name} is allowed without a reason"), "nobody says why", help);
    }
}
