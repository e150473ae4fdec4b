//! Whether the values in a predicate go together: numbers with numbers, times with times, durations with durations.
//!
//! polars would compare a duration with a bare number of microseconds; a rule that says `duration > 5` means
//! something else. Columns that only the ledger knows get the kind that they are used as.

use std::collections::BTreeMap;

use sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned,
    UnaryOperator, Value as SqlValue, ValueWithSpan,
};

use super::fill::Filled;
use super::predicate::{Fault, What};

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// A whole number; goes with [`Kind::Number`].
    Count,
    Time,
    Duration,
    Truth,
}

impl Kind {
    fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number | Self::Count => "a number",
            Self::Time => "a point in time",
            Self::Duration => "a length of time",
            Self::Truth => "a condition",
        }
    }

    fn goes_with(self, other: Self) -> bool {
        self.describe() == other.describe()
    }
}

/// Checks that a tree is a condition over values that go together; gives the kinds of columns that `kind_of` leaves
/// open and that their use decides.
pub(super) fn check(
    tree: &Expr,
    filled: &Filled,
    kind_of: &dyn Fn(&str) -> Option<Kind>,
) -> Result<BTreeMap<String, Kind>, Fault> {
    let mut kinds = Kinds { filled, kind_of, guessed: BTreeMap::new() };
    kinds.expect(tree, Kind::Truth)?;
    Ok(kinds.guessed)
}

struct Kinds<'k> {
    filled: &'k Filled,
    kind_of: &'k dyn Fn(&str) -> Option<Kind>,
    guessed: BTreeMap<String, Kind>,
}

type Found = Result<Option<Kind>, Fault>;

impl Kinds<'_> {
    /// The kind of an expression, where it can be told.
    fn of(&mut self, expr: &Expr) -> Found {
        match expr {
            Expr::Identifier(name) => {
                Ok((self.kind_of)(&name.value).or_else(|| self.guessed.get(&name.value).copied()))
            }
            Expr::Value(ValueWithSpan { value, .. }) => Ok(match value {
                SqlValue::Number(..) => Some(Kind::Number),
                SqlValue::SingleQuotedString(_) => Some(Kind::Text),
                SqlValue::Boolean(_) => Some(Kind::Truth),
                _ => None,
            }),
            Expr::Interval(_) => Ok(Some(Kind::Duration)),
            Expr::TypedString(typed) => Ok(matches!(typed.data_type, DataType::Timestamp(..)).then_some(Kind::Time)),
            Expr::Nested(inner) => self.of(inner),
            Expr::UnaryOp { op: UnaryOperator::Not, expr }
            | Expr::IsTrue(expr)
            | Expr::IsNotTrue(expr)
            | Expr::IsFalse(expr)
            | Expr::IsNotFalse(expr) => self.all([expr.as_ref()], Kind::Truth, Kind::Truth),
            Expr::UnaryOp { expr, .. } | Expr::Ceil { expr, .. } | Expr::Floor { expr, .. } => {
                self.all([expr.as_ref()], Kind::Number, Kind::Number)
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                self.of(inner)?;
                Ok(Some(Kind::Truth))
            }
            Expr::BinaryOp { left, op, right } => self.operation(left, op, right),
            Expr::Between { expr, low, high, .. } => self.comparison([expr.as_ref(), low, high]),
            Expr::InList { expr, list, .. } => self.comparison(std::iter::once(expr.as_ref()).chain(list)),
            Expr::Like { expr, pattern, .. } | Expr::ILike { expr, pattern, .. } => {
                self.all([expr.as_ref(), pattern], Kind::Text, Kind::Truth)
            }
            Expr::Extract { expr, .. } => self.all([expr.as_ref()], Kind::Time, Kind::Number),
            Expr::Trim { expr, .. } => self.all([expr.as_ref()], Kind::Text, Kind::Text),
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let numbers = substring_from.iter().chain(substring_for).map(AsRef::as_ref);
                self.all(numbers, Kind::Number, Kind::Text)?;
                self.all([expr.as_ref()], Kind::Text, Kind::Text)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Function(function) => self.call(function),
            _ => Ok(None),
        }
    }

    /// Checks that an expression is of a kind; an open column becomes it.
    fn expect(&mut self, expr: &Expr, wanted: Kind) -> Result<(), Fault> {
        match self.of(expr)? {
            Some(kind) if kind.goes_with(wanted) => Ok(()),
            Some(kind) => Err(self.unfit(expr, kind, wanted)),
            None => {
                if let Some(name) = column(expr) {
                    self.guessed.insert(name.to_owned(), wanted);
                }
                Ok(())
            }
        }
    }

    fn unfit(&self, expr: &Expr, kind: Kind, wanted: Kind) -> Fault {
        let message = format!("this is {}, where {} is needed", kind.describe(), wanted.describe());
        Fault { place: self.filled.place(expr.span()), what: What::Kinds(message) }
    }

    /// All expressions are of one kind; the outcome is of another.
    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, wanted: Kind, outcome: Kind) -> Found {
        exprs.into_iter().try_for_each(|expr| self.expect(expr, wanted))?;
        Ok(Some(outcome))
    }

    /// The kind that all these expressions share.
    fn shared<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr> + Clone) -> Found {
        for expr in exprs.clone() {
            if let Some(kind) = self.of(expr)? {
                exprs.into_iter().try_for_each(|expr| self.expect(expr, kind))?;
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    fn comparison<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr> + Clone) -> Found {
        self.shared(exprs)?;
        Ok(Some(Kind::Truth))
    }

    fn operation(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Found {
        use BinaryOperator::{And, Divide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or, Plus};
        match op {
            And | Or => self.all([left, right], Kind::Truth, Kind::Truth),
            Eq | NotEq | Lt | LtEq | Gt | GtEq => self.comparison([left, right]),
            Plus | Minus | Multiply | Divide => self.arithmetic(left, op, right),
            Modulo => self.all([left, right], Kind::Number, Kind::Number),
            BinaryOperator::StringConcat => self.all([left, right], Kind::Text, Kind::Text),
            _ => self.all([left, right], Kind::Text, Kind::Truth),
        }
    }

    fn arithmetic(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Found {
        use BinaryOperator::{Divide, Minus, Multiply, Plus};
        let plain = |kind: Kind| if kind == Kind::Count { Kind::Number } else { kind };
        let (a, b) = (self.of(left)?.map(plain), self.of(right)?.map(plain));
        Ok(match (a, op, b) {
            (Some(Kind::Duration), Divide, Some(Kind::Duration)) => Some(Kind::Number),
            (Some(Kind::Time), Plus | Minus, Some(Kind::Duration)) | (Some(Kind::Duration), Plus, Some(Kind::Time)) => {
                Some(Kind::Time)
            }
            (Some(Kind::Time), Minus, Some(Kind::Time))
            | (Some(Kind::Duration), Plus | Minus, Some(Kind::Duration))
            | (Some(Kind::Duration), Multiply | Divide, Some(Kind::Number))
            | (Some(Kind::Number), Multiply, Some(Kind::Duration)) => Some(Kind::Duration),
            (Some(Kind::Number) | None, _, Some(Kind::Number)) | (Some(Kind::Number), _, None) => {
                return self.all([left, right], Kind::Number, Kind::Number);
            }
            (None, ..) | (Some(Kind::Time | Kind::Duration), _, None) => None,
            (Some(Kind::Time | Kind::Duration | Kind::Number), _, Some(kind)) => {
                return Err(self.unfit(right, kind, a.expect("the left side has a kind")));
            }
            (Some(kind), ..) => return Err(self.unfit(left, kind, Kind::Number)),
        })
    }

    fn case(&mut self, operand: Option<&Expr>, conditions: &[CaseWhen], otherwise: Option<&Expr>) -> Found {
        let tests = conditions.iter().map(|when| &when.condition);
        match operand {
            Some(operand) => drop(self.shared(std::iter::once(operand).chain(tests))?),
            None => drop(self.all(tests, Kind::Truth, Kind::Truth)?),
        }
        self.shared(conditions.iter().map(|when| &when.result).chain(otherwise))
    }

    fn call(&mut self, function: &Function) -> Found {
        let FunctionArguments::List(list) = &function.args else { return Ok(None) };
        let values: Vec<&Expr> = list
            .args
            .iter()
            .filter_map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                _ => None,
            })
            .collect();
        let first = values.iter().copied().take(1);
        match function.name.to_string().to_lowercase().as_str() {
            "abs" | "ceil" | "floor" | "mod" | "round" => self.all(values, Kind::Number, Kind::Number),
            "lower" | "upper" | "ltrim" | "rtrim" | "replace" => self.all(values, Kind::Text, Kind::Text),
            "left" | "right" => self.all(first, Kind::Text, Kind::Text),
            "length" => self.all(first, Kind::Text, Kind::Number),
            "starts_with" | "ends_with" => self.all(values, Kind::Text, Kind::Truth),
            "date_part" => self.all(values.into_iter().skip(1), Kind::Time, Kind::Number),
            _ => self.shared(values),
        }
    }
}

/// The column that an expression is, in parentheses or not.
fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(name) => Some(&name.value),
        Expr::Nested(inner) => column(inner),
        _ => None,
    }
}
