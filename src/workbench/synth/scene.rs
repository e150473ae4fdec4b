//! One planted instance while it is being acted: who plays, when it begins, and what each actor passes on.

use super::book::{Channel, Desk, Hand, Kind, Payment};
use super::calendar::{Calendar, DAY, HOUR};
use super::draw::Draw;
use super::keys::Order;
use super::world::{Account, COUNTRIES, HOME, Holder, Place, REGIONS, World};

/// The stage of one instance.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) world: &'a mut World,
    pub(super) cast: &'a mut Cast,
    pub(super) draw: Draw,
    /// The day on which it begins; new accounts are opened shortly before.
    pub(super) day: i64,
    /// What has been played so far.
    pub(super) legs: Vec<Leg>,
    /// Accounts opened for it that have an everyday life too.
    pub(super) lively: Vec<Place>,
}

/// People of the population in the order in which they are asked to play.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) order: Order,
    pub(super) asked: usize,
}

/// One payment of an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leg {
    pub(super) payment: Payment,
    /// Whether it belongs to the instance; else it is what its actors did before or beside it.
    pub(super) labelled: bool,
    /// The leg that it undoes.
    pub(super) undoes: Option<usize>,
}

/// Euros in cents.
pub(super) const EURO: i64 = 100;

impl Scene<'_> {
    /// One of the population, with a life of years; where all of them have played, the first is asked again.
    pub(super) fn citizen(&mut self) -> Place {
        self.cast.asked += 1;
        self.world.current(self.cast.order.at((self.cast.asked - 1) % self.world.people))
    }

    /// A person: often one of the population, else somebody with an account of their own for this purpose.
    pub(super) fn person(&mut self) -> Place {
        if self.draw.chance(40) && 2 * self.cast.asked < self.world.people {
            return self.citizen();
        }
        self.newcomer()
    }

    /// A person whose account is a few months old and has little life.
    pub(super) fn newcomer(&mut self) -> Place {
        let place = self.young(Holder::Person, 10, 300);
        let turnover = self.draw.between(9, 26) * 100;
        self.world.change(place, |account| account.turnover = Some(turnover));
        self.lively.push(place);
        place
    }

    /// An account of a kind that is so many days old when the instance begins, and declares nothing.
    pub(super) fn young(&mut self, holder: Holder, least: i64, most: i64) -> Place {
        let age = self.draw.between(least, most) - self.day;
        let country = World::any_country(&mut self.draw);
        self.world.open(holder, country, age, &mut self.draw)
    }

    /// An account of a kind, old enough to be nothing special, with a declared turnover in euros.
    pub(super) fn settled(&mut self, holder: Holder, turnover: i64) -> Place {
        let age = self.draw.between(900, 5_000);
        let country = World::any_country(&mut self.draw);
        let place = self.world.open(holder, country, age, &mut self.draw);
        self.world.change(place, |account| account.turnover = Some(turnover));
        place
    }

    /// A firm that exists for this purpose.
    pub(super) fn shell(&mut self) -> Place {
        let place = self.young(Holder::Company, 12, 80);
        let turnover = self.draw.between(30, 90) * 100;
        self.world.change(place, |account| account.turnover = Some(turnover));
        place
    }

    /// Another account of the owner of one.
    pub(super) fn beside(&mut self, place: Place) -> Place {
        self.world.open_beside(place, &mut self.draw)
    }

    /// Moves an account opened for this instance to a country other than that of another account.
    pub(super) fn abroad_of(&mut self, place: Place, home: Place) -> Place {
        let here = self.world.country(home);
        let others: Vec<usize> = (0..HOME + 6).filter(|&country| country != here).collect();
        let country = self.draw.pick(&others);
        self.world.change(place, |account| account.country = country);
        place
    }

    /// Changes an account opened for this instance.
    pub(super) fn change(&mut self, place: Place, change: impl FnOnce(&mut Account)) {
        self.world.change(place, change);
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
        self.start_after(0, days)
    }

    /// The same, with so many days of the ledger before it.
    pub(super) fn start_after(&mut self, before: i64, days: i64) -> i64 {
        let latest = (self.calendar.days - days - 2).max(1);
        self.day = self.draw.between(latest.min(before.max(1)), latest);
        self.day * DAY + self.draw.between(7 * HOUR, 20 * HOUR)
    }

    /// Seconds, between so many hours.
    pub(super) fn hours(&mut self, least: i64, most: i64) -> i64 {
        self.draw.between(least * HOUR, most * HOUR)
    }

    /// Seconds, between so many minutes.
    pub(super) fn minutes(&mut self, least: i64, most: i64) -> i64 {
        self.draw.between(least * 60, most * 60)
    }

    /// An amount less a commission of so many thousandths, in whole euros.
    pub(super) fn less(&mut self, cents: i64, least: i64, most: i64) -> i64 {
        let kept = self.draw.between(least, most);
        cents * (1_000 - kept) / 1_000 / EURO * EURO
    }

    /// Whole tens of euros between two amounts in tens.
    pub(super) fn tens(&mut self, least: i64, most: i64) -> i64 {
        self.draw.between(least, most) * 10 * EURO
    }

    /// A transfer from one account to another.
    pub(super) fn pay(&mut self, time: i64, from: Place, to: Place, cents: i64) {
        let channel = self.draw.pick(&[Channel::Instant, Channel::Instant, Channel::Transfer, Channel::Wire]);
        self.pay_by(channel, time, from, to, cents, "");
    }

    /// So many people each pay an account within so many hours of a start; the sum that comes in.
    pub(super) fn gather(
        &mut self,
        start: i64,
        hours: i64,
        payers: i64,
        account: Place,
        cents: impl Fn(&mut Self) -> i64,
    ) -> i64 {
        let mut gathered = 0;
        for payer in self.people(payers) {
            let (time, cents) = (start + self.hours(0, hours), cents(self));
            gathered += cents;
            self.pay(time, payer, account, cents);
        }
        gathered
    }

    /// An account pays a sum out to so many people, between so many hours after a start.
    pub(super) fn scatter(&mut self, start: i64, hours: (i64, i64), account: Place, payees: i64, cents: i64) {
        for (cents, payee) in self.split(cents, payees).into_iter().zip(self.people(payees)) {
            let time = start + self.hours(hours.0, hours.1);
            self.pay(time, account, payee, cents);
        }
    }

    /// The same as [`Scene::pay`] by a channel and with a purpose.
    pub(super) fn pay_by(
        &mut self,
        channel: Channel,
        time: i64,
        from: Place,
        to: Place,
        cents: i64,
        purpose: &'static str,
    ) {
        self.play(Payment::new(channel, time, [from, to], cents).purpose(purpose));
    }

    /// A payment of the instance; its number there.
    pub(super) fn play(&mut self, payment: Payment) -> usize {
        self.legs.push(Leg { payment, labelled: true, undoes: None });
        self.legs.len() - 1
    }

    /// A payment that gives back so many hundredths of an earlier one, to an account.
    pub(super) fn undo(&mut self, leg: usize, kind: Kind, time: i64, to: Place, percent: i64) {
        let earlier = self.legs[leg].payment;
        let cents = (earlier.cents * percent / 100).max(1);
        let payment = Payment { time, from: earlier.to, to, cents, kind, purpose: "", ..earlier };
        self.legs.push(Leg { payment, labelled: true, undoes: Some(leg) });
    }

    /// What an actor did before or beside the instance, which no label names.
    pub(super) fn beside_it(&mut self, payment: Payment) {
        self.legs.push(Leg { payment, labelled: false, undoes: None });
    }

    /// Cash paid in at a desk of the account's own region by its owner.
    pub(super) fn deposit(&mut self, time: i64, account: Place, cents: i64) {
        let desk = self.desk_of(account);
        self.deposit_at(desk, Hand::Owner(account), time, account, cents);
    }

    /// Cash paid in at a desk by somebody.
    pub(super) fn deposit_at(&mut self, desk: Desk, hand: Hand, time: i64, account: Place, cents: i64) {
        let ways = [self.world.cash[desk.country], account];
        self.play(Payment::new(Channel::Cash, time, ways, cents).at(desk).by(hand));
    }

    /// Cash drawn at a machine of the account's own region.
    pub(super) fn withdraw(&mut self, time: i64, account: Place, cents: i64) {
        let desk = self.desk_of(account);
        let ways = [account, self.world.cash[desk.country]];
        let cents = cents / (10 * EURO) * 10 * EURO;
        self.play(Payment::new(Channel::Cash, time, ways, cents).at(desk).by(Hand::Owner(account)));
    }

    /// A desk in an account's own region.
    pub(super) fn desk_of(&mut self, place: Place) -> Desk {
        let Account { country, region, .. } = self.world.at(place);
        Desk { country, region, number: u8::try_from(self.draw.between(1, 9)).expect("few") }
    }

    /// Desks in so many regions of an account's country that are not its own.
    pub(super) fn distant_desks(&mut self, place: Place, number: i64) -> Vec<Desk> {
        let Account { country, region, .. } = self.world.at(place);
        let others: Vec<u8> = (1..=REGIONS).filter_map(|other| u8::try_from(other).ok()).collect();
        let others: Vec<u8> = others.into_iter().filter(|&other| other != region).collect();
        let regions = self.draw.several(&others, number);
        regions
            .into_iter()
            .map(|region| Desk { country, region, number: u8::try_from(self.draw.between(1, 9)).expect("few") })
            .collect()
    }

    /// A sum in so many parts of similar size.
    pub(super) fn split(&mut self, cents: i64, parts: i64) -> Vec<i64> {
        let weights: Vec<i64> = (0..parts).map(|_| self.draw.between(70, 130)).collect();
        let whole: i64 = weights.iter().sum();
        weights.iter().map(|weight| cents * weight / whole / EURO * EURO).collect()
    }

    /// A country with another currency than those of some others.
    pub(super) fn country_with_other_currency(&mut self, than: &[usize]) -> usize {
        let taken: Vec<&str> = than.iter().map(|&country| COUNTRIES[country].currency).collect();
        let others = (0..HOME + 2).filter(|&country| !taken.contains(&COUNTRIES[country].currency));
        let others: Vec<usize> = others.collect();
        self.draw.pick(&others)
    }
}
