//! How many transfers a part of a predicate probably holds for, from the ledger's summary alone.

use crate::columns::LedgerSummary;
use crate::lang::{Comparison, Flow, Predicate, StepId};

use super::program::{Guard, Program};

/// Whose columns a predicate names.
#[derive(Clone, Copy)]
enum Side {
    Transfer,
    Payer,
    Payee,
}

/// Fills in how many transfers each scan probably leaves.
pub(super) fn fill(program: &mut Program, flow: &Flow, summary: Option<&LedgerSummary>) {
    for step in 0..program.scans.len() {
        // How many matches the used rule has nobody knows before it has run.
        let known = summary.filter(|_| flow.steps[step].uses.is_none());
        program.scans[step].rows = known.map(|summary| rows(program, flow, step, summary));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a guess")]
fn rows(program: &Program, flow: &Flow, step: StepId, summary: &LedgerSummary) -> usize {
    let scan = &program.scans[step];
    let transfers: f64 = scan.pushed.iter().map(|part| share(part, Side::Transfer, summary)).product();
    let role = |role: usize, side: Side| guard(&program.roles[role], side, summary);
    let ends = match &scan.via {
        // A hop may begin and end between roles.
        Some(via) => [(flow.steps[step].payer(), Side::Payer), (flow.steps[step].payee(), Side::Payee)]
            .map(|(end, side)| role(end, side).max(guard(via, side, summary)))
            .into_iter()
            .product(),
        None => role(flow.steps[step].payer(), Side::Payer) * role(flow.steps[step].payee(), Side::Payee),
    };
    (summary.transfers as f64 * transfers * ends).round() as usize
}

/// How many accounts can probably hold a role.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a guess")]
pub(super) fn accounts(guard: &Guard, summary: &LedgerSummary) -> usize {
    let share: f64 = guard.pushed.iter().map(|part| share(part, Side::Transfer, summary)).product();
    (summary.accounts as f64 * share).round() as usize
}

fn guard(guard: &Guard, side: Side, summary: &LedgerSummary) -> f64 {
    guard.pushed.iter().map(|part| share(part, side, summary)).product()
}

/// The share of rows for which a part holds: counted where the summary counts, else a rule of thumb.
fn share(part: &Predicate, side: Side, summary: &LedgerSummary) -> f64 {
    let of = |column: &str| match side {
        Side::Transfer => column.to_owned(),
        Side::Payer => format!("sender.{column}"),
        Side::Payee => format!("receiver.{column}"),
    };
    match part.comparison() {
        Comparison::Least(column, number) if column == "amount" => 1.0 - below(&summary.amounts, number),
        Comparison::Most(column, number) if column == "amount" => below(&summary.amounts, number),
        Comparison::Between(column, least, most) if column == "amount" => {
            below(&summary.amounts, most) - below(&summary.amounts, least)
        }
        // Most accounts have few counterparties, and rules name high limits.
        Comparison::Most(column, _) if matches!(column.as_str(), "payers" | "payees") => 0.9,
        Comparison::Least(..) | Comparison::Most(..) | Comparison::Between(..) => 1.0 / 3.0,
        Comparison::Among(column, texts) => known(summary, &of(&column), &texts).unwrap_or(0.1),
        Comparison::NotAmong(column, texts) => known(summary, &of(&column), &texts).map_or(0.9, |share| 1.0 - share),
        Comparison::Other => 0.5,
    }
}

/// The share of amounts below a number, from evenly spaced quantiles.
#[expect(clippy::cast_precision_loss, reason = "a guess")]
fn below(amounts: &[f64], number: f64) -> f64 {
    if amounts.is_empty() {
        0.5
    } else {
        amounts.partition_point(|&amount| amount < number) as f64 / amounts.len() as f64
    }
}

#[expect(clippy::cast_precision_loss, reason = "a guess")]
fn known(summary: &LedgerSummary, column: &str, texts: &[String]) -> Option<f64> {
    let words = summary.words.get(column)?;
    let all: usize = words.values().sum();
    let counted: usize = texts.iter().filter_map(|text| words.get(text)).sum();
    (all > 0).then(|| counted as f64 / all as f64)
}
