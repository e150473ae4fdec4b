//! Predicates taken apart: what stands between their outermost ANDs, and what a plan can estimate of each part.

use std::collections::BTreeSet;

use sqlparser::ast::{BinaryOperator, Expr as Sql, UnaryOperator, Value};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::Predicate;

/// A predicate of a form that says how many rows it may hold for.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// A column is at least (or above) a number.
    Least(String, f64),
    /// A column is at most (or below) a number.
    Most(String, f64),
    /// A column lies between two numbers.
    Between(String, f64, f64),
    /// A column holds one of some texts.
    Among(String, Vec<String>),
    /// A column holds none of some texts.
    NotAmong(String, Vec<String>),
    /// Anything else.
    Other,
}

impl Predicate {
    /// The parts between its outermost ANDs: it holds where all of them hold, and nowhere else.
    #[must_use]
    pub fn conjuncts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let Some(tree) = tree(&self.sql) else { return vec![self.clone()] };
        split(&tree, &mut parts);
        let read = |part: &&Sql| {
            let sql = part.to_string();
            let expr = polars::sql::sql_expr(&sql).ok()?;
            let columns: BTreeSet<String> = self.columns.iter().filter(|name| names(&expr, name)).cloned().collect();
            Some(Self { expr, columns, sql })
        };
        let read: Option<Vec<Self>> = parts.iter().map(read).collect();
        read.unwrap_or_else(|| vec![self.clone()])
    }

    /// Holds where one of several predicates holds, of which there is one at least.
    #[must_use]
    pub fn any(predicates: &[Self]) -> Self {
        let (first, rest) = predicates.split_first().expect("one of several predicates");
        rest.iter().fold(first.clone(), |any, other| Self {
            expr: any.expr.or(other.expr.clone()),
            columns: any.columns.union(&other.columns).cloned().collect(),
            sql: format!("({}) OR ({})", any.sql, other.sql),
        })
    }

    /// Holds where all of several predicates hold, of which there is one at least.
    #[must_use]
    pub fn all(predicates: &[Self]) -> Self {
        let (first, rest) = predicates.split_first().expect("one of several predicates");
        rest.iter().fold(first.clone(), |all, other| Self {
            expr: all.expr.and(other.expr.clone()),
            columns: all.columns.union(&other.columns).cloned().collect(),
            sql: format!("({}) AND ({})", all.sql, other.sql),
        })
    }

    /// A predicate over accounts that names their `kind` and always holds.
    #[must_use]
    pub fn any_kind() -> Self {
        let kind = polars::prelude::col("kind");
        Self {
            expr: kind.clone().is_null().or(kind.is_not_null()),
            columns: BTreeSet::from(["kind".to_owned()]),
            sql: "kind IS NULL OR kind IS NOT NULL".to_owned(),
        }
    }

    /// What can be estimated of it.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        tree(&self.sql).as_ref().and_then(compare).unwrap_or(Comparison::Other)
    }
}

pub(super) fn tree(sql: &str) -> Option<Sql> {
    Parser::new(&GenericDialect {}).try_with_sql(sql).ok()?.parse_expr().ok()
}

fn split<'t>(tree: &'t Sql, parts: &mut Vec<&'t Sql>) {
    match tree {
        Sql::BinaryOp { left, op: BinaryOperator::And, right } => {
            split(left, parts);
            split(right, parts);
        }
        Sql::Nested(inner) => split(inner, parts),
        part => parts.push(part),
    }
}

fn names(expr: &polars::prelude::Expr, column: &str) -> bool {
    expr.into_iter().any(|part| matches!(part, polars::prelude::Expr::Column(name) if name.as_str() == column))
}

fn compare(tree: &Sql) -> Option<Comparison> {
    match tree {
        Sql::BinaryOp { left, op, right } => match op {
            BinaryOperator::Eq => Some(Comparison::Among(column(left)?, vec![text(right)?])),
            BinaryOperator::NotEq => Some(Comparison::NotAmong(column(left)?, vec![text(right)?])),
            BinaryOperator::GtEq | BinaryOperator::Gt => Some(Comparison::Least(column(left)?, number(right)?)),
            BinaryOperator::LtEq | BinaryOperator::Lt => Some(Comparison::Most(column(left)?, number(right)?)),
            _ => None,
        },
        Sql::Between { expr, negated: false, low, high } => {
            Some(Comparison::Between(column(expr)?, number(low)?, number(high)?))
        }
        Sql::InList { expr, list, negated } => {
            let texts: Vec<String> = list.iter().map(text).collect::<Option<_>>()?;
            let column = column(expr)?;
            Some(if *negated { Comparison::NotAmong(column, texts) } else { Comparison::Among(column, texts) })
        }
        _ => None,
    }
}

fn column(tree: &Sql) -> Option<String> {
    if let Sql::Identifier(name) = tree { Some(name.value.clone()) } else { None }
}

fn number(tree: &Sql) -> Option<f64> {
    match tree {
        Sql::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.parse().ok(),
            _ => None,
        },
        Sql::UnaryOp { op: UnaryOperator::Minus, expr } => number(expr).map(|number| -number),
        _ => None,
    }
}

fn text(tree: &Sql) -> Option<String> {
    match tree {
        Sql::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predicate(sql: &str, columns: &[&str]) -> Predicate {
        let expr = polars::sql::sql_expr(sql).expect("a predicate");
        Predicate { expr, columns: columns.iter().map(|&name| name.to_owned()).collect(), sql: sql.to_owned() }
    }

    #[test]
    fn a_predicate_comes_apart_at_its_outermost_ands() {
        let whole = predicate(
            "(kind = 'person' OR age_days <= 90 AND kind = 'company') AND (payers <= 50 AND payees <= 50)",
            &["kind", "age_days", "payers", "payees"],
        );
        let parts = whole.conjuncts();
        let told: Vec<(&str, Vec<&str>)> =
            parts.iter().map(|part| (part.sql.as_str(), part.columns.iter().map(String::as_str).collect())).collect();
        let either = "kind = 'person' OR age_days <= 90 AND kind = 'company'";
        assert_eq!(
            told,
            [(either, vec!["age_days", "kind"]), ("payers <= 50", vec!["payers"]), ("payees <= 50", vec!["payees"])]
        );
    }

    #[test]
    fn what_lies_between_two_numbers_stays_whole() {
        let parts = predicate("amount BETWEEN 1 AND 5", &["amount"]).conjuncts();
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].comparison(), Comparison::Between("amount".to_owned(), 1.0, 5.0));
    }

    #[test]
    fn comparisons_with_literals_are_recognised() {
        for (sql, column, wanted) in [
            ("amount >= 500", "amount", Comparison::Least("amount".to_owned(), 500.0)),
            ("amount < -3", "amount", Comparison::Most("amount".to_owned(), -3.0)),
            (
                "\"sender.kind\" = 'cash'",
                "sender.kind",
                Comparison::Among("sender.kind".to_owned(), vec!["cash".to_owned()]),
            ),
            (
                "kind NOT IN ('a', 'b')",
                "kind",
                Comparison::NotAmong("kind".to_owned(), vec!["a".to_owned(), "b".to_owned()]),
            ),
            ("kind IS NULL", "kind", Comparison::Other),
        ] {
            assert_eq!(predicate(sql, &[column]).comparison(), wanted, "{sql}");
        }
    }
}
