//! Conditions that can never or always hold, found by working out ranges of values.
//!
//! Sound and simple: it says "never" or "always" only where that is certain, and looks at comparisons of one column
//! with constants.

use std::collections::BTreeMap;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value, ValueWithSpan};

/// Whether a condition depends on anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Never,
    Always,
    Depends,
}

/// Whether a condition can never or always hold. `least` gives the least value that a column can have, and whether it
/// can have it.
pub(super) fn of(expr: &Expr, least: &dyn Fn(&str) -> Option<(f64, bool)>) -> Truth {
    match expr {
        Expr::Nested(inner) => of(inner, least),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => match of(expr, least) {
            Truth::Never => Truth::Always,
            Truth::Always => Truth::Never,
            Truth::Depends => Truth::Depends,
        },
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => match (of(left, least), of(right, least)) {
            (Truth::Always, _) | (_, Truth::Always) => Truth::Always,
            (Truth::Never, Truth::Never) => Truth::Never,
            _ => Truth::Depends,
        },
        Expr::BinaryOp { op: BinaryOperator::And, .. } => conjunction(expr, least),
        Expr::Value(ValueWithSpan { value: Value::Boolean(holds), .. }) => constant(*holds),
        _ => comparison(expr).map_or(Truth::Depends, |part| part.alone(least)),
    }
}

fn constant(holds: bool) -> Truth {
    if holds { Truth::Always } else { Truth::Never }
}

fn conjunction(expr: &Expr, least: &dyn Fn(&str) -> Option<(f64, bool)>) -> Truth {
    let mut parts = Vec::new();
    flatten(expr, &mut parts);
    let truths: Vec<Truth> = parts.iter().map(|part| of(part, least)).collect();
    if truths.contains(&Truth::Never) {
        return Truth::Never;
    }
    if truths.iter().all(|&truth| truth == Truth::Always) {
        return Truth::Always;
    }
    let mut ranges = BTreeMap::<String, Range>::new();
    let mut texts = BTreeMap::<String, String>::new();
    for part in parts.into_iter().filter_map(comparison) {
        match part {
            Part::Numbers(column, range) => {
                let known = ranges.entry(column).or_insert(Range::ALL);
                *known = known.and(range);
                if known.is_empty() {
                    return Truth::Never;
                }
            }
            Part::Text(column, text) => {
                if texts.insert(column, text.clone()).is_some_and(|other| other != text) {
                    return Truth::Never;
                }
            }
            Part::Constant(_) => {}
        }
    }
    Truth::Depends
}

fn flatten<'e>(expr: &'e Expr, parts: &mut Vec<&'e Expr>) {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            flatten(left, parts);
            flatten(right, parts);
        }
        Expr::Nested(inner) => flatten(inner, parts),
        _ => parts.push(expr),
    }
}

/// What a comparison says of its column.
enum Part {
    Numbers(String, Range),
    Text(String, String),
    Constant(bool),
}

impl Part {
    fn alone(&self, least: &dyn Fn(&str) -> Option<(f64, bool)>) -> Truth {
        match self {
            Self::Constant(holds) => constant(*holds),
            Self::Text(..) => Truth::Depends,
            Self::Numbers(_, range) if range.is_empty() => Truth::Never,
            Self::Numbers(column, range) => {
                let Some((value, closed)) = least(column) else { return Truth::Depends };
                let possible = Range { low: value, low_closed: closed, ..Range::ALL };
                if possible.and(*range).is_empty() {
                    Truth::Never
                } else if range.holds_all_of(possible) {
                    Truth::Always
                } else {
                    Truth::Depends
                }
            }
        }
    }
}

/// The numbers that a column may have.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    low_closed: bool,
    high: f64,
    high_closed: bool,
}

impl Range {
    const ALL: Self = Self { low: f64::NEG_INFINITY, low_closed: true, high: f64::INFINITY, high_closed: true };

    fn and(self, other: Self) -> Self {
        let (low, low_closed) = match self.low.total_cmp(&other.low) {
            std::cmp::Ordering::Less => (other.low, other.low_closed),
            std::cmp::Ordering::Greater => (self.low, self.low_closed),
            std::cmp::Ordering::Equal => (self.low, self.low_closed && other.low_closed),
        };
        let (high, high_closed) = match self.high.total_cmp(&other.high) {
            std::cmp::Ordering::Less => (self.high, self.high_closed),
            std::cmp::Ordering::Greater => (other.high, other.high_closed),
            std::cmp::Ordering::Equal => (self.high, self.high_closed && other.high_closed),
        };
        Self { low, low_closed, high, high_closed }
    }

    fn is_empty(self) -> bool {
        match self.low.total_cmp(&self.high) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => !(self.low_closed && self.high_closed),
            std::cmp::Ordering::Less => false,
        }
    }

    /// Whether every number of `other` (which is open above) is in here.
    fn holds_all_of(self, other: Self) -> bool {
        let from_below =
            self.low < other.low || (self.low.total_cmp(&other.low).is_eq() && (self.low_closed || !other.low_closed));
        from_below && self.high == f64::INFINITY
    }
}

fn comparison(expr: &Expr) -> Option<Part> {
    match expr {
        Expr::Nested(inner) => comparison(inner),
        Expr::Between { expr, negated: false, low, high } => {
            let (low, high) = (number(low)?, number(high)?);
            Some(Part::Numbers(column(expr)?, Range { low, low_closed: true, high, high_closed: true }))
        }
        Expr::BinaryOp { left, op, right } => {
            if let (Some(a), Some(b)) = (number(left), number(right)) {
                return compare(a, op, b).map(Part::Constant);
            }
            if let (Some(name), Some(text), BinaryOperator::Eq) = (column(left), text(right), op) {
                return Some(Part::Text(name, text));
            }
            match (column(left), number(right), number(left), column(right)) {
                (Some(name), Some(value), _, _) => range(op, value).map(|range| Part::Numbers(name, range)),
                (_, _, Some(value), Some(name)) => range(&mirrored(op)?, value).map(|range| Part::Numbers(name, range)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn compare(a: f64, op: &BinaryOperator, b: f64) -> Option<bool> {
    let order = a.total_cmp(&b);
    Some(match op {
        BinaryOperator::Eq => order.is_eq(),
        BinaryOperator::NotEq => order.is_ne(),
        BinaryOperator::Lt => order.is_lt(),
        BinaryOperator::LtEq => order.is_le(),
        BinaryOperator::Gt => order.is_gt(),
        BinaryOperator::GtEq => order.is_ge(),
        _ => return None,
    })
}

fn range(op: &BinaryOperator, value: f64) -> Option<Range> {
    Some(match op {
        BinaryOperator::Eq => Range { low: value, low_closed: true, high: value, high_closed: true },
        BinaryOperator::Lt => Range { high: value, high_closed: false, ..Range::ALL },
        BinaryOperator::LtEq => Range { high: value, ..Range::ALL },
        BinaryOperator::Gt => Range { low: value, low_closed: false, ..Range::ALL },
        BinaryOperator::GtEq => Range { low: value, ..Range::ALL },
        _ => return None,
    })
}

fn mirrored(op: &BinaryOperator) -> Option<BinaryOperator> {
    Some(match op {
        BinaryOperator::Eq => BinaryOperator::Eq,
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        _ => return None,
    })
}

fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

/// A number, or a length of time in seconds.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Value(ValueWithSpan { value: Value::Number(text, _), .. }) => text.parse().ok(),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|value| -value),
        Expr::Nested(inner) => number(inner),
        Expr::Interval(interval) => {
            let written = text(&interval.value)?;
            let (count, unit) = written.split_once(' ')?;
            let seconds = match unit {
                "days" => 86_400.0,
                "hours" => 3_600.0,
                "minutes" => 60.0,
                "seconds" => 1.0,
                _ => return None,
            };
            count.parse::<f64>().ok().map(|count| count * seconds)
        }
        _ => None,
    }
}
