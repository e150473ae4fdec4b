//! What differs between two runs beside their matches: whoever compares them must know that it was not only the rule.

use std::collections::BTreeSet;

use crate::write::{Facts, Gap, RanRule, Record};

/// What differs between two runs beside their matches.
pub(super) fn warnings(old: &Record, new: &Record) -> Vec<String> {
    let (a, b) = (&old.facts, &new.facts);
    let mut told = Vec::new();
    let mut differ = |what: &str, before: String, after: String| {
        if before != after {
            told.push(format!("{what} differs: {before} before, {after} now"));
        }
    };
    let inputs = |record: &Record, roles: &dyn Fn(&str) -> bool| {
        let mut files: Vec<String> = record
            .facts
            .inputs
            .iter()
            .filter(|input| roles(&input.role))
            .map(|input| format!("{} {}", input.role, input.sha256.chars().take(8).collect::<String>()))
            .collect();
        files.sort();
        if files.is_empty() { "none".to_owned() } else { files.join(", ") }
    };
    let is_ledger = |role: &str| role == "transfers";
    differ("the ledger", inputs(old, &is_ledger), inputs(new, &is_ledger));
    let is_beside = |role: &str| role != "transfers" && role != "labels";
    differ("what stands beside the ledger", inputs(old, &is_beside), inputs(new, &is_beside));
    differ("the mapping", a.mapping.clone(), b.mapping.clone());
    differ("the base currency", a.base_currency.clone(), b.base_currency.clone());
    let budget = |of: &Facts| {
        let limits = of.limits.iter().map(|(name, limit)| format!("{name} {limit}"));
        let time = of.time_budget.iter().map(|budget| format!("time_budget {budget}"));
        limits.chain(time).collect::<Vec<_>>().join(", ")
    };
    differ("the budget", budget(a), budget(b));
    differ("the version of the program", a.version.clone(), b.version.clone());
    told.extend(rule_warnings(old, new));
    told
}

fn rule_warnings(old: &Record, new: &Record) -> Vec<String> {
    let (a, b) = (&old.facts, &new.facts);
    let mut told = Vec::new();
    let mut list = |what: &str, ids: Vec<&str>| {
        if !ids.is_empty() {
            told.push(format!("{what}: {}", ids.join(", ")));
        }
    };
    let find = |facts: &'_ Facts, id: &str| facts.rules.iter().find(|rule| rule.id == id).cloned();
    let only = |these: &'_ Facts, those: &Facts| -> Vec<String> {
        let lacking = these.rules.iter().filter(|rule| find(those, &rule.id).is_none());
        lacking.map(|rule| rule.id.clone()).collect()
    };
    let (before, after) = (only(a, b), only(b, a));
    list("rules that ran only before", before.iter().map(String::as_str).collect());
    list("rules that run only now", after.iter().map(String::as_str).collect());
    let both = || a.rules.iter().filter_map(|rule| Some((rule, find(b, &rule.id)?)));
    let texts = both().filter(|(rule, other)| rule.sha256 != other.sha256).map(|(rule, _)| rule.id.as_str());
    list("rules whose text differs", texts.collect());
    let values = both().flat_map(|(rule, other)| values(rule, &other)).collect::<Vec<_>>();
    list("parameters that differ", values.iter().map(String::as_str).collect());
    for (facts, when) in [(a, "before"), (b, "now")] {
        let gaps = |gaps: &[Gap]| {
            gaps.iter().map(|gap| gap.rule.clone()).collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>()
        };
        let cut = gaps(&facts.completeness.cuts);
        list(&format!("rules whose search a budget cut {when}"), cut.iter().map(String::as_str).collect());
    }
    let asked = |facts: &Facts| -> BTreeSet<String> {
        facts.completeness.not_evaluated.iter().map(|gap| gap.rule.clone()).collect()
    };
    let (not_before, not_now) = (asked(a), asked(b));
    let odd: Vec<&str> = not_before.symmetric_difference(&not_now).map(String::as_str).collect();
    list("rules that only one of the two ledgers can answer", odd);
    told
}

/// The parameters of a rule whose values differ: `fan-in.payers (4 before, 6 now)`.
fn values(before: &RanRule, after: &RanRule) -> Vec<String> {
    let names: BTreeSet<&String> = before.parameters.keys().chain(after.parameters.keys()).collect();
    let value = |rule: &RanRule, name: &String| rule.parameters.get(name).map_or("none", String::as_str).to_owned();
    let differ = |name: &&String| before.parameters.get(*name) != after.parameters.get(*name);
    let told =
        |name: &String| format!("{}.{name} ({} before, {} now)", before.id, value(before, name), value(after, name));
    names.into_iter().filter(differ).map(told).collect()
}
