//! Accounts put together by owner: the ledger as it looks where a flow goes between persons, firms or banks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{AccountId, Accounts, Column, TextColumn};

/// Which owner each account has, by one column of the account table.
#[derive(Clone, Debug)]
pub(super) struct Owners {
    /// The column that names the owner: `entity` or `bank`.
    pub(super) column: String,
    /// The owner of each account; an account that names none is its own owner.
    pub(super) of: Vec<AccountId>,
    /// The accounts of the ledger at this level: every account and owner, with what is known of each owner.
    pub(super) accounts: Arc<Accounts>,
}

impl Owners {
    /// Numbers the owners that a column names behind the accounts, in key order.
    pub(super) fn number(accounts: &mut Accounts, column: &str) -> Self {
        let names: Vec<Option<String>> = match accounts.column(column) {
            Some(column) => (0..accounts.len()).map(|account| column.text(account)).collect(),
            None => vec![None; accounts.len()],
        };
        let mut keys: Vec<String> = names.iter().flatten().cloned().collect();
        keys.sort();
        keys.dedup();
        let rank: BTreeMap<String, u32> = keys.iter().cloned().zip(0..).collect();
        let first = accounts.add_owners(keys);
        let of = accounts.ids().zip(&names).map(|(own, name)| match name {
            Some(name) => AccountId(first + rank[name]),
            None => own,
        });
        Self { column: column.to_owned(), of: of.collect(), accounts: Arc::default() }
    }

    /// Puts the accounts of the level together, when all owners of the ledger have been numbered.
    pub(super) fn settle(&mut self, base: &Accounts) {
        let keys = base.all_keys();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); keys.len()];
        for (account, owner) in self.of.iter().enumerate() {
            members[owner.index()].push(account);
        }
        let columns = base.columns().map(|(name, column)| (name.to_owned(), of_owners(name, column, &members)));
        self.accounts = Arc::new(Accounts::new(keys, columns.collect()));
    }
}

/// A column of the account table, one value an owner: what all accounts that have a value agree on; of `opened` the
/// earliest, of `turnover` the sum.
fn of_owners(name: &str, column: &Column, members: &[Vec<usize>]) -> Column {
    match column {
        Column::Text(texts) => {
            let agreed = members.iter().map(|accounts| agreed(accounts, |account| texts.get(account)));
            Column::Text(TextColumn::from_texts(agreed))
        }
        Column::Number(values) if name == "turnover" => {
            let sum = |accounts: &Vec<usize>| {
                let known: Vec<f64> = accounts.iter().filter_map(|&account| values[account]).collect();
                (!known.is_empty()).then(|| known.iter().sum())
            };
            Column::Number(members.iter().map(sum).collect())
        }
        Column::Number(values) => {
            Column::Number(members.iter().map(|accounts| agreed(accounts, |account| values[account])).collect())
        }
        Column::Time(values) if name == "opened" => Column::Time(
            members.iter().map(|accounts| accounts.iter().filter_map(|&account| values[account]).min()).collect(),
        ),
        Column::Time(values) => {
            Column::Time(members.iter().map(|accounts| agreed(accounts, |account| values[account])).collect())
        }
        Column::Truth(values) => {
            Column::Truth(members.iter().map(|accounts| agreed(accounts, |account| values[account])).collect())
        }
    }
}

/// The value that all accounts have that have one.
fn agreed<T: PartialEq>(accounts: &[usize], value: impl Fn(usize) -> Option<T>) -> Option<T> {
    let mut known = accounts.iter().filter_map(|&account| value(account));
    let first = known.next()?;
    known.all(|other| other == first).then_some(first)
}
