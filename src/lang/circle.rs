//! Rules that specialise or use each other in a circle: then each would explain the other and an analyst would read none,
//! or none could be searched first.

use std::collections::{BTreeMap, VecDeque};

use super::codes::Code;
use super::diagnostic::{Diagnostic, Reporter, Span};
use super::{Source, reader};

/// A rule's file and the rules that it names.
pub(super) struct Special<'s> {
    pub(super) source: &'s Source,
    pub(super) entries: Vec<(String, Span)>,
}

/// A circle as a message names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) code: Code,
    /// What a rule does to itself, and rules to each other.
    pub(super) verbs: (&'static str, &'static str),
    pub(super) help: &'static str,
}

/// Reports each circle once, at the entry by which its first rule, in id order, enters it.
pub(super) fn check(rules: &BTreeMap<String, Special<'_>>, words: Words) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (id, rule) in rules {
        let mut report = Reporter::new(&rule.source.path, &rule.source.text);
        for (next, place) in &rule.entries {
            let Some(way) = way(rules, next, id).filter(|way| way.iter().all(|other| *other >= id.as_str())) else {
                continue;
            };
            let circle: Vec<&str> = std::iter::once(id.as_str()).chain(way).collect();
            let message = if circle.len() == 2 {
                format!("`{id}` {} itself", words.verbs.0)
            } else {
                format!("rules {} each other in a circle: {}", words.verbs.1, reader::quoted(&circle))
            };
            report.add(words.code, place, message, "the circle begins here", words.help);
        }
        found.extend(report.finish());
    }
    found
}

/// The shortest way from one rule to another, both ends included.
fn way<'r>(rules: &'r BTreeMap<String, Special<'_>>, from: &'r str, to: &str) -> Option<Vec<&'r str>> {
    let mut before = BTreeMap::from([(from, from)]);
    let mut open = VecDeque::from([from]);
    while let Some(id) = open.pop_front() {
        if id == to {
            let mut way = vec![id];
            while let Some(&id) = before.get(way[way.len() - 1]).filter(|&&id| id != way[way.len() - 1]) {
                way.push(id);
            }
            way.reverse();
            return Some(way);
        }
        for (next, _) in rules.get(id).into_iter().flat_map(|rule| &rule.entries) {
            if !before.contains_key(next.as_str()) {
                before.insert(next, id);
                open.push_back(next);
            }
        }
    }
    None
}
