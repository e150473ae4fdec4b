//! One planted instance while it is being acted: who plays, when it begins, and what each actor passes on.

use super::book::{Book, Channel, Payment};
use super::calendar::{Calendar, DAY, HOUR};
use super::draw::Draw;
use super::world::{Holder, Place, World};

/// The stage of one instance.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) world: &'a mut World,
    pub(super) book: &'a mut Book,
    /// People of the population who play in no instance yet.
    pub(super) idle: &'a mut Vec<Place>,
    pub(super) draw: Draw,
    /// The day on which it begins; new accounts are opened shortly before.
    pub(super) day: i64,
}

/// Euros in cents.
pub(super) const EURO: i64 = 100;

impl Scene<'_> {
    /// A person: often one of the population, else somebody with an account of their own for this purpose.
    pub(super) fn person(&mut self) -> Place {
        if self.draw.chance(40)
            && let Some(person) = self.idle.pop()
        {
            return person;
        }
        self.newcomer()
    }

    /// A person whose account is a few months old and has little life.
    pub(super) fn newcomer(&mut self) -> Place {
        let age = self.draw.between(10, 300) - self.day;
        let country = World::country(&mut self.draw);
        let place = self.world.open(Holder::Person, country, age, &mut self.draw);
        self.world.accounts[place].turnover = Some(self.draw.between(9, 26) * 100);
        place
    }

    /// An account of a kind, old enough to be nothing special, with a declared turnover in euros.
    pub(super) fn settled(&mut self, holder: Holder, turnover: i64) -> Place {
        let age = self.draw.between(900, 5_000);
        let country = World::country(&mut self.draw);
        let place = self.world.open(holder, country, age, &mut self.draw);
        self.world.accounts[place].turnover = Some(turnover);
        place
    }

    /// A firm that exists for this purpose.
    pub(super) fn shell(&mut self) -> Place {
        let age = self.draw.between(12, 80) - self.day;
        let country = World::country(&mut self.draw);
        let place = self.world.open(Holder::Company, country, age, &mut self.draw);
        self.world.accounts[place].turnover = Some(self.draw.between(30, 90) * 100);
        place
    }

    /// So many people.
    pub(super) fn people(&mut self, number: i64) -> Vec<Place> {
        (0..number).map(|_| self.person()).collect()
    }

    /// So many people who have no other job or home.
    pub(super) fn newcomers(&mut self, number: i64) -> Vec<Place> {
        (0..number).map(|_| self.newcomer()).collect()
    }

    /// A second at which something that lasts so many days can begin and still end in the ledger; drawn before the
    /// accounts that are opened for it.
    pub(super) fn start(&mut self, days: i64) -> i64 {
        let latest = (self.calendar.days - days - 2).max(1);
        self.day = self.draw.between(latest.min(1), latest);
        self.day * DAY + self.draw.between(7 * HOUR, 20 * HOUR)
    }

    /// Seconds, between so many hours.
    pub(super) fn hours(&mut self, least: i64, most: i64) -> i64 {
        self.draw.between(least * HOUR, most * HOUR)
    }

    /// An amount less a commission of so many thousandths, in whole euros.
    pub(super) fn less(&mut self, cents: i64, least: i64, most: i64) -> i64 {
        let kept = self.draw.between(least, most);
        cents * (1_000 - kept) / 1_000 / EURO * EURO
    }

    /// A transfer from one account to another.
    pub(super) fn pay(&mut self, time: i64, from: Place, to: Place, cents: i64) {
        let channel = self.draw.pick(&[Channel::Instant, Channel::Instant, Channel::Transfer, Channel::Wire]);
        self.pay_by(channel, time, from, to, cents, "");
    }

    /// The same by a channel and with a purpose.
    pub(super) fn pay_by(
        &mut self,
        channel: Channel,
        time: i64,
        from: Place,
        to: Place,
        cents: i64,
        purpose: &'static str,
    ) {
        let payment = Payment { time, from, to, cents, channel, purpose };
        self.book.pay(self.world, payment, &mut self.draw);
    }

    /// A sum in so many parts of similar size.
    pub(super) fn split(&mut self, cents: i64, parts: i64) -> Vec<i64> {
        let weights: Vec<i64> = (0..parts).map(|_| self.draw.between(70, 130)).collect();
        let whole: i64 = weights.iter().sum();
        weights.iter().map(|weight| cents * weight / whole / EURO * EURO).collect()
    }

    /// The cash account of the country that an account is kept in.
    pub(super) fn cash_of(&self, place: Place) -> Place {
        self.world.cash[self.world.accounts[place].country]
    }
}
