//! The tests of a rule: their small tables (a header behind `#`, one row a line, cells between blanks) and the matches
//! that they expect.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Ratio, Span as Duration, schema};

use super::codes;
use super::diagnostic::{Help, Span, nearest};
use super::keys;
use super::reader::{Reader, get, key_of, quoted};
use super::tree::{Entry, Kind, Node};
use super::{Role, RuleTest, TestTable};

/// A kind of table in a test.
#[derive(Clone, Copy)]
struct Form {
    name: &'static str,
    required: &'static [&'static str],
    /// Canonical columns that have another name in tests, and that name.
    renamed: &'static [(&'static str, &'static str)],
    canonical: &'static [schema::Canonical],
}

const TRANSFERS: Form = Form {
    name: "transfers",
    required: &["when", "from", "to", "amount"],
    renamed: &[("timestamp", "when"), ("sender", "from"), ("receiver", "to")],
    canonical: schema::TRANSFER,
};

const ACCOUNTS: Form = Form { name: "accounts", required: &["account"], renamed: &[], canonical: schema::ACCOUNT };

const LISTS: Form = Form { name: "lists", required: &[], renamed: &[], canonical: schema::LIST };

/// A word of a table and where it stands in the table's text.
type Cell<'t> = (&'t str, Span);

/// Accounts by role that a test expects of one match.
type Expected = BTreeMap<String, BTreeSet<String>>;

impl Reader<'_, '_> {
    /// The tests of a rule; `roles` is missing where the flow cannot be read.
    pub(super) fn tests(&mut self, entries: &[Entry], roles: Option<&Vec<Role>>) -> Vec<RuleTest> {
        let items = get(entries, "tests").map_or(&[] as &[Node], |node| self.list(node, "tests"));
        let key = get(entries, "tests")
            .map_or_else(|| entries.first().map_or(0..0, |entry| entry.key_span.clone()), |_| key_of(entries, "tests"));
        let expects = |test: &Node| match &test.kind {
            Kind::Map(entries) => {
                !get(entries, "matches").is_some_and(|node| matches!(&node.kind, Kind::List(all) if all.is_empty()))
            }
            _ => false,
        };
        if items.is_empty() {
            self.error(
                codes::R040,
                &key,
                "this rule has no test",
                "nothing shows what it finds",
                "add `tests`, each with `name`, `transfers` and `matches`",
            );
        } else if items.iter().all(expects) {
            self.error(
                codes::R041,
                &key,
                "no test of this rule must not match",
                "every test expects a match",
                "add a near miss or a lookalike with `matches: []`",
            );
        }
        items.iter().filter_map(|item| self.test(item, roles)).collect()
    }

    fn test(&mut self, node: &Node, roles: Option<&Vec<Role>>) -> Option<RuleTest> {
        let entries = self.map(node, "a test");
        self.known_keys(entries, keys::TEST, "a test");
        let start = entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone());
        for key in keys::TEST.iter().filter(|key| key.needed).map(|key| key.name) {
            if get(entries, key).is_none() {
                let message = format!("this test has no `{key}`");
                self.error(codes::R004, &start, message, "the test begins here", format!("add `{key}`"));
            }
        }
        let name = get(entries, "name").and_then(|node| self.scalar(node, "name")).unwrap_or_default().to_owned();
        let transfers = get(entries, "transfers").and_then(|node| self.table(node, TRANSFERS));
        let accounts = get(entries, "accounts").map(|node| self.table(node, ACCOUNTS));
        let lists: &[Entry] = get(entries, "lists").map_or(&[], |node| self.map(node, "lists"));
        let lists: Vec<_> =
            lists.iter().map(|entry| Some((entry.key.clone(), self.table(&entry.value, LISTS)?))).collect();
        let owners = accounts.iter().flatten().flat_map(|table| values_of(table, &["entity", "bank"]));
        let known = transfers.as_ref().map(|table| values_of(table, &["from", "to"]).chain(owners).collect());
        let items = get(entries, "matches").map_or(&[] as &[Node], |node| self.list(node, "matches"));
        let matches = items.iter().map(|item| self.expected(item, roles, known.as_ref())).collect();
        let line = self.report.text()[..start.start].matches('\n').count() + 1;
        let accounts = match accounts {
            Some(table) => Some(table?),
            None => None,
        };
        let lists = lists.into_iter().collect::<Option<BTreeMap<_, _>>>()?;
        Some(RuleTest { name, transfers: transfers?, accounts, lists, matches, line })
    }

    /// An expected match; `roles` and the accounts are checked where they are known.
    pub(super) fn expected(
        &mut self,
        node: &Node,
        roles: Option<&Vec<Role>>,
        known: Option<&BTreeSet<&str>>,
    ) -> Expected {
        let mut expected = BTreeMap::new();
        let entries: &[Entry] = self.map(node, "an expected match");
        for entry in entries {
            if let Some(roles) = roles {
                self.check_role(entry, roles);
            }
            let accounts = match &entry.value.kind {
                Kind::Scalar(_) => std::slice::from_ref(&entry.value),
                _ => self.list(&entry.value, &entry.key),
            };
            let mut names = BTreeSet::new();
            for account in accounts {
                let Some(name) = self.scalar(account, &entry.key) else { continue };
                if let Some(known) = known.filter(|known| !known.contains(name)) {
                    let help = nearest(name, known.iter().copied())
                        .map_or_else(|| "name an account of `transfers`".into(), Help::write);
                    let message = format!("the test has no account `{name}`");
                    self.error(codes::R044, &account.span, message, "in no transfer of this test", help);
                }
                names.insert(name.to_owned());
            }
            expected.insert(entry.key.clone(), names);
        }
        expected
    }

    /// Reports an expected role that the flow does not have, and several accounts for a single role.
    fn check_role(&mut self, entry: &Entry, roles: &[Role]) {
        match roles.iter().find(|role| role.name == entry.key) {
            None => {
                let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
                let help = nearest(&entry.key, known.iter().copied())
                    .map_or_else(|| format!("the roles are {}", quoted(&known)).into(), Help::write);
                let message = format!("the flow has no role `{}`", entry.key);
                self.error(codes::R043, &entry.key_span, message, "not a role", help);
            }
            Some(role) if role.is_single() && matches!(&entry.value.kind, Kind::List(all) if all.len() != 1) => {
                let message = format!("`{}` is one account", role.name);
                self.error(
                    codes::R043,
                    &entry.key_span,
                    message,
                    "a single role",
                    format!("write one match for each account: `- {{ {}: … }}`", role.name),
                );
            }
            Some(_) => {}
        }
    }

    fn table(&mut self, node: &Node, form: Form) -> Option<TestTable> {
        let text = self.scalar(node, form.name)?.to_owned();
        let before = self.report.len();
        let mut lines = cells(&text).into_iter();
        let header = lines.next().and_then(header);
        let Some((line, header)) = header else {
            let help = format!("begin it with `# {}`", form.required.join("  "));
            let first = text.trim_start().lines().next().unwrap_or_default();
            let at = text.find(first).unwrap_or(0);
            let place = self.place(&node.span, &text, &(at..at + first.len()));
            self.error(codes::R042, &place, "the table has no header", "this is no header", help);
            return None;
        };
        let mut fault = |place: &Span, message: String, help: Help| {
            let place = self.place(&node.span, &text, place);
            self.error(codes::R042, &place, message, "not so here", help);
        };
        check_header(form, &line, &header, &mut fault);
        let names: Vec<String> = header.iter().map(|(name, _)| (*name).to_owned()).collect();
        let mut rows = Vec::new();
        for row in lines.filter(|row| !row[0].0.starts_with('#')) {
            if row.len() == names.len() {
                check_row(form, &names, &row, &mut fault);
            } else {
                let place = row[0].1.start..row[row.len() - 1].1.end;
                let message = format!("the row has {} cells, and the header has {}", row.len(), names.len());
                fault(&place, message, "write `-` where there is nothing; a cell holds no blanks".into());
            }
            rows.push(row.into_iter().map(|(cell, _)| (cell != "-").then(|| cell.to_owned())).collect());
        }
        (self.report.len() == before).then_some(TestTable { header: names, rows })
    }
}

/// Everything that stands under some columns of a table.
fn values_of<'t>(table: &'t TestTable, columns: &'t [&str]) -> impl Iterator<Item = &'t str> {
    let wanted: Vec<bool> = table.header.iter().map(|name| columns.contains(&name.as_str())).collect();
    let cells = table.rows.iter().flat_map(move |row| row.iter().zip(wanted.clone()));
    cells.filter(|(_, wanted)| *wanted).filter_map(|(cell, _)| cell.as_deref())
}

/// The words of each line that has any.
fn cells(text: &str) -> Vec<Vec<Cell<'_>>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut row = Vec::new();
        let mut at = 0;
        for word in line.split_whitespace() {
            at += line[at..].find(word).expect("the word is in its line");
            row.push((word, start + at..start + at + word.len()));
            at += word.len();
        }
        if !row.is_empty() {
            lines.push(row);
        }
        start += line.len();
    }
    lines
}

/// The whole line of a header and its names, if the line begins with `#`.
fn header(row: Vec<Cell<'_>>) -> Option<(Span, Vec<Cell<'_>>)> {
    let line = row[0].1.start..row[row.len() - 1].1.end;
    let first = row[0].0.strip_prefix('#')?;
    let (_, place) = row[0].clone();
    let glued = (!first.is_empty()).then(|| (first, place.start + 1..place.end));
    Some((line, glued.into_iter().chain(row.into_iter().skip(1)).collect()))
}

fn check_header(form: Form, line: &Span, header: &[Cell<'_>], fault: &mut impl FnMut(&Span, String, Help)) {
    for required in form.required.iter().filter(|name| !header.iter().any(|(given, _)| given == *name)) {
        let help = format!("begin it with `# {}`", form.required.join("  "));
        fault(line, format!("the table has no column `{required}`"), help.into());
    }
    for (position, (name, place)) in header.iter().enumerate() {
        if header[..position].iter().any(|(before, _)| before == name) {
            fault(place, format!("the table has two columns `{name}`"), "leave one out".into());
        }
        if let Some((_, wanted)) = form.renamed.iter().find(|(canonical, _)| canonical == name) {
            fault(place, format!("a test has no column `{name}`"), Help::write(*wanted));
            continue;
        }
        let usual = form.canonical.iter().map(|column| column.name).chain(form.required.iter().copied());
        let known: Vec<&str> = usual.collect();
        // Labels are no use in a test; any other name that is not ours is a column of the input.
        let hidden = form.canonical.iter().any(|column| column.name == *name && !column.visible);
        if hidden {
            fault(place, format!("`{name}` is ground truth"), "leave it out: rules never see labels".into());
        } else if !known.contains(name)
            && let Some(near) = nearest(name, known.iter().copied())
        {
            fault(place, format!("there is no column `{name}`"), Help::write(near));
        }
    }
}

fn check_row(form: Form, names: &[String], row: &[Cell<'_>], fault: &mut impl FnMut(&Span, String, Help)) {
    for (column, (cell, place)) in names.iter().zip(row) {
        if *cell == "-" {
            if form.required.contains(&column.as_str()) {
                fault(
                    place,
                    format!("a row has nothing under `{column}`"),
                    format!("every row needs `{column}`").into(),
                );
            }
            continue;
        }
        let kind = form.canonical.iter().find(|known| known.name == column).map(|known| known.kind);
        let (fits, help) = match (column.as_str(), kind) {
            ("amount" | "amount_received", _) => (is_amount(cell), "write a decimal above zero, not finer than a cent"),
            ("when", _) | (_, Some(schema::Kind::Time)) => {
                (is_time(cell), "write a duration such as `2h`, or a time such as `2024-01-31T12:00:00Z`")
            }
            (_, Some(schema::Kind::Number)) => (cell.parse::<Ratio>().is_ok(), "write a decimal"),
            _ => (true, ""),
        };
        if !fits {
            fault(place, format!("`{cell}` cannot stand under `{column}`"), help.into());
        }
    }
}

/// An amount of whole cents, as the ledger of a test holds it.
fn is_amount(cell: &str) -> bool {
    cell.parse::<Ratio>().is_ok_and(|amount| {
        let cents = i128::from(amount.numerator()) * 100;
        let denominator = i128::from(amount.denominator());
        cents > 0 && cents % denominator == 0 && i64::try_from(cents / denominator).is_ok()
    })
}

/// A time of at most a thousand years since the test's start, or a point in time.
fn is_time(cell: &str) -> bool {
    let far = Duration(1_000 * 365 * Duration::DAY.0);
    cell.parse::<Duration>().is_ok_and(|span| -far.0 <= span.0 && span <= far)
        || cell.parse::<jiff::Timestamp>().is_ok()
}
