//! The made ledger as CSV text: transfers, accounts and labels in the canonical columns.

use std::io::{Result, Write};

use super::Generated;
use super::draw::{Part, stream};
use super::world::{Account, COUNTRIES, Holder};
use crate::columns::Time;

impl Generated {
    /// Writes the transfers: `tx_id,timestamp,sender,receiver,amount,…`, in time order.
    ///
    /// # Errors
    ///
    /// As the writer fails.
    pub fn write_transfers(&self, out: &mut impl Write) -> Result<()> {
        let keys = Keys::new(self.seed);
        writeln!(
            out,
            "tx_id,timestamp,sender,receiver,amount,currency,amount_received,currency_received,channel,kind,purpose"
        )?;
        for (position, transfer) in self.transfers.iter().enumerate() {
            let [payer, payee] = [transfer.from, transfer.to].map(|place| &self.world.accounts[place]);
            let [paid, got] = [payer, payee].map(|account| COUNTRIES[account.country].currency);
            let time = Time((self.epoch + transfer.time) * 1_000_000);
            let (sender, receiver) = (keys.account(payer), keys.account(payee));
            write!(out, "{},{time},{sender},{receiver},{},{paid},", tx_id(position), Cents(transfer.sent))?;
            if paid == got {
                write!(out, ",,")?;
            } else {
                write!(out, "{},{got},", Cents(transfer.received))?;
            }
            let kind = if transfer.refund { "refund" } else { "payment" };
            writeln!(out, "{},{kind},{}", transfer.channel.name(), transfer.purpose)?;
        }
        Ok(())
    }

    /// Writes the accounts: `account,entity,bank,kind,country,opened,turnover`, in key order.
    ///
    /// # Errors
    ///
    /// As the writer fails.
    pub fn write_accounts(&self, out: &mut impl Write) -> Result<()> {
        let keys = Keys::new(self.seed);
        let mut accounts: Vec<(String, &Account)> =
            self.world.accounts.iter().map(|account| (keys.account(account), account)).collect();
        accounts.sort_by(|a, b| a.0.cmp(&b.0));
        writeln!(out, "account,entity,bank,kind,country,opened,turnover")?;
        for (key, account) in accounts {
            let (kind, country) = (account.holder.name(), COUNTRIES[account.country].code);
            if account.holder == Holder::Cash {
                // Cash stands for the outside: nobody owns it, and it has no bank.
                writeln!(out, "{key},,,{kind},{country},,")?;
                continue;
            }
            let (entity, opened) = (keys.entity(account), self.calendar.date(account.opened));
            let turnover = account.turnover.map(|euros| euros.to_string()).unwrap_or_default();
            writeln!(out, "{key},{entity},{country}{},{kind},{country},{opened},{turnover}", account.bank % 3 + 1)?;
        }
        Ok(())
    }

    /// Writes what was planted: `tx_id,label_typology,label_instance`, one line for each transfer of an instance.
    ///
    /// # Errors
    ///
    /// As the writer fails.
    pub fn write_labels(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "tx_id,label_typology,label_instance")?;
        for (position, transfer) in self.transfers.iter().enumerate() {
            if let Some(instance) = transfer.instance {
                let planted = &self.planted[instance as usize];
                writeln!(out, "{},{},{}", tx_id(position), planted.label(), planted.name)?;
            }
        }
        Ok(())
    }
}

/// The id of the transfer at a position of the ledger.
fn tx_id(position: usize) -> String {
    format!("T{:07}", position + 1)
}

/// Cents, shown as units and cents.
struct Cents(i64);

impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Makes pseudonyms: a keyed order of all 32-bit numbers, so that no two accounts share one.
struct Keys {
    rounds: [u32; 4],
}

impl Keys {
    fn new(seed: u64) -> Self {
        let mut draw = stream(seed, Part::World, 1);
        Self { rounds: [0; 4].map(|_| u32::try_from(draw.below(1 << 32)).expect("32 bits") | 1) }
    }

    fn account(&self, account: &Account) -> String {
        format!("A{:08x}", self.scramble(account.number))
    }

    fn entity(&self, account: &Account) -> String {
        format!("E{:08x}", self.scramble(!account.entity))
    }

    /// Four rounds of a Feistel network over the halves of the number.
    fn scramble(&self, number: u32) -> u32 {
        let (mut left, mut right) = (number >> 16, number & 0xffff);
        for key in self.rounds {
            let mixed = (right ^ (key >> 16)).wrapping_mul(key).wrapping_add(key >> 7);
            (left, right) = (right, left ^ ((mixed ^ (mixed >> 15)) & 0xffff));
        }
        (left << 16) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_share_a_pseudonym() {
        let keys = Keys::new(5);
        let mut made: Vec<u32> = (0..100_000).map(|number| keys.scramble(number)).collect();
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 100_000);
    }
}
