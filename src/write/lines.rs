//! JSON Lines: one object a match, with its roles and its flow.

use std::io::{self, Write};

use serde::Serialize;

use crate::columns::Ledger;
use crate::sift::Match;
use crate::stats::Decimal;

use super::Report;
use super::matches::word;
use super::transfers::{Placed, placed};

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    rule: &'a str,
    version: u32,
    severity: String,
    status: String,
    started: String,
    ended: String,
    duration: f64,
    hops: usize,
    transfers: usize,
    instances: u64,
    base_currency: &'a str,
    amount_in: Option<Decimal>,
    amount_out: Option<Decimal>,
    amount_total: Option<Decimal>,
    roles: Vec<Role<'a>>,
    near_start: bool,
    near_end: bool,
    covered_by: &'a [String],
    case: &'a str,
    flow: Vec<Transfer<'a>>,
}

#[derive(Serialize)]
struct Role<'a> {
    role: &'a str,
    accounts: Vec<&'a str>,
}

#[derive(Serialize)]
struct Transfer<'a> {
    step: u32,
    position: u32,
    tx_id: String,
    sender: &'a str,
    receiver: &'a str,
    timestamp: String,
    amount: Decimal,
    currency: &'a str,
}

/// Writes every match as one line of JSON.
///
/// # Errors
///
/// Where `out` cannot be written to.
pub fn jsonl(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for found in &report.sifted.matches.list {
        serde_json::to_writer(&mut *out, &line(*report, found))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn line<'a>(report: Report<'a>, found: &'a Match) -> Line<'a> {
    let (ledger, typology) = (report.ledger(), &report.set.typologies[found.rule]);
    let base = ledger.base();
    let sum = |minor: Option<i128>| minor.map(|minor| Decimal::new(minor, base.digits));
    #[expect(clippy::cast_precision_loss, reason = "only for display")]
    let duration = (found.ended - found.started).0 as f64 / 1e6;
    Line {
        id: &found.id,
        rule: &typology.id,
        version: typology.version,
        severity: word(typology.severity),
        status: word(typology.status),
        started: found.started.to_string(),
        ended: found.ended.to_string(),
        duration,
        hops: found.hops,
        transfers: found.transfers.len(),
        instances: found.instances,
        base_currency: &base.code,
        amount_in: sum(found.amount_in),
        amount_out: sum(found.amount_out),
        amount_total: sum(found.amount_total),
        roles: roles(ledger, report, found),
        near_start: found.near_start,
        near_end: found.near_end,
        covered_by: &found.covered_by,
        case: &report.sifted.cases.list[found.case].id,
        flow: placed(typology.flow_at(found.variant), found)
            .into_iter()
            .map(|placed| transfer(ledger, &placed))
            .collect(),
    }
}

fn roles<'a>(ledger: &'a Ledger, report: Report<'a>, found: &'a Match) -> Vec<Role<'a>> {
    let names = &report.set.typologies[found.rule].flow.roles;
    let role = |(role, members): (&'a crate::lang::Role, &'a Vec<crate::columns::AccountId>)| Role {
        role: &role.name,
        accounts: members.iter().map(|&account| ledger.accounts().key(account)).collect(),
    };
    names.iter().zip(&found.roles).map(role).collect()
}

fn transfer<'a>(ledger: &'a Ledger, placed: &Placed) -> Transfer<'a> {
    let row = placed.row;
    let currency = &ledger.currency_table()[ledger.currency(row).index()];
    Transfer {
        step: placed.step,
        position: placed.position,
        tx_id: ledger.tx_id(row),
        sender: ledger.accounts().key(ledger.sender(row)),
        receiver: ledger.accounts().key(ledger.receiver(row)),
        timestamp: ledger.time(row).to_string(),
        amount: Decimal::new(ledger.amount(row).0.into(), currency.digits),
        currency: &currency.code,
    }
}
