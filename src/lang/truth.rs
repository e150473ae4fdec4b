//! Conditions that can never or always hold, found by working out ranges of values.
//!
//! Sound and simple: it says "never" or "always" only where that is certain, and looks at comparisons of one column
//! with constants.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value, ValueWithSpan};

use super::scope::seconds;
use super::walk;

/// Whether a condition depends on anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Never,
    Always,
    Depends,
}

/// Whether a condition can never or always hold. `known` gives the numbers that a column can have.
pub(super) fn of(expr: &Expr, known: &dyn Fn(&str) -> Option<Range>) -> Truth {
    match expr {
        Expr::Nested(inner) => of(inner, known),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => match of(expr, known) {
            Truth::Never => Truth::Always,
            Truth::Always => Truth::Never,
            Truth::Depends => Truth::Depends,
        },
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => match (of(left, known), of(right, known)) {
            (Truth::Always, _) | (_, Truth::Always) => Truth::Always,
            (Truth::Never, Truth::Never) => Truth::Never,
            _ => Truth::Depends,
        },
        Expr::BinaryOp { op: BinaryOperator::And, .. } => conjunction(expr, known),
        Expr::Value(ValueWithSpan { value: Value::Boolean(holds), .. }) => constant(*holds),
        _ => comparison(expr).map_or(Truth::Depends, |part| part.alone(known)),
    }
}

fn constant(holds: bool) -> Truth {
    if holds { Truth::Always } else { Truth::Never }
}

fn conjunction(expr: &Expr, known: &dyn Fn(&str) -> Option<Range>) -> Truth {
    let mut parts = Vec::new();
    flatten(expr, &mut parts);
    let truths: Vec<Truth> = parts.iter().map(|part| of(part, known)).collect();
    if truths.contains(&Truth::Never) {
        return Truth::Never;
    }
    if truths.iter().all(|&truth| truth == Truth::Always) {
        return Truth::Always;
    }
    let mut all = Together::default();
    if parts.into_iter().all(|part| all.add("", part)) { Truth::Depends } else { Truth::Never }
}

/// What conditions that must all hold leave of their columns.
#[derive(Debug, Default)]
pub(super) struct Together {
    numbers: BTreeMap<String, Range>,
    texts: BTreeMap<String, Texts>,
    missing: BTreeSet<String>,
}

/// The texts that a column may hold.
#[derive(Debug, Default)]
struct Texts {
    among: Option<BTreeSet<String>>,
    not: BTreeSet<String>,
}

impl Together {
    /// Adds a condition, its columns with a name before them; whether all can still hold.
    pub(super) fn add(&mut self, before: &str, condition: &Expr) -> bool {
        let mut parts = Vec::new();
        flatten(condition, &mut parts);
        parts.into_iter().filter_map(comparison).all(|part| self.take(before, part))
    }

    /// The numbers that are left of a column.
    pub(super) fn range(&self, column: &str) -> Option<Range> {
        self.numbers.get(column).copied()
    }

    fn take(&mut self, before: &str, part: Part) -> bool {
        let named = |column: String| format!("{before}{column}");
        match part {
            Part::Constant(holds) => holds,
            Part::Missing(column) => {
                let column = named(column);
                let known = self.numbers.contains_key(&column) || self.texts.contains_key(&column);
                self.missing.insert(column);
                !known
            }
            Part::Numbers(column, range) => {
                let column = named(column);
                let missing = self.missing.contains(&column);
                let left = self.numbers.entry(column).or_insert(Range::ALL);
                *left = left.and(range);
                !left.is_empty() && !missing
            }
            Part::Among(column, texts) => {
                let column = named(column);
                let missing = self.missing.contains(&column);
                let left = self.texts.entry(column).or_default();
                left.among = Some(match left.among.take() {
                    Some(before) => before.intersection(&texts).cloned().collect(),
                    None => texts,
                });
                left.is_possible() && !missing
            }
            Part::NotAmong(column, texts) => {
                let column = named(column);
                let missing = self.missing.contains(&column);
                let left = self.texts.entry(column).or_default();
                left.not.extend(texts);
                left.is_possible() && !missing
            }
        }
    }
}

impl Texts {
    fn is_possible(&self) -> bool {
        self.among.as_ref().is_none_or(|among| among.iter().any(|text| !self.not.contains(text)))
    }
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
    Among(String, BTreeSet<String>),
    NotAmong(String, BTreeSet<String>),
    Missing(String),
    Constant(bool),
}

impl Part {
    fn alone(&self, known: &dyn Fn(&str) -> Option<Range>) -> Truth {
        match self {
            Self::Constant(holds) => constant(*holds),
            Self::Among(..) | Self::NotAmong(..) | Self::Missing(_) => Truth::Depends,
            Self::Numbers(_, range) if range.is_empty() => Truth::Never,
            Self::Numbers(column, range) => {
                let Some(possible) = known(column) else { return Truth::Depends };
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    low: f64,
    low_closed: bool,
    high: f64,
    high_closed: bool,
}

impl Range {
    const ALL: Self = Self { low: f64::NEG_INFINITY, low_closed: true, high: f64::INFINITY, high_closed: true };

    pub(super) fn only(value: f64) -> Self {
        Self { low: value, low_closed: true, high: value, high_closed: true }
    }

    pub(super) fn from(low: f64) -> Self {
        Self { low, ..Self::ALL }
    }

    pub(super) fn above(low: f64) -> Self {
        Self { low, low_closed: false, ..Self::ALL }
    }

    pub(super) fn to(high: f64) -> Self {
        Self { high, ..Self::ALL }
    }

    fn below(high: f64) -> Self {
        Self { high, high_closed: false, ..Self::ALL }
    }

    /// The numbers that are in both.
    pub(super) fn and(self, other: Self) -> Self {
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

    /// Whether every number of `other` is in here.
    fn holds_all_of(self, other: Self) -> bool {
        let both = self.and(other);
        both.low.total_cmp(&other.low).is_eq()
            && both.high.total_cmp(&other.high).is_eq()
            && both.low_closed == other.low_closed
            && both.high_closed == other.high_closed
    }
}

fn comparison(expr: &Expr) -> Option<Part> {
    match expr {
        Expr::Nested(inner) => comparison(inner),
        Expr::Between { expr, negated: false, low, high } => {
            let (low, high) = (number(low)?, number(high)?);
            Some(Part::Numbers(column(expr)?, Range::from(low).and(Range::to(high))))
        }
        Expr::InList { expr, list, negated } => {
            let texts: BTreeSet<String> = list.iter().map(text).collect::<Option<_>>()?;
            let column = column(expr)?;
            Some(if *negated { Part::NotAmong(column, texts) } else { Part::Among(column, texts) })
        }
        Expr::IsNull(inner) => column(inner).map(Part::Missing),
        Expr::BinaryOp { left, op, right } => {
            if let (Some(a), Some(b)) = (number(left), number(right)) {
                return compare(a, op, b).map(Part::Constant);
            }
            if let (Some(name), Some(text)) = (column(left), text(right)) {
                let texts = BTreeSet::from([text]);
                return match op {
                    BinaryOperator::Eq => Some(Part::Among(name, texts)),
                    BinaryOperator::NotEq => Some(Part::NotAmong(name, texts)),
                    _ => None,
                };
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
        BinaryOperator::Eq => Range::only(value),
        BinaryOperator::Lt => Range::below(value),
        BinaryOperator::LtEq => Range::to(value),
        BinaryOperator::Gt => Range::above(value),
        BinaryOperator::GtEq => Range::from(value),
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
    match walk::constant(expr)? {
        super::Value::Number(ratio) => Some(ratio.to_f64()),
        super::Value::Duration(span) => Some(seconds(span)),
        super::Value::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn truth(text: &str) -> Truth {
        let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).expect("tokens");
        let tree = parser.parse_expr().expect("a condition");
        of(&tree, &|name| match name {
            "amount" => Some(Range::above(0.0)),
            "members" => Some(Range::from(5.0)),
            "lasting" => Some(Range::from(0.0).and(Range::to(3600.0))),
            _ => None,
        })
    }

    #[test]
    fn what_no_value_meets_never_holds() {
        for text in [
            "amount > 5 AND amount < 3",
            "amount > 5 AND (kind = 'a' AND 5 >= amount)",
            "amount BETWEEN 5 AND 3",
            "amount <= 0",
            "amount < 0 OR members < 5",
            "members BETWEEN 1 AND 4",
            "lasting > INTERVAL '2 hours'",
            "kind = 'a' AND kind = 'b'",
            "kind = 'a' AND kind IN ('b', 'c')",
            "kind IN ('a', 'b') AND kind NOT IN ('a', 'b', 'c')",
            "kind <> 'a' AND kind = 'a'",
            "kind IS NULL AND kind <> 'a'",
            "other = 3 AND other IS NULL",
            "1 = 2",
            "NOT amount > 0",
            "false",
        ] {
            assert_eq!(truth(text), Truth::Never, "{text}");
        }
    }

    #[test]
    fn what_every_value_meets_always_holds() {
        for text in [
            "amount >= 0",
            "amount > 0 AND 1 = 1",
            "members >= 5",
            "kind = 'a' OR 2 > 1",
            "lasting <= INTERVAL '1 hours'",
        ] {
            assert_eq!(truth(text), Truth::Always, "{text}");
        }
    }

    #[test]
    fn what_some_value_meets_depends() {
        for text in [
            "amount > 5 AND amount < 6",
            "amount >= 5 AND amount <= 5",
            "amount > 5 OR amount < 3",
            "members > 5",
            "kind = 'a' OR kind = 'b'",
            "kind <> 'a'",
            "kind IS NULL",
            "kind IS NULL OR kind = 'a'",
            "kind IN ('a', 'b') AND kind <> 'a'",
            "kind NOT IN ('a') AND kind <> 'b'",
            "lasting < INTERVAL '1 hours'",
            "other > 5 AND another < 3",
        ] {
            assert_eq!(truth(text), Truth::Depends, "{text}");
        }
    }
}
