//! Predicates over instances and matches: the columns that `having` and `unless` see.

use polars::prelude::{NamedFrom, Series};

use crate::columns::{Ledger, RowId};
use crate::lang::{Flow, Predicate};

use super::features::{Features, features};
use super::select::{
    durations_series, evaluate, major, major_of, numbers_series, series_of, text_series, times_series,
};
use super::{Instance, Instances, SearchError};

/// Whether a predicate holds for each instance.
pub(super) fn judge(
    flow: &Flow,
    ledger: &Ledger,
    predicate: &Predicate,
    instances: &Instances,
) -> Result<Vec<bool>, SearchError> {
    let all: Vec<Features> = instances.iter().map(|instance| features(flow, ledger, instance)).collect();
    let columns = predicate
        .columns
        .iter()
        .map(|name| {
            column(flow, ledger, name, instances, &all)
                .ok_or_else(|| SearchError::NotEvaluable(format!("the ledger has no column for `{name}`")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mask = evaluate(predicate, columns, instances.len())?;
    Ok((0..instances.len()).map(|position| mask.get(position)).collect())
}

fn column(flow: &Flow, ledger: &Ledger, name: &str, instances: &Instances, all: &[Features]) -> Option<Series> {
    let money = |of: fn(&Features) -> Option<i128>| {
        numbers_series(name, all.iter().map(|features| major_of(of(features), ledger.base())))
    };
    let counts = |of: &dyn Fn(&Features) -> usize| {
        Series::new(name.into(), all.iter().map(|features| of(features) as u64).collect::<Vec<_>>())
    };
    Some(match name {
        "amount_in" => money(|features| features.amount_in),
        "amount_out" => money(|features| features.amount_out),
        "amount_total" => money(|features| features.amount_total),
        "transfers" => counts(&|features| features.transfers),
        "hops" => counts(&|features| features.hops),
        "duration" => durations_series(name, all.iter().map(|features| (features.ended - features.started).0)),
        "started" => times_series(name, all.iter().map(|features| Some(features.started.0))),
        "ended" => times_series(name, all.iter().map(|features| Some(features.ended.0))),
        "currencies" => counts(&|features| features.currencies),
        "channels" => {
            let channels: Option<Vec<u64>> = all.iter().map(|features| features.channels.map(|n| n as u64)).collect();
            Series::new(name.into(), channels?)
        }
        _ => return role_column(flow, ledger, name, all).or_else(|| step_column(flow, ledger, name, instances)),
    })
}

/// `R.X`, a column of the account of a single role, or `R_count`, the number of accounts of a role.
fn role_column(flow: &Flow, ledger: &Ledger, name: &str, all: &[Features]) -> Option<Series> {
    let find = |wanted: &str| flow.roles.iter().position(|role| role.name == wanted);
    if let Some((role, column)) = name.split_once('.') {
        let role = find(role)?;
        let accounts = all.iter().map(|features| features.roles[role][0]);
        if column == "account" {
            return Some(text_series(name, accounts.map(|account| Some(ledger.accounts().key(account)))));
        }
        let order: Vec<u32> = accounts.map(|account| account.0).collect();
        return Some(series_of(name, &ledger.accounts().column(column)?.gather(&order)));
    }
    let role = find(name.strip_suffix("_count")?)?;
    Some(Series::new(name.into(), all.iter().map(|features| features.roles[role].len() as u64).collect::<Vec<_>>()))
}

/// `S_amount`, `S_transfers`, `S_min`, `S_max` of a named step.
fn step_column(flow: &Flow, ledger: &Ledger, name: &str, instances: &Instances) -> Option<Series> {
    let (step, what) = name.rsplit_once('_')?;
    let step = flow.steps.iter().position(|candidate| candidate.name.as_deref() == Some(step))?;
    let rows = |instance: Instance<'_>| -> Vec<RowId> {
        let slots = (0..instance.slots.len()).filter(|&slot| instance.slots[slot] == step);
        slots.flat_map(|slot| instance.slot(slot).iter().copied()).collect()
    };
    let weights = |instance| -> Option<Vec<i64>> {
        rows(instance).into_iter().map(|row| ledger.base_amount(row).get().map(|money| money.0)).collect()
    };
    let digits = ledger.base().digits;
    let number = |of: &dyn Fn(Vec<i64>) -> Option<i128>| {
        numbers_series(
            name,
            instances.iter().map(|instance| weights(instance).and_then(of).map(|sum| major(sum, digits))),
        )
    };
    Some(match what {
        "amount" => number(&|weights| Some(weights.into_iter().map(i128::from).sum())),
        "min" => number(&|weights| weights.into_iter().min().map(i128::from)),
        "max" => number(&|weights| weights.into_iter().max().map(i128::from)),
        "transfers" => {
            let counts: Vec<u64> = instances.iter().map(|instance| rows(instance).len() as u64).collect();
            Series::new(name.into(), counts)
        }
        _ => return None,
    })
}
