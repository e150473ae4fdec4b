//! What a flow reads, held against what a ledger has: a rule that lacks a column is not evaluable, and says why.

use crate::columns::LedgerSummary;
use crate::lang::{Flow, Predicate, Shape};

use super::NotEvaluable;

/// Columns of a transfer that every ledger has, or that are worked out from it.
const ALWAYS: [&str; 7] = ["tx_id", "timestamp", "sender", "receiver", "amount", "original_amount", "currency"];

/// Columns of an account that are worked out from the ledger.
const COUNTED: [&str; 5] = ["account", "payers", "payees", "transfers_in", "transfers_out"];

/// Checks that a ledger has every column that a flow reads.
pub(super) fn met(flow: &Flow, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    let steps = flow.steps.iter().filter_map(|step| step.filter.as_ref());
    for name in flow.filter.iter().chain(steps).flat_map(|predicate| &predicate.columns) {
        transfer(name, summary)?;
    }
    let vias = flow.steps.iter().filter_map(|step| match &step.shape {
        Shape::Path { via, .. } => via.as_ref(),
        Shape::One | Shape::Set { .. } => None,
    });
    let roles = flow.roles.iter().filter_map(|role| role.predicate.as_ref());
    for name in roles.chain(vias).flat_map(|predicate| &predicate.columns) {
        account(name, summary)?;
    }
    let outcomes: Vec<&Predicate> = flow.having.iter().chain(&flow.unless).collect();
    for name in outcomes.into_iter().flat_map(|predicate| &predicate.columns) {
        match name.split_once('.') {
            Some((_, column)) => account(column, summary)?,
            None if name == "channels" => transfer("channel", summary)?,
            None => {}
        }
    }
    Ok(())
}

fn transfer(name: &str, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    if let Some((_, column)) = name.split_once('.') {
        return account(column, summary);
    }
    if ALWAYS.contains(&name) || summary.columns.contains(name) {
        return Ok(());
    }
    Err(NotEvaluable {
        reason: format!("the rule reads `{name}`, and no transfer has that column: map it in the mapping file"),
    })
}

fn account(name: &str, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    let stored = if name == "age_days" { "opened" } else { name };
    if COUNTED.contains(&stored) || summary.account_columns.contains(stored) {
        return Ok(());
    }
    let reason = if summary.account_columns.is_empty() {
        format!(
            "the rule reads the account column `{stored}`, and there is no account table: name one with `--accounts`"
        )
    } else {
        format!("the rule reads `{stored}`, and the account table has no such column: map it in the mapping file")
    };
    Err(NotEvaluable { reason })
}
