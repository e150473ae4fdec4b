//! Rule text in, checked [`Typology`] out, or diagnostics that name every mistake of every file.
//!
//! `docs/language.md` is the reference for authors; this stage is where it is enforced. Whatever leaves it needs no
//! second look: names are resolved, units are known, bounds are finite.

pub mod codes;
mod condition;
mod diagnostic;
mod flow;
mod number;
mod predicate;
mod reader;
mod rule;
mod scope;
mod table;
mod tree;
mod truth;
mod typology;

pub use diagnostic::{Diagnostic, Level, Span as SourceSpan};
pub use typology::{
    Count, Delay, Direction, Flow, Parameter, Predicate, RatioRange, Role, RoleId, RuleTest, Severity, Shape, Stage,
    Status, Step, StepId, TestTable, Typology, TypologySet, Value, names_kind,
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
}

/// Checks rule texts: parses, resolves and proves everything that can be proved without a ledger.
#[must_use]
pub fn compile(sources: &[Source], overrides: &[Override]) -> Checked {
    let mut diagnostics = Vec::new();
    let mut typologies: Vec<Typology> = Vec::new();
    let mut known = BTreeMap::<String, Vec<String>>::new();
    for source in sources {
        let stem = rule_of(source);
        let own: Vec<Override> =
            overrides.iter().filter(|set| stem.as_deref() == Some(set.rule.as_str())).cloned().collect();
        let (typology, found) = rule::read(source, &own);
        diagnostics.extend(found);
        let Some(typology) = typology else {
            known.extend(stem.map(|id| (id, own.into_iter().map(|set| set.parameter).collect())));
            continue;
        };
        if let Some(other) = typologies.iter().find(|other| other.id == typology.id) {
            diagnostics.extend(rule::same_id(source, &typology.id, &other.path));
        }
        known.insert(typology.id.clone(), typology.parameters.iter().map(|parameter| parameter.name.clone()).collect());
        typologies.push(typology);
    }
    diagnostics.extend(rule::check_overrides(overrides, &known));
    diagnostics.sort_by(|a, b| (&a.path, a.line, a.column, a.code).cmp(&(&b.path, b.line, b.column, b.code)));
    typologies.sort_by(|a, b| a.id.cmp(&b.id));
    let clean = diagnostics.iter().all(|diagnostic| diagnostic.level == Level::Warning);
    Checked { set: clean.then_some(TypologySet { typologies }), diagnostics }
}

/// The id that a source declares, as far as its text shows one.
fn rule_of(source: &Source) -> Option<String> {
    let line = source.text.lines().find_map(|line| line.strip_prefix("typology:"))?;
    line.split('#').next().map(|id| id.trim().trim_matches(['\'', '"']).to_owned())
}
