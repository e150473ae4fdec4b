//! Which way a parameter loosens a rule: read off the checked rule at two values, clause by clause.
//!
//! It is said for the reader. What is searched does not depend on it.

use crate::lang::{
    Absence, Count, Delay, During, Flow, Predicate, RatioRange, Role, Shape, Step, Trend, Typology, Value,
};

/// Which way a parameter loosens a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A higher value asks less.
    Higher,
    /// A lower value asks less.
    Lower,
    /// A higher value asks less in one clause and more in another, or it cannot be told.
    Mixed,
}

impl Direction {
    /// The direction in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Mixed => "mixed",
        }
    }
}

/// The direction of the parameter at a position, from settings that differ in it alone; nothing where it makes no
/// difference among these settings.
pub(super) fn of(axis: usize, settings: &[(Vec<Value>, Typology)]) -> Option<Direction> {
    let alike = |a: &[Value], b: &[Value]| a.iter().zip(b).enumerate().all(|(at, (a, b))| at == axis || a == b);
    let mut trend = Trend::Same;
    for (position, (values, rule)) in settings.iter().enumerate() {
        let next = settings.iter().enumerate().filter(|(other, (others, _))| {
            *other != position && alike(values, others) && super::grid::compare(&others[axis], &values[axis]).is_gt()
        });
        for (_, (_, looser)) in next {
            for (before, after) in rule.flows().zip(looser.flows()) {
                trend = trend.and(of_flow(before, after));
            }
        }
        if trend != Trend::Same {
            break;
        }
    }
    match trend {
        Trend::Same => None,
        Trend::Up => Some(Direction::Higher),
        Trend::Down => Some(Direction::Lower),
        Trend::Unknown => Some(Direction::Mixed),
    }
}

fn of_flow(before: &Flow, after: &Flow) -> Trend {
    let roles = before.roles.iter().zip(&after.roles).map(|(before, after)| of_role(before, after));
    let steps = before.steps.iter().zip(&after.steps).map(|(before, after)| of_step(before, after));
    let without = before.without.iter().zip(&after.without).map(|(before, after)| of_absence(before, after));
    let others = [
        Trend::of(&before.within, &after.within),
        met(before.filter.as_ref(), after.filter.as_ref()),
        met(before.having.as_ref(), after.having.as_ref()),
        met(before.unless.as_ref(), after.unless.as_ref()).turned(),
        if before.repeat_within == after.repeat_within { Trend::Same } else { Trend::Unknown },
        if format!("{:?}", before.expected) == format!("{:?}", after.expected) { Trend::Same } else { Trend::Unknown },
    ];
    roles.chain(steps).chain(without).chain(others).fold(Trend::Same, Trend::and)
}

fn met(before: Option<&Predicate>, after: Option<&Predicate>) -> Trend {
    before.zip(after).map_or(Trend::Same, |(before, after)| before.trend(after))
}

fn of_role(before: &Role, after: &Role) -> Trend {
    let members = before.members.zip(after.members).map_or(Trend::Same, |(before, after)| counted(before, after));
    members.and(met(before.predicate.as_ref(), after.predicate.as_ref()))
}

fn counted(before: Count, after: Count) -> Trend {
    let open = |count: Count| count.most.unwrap_or(u32::MAX);
    Trend::of(&before.least, &after.least).turned().and(Trend::of(&open(before), &open(after)))
}

fn of_step(before: &Step, after: &Step) -> Trend {
    let shape = match (&before.shape, &after.shape) {
        (
            Shape::Path { hops, via } | Shape::Tree { hops, via },
            Shape::Path { hops: h, via: v } | Shape::Tree { hops: h, via: v },
        ) => counted(*hops, *h).and(met(via.as_ref(), v.as_ref())),
        (Shape::Set { transfers, each, fan }, Shape::Set { transfers: t, each: e, fan: f }) => {
            counted(*transfers, *t).and(counted(*each, *e)).and(counted(*fan, *f))
        }
        _ => Trend::Same,
    };
    let share = before.pass_through.zip(after.pass_through).map_or(Trend::Same, |(a, b)| shared(a, b));
    shape.and(share).and(delayed(before.delay, after.delay)).and(met(before.filter.as_ref(), after.filter.as_ref()))
}

fn delayed(before: Delay, after: Delay) -> Trend {
    Trend::of(&before.least, &after.least).turned().and(Trend::of(&before.most, &after.most))
}

fn shared(before: RatioRange, after: RatioRange) -> Trend {
    let ends = |before: Option<_>, after: Option<_>| {
        before.zip(after).map_or(Trend::Same, |(before, after)| Trend::of(&before, &after))
    };
    ends(before.least, after.least).turned().and(ends(before.most, after.most))
}

fn of_absence(before: &Absence, after: &Absence) -> Trend {
    let when = match (before.during, after.during) {
        (During::Before(a), During::Before(b)) | (During::After(a), During::After(b)) => Trend::of(&a, &b),
        _ => Trend::Same,
    };
    when.and(met(before.filter.as_ref(), after.filter.as_ref())).turned()
}
