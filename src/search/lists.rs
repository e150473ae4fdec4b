//! Reference lists as a transfer sees them: whether a value is on a list at its time, and which threshold holds for it.

use crate::columns::{AccountId, Column, Ledger, ListEntry, ReferenceList, RowId, TextColumn};

use super::select::major;

/// Whether the value of a text column is on a list as of each transfer's time; missing values are unknown.
pub(super) fn membership(column: &str, list: &str, ledger: &Ledger) -> Option<Vec<Option<bool>>> {
    let list = ledger.list(list)?;
    let by_account = |account: fn(&Ledger, RowId) -> AccountId, rows: &[&[ListEntry]]| -> Vec<Option<bool>> {
        ledger.rows().map(|row| Some(is_on(rows[account(ledger, row).index()], ledger, row))).collect()
    };
    let keys = || -> Vec<&[ListEntry]> {
        ledger.accounts().ids().map(|account| list.rows_of(ledger.accounts().key(account))).collect()
    };
    let side: fn(&Ledger, RowId) -> AccountId =
        if column.starts_with("sender") { Ledger::sender } else { Ledger::receiver };
    match column.split_once('.') {
        None if column == "sender" || column == "receiver" => Some(by_account(side, &keys())),
        Some((_, "account")) => Some(by_account(side, &keys())),
        None if column == "currency" => {
            let table: Vec<_> = ledger.currency_table().iter().map(|currency| list.rows_of(&currency.code)).collect();
            Some(ledger.rows().map(|row| Some(is_on(table[ledger.currency(row).index()], ledger, row))).collect())
        }
        None if column == "tx_id" => {
            Some(ledger.rows().map(|row| Some(list.holds(&ledger.tx_id(row), ledger.time(row)))).collect())
        }
        Some((_, name)) => of_texts(list, ledger.accounts().column(name)?, ledger, |row| side(ledger, row).index()),
        None => of_texts(list, ledger.column(column)?, ledger, RowId::index),
    }
}

fn of_texts(
    list: &ReferenceList,
    column: &Column,
    ledger: &Ledger,
    at: impl Fn(RowId) -> usize,
) -> Option<Vec<Option<bool>>> {
    let Column::Text(texts) = column else { return None };
    let rows_of: Vec<&[ListEntry]> = texts.values.iter().map(|value| list.rows_of(value)).collect();
    let answer = |row: RowId| {
        let code = texts.codes[at(row)];
        (code != TextColumn::NONE).then(|| is_on(rows_of[code as usize], ledger, row))
    };
    Some(ledger.rows().map(answer).collect())
}

fn is_on(rows: &[ListEntry], ledger: &Ledger, row: RowId) -> bool {
    rows.iter().any(|entry| entry.is_valid(ledger.time(row)))
}

/// The amount of a list that holds for each transfer, in the base currency.
///
/// The country is that of the receiver's account, or where it has none, of the sender's. An amount in the transfer's own
/// currency is converted at the transfer's own rate.
#[expect(clippy::cast_precision_loss, reason = "amounts are exact below 2^53 minor units")]
pub(super) fn amounts(list: &str, ledger: &Ledger) -> Option<Vec<Option<f64>>> {
    let list = ledger.list(list)?;
    let countries = text(ledger.accounts().column("country"));
    let channels = text(ledger.column("channel"));
    let amount = |row: RowId| {
        let country = |account: AccountId| countries.and_then(|texts| texts.get(account.index()));
        let country = country(ledger.receiver(row)).or_else(|| country(ledger.sender(row)));
        let channel = channels.and_then(|texts| texts.get(row.index()));
        let currency = &ledger.currency_table()[ledger.currency(row).index()];
        let entry = list.amount(country, &currency.code, channel, ledger.time(row))?;
        let amount = entry.amount?;
        if entry.currency.is_none() || currency.code == ledger.base().code {
            return Some(amount);
        }
        let booked = major(ledger.amount(row).0.into(), currency.digits);
        let base = ledger.base_amount(row).get()?.0 as f64 / 10f64.powi(ledger.base().digits.into());
        Some(amount * base / booked)
    };
    Some(ledger.rows().map(amount).collect())
}

fn text(column: Option<&Column>) -> Option<&TextColumn> {
    match column {
        Some(Column::Text(texts)) => Some(texts),
        _ => None,
    }
}
