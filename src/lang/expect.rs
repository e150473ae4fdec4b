//! Expectation files: ledgers, and what rules must find in them. A rule's own tests are small; these hold whole ledgers.
//!
//! A file is read twice. What it names, ledgers and rules, is known without any rule; whether it fits the rules, such
//! as whether a role exists, is checked when they are there.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::diagnostic::{Diagnostic, Reporter, Span, nearest};
use super::keys;
use super::number::Scope;
use super::reader::{Reader, get, quoted};
use super::rule::{Page, tree};
use super::tree::{Entry, Kind, Node};
use super::{Override, Role, Source, TypologySet};

/// What an expectation file says. Paths are relative to the file's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectationFile {
    /// Path of the file, as given.
    pub path: String,
    /// Files, folders or patterns of transfers.
    pub ledgers: Vec<String>,
    /// The account table.
    pub accounts: Option<String>,
    /// The table of rates.
    pub rates: Option<String>,
    /// Files of reference lists, by name.
    pub lists: BTreeMap<String, String>,
    /// A mapping file, or the name of a preset.
    pub mapping: Option<String>,
    /// The base currency.
    pub base: Option<String>,
    /// Rule files or folders.
    pub rules: Vec<String>,
    /// Parameters that are set.
    pub set: Vec<Override>,
    /// What is expected, in file order.
    pub expect: Vec<Expected>,
}

/// What one rule must find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Rule id.
    pub rule: String,
    /// What it shows, where the author says it.
    pub name: Option<String>,
    /// How many matches there are at least.
    pub least: usize,
    /// How many there are at most.
    pub most: Option<usize>,
    /// Matches that must be there.
    pub matches: Vec<Wanted>,
    /// Whether there may be matches that `matches` does not name: only where a count says how many.
    pub others: bool,
    /// Why it is known to fail, where it is.
    pub todo: Option<String>,
    /// Line in the file, from 1.
    pub line: usize,
}

/// A match that must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One with these accounts in these roles; roles left out are not compared.
    Roles(BTreeMap<String, BTreeSet<String>>),
    /// One with these transfers and no others, by `tx_id`.
    Transfers(BTreeSet<String>),
}

/// Reads an expectation file; with `set`, rules and roles are checked, too.
///
/// # Errors
///
/// Every mistake in the file, each with its place and a way out.
pub fn expectations(source: &Source, set: Option<&TypologySet>) -> Result<ExpectationFile, Vec<Diagnostic>> {
    let mut report = Reporter::new(&source.path, &source.text);
    let scope = Scope::new(&[], BTreeSet::new());
    let tree = tree(source, &mut report, Page::Expectations);
    let file = tree.map(|tree| {
        let entries = match &tree.kind {
            Kind::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        Reader { report: &mut report, scope: &scope }.expectation_file(&source.path, entries, set)
    });
    match file {
        Some(file) if !report.has_errors() => Ok(file),
        _ => Err(report.finish()),
    }
}

impl Reader<'_, '_> {
    fn expectation_file(&mut self, path: &str, entries: &[Entry], set: Option<&TypologySet>) -> ExpectationFile {
        self.known_keys(entries, keys::EXPECTATIONS, "an expectation file");
        self.needed_keys(entries, keys::EXPECTATIONS, "this file", &(0..0));
        let lists = get(entries, "lists").map_or(&[] as &[Entry], |node| self.map(node, "lists"));
        let lists =
            lists.iter().filter_map(|entry| Some((entry.key.clone(), self.single(Some(&entry.value), "lists")?)));
        let lists = lists.collect();
        let items = get(entries, "expect").map_or(&[] as &[Node], |node| self.list(node, "expect"));
        if let Some(entry) = entries.iter().find(|entry| entry.key == "expect" && items.is_empty()) {
            let help = "add `- rule: ID` and `exactly: 3` below it";
            self.error(codes::R004, &entry.key_span, "this file expects nothing", "an empty list", help);
        }
        ExpectationFile {
            path: path.to_owned(),
            lists,
            ledgers: self.one_or_more(get(entries, "ledger"), "ledger"),
            accounts: self.single(get(entries, "accounts"), "accounts"),
            rates: self.single(get(entries, "rates"), "rates"),
            mapping: self.single(get(entries, "mapping"), "mapping"),
            base: self.single(get(entries, "base"), "base"),
            rules: self.one_or_more(get(entries, "rules"), "rules"),
            set: self.settings(get(entries, "set")),
            expect: items.iter().map(|item| self.expected_of_rule(item, set)).collect(),
        }
    }

    fn single(&mut self, node: Option<&Node>, what: &str) -> Option<String> {
        node.and_then(|node| self.scalar(node, what)).map(str::to_owned)
    }

    fn one_or_more(&mut self, node: Option<&Node>, what: &str) -> Vec<String> {
        match node.map(|node| &node.kind) {
            Some(Kind::Scalar(text)) => vec![text.clone()],
            _ => self.texts(node, what),
        }
    }

    fn needed_keys(&mut self, entries: &[Entry], known: &[keys::Key], what: &str, place: &Span) {
        for key in known.iter().filter(|key| key.needed && get(entries, key.name).is_none()) {
            let message = format!("{what} has no `{}`", key.name);
            self.error(codes::R004, place, message, "it begins here", format!("add `{}`", key.name));
        }
    }

    fn settings(&mut self, node: Option<&Node>) -> Vec<Override> {
        let entries = node.map_or(&[] as &[Entry], |node| self.map(node, "set"));
        let mut settings = Vec::new();
        for entry in entries {
            let value = self.single(Some(&entry.value), "set").unwrap_or_default();
            match entry.key.rsplit_once('.') {
                Some((rule, parameter)) => {
                    settings.push(Override { rule: rule.to_owned(), parameter: parameter.to_owned(), value });
                }
                None => self.error(
                    codes::R005,
                    &entry.key_span,
                    format!("`{}` names no parameter of a rule", entry.key),
                    "a rule and its parameter are needed",
                    "write the rule's id, a dot and the parameter: `fan-in.payers: 6`",
                ),
            }
        }
        settings
    }

    fn expected_of_rule(&mut self, node: &Node, set: Option<&TypologySet>) -> Expected {
        let entries = self.map(node, "an expectation");
        self.known_keys(entries, keys::EXPECTATION, "an expectation");
        let start = entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone());
        self.needed_keys(entries, keys::EXPECTATION, "this expectation", &start);
        let rule = self.single(get(entries, "rule"), "rule").unwrap_or_default();
        let roles = get(entries, "rule").and_then(|node| self.roles_of(&rule, &node.span, set));
        let items = get(entries, "matches").map(|node| self.list(node, "matches"));
        let matches: Vec<Wanted> = items.iter().copied().flatten().map(|item| self.wanted(item, roles)).collect();
        let (least, most) = self.counts(entries, items.is_some(), matches.len(), &start);
        Expected {
            rule,
            name: self.single(get(entries, "name"), "name"),
            others: least.is_some() || most.is_some(),
            least: least.unwrap_or(0).max(matches.len()),
            most: most.or_else(|| least.is_none().then_some(matches.len())),
            matches,
            todo: self.single(get(entries, "todo"), "todo"),
            line: self.report.text()[..start.start].matches('\n').count() + 1,
        }
    }

    /// The roles of a rule; that it does not exist is reported, if the rules are there.
    fn roles_of<'s>(&mut self, rule: &str, place: &Span, set: Option<&'s TypologySet>) -> Option<&'s Vec<Role>> {
        let set = set?;
        if let Some(known) = set.typologies.iter().find(|known| known.id == rule) {
            return Some(&known.flow.roles);
        }
        let ids = || set.typologies.iter().map(|rule| rule.id.as_str());
        let help = match nearest(rule, ids()) {
            Some(near) => format!("write `{near}`"),
            None if ids().count() > 9 => "`moneytrail rules` lists the rules there are".to_owned(),
            None => format!("the rules are {}", quoted(&ids().collect::<Vec<_>>())),
        };
        self.error(codes::R045, place, format!("there is no rule `{rule}`"), "not among the rules of this file", help);
        None
    }

    fn wanted(&mut self, node: &Node, roles: Option<&Vec<Role>>) -> Wanted {
        match &node.kind {
            Kind::List(_) => Wanted::Transfers(self.texts(Some(node), "transfers of a match").into_iter().collect()),
            _ => Wanted::Roles(self.expected(node, roles, None)),
        }
    }

    /// The least and the greatest number of matches, as far as the author says them.
    fn counts(
        &mut self,
        entries: &[Entry],
        has_matches: bool,
        named: usize,
        start: &Span,
    ) -> (Option<usize>, Option<usize>) {
        let [exactly, least, most] = ["exactly", "at_least", "at_most"].map(|key| self.whole(entries, key));
        let place = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.span.clone());
        let clash = place("exactly").filter(|_| place("at_least").or(place("at_most")).is_some());
        if let Some(place) = clash {
            let help = "write `exactly` alone, or `at_least` and `at_most`";
            self.error(codes::R046, &place, "`exactly` stands beside another count", "says it all", help);
        }
        let (least, most) = (exactly.or(least), exactly.or(most));
        if least.zip(most).is_some_and(|(least, most)| least > most) {
            let place = place("at_most").unwrap_or_else(|| start.clone());
            self.error(codes::R046, &place, "`at_most` is below `at_least`", "no count is both", "swap the two counts");
        }
        if let Some(most) = most.filter(|most| *most < named) {
            let place = place("exactly").or(place("at_most")).unwrap_or_else(|| start.clone());
            let message = format!("`matches` names {named}, and there may be {most} at most");
            self.error(codes::R046, &place, message, "fewer than are named", "raise the count, or name fewer matches");
        }
        if ["exactly", "at_least", "at_most"].iter().all(|key| place(key).is_none()) && !has_matches {
            let help = "add `exactly: 3`, `at_least: 1`, `at_most: 9` or `matches`";
            self.error(codes::R004, start, "this expectation expects nothing", "it begins here", help);
        }
        (least, most)
    }

    fn whole(&mut self, entries: &[Entry], key: &str) -> Option<usize> {
        let node = get(entries, key)?;
        let text = self.scalar(node, key)?;
        let number = text.parse().ok();
        if number.is_none() {
            let message = format!("`{text}` is no number of matches");
            self.error(codes::R005, &node.span, message, "a whole number is needed", format!("write `{key}: 3`"));
        }
        number
    }
}
