//! One rule file, from its tree to a [`Typology`]: every key read, every mistake reported.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::codes;
use super::diagnostic::{Diagnostic, Reporter, Span, nearest};
use super::number::{Scope, literal};
use super::reader::{Reader, get, quoted};
use super::scope::Place;
use super::tree::{Entry, Kind, Node, parse};
use super::{Flow, Override, Parameter, Severity, Shape, Source, Stage, Status, Typology, Value};
use crate::columns::{Span as Duration, hex};

const KEYS: [&str; 21] = [
    "typology",
    "version",
    "title",
    "summary",
    "stage",
    "severity",
    "status",
    "references",
    "tags",
    "false_positives",
    "specialises",
    "parameters",
    "within",
    "distinct",
    "where",
    "roles",
    "flow",
    "having",
    "unless",
    "tests",
    "level",
];

const REQUIRED: [&str; 9] = ["typology", "version", "title", "summary", "stage", "severity", "within", "flow", "tests"];

/// Reads one file. The rule is there if no diagnostic is an error.
pub(super) fn read(source: &Source, overrides: &[Override]) -> (Option<Typology>, Vec<Diagnostic>) {
    let mut report = Reporter::new(&source.path, &source.text);
    let tree = match parse(&source.text) {
        Ok(tree) => tree,
        Err(fault) => {
            let end = source.text[fault.at..].chars().next().map_or(fault.at, |c| fault.at + c.len_utf8());
            report.add(
                codes::R001,
                &(fault.at..end),
                "the file is not YAML",
                fault.message,
                "a rule is one YAML mapping; see `moneytrail help language`",
            );
            return (None, report.finish());
        }
    };
    let Kind::Map(entries) = &tree.kind else {
        report.add(
            codes::R002,
            &tree.span,
            format!("a rule is a mapping, not {}", tree.describe()),
            "the whole file",
            "begin with `typology: my-rule`",
        );
        return (None, report.finish());
    };
    let parameters = parameters(&mut report, entries, overrides);
    let scope =
        Scope::new(parameters.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())).collect());
    let typology = Reader { report: &mut report, scope: &scope }.rule(source, entries, parameters);
    let complete = !report.has_errors();
    (typology.filter(|_| complete), report.finish())
}

impl Reader<'_, '_> {
    fn rule(&mut self, source: &Source, entries: &[Entry], parameters: Vec<Parameter>) -> Option<Typology> {
        self.check_keys(entries);
        let id = self.id(source, entries);
        let within = self.within(get(entries, "within"));
        let mut skeleton =
            get(entries, "flow").and_then(|node| self.flow(node, within.unwrap_or(Duration(i64::MAX / 4))));
        self.role_predicates(get(entries, "roles"), skeleton.as_mut());
        let (roles, steps) = skeleton.map_or_else(Default::default, |skeleton| (skeleton.roles, skeleton.steps));
        let complete = !steps.is_empty();
        let filter = get(entries, "where").and_then(|node| self.predicate(node, "where", Place::Transfer));
        let outcome = Place::Outcome(&roles, &steps);
        let mut condition =
            |key: &str| get(entries, key).filter(|_| complete).and_then(|node| self.predicate(node, key, outcome));
        let (having, unless) = (condition("having"), condition("unless"));
        let tests_span = entries.iter().find(|entry| entry.key == "tests").map_or(0..0, |entry| entry.key_span.clone());
        let tests = if complete { self.tests(get(entries, "tests"), &tests_span, &roles) } else { Vec::new() };
        let distinct = self.truth(get(entries, "distinct"), "distinct", true);
        self.unused(entries, &parameters);
        let typology = Typology {
            id: id?,
            version: self.version(get(entries, "version")),
            title: self.text(entries, "title"),
            summary: self.text(entries, "summary"),
            stage: self.word(get(entries, "stage"), "stage", &STAGES, Stage::Layering),
            severity: self.word(get(entries, "severity"), "severity", &SEVERITIES, Severity::Low),
            status: self.word(get(entries, "status"), "status", &STATUSES, Status::Stable),
            references: self.texts(get(entries, "references"), "references"),
            tags: self.texts(get(entries, "tags"), "tags"),
            false_positives: self.texts(get(entries, "false_positives"), "false_positives"),
            specialises: self.texts(get(entries, "specialises"), "specialises"),
            parameters,
            flow: Flow { within: within?, distinct, filter, roles, steps, having, unless },
            tests,
            path: source.path.clone(),
            sha256: hex(&Sha256::digest(source.text.as_bytes())),
        };
        self.warn(entries, &typology);
        complete.then_some(typology)
    }

    fn check_keys(&mut self, entries: &[Entry]) {
        let later =
            [("without", codes::R902), ("repeat_within", codes::R904), ("any_of", codes::R906), ("uses", codes::R906)];
        for entry in entries {
            if let Some((key, code)) = later.iter().find(|(key, _)| *key == entry.key) {
                self.error(
                    *code,
                    &entry.key_span,
                    format!("`{key}` is not supported yet"),
                    "not run by this version",
                    "leave it out, or keep the rule for a later version",
                );
            }
        }
        let known: Vec<&str> = KEYS.iter().copied().chain(later.iter().map(|(key, _)| *key)).collect();
        self.known_keys(entries, &known, "a rule");
        if let Some(level) = get(entries, "level")
            && !matches!(&level.kind, Kind::Scalar(text) if text == "account")
        {
            self.error(
                codes::R903,
                &level.span,
                "this `level` is not supported yet",
                "only `account` runs",
                "write `level: account`, or keep the rule for a later version",
            );
        }
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|key| get(entries, key).is_none()).collect();
        let first = entries.first().map_or(0..0, |entry| entry.key_span.clone());
        for key in missing {
            self.error(
                codes::R004,
                &first,
                format!("the rule has no `{key}`"),
                "the rule begins here",
                format!("add `{key}`"),
            );
        }
    }

    fn id(&mut self, source: &Source, entries: &[Entry]) -> Option<String> {
        let node = get(entries, "typology")?;
        let id = self.scalar(node, "typology")?.to_owned();
        let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !id.split('-').all(part) {
            self.error(
                codes::R006,
                &node.span,
                format!("`{id}` is not kebab-case"),
                "lower-case letters, digits and single hyphens",
                "write an id such as `mule-chain`",
            );
        }
        let file = source.path.rsplit(['/', '\\']).next().unwrap_or(&source.path);
        let stem = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml"));
        if let Some(stem) = stem.filter(|stem| *stem != id) {
            self.error(
                codes::R007,
                &node.span,
                format!("the id is `{id}`, and the file is `{file}`"),
                "differs from the file's name",
                format!("write `{stem}`, or rename the file to `{id}.yaml`"),
            );
        }
        Some(id)
    }

    fn version(&mut self, node: Option<&Node>) -> u32 {
        let Some(node) = node else { return 1 };
        let Some(text) = self.scalar(node, "version") else { return 1 };
        match text.parse::<u32>() {
            Ok(version) if version >= 1 => version,
            _ => {
                let message = format!("`{text}` is not a version");
                self.error(codes::R010, &node.span, message, "versions count from 1", "write `version: 1`");
                1
            }
        }
    }

    fn text(&mut self, entries: &[Entry], key: &str) -> String {
        get(entries, key).and_then(|node| self.scalar(node, key)).unwrap_or_default().trim().to_owned()
    }

    fn within(&mut self, node: Option<&Node>) -> Option<Duration> {
        let node = node?;
        let text = self.scalar(node, "within")?.to_owned();
        match self.value(&text, &node.span)? {
            Value::Duration(span) if span > Duration::ZERO => Some(span),
            other => {
                self.error(
                    codes::R005,
                    &node.span,
                    format!("`{other}` is not a window"),
                    "a duration above zero is needed",
                    "write `within: 7d`",
                );
                None
            }
        }
    }

    fn unused(&mut self, entries: &[Entry], parameters: &[Parameter]) {
        let declared = get(entries, "parameters").map_or(&[] as &[Entry], |node| match &node.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        });
        for parameter in parameters.iter().filter(|parameter| !self.scope.is_used(&parameter.name)) {
            let span =
                declared.iter().find(|entry| entry.key == parameter.name).map_or(0..0, |entry| entry.key_span.clone());
            let message = format!("nothing uses the parameter `{}`", parameter.name);
            self.report.add(
                codes::R015,
                &span,
                message,
                "changes nothing",
                format!("write `${}` where it belongs, or remove it", parameter.name),
            );
        }
    }

    /// Reports what runs and is probably not meant.
    fn warn(&mut self, entries: &[Entry], typology: &Typology) {
        let first = entries.first().map_or(0..0, |entry| entry.key_span.clone());
        if typology.references.is_empty() {
            self.error(codes::W003, &first, "the rule names no source", "no `references`", "add `references: [\"…\"]`");
        }
        if typology.false_positives.is_empty() {
            self.error(
                codes::W004,
                &first,
                "the rule names no lookalike",
                "no `false_positives`",
                "add `false_positives: [\"…\"]`",
            );
        }
        let flow = get(entries, "flow").map_or(0..0, |node| node.span.clone());
        for step in &typology.flow.steps {
            let bounded = step.filter.is_some() || step.pass_through.is_some() || typology.flow.filter.is_some();
            let long = matches!(&step.shape, Shape::Path { hops, via: None } if hops.most.is_some_and(|most| most > 4));
            let role = |role: usize| &typology.flow.roles[role];
            let open = |role: &super::Role| {
                role.members.is_some_and(|members| members.most.is_none()) && role.predicate.is_none()
            };
            let wide = matches!(step.shape, Shape::Set { .. }) && open(role(step.left)) && open(role(step.right));
            if (long || wide) && !bounded {
                let what = format!("`{}` to `{}`", role(step.left).name, role(step.right).name);
                self.error(
                    codes::W001,
                    &flow,
                    format!("the step {what} can explode on a busy ledger"),
                    "nothing limits it",
                    "add `where`, `pass_through`, or a role predicate such as `payees <= 200`",
                );
            }
        }
    }
}

const STAGES: [(&str, Stage); 3] =
    [("placement", Stage::Placement), ("layering", Stage::Layering), ("integration", Stage::Integration)];

const SEVERITIES: [(&str, Severity); 4] =
    [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];

const STATUSES: [(&str, Status); 3] =
    [("stable", Status::Stable), ("experimental", Status::Experimental), ("deprecated", Status::Deprecated)];

/// The parameters of a rule, with the values that the run sets.
fn parameters(report: &mut Reporter<'_>, entries: &[Entry], overrides: &[Override]) -> Vec<Parameter> {
    let Some(node) = get(entries, "parameters") else { return Vec::new() };
    let empty = Scope::default();
    let mut reader = Reader { report, scope: &empty };
    let declared = reader.map(node, "parameters");
    declared.iter().filter_map(|entry| reader.parameter(entry, overrides)).collect()
}

impl Reader<'_, '_> {
    fn parameter(&mut self, entry: &Entry, overrides: &[Override]) -> Option<Parameter> {
        let parts = self.map(&entry.value, &format!("parameter {}", entry.key));
        self.known_keys(parts, &["default", "range", "help"], "a parameter");
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
        if range.as_ref().is_some_and(|range| !inside(&default, range)) {
            self.outside(&node.span, &default, range.as_ref());
        }
        let help = get(parts, "help").and_then(|node| self.scalar(node, "help")).unwrap_or_default().to_owned();
        if help.is_empty() || (range.is_none() && !matches!(default, Value::Text(_))) {
            self.error(
                codes::W002,
                &entry.key_span,
                format!("the parameter `{}` has no range or no help", entry.key),
                "a parameter",
                "add `range: lo..hi` and `help: …`",
            );
        }
        let value = overrides
            .iter()
            .rev()
            .find(|set| set.parameter == entry.key)
            .map_or_else(|| default.clone(), |set| literal(&set.value));
        if value != default {
            let fits = std::mem::discriminant(&value) == std::mem::discriminant(&default);
            if !fits || range.as_ref().is_some_and(|range| !inside(&value, range)) {
                self.outside(&node.span, &value, range.as_ref());
            }
        }
        Some(Parameter { name: entry.key.clone(), value, default, range, help })
    }

    fn outside(&mut self, span: &Span, value: &Value, range: Option<&(Value, Value)>) {
        let (label, help) = match range {
            Some((low, high)) => (
                format!("the range is {low}..{high}"),
                format!("choose a value from {low} to {high}, or widen the range"),
            ),
            None => ("the default is of another kind".to_owned(), "give a value of the default's kind".to_owned()),
        };
        self.error(codes::R011, span, format!("`{value}` is outside its parameter's range"), label, help);
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
        if !inside(&low, &(low.clone(), high.clone())) {
            self.upside_down(&node.span);
            return None;
        }
        Some((low, high))
    }
}

fn inside(value: &Value, (low, high): &(Value, Value)) -> bool {
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
        let text = format!("{}.{}={}", set.rule, set.parameter, set.value);
        let mut report = Reporter::new("--set", &text);
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

/// Reports a file whose id another file has.
pub(super) fn same_id(source: &Source, id: &str, other: &str) -> Vec<Diagnostic> {
    let mut report = Reporter::new(&source.path, &source.text);
    let at = source.text.find(id).unwrap_or(0);
    report.add(
        codes::R008,
        &(at..at + id.len().min(source.text.len())),
        format!("two rules have the id `{id}`"),
        format!("{other} has it too"),
        "rename one of the two",
    );
    report.finish()
}
