//! Rule text in, checked [`Typology`] out, or diagnostics that name every mistake of every file.
//!
//! `docs/language.md` is the reference for authors; this stage is where it is enforced. Whatever leaves it needs no
//! second look: names are resolved, units are known, bounds are finite.

mod absence;
mod allow;
mod alternatives;
mod circle;
pub mod codes;
mod condition;
mod diagnostic;
mod expect;
mod fill;
mod flow;
mod keys;
mod kinds;
mod likeness;
mod lint;
mod number;
mod parameter;
mod parts;
mod policy;
mod predicate;
mod reader;
mod rule;
mod scope;
mod table;
mod tree;
mod trend;
mod truth;
mod typology;
mod uses;
mod walk;

pub use allow::Allowed;
pub use diagnostic::{Diagnostic, Level, Span as SourceSpan};
pub use expect::{ExpectationFile, Expected, Wanted, expectations};
pub use keys::{Holds, holds, schema};
pub use parts::Comparison;
pub use policy::Policy;
pub use trend::Trend;
pub use typology::{
    Absence, Count, Delay, Direction, During, Expectation, Flow, MatchLevel, Parameter, Party, Predicate, RatioRange,
    Role, RoleId, RuleTest, Severity, Shape, Stage, Status, Step, StepId, TestTable, Typology, TypologySet, Value,
    names_kind,
};

use std::collections::BTreeMap;

/// The text of one rule file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path, as given; diagnostics name it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A parameter that the run sets: `rule.parameter=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Rule id.
    pub rule: String,
    /// Parameter name, without the dollar sign.
    pub parameter: String,
    /// The value as written.
    pub value: String,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The rules, if no diagnostic is an error.
    pub set: Option<TypologySet>,
    /// Errors and warnings, in (file, line, column) order.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that comments of the files answer, in the same order.
    pub allowed: Vec<Allowed>,
}

const SPECIALISING: circle::Words = circle::Words {
    code: codes::R051,
    verbs: ("specialises", "specialise"),
    help: "of two rules one explains the other: take out the entry of the more general one",
};

/// The ids of rules that steps use and that none of these texts declares, in id order.
#[must_use]
pub fn lacking(sources: &[Source]) -> Vec<String> {
    let read: Vec<rule::Outcome> = sources.iter().map(|source| rule::read(source, &[])).collect();
    let known = |id: &String| read.iter().any(|outcome| outcome.id.as_ref().is_some_and(|(known, _)| known == id));
    let used = read.iter().flat_map(|outcome| &outcome.uses).map(|(id, _)| id);
    let lacking: std::collections::BTreeSet<&String> = used.filter(|id| !known(id)).collect();
    lacking.into_iter().cloned().collect()
}

/// What one file says on its own.
#[derive(Clone, Debug)]
pub struct Alone {
    /// The rule, if no diagnostic is an error.
    pub typology: Option<Typology>,
    /// Errors and warnings, in the order in which they were found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one rule without looking at the rules that it names.
#[must_use]
pub fn read(source: &Source) -> Alone {
    let rule::Outcome { typology, diagnostics, allows, .. } = rule::read(source, &[]);
    let (diagnostics, _) = allow::answer(source, &allows, diagnostics, None);
    Alone { typology, diagnostics }
}

/// Compiles rule texts: parses, resolves and proves everything that can be proved without a ledger.
#[must_use]
pub fn compile(sources: &[Source], overrides: &[Override]) -> Checked {
    examine(sources, overrides, None)
}

/// Compiles rule texts and says what their authors should know beside: what a rule asks in vain, what its tests do not
/// show, which rules are alike, which comments allow what is not there, and what the project's policy asks for.
///
/// `known` are further rules that a rule may be like, such as the shipped ones; nothing else is said of them.
#[must_use]
pub fn check(sources: &[Source], overrides: &[Override], policy: &Policy, known: &[Source]) -> Checked {
    examine(sources, overrides, Some((policy, known)))
}

fn examine(sources: &[Source], overrides: &[Override], authors: Option<(&Policy, &[Source])>) -> Checked {
    let policy = authors.map(|(policy, _)| policy);
    let mut diagnostics = Vec::new();
    let mut typologies: Vec<Typology> = Vec::new();
    let mut known = BTreeMap::<String, Vec<String>>::new();
    let mut specials = BTreeMap::<String, circle::Special<'_>>::new();
    let mut users = BTreeMap::<String, circle::Special<'_>>::new();
    let mut allows = Vec::new();
    for source in sources {
        let outcome = rule::read(source, overrides);
        diagnostics.extend(outcome.diagnostics);
        allows.push((source, outcome.allows));
        if let Some((id, place)) = outcome.id {
            if let Some(other) = specials.get(&id) {
                diagnostics.extend(rule::same_id(source, &id, &place, &other.source.path));
            } else {
                specials.insert(id.clone(), circle::Special { source, entries: outcome.specialises });
                users.insert(id.clone(), circle::Special { source, entries: outcome.uses });
            }
            known.insert(id, outcome.parameters);
        }
        if let (Some(policy), Some(typology)) = (policy, &outcome.typology) {
            diagnostics.extend(lint::rule(source, typology));
            diagnostics.extend(policy.check(source));
        }
        typologies.extend(outcome.typology);
    }
    diagnostics.extend(circle::check(&specials, SPECIALISING));
    diagnostics.extend(uses::check(&users, &typologies));
    diagnostics.extend(parameter::check_overrides(overrides, &known));
    typologies.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some((_, known)) = authors {
        let named = specials.values().chain(users.values());
        diagnostics.extend(lint::deprecated(named.map(|rule| (rule.source, rule.entries.as_slice())), &typologies));
        let known: Vec<Typology> = known.iter().filter_map(|source| rule::read(source, &[]).typology).collect();
        diagnostics.extend(likeness::check(sources, &typologies, &known));
    }
    let mut allowed = Vec::new();
    for (source, allows) in allows {
        let (left, answered) = allow::answer(source, &allows, diagnostics, policy);
        diagnostics = left;
        allowed.extend(answered);
    }
    if let Some(policy) = policy {
        let (left, without_matter) = policy.apply(diagnostics);
        diagnostics = left;
        allowed.extend(without_matter);
    }
    diagnostics.sort_by(|a, b| a.order().cmp(&b.order()));
    allowed.sort_by(|a, b| a.diagnostic.order().cmp(&b.diagnostic.order()));
    let clean = diagnostics.iter().all(|diagnostic| diagnostic.level == Level::Warning);
    Checked { set: clean.then_some(TypologySet { typologies }), diagnostics, allowed }
}
