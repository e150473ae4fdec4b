//! Numbers, durations and ranges as rules write them: `5`, `0.8`, `48h`, `(1 - $kept_max)..1.0`, exactly.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::columns::{Ratio, Span};

use super::{Parameter, Value};

/// The parameters of a rule, and which of them have been used.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) values: BTreeMap<String, Value>,
    /// Parameters whose declaration has a mistake: they have no value, and are not unknown either.
    broken: BTreeSet<String>,
    used: RefCell<BTreeSet<String>>,
}

impl Scope {
    pub(super) fn new(parameters: &[Parameter], broken: BTreeSet<String>) -> Self {
        let values = parameters.iter().map(|parameter| (parameter.name.clone(), parameter.value.clone())).collect();
        Self { values, broken, used: RefCell::default() }
    }

    /// The value of a parameter, which counts as used from now on.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.used.borrow_mut().insert(name.to_owned());
        self.values.get(name)
    }

    pub(super) fn is_broken(&self, name: &str) -> bool {
        self.broken.contains(name)
    }

    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text is not an expression; where, and what was expected.
    Syntax(Range<usize>, String),
    /// A parameter that does not exist; where, and its name.
    Parameter(Range<usize>, String),
}

/// A duration or number written alone, without arithmetic: the value of a parameter.
pub(super) fn literal(text: &str) -> Value {
    let text = text.trim();
    if let Ok(span) = text.parse::<Span>() {
        return Value::Duration(span);
    }
    text.parse::<Ratio>().map_or_else(|_| Value::Text(text.to_owned()), Value::Number)
}

impl Value {
    /// A value as `--set` and a parameter's default write it: a duration, a number, or else a text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        literal(text)
    }

    /// `self sign other`, exactly, with one of `+ - * /`; `None` where the kinds do not go together or it does not fit.
    #[must_use]
    pub fn combined(&self, sign: char, other: &Self) -> Option<Self> {
        combine(sign, self, other)
    }
}

/// The two ends of `lo..hi`, each with its place; a value alone is both ends.
pub(super) type Ends<'t> = (Option<(&'t str, usize)>, Option<(&'t str, usize)>);

/// Splits a range at its two dots.
pub(super) fn split(text: &str) -> Ends<'_> {
    let end = |from: usize, part: &'_ str| -> Option<(usize, usize)> {
        let trimmed = part.trim();
        let at = from + (part.len() - part.trim_start().len());
        (!trimmed.is_empty()).then_some((at, at + trimmed.len()))
    };
    let slice = |ends: Option<(usize, usize)>| ends.map(|(from, to)| (&text[from..to], from));
    match text.find("..") {
        Some(at) => (slice(end(0, &text[..at])), slice(end(at + 2, &text[at + 2..]))),
        None => (slice(end(0, text)), slice(end(0, text))),
    }
}

/// The value of an expression of numbers, durations, parameters, `+ - * /` and parentheses.
pub(super) fn evaluate(text: &str, scope: &Scope) -> Result<Value, Fault> {
    let mut reader = Reader { text, at: 0, depth: 0, scope };
    let value = reader.sum()?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(Fault::Syntax(reader.at..text.len(), "nothing more is expected here".to_owned()));
    }
    Ok(value)
}

/// Parentheses within parentheses, at most: nobody writes more, and each takes a piece of the stack.
const DEEPEST: usize = 32;

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    scope: &'t Scope,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fault(&self, expected: &str) -> Fault {
        Fault::Syntax(self.at..self.text.len().max(self.at), format!("expected {expected} here"))
    }

    fn take(&mut self, signs: &[char]) -> Option<char> {
        self.skip_blanks();
        let next = self.rest().chars().next().filter(|sign| signs.contains(sign))?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn sum(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        let mut value = self.product()?;
        while let Some(sign) = self.take(&['+', '-']) {
            let other = self.product()?;
            value = combine(sign, &value, &other).ok_or_else(|| self.unfit(start))?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<Value, Fault> {
        let start = self.at;
        let mut value = self.atom()?;
        while let Some(sign) = self.take(&['*', '/']) {
            let other = self.atom()?;
            value = combine(sign, &value, &other).ok_or_else(|| self.unfit(start))?;
        }
        Ok(value)
    }

    fn unfit(&self, start: usize) -> Fault {
        Fault::Syntax(start..self.at, "these two values cannot be combined like this".to_owned())
    }

    fn atom(&mut self) -> Result<Value, Fault> {
        if self.take(&['(']).is_some() {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(self.fault("fewer parentheses"));
            }
            let value = self.sum()?;
            self.take(&[')']).ok_or_else(|| self.fault("`)`"))?;
            self.depth -= 1;
            return Ok(value);
        }
        if self.take(&['-']).is_some() {
            let start = self.at;
            if self.rest().trim_start().starts_with('-') {
                return Err(self.fault("one minus"));
            }
            let value = self.atom()?;
            let nothing = match value {
                Value::Duration(_) => Value::Duration(Span::ZERO),
                _ => Value::Number(Ratio::new(0, 1).expect("one is not zero")),
            };
            return combine('-', &nothing, &value).ok_or_else(|| self.unfit(start));
        }
        if self.take(&['$']).is_some() {
            let length =
                self.rest().find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest().len());
            let (place, name) = (self.at - 1..self.at + length, self.rest()[..length].to_owned());
            self.at += length;
            return self.scope.get(&name).cloned().ok_or(Fault::Parameter(place, name));
        }
        self.skip_blanks();
        let length = self.rest().find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(self.rest().len());
        let word = &self.rest()[..length];
        match literal(word) {
            Value::Text(_) => Err(Fault::Syntax(
                self.at..(self.at + length.max(1)).min(self.text.len()),
                "expected a number such as `0.8`, a duration such as `48h` or a parameter such as `$name`".to_owned(),
            )),
            value => {
                self.at += length;
                Ok(value)
            }
        }
    }
}

/// `left sign right`, exactly; `None` where the kinds do not go together or the result does not fit.
pub(super) fn combine(sign: char, left: &Value, right: &Value) -> Option<Value> {
    let parts = |ratio: &Ratio| (i128::from(ratio.numerator()), i128::from(ratio.denominator()));
    let scaled = |span: &Span, numerator: i128, denominator: i128| {
        let micros = i128::from(span.0) * numerator / denominator;
        i64::try_from(micros).ok().map(|micros| Value::Duration(Span(micros)))
    };
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let ((n, d), (m, e)) = (parts(left), parts(right));
            let (numerator, denominator) = match sign {
                '+' => (n * e + m * d, d * e),
                '-' => (n * e - m * d, d * e),
                '*' => (n * m, d * e),
                _ => (n * e, d * m),
            };
            Ratio::new(numerator, denominator).map(Value::Number)
        }
        (Value::Duration(left), Value::Duration(right)) => match sign {
            '+' => left.0.checked_add(right.0).map(|micros| Value::Duration(Span(micros))),
            '-' => left.0.checked_sub(right.0).map(|micros| Value::Duration(Span(micros))),
            '/' => Ratio::new(left.0.into(), right.0.into()).map(Value::Number),
            _ => None,
        },
        (Value::Duration(span), Value::Number(by)) => {
            let (numerator, denominator) = parts(by);
            match sign {
                '*' => scaled(span, numerator, denominator),
                '/' if numerator != 0 => scaled(span, denominator, numerator),
                _ => None,
            }
        }
        (Value::Number(by), Value::Duration(span)) if sign == '*' => {
            let (numerator, denominator) = parts(by);
            scaled(span, numerator, denominator)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let parameter = |name: &str, value: Value| Parameter {
            name: name.to_owned(),
            default: value.clone(),
            value,
            range: None,
            help: String::new(),
        };
        let kept = Value::Number("0.2".parse().expect("a decimal"));
        Scope::new(&[parameter("kept", kept), parameter("week", Value::Duration(Span::WEEK))], BTreeSet::new())
    }

    fn shown(text: &str) -> String {
        evaluate(text, &scope()).map_or_else(|fault| format!("{fault:?}"), |value| value.to_string())
    }

    #[test]
    fn arithmetic_is_exact() {
        assert_eq!(shown("(1 - $kept)"), "0.8");
        assert_eq!(shown("0.1 + 0.2"), "0.3");
        assert_eq!(shown("2 * $week - 1d"), "13d");
        assert_eq!(shown("1 / 3"), "1/3");
        assert_eq!(shown("-2 * -$week"), "14d");
    }

    #[test]
    fn what_does_not_go_together_is_refused_with_its_place() {
        assert_eq!(shown("$nobody"), "Parameter(0..7, \"nobody\")");
        assert!(shown("1d + 2").starts_with("Syntax(0..6"));
        assert!(shown("5 apples").starts_with("Syntax(2..8"));
        assert!(shown("1 / 0").starts_with("Syntax"));
        assert!(shown(&"(".repeat(100_000)).starts_with("Syntax"));
    }

    #[test]
    fn a_range_splits_at_its_two_dots() {
        assert_eq!(split("0.8..1.0"), (Some(("0.8", 0)), Some(("1.0", 5))));
        assert_eq!(split("5.."), (Some(("5", 0)), None));
        assert_eq!(split(".. $x"), (None, Some(("$x", 3))));
        assert_eq!(split("3"), (Some(("3", 0)), Some(("3", 0))));
    }
}
