//! What honest people and firms do: wages, rents, bills, friends, invoices, takings, shopping and its settlement.

use super::book::{Book, Channel, Payment};
use super::calendar::{Calendar, DAY, Rhythm};
use super::draw::{Draw, Part, running, stream, zipf};
use super::world::{Holder, Person, Place, World};

/// The days, the people and the book of one ledger.
#[derive(Debug)]
pub(super) struct Life<'a> {
    pub(super) seed: u64,
    pub(super) calendar: &'a Calendar,
    pub(super) world: &'a World,
    pub(super) book: &'a mut Book,
}

impl Life<'_> {
    /// Everything but card payments.
    pub(super) fn live(&mut self) {
        for (unit, person) in self.world.people.iter().enumerate() {
            let mut draw = stream(self.seed, Part::Person, unit);
            self.income(*person, &mut draw);
            self.household(*person, &mut draw);
            self.cash(*person, &mut draw);
            self.friends(unit, *person, &mut draw);
            self.abroad(*person, &mut draw);
        }
        self.invoices();
        for (unit, &shop) in self.world.shops.iter().enumerate() {
            self.takings(shop, &mut stream(self.seed, Part::Trade, unit));
        }
    }

    fn pay(&mut self, time: i64, [from, to]: [Place; 2], cents: i64, how: (Channel, &'static str), draw: &mut Draw) {
        let (channel, purpose) = how;
        self.book.pay(self.world, Payment { time, from, to, cents, channel, purpose }, draw);
    }

    /// Wages come around the 25th, pensions and allowances on the 1st.
    fn income(&mut self, person: Person, draw: &mut Draw) {
        let (payer, day, purpose) = match person.employer {
            Some(firm) => (self.world.firms[firm], 23 + i64::try_from(firm % 6).expect("small"), "salary"),
            None => (self.world.state, 1, "pension"),
        };
        for day in self.calendar.monthly(day) {
            let time = self.calendar.worked(day) * DAY + 6 * 3_600 + draw.between(0, 900);
            self.pay(time, [payer, person.account], person.income, (Channel::Transfer, purpose), draw);
        }
    }

    /// Rent in the first days of a month, bills in its middle, and what is left goes to savings.
    fn household(&mut self, person: Person, draw: &mut Draw) {
        if let Some((landlord, rent)) = person.rent {
            let due = draw.between(1, 4);
            for day in self.calendar.monthly(due) {
                let time = Rhythm::Private.moment(day, draw);
                self.pay(time, [person.account, landlord], rent, (Channel::Transfer, "rent"), draw);
            }
        }
        for _ in 0..draw.between(0, 2) {
            let utility = draw.pick(&self.world.utilities);
            let (due, bill) = (draw.between(8, 20), draw.lognormal(6_500, 50));
            for day in self.calendar.monthly(due) {
                let time = self.calendar.worked(day) * DAY + draw.between(3, 6) * 3_600;
                let cents = bill + draw.between(0, bill / 10);
                self.pay(time, [person.account, utility], cents, (Channel::Debit, "utilities"), draw);
            }
        }
        if let Some(savings) = person.savings {
            let due = draw.between(2, 9);
            for day in self.calendar.monthly(due) {
                let time = Rhythm::Private.moment(day, draw);
                let cents = person.income / draw.between(6, 14) / 1_000 * 1_000;
                self.pay(time, [person.account, savings], cents, (Channel::Instant, "savings"), draw);
            }
        }
    }

    fn cash(&mut self, person: Person, draw: &mut Draw) {
        let machine = self.world.cash[self.world.accounts[person.account].country];
        for _ in 0..draw.count(self.calendar.months() * 9 / 10) {
            let time = Rhythm::Private.moment(self.calendar.shopping_day(draw), draw);
            let cents = draw.between(2, 30) * 1_000;
            self.pay(time, [person.account, machine], cents, (Channel::Cash, ""), draw);
        }
    }

    /// Small sums between neighbours, and now and then a used car or a loan.
    fn friends(&mut self, unit: usize, person: Person, draw: &mut Draw) {
        let people = &self.world.people;
        let home = unit / 10 * 10;
        let circle = (people.len() - home).min(10);
        for _ in 0..draw.count(self.calendar.months() * 3 / 2) {
            let friend = if draw.chance(85) { home + draw.below(circle) } else { draw.below(people.len()) };
            let cents = if draw.chance(2) { draw.lognormal(120_000, 80) } else { draw.lognormal(3_200, 90) };
            let cents = if draw.chance(60) { (cents / 500).max(1) * 500 } else { cents };
            let time = Rhythm::Private.moment(self.calendar.shopping_day(draw), draw);
            self.pay(time, [person.account, people[friend].account], cents, (Channel::Instant, ""), draw);
        }
    }

    /// Money sent home by migrants, and small bets on virtual assets.
    fn abroad(&mut self, person: Person, draw: &mut Draw) {
        if person.migrant {
            let (remitter, due) = (draw.pick(&self.world.remitters), draw.between(1, 27));
            for day in self.calendar.monthly(due) {
                let time = Rhythm::Private.moment(day, draw);
                let cents = draw.lognormal(28_000, 40) / 1_000 * 1_000 + 500;
                self.pay(time, [person.account, remitter], cents, (Channel::Remittance, "family support"), draw);
            }
        }
        if draw.chance(4) {
            let exchange = draw.pick(&self.world.exchanges);
            for _ in 0..draw.count(self.calendar.months()) {
                let time = Rhythm::Always.moment(self.calendar.shopping_day(draw), draw);
                let cents = draw.lognormal(12_000, 80);
                self.pay(time, [person.account, exchange], cents, (Channel::Instant, ""), draw);
            }
        }
    }

    /// Firms and shops pay their suppliers: few, always the same, every two to five weeks.
    fn invoices(&mut self) {
        let by_size = zipf(self.world.firms.len());
        let buyers: Vec<Place> = self.world.firms.iter().chain(&self.world.shops).copied().collect();
        for (unit, &buyer) in buyers.iter().enumerate() {
            let mut draw = stream(self.seed, Part::Company, unit);
            let shop = self.world.accounts[buyer].holder == Holder::Merchant;
            let suppliers = if shop { draw.between(1, 2) } else { draw.between(2, 6) };
            for _ in 0..suppliers {
                let supplier = self.world.firms[draw.weighted(&by_size)];
                let (every, usual) = (draw.between(14, 35), draw.lognormal(190_000, 90));
                let mut day = draw.between(-every, every - 1);
                while day < self.calendar.days {
                    if day >= 2 {
                        let time = Rhythm::Office.moment(self.calendar.worked(day), &mut draw);
                        let cents = draw.lognormal(usual, 15);
                        let channel = if draw.chance(12) { Channel::Wire } else { Channel::Transfer };
                        self.pay(time, [buyer, supplier], cents, (channel, "invoice"), &mut draw);
                    }
                    day += every + draw.between(-2, 2);
                }
            }
        }
    }

    /// A quarter of the shops bring the week's takings to the bank.
    fn takings(&mut self, shop: Place, draw: &mut Draw) {
        if !draw.chance(25) {
            return;
        }
        let (weekday, usual) = (draw.between(0, 6), draw.lognormal(140_000, 50));
        let desk = self.world.cash[self.world.accounts[shop].country];
        let mut day = weekday;
        while day < self.calendar.days {
            let time = Rhythm::Office.moment(self.calendar.worked(day.max(4)), draw);
            let cents = draw.lognormal(usual, 25) / 500 * 500;
            self.pay(time, [desk, shop], cents, (Channel::Cash, "takings"), draw);
            day += 7;
        }
    }

    /// Fills the ledger up to so many transfers with card payments: a third through processors, which settle with
    /// their shops once a week, and some of which are given back.
    pub(super) fn shop(&mut self, transfers: usize) {
        let mut draw = stream(self.seed, Part::Cards, 0);
        let cards = Cards::new(self.world);
        let missing = transfers.saturating_sub(self.book.transfers.len());
        self.online(missing * 30 / 100, &cards, &mut draw);
        for _ in 0..transfers.saturating_sub(self.book.transfers.len()) {
            let buyer = cards.buyer(&mut draw);
            let country = self.world.accounts[buyer].country;
            let at_home = draw.chance(90) && !cards.near[country].is_empty();
            let shop = if at_home {
                self.world.shops_of[country][draw.weighted(&cards.near[country])]
            } else {
                self.world.shops[draw.weighted(&cards.far)]
            };
            let time = Rhythm::Private.moment(self.calendar.shopping_day(&mut draw), &mut draw);
            let cents = price(&mut draw);
            self.pay(time, [buyer, shop], cents, (Channel::Card, "purchase"), &mut draw);
        }
    }

    fn online(&mut self, purchases: usize, cards: &Cards, draw: &mut Draw) {
        let weeks = usize::try_from(self.calendar.days / 7 + 1).expect("not negative");
        let shops = (self.world.shops.len() / 4).max(1);
        let mut sales = vec![vec![0; weeks]; shops];
        let popularity = zipf(shops);
        for _ in 0..purchases {
            let shop = draw.weighted(&popularity);
            let processor = self.world.processors[shop % self.world.processors.len()];
            let day = self.calendar.shopping_day(draw);
            let (time, cents) = (Rhythm::Private.moment(day, draw), price(draw));
            sales[shop][usize::try_from(day / 7).expect("not negative")] += cents;
            self.pay(time, [cards.buyer(draw), processor], cents, (Channel::Card, "purchase"), draw);
            if draw.chance(2) {
                let original = *self.book.transfers.last().expect("just booked");
                let time = time + draw.between(2, 12) * DAY;
                let percent = if draw.chance(70) { 100 } else { draw.between(20, 90) };
                self.book.refund(original, time, percent);
            }
        }
        for (shop, weeks) in sales.iter().enumerate() {
            // The largest shop sells least online: every shop has its own trade.
            let payee = self.world.shops[self.world.shops.len() - 1 - shop];
            let processor = self.world.processors[shop % self.world.processors.len()];
            for (week, &sum) in (1..).zip(weeks) {
                let time = week * 7 * DAY + 4 * 3_600 + draw.between(0, 1_800);
                let fee = draw.between(12, 29);
                let cents = sum * (1_000 - fee) / 1_000;
                self.pay(time, [processor, payee], cents, (Channel::Transfer, "settlement"), draw);
            }
        }
    }
}

/// Who shops, and where.
#[derive(Debug)]
struct Cards {
    buyers: Vec<Place>,
    eagerness: Vec<u64>,
    near: Vec<Vec<u64>>,
    far: Vec<u64>,
}

impl Cards {
    /// The population, and those who play in a planted instance, who spend little. Who opens an account while the
    /// ledger runs does not shop, so that nobody pays from an account that is not there yet.
    fn new(world: &World) -> Self {
        let known: std::collections::BTreeMap<Place, u64> =
            world.people.iter().map(|person| (person.account, person.spending)).collect();
        let savings: std::collections::BTreeSet<Place> =
            world.people.iter().filter_map(|person| person.savings).collect();
        let buyers: Vec<Place> = (0..world.accounts.len())
            .filter(|place| {
                let account = world.accounts[*place];
                account.holder == Holder::Person && account.opened <= 0 && !savings.contains(place)
            })
            .collect();
        Self {
            eagerness: running(buyers.iter().map(|place| known.get(place).copied().unwrap_or(20))),
            buyers,
            near: world.shops_of.iter().map(|shops| zipf(shops.len())).collect(),
            far: zipf(world.shops.len()),
        }
    }

    fn buyer(&self, draw: &mut Draw) -> Place {
        self.buyers[draw.weighted(&self.eagerness)]
    }
}

/// What a purchase costs, in cents: mostly groceries, now and then a piece of furniture.
fn price(draw: &mut Draw) -> i64 {
    if draw.chance(2) { draw.lognormal(45_000, 60) } else { draw.lognormal(2_600, 90) }
}
