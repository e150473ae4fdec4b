//! What the author of a rule should know beside its mistakes. The rule runs; it is probably not what is meant, or not
//! shown to be it.

use std::collections::BTreeMap;

use super::codes;
use super::diagnostic::{Diagnostic, Reporter, Span};
use super::parts;
use super::reader::{get, key_of};
use super::tree::{Entry, Kind, Node, parse};
use super::truth::{self, Together, Truth};
use super::{Comparison, Flow, MatchLevel, Predicate, Shape, Source, Status, Step, Typology};
use crate::columns::Span as Duration;

/// A window is long from here on: a month of a busy ledger.
const LONG: Duration = Duration(30 * Duration::DAY.0);

/// A path has many ways from here on.
const MANY_HOPS: u32 = 4;

/// What says that an account is no hub.
const DEGREES: [&str; 4] = ["payers", "payees", "transfers_in", "transfers_out"];

/// The warnings of one rule that has no error.
pub(super) fn rule(source: &Source, typology: &Typology) -> Vec<Diagnostic> {
    let Ok(tree) = parse(&source.text) else { return Vec::new() };
    let Kind::Map(entries) = &tree.kind else { return Vec::new() };
    let lines = match get(entries, "flow").map(|node| &node.kind) {
        Some(Kind::List(lines)) => lines.as_slice(),
        _ => &[],
    };
    let mut report = Reporter::new(&source.path, &source.text);
    for flow in typology.flows() {
        for (step, line) in flow.steps.iter().zip(lines) {
            contradiction(flow, step, line, &mut report);
            little_limited(flow, step, line, &mut report);
            needless(flow, step, (entries, line), &mut report);
        }
    }
    untested_lookalikes(typology, entries, &mut report);
    far_tests(typology, entries, &mut report);
    report.finish()
}

/// Warns of a step whose conditions, those of its rule and those of its roles cannot hold together.
fn contradiction(flow: &Flow, step: &Step, line: &Node, report: &mut Reporter<'_>) {
    if step.uses.is_some() {
        return;
    }
    let of = |role: usize| flow.roles[role].predicate.as_ref();
    let between_accounts = flow.level == MatchLevel::Account;
    let one_transfer = !matches!(step.shape, Shape::Path { .. } | Shape::Tree { .. });
    let ends = [("sender.", of(step.payer())), ("receiver.", of(step.payee()))];
    let ends = ends.into_iter().filter(|_| between_accounts && one_transfer);
    let asked = [("", flow.filter.as_ref()), ("", step.filter.as_ref())].into_iter().chain(ends);
    let mut all = Together::default();
    let possible = asked.filter_map(|(before, asked)| Some((before, tree_of(asked?)?)));
    if possible.into_iter().all(|(before, condition)| all.add(before, &condition)) {
        return;
    }
    let (left, right) = (&flow.roles[step.left].name, &flow.roles[step.right].name);
    report.add(
        codes::W006,
        &option(line, "where"),
        format!("no transfer can meet all that is asked of the step `{left}` to `{right}`"),
        "contradicts the rule's `where` or a role's predicate",
        "correct one of the conditions: this step never has a transfer",
    );
}

fn tree_of(predicate: &Predicate) -> Option<sqlparser::ast::Expr> {
    parts::tree(&predicate.sql)
}

/// Warns of a step that asks again what the rule's `where` asks of every transfer; values that a run may move aside.
fn needless(flow: &Flow, step: &Step, (entries, line): (&[Entry], &Node), report: &mut Reporter<'_>) {
    let moves = |node: Option<&Node>| match node.map(|node| &node.kind) {
        Some(Kind::Scalar(text)) => text.contains('$'),
        _ => true,
    };
    let own = option_node(line, "where");
    let (Some(rule), Some(asked)) = (&flow.filter, &step.filter) else { return };
    if step.uses.is_some() || moves(own) || moves(get(entries, "where")) {
        return;
    }
    let mut all = Together::default();
    if !tree_of(rule).is_some_and(|tree| all.add("", &tree)) {
        return;
    }
    for part in asked.conjuncts() {
        let always = tree_of(&part).is_some_and(|part| truth::of(&part, &|name| all.range(name)) == Truth::Always);
        if always {
            report.add(
                codes::W007,
                &option(line, "where"),
                format!("`{}` is asked of every transfer already", part.sql.replace('"', "")),
                "the rule's `where` says more",
                "remove it, or write what was meant",
            );
        }
    }
}

/// Warns of a long path in a long window that neither delay nor floor nor degree limits.
fn little_limited(flow: &Flow, step: &Step, line: &Node, report: &mut Reporter<'_>) {
    let (Shape::Path { hops, via } | Shape::Tree { hops, via }) = &step.shape else { return };
    let long = hops.most.is_none_or(|most| most >= MANY_HOPS) && flow.within >= LONG;
    let asked = || flow.filter.iter().chain(&step.filter);
    let floor = asked().flat_map(Predicate::conjuncts).any(|part| match part.comparison() {
        Comparison::Least(column, least) | Comparison::Between(column, least, _) => column == "amount" && least > 0.0,
        _ => false,
    });
    let capped = via.as_ref().is_some_and(|via| DEGREES.iter().any(|degree| via.columns.contains(*degree)));
    // Where nothing at all is asked, another warning says so.
    let asked_of = step.pass_through.is_some() || asked().next().is_some();
    if !long || floor || capped || !asked_of || step.delay.most < flow.within {
        return;
    }
    let (left, right) = (&flow.roles[step.left].name, &flow.roles[step.right].name);
    report.add(
        codes::W005,
        &option(line, "hops"),
        format!("the way from `{left}` to `{right}` has many branches on a busy ledger"),
        format!("up to {} hops within {}", hops.most.unwrap_or(u32::MAX), flow.within),
        "add a `delay`, a floor such as `where: amount >= 1000`, or `via: payees <= 200`",
    );
}

/// Warns of a rule with fewer tests that must not match than it names lookalikes.
fn untested_lookalikes(typology: &Typology, entries: &[Entry], report: &mut Reporter<'_>) {
    let named = typology.false_positives.len();
    let tested = typology.tests.iter().filter(|test| test.matches.is_empty()).count();
    if tested < named {
        report.add(
            codes::W009,
            &key_of(entries, "false_positives"),
            "there are fewer tests than lookalikes",
            format!("{named} named, and `matches: []` stands in {tested}"),
            "write a test with `matches: []` for each of them",
        );
    }
}

/// Warns of a rule whose tests without a match are all empty, or lack two or more of the transfers that any match needs.
fn far_tests(typology: &Typology, entries: &[Entry], report: &mut Reporter<'_>) {
    let least = typology.flows().map(fewest).min().unwrap_or(1);
    let lacking = typology.tests.iter().filter(|test| test.matches.is_empty());
    let most = lacking.map(|test| test.transfers.rows.len()).max();
    if let Some(most) = most.filter(|&most| most == 0 || most + 1 < least) {
        report.add(
            codes::W010,
            &key_of(entries, "tests"),
            "no test comes near a match",
            format!("a match has {least} transfers or more, and no test with `matches: []` has more than {most}"),
            "add one that has all the transfers of a match, and differs in one thing",
        );
    }
}

/// The fewest transfers that a match can have. Sets may share theirs, so the greatest of them counts.
fn fewest(flow: &Flow) -> usize {
    let chosen = |step: &Step| match step.shape {
        Shape::One => 1,
        Shape::Path { hops, .. } => hops.least as usize,
        Shape::Set { .. } | Shape::Tree { .. } => 0,
    };
    let members = |role: usize| flow.roles[role].members.map_or(1, |members| members.least as usize);
    let set = |step: &Step| match step.shape {
        Shape::One | Shape::Path { .. } => 0,
        Shape::Set { transfers, .. } => members(step.left).max(members(step.right)).max(transfers.least as usize),
        Shape::Tree { hops, .. } => members(step.right).max(hops.least as usize),
    };
    (flow.steps.iter().map(chosen).sum::<usize>()).max(flow.steps.iter().map(set).max().unwrap_or(0))
}

/// The place of an option of a step; of the step itself where the option stands elsewhere.
fn option(line: &Node, key: &str) -> Span {
    option_node(line, key)
        .or_else(|| option_node(line, "step"))
        .map_or_else(|| line.span.clone(), |node| node.span.clone())
}

fn option_node<'n>(line: &'n Node, key: &str) -> Option<&'n Node> {
    match &line.kind {
        Kind::Map(options) => get(options, key),
        _ => None,
    }
}

/// Warns of rules that name a deprecated one under `uses` or `specialises`; `named` are the names with their places.
pub(super) fn deprecated<'s>(
    named: impl IntoIterator<Item = (&'s Source, &'s [(String, Span)])>,
    typologies: &[Typology],
) -> Vec<Diagnostic> {
    let old: BTreeMap<&str, &Typology> = typologies
        .iter()
        .filter(|typology| typology.status == Status::Deprecated)
        .map(|typology| (typology.id.as_str(), typology))
        .collect();
    let mut found = Vec::new();
    for (source, names) in named {
        let mut report = Reporter::new(&source.path, &source.text);
        for (name, place) in names.iter().filter(|(name, _)| old.contains_key(name.as_str())) {
            report.add(
                codes::W011,
                place,
                format!("`{name}` is deprecated"),
                "kept for old runs only",
                "name the rule that took its place",
            );
        }
        found.extend(report.finish());
    }
    found
}
