//! Payments as they are meant, and transfers as they are booked: here currencies convert.

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
    Wallet,
    Prepaid,
    Crypto,
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
            Self::Wallet => "e_money",
            Self::Prepaid => "prepaid",
            Self::Crypto => "crypto",
        }
    }
}

/// What a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Payment,
    Refund,
    Chargeback,
    Load,
}

impl Kind {
    /// The value of the column `kind`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
            Self::Chargeback => "chargeback",
            Self::Load => "load",
        }
    }
}

/// A bank's desk or cash machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Desk {
    /// Position of its country.
    pub(super) country: usize,
    /// The region of that country, from 1.
    pub(super) region: u8,
    /// Its number in that region.
    pub(super) number: u8,
}

/// Who stood at a desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hand {
    /// The owner of an account.
    Owner(Place),
    /// Somebody who works for the owner of an account.
    Staff(Place, u8),
}

/// Which earlier transfer is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undoes {
    /// The transfer with this number in the ledger.
    Number(u64),
    /// The planted transfer at this position.
    Planted(usize),
}

/// What only some transfers have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra {
    pub(super) desk: Option<Desk>,
    pub(super) hand: Option<Hand>,
    /// Number of the remitter's agent.
    pub(super) agent: Option<u16>,
    /// Position of the country that issued the card, where it is not the payer's.
    pub(super) card: Option<usize>,
    /// The account that a processor is paid for.
    pub(super) meant: Option<Place>,
    pub(super) undoes: Option<Undoes>,
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
    pub(super) channel: Channel,
    pub(super) kind: Kind,
    /// What it is for; empty where nobody says.
    pub(super) purpose: &'static str,
    pub(super) extra: Extra,
}

impl Payment {
    /// A payment that nobody says anything about.
    pub(super) fn new(channel: Channel, time: i64, [from, to]: [Place; 2], cents: i64) -> Self {
        Self { time, from, to, cents, channel, kind: Kind::Payment, purpose: "", extra: Extra::default() }
    }

    pub(super) fn purpose(self, purpose: &'static str) -> Self {
        Self { purpose, ..self }
    }

    pub(super) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) fn at(self, desk: Desk) -> Self {
        Self { extra: Extra { desk: Some(desk), ..self.extra }, ..self }
    }

    pub(super) fn by(self, hand: Hand) -> Self {
        Self { extra: Extra { hand: Some(hand), ..self.extra }, ..self }
    }

    pub(super) fn agent(self, agent: u16) -> Self {
        Self { extra: Extra { agent: Some(agent), ..self.extra }, ..self }
    }

    pub(super) fn card_of(self, country: usize) -> Self {
        Self { extra: Extra { card: Some(country), ..self.extra }, ..self }
    }

    pub(super) fn meant_for(self, place: Place) -> Self {
        Self { extra: Extra { meant: Some(place), ..self.extra }, ..self }
    }

    /// As it is booked, unless the payer pays itself or pays nothing.
    pub(super) fn book(self, world: &World, draw: &mut Draw) -> Option<Transfer> {
        let Self { time, from, to, cents, channel, kind, purpose, extra } = self;
        if from == to || cents < 1 {
            return None;
        }
        let [payer, payee] = [from, to].map(|place| COUNTRIES[world.country(place)]);
        let sent = (cents * 1_000_000 / payer.rate).max(1);
        let received = if payer.currency == payee.currency {
            sent
        } else {
            // The bank's spread: up to six tenths of a percent.
            let spread = 10_000 - draw.between(0, 60);
            let fair = i128::from(sent) * i128::from(payer.rate) * i128::from(spread);
            i64::try_from(fair / i128::from(payee.rate) / 10_000).expect("amounts of this world are small").max(1)
        };
        Some(Transfer { time, from, to, sent, received, channel, kind, purpose, extra, planted: None })
    }
}

/// One transfer, as booked.
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
    pub(super) channel: Channel,
    pub(super) kind: Kind,
    /// What it is for; empty where nobody says.
    pub(super) purpose: &'static str,
    pub(super) extra: Extra,
    /// Its position among the planted transfers, if it is one.
    pub(super) planted: Option<usize>,
}

impl Transfer {
    /// What gives back a part of it, in hundredths.
    pub(super) fn undone(self, number: u64, time: i64, percent: i64) -> Self {
        let part = |cents: i64| (cents * percent / 100).max(1);
        let (sent, received) = (part(self.received), part(self.sent));
        let extra = Extra { undoes: Some(Undoes::Number(number)), meant: None, ..self.extra };
        Self { time, from: self.to, to: self.from, sent, received, kind: Kind::Refund, extra, ..self }
    }
}

/// The transfers of one stretch of time.
#[derive(Debug)]
pub(super) struct Book<'a> {
    pub(super) world: &'a World,
    /// Seconds at which the stretch begins and ends.
    pub(super) stretch: std::ops::Range<i64>,
    /// The transfers that fall into it.
    pub(super) transfers: Vec<Transfer>,
    /// How many payments were offered, those of other stretches included.
    pub(super) offered: usize,
}

impl<'a> Book<'a> {
    /// An empty book.
    pub(super) fn new(world: &'a World, stretch: std::ops::Range<i64>) -> Self {
        Self { world, stretch, transfers: Vec::new(), offered: 0 }
    }

    /// Books a payment; it always draws the same, so that a stretch does not move what others hold.
    pub(super) fn pay(&mut self, payment: Payment, draw: &mut Draw) {
        let Some(transfer) = payment.book(self.world, draw) else { return };
        self.offered += 1;
        if self.stretch.contains(&transfer.time) {
            self.transfers.push(transfer);
        }
    }
}
