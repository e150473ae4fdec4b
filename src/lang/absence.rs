//! `without` and `expected`: transfers that must not be there, and payments that fail to come.

use super::codes;
use super::diagnostic::{Help, nearest};
use super::keys::{EXPECTED, WITHOUT};
use super::reader::{Reader, get, quoted};
use super::scope::Place;
use super::tree::{self, Entry, Node};
use super::{Absence, During, Expectation, Party, Role, Value};
use crate::columns::{Ratio, Span};

/// Two gaps are the least that a rhythm can be told from.
const FEWEST_TIMES: u32 = 3;

impl Reader<'_, '_> {
    /// Reads `without`; `roles` is missing where the flow cannot be read.
    pub(super) fn without(&mut self, node: Option<&Node>, roles: Option<&[Role]>) -> Vec<Absence> {
        let Some(node) = node else { return Vec::new() };
        let items = self.list(node, "without");
        items.iter().filter_map(|item| self.absence(item, roles)).collect()
    }

    fn absence(&mut self, item: &Node, roles: Option<&[Role]>) -> Option<Absence> {
        let entries = self.map(item, "an item of `without`");
        self.known_keys(entries, WITHOUT, "an item of `without`");
        let parties = self.parties(item, entries, roles);
        let filter = get(entries, "where").and_then(|node| self.predicate(node, "where", Place::Transfer));
        let during = get(entries, "during");
        if during.is_none() {
            self.missing(item, "during", "write `during: 90d before`, `ever before`, `match` or `7d after`");
        }
        let during = during.and_then(|node| self.during(node));
        let (payer, payee) = parties?;
        Some(Absence { payer, payee, filter, during: during? })
    }

    /// Reads `expected`.
    pub(super) fn expectations(&mut self, node: Option<&Node>, roles: Option<&[Role]>) -> Vec<Expectation> {
        let Some(node) = node else { return Vec::new() };
        let items = self.list(node, "expected");
        items.iter().filter_map(|item| self.expectation(item, roles)).collect()
    }

    fn expectation(&mut self, item: &Node, roles: Option<&[Role]>) -> Option<Expectation> {
        let entries = self.map(item, "an item of `expected`");
        self.known_keys(entries, EXPECTED, "an item of `expected`");
        let parties = self.parties(item, entries, roles);
        let filter = get(entries, "where").and_then(|node| self.predicate(node, "where", Place::Transfer));
        let times = self.number_of(entries, "times", "write `times: 3` or more", &|number| {
            (number.denominator() == 1).then(|| u32::try_from(number.numerator()).ok())?.filter(|&n| n >= FEWEST_TIMES)
        });
        let tolerance =
            self.number_of(entries, "tolerance", "write a share of the rhythm: `tolerance: 0.5`", &|number| {
                (number.numerator() >= 0).then_some(number)
            });
        let half = Ratio::new(1, 2).expect("a half");
        let (payer, payee) = parties?;
        Some(Expectation {
            payer,
            payee,
            filter,
            times: times.unwrap_or(FEWEST_TIMES),
            tolerance: tolerance.unwrap_or(half),
        })
    }

    /// The number of a key, if it is there and `fits` takes it.
    fn number_of<T>(
        &mut self,
        entries: &[Entry],
        key: &str,
        help: &str,
        fits: &dyn Fn(Ratio) -> Option<T>,
    ) -> Option<T> {
        let node = get(entries, key)?;
        let text = self.scalar(node, key)?.to_owned();
        let value = self.value(&text, &node.span)?;
        let number = match &value {
            Value::Number(number) => fits(*number),
            Value::Duration(_) | Value::Text(_) => None,
        };
        if number.is_none() {
            self.error(codes::R005, &node.span, format!("`{value}` cannot stand under `{key}`"), "not so here", help);
        }
        number
    }

    /// Reads `transfer: a -> b`.
    fn parties(&mut self, item: &Node, entries: &[Entry], roles: Option<&[Role]>) -> Option<(Party, Party)> {
        let Some(node) = get(entries, "transfer") else {
            self.missing(item, "transfer", "write `transfer: a -> b`, where `*` is any account");
            return None;
        };
        let text = self.scalar(node, "transfer")?.to_owned();
        let Some(arrow) = text.find("->") else {
            self.error(
                codes::R020,
                &node.span,
                "a transfer that cannot be read",
                "there is no `->`",
                "write `a -> b`, where `*` is any account",
            );
            return None;
        };
        let payer = self.party(node, &text, 0..arrow, roles);
        let payee = self.party(node, &text, arrow + 2..text.len(), roles);
        let (payer, payee) = (payer?, payee?);
        if (payer, payee) == (Party::Anyone, Party::Anyone) {
            self.error(
                codes::R038,
                &node.span,
                "a transfer between any two accounts",
                "says nothing about the flow",
                "name a role on one side at least",
            );
            return None;
        }
        Some((payer, payee))
    }

    fn party(
        &mut self,
        node: &Node,
        text: &str,
        piece: std::ops::Range<usize>,
        roles: Option<&[Role]>,
    ) -> Option<Party> {
        let part = &text[piece.clone()];
        let name = part.trim();
        if name == "*" {
            return Some(Party::Anyone);
        }
        let roles = roles?;
        if let Some(role) = roles.iter().position(|role| role.name == name) {
            return Some(Party::Role(role));
        }
        let start = piece.start + (part.len() - part.trim_start().len());
        let source = self.report.text();
        let place = tree::place(source, &node.span, text, &(start..start + name.len().max(1)));
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let help = match nearest(name, names.iter().copied()) {
            Some(near) => Help::write(near),
            None => format!("the roles are {}, and `*` is any account", quoted(&names)).into(),
        };
        self.error(codes::R038, &place, format!("the flow has no role `{name}`"), "not a role", help);
        None
    }

    fn during(&mut self, node: &Node) -> Option<During> {
        let text = self.scalar(node, "during")?.trim().to_owned();
        if text == "match" {
            return Some(During::Match);
        }
        if text == "ever before" {
            return Some(During::EverBefore);
        }
        if let Some((span, side)) = text.rsplit_once(' ')
            && ["before", "after"].contains(&side)
        {
            return match self.value(span.trim(), &node.span)? {
                Value::Duration(span) if span > Span::ZERO => {
                    Some(if side == "before" { During::Before(span) } else { During::After(span) })
                }
                other => {
                    self.unreadable_during(node, &other.to_string());
                    None
                }
            };
        }
        self.unreadable_during(node, &text);
        None
    }

    fn unreadable_during(&mut self, node: &Node, text: &str) {
        self.error(
            codes::R005,
            &node.span,
            format!("`{text}` is no time around a match"),
            "cannot be read",
            "write `90d before`, `ever before`, `match` or `7d after`",
        );
    }

    fn missing(&mut self, item: &Node, key: &str, help: &str) {
        self.error(codes::R004, &item.span, format!("this item has no `{key}`"), "an item", help);
    }
}
