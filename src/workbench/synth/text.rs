//! The made ledger as tables in the canonical columns: transfers, accounts, labels, and the attempts as AMLworld has
//! them.

use std::fmt;
use std::io::{Result, Write};

use super::book::{Desk, Hand, Transfer, Undoes};
use super::draw::{Part, stream as draws};
use super::stream::Stream;
use super::world::{Account, COUNTRIES, Holder};
use super::{Draft, Made};
use crate::columns::Time;
use crate::write::{Cell, CsvRows, ParquetRows, Rows};

/// The columns of the transfers.
const COLUMNS: [&str; 18] = [
    "tx_id",
    "timestamp",
    "sender",
    "receiver",
    "amount",
    "currency",
    "amount_received",
    "currency_received",
    "channel",
    "kind",
    "purpose",
    "refers_to",
    "conductor",
    "region",
    "branch",
    "agent",
    "card_country",
    "ultimate_creditor",
];

/// The columns of the accounts.
const ACCOUNTS: [&str; 10] =
    ["account", "entity", "bank", "kind", "country", "opened", "turnover", "region", "mcc", "master"];

impl Draft {
    /// Writes the transfers as CSV, in time order.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn write_transfers(&self, out: &mut impl Write) -> Result<Made<'_>> {
        self.tell(&mut CsvRows::new(out, &COLUMNS)?)
    }

    /// Writes the transfers as a Parquet file, in time order.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn write_parquet(&self, out: &mut (impl Write + Send)) -> Result<Made<'_>> {
        let (time, cents) = (Cell::Time(Time(0)), Cell::Cents(0));
        let example = COLUMNS.map(|column| match column {
            "timestamp" => time,
            "amount" | "amount_received" => cents,
            _ => Cell::Text(&""),
        });
        let mut rows = ParquetRows::new(out, &COLUMNS, &example);
        let made = self.tell(&mut rows)?;
        rows.finish()?;
        Ok(made)
    }

    fn tell(&self, rows: &mut impl Rows) -> Result<Made<'_>> {
        let mut stream = Stream::new(self);
        while let Some((first, transfers)) = stream.next() {
            for (number, transfer) in (first..).zip(&transfers) {
                self.row(&stream.made, number, transfer, rows)?;
            }
        }
        Ok(stream.made)
    }

    fn row(&self, made: &Made<'_>, number: u64, transfer: &Transfer, rows: &mut impl Rows) -> Result<()> {
        let (keys, extra) = (&self.keys, transfer.extra);
        let [payer, payee] = [transfer.from, transfer.to].map(|place| COUNTRIES[self.world.country(place)]);
        let converts = payer.currency != payee.currency;
        let (sender, receiver) = (keys.account(transfer.from), keys.account(transfer.to));
        let undone = extra.undoes.map(|undoes| match undoes {
            Undoes::Number(number) => TxId(number),
            Undoes::Planted(position) => TxId(made.numbers[position]),
        });
        let hand = extra.hand.map(|hand| match hand {
            Hand::Owner(place) => keys.entity(self.world.at(place).entity),
            Hand::Staff(place, number) => keys.staff(place, number),
        });
        let (region, branch) = (extra.desk.map(Region), extra.desk.map(Branch));
        let agent = extra.agent.map(Agent);
        let is_card = transfer.channel == super::book::Channel::Card;
        let card = extra.card.map_or(payer.code, |country| COUNTRIES[country].code);
        let meant = extra.meant.map(|place| keys.account(place));
        rows.row(&[
            Cell::Text(&TxId(number)),
            Cell::Time(Time((self.epoch + transfer.time) * 1_000_000)),
            Cell::Text(&sender),
            Cell::Text(&receiver),
            Cell::Cents(transfer.sent),
            Cell::Text(&payer.currency),
            if converts { Cell::Cents(transfer.received) } else { Cell::Empty },
            if converts { Cell::Text(&payee.currency) } else { Cell::Empty },
            Cell::Text(&transfer.channel.name()),
            Cell::Text(&transfer.kind.name()),
            if transfer.purpose.is_empty() { Cell::Empty } else { Cell::Text(&transfer.purpose) },
            some(undone.as_ref()),
            some(hand.as_ref()),
            some(region.as_ref()),
            some(branch.as_ref()),
            some(agent.as_ref()),
            if is_card { Cell::Text(&card) } else { Cell::Empty },
            some(meant.as_ref()),
        ])
    }
}

impl Made<'_> {
    /// Writes the accounts as CSV, in key order.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn write_accounts(&self, out: &mut impl Write) -> Result<()> {
        let rows = &mut CsvRows::new(out, &ACCOUNTS)?;
        let places = self.draft.keys.in_order().filter(|&place| place < self.draft.world.end());
        for place in places {
            if let Some(account) = self.draft.world.account(place) {
                self.account(place, account, rows)?;
            }
        }
        Ok(())
    }

    fn account(&self, place: usize, account: Account, rows: &mut impl Rows) -> Result<()> {
        let Draft { keys, calendar, .. } = self.draft;
        let (key, country) = (keys.account(place), COUNTRIES[account.country].code);
        let (kind, empty) = (account.holder.name(), Cell::Empty);
        if account.holder == Holder::Cash {
            // Cash stands for the outside: nobody owns it, and it has no bank.
            let (kind, country) = (Cell::Text(&kind), Cell::Text(&country));
            return rows.row(&[Cell::Text(&key), empty, empty, kind, country, empty, empty, empty, empty, empty]);
        }
        let (entity, bank) = (keys.entity(account.entity), format!("{country}{}", account.bank + 1));
        let opened = calendar.date(account.opened);
        let region = format!("{country}-{}", account.region);
        let (turnover, master) = (self.turnover(place, account), account.master.map(|place| keys.account(place)));
        rows.row(&[
            Cell::Text(&key),
            Cell::Text(&entity),
            Cell::Text(&bank),
            Cell::Text(&kind),
            Cell::Text(&country),
            Cell::Text(&opened),
            some(turnover.as_ref()),
            Cell::Text(&region),
            some(account.trade.as_ref()),
            some(master.as_ref()),
        ])
    }

    /// Firms and shops declare about what they take in.
    fn turnover(&self, place: usize, account: Account) -> Option<i64> {
        let trades = matches!(account.holder, Holder::Company | Holder::Merchant);
        match self.receipts.get(place) {
            Some(cents) if trades && account.turnover.is_none() => {
                let monthly = cents / 100 * 30 / self.draft.calendar.days;
                let declared = draws(self.draft.world.seed, Part::Turnover, place).lognormal(monthly.max(500), 20);
                Some(declared / 100 * 100)
            }
            _ => account.turnover,
        }
    }

    /// Writes what was planted: `tx_id,label_typology,label_instance`, one line for each transfer of an instance.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn write_labels(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "tx_id,label_typology,label_instance")?;
        let mut labelled: Vec<(u64, usize)> = self.labelled().map(|(number, _, instance)| (number, instance)).collect();
        labelled.sort_unstable();
        for (number, instance) in labelled {
            let planted = &self.draft.instances[instance];
            writeln!(out, "{},{},{}", TxId(number), planted.label(), planted.name)?;
        }
        Ok(())
    }

    /// Writes the planted typologies in the form of AMLworld's `*_Patterns.txt`: for each instance a line that begins
    /// it, its transfers as the transfers' table has them, and a line that ends it.
    ///
    /// # Errors
    ///
    /// As the output fails.
    pub fn write_patterns(&self, out: &mut impl Write) -> Result<()> {
        let mut all: Vec<(usize, u64, usize)> = self.labelled().map(|(number, at, of)| (of, number, at)).collect();
        all.sort_unstable();
        for instance in all.chunk_by(|a, b| a.0 == b.0) {
            let planted = &self.draft.instances[instance[0].0];
            if planted.lookalike {
                continue;
            }
            let name = planted.typology.to_uppercase();
            writeln!(out, "BEGIN LAUNDERING ATTEMPT - {name}:  {}", planted.name)?;
            for &(_, number, position) in instance {
                let transfer = &self.draft.planted[position];
                self.draft.row(self, number, transfer, &mut CsvRows::headless(&mut *out))?;
            }
            writeln!(out, "END LAUNDERING ATTEMPT - {name}\n")?;
        }
        Ok(())
    }

    /// Number, position and instance of each labelled transfer.
    fn labelled(&self) -> impl Iterator<Item = (u64, usize, usize)> + '_ {
        let of = |(position, &instance): (usize, &Option<u32>)| {
            instance.map(|instance| (self.numbers[position], position, instance as usize))
        };
        self.draft.instance_of.iter().enumerate().filter_map(of)
    }
}

/// A cell that may be empty.
fn some<T: fmt::Display>(value: Option<&T>) -> Cell<'_> {
    value.map_or(Cell::Empty, |value| Cell::Text(value))
}

/// The id of a transfer by its number, counted from zero.
struct TxId(u64);

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{:07}", self.0 + 1)
    }
}

/// The region of a desk.
struct Region(Desk);

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", COUNTRIES[self.0.country].code, self.0.region)
    }
}

/// The branch that a desk belongs to.
struct Branch(Desk);

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", Region(self.0), self.0.number)
    }
}

/// A remitter's agent.
struct Agent(u16);

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{:03}", self.0)
    }
}
