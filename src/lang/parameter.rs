//! The parameters of a rule: their defaults and ranges, and the values that a run sets.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use super::diagnostic::{Diagnostic, Reporter, Span, nearest};
use super::keys;
use super::number::{Scope, literal};
use super::reader::{Reader, get, is_name, quoted};
use super::tree::{Entry, Node};
use super::{Override, Parameter, Value};

/// The parameters of a rule.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Those that can be used, with the values that the run sets.
    pub(super) parameters: Vec<Parameter>,
    /// The names of those whose declaration has a mistake.
    pub(super) broken: BTreeSet<String>,
    /// Mistakes in what the run sets.
    pub(super) faults: Vec<Diagnostic>,
}

/// Reads the parameters of a rule.
pub(super) fn parameters(report: &mut Reporter<'_>, entries: &[Entry], overrides: &[&Override]) -> Declared {
    let Some(node) = get(entries, "parameters") else { return Declared::default() };
    let empty = Scope::default();
    let mut reader = Reader { report, scope: &empty };
    let declared = reader.map(node, "parameters");
    let mut parameters = Vec::new();
    let mut broken = BTreeSet::new();
    for entry in declared {
        match reader.parameter(entry) {
            Some(parameter) => parameters.push(parameter),
            None => drop(broken.insert(entry.key.clone())),
        }
    }
    let found = overrides.iter().flat_map(|set| override_one(&mut parameters, set)).collect();
    Declared { parameters, broken, faults: found }
}

/// Sets one parameter, if the rule has it (whether it does is checked for all rules together).
fn override_one(parameters: &mut [Parameter], set: &Override) -> Vec<Diagnostic> {
    let Some(parameter) = parameters.iter_mut().find(|parameter| parameter.name == set.parameter) else {
        return Vec::new();
    };
    let value = match parameter.default {
        Value::Text(_) => Value::Text(set.value.clone()),
        Value::Number(_) | Value::Duration(_) => literal(&set.value),
    };
    let text = setting(set);
    let path = format!("--set {text}");
    let mut report = Reporter::new(&path, &text);
    let place = text.len() - set.value.len()..text.len();
    outside(&mut report, &place, &value, &parameter.default, parameter.range.as_ref());
    if !report.has_errors() {
        parameter.value = value;
    }
    report.finish()
}

/// A setting as the command line writes it.
fn setting(set: &Override) -> String {
    format!("{}.{}={}", set.rule, set.parameter, set.value)
}

/// Reports a value that is outside its range, or of another kind than the default.
fn outside(report: &mut Reporter<'_>, place: &Span, value: &Value, default: &Value, range: Option<&(Value, Value)>) {
    let fits = std::mem::discriminant(value) == std::mem::discriminant(default);
    let (label, help) = match range {
        _ if !fits => (format!("the default is `{default}`"), format!("write a value of the kind of `{default}`")),
        Some((low, high)) if !inside(value, (low, high)) => (
            format!("the range is `{low}..{high}`"),
            format!("choose a value from `{low}` to `{high}`, or widen the range"),
        ),
        _ => return,
    };
    report.add(codes::R011, place, format!("`{value}` is outside its parameter's range"), label, help);
}

impl Reader<'_, '_> {
    fn parameter(&mut self, entry: &Entry) -> Option<Parameter> {
        if !is_name(&entry.key) {
            self.unnameable(&entry.key_span, &entry.key);
        }
        let parts = self.map(&entry.value, &format!("parameter {}", entry.key));
        self.known_keys(parts, keys::PARAMETER, "a parameter");
        let Some(node) = get(parts, "default") else {
            self.error(
                codes::R004,
                &entry.key_span,
                format!("the parameter `{}` has no default", entry.key),
                "a parameter",
                "add `default: …`",
            );
            return None;
        };
        let default = literal(self.scalar(node, "default")?);
        let range = get(parts, "range").and_then(|range| self.allowed(range, &default));
        outside(self.report, &node.span, &default, &default, range.as_ref());
        let help = get(parts, "help").and_then(|node| self.scalar(node, "help")).unwrap_or_default().to_owned();
        let needs_range = !matches!(default, Value::Text(_)) && get(parts, "range").is_none();
        if help.is_empty() || needs_range {
            self.error(
                codes::W002,
                &entry.key_span,
                format!("the parameter `{}` has no {}", entry.key, if needs_range { "range" } else { "help" }),
                "a parameter",
                "add `range: lo..hi` and `help: …`",
            );
        }
        Some(Parameter { name: entry.key.clone(), value: default.clone(), default, range, help })
    }

    /// The range of a parameter: two values of the default's kind.
    fn allowed(&mut self, node: &Node, default: &Value) -> Option<(Value, Value)> {
        let text = self.scalar(node, "range")?.to_owned();
        let (low, high) = self.range(&text, &node.span);
        let (Some(low), Some(high)) = (low, high) else {
            self.error(
                codes::R025,
                &node.span,
                "a range that cannot be read",
                "both ends are needed",
                "write a range such as `3..50`",
            );
            return None;
        };
        let kind = std::mem::discriminant(default);
        if std::mem::discriminant(&low) != kind || std::mem::discriminant(&high) != kind {
            self.error(
                codes::R025,
                &node.span,
                "the range is of another kind than the default",
                format!("the default is `{default}`"),
                "write both ends as the default is written",
            );
            return None;
        }
        if !inside(&low, (&low, &high)) {
            self.upside_down(&node.span);
            return None;
        }
        Some((low, high))
    }
}

fn inside(value: &Value, (low, high): (&Value, &Value)) -> bool {
    match (value, low, high) {
        (Value::Number(value), Value::Number(low), Value::Number(high)) => low <= value && value <= high,
        (Value::Duration(value), Value::Duration(low), Value::Duration(high)) => low <= value && value <= high,
        _ => false,
    }
}

/// Reports settings of the run that fit no rule or no parameter.
pub(super) fn check_overrides(overrides: &[Override], known: &BTreeMap<String, Vec<String>>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    for set in overrides {
        let text = setting(set);
        let path = format!("--set {text}");
        let mut report = Reporter::new(&path, &text);
        let ids: Vec<&str> = known.keys().map(String::as_str).collect();
        let suggest = |name: &str, names: &[&str]| {
            nearest(name, names.iter().copied())
                .map_or_else(|| format!("there are {}", quoted(names)), |near| format!("write `{near}`"))
        };
        match known.get(&set.rule) {
            None => report.add(
                codes::R016,
                &(0..set.rule.len()),
                format!("there is no rule `{}` in this run", set.rule),
                "not a rule",
                suggest(&set.rule, &ids),
            ),
            Some(parameters) if !parameters.contains(&set.parameter) => {
                let names: Vec<&str> = parameters.iter().map(String::as_str).collect();
                let start = set.rule.len() + 1;
                let message = format!("the rule `{}` has no parameter `{}`", set.rule, set.parameter);
                report.add(
                    codes::R016,
                    &(start..start + set.parameter.len()),
                    message,
                    "not a parameter",
                    suggest(&set.parameter, &names),
                );
            }
            Some(_) => {}
        }
        all.extend(report.finish());
    }
    all
}
