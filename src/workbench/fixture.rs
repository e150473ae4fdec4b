//! The ledger of a rule test: its small tables, with everything that they leave out filled in plainly.
//!
//! Time starts at 2024-01-01T00:00:00Z, the currency is EUR, transfers are called t1, t2, … in the order of the table.
//! Canonical columns that a test does not give are there and hold nothing, so that a test shows only what matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::columns::{
    BaseAmount, Column, Currency, Draft, Ledger, ListEntry, Money, Ratio, ReferenceList, SourceRow, Span, TextColumn,
    Time, TxIds, schema,
};
use crate::lang::{RuleTest, TestTable};

/// 2024-01-01T00:00:00Z.
const START: Time = Time(1_704_067_200_000_000);

/// Decimals of every currency in a test.
const DIGITS: u8 = 2;

/// The ledger of a test. Its tables have been checked by [`crate::lang::compile`]. Of the `lists` that its rule reads, those that
/// neither the test nor the program brings are there and hold nothing.
///
/// # Errors
///
/// A sentence, where a cell is more than a table check can see: an amount finer than a cent, two rows of one `tx_id`.
pub fn ledger(test: &RuleTest, lists: &BTreeSet<String>) -> Result<Ledger, String> {
    let rows = &test.transfers;
    let count = rows.rows.len();
    let mut keys = Keys::default();
    let senders = keys.positions(rows, "from");
    let receivers = keys.positions(rows, "to");
    let amounts = cells(rows, "amount")
        .map(|cell| cell.map_or(Err("a row has no amount".to_owned()), money))
        .collect::<Result<Vec<Money>, _>>()?;
    let codes: Vec<&str> = cells(rows, "currency").map(|cell| cell.unwrap_or("EUR")).collect();
    let table = TextColumn::from_texts((0..count).map(|row| Some(codes.get(row).copied().unwrap_or("EUR"))));
    // Amounts of other currencies than the first have no rate in a test, and so cannot be weighed.
    let base = |code: &u32, amount: &Money| if *code == 0 { BaseAmount::known(*amount) } else { BaseAmount::UNKNOWN };
    let currency = |code: &String| Currency { code: code.clone(), digits: DIGITS };
    let first = table.values.first().cloned().unwrap_or_else(|| "EUR".to_owned());
    let ledger = Ledger::new(Draft {
        tx_ids: TxIds::Texts(tx_ids(rows, count)?),
        times: cells(rows, "when").map(|cell| cell.and_then(time).unwrap_or(START)).collect(),
        senders,
        receivers,
        base_amounts: Some(table.codes.iter().zip(&amounts).map(|(code, amount)| base(code, amount)).collect()),
        amounts,
        currencies: table.codes.iter().map(|&code| u16::try_from(code).expect("a test has few currencies")).collect(),
        currency_table: if table.values.is_empty() {
            vec![currency(&first)]
        } else {
            table.values.iter().map(currency).collect()
        },
        base: currency(&first),
        columns: with_empty(
            further(rows, &["when", "from", "to", "amount", "currency", "tx_id"], count),
            &["channel", "kind", "refers_to", "purpose"],
            count,
        ),
        sources: (0..count).map(|row| SourceRow { file: 0, record: row as u64 + 1 }).collect(),
        files: vec![test.name.clone()],
        account_columns: account_columns(test.accounts.as_ref(), &keys.names),
        keys: keys.names.into_iter().collect(),
        resolution: Span::SECOND,
    });
    let mut lists: BTreeMap<_, _> = lists.iter().map(|name| (name.clone(), ReferenceList::default())).collect();
    lists.extend(crate::ingest::shipped_lists());
    lists.extend(test.lists.iter().map(|(name, table)| (name.clone(), list(table))));
    Ok(ledger.with_lists(lists))
}

/// A reference list as a test writes it.
fn list(table: &TestTable) -> ReferenceList {
    let column = |name: &str| -> Vec<Option<String>> {
        let cells: Vec<_> = cells(table, name).map(|cell| cell.map(str::to_owned)).collect();
        if cells.is_empty() { vec![None; table.rows.len()] } else { cells }
    };
    let columns = ["value", "amount", "country", "currency", "channel", "valid_from", "valid_to"].map(column);
    ReferenceList::new((0..table.rows.len()).map(|row| {
        let [value, amount, country, currency, channel, from, to] = columns.each_ref().map(|cells| cells[row].clone());
        ListEntry {
            value,
            amount: amount.and_then(|amount| amount.parse().ok()),
            country,
            currency,
            channel,
            from: from.as_deref().and_then(time).unwrap_or(Time(i64::MIN)),
            to: to.as_deref().and_then(time).unwrap_or(Time(i64::MAX)),
        }
    }))
}

/// Account keys in the order in which they are met.
#[derive(Default)]
struct Keys {
    names: Vec<String>,
}

impl Keys {
    fn positions(&mut self, table: &TestTable, column: &str) -> Vec<u32> {
        cells(table, column)
            .map(|cell| {
                let name = cell.unwrap_or("-");
                let position = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                    self.names.push(name.to_owned());
                    self.names.len() - 1
                });
                u32::try_from(position).expect("a test has few accounts")
            })
            .collect()
    }
}

/// The cells of a column from top to bottom; none at all where the table has no such column.
fn cells<'t>(table: &'t TestTable, column: &str) -> impl Iterator<Item = Option<&'t str>> + use<'t> {
    let position = table.header.iter().position(|name| name == column);
    let rows = if position.is_some() { &table.rows[..] } else { &[] };
    rows.iter().map(move |row| row[position.unwrap_or(0)].as_deref())
}

fn tx_ids(table: &TestTable, count: usize) -> Result<Vec<String>, String> {
    let mut ids: Vec<String> = cells(table, "tx_id").flatten().map(str::to_owned).collect();
    if ids.is_empty() {
        ids = (1..=count).map(|row| format!("t{row}")).collect();
    }
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    if ids.len() == count && sorted.len() == count {
        Ok(ids)
    } else {
        Err("every row needs a `tx_id` of its own".to_owned())
    }
}

fn time(cell: &str) -> Option<Time> {
    if let Ok(span) = cell.parse::<Span>() {
        return Some(START + span);
    }
    cell.parse::<jiff::Timestamp>().ok().map(|stamp| Time(stamp.as_microsecond()))
}

fn money(cell: &str) -> Result<Money, String> {
    let fine = || format!("the amount `{cell}` is finer than a cent");
    let ratio: Ratio = cell.parse().map_err(|_| format!("`{cell}` is not an amount"))?;
    let scaled = i128::from(ratio.numerator()) * 100;
    let whole = scaled % i128::from(ratio.denominator()) == 0;
    let minor = i64::try_from(scaled / i128::from(ratio.denominator())).map_err(|_| fine())?;
    if whole && minor > 0 { Ok(Money(minor)) } else { Err(fine()) }
}

/// The columns of a table that are not known by name here.
fn further(table: &TestTable, known: &[&str], count: usize) -> BTreeMap<String, Column> {
    let names = table.header.iter().filter(|name| !known.contains(&name.as_str()));
    names.map(|name| (name.clone(), column(name, cells(table, name).collect(), count))).collect()
}

fn column(name: &str, cells: Vec<Option<&str>>, count: usize) -> Column {
    debug_assert_eq!(cells.len(), count, "a checked table has whole rows");
    let canonical = schema::account(name).or_else(|| schema::transfer(name)).map(|column| column.kind);
    match canonical {
        Some(schema::Kind::Time) => Column::Time(cells.into_iter().map(|cell| cell.and_then(time)).collect()),
        Some(schema::Kind::Text) => Column::Text(TextColumn::from_texts(cells)),
        Some(schema::Kind::Number) | None => {
            let numbers: Vec<Option<f64>> = cells.iter().map(|cell| cell.and_then(|cell| cell.parse().ok())).collect();
            let read = cells.iter().zip(&numbers).all(|(cell, number)| cell.is_some() == number.is_some());
            if read { Column::Number(numbers) } else { Column::Text(TextColumn::from_texts(cells)) }
        }
    }
}

/// Adds columns that hold nothing under names that are not there.
fn with_empty(mut columns: BTreeMap<String, Column>, names: &[&str], count: usize) -> BTreeMap<String, Column> {
    for &name in names {
        columns.entry(name.to_owned()).or_insert_with(|| column(name, vec![None; count], count));
    }
    columns
}

/// The columns of the accounts table, one value for each account of the transfers.
fn account_columns(table: Option<&TestTable>, keys: &[String]) -> BTreeMap<String, Column> {
    let canonical: Vec<&str> =
        schema::ACCOUNT.iter().map(|column| column.name).filter(|name| *name != "account").collect();
    with_empty(given(table, keys), &canonical, keys.len())
}

fn given(table: Option<&TestTable>, keys: &[String]) -> BTreeMap<String, Column> {
    let Some(table) = table else { return BTreeMap::new() };
    let listed: Vec<Option<&str>> = cells(table, "account").collect();
    let missing = u32::MAX;
    let row_of = |key: &String| {
        let row = listed.iter().position(|cell| *cell == Some(key.as_str()));
        row.map_or(missing, |row| u32::try_from(row).expect("a test has few accounts"))
    };
    let order: Vec<u32> = keys.iter().map(row_of).collect();
    let columns = further(table, &["account"], table.rows.len());
    columns.into_iter().map(|(name, column)| (name, column.gather(&order))).collect()
}
