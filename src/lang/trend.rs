//! How a predicate changes with its numbers: whether it holds for more rows, or for fewer.
//!
//! Two predicates are compared that differ in numbers and durations only, as one with a parameter at two values does.

use std::cmp::Ordering;

use sqlparser::ast::{BinaryOperator, Expr as Sql, UnaryOperator, Value};

use super::Predicate;
use super::fill::interval_span;
use super::parts::tree;

/// What is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trend {
    /// Nothing changes.
    Same,
    /// It holds wherever it held, and perhaps elsewhere; of a value: it grows.
    Up,
    /// It holds nowhere where it did not hold; of a value: it shrinks.
    Down,
    /// Not known.
    Unknown,
}

impl Trend {
    /// The change that two changes make together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Same, trend) | (trend, Self::Same) => trend,
            (a, b) if a == b => a,
            _ => Self::Unknown,
        }
    }

    /// The change of what goes the other way.
    #[must_use]
    pub fn turned(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
            same => same,
        }
    }

    /// The change of a value, from its order before and after.
    #[must_use]
    pub fn of<T: Ord>(before: &T, after: &T) -> Self {
        match after.cmp(before) {
            Ordering::Less => Self::Down,
            Ordering::Equal => Self::Same,
            Ordering::Greater => Self::Up,
        }
    }
}

impl Predicate {
    /// Whether another predicate holds for more rows than this one, or for fewer.
    #[must_use]
    pub fn trend(&self, after: &Self) -> Trend {
        if self.sql == after.sql {
            return Trend::Same;
        }
        tree(&self.sql).zip(tree(&after.sql)).map_or(Trend::Unknown, |(before, after)| truth(&before, &after))
    }
}

fn truth(before: &Sql, after: &Sql) -> Trend {
    match (before, after) {
        (a, b) if a == b => Trend::Same,
        (Sql::Nested(a), Sql::Nested(b)) => truth(a, b),
        (Sql::UnaryOp { op: UnaryOperator::Not, expr: a }, Sql::UnaryOp { op: UnaryOperator::Not, expr: b }) => {
            truth(a, b).turned()
        }
        (Sql::BinaryOp { left: a, op, right: b }, Sql::BinaryOp { left: c, op: same, right: d }) if op == same => {
            match op {
                BinaryOperator::And | BinaryOperator::Or => truth(a, c).and(truth(b, d)),
                BinaryOperator::Gt | BinaryOperator::GtEq => value(a, c).and(value(b, d).turned()),
                BinaryOperator::Lt | BinaryOperator::LtEq => value(a, c).turned().and(value(b, d)),
                _ => Trend::Unknown,
            }
        }
        (
            Sql::Between { expr: a, negated, low: least, high: most },
            Sql::Between { expr: b, negated: same, low, high },
        ) if a == b && negated == same => {
            let trend = value(least, low).turned().and(value(most, high));
            if *negated { trend.turned() } else { trend }
        }
        _ => Trend::Unknown,
    }
}

fn value(before: &Sql, after: &Sql) -> Trend {
    match (before, after) {
        (a, b) if a == b => Trend::Same,
        (Sql::Nested(a), Sql::Nested(b)) => value(a, b),
        (Sql::BinaryOp { left: a, op, right: b }, Sql::BinaryOp { left: c, op: same, right: d }) if op == same => {
            match op {
                BinaryOperator::Plus => value(a, c).and(value(b, d)),
                BinaryOperator::Minus => value(a, c).and(value(b, d).turned()),
                BinaryOperator::Multiply if a == c && is_positive(a) => value(b, d),
                BinaryOperator::Multiply | BinaryOperator::Divide if b == d && is_positive(b) => value(a, c),
                _ => Trend::Unknown,
            }
        }
        (a, b) => match (literal(a), literal(b)) {
            (Some(a), Some(b)) if a < b => Trend::Up,
            (Some(a), Some(b)) if a > b => Trend::Down,
            _ => Trend::Unknown,
        },
    }
}

/// A number, or a duration in microseconds.
#[expect(clippy::cast_precision_loss, reason = "durations are compared with each other only")]
fn literal(tree: &Sql) -> Option<f64> {
    let text = |tree: &Sql| match tree {
        Sql::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    match tree {
        Sql::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        Sql::UnaryOp { op: UnaryOperator::Minus, expr } => literal(expr).map(|number| -number),
        Sql::Interval(interval) => interval_span(&text(&interval.value)?).map(|span| span.0 as f64),
        _ => None,
    }
}

/// Whether a factor is never below zero: a number, a count or a sum of money.
fn is_positive(tree: &Sql) -> bool {
    let counted = |name: &str| {
        let ends = ["_count", "_transfers", "_amount", "_min", "_max", "_mean", "_median"];
        let whole = ["amount", "amount_in", "amount_out", "amount_total", "transfers", "hops", "payers", "payees"];
        ends.iter().any(|end| name.ends_with(end)) || whole.contains(&name) || name.starts_with("transfers_")
    };
    match tree {
        Sql::Identifier(name) => counted(&name.value),
        Sql::Nested(inner) => is_positive(inner),
        Sql::BinaryOp { left, op: BinaryOperator::Multiply | BinaryOperator::Plus, right } => {
            is_positive(left) && is_positive(right)
        }
        other => literal(other).is_some_and(|number| number >= 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_moves_a_predicate_up_or_down_by_where_it_stands() {
        for (before, after, trend) in [
            ("amount >= 5", "amount >= 6", Trend::Down),
            ("amount <= 5", "amount <= 6", Trend::Up),
            ("NOT (amount <= 5)", "NOT (amount <= 6)", Trend::Down),
            ("gather_transfers > 1.5 * payers_count", "gather_transfers > 3 * payers_count", Trend::Down),
            ("x > 1.5 * balance", "x > 3 * balance", Trend::Unknown),
            ("duration < INTERVAL '2 days'", "duration < INTERVAL '36 hours'", Trend::Down),
            ("amount BETWEEN 5 AND 9", "amount BETWEEN 4 AND 9", Trend::Up),
            ("amount BETWEEN 5 AND 9", "amount BETWEEN 4 AND 8", Trend::Unknown),
            ("amount >= 5 AND payees <= 7", "amount >= 6 AND payees <= 8", Trend::Unknown),
            ("amount >= 1 - 0.2", "amount >= 1 - 0.3", Trend::Up),
            ("amount = 5", "amount = 6", Trend::Unknown),
            ("amount >= 5", "amount >= 5", Trend::Same),
        ] {
            let [a, b] = [before, after].map(|sql| tree(sql).expect("a predicate"));
            assert_eq!(truth(&a, &b), trend, "{before} to {after}");
        }
    }
}
