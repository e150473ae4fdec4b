//! The tree of a predicate: what it must not hold is refused, `sender.kind` becomes one name, constants are folded.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Interval, Query,
    Spanned, TimezoneInfo, TypedString, UnaryOperator, Value as SqlValue, ValueWithSpan, VisitMut, VisitorMut,
};

use crate::columns::{History, Ratio};

use super::Value;
use super::fill::{Filled, interval, interval_span, number};
use super::number::combine;
use super::predicate::{Fault, Mention, What};

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

/// Refuses what predicates do not take, brings the rest into the form that polars-sql takes, and gives the columns.
pub(super) fn walk(tree: &mut Expr, filled: &Filled) -> Result<BTreeMap<String, Mention>, Fault> {
    let mut walk = Walk { filled, columns: BTreeMap::new() };
    match tree.visit(&mut walk) {
        ControlFlow::Break(fault) => Err(fault),
        ControlFlow::Continue(()) => Ok(walk.columns),
    }
}

struct Walk<'f> {
    filled: &'f Filled,
    columns: BTreeMap<String, Mention>,
}

impl Walk<'_> {
    fn refuse(&self, at: &impl Spanned, what: &str) -> ControlFlow<Fault> {
        ControlFlow::Break(Fault { place: self.filled.place(at.span()), what: What::Refused(what.to_owned()) })
    }

    fn mention(&mut self, parts: &[Ident]) -> ControlFlow<Fault, String> {
        let name = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let span = parts.iter().map(|part| part.span).reduce(|all, part| all.union(&part));
        let place = span.and_then(|span| self.filled.place(span));
        // polars reads such a name as a pattern over all names.
        if name == "*" || (name.starts_with('^') && name.ends_with('$')) {
            return ControlFlow::Break(Fault { place, what: What::Refused("a pattern of names".to_owned()) });
        }
        let quoted = parts.iter().any(|part| part.quote_style.is_some());
        self.columns.entry(name.clone()).or_insert(Mention { place, quoted });
        ControlFlow::Continue(name)
    }
}

impl VisitorMut for Walk<'_> {
    type Break = Fault;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Fault> {
        self.refuse(query, "a sub-select")
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Fault> {
        if let Some((name, negated)) = list_test(expr) {
            let column = Expr::Identifier(Ident { value: name, quote_style: Some('"'), span: expr.span() });
            *expr = if negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(column) } } else { column };
            return ControlFlow::Continue(());
        }
        if let Some(name) = column_call(expr) {
            let span = expr.span();
            *expr = Expr::Identifier(Ident { value: name, quote_style: Some('"'), span });
        }
        if let Some(what) = refusal(expr) {
            // The place of what stands inside is closer than that of the whole.
            return match expr {
                Expr::Subquery(query)
                | Expr::Exists { subquery: query, .. }
                | Expr::InSubquery { subquery: query, .. } => self.refuse(query.as_ref(), &what),
                _ => self.refuse(expr, &what),
            };
        }
        match expr {
            Expr::Value(ValueWithSpan { value: SqlValue::Number(text, _), span }) if text.parse::<Ratio>().is_err() => {
                let what = What::Syntax("a number is a decimal of at most 18 digits".to_owned());
                ControlFlow::Break(Fault { place: self.filled.place(*span), what })
            }
            Expr::InList { list, .. } => {
                if let Some(item) = list.iter().find(|item| !is_literal(item)) {
                    return self.refuse(item, "anything but literals in a list");
                }
                if let Some(item) = list.iter().find(|item| is_null(item)) {
                    return self.refuse(item, "NULL in a list, which nothing is equal to; write `IS NULL`");
                }
                align_numbers(list);
                ControlFlow::Continue(())
            }
            Expr::BinaryOp { left, op, right } if is_comparison(op) && (is_null(left) || is_null(right)) => {
                self.refuse(expr, "a comparison with NULL, which is never true; write `IS NULL`")
            }
            Expr::TypedString(typed) => match time(typed) {
                Some(text) => {
                    typed.data_type = DataType::Timestamp(None, TimezoneInfo::None);
                    typed.value.value = SqlValue::SingleQuotedString(text);
                    ControlFlow::Continue(())
                }
                None => self.refuse(expr, "a time of this form"),
            },
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Fault> {
        match expr {
            Expr::CompoundIdentifier(parts) => {
                let span = parts.iter().map(|part| part.span).reduce(|all, part| all.union(&part));
                let name = self.mention(parts)?;
                let ident = Ident { value: name, quote_style: Some('"'), span: span.expect("a name has parts") };
                *expr = Expr::Identifier(ident);
            }
            Expr::Identifier(name) => {
                let name = name.clone();
                self.mention(&[name])?;
            }
            Expr::Nested(inner) if constant(inner).is_some() => *expr = inner.as_ref().clone(),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
                if let Some(Value::Number(ratio)) = constant(inner).filter(|_| is_negative(inner)) {
                    let positive = Ratio::new(-i128::from(ratio.numerator()), ratio.denominator().into());
                    *expr = literal(positive.expect("the sign alone is another"));
                } else if is_negative(inner) {
                    // Two signs in a row begin a comment.
                    **inner = Expr::Nested(inner.clone());
                }
            }
            Expr::BinaryOp { left, op, right } => {
                if let Some(folded) = fold(left, op, right) {
                    *expr = folded;
                } else if matches!(op, BinaryOperator::Plus | BinaryOperator::Minus)
                    && matches!(right.as_ref(), Expr::Interval(_))
                {
                    // polars-sql takes a bare interval behind a sign for an offset of the calendar.
                    **right = Expr::Nested(right.clone());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The name of the column that a test against a reference list stands for, and whether the test is negated:
/// `receiver.country IN (@high_risk)`.
fn list_test(expr: &Expr) -> Option<(String, bool)> {
    let Expr::InList { expr, list, negated } = expr else { return None };
    let [Expr::Identifier(list)] = list.as_slice() else { return None };
    let column = match expr.as_ref() {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        _ => return None,
    };
    list.value.starts_with('@').then(|| (format!("{column} IN {}", list.value), *negated))
}

/// The name of the column that a call stands for: `sender_median(90d)`, `gather_distinct(sender.country)`.
fn column_call(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string();
    if !(History::CALLS.contains(&name.as_str()) || name.ends_with("_distinct")) {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else { return None };
    let argument = match argument {
        Expr::Interval(written) => span_of(written)?.to_string(),
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join("."),
        _ => return None,
    };
    Some(format!("{name}({argument})"))
}

/// What an expression is, if predicates do not take it.
fn refusal(expr: &Expr) -> Option<String> {
    let what = match expr {
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Nested(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::Case { .. }
        | Expr::Extract { .. }
        | Expr::Ceil { .. }
        | Expr::Floor { .. }
        | Expr::Substring { .. }
        | Expr::Trim { .. }
        | Expr::TypedString(_) => return None,
        Expr::Value(ValueWithSpan { value, .. }) => match value {
            SqlValue::Number(_, false) | SqlValue::SingleQuotedString(_) | SqlValue::Boolean(_) | SqlValue::Null => {
                return None;
            }
            _ => "a value of this form",
        },
        Expr::UnaryOp { op, .. } => match op {
            UnaryOperator::Plus | UnaryOperator::Minus | UnaryOperator::Not => return None,
            other => return Some(format!("the operator `{other}`")),
        },
        Expr::BinaryOp { op, .. } => return (!is_known(op)).then(|| format!("the operator `{op}`")),
        Expr::Interval(interval) if span_of(interval).is_some() => return None,
        Expr::Interval(_) => "an interval of this form; write a duration such as `180d`",
        Expr::Function(function) => return call(function),
        // The parser takes all that follows for the right side, `AND` included.
        Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => "`IS DISTINCT FROM`",
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => "a sub-select",
        Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => "a wildcard",
        _ => "an expression of this form",
    };
    Some(what.to_owned())
}

fn is_known(op: &BinaryOperator) -> bool {
    use BinaryOperator::{
        And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, PGRegexIMatch, PGRegexMatch,
        PGRegexNotIMatch, PGRegexNotMatch, Plus, StringConcat,
    };
    matches!(
        op,
        And | Or
            | Eq
            | NotEq
            | Gt
            | GtEq
            | Lt
            | LtEq
            | Plus
            | Minus
            | Multiply
            | Divide
            | Modulo
            | StringConcat
            | PGRegexMatch
            | PGRegexIMatch
            | PGRegexNotMatch
            | PGRegexNotIMatch
    )
}

/// What a function call is, if predicates do not take it.
fn call(function: &Function) -> Option<String> {
    let name = function.name.to_string().to_lowercase();
    if function.over.is_some() {
        return Some("a window function".to_owned());
    }
    if !FUNCTIONS.contains(&name.as_str()) {
        return Some(format!("the function `{name}`"));
    }
    let FunctionArguments::List(list) = &function.args else { return Some("a function call of this form".to_owned()) };
    let plain = list.clauses.is_empty()
        && list.duplicate_treatment.is_none()
        && function.filter.is_none()
        && function.null_treatment.is_none()
        && function.within_group.is_empty()
        && matches!(function.parameters, FunctionArguments::None)
        && !function.uses_odbc_syntax;
    if !plain {
        return Some("a function call of this form".to_owned());
    }
    let value = |argument: &FunctionArg| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(_)));
    (!list.args.iter().all(value)).then(|| "a wildcard".to_owned())
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Gt | GtEq | Lt | LtEq)
}

fn is_null(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value: SqlValue::Null, .. }) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_null(expr),
        _ => false,
    }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_literal(expr),
        _ => false,
    }
}

/// Where one number of a list has a fraction, all are written with one, since a list is of one type.
fn align_numbers(list: &mut [Expr]) {
    fn number(expr: &mut Expr) -> Option<&mut String> {
        match expr {
            Expr::Value(ValueWithSpan { value: SqlValue::Number(text, _), .. }) => Some(text),
            Expr::UnaryOp { expr, .. } => number(expr),
            _ => None,
        }
    }
    let fractions = list.iter_mut().filter_map(number).any(|text| text.contains('.'));
    for text in list.iter_mut().filter_map(number).filter(|text| fractions && !text.contains('.')) {
        text.push_str(".0");
    }
}

/// A `DATE` or `TIMESTAMP` literal as polars-sql reads it; times without an offset are UTC.
fn time(typed: &TypedString) -> Option<String> {
    let SqlValue::SingleQuotedString(text) = &typed.value.value else { return None };
    let time = match typed.data_type {
        DataType::Date => text.parse::<jiff::civil::Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
        DataType::Timestamp(None, TimezoneInfo::None) => match text.parse::<jiff::Timestamp>() {
            Ok(stamp) => jiff::tz::Offset::UTC.to_datetime(stamp),
            Err(_) => text.parse::<jiff::civil::DateTime>().ok()?,
        },
        _ => return None,
    };
    let fraction = if time.subsec_nanosecond() == 0 { "" } else { "%.6f" };
    (time.year() >= 1).then(|| time.strftime(&format!("%Y-%m-%d %H:%M:%S{fraction}")).to_string())
}

/// The length of time of an interval that is written as durations are filled in.
pub(super) fn span_of(written: &Interval) -> Option<crate::columns::Span> {
    let Expr::Value(ValueWithSpan { value: SqlValue::SingleQuotedString(text), .. }) = written.value.as_ref() else {
        return None;
    };
    let alone = written.leading_field.is_none()
        && written.leading_precision.is_none()
        && written.last_field.is_none()
        && written.fractional_seconds_precision.is_none();
    interval_span(text).filter(|_| alone)
}

/// The value of a literal, or of one with a sign or in parentheses.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Value(ValueWithSpan { value: SqlValue::Number(text, _), .. }) => text.parse().ok().map(Value::Number),
        Expr::Interval(written) => span_of(written).map(Value::Duration),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match constant(expr)? {
            Value::Number(ratio) => {
                Ratio::new(-i128::from(ratio.numerator()), ratio.denominator().into()).map(Value::Number)
            }
            Value::Duration(_) | Value::Text(_) => None,
        },
        Expr::Nested(inner) => constant(inner),
        _ => None,
    }
}

/// A number as a tree.
fn literal(ratio: Ratio) -> Expr {
    let text = number(ratio);
    let positive = Expr::value(SqlValue::Number(text.trim_start_matches('-').to_owned(), false));
    if text.starts_with('-') { Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(positive) } } else { positive }
}

fn is_negative(expr: &Expr) -> bool {
    matches!(expr, Expr::UnaryOp { op: UnaryOperator::Minus, .. })
}

/// A constant in place of two constants, exactly: `0.8 * 10000` is `8000`.
fn fold(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expr> {
    let sign = match op {
        BinaryOperator::Plus => '+',
        BinaryOperator::Minus => '-',
        BinaryOperator::Multiply => '*',
        BinaryOperator::Divide => '/',
        _ => return None,
    };
    match combine(sign, &constant(left)?, &constant(right)?)? {
        Value::Number(ratio) => Some(literal(ratio)),
        Value::Duration(span) => interval(span).map(|text| {
            Expr::Interval(Interval {
                value: Box::new(Expr::value(SqlValue::SingleQuotedString(text))),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            })
        }),
        Value::Text(_) => None,
    }
}
