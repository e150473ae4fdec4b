//! Which parameter of the rule moves a bound, and how far it must be moved to let a value in.
//!
//! The rule is compiled anew with other values, and the bounds are compared: nothing is guessed from its text.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::columns::{Ratio, RowId, Span};
use crate::lang::{self, Comparison, Flow, Override, Parameter, Shape, Source, TypologySet};
use crate::search::SearchError;

use super::clause::{self, Clause};
use super::inquiry::Inquiry;
use super::measure::{Check, Value};
use super::words;

/// A parameter that moves the bound which a value lies beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its name.
    pub parameter: String,
    /// Its value in force.
    pub from: String,
    /// The value that just lets it in.
    pub to: String,
    /// The range of the parameter, where it forbids that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forbidden_by: Option<String>,
    /// What a whole run finds with that value, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What a whole run finds with another value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Matches now.
    pub before: usize,
    /// Matches then.
    pub after: usize,
    /// Whether one of them holds the given transfers.
    pub holds_them: bool,
}

/// The parameter that lets a value in which fails a clause; nothing where none does, or the texts are not known.
pub(super) fn moved(inquiry: &Inquiry<'_>, variant: usize, check: &Check) -> Option<Moved> {
    let trial = Trial { inquiry, variant, check, value: number_of(check.value?)? };
    inquiry.typology().parameters.iter().find_map(|parameter| trial.of(parameter))
}

/// The same with what a whole run then finds.
pub(super) fn with_outcome(inquiry: &Inquiry<'_>, mut moved: Moved, rows: &[RowId]) -> Result<Moved, SearchError> {
    if moved.forbidden_by.is_some() {
        return Ok(moved);
    }
    let Some(set) = compiled(inquiry, &moved.parameter, &moved.to) else { return Ok(moved) };
    let rule = set.position(&inquiry.typology().id).expect("the rule is among those that were compiled");
    let then = Inquiry::new(inquiry.searcher, &set, rule, &inquiry.limits, &AtomicBool::new(false))?;
    let (before, after) = (inquiry.matches().count(), then.matches().count());
    moved.outcome = Some(Outcome { before, after, holds_them: then.holder(rows).is_some() });
    Ok(moved)
}

/// The rule and those that it uses, with another value of one parameter; nothing where it does not take that value.
fn compiled(inquiry: &Inquiry<'_>, parameter: &str, value: &str) -> Option<TypologySet> {
    let texts = inquiry.texts?;
    let id = &inquiry.typology().id;
    let used: Vec<&str> = inquiry
        .set
        .with_used([inquiry.rule])
        .into_iter()
        .map(|rule| inquiry.set.typologies[rule].path.as_str())
        .collect();
    let sources: Vec<Source> =
        texts.sources.iter().filter(|source| used.contains(&source.path.as_str())).cloned().collect();
    let mine = |set: &&Override| {
        inquiry.set.typologies.iter().any(|rule| rule.id == set.rule && used.contains(&rule.path.as_str()))
    };
    let others = |set: &&Override| !(set.rule == *id && set.parameter == parameter);
    let mut overrides: Vec<Override> = texts.overrides.iter().filter(mine).filter(others).cloned().collect();
    overrides.push(Override { rule: id.clone(), parameter: parameter.to_owned(), value: value.to_owned() });
    lang::compile(&sources, &overrides).set
}

/// A value that lies beyond a bound, and the parameters that could move it.
struct Trial<'a, 's> {
    inquiry: &'a Inquiry<'s>,
    variant: usize,
    check: &'a Check,
    value: f64,
}

impl Trial<'_, '_> {
    /// How far a parameter must be moved, if it moves the bound.
    fn of(&self, parameter: &Parameter) -> Option<Moved> {
        let here = number(&parameter.value)?;
        let bound_here = self.bound(&self.inquiry.plans[self.variant].flow)?;
        let (there, bound_there) = self.elsewhere(parameter, here, bound_here)?;
        let slope = (there - here) / (bound_there - bound_here);
        let exact = here + (self.value - bound_here) * slope;
        let up = exact > here;
        let whole = self.is_whole(parameter);
        let to = written(&parameter.value, exact, up, whole)?;
        let moved = number(&to)?;
        let allowed = parameter.range.as_ref().is_none_or(|(least, most)| {
            number(least).is_some_and(|least| least <= moved) && number(most).is_some_and(|most| moved <= most)
        });
        let range = parameter.range.as_ref().map(|(least, most)| format!("{least}..{most}"));
        let told = Moved {
            parameter: parameter.name.clone(),
            from: text(&parameter.value),
            to: text(&to),
            forbidden_by: range.filter(|_| !allowed),
            outcome: None,
        };
        (!allowed || self.lets_in(parameter, &to)).then_some(told)
    }

    /// Another value of the parameter that moves the bound, and the bound then.
    fn elsewhere(&self, parameter: &Parameter, here: f64, bound_here: f64) -> Option<(f64, f64)> {
        let ends = parameter.range.iter().flat_map(|(least, most)| [least.clone(), most.clone()]);
        let near = [1.01, 0.99, 2.0, 0.5]
            .into_iter()
            .filter_map(|factor| written(&parameter.value, here * factor, factor > 1.0, false));
        ends.chain(near).find_map(|value| {
            let there = number(&value).filter(|there| (there - here).abs() > f64::EPSILON)?;
            let bound = self.bound(&self.flow_with(parameter, &value)?)?;
            ((bound - bound_here).abs() > f64::EPSILON).then_some((there, bound))
        })
    }

    fn flow_with(&self, parameter: &Parameter, value: &lang::Value) -> Option<Flow> {
        let set = compiled(self.inquiry, &parameter.name, &text(value))?;
        let rule = set.position(&self.inquiry.typology().id)?;
        set.typologies[rule].flows().nth(self.variant).cloned()
    }

    fn lets_in(&self, parameter: &Parameter, value: &lang::Value) -> bool {
        let bound = self.flow_with(parameter, value).and_then(|flow| self.bound(&flow));
        let below = self.bound(&self.inquiry.plans[self.variant].flow).is_some_and(|bound| self.value < bound);
        bound.is_some_and(|bound| if below { bound <= self.value } else { bound >= self.value })
    }

    /// The end of the clause's range that the value lies beyond.
    fn bound(&self, flow: &Flow) -> Option<f64> {
        bound(flow, self.check.clause, self.value)
    }

    /// Whether the bound counts things, so that the parameter is a whole number.
    fn is_whole(&self, parameter: &Parameter) -> bool {
        matches!(self.check.value, Some(Value::Count(_)))
            && matches!(&parameter.value, lang::Value::Number(number) if number.denominator() == 1)
    }
}

/// The end of a clause's range that a value lies beyond, as a number.
#[expect(clippy::cast_precision_loss, reason = "checked rules hold spans of far less than 2^53 microseconds")]
fn bound(flow: &Flow, clause: Clause, value: f64) -> Option<f64> {
    let count = |least: u32| Some(f64::from(least));
    match clause {
        Clause::LeastDelay(step) => Some(flow.steps.get(step)?.delay.least.0 as f64),
        Clause::MostDelay(step) => Some(flow.steps.get(step)?.delay.most.0 as f64),
        Clause::Within => Some(flow.within.0 as f64),
        Clause::Members(role) => count(flow.roles.get(role)?.members?.least),
        Clause::Transfers(step) | Clause::Each(step) | Clause::Fan(step) => match flow.steps.get(step)?.shape {
            Shape::Set { transfers, .. } if matches!(clause, Clause::Transfers(_)) => count(transfers.least),
            Shape::Set { each, .. } if matches!(clause, Clause::Each(_)) => count(each.least),
            Shape::Set { fan, .. } => count(fan.least),
            _ => None,
        },
        Clause::MostMembers(role) => flow.roles.get(role)?.members?.most.map(f64::from),
        Clause::MostTransfers(step) | Clause::MostEach(step) | Clause::MostFan(step) => {
            let Shape::Set { transfers, each, fan } = flow.steps.get(step)?.shape else { return None };
            let most = match clause {
                Clause::MostTransfers(_) => transfers.most,
                Clause::MostEach(_) => each.most,
                _ => fan.most,
            };
            most.map(f64::from)
        }
        Clause::FewestHops(step) => count(clause::hops(flow, step)?.least),
        Clause::MostHops(step) => clause::hops(flow, step)?.most.map(f64::from),
        Clause::PassThrough(step) => {
            let range = flow.steps.get(step)?.pass_through?;
            let (least, most) = (range.least.map(Ratio::to_f64), range.most.map(Ratio::to_f64));
            match (least, most) {
                (Some(least), Some(most)) => {
                    Some(if (value - least).abs() <= (value - most).abs() { least } else { most })
                }
                (end, other) => end.or(other),
            }
        }
        _ => match clause::part_of(flow, clause)?.comparison() {
            Comparison::Least(_, bound) | Comparison::Most(_, bound) => Some(bound),
            Comparison::Between(_, least, most) => Some(if value < least { least } else { most }),
            _ => None,
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "only to find a value, which is then tried")]
fn number_of(value: Value) -> Option<f64> {
    match value {
        Value::Span(span) => Some(span.0 as f64),
        Value::Count(count) => Some(count as f64),
        Value::Ratio(part, whole) => (whole > 0).then(|| part as f64 / whole as f64),
        Value::Number(number) => Some(number),
    }
}

#[expect(clippy::cast_precision_loss, reason = "only to find a value, which is then tried")]
fn number(value: &lang::Value) -> Option<f64> {
    match value {
        lang::Value::Number(number) => Some(number.to_f64()),
        lang::Value::Duration(span) => Some(span.0 as f64),
        lang::Value::Text(_) => None,
    }
}

/// The unit in which an author would write a length of time: about a hundredth of it.
fn unit(micros: f64) -> Span {
    let days = micros.abs() / 86_400e6;
    if days >= 20.0 {
        Span::DAY
    } else if days >= 1.0 {
        Span::HOUR
    } else if days >= 1.0 / 24.0 {
        Span::MINUTE
    } else {
        Span::SECOND
    }
}

/// A value of the same kind, rounded up or down to what a rule would say: whole units, whole numbers, four decimals.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "numbers of rules are far below 2^53")]
fn written(like: &lang::Value, exact: f64, up: bool, whole: bool) -> Option<lang::Value> {
    let round = |number: f64| {
        let nearest = number.round();
        if (number - nearest).abs() < 1e-6 {
            nearest
        } else if up {
            number.ceil()
        } else {
            number.floor()
        }
    };
    match like {
        lang::Value::Duration(_) => {
            let unit = unit(exact);
            let units = round(exact / unit.0 as f64);
            Some(lang::Value::Duration(Span(i64::try_from(units as i128 * i128::from(unit.0)).ok()?)))
        }
        lang::Value::Number(_) if whole => Some(lang::Value::Number(Ratio::new(round(exact) as i128, 1)?)),
        lang::Value::Number(_) => Some(lang::Value::Number(Ratio::new(round(exact * 10_000.0) as i128, 10_000)?)),
        lang::Value::Text(_) => None,
    }
}

/// A value as an override is written; lengths of time as a reader says them where that can be read again.
fn text(value: &lang::Value) -> String {
    match value {
        lang::Value::Duration(span) => {
            let told = words::span(*span);
            if told.contains(' ') { span.to_string() } else { told }
        }
        other => other.to_string(),
    }
}
