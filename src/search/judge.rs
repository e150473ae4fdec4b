//! Predicates over instances and matches: the columns that `having` and `unless` see.

use polars::prelude::{NamedFrom, Series};
use rustc_hash::FxHashMap;

use crate::columns::{AccountId, Column, Ledger, RowId, Span, TextColumn, Time};
use crate::lang::{Flow, Predicate};

use super::features::{Features, features};
use super::moments;
use super::select::{
    durations_series, evaluate, major, major_of, numbers_series, series_of, text_series, times_series, value_of, whole,
};
use super::{Instance, Instances, SearchError};

/// Whether a predicate holds for each instance; `finished` are the matches that `repeats` looks at.
pub(super) fn judge(
    flow: &Flow,
    ledger: &Ledger,
    predicate: &Predicate,
    instances: &Instances,
    finished: &[Instances],
) -> Result<Vec<bool>, SearchError> {
    let all: Vec<Features> = instances.iter().map(|instance| features(flow, ledger, instance)).collect();
    let columns = predicate
        .columns
        .iter()
        .map(|name| {
            let column = match name.as_str() {
                "repeats" => flow.repeat_within.map(|near| repeats(ledger, near, instances, &all, finished)),
                _ => column(flow, ledger, name, instances, &all),
            };
            column.ok_or_else(|| SearchError::NotEvaluable(format!("the ledger has no column for `{name}`")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mask = evaluate(predicate, columns, instances.len())?;
    Ok((0..instances.len()).map(|position| mask.get(position)).collect())
}

/// The values that a predicate over instances reads of one, by column in name order.
pub(super) fn values(
    flow: &Flow,
    ledger: &Ledger,
    predicate: &Predicate,
    instances: &Instances,
    finished: &[Instances],
) -> Vec<Vec<(String, Option<String>)>> {
    let all: Vec<Features> = instances.iter().map(|instance| features(flow, ledger, instance)).collect();
    let mut values = vec![Vec::new(); instances.len()];
    for name in &predicate.columns {
        let series = match name.as_str() {
            "repeats" => flow.repeat_within.map(|near| repeats(ledger, near, instances, &all, finished)),
            _ => column(flow, ledger, name, instances, &all),
        };
        for (position, values) in values.iter_mut().enumerate() {
            values.push((name.clone(), series.as_ref().and_then(|series| value_of(series, position))));
        }
    }
    values
}

fn column(flow: &Flow, ledger: &Ledger, name: &str, instances: &Instances, all: &[Features]) -> Option<Series> {
    let money = |of: fn(&Features) -> Option<i128>| {
        numbers_series(name, all.iter().map(|features| major_of(of(features), ledger.base())))
    };
    let counts = |of: &dyn Fn(&Features) -> usize| {
        Series::new(name.into(), all.iter().map(|features| whole(of(features))).collect::<Vec<_>>())
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
            let channels: Option<Vec<i64>> = all.iter().map(|features| features.channels.map(whole)).collect();
            Series::new(name.into(), channels?)
        }
        _ => return role_column(flow, ledger, name, all).or_else(|| step_column(flow, ledger, name, instances)),
    })
}

/// How many other matches of the same accounts end or begin so near. Matches of several flows that share a transfer are
/// the same thing seen in several ways, and count once.
fn repeats(ledger: &Ledger, near: Span, matches: &Instances, all: &[Features], finished: &[Instances]) -> Series {
    let mut seen = Instances::default();
    for found in finished.iter().flat_map(Instances::iter) {
        seen.push(found.binding, [(0, found.transfers().as_slice())], 1);
    }
    let seen = seen.coalesce();
    let mut times = FxHashMap::<&[AccountId], (Vec<Time>, Vec<Time>)>::default();
    for found in seen.iter() {
        let (starts, ends) = times.entry(found.binding).or_default();
        starts.extend(found.rows().first().map(|&row| ledger.time(row)));
        ends.extend(found.rows().last().map(|&row| ledger.time(row)));
    }
    for (starts, ends) in times.values_mut() {
        starts.sort_unstable();
        ends.sort_unstable();
    }
    let count = |(position, features): (usize, &Features)| {
        let (starts, ends) = &times[matches.get(position).binding];
        let begun = starts.partition_point(|&start| start <= features.ended + near);
        let gone = ends.partition_point(|&end| end < features.started - near);
        whole(begun - gone - 1)
    };
    Series::new("repeats".into(), all.iter().enumerate().map(count).collect::<Vec<_>>())
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
        return Some(match ledger.accounts().column(column)? {
            // Few rows of many: the texts of all accounts are not copied.
            Column::Text(texts) => text_series(name, order.iter().map(|&account| texts.get(account as usize))),
            other => series_of(name, &other.gather(&order)),
        });
    }
    let role = find(name.strip_suffix("_count")?)?;
    Some(Series::new(name.into(), all.iter().map(|features| whole(features.roles[role].len())).collect::<Vec<_>>()))
}

/// A column of a named step: `S_amount`, `S_median`, `S_started`, `S_distinct(channel)`.
fn step_column(flow: &Flow, ledger: &Ledger, name: &str, instances: &Instances) -> Option<Series> {
    let (step, what) = match name.split_once("_distinct(") {
        Some((step, column)) => (step, Err(column.strip_suffix(')')?)),
        None => name.rsplit_once('_').map(|(step, what)| (step, Ok(what)))?,
    };
    let step = flow.steps.iter().position(|candidate| candidate.name.as_deref() == Some(step))?;
    let rows = |instance: Instance<'_>| -> Vec<RowId> {
        let slots = (0..instance.slots.len()).filter(|&slot| instance.slots[slot] == step);
        let mut rows: Vec<RowId> = slots.flat_map(|slot| instance.slot(slot).iter().copied()).collect();
        rows.sort_unstable();
        rows
    };
    let weights = |instance| -> Option<Vec<f64>> {
        let digits = ledger.base().digits;
        let weight = |row| ledger.base_amount(row).get().map(|money| major(money.0.into(), digits));
        rows(instance).into_iter().map(weight).collect()
    };
    let spread = |of: fn(&[f64]) -> Option<f64>| {
        numbers_series(name, instances.iter().map(|instance| weights(instance).and_then(|weights| of(&weights))))
    };
    let time = |of: fn(&[RowId]) -> Option<&RowId>| {
        times_series(name, instances.iter().map(|instance| of(&rows(instance)).map(|&row| ledger.time(row).0)))
    };
    Some(match what {
        Ok("amount") => {
            let minor = |row| ledger.base_amount(row).get().map(|money| i128::from(money.0));
            let sum = |instance| rows(instance).into_iter().map(minor).sum();
            numbers_series(name, instances.iter().map(|instance| major_of(sum(instance), ledger.base())))
        }
        Ok("min") => spread(|weights| weights.iter().copied().reduce(f64::min)),
        Ok("max") => spread(|weights| weights.iter().copied().reduce(f64::max)),
        Ok("mean") => spread(moments::mean),
        Ok("median") => spread(moments::median),
        Ok("sd") => spread(moments::deviation),
        Ok("transfers") => {
            Series::new(name.into(), instances.iter().map(|instance| whole(rows(instance).len())).collect::<Vec<_>>())
        }
        Ok("started") => time(<[RowId]>::first),
        Ok("ended") => time(<[RowId]>::last),
        Err(column) => {
            let code = codes(ledger, column)?;
            let distinct = |instance| {
                let mut values: Vec<u64> = rows(instance).into_iter().filter_map(&code).collect();
                values.sort_unstable();
                values.dedup();
                whole(values.len())
            };
            Series::new(name.into(), instances.iter().map(distinct).collect::<Vec<_>>())
        }
        Ok(_) => return None,
    })
}

/// Gives each transfer a number that is the same exactly where the value of a column is; nothing for a missing value.
fn codes<'l>(ledger: &'l Ledger, name: &str) -> Option<Box<dyn Fn(RowId) -> Option<u64> + 'l>> {
    let code = |column: &'l Column, at: usize| match column {
        Column::Text(texts) => Some(texts.codes[at]).filter(|&code| code != TextColumn::NONE).map(u64::from),
        Column::Number(values) => values[at].map(f64::to_bits),
        Column::Time(values) => values[at].map(|time| time.0.cast_unsigned()),
        Column::Truth(values) => values[at].map(u64::from),
    };
    if let Some((end, column)) = name.split_once('.') {
        let end = if end == "sender" { Ledger::sender } else { Ledger::receiver };
        if column == "account" {
            return Some(Box::new(move |row| Some(end(ledger, row).0.into())));
        }
        let column = ledger.accounts().column(column)?;
        return Some(Box::new(move |row| code(column, end(ledger, row).index())));
    }
    Some(match name {
        "sender" => Box::new(|row| Some(ledger.sender(row).0.into())),
        "receiver" => Box::new(|row| Some(ledger.receiver(row).0.into())),
        "currency" => Box::new(|row| Some(ledger.currency(row).0.into())),
        "tx_id" => Box::new(|row| Some(row.0.into())),
        "timestamp" => Box::new(|row| Some(ledger.time(row).0.cast_unsigned())),
        "amount" => Box::new(|row| ledger.base_amount(row).get().map(|money| money.0.cast_unsigned())),
        "original_amount" => Box::new(|row| Some(ledger.amount(row).0.cast_unsigned())),
        _ => {
            let column = ledger.column(name)?;
            Box::new(move |row| code(column, row.index()))
        }
    })
}
