//! The ledger while it is being written: every payment goes through [`Book::pay`], which converts currencies.

use super::draw::Draw;
use super::world::{COUNTRIES, Place, World};

/// How a transfer moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Transfer,
    Instant,
    Wire,
    Card,
    Debit,
    Cash,
    Remittance,
}

impl Channel {
    /// The value of the column `channel`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transfer => "credit_transfer",
            Self::Instant => "instant",
            Self::Wire => "wire",
            Self::Card => "card",
            Self::Debit => "direct_debit",
            Self::Cash => "cash",
            Self::Remittance => "remittance",
        }
    }
}

/// One transfer, as made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    /// Seconds from the ledger's first midnight.
    pub(super) time: i64,
    /// Who pays.
    pub(super) from: Place,
    /// Who is paid.
    pub(super) to: Place,
    /// Cents of the payer's currency.
    pub(super) sent: i64,
    /// Cents of the payee's currency.
    pub(super) received: i64,
    /// How it moves.
    pub(super) channel: Channel,
    /// Whether it gives back what an earlier one paid.
    pub(super) refund: bool,
    /// What it is for; empty where nobody says.
    pub(super) purpose: &'static str,
    /// The planted instance that it belongs to.
    pub(super) instance: Option<u32>,
}

/// A payment to be booked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    /// Seconds from the ledger's first midnight.
    pub(super) time: i64,
    /// Who pays.
    pub(super) from: Place,
    /// Who is paid.
    pub(super) to: Place,
    /// Cents of the base currency.
    pub(super) cents: i64,
    /// How it moves.
    pub(super) channel: Channel,
    /// What it is for; empty where nobody says.
    pub(super) purpose: &'static str,
}

/// All transfers so far.
#[derive(Clone, Debug)]
pub(super) struct Book {
    /// In the order of booking.
    pub(super) transfers: Vec<Transfer>,
    /// The planted instance that payments belong to from now on.
    pub(super) instance: Option<u32>,
    end: i64,
}

impl Book {
    /// An empty book that ends at a second.
    pub(super) fn new(end: i64) -> Self {
        Self { transfers: Vec::new(), instance: None, end }
    }

    /// Books a payment, unless the ledger is over by then or the payer pays itself.
    pub(super) fn pay(&mut self, world: &World, payment: Payment, draw: &mut Draw) {
        let Payment { time, from, to, cents, channel, purpose } = payment;
        if !(0..self.end).contains(&time) || from == to || cents < 1 {
            return;
        }
        let [payer, payee] = [from, to].map(|place| COUNTRIES[world.accounts[place].country]);
        let sent = (cents * 1_000_000 / payer.rate).max(1);
        let received = if payer.currency == payee.currency {
            sent
        } else {
            // The bank's spread: up to six tenths of a percent.
            let spread = 10_000 - draw.between(0, 60);
            let fair = i128::from(sent) * i128::from(payer.rate) * i128::from(spread);
            i64::try_from(fair / i128::from(payee.rate) / 10_000).expect("amounts of this world are small").max(1)
        };
        let instance = self.instance;
        self.transfers.push(Transfer { time, from, to, sent, received, channel, refund: false, purpose, instance });
    }

    /// Books that all or a part of an earlier transfer is given back.
    pub(super) fn refund(&mut self, original: Transfer, time: i64, percent: i64) {
        let part = |cents: i64| (cents * percent / 100).max(1);
        let (sent, received) = (part(original.received), part(original.sent));
        if time < self.end {
            let (from, to) = (original.to, original.from);
            self.transfers.push(Transfer { time, from, to, sent, received, refund: true, ..original });
        }
    }
}
