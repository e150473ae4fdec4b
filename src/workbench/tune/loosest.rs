//! The loosest of several settings of one rule: a flow whose instances hold every transfer that an instance of any of
//! the settings can hold.
//!
//! It is put together from the checked flows, clause by clause, so that it does not matter how a parameter comes into
//! a clause: the longest window, the least lower ends, the widest delays, and of predicates the part that differs, met
//! in any of its forms. Two clauses are not asked at all where sets are collected, since a larger set may fail them
//! where a smaller one does not: `pass_through` and `having`.
//!
//! Why a search kept to the transfers found here gives what a search of the whole ledger gives: a window begins with
//! the greatest sets of its candidates. They grow with the candidates, with the window and with looser lower ends. So
//! where the sets of a setting meet their counts, the loosest flow has an instance at the same time and for the same
//! accounts, and that instance holds them. What is asked of the sets from there on depends on nothing else. Where they
//! do not meet their counts, no part of them does.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::columns::Ratio;
use crate::lang::{Count, Delay, Flow, Predicate, RatioRange, Role, Shape, Step};

/// The loosest of some flows.
#[derive(Clone, Debug)]
pub struct Loosest {
    /// The flow; what is asked of finished matches alone is not in it.
    pub flow: Flow,
    /// Clauses that it does not ask, though the rule does, in words.
    pub lifted: BTreeSet<String>,
}

/// Puts the loosest of some settings of one flow together; there is one at least.
#[must_use]
pub fn loosest(flows: &[&Flow]) -> Loosest {
    let first = flows[0];
    let walked = first.steps.iter().all(|step| is_walked(&step.shape));
    let mut lifted = BTreeSet::new();
    if first.having.is_some() && !walked {
        lifted.insert("having".to_owned());
    }
    let step = |position: usize| {
        let all: Vec<&Step> = flows.iter().map(|flow| &flow.steps[position]).collect();
        let before = position.checked_sub(1).map(|before| &first.steps[before]);
        let alone = is_walked(&all[0].shape) && before.is_none_or(|before| is_walked(&before.shape));
        let asked = all.iter().any(|step| step.pass_through.is_some());
        (loosest_step(&all, alone), (asked && !alone).then(|| format!("pass_through of step {}", position + 1)))
    };
    let (steps, unasked): (Vec<Step>, Vec<Option<String>>) = (0..first.steps.len()).map(step).unzip();
    lifted.extend(unasked.into_iter().flatten());
    let role = |position: usize| {
        let all: Vec<&Role> = flows.iter().map(|flow| &flow.roles[position]).collect();
        loosest_role(&all, steps.iter().any(|step| step.right == position && matches!(step.shape, Shape::Tree { .. })))
    };
    let roles = (0..first.roles.len()).map(role).collect();
    let having = if walked { any(flows.iter().map(|flow| flow.having.as_ref())) } else { None };
    let flow = Flow {
        level: first.level,
        distinct: first.distinct,
        filter: any(flows.iter().map(|flow| flow.filter.as_ref())),
        having,
        ..Flow::of(flows.iter().map(|flow| flow.within).max().expect("a setting"), roles, steps)
    };
    Loosest { flow, lifted }
}

/// Whether a step takes one transfer, or one a hop: then what it holds does not depend on what else there is.
fn is_walked(shape: &Shape) -> bool {
    matches!(shape, Shape::One | Shape::Path { .. })
}

/// `resting` says that the members are where the money of a tree rests: one transfer more may leave fewer of them.
fn loosest_role(all: &[&Role], resting: bool) -> Role {
    let least = all.iter().filter_map(|role| role.members).map(|members| members.least).min();
    Role {
        name: all[0].name.clone(),
        members: least.map(|least| Count { least: if resting { 0 } else { least }, most: None }),
        predicate: any(all.iter().map(|role| role.predicate.as_ref())),
    }
}

fn loosest_step(all: &[&Step], alone: bool) -> Step {
    let shapes = || all.iter().map(|step| &step.shape);
    let shape = match &all[0].shape {
        Shape::One => Shape::One,
        Shape::Path { .. } => Shape::Path { hops: hops(shapes()), via: any(shapes().map(via)) },
        Shape::Tree { .. } => Shape::Tree { hops: hops(shapes()), via: any(shapes().map(via)) },
        Shape::Set { .. } => set(shapes()),
    };
    Step {
        shape,
        filter: any(all.iter().map(|step| step.filter.as_ref())),
        delay: Delay {
            least: all.iter().map(|step| step.delay.least).min().expect("a setting"),
            most: all.iter().map(|step| step.delay.most).max().expect("a setting"),
        },
        pass_through: if alone { share(all) } else { None },
        ..all[0].clone()
    }
}

/// The widest range of shares; none where a setting asks for none.
fn share(all: &[&Step]) -> Option<RatioRange> {
    let ranges: Vec<RatioRange> = all.iter().map(|step| step.pass_through).collect::<Option<_>>()?;
    let least: Option<Vec<Ratio>> = ranges.iter().map(|range| range.least).collect();
    let most: Option<Vec<Ratio>> = ranges.iter().map(|range| range.most).collect();
    Some(RatioRange {
        least: least.and_then(|all| all.into_iter().min()),
        most: most.and_then(|all| all.into_iter().max()),
    })
}

fn hops<'s>(shapes: impl Iterator<Item = &'s Shape>) -> Count {
    let hops = shapes.filter_map(|shape| match shape {
        Shape::Path { hops, .. } | Shape::Tree { hops, .. } => Some(*hops),
        Shape::One | Shape::Set { .. } => None,
    });
    let wider = |a: Count, b: Count| Count { least: a.least.min(b.least), most: a.most.max(b.most) };
    hops.reduce(wider).expect("the settings of a step have one shape")
}

fn via(shape: &Shape) -> Option<&Predicate> {
    match shape {
        Shape::Path { via, .. } | Shape::Tree { via, .. } => via.as_ref(),
        Shape::One | Shape::Set { .. } => None,
    }
}

/// A set with the least lower ends; upper ends are asked of finished matches.
fn set<'s>(shapes: impl Iterator<Item = &'s Shape>) -> Shape {
    let lower = |a: Count, b: Count| Count { least: a.least.min(b.least), most: None };
    let (mut transfers, mut each, mut fan) = (None, None, None);
    for shape in shapes {
        if let Shape::Set { transfers: t, each: e, fan: f } = shape {
            for (kept, count) in [(&mut transfers, t), (&mut each, e), (&mut fan, f)] {
                *kept = Some(lower(kept.unwrap_or(*count), *count));
            }
        }
    }
    let [transfers, each, fan] =
        [transfers, each, fan].map(|count| count.expect("the settings of a step have one shape"));
    Shape::Set { transfers, each, fan }
}

/// A predicate that holds wherever one of these holds; none where a setting asks nothing.
///
/// Where all come apart into as many parts, parts that differ are joined one by one.
fn any<'p>(predicates: impl Iterator<Item = Option<&'p Predicate>>) -> Option<Predicate> {
    let mut all: Vec<&Predicate> = predicates.collect::<Option<_>>()?;
    all.dedup_by(|a, b| a.sql == b.sql);
    let parts: Vec<Vec<Predicate>> = all.iter().map(|predicate| predicate.conjuncts()).collect();
    if parts.iter().any(|other| other.len() != parts[0].len()) {
        return Some(either(all.into_iter().cloned().collect()));
    }
    let part = |position: usize| either(parts.iter().map(|parts| parts[position].clone()).collect());
    let joined: Vec<Predicate> = (0..parts[0].len()).map(part).collect();
    Some(Predicate::all(&joined))
}

fn either(mut forms: Vec<Predicate>) -> Predicate {
    forms.sort_by(|a, b| a.sql.cmp(&b.sql));
    forms.dedup_by(|a, b| a.sql == b.sql);
    Predicate::any(&forms)
}

/// What decides the instances of a flow, as a text that is the same exactly where they are asked the same: all but
/// upper ends and what is asked of finished matches.
pub(super) fn key(flow: &Flow) -> String {
    let sql = |predicate: Option<&Predicate>| predicate.map_or_else(String::new, |predicate| predicate.sql.clone());
    let mut key = format!("{:?} {} | {}", flow.within, sql(flow.filter.as_ref()), sql(flow.having.as_ref()));
    for role in &flow.roles {
        let least = role.members.map(|members| members.least);
        write!(key, " | {least:?} {}", sql(role.predicate.as_ref())).expect("memory takes all");
    }
    for step in &flow.steps {
        let asked = match &step.shape {
            Shape::One => String::new(),
            Shape::Path { hops, via } | Shape::Tree { hops, via } => format!("{hops:?} {}", sql(via.as_ref())),
            Shape::Set { transfers, each, fan } => format!("{} {} {}", transfers.least, each.least, fan.least),
        };
        let (delay, share) = (step.delay, step.pass_through);
        write!(key, " | {asked} {} {delay:?} {share:?}", sql(step.filter.as_ref())).expect("memory takes all");
    }
    key
}
