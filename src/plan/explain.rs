//! A plan in words, as `moneytrail plan` prints it.

use std::fmt;

use crate::lang::{Direction, During, Flow, Party, Predicate, Shape, StepId};

use super::Plan;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "plan {}", self.label())?;
        writeln!(f, "  kernel  {}", self.kernel.name())?;
        for reason in &self.reasons {
            writeln!(f, "          {reason}")?;
        }
        writeln!(f, "  anchor  {}", self.flow.roles[self.anchor].name)?;
        writeln!(f, "  window  {}", self.flow.within)?;
        if let Some(column) = self.flow.level.column() {
            writeln!(f, "  level   {column}: accounts with one `{column}` are one")?;
        }
        if let Some(filter) = &self.flow.filter {
            writeln!(f, "  where   {}", filter.sql)?;
        }
        for role in &self.flow.roles {
            let size = role.members.map_or_else(
                || "one account".to_owned(),
                |count| format!("{} accounts", range(count.least, count.most)),
            );
            let predicate =
                role.predicate.as_ref().map_or_else(String::new, |predicate| format!(", {}", predicate.sql));
            writeln!(f, "  role    {}: {size}{predicate}", role.name)?;
        }
        for step in 0..self.flow.steps.len() {
            write_step(f, &self.flow, step)?;
        }
        for (word, predicate) in [("having", &self.flow.having), ("unless", &self.flow.unless)] {
            if let Some(predicate) = predicate {
                writeln!(f, "  {word}  {}", predicate.sql)?;
            }
        }
        for absence in &self.flow.without {
            let between = between(&self.flow, absence.payer, absence.payee);
            let during = match absence.during {
                During::Before(span) => format!("{span} before"),
                During::EverBefore => "ever before".to_owned(),
                During::Match => "match".to_owned(),
                During::After(span) => format!("{span} after"),
            };
            writeln!(f, "  without {between}, {during}{}", and_where(absence.filter.as_ref()))?;
        }
        for expected in &self.flow.expected {
            let between = between(&self.flow, expected.payer, expected.payee);
            let filter = and_where(expected.filter.as_ref());
            let (times, late) = (expected.times, expected.tolerance);
            writeln!(f, "  expected {between}, {times} times before, late by {late} of its rhythm at most{filter}")?;
        }
        if let Some(span) = self.flow.repeat_within {
            writeln!(f, "  repeats within {span}")?;
        }
        Ok(())
    }
}

fn between(flow: &Flow, payer: Party, payee: Party) -> String {
    let name = |party: Party| match party {
        Party::Anyone => "*",
        Party::Role(role) => &flow.roles[role].name,
    };
    format!("{} -> {}", name(payer), name(payee))
}

fn and_where(filter: Option<&Predicate>) -> String {
    filter.map_or_else(String::new, |filter| format!(", where {}", filter.sql))
}

/// The plan, its passes, and what is asked in the end.
pub(super) fn verbose(plan: &Plan) -> String {
    let passes = plan.passes.iter().skip(1).map(|pass| match pass.changes.as_slice() {
        [] => format!("  pass    {}: unchanged\n", pass.name),
        changes => format!("  pass    {}\n          {}\n", pass.name, changes.join("\n          ")),
    });
    let after = plan.passes.last().into_iter().flat_map(|pass| pass.after.lines());
    let after = after.map(|line| format!("  {line}\n"));
    plan.to_string() + &passes.chain(after).collect::<String>()
}

fn write_step(f: &mut fmt::Formatter<'_>, flow: &Flow, position: StepId) -> fmt::Result {
    let step = &flow.steps[position];
    let arrow = match step.direction {
        Direction::Forward => "->",
        Direction::Reverse => "<-",
    };
    write!(f, "  step {}  {} {arrow} {}", position + 1, flow.roles[step.left].name, flow.roles[step.right].name)?;
    match &step.shape {
        Shape::One => match &step.uses {
            Some(rule) => write!(f, ", a match of {rule}")?,
            None => write!(f, ", one transfer")?,
        },
        Shape::Path { hops, via } | Shape::Tree { hops, via } => {
            let what = if matches!(step.shape, Shape::Tree { .. }) { "a tree, rests after" } else { "a path of" };
            write!(f, ", {what} {} transfers", range(hops.least, hops.most))?;
            if let Some(via) = via {
                write!(f, " via {}", via.sql)?;
            }
        }
        Shape::Set { transfers, each, fan } => {
            write!(f, ", a set")?;
            for (word, count) in [("transfers", transfers), ("each", each), ("fan", fan)] {
                if count.least > 1 || count.most.is_some() {
                    write!(f, ", {word} {}", range(count.least, count.most))?;
                }
            }
        }
    }
    let has_hops = matches!(step.shape, Shape::Path { .. } | Shape::Tree { .. });
    let fed = position > 0
        && step.direction == Direction::Forward
        && flow.steps[position - 1].direction == Direction::Forward;
    if fed || has_hops {
        write!(f, ", delay {}..{}", step.delay.least, step.delay.most)?;
    }
    if let Some(ratio) = step.pass_through {
        let end = |ratio: Option<crate::columns::Ratio>| ratio.map_or_else(String::new, |ratio| ratio.to_string());
        write!(f, ", pass_through {}..{}", end(ratio.least), end(ratio.most))?;
    }
    if let Some(undone) = step.undoes {
        write!(f, ", undoes {}", flow.steps[undone].name.as_deref().unwrap_or("an earlier step"))?;
    }
    match &step.filter {
        Some(filter) => writeln!(f, ", where {}", filter.sql),
        None => writeln!(f),
    }
}

fn range(least: u32, most: Option<u32>) -> String {
    match most {
        Some(most) if most == least => least.to_string(),
        Some(most) => format!("{least}..{most}"),
        None => format!("{least}.."),
    }
}
