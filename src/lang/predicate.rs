//! SQL predicates: text in, a checked polars expression out.
//!
//! Parameters and durations are filled in on the text, since SQL knows neither; what remains is parsed, walked for
//! what predicates must not hold, given flat column names, and tried on an empty table for its kinds of value.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use polars::prelude::{DataFrame, DataType, Expr, IntoColumn, IntoLazy, Series, TimeUnit};
use sqlparser::ast::{
    BinaryOperator, Expr as Sql, Ident, Query, Value as SqlValue, ValueWithSpan, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use crate::columns::{Ratio, Span};

use super::number::{Scope, combine};
use super::{Predicate, Value};

/// Why a text is not a predicate; places are words of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A parameter that does not exist.
    Parameter(String),
    /// A reference list.
    List(String),
    /// Not SQL, in the parser's words.
    Syntax(String),
    /// An expression that predicates do not take: the piece, and what it is.
    Refused(String, String),
    /// Values of kinds that do not go together, in polars' words.
    Kinds(String),
}

/// A predicate that has been read and not yet been placed.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) tree: Sql,
    pub(super) columns: BTreeSet<String>,
}

/// Functions that a predicate may call, in the names that polars-sql knows.
pub(super) const FUNCTIONS: [&str; 20] = [
    "abs",
    "ceil",
    "coalesce",
    "date_part",
    "ends_with",
    "floor",
    "greatest",
    "least",
    "left",
    "length",
    "lower",
    "ltrim",
    "mod",
    "nullif",
    "replace",
    "right",
    "round",
    "rtrim",
    "starts_with",
    "upper",
];

/// Reads a predicate.
pub(super) fn read(text: &str, scope: &Scope) -> Result<Read, Fault> {
    let filled = fill(text, scope)?;
    let syntax = |error: &dyn std::fmt::Display| {
        let message = error.to_string();
        Fault::Syntax(message.strip_prefix("sql parser error: ").unwrap_or(&message).to_owned())
    };
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(&filled).map_err(|error| syntax(&error))?;
    let mut tree = parser.parse_expr().map_err(|error| syntax(&error))?;
    let next = parser.peek_token().token;
    if next != Token::EOF {
        return Err(match next {
            Token::Word(word) => Fault::Refused(word.value.clone(), "a name behind the condition".to_owned()),
            other => Fault::Syntax(format!("Expected: end of the condition, found: {other}")),
        });
    }
    let mut walk = Walk { columns: BTreeSet::new() };
    if let ControlFlow::Break(fault) = tree.visit(&mut walk) {
        return Err(fault);
    }
    Ok(Read { tree, columns: walk.columns })
}

/// The finished predicate. `kind_of` gives the type of a column, or `None` where the ledger will decide.
pub(super) fn place(read: Read, kind_of: &dyn Fn(&str) -> Option<DataType>) -> Result<Predicate, Fault> {
    let sql = read.tree.to_string();
    let expr = polars::sql::sql_expr(&sql).map_err(|error| Fault::Kinds(error.to_string()))?;
    // A column that the ledger brings may hold text, numbers or truth values: one of them must fit.
    let open = [DataType::String, DataType::Float64, DataType::Boolean];
    let mut outcome = Err(String::new());
    for kind in open {
        let tried = try_on_nothing(&expr, &read.columns, &|name| kind_of(name).unwrap_or_else(|| kind.clone()));
        outcome = if outcome.is_err() && !matches!(&outcome, Err(text) if text.is_empty()) && tried.is_err() {
            outcome
        } else {
            tried
        };
        if outcome.is_ok() {
            break;
        }
    }
    match outcome {
        Ok(DataType::Boolean) => Ok(Predicate { expr, columns: read.columns, sql }),
        Ok(kind) => Err(Fault::Kinds(format!("the expression gives a value of kind {kind}, not yes or no"))),
        Err(message) => Err(Fault::Kinds(message)),
    }
}

fn try_on_nothing(
    expr: &Expr,
    columns: &BTreeSet<String>,
    kind_of: &dyn Fn(&str) -> DataType,
) -> Result<DataType, String> {
    let columns =
        columns.iter().map(|name| Series::new_empty(name.as_str().into(), &kind_of(name)).into_column()).collect();
    let short = |error: polars::error::PolarsError| error.to_string().lines().next().unwrap_or_default().to_owned();
    let frame = DataFrame::new(0, columns).map_err(short)?;
    let answer = frame.lazy().select([expr.clone().alias("answer")]).collect().map_err(short)?;
    answer.column("answer").map(|column| column.dtype().clone()).map_err(short)
}

/// The type of a length of time in predicates.
pub(super) fn duration() -> DataType {
    DataType::Duration(TimeUnit::Microseconds)
}

/// The type of a point in time in predicates.
pub(super) fn datetime() -> DataType {
    DataType::Datetime(TimeUnit::Microseconds, None)
}

/// Puts parameters and durations into the text as SQL literals; text in quotes is left alone.
fn fill(text: &str, scope: &Scope) -> Result<String, Fault> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let word = |from: usize| {
            let tail = &rest[from..];
            tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len())
        };
        let length = match next {
            '\'' | '"' => {
                let length = quoted(rest, next);
                filled.push_str(&rest[..length]);
                length
            }
            '$' => {
                let length = word(1);
                let name = &rest[1..=length];
                let value = scope.get(name).ok_or_else(|| Fault::Parameter(name.to_owned()))?;
                filled.push_str(&sql_literal(value));
                1 + length
            }
            '@' => return Err(Fault::List(rest[1..=word(1)].to_owned())),
            c if c.is_alphanumeric() || c == '_' => {
                let length = word(0);
                match rest[..length].parse::<Span>() {
                    Ok(span) => filled.push_str(&sql_literal(&Value::Duration(span))),
                    Err(_) => filled.push_str(&rest[..length]),
                }
                length
            }
            c => {
                filled.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(filled)
}

/// Length of a quoted piece, quotes included; a doubled quote stands for itself.
fn quoted(text: &str, quote: char) -> usize {
    let mut ends = text.char_indices().skip(1).filter(|&(_, c)| c == quote).map(|(at, _)| at).peekable();
    while let Some(at) = ends.next() {
        if ends.next_if_eq(&(at + 1)).is_none() {
            return at + 1;
        }
    }
    text.len()
}

fn sql_literal(value: &Value) -> String {
    match value {
        Value::Number(ratio) => number_text(*ratio),
        Value::Duration(span) => {
            let units = [(Span::DAY, "days"), (Span::HOUR, "hours"), (Span::MINUTE, "minutes")];
            let whole = units.iter().find(|(unit, _)| span.0 % unit.0 == 0 && span.0 != 0);
            let (unit, name) = whole.copied().unwrap_or((Span::SECOND, "seconds"));
            format!("INTERVAL '{} {name}'", span.0 / unit.0)
        }
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
    }
}

/// A fraction as SQL writes it: exactly where it is a finite decimal, else the nearest double.
fn number_text(ratio: Ratio) -> String {
    let text = ratio.to_string();
    if text.contains('/') { format!("{:?}", ratio.to_f64()) } else { text }
}

/// Refuses what predicates do not take, flattens `sender.kind`, folds constants and notes the columns.
struct Walk {
    columns: BTreeSet<String>,
}

impl VisitorMut for Walk {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Fault> {
        ControlFlow::Break(Fault::Refused(query.to_string(), "a sub-select".to_owned()))
    }

    fn pre_visit_expr(&mut self, expr: &mut Sql) -> ControlFlow<Fault> {
        match refusal(expr) {
            Some(what) => ControlFlow::Break(Fault::Refused(expr.to_string(), what)),
            None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Sql) -> ControlFlow<Fault> {
        match expr {
            Sql::CompoundIdentifier(parts) => {
                let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
                self.columns.insert(name.clone());
                *expr = Sql::Identifier(Ident::with_quote('"', name));
            }
            Sql::Identifier(name) if !self.columns.contains(&name.value) => {
                self.columns.insert(name.value.clone());
            }
            Sql::Nested(inner) if number(inner).is_some() => *expr = inner.as_ref().clone(),
            Sql::BinaryOp { left, op, right } => {
                if let Some(folded) = fold(left, op, right) {
                    *expr = folded;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// What an expression is, if predicates do not take it.
fn refusal(expr: &Sql) -> Option<String> {
    let what = match expr {
        Sql::Identifier(_)
        | Sql::CompoundIdentifier(_)
        | Sql::Value(_)
        | Sql::BinaryOp { .. }
        | Sql::UnaryOp { .. }
        | Sql::Nested(_)
        | Sql::IsNull(_)
        | Sql::IsNotNull(_)
        | Sql::IsTrue(_)
        | Sql::IsNotTrue(_)
        | Sql::IsFalse(_)
        | Sql::IsNotFalse(_)
        | Sql::InList { .. }
        | Sql::Between { .. }
        | Sql::Like { .. }
        | Sql::ILike { .. }
        | Sql::Case { .. }
        | Sql::Extract { .. }
        | Sql::Ceil { .. }
        | Sql::Floor { .. }
        | Sql::Substring { .. }
        | Sql::Trim { .. } => return None,
        // Polars panics on an interval that it cannot read, so only those that durations become are let through.
        Sql::Interval(interval) if is_plain(&interval.value) => return None,
        Sql::Interval(_) => "an interval of this form (write durations as `36h`)",
        Sql::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            if function.over.is_some() {
                "a window function"
            } else if FUNCTIONS.contains(&name.as_str()) {
                return None;
            } else {
                return Some(format!("the function `{name}`"));
            }
        }
        Sql::Subquery(_) | Sql::Exists { .. } | Sql::InSubquery { .. } => "a sub-select",
        Sql::Wildcard(_) | Sql::QualifiedWildcard(..) => "a wildcard",
        _ => "an expression of this form",
    };
    Some(what.to_owned())
}

/// Whether an interval reads as durations are written out: `36 hours`.
fn is_plain(value: &Sql) -> bool {
    let Sql::Value(ValueWithSpan { value: SqlValue::SingleQuotedString(text), .. }) = value else { return false };
    let Some((count, unit)) = text.split_once(' ') else { return false };
    count.parse::<u32>().is_ok() && ["days", "hours", "minutes", "seconds"].contains(&unit)
}

/// The exact value of a number literal.
fn number(expr: &Sql) -> Option<Ratio> {
    match expr {
        Sql::Value(ValueWithSpan { value: SqlValue::Number(text, _), .. }) => text.parse().ok(),
        Sql::Nested(inner) => number(inner),
        _ => None,
    }
}

/// A constant in place of two constants, exactly: `0.8 * 10000` is `8000`.
fn fold(left: &Sql, op: &BinaryOperator, right: &Sql) -> Option<Sql> {
    let sign = match op {
        BinaryOperator::Plus => '+',
        BinaryOperator::Minus => '-',
        BinaryOperator::Multiply => '*',
        BinaryOperator::Divide => '/',
        _ => return None,
    };
    match combine(sign, &Value::Number(number(left)?), &Value::Number(number(right)?))? {
        Value::Number(ratio) => Some(Sql::value(SqlValue::Number(number_text(ratio), false))),
        Value::Duration(_) | Value::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn sql(text: &str) -> String {
        let limit = ("limit".to_owned(), Value::Number("10000".parse().expect("a number")));
        let scope = Scope::new(BTreeMap::from([limit]));
        let kind = |name: &str| match name {
            "amount" => Some(DataType::Float64),
            "timestamp" => Some(datetime()),
            "duration" => Some(duration()),
            "kind" | "sender.kind" => Some(DataType::String),
            _ => None,
        };
        match read(text, &scope).and_then(|read| place(read, &kind)) {
            Ok(predicate) => predicate.sql,
            Err(fault) => format!("{fault:?}"),
        }
    }

    #[test]
    fn parameters_and_durations_are_filled_in_and_constants_folded_exactly() {
        assert_eq!(sql("amount BETWEEN 0.8*$limit AND (1 - 0.1) * $limit"), "amount BETWEEN 8000 AND 9000");
        assert_eq!(sql("duration > 36h"), "duration > INTERVAL '36 hours'");
        assert_eq!(sql("kind = 'a 7d $limit @x'"), "kind = 'a 7d $limit @x'");
        assert_eq!(sql("sender.kind = 'person'"), "\"sender.kind\" = 'person'");
    }

    #[test]
    fn every_function_in_the_list_runs() {
        let calls = [
            "abs(amount) > 1",
            "ceil(amount) > 1",
            "coalesce(kind, 'x') = 'x'",
            "date_part('hour', timestamp) = 3",
            "ends_with(kind, 'x')",
            "floor(amount) > 1",
            "greatest(amount, 2) > 1",
            "least(amount, 2) > 1",
            "left(kind, 2) = 'pe'",
            "length(kind) = 2",
            "lower(kind) = 'x'",
            "ltrim(kind) = 'x'",
            "mod(amount, 10) = 0",
            "nullif(kind, 'x') = 'y'",
            "replace(kind, 'a', 'b') = 'x'",
            "right(kind, 2) = 'pe'",
            "round(amount, 0) = 1",
            "rtrim(kind) = 'x'",
            "starts_with(kind, 'x')",
            "upper(kind) = 'X'",
        ];
        for (name, call) in FUNCTIONS.iter().zip(calls) {
            assert!(call.starts_with(name), "{call} shows {name}");
            assert!(sql(call).starts_with(name) || sql(call).starts_with(&name.to_uppercase()), "{}", sql(call));
        }
        assert!(
            sql("EXTRACT(hour FROM timestamp) < 6").starts_with("EXTRACT"),
            "{}",
            sql("EXTRACT(hour FROM timestamp) < 6")
        );
    }

    #[test]
    fn what_predicates_do_not_take_is_refused_by_name() {
        assert!(sql("amount > (SELECT 1)").contains("a sub-select"));
        assert!(sql("amount IN (SELECT 1)").contains("a sub-select"));
        assert!(sql("sum(amount) > 1").contains("the function `sum`"));
        assert!(sql("sum(amount) OVER () > 1").contains("a window function"));
        assert!(sql("amount > 1 AS x").contains("behind the condition"));
        assert!(sql("duration > INTERVAL 'soon'").contains("an interval of this form"));
        assert!(sql("kind IN (@high_risk)").contains("List(\"high_risk\")"));
        assert!(sql("amount > $x").contains("Parameter(\"x\")"));
        assert!(sql("amount >").contains("Syntax"));
        assert!(sql("amount + 1").contains("not yes or no"));
        assert!(sql("kind > 5").contains("Kinds"), "{}", sql("kind > 5"));
    }
}
