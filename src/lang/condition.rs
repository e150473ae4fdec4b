//! Predicates of a rule file: read, placed, and every fault of theirs reported where it stands.

use super::Predicate;
use super::codes;
use super::diagnostic::{Help, Span, nearest};
use super::predicate::{self, Fault, Mention, What};
use super::reader::{Reader, quoted};
use super::scope::{Column, Place};
use super::tree::Node;
use super::truth::{self, Truth};
use super::walk::FUNCTIONS;

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
        for (name, mention) in &read.columns {
            self.check_column(node, &text, name, mention, place);
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
        match truth::of(&read.tree, &|name| place.range(name)) {
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

    fn check_column(&mut self, node: &Node, text: &str, name: &str, mention: &Mention, place: Place<'_>) {
        let span = self.piece(node, text, mention.place.as_ref());
        match place.column(name) {
            Column::Known(_) | Column::Open => {}
            // In double quotes a name means itself, even where it looks like a slip of the finger.
            Column::Similar(_) if mention.quoted => {}
            Column::Similar(near) => {
                let reason = "no column of this name, and one that is almost the same";
                let help = Help::write(near);
                self.error(codes::R031, &span, format!("there is no column `{name}` here"), reason, help);
            }
            Column::Label => self.error(
                codes::R036,
                &span,
                format!("`{name}` is ground truth"),
                "labels are never visible to rules",
                "remove it; `evaluate` compares matches with labels",
            ),
            Column::Unknown(reason, known) => {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let help = match nearest(name, names.iter().copied()) {
                    Some(near) => Help::write(near),
                    None if names.is_empty() => "see `moneytrail help language` for the columns of each place".into(),
                    None => format!("the columns here are {}", quoted(&names)).into(),
                };
                self.error(codes::R031, &span, format!("there is no column `{name}` here"), reason, help);
            }
        }
    }

    fn fault(&mut self, node: &Node, text: &str, fault: &Fault) {
        let span = self.piece(node, text, fault.place.as_ref());
        match &fault.what {
            What::Parameter(name) => self.unknown_parameter(name, &span),
            What::Syntax(message) => self.error(
                codes::R030,
                &span,
                "a predicate that cannot be read",
                message.clone(),
                "write one SQL condition, such as `amount >= 1000 AND channel <> 'card'`",
            ),
            What::Refused(what) => {
                let help = if what.starts_with("the function") {
                    format!("the functions are {}", quoted(&FUNCTIONS))
                } else {
                    "a predicate is one condition on one row".to_owned()
                };
                self.error(codes::R032, &span, format!("predicates do not take {what}"), "refused here", help);
            }
            What::Kinds(message) => self.error(
                codes::R033,
                &span,
                "values that do not go together",
                message.clone(),
                "text stands in single quotes, durations are `180d`, times are `TIMESTAMP '2024-01-31 12:00:00'`",
            ),
        }
    }

    /// The place of a piece of a value; the whole value where the piece is not known.
    fn piece(&self, node: &Node, text: &str, piece: Option<&Span>) -> Span {
        piece.map_or_else(|| node.span.clone(), |piece| self.place(&node.span, text, piece))
    }
}
