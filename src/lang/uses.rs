//! `uses`: rules whose matches stand in steps of other rules, checked once all rules are read.

use std::collections::BTreeMap;

use super::circle::{self, Special, Words};
use super::codes;
use super::diagnostic::{Diagnostic, Help, Reporter, nearest};
use super::{MatchLevel, Typology};

const CIRCLE: Words = Words {
    code: codes::R057,
    verbs: ("uses", "use"),
    help: "a rule is searched after those that it uses: write one of the steps out",
};

/// Reports rules that are used and not there, those whose matches cannot be used, and circles.
pub(super) fn check(rules: &BTreeMap<String, Special<'_>>, typologies: &[Typology]) -> Vec<Diagnostic> {
    let mut found = circle::check(rules, CIRCLE);
    let compiled = |id: &str| typologies.iter().find(|typology| typology.id == id);
    for (id, rule) in rules {
        let mut report = Reporter::new(&rule.source.path, &rule.source.text);
        for (used, place) in &rule.entries {
            if !rules.contains_key(used) {
                let help = nearest(used, rules.keys().map(String::as_str)).map_or_else(
                    || "name its file, too: a rule is searched together with those that it uses".into(),
                    Help::write,
                );
                report.add(codes::R055, place, format!("there is no rule `{used}`"), "not among the rules here", help);
                continue;
            }
            let between_owners = |id: &str| compiled(id).is_some_and(|rule| rule.flow.level != MatchLevel::Account);
            let fault = if let Some(owners) = [id.as_str(), used].into_iter().find(|id| between_owners(id)) {
                Some(format!("`{owners}` is matched between owners"))
            } else {
                compiled(used).and_then(open_end)
            };
            if let Some(fault) = fault {
                let message = format!("a match of `{used}` cannot stand in a step");
                let help = "it leads from one account to one account: write the steps out";
                report.add(codes::R056, place, message, fault, help);
            }
        }
        found.extend(report.finish());
    }
    found
}

/// Says which end of a rule's flow is no single account.
fn open_end(rule: &Typology) -> Option<String> {
    let ends = [rule.flow.steps.first()?.left, rule.flow.steps.last()?.right];
    let set = ends.into_iter().map(|role| &rule.flow.roles[role]).find(|role| !role.is_single())?;
    Some(format!("its role `{}` is a set", set.name))
}
