//! One rule file, from its tree to a [`Typology`]: every key read, every mistake reported.

use sha2::{Digest, Sha256};

use super::allow::{self, Allow};
use super::codes;
use super::diagnostic::{Diagnostic, Reporter, Span};
use super::keys;
use super::number::Scope;
use super::parameter::parameters;
use super::reader::{Reader, get, key_of};
use super::scope::{self, Place};
use super::tree::{Entry, Kind, Node, parse};
use super::{
    Flow, MatchLevel, Override, Parameter, Predicate, Severity, Shape, Source, Stage, Status, Typology, Value,
};
use crate::columns::{Span as Duration, hex};

/// What one file gave.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The id it declares and where, if it declares one.
    pub(super) id: Option<(String, Span)>,
    /// The names of the parameters it declares.
    pub(super) parameters: Vec<String>,
    /// The ids under `specialises`, each with its place.
    pub(super) specialises: Vec<(String, Span)>,
    /// The ids that steps use, each with its place.
    pub(super) uses: Vec<(String, Span)>,
    /// The rule, if no diagnostic is an error.
    pub(super) typology: Option<Typology>,
    /// Its comments that answer warnings.
    pub(super) allows: Vec<Allow>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads one file; of `overrides` those count that name its id.
pub(super) fn read(source: &Source, overrides: &[Override]) -> Outcome {
    let mut report = Reporter::new(&source.path, &source.text);
    let Some(tree) = tree(source, &mut report, Page::Rule) else {
        return Outcome {
            id: None,
            parameters: Vec::new(),
            specialises: Vec::new(),
            uses: Vec::new(),
            typology: None,
            allows: Vec::new(),
            diagnostics: report.finish(),
        };
    };
    let entries = match &tree.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let id = get(entries, "typology").and_then(scalar);
    let specialises = match get(entries, "specialises").map(|node| &node.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(scalar).collect(),
        _ => Vec::new(),
    };
    let steps = match get(entries, "flow").map(|node| &node.kind) {
        Some(Kind::List(items)) => items.as_slice(),
        _ => &[],
    };
    let used = steps.iter().filter_map(|step| match &step.kind {
        Kind::Map(options) => get(options, "uses").and_then(scalar),
        _ => None,
    });
    let uses = used.collect();
    let own = overrides.iter().filter(|set| id.as_ref().is_some_and(|(id, _)| *id == set.rule));
    let declared = parameters(&mut report, entries, &own.collect::<Vec<_>>());
    let names = declared.parameters.iter().map(|parameter| parameter.name.clone());
    let names = names.chain(declared.broken.iter().cloned()).collect();
    let scope = Scope::new(&declared.parameters, declared.broken);
    let typology = Reader { report: &mut report, scope: &scope }.rule(source, entries, declared.parameters);
    let allows = allow::read(source, &tree, &mut report);
    let complete = !report.has_errors() && declared.faults.is_empty();
    let mut diagnostics = declared.faults;
    diagnostics.extend(report.finish());
    let typology = complete.then_some(typology);
    Outcome { id, parameters: names, specialises, uses, typology, allows, diagnostics }
}

/// A single value and its place.
fn scalar(node: &Node) -> Option<(String, Span)> {
    match &node.kind {
        Kind::Scalar(text) => Some((text.clone(), node.span.clone())),
        _ => None,
    }
}

/// What a file is meant to hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Page {
    Rule,
    Expectations,
}

impl Page {
    /// What it is called, where it is described, and how it begins.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Rule => ("a rule", "language", "typology: my-rule"),
            Self::Expectations => ("an expectation file", "data", "ledger: transfers.csv"),
        }
    }
}

/// The tree of a file, if it is a mapping.
pub(super) fn tree(source: &Source, report: &mut Reporter<'_>, page: Page) -> Option<Node> {
    let (what, topic, beginning) = page.words();
    let tree = match parse(&source.text) {
        Ok(tree) => tree,
        Err(fault) => {
            let rest = &source.text[fault.at..];
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let end = fault.at + word.max(rest.chars().next().map_or(0, char::len_utf8));
            report.add(
                codes::R001,
                &(fault.at..end),
                "the file is not YAML",
                fault.message,
                format!("{what} is one YAML mapping; see `moneytrail help {topic}`"),
            );
            return None;
        }
    };
    if matches!(tree.kind, Kind::Map(_)) {
        return Some(tree);
    }
    report.add(
        codes::R002,
        &tree.span,
        format!("{what} is a mapping, not {}", tree.describe()),
        "the whole file",
        format!("begin with `{beginning}`"),
    );
    None
}

impl Reader<'_, '_> {
    fn rule(&mut self, source: &Source, entries: &[Entry], parameters: Vec<Parameter>) -> Typology {
        self.check_keys(entries);
        let id = self.id(source, entries);
        let within = self.span(get(entries, "within"), "within", "7d");
        let longest = within.unwrap_or(Duration(i64::MAX / 4));
        let mut skeleton = get(entries, "flow").and_then(|node| self.flow(node, &key_of(entries, "flow"), longest));
        self.role_predicates(get(entries, "roles"), skeleton.as_mut());
        let (roles, ways) = skeleton.map_or_else(Default::default, |skeleton| (skeleton.roles, skeleton.ways));
        let complete = !ways.is_empty();
        let filter = get(entries, "where").and_then(|node| self.predicate(node, "where", Place::Transfer));
        let mut outcome = |key: &str, longest: Option<Duration>| {
            let place = scope::Outcome { roles: &roles, ways: &ways, longest };
            let place = if complete { Place::Outcome(place) } else { Place::Anything };
            get(entries, key).and_then(|node| self.predicate(node, key, place))
        };
        let (having, unless) = (outcome("having", within), outcome("unless", None));
        let known = complete.then_some(roles.as_slice());
        let without = self.without(get(entries, "without"), known);
        let expected = self.expectations(get(entries, "expected"), known);
        let repeat_within = self.repeat_within(entries, unless.as_ref(), complete);
        let tests = self.tests(entries, complete.then_some(&roles));
        let level = self.word(get(entries, "level"), "level", &LEVELS, MatchLevel::Account);
        let distinct = self.truth(get(entries, "distinct"), "distinct", true);
        let shared = Flow {
            level,
            within: longest,
            distinct,
            filter,
            roles,
            steps: Vec::new(),
            having,
            unless,
            without,
            expected,
            repeat_within,
        };
        let mut flows = ways.into_iter().map(|steps| Flow { steps, ..shared.clone() });
        let typology = Typology {
            version: self.version(get(entries, "version")),
            title: self.text(entries, "title"),
            summary: self.text(entries, "summary"),
            family: self.family(entries),
            stage: self.word(get(entries, "stage"), "stage", &STAGES, Stage::Layering),
            severity: self.word(get(entries, "severity"), "severity", &SEVERITIES, Severity::Low),
            status: self.word(get(entries, "status"), "status", &STATUSES, Status::Stable),
            references: self.texts(get(entries, "references"), "references"),
            tags: self.texts(get(entries, "tags"), "tags"),
            false_positives: self.texts(get(entries, "false_positives"), "false_positives"),
            specialises: self.texts(get(entries, "specialises"), "specialises"),
            parameters,
            flow: flows.next().unwrap_or_else(|| shared.clone()),
            others: flows.collect(),
            tests,
            path: source.path.clone(),
            sha256: hex(&Sha256::digest(source.text.as_bytes())),
            id: id.unwrap_or_default(),
        };
        self.unused(entries, &typology.parameters);
        self.warn(entries, &typology);
        typology
    }

    fn check_keys(&mut self, entries: &[Entry]) {
        self.known_keys(entries, keys::RULE, "a rule");
        // That there is no test has a code of its own.
        let needed = keys::RULE.iter().filter(|key| key.needed && key.name != "tests").map(|key| key.name);
        let missing: Vec<&str> = needed.filter(|key| get(entries, key).is_none()).collect();
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
        if !is_kebab_case(&id) {
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

    fn family(&mut self, entries: &[Entry]) -> String {
        let family = self.text(entries, "family");
        if let Some(node) = get(entries, "family").filter(|_| !family.is_empty() && !is_kebab_case(&family)) {
            self.error(
                codes::R006,
                &node.span,
                format!("`{family}` is not kebab-case"),
                "lower-case letters, digits and single hyphens",
                "write a family such as `mules`",
            );
        }
        family
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
        let Some(node) = get(entries, key) else { return String::new() };
        let text = self.scalar(node, key).map(|text| text.trim().to_owned());
        if text.as_deref() == Some("") {
            self.error(
                codes::R004,
                &node.span,
                format!("the `{key}` is empty"),
                "nothing here",
                format!("write a {key}"),
            );
        }
        text.unwrap_or_default()
    }

    /// A length of time above zero.
    fn span(&mut self, node: Option<&Node>, key: &str, example: &str) -> Option<Duration> {
        let node = node?;
        let text = self.scalar(node, key)?.to_owned();
        match self.value(&text, &node.span)? {
            Value::Duration(span) if span > Duration::ZERO => Some(span),
            other => {
                let message = format!("`{other}` cannot stand under `{key}`");
                let help = format!("write `{key}: {example}`");
                self.error(codes::R005, &node.span, message, "a duration above zero is needed", help);
                None
            }
        }
    }

    /// Reads `repeat_within`, which goes together with the column `repeats`.
    fn repeat_within(&mut self, entries: &[Entry], unless: Option<&Predicate>, complete: bool) -> Option<Duration> {
        let counts = unless.is_some_and(|predicate| predicate.columns.contains("repeats"));
        let Some(node) = get(entries, "repeat_within") else {
            if counts {
                let place = key_of(entries, "unless");
                self.error(
                    codes::R004,
                    &place,
                    "`repeats` needs `repeat_within`",
                    "counts matches of the same accounts",
                    "add `repeat_within: 90d`, or how far apart they may be",
                );
            }
            return None;
        };
        if !counts && complete && get(entries, "unless").is_none_or(|_| unless.is_some()) {
            self.error(
                codes::R015,
                &key_of(entries, "repeat_within"),
                "nothing uses `repeat_within`",
                "changes nothing",
                "write `unless: repeats < 1`, or remove it",
            );
        }
        self.span(Some(node), "repeat_within", "90d")
    }

    fn unused(&mut self, entries: &[Entry], parameters: &[Parameter]) {
        let declared = match get(entries, "parameters").map(|node| &node.kind) {
            Some(Kind::Map(declared)) => declared.as_slice(),
            _ => &[],
        };
        // Behind a mistake, a `$name` may have gone unread.
        let unread = if self.report.has_errors() { self.report.text() } else { "" };
        let written = |name: &str| {
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            unread.split('$').skip(1).any(|rest| rest.strip_prefix(name).is_some_and(ends))
        };
        for parameter in parameters {
            if self.scope.is_used(&parameter.name) || written(&parameter.name) {
                continue;
            }
            let message = format!("nothing uses the parameter `{}`", parameter.name);
            self.error(
                codes::R015,
                &key_of(declared, &parameter.name),
                message,
                "changes nothing",
                format!("write `${}` where it belongs, or remove it", parameter.name),
            );
        }
    }

    /// Reports what runs and is probably not meant.
    fn warn(&mut self, entries: &[Entry], typology: &Typology) {
        let first = entries.first().map_or(0..0, |entry| entry.key_span.clone());
        let empty = |key: &str| {
            get(entries, key).is_none_or(|node| match &node.kind {
                Kind::List(items) => items.is_empty(),
                Kind::Nothing => true,
                _ => false,
            })
        };
        if empty("references") {
            self.error(codes::W003, &first, "the rule names no source", "no `references`", "add `references: [\"…\"]`");
        }
        if empty("false_positives") {
            self.error(
                codes::W004,
                &first,
                "the rule names no lookalike",
                "no `false_positives`",
                "add `false_positives: [\"…\"]`",
            );
        }
        let lines = match get(entries, "flow").map(|node| &node.kind) {
            Some(Kind::List(lines)) => lines.as_slice(),
            _ => &[],
        };
        for (step, line) in typology.flows().flat_map(|flow| flow.steps.iter().zip(lines)) {
            let bounded = step.filter.is_some()
                || step.pass_through.is_some()
                || step.undoes.is_some()
                || typology.flow.filter.is_some();
            let long = match &step.shape {
                Shape::Path { hops, via: None } => hops.most.is_some_and(|most| most > 4),
                Shape::Tree { via, .. } => via.is_none(),
                _ => false,
            };
            let role = |role: usize| &typology.flow.roles[role];
            let open = |role: &super::Role| {
                role.members.is_some_and(|members| members.most.is_none()) && role.predicate.is_none()
            };
            let wide = matches!(step.shape, Shape::Set { .. }) && open(role(step.left)) && open(role(step.right));
            if (long || wide) && !bounded {
                let place = match &line.kind {
                    Kind::Map(entries) => get(entries, "step").map_or(&line.span, |node| &node.span).clone(),
                    _ => line.span.clone(),
                };
                let help = if long {
                    "add `where`, `pass_through`, or a predicate for the accounts between: `via: payees <= 200`"
                } else {
                    "add `where`, `pass_through`, or a role predicate such as `payees <= 200`"
                };
                let what = format!("`{}` to `{}`", role(step.left).name, role(step.right).name);
                self.error(
                    codes::W001,
                    &place,
                    format!("the step {what} can explode on a busy ledger"),
                    "nothing limits it",
                    help,
                );
            }
        }
    }
}

fn is_kebab_case(word: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    word.split('-').all(part)
}

pub(super) const STAGES: [(&str, Stage); 3] =
    [("placement", Stage::Placement), ("layering", Stage::Layering), ("integration", Stage::Integration)];

pub(super) const SEVERITIES: [(&str, Severity); 4] =
    [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];

pub(super) const LEVELS: [(&str, MatchLevel); 3] =
    [("account", MatchLevel::Account), ("entity", MatchLevel::Entity), ("bank", MatchLevel::Bank)];

pub(super) const STATUSES: [(&str, Status); 3] =
    [("stable", Status::Stable), ("experimental", Status::Experimental), ("deprecated", Status::Deprecated)];

/// Reports a file whose id, which stands at `place`, another file has.
pub(super) fn same_id(source: &Source, id: &str, place: &Span, other: &str) -> Vec<Diagnostic> {
    let mut report = Reporter::new(&source.path, &source.text);
    report.add(
        codes::R008,
        place,
        format!("two rules have the id `{id}`"),
        format!("`{other}` has it too"),
        "rename one of the two",
    );
    report.finish()
}
