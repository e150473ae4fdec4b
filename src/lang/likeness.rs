//! Rules that are the same but for names and numbers: perhaps one rule with other parameters.
//!
//! Two rules are alike where their *skeletons* are equal: the steps with their roles by position, which options they
//! have, and every condition with its numbers and lengths of time left out. Texts stay, since `kind = 'cash'` and
//! `kind = 'exchange'` find different things.

use super::codes;
use super::diagnostic::{Diagnostic, Reporter};
use super::tree::{Kind, parse};
use super::{Absence, Count, During, Flow, Party, Predicate, Shape, Source, Step, Typology, reader};

/// Warns of each rule that is like one before it, in id order, or like one of `known`, unless one of the two specialises
/// the other or they have one id.
pub(super) fn check(sources: &[Source], typologies: &[Typology], known: &[Typology]) -> Vec<Diagnostic> {
    let skeletons: Vec<Vec<String>> = typologies.iter().map(skeleton).collect();
    let known: Vec<(&Typology, Vec<String>)> = known.iter().map(|rule| (rule, skeleton(rule))).collect();
    let mut found = Vec::new();
    for (position, rule) in typologies.iter().enumerate() {
        let before = typologies[..position].iter().zip(&skeletons);
        let others = before.chain(known.iter().map(|(rule, skeleton)| (*rule, skeleton)));
        let like = others
            .filter(|(other, skeleton)| **skeleton == skeletons[position] && !stand_apart(rule, other))
            .map(|(other, _)| other)
            .next();
        let source = sources.iter().find(|source| source.path == rule.path);
        if let (Some(like), Some(source)) = (like, source) {
            found.extend(report(source, rule, like));
        }
    }
    found
}

fn stand_apart(rule: &Typology, other: &Typology) -> bool {
    other.specialises.contains(&rule.id) || rule.specialises.contains(&other.id) || rule.id == other.id
}

fn report(source: &Source, rule: &Typology, like: &Typology) -> Vec<Diagnostic> {
    let mut report = Reporter::new(&source.path, &source.text);
    let place = parse(&source.text).ok().and_then(|tree| match tree.kind {
        Kind::Map(entries) => reader::get(&entries, "typology").map(|node| node.span.clone()),
        _ => None,
    });
    report.add(
        codes::W008,
        &place.unwrap_or(0..0),
        format!("`{}` is the rule `{}` but for names and numbers", rule.id, like.id),
        format!("`{}` asks the same", like.path),
        "make it one rule with parameters, or name the more general one under `specialises`",
    );
    report.finish()
}

fn skeleton(rule: &Typology) -> Vec<String> {
    rule.flows().flat_map(flow).collect()
}

fn flow(flow: &Flow) -> Vec<String> {
    let named = names(flow);
    let asked = |words: &str, predicate: Option<&Predicate>| templates(words, predicate, &named);
    let mut lines = vec![format!("{:?} {} {}", flow.level, flow.distinct, flow.repeat_within.is_some())];
    lines.extend(flow.steps.iter().map(|step| step_line(flow, step)));
    lines.extend(asked("where", flow.filter.as_ref()));
    for (position, step) in flow.steps.iter().enumerate() {
        lines.extend(asked(&format!("step {position}"), step.filter.as_ref()));
        if let Shape::Path { via, .. } | Shape::Tree { via, .. } = &step.shape {
            lines.extend(asked(&format!("via {position}"), via.as_ref()));
        }
    }
    for (position, role) in flow.roles.iter().enumerate() {
        lines.extend(asked(&format!("role {position}"), role.predicate.as_ref()));
    }
    lines.extend(asked("having", flow.having.as_ref()));
    lines.extend(asked("unless", flow.unless.as_ref()));
    for Absence { payer, payee, filter, during } in &flow.without {
        let when = match during {
            During::Before(_) => "before",
            During::EverBefore => "ever",
            During::Match => "match",
            During::After(_) => "after",
        };
        lines.extend(asked(&format!("without {} {} {when}", side(*payer), side(*payee)), filter.as_ref()));
    }
    for expected in &flow.expected {
        let between = format!("expected {} {}", side(expected.payer), side(expected.payee));
        lines.extend(asked(&between, expected.filter.as_ref()));
    }
    lines
}

fn step_line(flow: &Flow, step: &Step) -> String {
    let Step { left, right, direction, shape, delay, pass_through, undoes, uses, name: _, filter: _ } = step;
    let role = |role: &usize| format!("{role}{}", if flow.roles[*role].is_single() { "" } else { "*" });
    let shape = match shape {
        Shape::One => "one".to_owned(),
        Shape::Path { .. } => "path".to_owned(),
        Shape::Tree { .. } => "tree".to_owned(),
        Shape::Set { each, fan, .. } => format!("set {} {}", *each != Count::ANY, *fan != Count::ANY),
    };
    let waits = delay.least.0 > 0 || delay.most < flow.within;
    let share = pass_through.is_some();
    format!("{} {direction:?} {} {shape} {waits} {share} {undoes:?} {uses:?}", role(left), role(right))
}

fn side(party: Party) -> String {
    match party {
        Party::Anyone => "*".to_owned(),
        Party::Role(role) => role.to_string(),
    }
}

/// The names of roles and steps, the longest first, and what stands for them.
fn names(flow: &Flow) -> Vec<(&str, String)> {
    let roles = flow.roles.iter().enumerate().map(|(position, role)| (role.name.as_str(), format!("role{position}")));
    let steps = flow.steps.iter().enumerate();
    let steps = steps.filter_map(|(position, step)| Some((step.name.as_deref()?, format!("step{position}"))));
    let mut names: Vec<(&str, String)> = roles.chain(steps).collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names
}

/// The parts of a predicate without names and numbers, sorted; one line that nothing is asked where there is none.
fn templates(words: &str, predicate: Option<&Predicate>, names: &[(&str, String)]) -> Vec<String> {
    let Some(predicate) = predicate else { return vec![format!("{words}: nothing")] };
    let mut parts: Vec<String> =
        predicate.conjuncts().iter().map(|part| format!("{words}: {}", template(&part.sql, names))).collect();
    parts.sort_unstable();
    parts
}

/// A condition with its numbers and lengths of time as `#`, and the names of its roles and steps by position.
fn template(sql: &str, names: &[(&str, String)]) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let word = |stop: &dyn Fn(char) -> bool| rest.find(stop).unwrap_or(rest.len());
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            _ if first.is_ascii_digit() => word(&|c| !c.is_ascii_digit() && c != '.'),
            _ if first.is_alphabetic() || first == '_' => word(&|c| !c.is_alphanumeric() && c != '_'),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        let interval = first == '\'' && out.trim_end().ends_with("INTERVAL");
        if first.is_ascii_digit() || interval {
            out.push('#');
        } else if let Some((name, position)) = names.iter().find(|(name, _)| stands_for(piece, name)) {
            out.push_str(position);
            out.push_str(&piece[name.len()..]);
        } else {
            out.push_str(piece);
        }
        rest = after;
    }
    out
}

/// Whether a word is a name, or one of its columns.
fn stands_for(word: &str, name: &str) -> bool {
    word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_left_out_of_a_condition_and_texts_are_not() {
        let names = [("payers", "role0".to_owned()), ("in", "step0".to_owned())];
        let shown = |sql: &str| template(sql, &names);
        assert_eq!(shown("\"payers_count\" >= 12.5"), "\"role0_count\" >= #");
        assert_eq!(shown("\"in_ended\" - started <= INTERVAL '3 hours'"), "\"step0_ended\" - started <= INTERVAL #");
        assert_eq!(shown("kind IN ('cash', 'exchange')"), "kind IN ('cash', 'exchange')");
    }
}
