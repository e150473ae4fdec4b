//! What the stated difficulty does to an instance once it is acted: everyday life around it, jitter, and, for the
//! evasive, splits, longer delays, detours and decoys.

use super::book::{Channel, Kind, Payment};
use super::calendar::{DAY, HOUR, Rhythm};
use super::life::{Cards, price};
use super::scene::{EURO, Leg, Scene};
use super::world::{Holder, Place};

/// How hard the planted instances are to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Difficulty {
    /// As the sources describe them; those who play have little other life.
    #[default]
    Clean,
    /// Wages, rents, cash and shopping run on the accounts too; times are stretched by up to three tenths, and amounts
    /// lose up to 2 %.
    Noisy,
    /// As noisy; and amounts are split, delays grow up to 2.5 times, money takes detours, and decoys are paid.
    Evasive,
}

/// Days before and after an instance in which its actors' everyday life is told.
const AROUND: i64 = 30;

impl Scene<'_> {
    /// Disguises a planted instance; lookalikes stay as they are.
    pub(super) fn disguise(&mut self, difficulty: Difficulty) {
        match difficulty {
            Difficulty::Clean => {}
            Difficulty::Noisy => {
                self.stretch(100, 130);
                self.trim();
            }
            Difficulty::Evasive => {
                self.stretch(130, 250);
                self.trim();
                self.split_up();
                self.detour();
                self.decoys();
            }
        }
    }

    /// Tells the everyday life of those whose accounts were opened for the instance.
    pub(super) fn live(&mut self, cards: &Cards, difficulty: Difficulty) {
        for place in std::mem::take(&mut self.lively) {
            let opened = self.world.at(place).opened;
            let days = (self.day - AROUND).max(opened).max(0)..(self.day + AROUND).min(self.calendar.days);
            if days.is_empty() {
                continue;
            }
            let full = difficulty != Difficulty::Clean;
            let purchases = if full { self.draw.between(3, 14) } else { self.draw.between(0, 2) };
            for _ in 0..purchases {
                let day = self.draw.between(days.start, days.end - 1);
                let time = Rhythm::Private.moment(day, &mut self.draw);
                let shop = cards.shop(self.world, self.world.country(place), &mut self.draw);
                let cents = price(&mut self.draw);
                self.beside_it(Payment::new(Channel::Card, time, [place, shop], cents).purpose("purchase"));
            }
            if full {
                self.ordinary(place, days);
            }
        }
    }

    /// Wage or pension, rent and cash, as the population has them.
    fn ordinary(&mut self, place: Place, days: std::ops::Range<i64>) {
        let employer = if self.draw.chance(68) {
            self.world.firms[self.draw.weighted(&self.world.by_size)]
        } else {
            self.world.state
        };
        let purpose = if employer == self.world.state { "pension" } else { "salary" };
        let income = self.world.at(place).turnover.unwrap_or(1_500) * EURO;
        let landlord = self.world.current(self.draw.below(self.world.people));
        let (due, rent) = (self.draw.between(23, 28), income / 3 / 1_000 * 1_000);
        let cash = self.world.cash[self.world.country(place)];
        for day in days {
            if self.calendar.books(day, due) {
                let time = day * DAY + 6 * HOUR + self.draw.between(0, 900);
                let wage = Payment::new(Channel::Transfer, time, [employer, place], income).purpose(purpose);
                self.beside_it(wage);
            }
            if self.calendar.is(day, due - 21) {
                let time = Rhythm::Private.moment(day, &mut self.draw);
                self.beside_it(Payment::new(Channel::Transfer, time, [place, landlord], rent).purpose("rent"));
            }
            if self.draw.rarely(3_000) {
                let time = Rhythm::Private.moment(day, &mut self.draw);
                let (desk, cents) = (self.desk_of(place), self.draw.between(2, 30) * 1_000);
                self.beside_it(Payment::new(Channel::Cash, time, [place, cash], cents).at(desk));
            }
        }
    }

    fn first(&self) -> i64 {
        let labelled = self.legs.iter().filter(|leg| leg.labelled);
        labelled.map(|leg| leg.payment.time).min().unwrap_or(0)
    }

    /// Moves everything away from the first payment, as far as the ledger allows.
    fn stretch(&mut self, least: i64, most: i64) {
        let first = self.first();
        let longest = self.legs.iter().filter(|leg| leg.labelled).map(|leg| leg.payment.time - first).max();
        let room = self.calendar.days * DAY - 1 - first;
        let allowed = room * 100 / longest.unwrap_or(0).max(1);
        let factor = self.draw.between(least, most).min(allowed).max(100);
        for leg in self.legs.iter_mut().filter(|leg| leg.labelled) {
            leg.payment.time = first + (leg.payment.time - first) * factor / 100;
        }
    }

    /// Takes up to 2 % of what people choose the amount of.
    fn trim(&mut self) {
        for leg in self.legs.iter_mut().filter(|leg| leg.labelled && is_free(leg)) {
            let kept = self.draw.between(980, 1_000);
            leg.payment.cents = (leg.payment.cents * kept / 1_000).max(1);
        }
    }

    /// Splits three payments in ten into two or three, minutes or hours apart.
    fn split_up(&mut self) {
        for number in 0..self.legs.len() {
            let leg = self.legs[number];
            if !leg.labelled || !is_free(&leg) || self.is_undone(number) || !self.draw.chance(30) {
                continue;
            }
            let more = self.draw.between(1, 2);
            let parts = self.split(leg.payment.cents, more + 1);
            let mut time = leg.payment.time;
            self.legs[number].payment.cents = parts[0].max(1);
            for &cents in &parts[1..] {
                time += self.minutes(3, 90);
                self.legs.push(Leg { payment: Payment { time, cents, ..leg.payment }, ..leg });
            }
        }
    }

    /// Sends two transfers in ten through one account more, just before they would be booked.
    fn detour(&mut self) {
        for number in 0..self.legs.len() {
            let leg = self.legs[number];
            let moves = matches!(leg.payment.channel, Channel::Transfer | Channel::Instant | Channel::Wire);
            if !leg.labelled || !moves || !is_free(&leg) || self.is_undone(number) || !self.draw.chance(20) {
                continue;
            }
            let before = self.legs.iter().filter(|other| other.labelled && other.payment.to == leg.payment.from);
            let got = before.map(|other| other.payment.time).filter(|&time| time < leg.payment.time).max();
            let room = got.map_or(HOUR, |got| (leg.payment.time - got) / 2).min(HOUR);
            let between = self.young(Holder::Person, 10, 300);
            let sent = Payment { time: leg.payment.time - room, to: between, ..leg.payment };
            let cents = self.less(leg.payment.cents, 0, 40).max(1);
            self.legs[number].payment = Payment { from: between, cents, ..leg.payment };
            self.legs.push(Leg { payment: sent, ..leg });
        }
    }

    /// Pays somebody who has nothing to do with it beside one payment in four.
    fn decoys(&mut self) {
        let labelled: Vec<Leg> = self.legs.iter().filter(|leg| leg.labelled && is_free(leg)).copied().collect();
        for leg in labelled {
            if self.draw.chance(25) {
                let stranger = self.citizen();
                let time = leg.payment.time + self.draw.between(-12, 12) * HOUR + self.draw.between(0, HOUR);
                let cents = leg.payment.cents * self.draw.between(10, 60) / 100;
                let ways = if self.draw.chance(50) { [leg.payment.from, stranger] } else { [stranger, leg.payment.to] };
                self.beside_it(Payment::new(Channel::Instant, time, ways, cents));
            }
        }
    }

    fn is_undone(&self, leg: usize) -> bool {
        self.legs.iter().any(|other| other.undoes == Some(leg))
    }
}

/// Whether those who act choose the amount: not of purchases, loads, refunds and chargebacks.
fn is_free(leg: &Leg) -> bool {
    leg.payment.kind == Kind::Payment && !matches!(leg.payment.channel, Channel::Card | Channel::Prepaid)
}
