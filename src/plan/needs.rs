//! What a flow reads, held against what a ledger has: a rule that lacks a column is not evaluable, and says why.

use std::collections::BTreeSet;

use crate::columns::{History, LedgerSummary};
use crate::lang::{Flow, Predicate, Shape, Typology};

use super::NotEvaluable;

/// Columns of a transfer that every ledger has, or that are worked out from it.
const ALWAYS: [&str; 7] = ["tx_id", "timestamp", "sender", "receiver", "amount", "original_amount", "currency"];

/// The column by which a transfer names the one that it undoes.
const REFERS_TO: &str = "refers_to";

/// Columns of an account that are worked out from the ledger.
const COUNTED: [&str; 5] = ["account", "payers", "payees", "transfers_in", "transfers_out"];

/// The stored columns that a rule reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Further columns of the transfers.
    pub transfers: BTreeSet<String>,
    /// Columns of the account table.
    pub accounts: BTreeSet<String>,
    /// Reference lists.
    pub lists: BTreeSet<String>,
}

/// The columns that a reader has to decode for a rule.
#[must_use]
pub fn columns(typology: &Typology) -> Needs {
    let mut needs = Needs::default();
    each_of(typology, &mut |place, name| -> Result<(), NotEvaluable> {
        match place {
            Place::Transfer if !ALWAYS.contains(&name) => needs.transfers.insert(name.to_owned()),
            Place::Account if !COUNTED.contains(&name) => needs.accounts.insert(name.to_owned()),
            Place::List => needs.lists.insert(name.to_owned()),
            Place::Transfer | Place::Account => false,
        };
        Ok(())
    })
    .expect("collecting does not fail");
    needs
}

/// The further columns of the transfers that the search for a flow reads when it is known which transfers each step can use.
pub(super) fn searched(flow: &Flow) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    let mut keep = |place, name: &str| -> Result<(), NotEvaluable> {
        if matches!(place, Place::Transfer) && !ALWAYS.contains(&name) {
            needs.insert(name.to_owned());
        }
        Ok(())
    };
    undone(flow, &mut keep).and_then(|()| outcomes(flow, &mut keep)).expect("collecting does not fail");
    needs
}

/// Checks that a ledger has every column that a rule reads, with whichever alternatives.
pub(super) fn met(typology: &Typology, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    each_of(typology, &mut |place, name| match place {
        Place::Transfer => transfer(name, summary),
        Place::Account => account(name, summary),
        Place::List if summary.lists.contains(name) => Ok(()),
        Place::List => {
            let reason = format!("the rule reads the list `@{name}`: name its file with `--list {name}=FILE`");
            Err(NotEvaluable { reason })
        }
    })
}

#[derive(Clone, Copy)]
enum Place {
    Transfer,
    Account,
    List,
}

/// Visits every stored column that some flow of a rule reads.
fn each_of(typology: &Typology, visit: &mut Visit<'_>) -> Result<(), NotEvaluable> {
    typology.flows().try_for_each(|flow| each(flow, visit))
}

/// What is done with a column, under the name that the ledger knows it by.
type Visit<'v> = dyn FnMut(Place, &str) -> Result<(), NotEvaluable> + 'v;

/// Visits every stored column that a flow reads.
fn each(flow: &Flow, visit: &mut Visit<'_>) -> Result<(), NotEvaluable> {
    flow.level.column().map_or(Ok(()), |column| visit(Place::Account, column))?;
    for name in flow.transfer_predicates().flat_map(|predicate| &predicate.columns) {
        of_transfer(name, visit)?;
    }
    undone(flow, visit)?;
    let vias = flow.steps.iter().filter_map(|step| match &step.shape {
        Shape::Path { via, .. } | Shape::Tree { via, .. } => via.as_ref(),
        Shape::One | Shape::Set { .. } => None,
    });
    let roles = flow.roles.iter().filter_map(|role| role.predicate.as_ref());
    for name in roles.chain(vias).flat_map(|predicate| &predicate.columns) {
        visit(Place::Account, of_account(name))?;
    }
    outcomes(flow, visit)
}

fn of_account(name: &str) -> &str {
    if name == "age_days" { "opened" } else { name }
}

fn of_transfer(name: &str, visit: &mut Visit<'_>) -> Result<(), NotEvaluable> {
    if let Ok(history) = name.parse::<History>() {
        return history.account_column().map_or(Ok(()), |column| visit(Place::Account, of_account(column)));
    }
    if let Some(list) = name.strip_prefix('@') {
        return visit(Place::List, list);
    }
    let (name, list) = name.split_once(" IN @").map_or((name, None), |(name, list)| (name, Some(list)));
    list.map_or(Ok(()), |list| visit(Place::List, list))?;
    match name.split_once('.') {
        Some((_, column)) => visit(Place::Account, of_account(column)),
        None => visit(Place::Transfer, name),
    }
}

/// The column that says what a transfer undoes.
fn undone(flow: &Flow, visit: &mut Visit<'_>) -> Result<(), NotEvaluable> {
    if flow.steps.iter().any(|step| step.undoes.is_some()) { visit(Place::Transfer, REFERS_TO) } else { Ok(()) }
}

/// What predicates over instances and matches read.
fn outcomes(flow: &Flow, visit: &mut Visit<'_>) -> Result<(), NotEvaluable> {
    let outcomes: Vec<&Predicate> = flow.having.iter().chain(&flow.unless).collect();
    for name in outcomes.into_iter().flat_map(|predicate| &predicate.columns) {
        if let Some((_, column)) = name.split_once("_distinct(") {
            of_transfer(column.trim_end_matches(')'), visit)?;
            continue;
        }
        match name.split_once('.') {
            Some((_, column)) => visit(Place::Account, of_account(column))?,
            None if name == "channels" => visit(Place::Transfer, "channel")?,
            None => {}
        }
    }
    Ok(())
}

fn transfer(name: &str, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    if ALWAYS.contains(&name) || summary.columns.contains(name) {
        return Ok(());
    }
    let reason = format!("the rule reads `{name}`, and no transfer has that column: map it in the mapping file");
    Err(NotEvaluable { reason })
}

fn account(name: &str, summary: &LedgerSummary) -> Result<(), NotEvaluable> {
    if COUNTED.contains(&name) || summary.account_columns.contains(name) {
        return Ok(());
    }
    let reason = if summary.account_columns.is_empty() {
        format!("the rule reads the account column `{name}`, and there is no account table: name one with `--accounts`")
    } else {
        format!("the rule reads `{name}`, and the account table has no such column: map it in the mapping file")
    };
    Err(NotEvaluable { reason })
}
