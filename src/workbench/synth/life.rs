//! What honest people and firms do on one day: wages, rents, bills, friends, invoices, taxes, takings.
//!
//! Every day of every person has draws of its own, so that a day can be made without the days before it.

use super::book::{Book, Channel, Desk, Hand, Kind, Payment};
use super::calendar::{Calendar, DAY, HOUR, Rhythm};
use super::draw::{Draw, Part, dated, stream, zipf};
use super::world::{Person, Place, World};

/// Everyday life on one day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) world: &'a World,
    pub(super) day: i64,
}

/// One person's day while it is being lived.
struct Today<'a, 'b> {
    life: Life<'a>,
    person: Person,
    book: &'b mut Book<'a>,
    draw: Draw,
}

impl<'a> Life<'a> {
    /// The day of the people of a community.
    pub(super) fn community(self, number: usize, book: &mut Book<'a>) {
        let home = self.world.home(number);
        for unit in self.world.members(home) {
            let draw = dated(self.world.seed, Part::PersonDay, unit, self.day);
            Today { life: self, person: self.world.person(unit, home), book, draw }.live(unit);
        }
    }

    /// The day of a firm or shop; the firms come first.
    pub(super) fn trader(self, unit: usize, book: &mut Book<'a>) {
        let firms = &self.world.firms;
        let mut draw = dated(self.world.seed, Part::TraderDay, unit, self.day);
        let habits = &mut stream(self.world.seed, Part::Trader, unit);
        if let Some(&firm) = firms.get(unit) {
            let suppliers = habits.between(2, 6);
            self.invoices(unit, firm, suppliers, habits, book);
            self.sweep(unit, firm, book, &mut draw);
            if self.calendar.books(self.day, 10) {
                let time = self.day * DAY + 5 * HOUR + draw.between(0, HOUR);
                let cents = draw.lognormal(320_000, 60);
                let tax = Payment::new(Channel::Debit, time, [firm, self.world.state], cents).purpose("tax");
                book.pay(tax, &mut draw);
            }
        } else {
            let shop = self.world.shops[unit - firms.len()];
            let suppliers = habits.between(1, 2);
            self.invoices(unit, shop, suppliers, habits, book);
            self.takings(shop, habits, book, &mut draw);
        }
    }

    /// Suppliers are few and always the same, and are paid every two to five weeks.
    fn invoices(self, unit: usize, buyer: Place, suppliers: i64, habits: &mut Draw, book: &mut Book<'a>) {
        for number in 0..suppliers {
            let supplier = self.world.firms[habits.weighted(&self.world.by_size)];
            let (every, usual) = (habits.between(14, 35), habits.lognormal(190_000, 90));
            let first = habits.between(-every, every - 1);
            // An invoice may be two days early or late, and a weekend moves it two days more.
            for time in (self.day - 2 - first).div_euclid(every)..=(self.day + 4 - first).div_euclid(every) {
                let pair = unit * 8 + usize::try_from(number).expect("few");
                let mut draw = dated(self.world.seed, Part::Invoice, pair, time);
                let due = first + time * every + draw.between(-2, 2);
                if self.calendar.worked(due) == self.day {
                    let time = Rhythm::Office.moment(self.day, &mut draw);
                    let cents = draw.lognormal(usual, 15);
                    let channel = if draw.chance(12) { Channel::Wire } else { Channel::Transfer };
                    let invoice = Payment::new(channel, time, [buyer, supplier], cents).purpose("invoice");
                    book.pay(invoice, &mut draw);
                }
            }
        }
    }

    /// One firm in five sweeps what it has to a second account on Friday, and fetches most of it back on Monday.
    fn sweep(self, unit: usize, firm: Place, book: &mut Book<'a>, draw: &mut Draw) {
        let ways = match self.calendar.weekday(self.day) {
            4 => [firm, World::pool(firm)],
            0 => [World::pool(firm), firm],
            _ => return,
        };
        if unit.is_multiple_of(5) {
            let time = self.day * DAY + if ways[0] == firm { 17 } else { 7 } * HOUR + draw.between(0, 1_800);
            let cents = draw.lognormal(1_500_000, 40) / 10_000 * 10_000;
            book.pay(Payment::new(Channel::Transfer, time, ways, cents).purpose("cash pooling"), draw);
        }
    }

    /// A quarter of the shops bring the week's takings to the bank.
    fn takings(self, shop: Place, habits: &mut Draw, book: &mut Book<'a>, draw: &mut Draw) {
        let (does, weekday, usual) = (habits.chance(25), habits.below(5), habits.lognormal(140_000, 50));
        if !does || self.calendar.weekday(self.day) != weekday {
            return;
        }
        let account = self.world.fixed[shop];
        let time = Rhythm::Office.moment(self.day, draw);
        let cents = draw.lognormal(usual, 25) / 500 * 500;
        let number = u8::try_from(habits.between(1, 3)).expect("few");
        let desk = Desk { country: account.country, region: account.region, number };
        let hand = Hand::Staff(shop, u8::try_from(draw.between(1, 2)).expect("few"));
        let ways = [self.world.cash[account.country], shop];
        book.pay(Payment::new(Channel::Cash, time, ways, cents).purpose("takings").at(desk).by(hand), draw);
    }
}

impl Today<'_, '_> {
    fn live(mut self, unit: usize) {
        self.income();
        self.household();
        self.cash();
        self.friends(unit);
        self.family();
        self.wallet();
        self.stakes();
    }

    fn pay(&mut self, channel: Channel, time: i64, ways: [Place; 2], cents: i64, purpose: &'static str) {
        self.book.pay(Payment::new(channel, time, ways, cents).purpose(purpose), &mut self.draw);
    }

    /// A time of the day at which people pay.
    fn moment(&mut self) -> i64 {
        Rhythm::Private.moment(self.life.day, &mut self.draw)
    }

    /// True so many times in a month, and more often on a Saturday.
    fn happens(&mut self, hundredths_a_month: i64) -> bool {
        let appetite = self.life.calendar.appetite(self.life.day);
        self.draw.rarely(hundredths_a_month * appetite * 10 / 30)
    }

    /// Wages come around the 25th, pensions and allowances on the 1st.
    fn income(&mut self) {
        let (payer, due, purpose) = match self.person.employer {
            Some(firm) => (self.life.world.firms[firm], 23 + i64::try_from(firm % 6).expect("small"), "salary"),
            None => (self.life.world.state, 1, "pension"),
        };
        if self.life.calendar.books(self.life.day, due) {
            let time = self.life.day * DAY + 6 * HOUR + self.draw.between(0, 900);
            self.pay(Channel::Transfer, time, [payer, self.person.account], self.person.income, purpose);
        }
    }

    /// Rent in the first days of a month, bills in its middle, and what is left goes to savings.
    fn household(&mut self) {
        let Person { account, landlord, saves_on, .. } = self.person;
        if let Some((rent, due)) = self.person.rent
            && self.life.calendar.is(self.life.day, due)
        {
            let time = self.moment();
            self.pay(Channel::Transfer, time, [account, landlord], rent, "rent");
        }
        let utilities = &self.life.world.utilities;
        for (number, first) in [(account, 3), (account / 7, 14)] {
            // Two of three people have each of the bills.
            let due = first + i64::try_from(number / 3 % 11).expect("small");
            if number % 3 > 0 && self.life.calendar.books(self.life.day, due) {
                let utility = utilities[number % utilities.len()];
                let time = self.life.day * DAY + self.draw.between(3, 6) * HOUR;
                let usual = 4_000 + i64::try_from(number % 89).expect("small") * 90;
                let cents = usual + self.draw.between(0, usual / 10);
                self.pay(Channel::Debit, time, [account, utility], cents, "utilities");
            }
        }
        if let Some(savings) = self.person.savings
            && self.life.calendar.is(self.life.day, saves_on)
        {
            let time = self.moment();
            let cents = self.person.income / self.draw.between(6, 14) / 1_000 * 1_000;
            self.pay(Channel::Instant, time, [account, savings], cents, "savings");
        }
    }

    /// A machine near home, or, one time in ten, anywhere in the country.
    fn machine(&mut self) -> Desk {
        let region = if self.draw.chance(90) { i64::from(self.person.region) } else { self.draw.between(1, 8) };
        let byte = |number: i64| u8::try_from(number).expect("few");
        Desk { country: self.person.country, region: byte(region), number: byte(self.draw.between(1, 9)) }
    }

    fn cash(&mut self) {
        let outside = self.life.world.cash[self.person.country];
        if self.happens(90) {
            let (time, cents, desk) = (self.moment(), self.draw.between(2, 30) * 1_000, self.machine());
            let drawn = Payment::new(Channel::Cash, time, [self.person.account, outside], cents).at(desk);
            self.book.pay(drawn.by(Hand::Owner(self.person.account)), &mut self.draw);
        }
        if self.happens(7) {
            let (time, cents) = (self.moment(), self.draw.lognormal(40_000, 70) / 1_000 * 1_000);
            let desk = self.machine();
            let brought = Payment::new(Channel::Cash, time, [outside, self.person.account], cents).at(desk);
            self.book.pay(brought.by(Hand::Owner(self.person.account)), &mut self.draw);
        }
    }

    /// Small sums between neighbours, and now and then a used car or a loan.
    fn friends(&mut self, unit: usize) {
        if self.happens(150) {
            let people = self.life.world.people;
            let home = unit / 10 * 10;
            let circle = (people - home).min(10);
            let near = self.draw.chance(85);
            let friend = if near { home + self.draw.below(circle) } else { self.draw.below(people) };
            let large = self.draw.chance(2);
            let cents = if large { self.draw.lognormal(120_000, 80) } else { self.draw.lognormal(3_200, 90) };
            let cents = if self.draw.chance(60) { (cents / 500).max(1) * 500 } else { cents };
            let (time, friend) = (self.moment(), self.life.world.current(friend));
            self.pay(Channel::Instant, time, [self.person.account, friend], cents, "");
        }
    }

    /// Money sent to relatives abroad: to a remitter, or at an agent's desk straight to the relative.
    fn family(&mut self) {
        let Person { account, sends_on, .. } = self.person;
        if let Some(relative) = self.person.relative
            && self.life.calendar.is(self.life.day, sends_on)
        {
            let remitter = self.life.world.remitters[account % self.life.world.remitters.len()];
            let to = if account % 2 == 0 { remitter } else { relative };
            let time = self.moment();
            let cents = self.draw.lognormal(28_000, 40) / 1_000 * 1_000 + 500;
            let agent = u16::try_from(account % 300).expect("small") + 1;
            let sent = Payment::new(Channel::Remittance, time, [account, to], cents).purpose("family support");
            self.book.pay(sent.agent(agent), &mut self.draw);
        }
    }

    /// Wallets and prepaid cards are filled once a month, and emptied in shops.
    fn wallet(&mut self) {
        let Some(wallet) = self.person.wallet else { return };
        let channel = if self.person.prepaid { Channel::Prepaid } else { Channel::Wallet };
        if self.happens(100) {
            let (time, cents) = (self.moment(), self.draw.between(2, 15) * 1_000);
            let filled = Payment::new(channel, time, [self.person.account, wallet], cents).kind(Kind::Load);
            self.book.pay(filled, &mut self.draw);
        }
        let shops = &self.life.world.shops_of[self.person.country];
        if self.happens(240) && !shops.is_empty() {
            let (time, shop) = (self.moment(), self.draw.pick(shops));
            let cents = self.draw.lognormal(1_500, 80);
            self.pay(channel, time, [wallet, shop], cents, "purchase");
        }
    }

    /// Bets on virtual assets and at gambling operators: more goes in than comes out.
    fn stakes(&mut self) {
        let world = self.life.world;
        let account = self.person.account;
        if self.person.investor && self.happens(130) {
            let exchange = world.exchanges[account % world.exchanges.len()];
            let ways = if self.draw.chance(80) { [account, exchange] } else { [exchange, account] };
            let time = Rhythm::Always.moment(self.life.day, &mut self.draw);
            let cents = self.draw.lognormal(12_000, 80);
            self.pay(Channel::Instant, time, ways, cents, "");
        }
        if self.person.gambler && self.happens(500) {
            let operator = world.operators[account % world.operators.len()];
            let won = self.draw.chance(14);
            let ways = if won { [operator, account] } else { [account, operator] };
            let (time, cents) = (self.moment(), self.draw.lognormal(if won { 6_000 } else { 2_500 }, 90));
            self.pay(if won { Channel::Transfer } else { Channel::Card }, time, ways, cents, "gaming");
        }
    }
}

/// Card payments: who shops where, and for how much.
#[derive(Clone, Debug)]
pub(super) struct Cards {
    near: Vec<Vec<u64>>,
    far: Vec<u64>,
    online: Vec<u64>,
}

impl Cards {
    /// For the shops of a world.
    pub(super) fn new(world: &World) -> Self {
        Self {
            near: world.shops_of.iter().map(|shops| zipf(shops.len())).collect(),
            far: zipf(world.shops.len()),
            online: zipf((world.shops.len() / 4).max(1)),
        }
    }

    /// The purchase with this number on a day: one in three through a processor.
    pub(super) fn pay(&self, number: usize, life: Life<'_>, book: &mut Book<'_>) {
        let world = life.world;
        let mut draw = dated(world.seed, Part::Card, number, life.day);
        let time = Rhythm::Private.moment(life.day, &mut draw);
        if !book.stretch.contains(&time) {
            return;
        }
        let buyer = world.current(world.buyer(&mut draw));
        let cents = price(&mut draw);
        let payment = |to| Payment::new(Channel::Card, time, [buyer, to], cents).purpose("purchase");
        let payment = if draw.chance(30) {
            let shop = self.online_shop(world, &mut draw);
            payment(processor_of(world, shop)).meant_for(shop)
        } else {
            payment(self.shop(world, world.country(buyer), &mut draw))
        };
        book.pay(payment, &mut draw);
    }

    /// A shop of a country, or, one time in ten, of any.
    pub(super) fn shop(&self, world: &World, country: usize, draw: &mut Draw) -> Place {
        let near = self.near.get(country).filter(|near| !near.is_empty() && draw.chance(90));
        match near {
            Some(near) => world.shops_of[country][draw.weighted(near)],
            None => world.shops[draw.weighted(&self.far)],
        }
    }

    /// The largest shop sells least online: every shop has its own trade.
    fn online_shop(&self, world: &World, draw: &mut Draw) -> Place {
        world.shops[world.shops.len() - 1 - draw.weighted(&self.online)]
    }
}

/// The processor that an online shop sells through.
pub(super) fn processor_of(world: &World, shop: Place) -> Place {
    world.processors[shop % world.processors.len()]
}

/// What a purchase costs, in cents: mostly groceries, now and then a piece of furniture.
pub(super) fn price(draw: &mut Draw) -> i64 {
    if draw.chance(2) { draw.lognormal(45_000, 60) } else { draw.lognormal(2_600, 90) }
}
