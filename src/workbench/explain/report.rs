//! What an explanation says, for programs (as JSON) and for people (as text, in `text`).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::columns::{Ledger, RowId};
use crate::lang::{Direction, Flow, Shape, StepId};
use crate::search::SearchError;
use crate::sift::Match;
use crate::stats::Decimal;

use super::candidate::{Candidate, Refusal, candidate};
use super::inquiry::Inquiry;
use super::measure::Check;
use super::miss::{Miss, Reason};
use super::parameter::{self, Moved};
use super::why::{Why, why};

/// Transfers whose candidacy is told one by one, at most.
const MOST_TOLD: usize = 20;

/// An explanation.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// Rule id.
    pub rule: String,
    /// `match` or `miss`.
    pub verdict: &'static str,
    /// Why, in one line.
    pub summary: String,
    /// The match that is explained, or that stands nearest.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
    /// Of a match every clause, of a miss those that fail, in the order in which they are asked.
    pub clauses: Vec<Clause>,
    /// The parameter that moves the bound of the first clause that fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<Moved>,
    /// Of a miss, each transfer that was asked about, with what each step says of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Asked>,
    /// How many of these the nearest miss holds, and how many transfers it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Whether a budget ended some search: a nearer miss may have been passed over.
    pub cut: bool,
}

/// A match, and the instance of it that the clauses are held against.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The accounts of each role.
    pub roles: BTreeMap<String, Vec<String>>,
    /// Its first transfer's time.
    pub started: String,
    /// Its last transfer's time.
    pub ended: String,
    /// How many transfers it has.
    pub transfers: usize,
    /// How many instances it unites.
    pub instances: u64,
    /// The instance, slot by slot.
    pub slots: Vec<Slot>,
}

/// The transfers at one place of the line.
#[derive(Clone, Debug, Serialize)]
pub struct Slot {
    /// Number of the step, from 1.
    pub step: usize,
    /// The step as the rule writes it.
    pub flow: String,
    /// Its transfers.
    pub transfers: Vec<Transfer>,
}

/// A transfer.
#[derive(Clone, Debug, Serialize)]
pub struct Transfer {
    /// Its id.
    pub tx_id: String,
    /// When it was made.
    pub timestamp: String,
    /// The account that it leaves.
    pub sender: String,
    /// The account that it reaches.
    pub receiver: String,
    /// What was booked.
    pub amount: Decimal,
    /// In which currency.
    pub currency: String,
}

/// A clause and what is there.
#[derive(Clone, Debug, Serialize)]
pub struct Clause {
    /// One word: `where`, `role`, `delay`, `pass_through`, …
    #[serde(rename = "clause")]
    pub word: String,
    /// What it is called: `delay of step 2`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// What it asks.
    pub asked: String,
    /// What is there.
    pub found: String,
    /// How far inside its bound that is, or, where it fails, how far beyond.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<String>,
    /// The transfers that decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<String>,
}

/// A transfer that was asked about.
#[derive(Clone, Debug, Serialize)]
pub struct Asked {
    /// The transfer.
    #[serde(flatten)]
    pub transfer: Transfer,
    /// Whether it goes from an account to itself, and so is never matched.
    pub to_itself: bool,
    /// For each step, what fails of what is asked of the transfer and its accounts alone; empty where it could stand.
    pub steps: Vec<Vec<Clause>>,
}

/// How near the nearest miss is.
#[derive(Clone, Debug, Serialize)]
pub struct Nearest {
    /// Given transfers that it holds.
    pub shared: usize,
    /// Given transfers, without self-transfers.
    pub given: usize,
    /// Transfers that it has.
    pub transfers: usize,
    /// Shared transfers over the transfers of either (Jaccard).
    pub overlap: f64,
}

impl Explanation {
    /// Why a match is one.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn of_match(inquiry: &Inquiry<'_>, found: &Match) -> Result<Self, SearchError> {
        let explained = why(inquiry, found)?;
        let ledger = inquiry.ledger();
        Ok(Self {
            rule: inquiry.typology().id.clone(),
            verdict: "match",
            summary: format!("in match {}", found.id),
            found: Some(Found::new(inquiry, &explained)),
            clauses: explained
                .checks
                .iter()
                .chain(&explained.finally)
                .map(|check| Clause::of_check(ledger, check))
                .collect(),
            parameter: None,
            transfers: Vec::new(),
            nearest: None,
            cut: false,
        })
    }

    /// Why some transfers are no match; the match, where they are in one.
    ///
    /// # Errors
    ///
    /// Where a predicate does not fit the ledger's columns.
    pub fn of_miss(inquiry: &Inquiry<'_>, miss: &Miss) -> Result<Self, SearchError> {
        if let Reason::Found(found) = &miss.reason {
            return Self::of_match(inquiry, found);
        }
        let ledger = inquiry.ledger();
        let (variant, failing) = match &miss.reason {
            Reason::Clause { variant, first, others, .. } => {
                (*variant, std::iter::once(&**first).chain(others).collect())
            }
            Reason::Dropped { place, failing, .. } => (place.0, failing.iter().collect()),
            _ => (0, Vec::<&Check>::new()),
        };
        let parameter = match &miss.reason {
            Reason::Clause { moved: Some(moved), .. } | Reason::Dropped { moved: Some(moved), .. } => {
                Some(parameter::with_outcome(inquiry, (**moved).clone(), &miss.rows)?)
            }
            _ => None,
        };
        let asked = miss.selves.iter().chain(&miss.rows).take(MOST_TOLD);
        let asked = asked.map(|&row| Ok(Asked::new(inquiry, &candidate(inquiry, variant, row)?)));
        #[expect(clippy::cast_precision_loss, reason = "a share of two counts")]
        let overlap = miss.shared as f64 / (miss.transfers + miss.rows.len() - miss.shared).max(1) as f64;
        let (shared, given, transfers) = (miss.shared, miss.rows.len(), miss.transfers);
        Ok(Self {
            rule: inquiry.typology().id.clone(),
            verdict: "miss",
            summary: miss.to_string(),
            found: None,
            clauses: failing.into_iter().map(|check| Clause::of_check(ledger, check)).collect(),
            parameter,
            transfers: asked.collect::<Result<_, SearchError>>()?,
            nearest: (shared > 0).then_some(Nearest { shared, given, transfers, overlap }),
            cut: miss.cut,
        })
    }
}

impl Found {
    fn new(inquiry: &Inquiry<'_>, why: &Why) -> Self {
        let (ledger, found) = (inquiry.ledger(), &why.found);
        let flow = &inquiry.plans[found.variant].flow;
        let keys = |accounts: &Vec<crate::columns::AccountId>| {
            accounts.iter().map(|&account| ledger.accounts().key(account).to_owned()).collect()
        };
        let roles = flow.roles.iter().zip(&found.roles).map(|(role, accounts)| (role.name.clone(), keys(accounts)));
        let slot = |(step, rows): &(StepId, Vec<RowId>)| Slot {
            step: step + 1,
            flow: written(flow, *step),
            transfers: rows.iter().map(|&row| Transfer::new(ledger, row)).collect(),
        };
        Self {
            id: found.id.clone(),
            roles: roles.collect(),
            started: found.started.to_string(),
            ended: found.ended.to_string(),
            transfers: found.transfers.len(),
            instances: found.instances,
            slots: why.slots.iter().map(slot).collect(),
        }
    }
}

/// A step as the rule writes it, as far as roles and counts go.
fn written(flow: &Flow, step: StepId) -> String {
    let part = &flow.steps[step];
    let arrow = if part.direction == Direction::Forward { "->" } else { "<-" };
    let hops = match &part.shape {
        Shape::Path { hops, .. } | Shape::Tree { hops, .. } => {
            format!(", hops {}..{}", hops.least, hops.most.unwrap_or_default())
        }
        Shape::One | Shape::Set { .. } => String::new(),
    };
    format!("{} {arrow} {}{hops}", flow.roles[part.left].name, flow.roles[part.right].name)
}

impl Transfer {
    pub(super) fn new(ledger: &Ledger, row: RowId) -> Self {
        let currency = &ledger.currency_table()[ledger.currency(row).index()];
        Self {
            tx_id: ledger.tx_id(row),
            timestamp: ledger.time(row).to_string(),
            sender: ledger.accounts().key(ledger.sender(row)).to_owned(),
            receiver: ledger.accounts().key(ledger.receiver(row)).to_owned(),
            amount: Decimal::new(ledger.amount(row).0.into(), currency.digits),
            currency: currency.code.clone(),
        }
    }
}

impl Clause {
    fn of_check(ledger: &Ledger, check: &Check) -> Self {
        Self {
            word: check.clause.word().to_owned(),
            name: check.name.clone(),
            holds: check.holds,
            asked: check.asked.clone(),
            found: check.found.clone(),
            slack: check.slack.clone(),
            transfers: check.rows.iter().map(|&row| ledger.tx_id(row)).collect(),
        }
    }

    fn of_refusal(refusal: &Refusal) -> Self {
        Self {
            word: refusal.clause.word().to_owned(),
            name: refusal.name.clone(),
            holds: false,
            asked: refusal.asked.clone(),
            found: refusal.found.clone(),
            slack: None,
            transfers: Vec::new(),
        }
    }
}

impl Asked {
    fn new(inquiry: &Inquiry<'_>, candidate: &Candidate) -> Self {
        let ledger = inquiry.ledger();
        let row = candidate.row;
        let refusals = |step: &Vec<Refusal>| step.iter().map(Clause::of_refusal).collect();
        Self {
            transfer: Transfer::new(ledger, row),
            to_itself: ledger.sender(row) == ledger.receiver(row),
            steps: candidate.steps.iter().map(refusals).collect(),
        }
    }
}
