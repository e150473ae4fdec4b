//! What is expected laid beside what is found: which matches are missing, which are extra, and what is nearest.

use std::collections::{BTreeMap, BTreeSet};

use similar::{ChangeTag, TextDiff};

use crate::columns::{Ledger, RowId};
use crate::lang::{Flow, Wanted};
use crate::sift::Match;
use crate::stats::Decimal;

use super::pairing;

/// Accounts by role name.
pub type Roles = BTreeMap<String, BTreeSet<String>>;

/// Matches, and lines of one match, that a difference shows before it counts the others.
const SHOWN: usize = 8;
const LINES: usize = 24;

/// A match as a difference shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Id of the match.
    pub id: String,
    /// Its accounts by role.
    pub roles: Roles,
    /// Its transfers in time order: the `tx_id`, and a line of `tx_id when from -> to amount currency`.
    pub transfers: Vec<(String, String)>,
}

/// An expected match that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is expected, in one line.
    pub wanted: String,
    /// The match that overlaps it best, if any does, in one line, and what differs.
    pub nearest: Option<(String, Vec<Line>)>,
}

/// How what is found differs from what is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is wrong with the number of matches, in a sentence.
    pub count: Option<String>,
    /// Expected and not found.
    pub missing: Vec<Missing>,
    /// Found and not expected.
    pub unexpected: Vec<Seen>,
}

/// What a line of a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Something that is expected and not there.
    Missing,
    /// Something that is there and not expected.
    Extra,
    /// Anything else.
    Plain,
}

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is about.
    pub sign: Sign,
    /// Its text, with its sign in front.
    pub text: String,
}

impl Line {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { sign: Sign::Plain, text: text.into() }
    }

    fn missing(text: &str) -> Self {
        Self { sign: Sign::Missing, text: format!("- {text}") }
    }

    fn extra(text: &str) -> Self {
        Self { sign: Sign::Extra, text: format!("+ {text}") }
    }

    fn indented(self, by: usize) -> Self {
        Self { text: format!("{:by$}{}", "", self.text), ..self }
    }
}

/// The matches of one rule as differences show them.
pub(super) fn seen(flow: &Flow, ledger: &Ledger, found: &[&Match]) -> Vec<Seen> {
    let one = |found: &&Match| Seen {
        id: found.id.clone(),
        roles: roles(flow, ledger, found),
        transfers: found.transfers.iter().map(|&row| (ledger.tx_id(row), transfer(ledger, row))).collect(),
    };
    found.iter().map(one).collect()
}

fn roles(flow: &Flow, ledger: &Ledger, found: &Match) -> Roles {
    let names = flow.roles.iter().map(|role| role.name.clone());
    let accounts = found
        .roles
        .iter()
        .map(|members| members.iter().map(|&account| ledger.accounts().key(account).to_owned()).collect());
    names.zip(accounts).collect()
}

/// A transfer in one line.
fn transfer(ledger: &Ledger, row: RowId) -> String {
    let key = |account| ledger.accounts().key(account);
    let currency = &ledger.currency_table()[ledger.currency(row).index()];
    let amount = Decimal::new(ledger.amount(row).0.into(), currency.digits);
    let (id, when) = (ledger.tx_id(row), ledger.time(row));
    format!("{id} {when} {} -> {} {amount} {}", key(ledger.sender(row)), key(ledger.receiver(row)), currency.code)
}

/// Pairs expected matches with found ones, one to one; `others` says whether more may be found than are expected.
pub(super) fn compare(wanted: &[Wanted], others: bool, seen: &[Seen], ledger: &Ledger) -> Difference {
    let partner = pairing::pair(wanted.len(), seen.len(), &|want, have| fits(&wanted[want], &seen[have]));
    let lonely: Vec<&Seen> = (0..seen.len()).filter(|at| !partner.contains(&Some(*at))).map(|at| &seen[at]).collect();
    let missing = wanted.iter().zip(&partner).filter(|(_, partner)| partner.is_none());
    Difference {
        count: None,
        missing: missing.map(|(want, _)| describe(want, &lonely, seen, others, ledger)).collect(),
        unexpected: if others { Vec::new() } else { lonely.into_iter().cloned().collect() },
    }
}

pub(super) fn fits(wanted: &Wanted, seen: &Seen) -> bool {
    match wanted {
        Wanted::Roles(roles) => roles.iter().all(|(role, accounts)| seen.roles.get(role) == Some(accounts)),
        Wanted::Transfers(ids) => {
            ids.len() == seen.transfers.len() && seen.transfers.iter().all(|(id, _)| ids.contains(id))
        }
    }
}

/// How many accounts (or transfers) an expected match and a found one share, and how many either has.
fn overlap(wanted: &Wanted, seen: &Seen) -> (usize, usize) {
    let (mut shared, mut either) = (0, 0);
    let mut add = |wanted: BTreeSet<&str>, seen: BTreeSet<&str>| {
        shared += wanted.intersection(&seen).count();
        either += wanted.union(&seen).count();
    };
    match wanted {
        Wanted::Roles(roles) => {
            for (role, accounts) in roles {
                let there = seen.roles.get(role).into_iter().flatten();
                add(accounts.iter().map(String::as_str).collect(), there.map(String::as_str).collect());
            }
        }
        Wanted::Transfers(ids) => {
            let there = seen.transfers.iter().map(|(id, _)| id.as_str());
            add(ids.iter().map(String::as_str).collect(), there.collect());
        }
    }
    (shared, either)
}

/// The one of these that overlaps an expected match best (Jaccard), the first of equals.
fn nearest<'s>(wanted: &Wanted, among: impl IntoIterator<Item = &'s Seen>) -> Option<(&'s Seen, usize, usize)> {
    let mut best: Option<(&Seen, usize, usize)> = None;
    for seen in among {
        let (shared, either) = overlap(wanted, seen);
        let better = best.is_none_or(|(_, best_shared, best_either)| shared * best_either > best_shared * either);
        if shared > 0 && better {
            best = Some((seen, shared, either));
        }
    }
    best
}

fn describe(wanted: &Wanted, lonely: &[&Seen], all: &[Seen], others: bool, ledger: &Ledger) -> Missing {
    let near = nearest(wanted, lonely.iter().copied()).or_else(|| nearest(wanted, all));
    let (expected, what) = match wanted {
        Wanted::Roles(roles) => (one_line(roles), "account"),
        Wanted::Transfers(ids) => {
            (format!("transfers {}", ids.iter().cloned().collect::<Vec<_>>().join(", ")), "transfer")
        }
    };
    let nearest = near.map(|(seen, shared, either)| {
        let what = if either == 1 { what.to_owned() } else { format!("{what}s") };
        let is_free = lonely.iter().any(|other| other.id == seen.id);
        let taken = if is_free { "" } else { ", and is taken by another expected match" };
        let about = format!("nearest is {} with {shared} of {either} {what} in common{taken}", seen.id);
        let mut lines = changes(wanted, seen, ledger);
        // One that is free is shown below, unless others are allowed.
        if matches!(wanted, Wanted::Roles(_)) && (others || !is_free) {
            lines.extend(seen.transfers.iter().map(|(_, transfer)| Line::plain(transfer).indented(2)));
        }
        (about, lines)
    });
    Missing { wanted: expected, nearest }
}

/// From an expected match to a found one, line by line.
fn changes(wanted: &Wanted, seen: &Seen, ledger: &Ledger) -> Vec<Line> {
    let (old, new): (Vec<String>, Vec<String>) = match wanted {
        Wanted::Roles(roles) => {
            let named = seen.roles.iter().filter(|(role, _)| roles.contains_key(*role));
            (roles.iter().map(role_line).collect(), named.map(role_line).collect())
        }
        Wanted::Transfers(ids) => {
            (expected_transfers(ids, ledger), seen.transfers.iter().map(|(_, line)| line.clone()).collect())
        }
    };
    let (old, new): (Vec<&str>, Vec<&str>) =
        (old.iter().map(String::as_str).collect(), new.iter().map(String::as_str).collect());
    let line = |tag, text: &str| match tag {
        ChangeTag::Equal => Line::plain(format!("  {text}")),
        ChangeTag::Delete => Line::missing(text),
        ChangeTag::Insert => Line::extra(text),
    };
    TextDiff::from_slices(&old, &new).iter_all_changes().map(|change| line(change.tag(), change.value())).collect()
}

/// Expected transfers as lines in time order; those that the ledger lacks come last.
fn expected_transfers(ids: &BTreeSet<String>, ledger: &Ledger) -> Vec<String> {
    let rows: BTreeMap<String, RowId> =
        ledger.rows().map(|row| (ledger.tx_id(row), row)).filter(|(id, _)| ids.contains(id)).collect();
    let mut known: Vec<RowId> = rows.values().copied().collect();
    known.sort_unstable();
    let lacking = ids.iter().filter(|id| !rows.contains_key(*id)).map(|id| format!("{id} is not in the ledger"));
    known.into_iter().map(|row| transfer(ledger, row)).chain(lacking).collect()
}

fn role_line((role, accounts): (&String, &BTreeSet<String>)) -> String {
    format!("{role}: {}", accounts.iter().cloned().collect::<Vec<_>>().join(", "))
}

fn one_line(roles: &Roles) -> String {
    roles.iter().map(role_line).collect::<Vec<_>>().join("; ")
}

impl Difference {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count.is_none() && self.missing.is_empty() && self.unexpected.is_empty()
    }

    /// The difference for a reader: the flows that are missing or extra.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = self.count.iter().map(Line::plain).collect();
        for missing in self.missing.iter().take(SHOWN) {
            lines.push(Line::missing(&format!("expected, not found: {}", missing.wanted)));
            if let Some((about, changes)) = &missing.nearest {
                lines.push(Line::plain(about).indented(4));
                lines.extend(cut(changes.iter().cloned().map(|line| line.indented(4)), changes.len(), "lines"));
            }
        }
        more(&mut lines, self.missing.len(), "are expected and not found");
        for seen in self.unexpected.iter().take(SHOWN) {
            lines.push(Line::extra(&format!("found, not expected: {}", one_line(&seen.roles))));
            let transfers = seen.transfers.iter().map(|(_, transfer)| Line::plain(transfer).indented(4));
            lines.extend(cut(transfers, seen.transfers.len(), "transfers"));
        }
        more(&mut lines, self.unexpected.len(), "are found and not expected");
        lines
    }
}

/// The first lines of many, and how many are left out.
fn cut(lines: impl Iterator<Item = Line>, count: usize, what: &str) -> Vec<Line> {
    let mut kept: Vec<Line> = lines.take(LINES).collect();
    if count > kept.len() {
        kept.push(Line::plain(format!("… and {} more {what}", count - kept.len())).indented(4));
    }
    kept
}

fn more(lines: &mut Vec<Line>, count: usize, what: &str) {
    if count > SHOWN {
        lines.push(Line::plain(format!("… and {} more {what}", count - SHOWN)));
    }
}
