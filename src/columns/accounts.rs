//! The accounts of a ledger: their keys in byte order and whatever an account table says of them.

use std::collections::BTreeMap;

use super::{AccountId, Column, Keys};

/// Every account that a transfer names, in key order, with the columns of the account table.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    keys: Keys,
    columns: BTreeMap<String, Column>,
    outside: Vec<bool>,
    /// Keys of owners, numbered behind the accounts.
    owners: Keys,
}

impl Accounts {
    pub(super) fn new(keys: Keys, columns: BTreeMap<String, Column>) -> Self {
        let outside = match columns.get("kind") {
            Some(Column::Text(kinds)) => (0..keys.len())
                .map(|row| kinds.get(row).is_some_and(|kind| matches!(kind, "external" | "cash")))
                .collect(),
            _ => vec![false; keys.len()],
        };
        Self { keys, columns, outside, owners: Keys::default() }
    }

    /// How many accounts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no accounts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All account ids, in key order.
    pub fn ids(&self) -> impl Iterator<Item = AccountId> + use<> {
        (0..u32::try_from(self.keys.len()).expect("account ids are 32 bits")).map(AccountId)
    }

    /// The key of an account (or of an owner, see [`super::Ledger::with_owners`]), as the ledger writes it.
    #[must_use]
    pub fn key(&self, account: AccountId) -> &str {
        let own = self.keys.get(account.index());
        own.unwrap_or_else(|| &self.owners[account.index() - self.keys.len()])
    }

    /// Numbers owners behind the accounts and the owners that are already there; gives the number of the first.
    pub(super) fn add_owners(&mut self, keys: impl IntoIterator<Item = String>) -> u32 {
        let first = self.keys.len() + self.owners.len();
        keys.into_iter().for_each(|key| self.owners.push(&key));
        u32::try_from(first).expect("account ids are 32 bits")
    }

    /// The keys of all accounts and owners, in the order of their numbers.
    pub(super) fn all_keys(&self) -> Keys {
        self.keys.iter().chain(self.owners.iter()).collect()
    }

    /// The account with this key, if a transfer names it.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<AccountId> {
        let (mut low, mut high) = (0, self.keys.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if &self.keys[middle] < key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = self.keys.get(low) == Some(key);
        found.then(|| AccountId(u32::try_from(low).expect("account ids are 32 bits")))
    }

    /// A column of the account table, one value an account.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }

    /// The account table's columns by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// Whether the account stands for the outside (its kind is `external` or `cash`): such an account is
    /// bound to a role only where the role's predicate names `kind`.
    #[must_use]
    pub fn is_outside(&self, account: AccountId) -> bool {
        self.outside[account.index()]
    }
}
