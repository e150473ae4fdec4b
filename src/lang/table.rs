//! The small tables of rule tests: a header behind `#`, one row a line, cells between blanks.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{Ratio, Span as Duration};

use super::codes;
use super::diagnostic::{Span, nearest};
use super::reader::{Reader, get, quoted};
use super::tree::{Entry, Kind, Node};
use super::{Role, RuleTest, TestTable};

const TRANSFERS: [&str; 4] = ["when", "from", "to", "amount"];
const ACCOUNTS: [&str; 1] = ["account"];
const KEYS: [&str; 4] = ["name", "transfers", "accounts", "matches"];

impl Reader<'_, '_> {
    /// The tests of a rule.
    pub(super) fn tests(&mut self, node: Option<&Node>, key_span: &Span, roles: &[Role]) -> Vec<RuleTest> {
        let items = node.map_or(&[] as &[Node], |node| self.list(node, "tests"));
        let tests: Vec<RuleTest> = items.iter().filter_map(|item| self.test(item, roles)).collect();
        if node.is_some() && items.is_empty() {
            self.error(
                codes::R040,
                key_span,
                "this rule has no test",
                "nothing shows what it finds",
                "add a test with `transfers` and `matches`",
            );
        } else if !tests.is_empty() && tests.iter().all(|test| !test.matches.is_empty()) {
            self.error(
                codes::R041,
                key_span,
                "no test of this rule must not match",
                "every test expects a match",
                "add a near miss or a lookalike with `matches: []`",
            );
        }
        tests
    }

    fn test(&mut self, node: &Node, roles: &[Role]) -> Option<RuleTest> {
        let entries = self.map(node, "a test");
        self.known_keys(entries, &KEYS, "a test");
        for key in ["name", "transfers", "matches"] {
            if get(entries, key).is_none() {
                self.error(
                    codes::R004,
                    &node.span,
                    format!("this test has no `{key}`"),
                    "the test",
                    format!("add `{key}`"),
                );
            }
        }
        let name = get(entries, "name").and_then(|node| self.scalar(node, "name")).unwrap_or_default().to_owned();
        let transfers = get(entries, "transfers").and_then(|node| self.table(node, "transfers", &TRANSFERS));
        let accounts = get(entries, "accounts").map(|node| self.table(node, "accounts", &ACCOUNTS));
        let matches = get(entries, "matches").map(|node| self.matches(node, roles)).unwrap_or_default();
        let line = self.report.text()[..node.span.start].matches('\n').count() + 1;
        let accounts = match accounts {
            Some(table) => Some(table?),
            None => None,
        };
        Some(RuleTest { name, transfers: transfers?, accounts, matches, line })
    }

    fn matches(&mut self, node: &Node, roles: &[Role]) -> Vec<BTreeMap<String, BTreeSet<String>>> {
        let items = self.list(node, "matches");
        items.iter().map(|item| self.expected(item, roles)).collect()
    }

    fn expected(&mut self, node: &Node, roles: &[Role]) -> BTreeMap<String, BTreeSet<String>> {
        let mut expected = BTreeMap::new();
        let entries: &[Entry] = self.map(node, "an expected match");
        for entry in entries {
            if !roles.iter().any(|role| role.name == entry.key) {
                let known: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
                let help = nearest(&entry.key, known.iter().copied())
                    .map_or_else(|| format!("the roles are {}", quoted(&known)), |near| format!("write `{near}`"));
                self.error(
                    codes::R043,
                    &entry.key_span,
                    format!("the flow has no role `{}`", entry.key),
                    "not a role",
                    help,
                );
            }
            let accounts = match &entry.value.kind {
                Kind::Scalar(account) => vec![account.clone()],
                _ => self.texts(Some(&entry.value), &entry.key),
            };
            expected.insert(entry.key.clone(), accounts.into_iter().collect());
        }
        expected
    }

    fn table(&mut self, node: &Node, what: &str, required: &[&str]) -> Option<TestTable> {
        let text = self.scalar(node, what)?.to_owned();
        let before = self.report.len();
        let table = read(&text, |message, help| {
            self.error(codes::R042, &node.span, message, "in this table", help);
        })?;
        for column in required.iter().filter(|column| !table.header.iter().any(|name| name == *column)) {
            self.error(
                codes::R042,
                &node.span,
                format!("the table has no column `{column}`"),
                "in this table",
                format!("begin it with `# {}`", required.join("  ")),
            );
        }
        for row in &table.rows {
            check_row(&table.header, row, |message, help| {
                self.error(codes::R042, &node.span, message, "in this table", help);
            });
        }
        (self.report.len() == before).then_some(table)
    }
}

fn read(text: &str, mut fault: impl FnMut(String, String)) -> Option<TestTable> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let Some(header) = lines.next().and_then(|line| line.strip_prefix('#')).map(cells) else {
        fault("the table has no header".to_owned(), "begin it with the column names behind `#`".to_owned());
        return None;
    };
    let mut rows = Vec::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let row = cells(line);
        if row.len() != header.len() {
            let message = format!("`{line}` has {} cells, and the header has {}", row.len(), header.len());
            fault(message, "write `-` where there is nothing; a cell holds no blanks".to_owned());
            return None;
        }
        rows.push(row.into_iter().map(|cell| (cell != "-").then_some(cell)).collect());
    }
    Some(TestTable { header, rows })
}

fn check_row(header: &[String], row: &[Option<String>], mut fault: impl FnMut(String, String)) {
    for (column, cell) in header.iter().zip(row) {
        let Some(cell) = cell else {
            if TRANSFERS.contains(&column.as_str()) || column == "account" {
                fault(format!("a row has nothing under `{column}`"), format!("every row needs `{column}`"));
            }
            continue;
        };
        let fits = match column.as_str() {
            "when" | "opened" | "closed" => cell.parse::<Duration>().is_ok() || cell.parse::<jiff::Timestamp>().is_ok(),
            "amount" => cell.parse::<Ratio>().is_ok_and(|amount| amount.numerator() > 0),
            _ => true,
        };
        if !fits {
            let help = if column == "amount" {
                "write a decimal above zero"
            } else {
                "write a duration such as `2h`, or a time such as `2024-01-31T12:00:00Z`"
            };
            fault(format!("`{cell}` cannot stand under `{column}`"), help.to_owned());
        }
    }
}
