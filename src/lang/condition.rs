//! Predicates of a rule file: read, placed, and every fault of theirs reported where it stands.

use super::Predicate;
use super::codes;
use super::diagnostic::{Span, nearest};
use super::predicate::{self, FUNCTIONS, Fault};
use super::reader::{Reader, quoted};
use super::scope::{Column, Place};
use super::tree::Node;
use super::truth::{self, Truth};

impl Reader<'_, '_> {
    /// The predicate of a key; its faults are reported.
    pub(super) fn predicate(&mut self, node: &Node, what: &str, place: Place<'_>) -> Option<Predicate> {
        let text = self.scalar(node, what)?.to_owned();
        let read = match predicate::read(&text, self.scope) {
            Ok(read) => read,
            Err(fault) => {
                self.fault(node, &text, &fault);
                return None;
            }
        };
        let before = self.report.len();
        for name in &read.columns {
            self.check_column(node, &text, name, place);
        }
        if self.report.len() > before {
            return None;
        }
        self.check_truth(node, &text, &read, place);
        let kind_of = |name: &str| match place.column(name) {
            Column::Known(kind) => Some(kind),
            _ => None,
        };
        match predicate::place(read, &kind_of) {
            Ok(predicate) => Some(predicate),
            Err(fault) => {
                self.fault(node, &text, &fault);
                None
            }
        }
    }

    fn check_truth(&mut self, node: &Node, text: &str, read: &predicate::Read, place: Place<'_>) {
        match truth::of(&read.tree, &|name| place.least(name)) {
            Truth::Never => {
                self.error(
                    codes::R034,
                    &node.span,
                    "this condition can never hold",
                    "no value meets it",
                    "correct the bounds, or remove the condition",
                );
            }
            // A parameter may well be set so that its condition excludes nothing.
            Truth::Always if !text.contains('$') => {
                self.error(
                    codes::R035,
                    &node.span,
                    "this condition always holds",
                    "it excludes nothing",
                    "remove it, or write what was meant",
                );
            }
            Truth::Always | Truth::Depends => {}
        }
    }

    fn check_column(&mut self, node: &Node, text: &str, name: &str, place: Place<'_>) {
        let span = self.find(node, text, name);
        match place.column(name) {
            Column::Known(_) | Column::Open => {}
            Column::Label => self.error(
                codes::R036,
                &span,
                format!("`{name}` is ground truth"),
                "labels are never visible to rules",
                "remove it; `evaluate` compares matches with labels",
            ),
            Column::History => self.error(
                codes::R901,
                &span,
                format!("`{name}` is not supported yet"),
                "a history column",
                "leave the condition out, or keep the rule for a later version",
            ),
            Column::Repeats => self.error(
                codes::R904,
                &span,
                "`repeats` is not supported yet",
                "counts earlier matches",
                "leave the condition out, or keep the rule for a later version",
            ),
            Column::Unknown(reason, known) => {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let help = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("write `{near}`"),
                    None if names.is_empty() => {
                        "see `moneytrail help language` for the columns of each place".to_owned()
                    }
                    None => format!("the columns here are {}", quoted(&names)),
                };
                self.error(codes::R031, &span, format!("there is no column `{name}` here"), reason, help);
            }
        }
    }

    fn fault(&mut self, node: &Node, text: &str, fault: &Fault) {
        match fault {
            Fault::Parameter(name) => {
                let span = self.find(node, text, &format!("${name}"));
                self.unknown_parameter(name, &span);
            }
            Fault::List(name) => {
                let span = self.find(node, text, &format!("@{name}"));
                self.error(
                    codes::R905,
                    &span,
                    format!("the list `@{name}` is not supported yet"),
                    "a reference list",
                    "write the values out: `IN ('AA', 'BB')`",
                );
            }
            Fault::Syntax(message) => {
                self.error(
                    codes::R030,
                    &node.span,
                    "a predicate that cannot be read",
                    message.clone(),
                    "write one SQL condition, such as `amount >= 1000 AND channel <> 'card'`",
                );
            }
            Fault::Refused(piece, what) => {
                let span = self.find(node, text, piece);
                let help = if what.starts_with("the function") {
                    format!("the functions are {}", quoted(&FUNCTIONS))
                } else {
                    "a predicate is one condition on one row".to_owned()
                };
                self.error(codes::R032, &span, format!("predicates do not take {what}"), "refused here", help);
            }
            Fault::Kinds(message) => {
                self.error(
                    codes::R033,
                    &node.span,
                    "a predicate that is not a condition",
                    message.clone(),
                    "compare values of one kind; text stands in single quotes",
                );
            }
        }
    }

    /// The place of a word of a value in the file; the whole value where it cannot be told.
    fn find(&self, node: &Node, text: &str, word: &str) -> Span {
        let source = self.report.text().get(node.span.clone()).unwrap_or(text);
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let lower = source.to_lowercase();
        let wanted = word.to_lowercase();
        let mut hits = lower.match_indices(&wanted).map(|(at, _)| at);
        // Lower case may be longer than the original in some scripts; then the whole value is the place.
        let hit =
            hits.find(|&at| edge(lower[..at].chars().next_back()) && edge(lower[at + wanted.len()..].chars().next()));
        match hit {
            Some(at) if lower.len() == source.len() => node.span.start + at..node.span.start + at + wanted.len(),
            _ => node.span.clone(),
        }
    }
}
