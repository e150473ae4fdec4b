//! The transfers of a ledger in time order, stretch by stretch: everyday life is worked out for a day or a part of it,
//! joined with what is planted there, and forgotten again.

use std::collections::BTreeMap;

use super::book::{Book, Channel, Payment, Transfer};
use super::calendar::{DAY, HOUR, Rhythm};
use super::draw::{Part, dated, stream};
use super::life::{Life, processor_of};
use super::world::COUNTRIES;
use super::{Draft, Made};

/// The most transfers of a stretch, about.
const STRETCH: usize = 150_000;

/// The most people, and the most traders, that stand for all when a day's transfers are estimated.
const ASKED: usize = 1_000;

/// A ledger while it is being told.
pub(super) struct Stream<'a> {
    draft: &'a Draft,
    /// Stretches of a usual day.
    pub(super) parts: i64,
    /// The seconds at which this day is cut into stretches.
    cuts: Vec<i64>,
    /// Transfers of everyday life, cards aside, expected on each day.
    expected: Vec<usize>,
    day: i64,
    stretch: usize,
    /// Purchases by card on this day.
    cards: usize,
    /// Planted transfers in time order, and how many of them are told.
    planted: usize,
    /// What processors took for each shop since they last settled, by the shop's position.
    sales: Vec<i64>,
    /// What is settled today.
    settling: Vec<i64>,
    /// Refunds that are due, by day.
    refunds: BTreeMap<i64, Vec<Transfer>>,
    pub(super) made: Made<'a>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(draft: &'a Draft) -> Self {
        let days = usize::try_from(draft.calendar.days).expect("not negative");
        let wanted = draft.settings.transfers.div_ceil(days);
        Self {
            draft,
            parts: i64::try_from(wanted.div_ceil(STRETCH)).expect("few").clamp(1, 1_000),
            cuts: Vec::new(),
            expected: expected(draft),
            day: 0,
            stretch: 0,
            cards: 0,
            planted: 0,
            sales: vec![0; draft.world.shops.len()],
            settling: Vec::new(),
            refunds: BTreeMap::new(),
            made: Made::new(draft),
        }
    }

    /// The next stretch with the number of its first transfer, counted from zero.
    pub(super) fn next(&mut self) -> Option<(u64, Vec<Transfer>)> {
        if self.day == self.draft.calendar.days {
            return None;
        }
        if self.stretch == 0 {
            self.cuts = self.cuts_today();
        }
        let [from, to] = [self.stretch, self.stretch + 1].map(|part| self.day * DAY + self.cuts[part]);
        let mut book = Book::new(&self.draft.world, from..to);
        self.live(&mut book);
        self.planted(&mut book);
        book.transfers.sort_by_key(|transfer| transfer.time);
        let first = self.made.transfers;
        self.remember(first, &book.transfers);
        self.stretch = (self.stretch + 1) % (self.cuts.len() - 1);
        self.day += i64::from(self.stretch == 0);
        Some((first, book.transfers))
    }

    /// Where this day is cut. On a pay day much is booked in the first quarter of an hour after six.
    fn cuts_today(&self) -> Vec<i64> {
        let mut cuts = Rhythm::Private.cuts(self.parts);
        let pays = |due| self.draft.calendar.books(self.day, due);
        if self.parts > 1 && (pays(1) || (23..=28).any(pays)) {
            cuts.extend((0..=self.parts).map(|part| 6 * HOUR + part * 900 / self.parts));
            cuts.sort_unstable();
            cuts.dedup();
        }
        cuts
    }

    fn live(&mut self, book: &mut Book<'a>) {
        let life = Life { calendar: &self.draft.calendar, world: &self.draft.world, day: self.day };
        let due = self.refunds.get(&self.day).map_or(&[] as &[Transfer], Vec::as_slice);
        book.offered += due.len();
        let now = due.iter().filter(|refund| book.stretch.contains(&refund.time));
        book.transfers.extend(now);
        for community in 0..life.world.communities() {
            life.community(community, book);
        }
        for trader in 0..life.world.firms.len() + life.world.shops.len() {
            life.trader(trader, book);
        }
        self.settle(book);
        if self.stretch == 0 {
            self.cards = self.cards_today(book.offered);
        }
        for number in 0..self.cards {
            self.draft.cards.pay(number, life, book);
        }
    }

    /// How many purchases by card fill the ledger, if each later day gets its share.
    fn cards_today(&self, offered: usize) -> usize {
        let calendar = &self.draft.calendar;
        let day = usize::try_from(self.day).expect("not negative");
        let planted = self.draft.planted.len() - self.planted;
        let told = usize::try_from(self.made.transfers).expect("a ledger that is asked for");
        let later: usize = self.expected[day + 1..].iter().sum();
        let missing = self.draft.settings.transfers.saturating_sub(told + offered + planted + later);
        let weights = (self.day..calendar.days).map(|day| calendar.appetite(day));
        let all = usize::try_from(weights.sum::<i64>()).expect("positive");
        missing * usize::try_from(calendar.appetite(self.day)).expect("positive") / all
    }

    /// Once a week processors pay their shops what they took for them, less a fee.
    fn settle(&mut self, book: &mut Book<'a>) {
        let world = &self.draft.world;
        if self.stretch == 0 {
            self.settling = match self.day % 7 {
                0 => std::mem::replace(&mut self.sales, vec![0; world.shops.len()]),
                _ => Vec::new(),
            };
        }
        for (shop, &sum) in self.settling.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            let payee = world.shops[shop];
            let mut draw = dated(world.seed, Part::Settlement, shop, self.day);
            let time = self.day * DAY + 4 * HOUR + draw.between(0, 1_800);
            let cents = sum * (1_000 - draw.between(12, 29)) / 1_000;
            let ways = [processor_of(world, payee), payee];
            book.pay(Payment::new(Channel::Transfer, time, ways, cents).purpose("settlement"), &mut draw);
        }
    }

    fn planted(&mut self, book: &mut Book<'a>) {
        let rest = &self.draft.planted[self.planted..];
        let now = rest.partition_point(|transfer| transfer.time < book.stretch.end);
        book.transfers.extend(&rest[..now]);
        self.planted += now;
    }

    /// Notes what later transfers and tables need to know of these.
    fn remember(&mut self, first: u64, transfers: &[Transfer]) {
        let world = &self.draft.world;
        for (number, transfer) in (first..).zip(transfers) {
            if let Some(position) = transfer.planted {
                self.made.numbers[position] = number;
                continue;
            }
            if let Some(got) = self.made.receipts.get_mut(transfer.to) {
                let euros = transfer.received * COUNTRIES[world.fixed[transfer.to].country].rate / 1_000_000;
                *got += euros;
                if let Some(shop) = transfer.extra.meant {
                    self.sales[shop - world.shops[0]] += euros;
                    self.give_back(number, *transfer);
                }
            }
        }
        self.made.transfers += transfers.len() as u64;
        self.made.largest = self.made.largest.max(transfers.len());
        if self.stretch + 2 == self.cuts.len() {
            self.refunds.remove(&self.day);
        }
    }

    /// One purchase in fifty through a processor is given back within two weeks.
    fn give_back(&mut self, number: u64, bought: Transfer) {
        let number_of_draw = usize::try_from(number).expect("numbers fit the machine's word");
        let mut draw = stream(self.draft.world.seed, Part::Refund, number_of_draw);
        if draw.chance(2) {
            let time = bought.time + draw.between(2, 12) * DAY;
            let percent = if draw.chance(70) { 100 } else { draw.between(20, 90) };
            if time < self.draft.calendar.days * DAY {
                self.refunds.entry(time / DAY).or_default().push(bought.undone(number, time, percent));
            }
        }
    }
}

/// How many transfers everyday life makes on each day, cards aside, judged by a part of the people and traders.
fn expected(draft: &Draft) -> Vec<usize> {
    let (world, calendar) = (&draft.world, &draft.calendar);
    let (communities, traders) = (world.communities(), world.firms.len() + world.shops.len());
    let steps = [communities.div_ceil(ASKED / 10), traders.div_ceil(ASKED)];
    let day = |day| {
        let life = Life { calendar, world, day };
        let mut books = [0; 2].map(|_: usize| Book::new(world, 0..0));
        (0..communities).step_by(steps[0]).for_each(|number| life.community(number, &mut books[0]));
        (0..traders).step_by(steps[1]).for_each(|unit| life.trader(unit, &mut books[1]));
        books[0].offered * steps[0] + books[1].offered * steps[1]
    };
    (0..calendar.days).map(day).collect()
}
