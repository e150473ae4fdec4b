//! An explanation as text: what it says first in one line, then everything that bears it out.

use std::fmt;

use super::parameter::{Moved, Outcome};
use super::report::{Asked, Clause, Explanation, Found, Transfer};
use super::words::count;

/// Transfers told in one place, at most.
const MOST_TRANSFERS: usize = 12;

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Some(found) => self.write_match(found, f),
            None => self.write_miss(f),
        }
    }
}

impl Explanation {
    fn write_match(&self, found: &Found, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "match {} of {}", found.id, self.rule)?;
        writeln!(f, "  {}, from {} to {}", count(found.transfers, "transfer"), found.started, found.ended)?;
        for (role, accounts) in &found.roles {
            writeln!(f, "  {role}: {}", some(accounts))?;
        }
        if found.instances > 1 {
            writeln!(f, "it unites {} instances; this one holds most of it:", found.instances)?;
        }
        for slot in &found.slots {
            writeln!(f, "  step {}  {}", slot.step, slot.flow)?;
            for transfer in slot.transfers.iter().take(MOST_TRANSFERS) {
                writeln!(f, "    {transfer}")?;
            }
            let more = slot.transfers.len().saturating_sub(MOST_TRANSFERS);
            if more > 0 {
                writeln!(f, "    and {more} more")?;
            }
        }
        writeln!(f, "every clause holds:")?;
        for clause in &self.clauses {
            writeln!(f, "  {clause}")?;
        }
        Ok(())
    }

    fn write_miss(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no match of {}: {}", self.rule, self.summary)?;
        for clause in &self.clauses {
            writeln!(f, "  {clause}")?;
            if !clause.transfers.is_empty() {
                writeln!(f, "    decided by {}", some(&clause.transfers))?;
            }
        }
        if let Some(moved) = &self.parameter {
            writeln!(f, "{moved}")?;
        }
        if let Some(nearest) = &self.nearest {
            writeln!(
                f,
                "the nearest miss has {} and holds {} of {} given (overlap {:.2})",
                count(nearest.transfers, "transfer"),
                nearest.shared,
                nearest.given,
                nearest.overlap
            )?;
        }
        if self.cut {
            writeln!(f, "a budget ended the search for it: a nearer one may have been passed over")?;
        }
        self.transfers.iter().try_for_each(|asked| write_asked(asked, f))
    }
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter, from, to, forbidden_by, outcome } = self;
        if let Some(range) = forbidden_by {
            return write!(f, "`{parameter}` would have to be {to} (now {from}), which its range {range} forbids");
        }
        write!(f, "moving `{parameter}` from {from} to {to} lets it in")?;
        let Some(Outcome { before, after, holds_them }) = outcome else { return Ok(()) };
        let change = match after.cmp(before) {
            std::cmp::Ordering::Greater => more(after - before, "more"),
            std::cmp::Ordering::Equal => "as many matches".to_owned(),
            std::cmp::Ordering::Less => more(before - after, "fewer"),
        };
        let held = if *holds_them { "one of them holds" } else { "none of them holds" };
        write!(f, " and gives {change} ({after}); {held} these transfers")
    }
}

/// So many matches more or fewer.
fn more(number: usize, word: &str) -> String {
    format!("{number} {word} match{}", if number == 1 { "" } else { "es" })
}

/// A transfer and what each step says of it.
fn write_asked(asked: &Asked, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}", asked.transfer)?;
    if asked.to_itself {
        return writeln!(f, "  goes from an account to itself, and is never matched");
    }
    for (step, refusals) in (1..).zip(&asked.steps) {
        match refusals.as_slice() {
            [] => writeln!(f, "  step {step}: could stand here")?,
            refusals => {
                let told: Vec<String> = refusals.iter().map(told).collect();
                writeln!(f, "  step {step}: {}", told.join("; "))?;
            }
        }
    }
    Ok(())
}

fn told(refusal: &Clause) -> String {
    format!("{}: {}, asked {}", refusal.name, refusal.found, refusal.asked)
}

/// The first of some names, and how many more there are.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_TRANSFERS);
    let told = names[..names.len() - more].join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}, allowed {}", self.name, self.found, self.asked)?;
        match &self.slack {
            Some(slack) if self.holds => write!(f, ", slack {slack}"),
            Some(slack) => write!(f, ", {slack} beyond"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tx_id, timestamp, sender, receiver, amount, currency } = self;
        write!(f, "{tx_id}  {timestamp}  {sender} -> {receiver}  {amount} {currency}")
    }
}
