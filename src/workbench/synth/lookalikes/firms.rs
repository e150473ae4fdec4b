//! Honest flows of firms, shops and processors.

use super::super::book::{Channel, Hand, Payment};
use super::super::calendar::{DAY, HOUR};
use super::super::scene::{EURO, Scene};
use super::super::world::{Holder, Place};
use super::{monthly, weekly, working_days};

/// A firm pays its staff of eight to fifteen every month.
pub(in super::super) fn payroll(scene: &mut Scene) {
    let firm = scene.settled(Holder::Company, 90_000);
    let staff = scene.draw.between(8, 15);
    for member in scene.newcomers(staff) {
        let wage = scene.draw.between(200, 450) * 10 * EURO;
        for time in monthly(scene, 25) {
            scene.pay_by(Channel::Transfer, time, firm, member, wage, "salary");
        }
    }
}

/// A marketplace takes in the week's sales and pays its sellers, always the same.
pub(in super::super) fn marketplace(scene: &mut Scene) {
    let (market, sellers) = (scene.settled(Holder::Company, 60_000), scene.draw.between(3, 6));
    let sellers: Vec<Place> = (0..sellers).map(|_| scene.settled(Holder::Company, 15_000)).collect();
    for time in weekly(scene, 6) {
        let buyers = scene.draw.between(6, 10);
        let mut sales = 0;
        for buyer in scene.people(buyers) {
            let (before, cents) = (scene.hours(1, 70), scene.draw.between(50, 150) * 10 * EURO);
            sales += cents;
            scene.pay_by(Channel::Card, time - before, buyer, market, cents, "purchase");
        }
        let parts = scene.split(sales * 9 / 10, i64::try_from(sellers.len()).expect("few"));
        for (&seller, cents) in sellers.iter().zip(&parts) {
            scene.pay_by(Channel::Transfer, time + HOUR, market, seller, *cents, "payout");
        }
    }
}

/// Five members of a staff rent from the same landlord: employer, staff, landlord look like a split and its return.
pub(in super::super) fn staff_rents(scene: &mut Scene) {
    let (firm, landlord) = (scene.settled(Holder::Company, 40_000), scene.settled(Holder::Company, 9_000));
    for member in scene.newcomers(5) {
        let (wage, rent) = (scene.draw.between(260, 380) * 10 * EURO, scene.draw.between(90, 130) * 10 * EURO);
        for time in monthly(scene, 26) {
            scene.pay_by(Channel::Transfer, time, firm, member, wage, "salary");
            let later = time + scene.hours(20, 110);
            scene.pay_by(Channel::Transfer, later, member, landlord, rent, "rent");
        }
    }
}

/// A group's money goes round its three accounts every working day.
pub(in super::super) fn cash_pool(scene: &mut Scene) {
    let header = scene.settled(Holder::Company, 400_000);
    let subs = [0, 1].map(|_| scene.beside(header));
    for day in working_days(scene, 4) {
        let mut cents = scene.draw.between(90, 200) * 100 * EURO;
        for (hour, from, to) in [(8, header, subs[0]), (12, subs[0], subs[1]), (17, subs[1], header)] {
            let time = day * DAY + hour * HOUR + scene.draw.between(0, 1_800);
            scene.pay_by(Channel::Transfer, time, from, to, cents, "cash pooling");
            cents = scene.less(cents, 0, 20);
        }
    }
}

/// Two or three firms buy from the same suppliers every week.
pub(in super::super) fn shared_suppliers(scene: &mut Scene) {
    let (buyers, suppliers) = (scene.draw.between(2, 3), scene.draw.between(3, 4));
    let [buyers, suppliers] = [buyers, suppliers]
        .map(|number| (0..number).map(|_| scene.settled(Holder::Company, 40_000)).collect::<Vec<_>>());
    for time in weekly(scene, 5) {
        for (&buyer, &supplier) in buyers.iter().flat_map(|buyer| suppliers.iter().map(move |s| (buyer, s))) {
            let (time, cents) = (time + scene.hours(0, 8), scene.draw.between(80, 300) * 10 * EURO);
            scene.pay_by(Channel::Transfer, time, buyer, supplier, cents, "invoice");
        }
    }
}

/// Retailers pay wholesalers, who pay one producer, every week.
pub(in super::super) fn wholesale(scene: &mut Scene) {
    let retailers: Vec<Place> = (0..2).map(|_| scene.settled(Holder::Merchant, 30_000)).collect();
    let wholesalers: Vec<Place> = (0..3).map(|_| scene.settled(Holder::Company, 40_000)).collect();
    let producer = scene.settled(Holder::Company, 90_000);
    for time in weekly(scene, 5) {
        for &wholesaler in &wholesalers {
            let mut got = 0;
            for &retailer in &retailers {
                let (time, cents) = (time + scene.hours(0, 8), scene.draw.between(80, 250) * 10 * EURO);
                got += cents;
                scene.pay_by(Channel::Transfer, time, retailer, wholesaler, cents, "invoice");
            }
            let (later, cents) = (time + scene.hours(20, 60), scene.less(got, 200, 400));
            scene.pay_by(Channel::Transfer, later, wholesaler, producer, cents, "invoice");
        }
    }
}

/// A line of trade in which every firm keeps a margin of 25 to 50 %.
pub(in super::super) fn supply_chain(scene: &mut Scene) {
    let start = scene.start(10);
    let line: Vec<Place> = (0..6).map(|_| scene.settled(Holder::Company, 60_000)).collect();
    let mut cents = scene.draw.between(200, 400) * 100 * EURO;
    let mut time = start;
    for hop in line.windows(2) {
        scene.pay_by(Channel::Transfer, time, hop[0], hop[1], cents, "invoice");
        time += scene.hours(10, 45);
        cents = scene.less(cents, 250, 500);
    }
}

/// A marketplace collects through one processor and pays its sellers through another.
pub(in super::super) fn payout_provider(scene: &mut Scene) {
    let processors = scene.draw.several(&scene.world.processors, 2);
    let market = scene.settled(Holder::Company, 60_000);
    let sellers: Vec<Place> = (0..5).map(|_| scene.settled(Holder::Company, 12_000)).collect();
    for time in weekly(scene, 4) {
        let cents = scene.draw.between(150, 300) * 100 * EURO;
        scene.pay_by(Channel::Transfer, time, processors[0], market, cents, "settlement");
        let left = scene.less(cents, 20, 60);
        scene.pay_by(Channel::Transfer, time + DAY, market, processors[1], left, "prefunding");
        for (cents, &seller) in scene.split(left, 5).into_iter().zip(&sellers) {
            let time = time + DAY + scene.hours(4, 30);
            scene.pay_by(Channel::Transfer, time, processors[1], seller, cents, "payout");
        }
    }
}

/// A notary's client account receives the price of a house and pays it out.
pub(in super::super) fn escrow(scene: &mut Scene) {
    let notary = scene.settled(Holder::Settlement, 60_000);
    for _ in 0..3 {
        let start = scene.start(4);
        let (buyer, seller) = (scene.newcomer(), scene.newcomer());
        let cents = scene.draw.between(180, 400) * 1_000 * EURO;
        scene.pay_by(Channel::Wire, start, buyer, notary, cents, "property");
        let (later, left) = (start + scene.hours(20, 46), scene.less(cents, 5, 20));
        scene.pay_by(Channel::Wire, later, notary, seller, left, "property");
    }
}

/// A craftsman's customers settle their invoices in one week.
pub(in super::super) fn craftsman(scene: &mut Scene) {
    let (craftsman, start) = (scene.settled(Holder::Company, 30_000), scene.start(7));
    let customers = scene.draw.between(4, 6);
    for customer in scene.people(customers) {
        let (time, cents) = (start + scene.hours(0, 140), scene.draw.between(260, 800) * 10 * EURO);
        scene.pay_by(Channel::Transfer, time, customer, craftsman, cents, "invoice");
    }
}

/// A shop brings its takings to the bank every day but Sunday, now below the threshold, now above.
pub(in super::super) fn shop_takings(scene: &mut Scene) {
    let shop = scene.settled(Holder::Merchant, 200_000);
    for day in (0..scene.calendar.days.min(60)).filter(|day| day % 7 != 4) {
        let time = day * DAY + 9 * HOUR + scene.draw.between(0, HOUR);
        let cents = scene.draw.between(780, 1_040) * 10 * EURO;
        let (desk, hand) = (scene.desk_of(shop), Hand::Staff(shop, u8::from(day % 2 == 0)));
        scene.deposit_at(desk, hand, time, shop, cents);
    }
}

/// A subsidiary is filled every morning and swept every evening, for eight weeks or as long as the ledger lasts.
pub(in super::super) fn zero_balance(scene: &mut Scene) {
    let header = scene.settled(Holder::Company, 300_000);
    let sub = scene.beside(header);
    for day in working_days(scene, (scene.calendar.days / 7).min(8)) {
        let cents = scene.draw.between(30, 80) * 100 * EURO;
        for (hour, from, to) in [(7, header, sub), (18, sub, header)] {
            let (time, cents) = (day * DAY + hour * HOUR + scene.draw.between(0, 900), scene.less(cents, 0, 30));
            scene.pay_by(Channel::Transfer, time, from, to, cents, "cash pooling");
        }
    }
}

/// A licensed acquirer takes card payments for twelve shops and settles with them every week, less its fee (L3).
pub(in super::super) fn acquirer(scene: &mut Scene) {
    let acquirer = scene.settled(Holder::Processor, 900_000);
    let shops: Vec<Place> = (0..12).map(|_| scene.settled(Holder::Merchant, 20_000)).collect();
    for time in weekly(scene, 3) {
        for &shop in &shops {
            let mut sales = 0;
            for _ in 0..scene.draw.between(1, 3) {
                let (before, cents, buyer) = (scene.hours(10, 140), scene.tens(3, 60), scene.citizen());
                sales += cents;
                let sale = Payment::new(Channel::Card, time - before, [buyer, acquirer], cents).purpose("purchase");
                scene.play(sale.meant_for(shop));
            }
            let (later, left) = (time + scene.hours(0, 4), scene.less(sales, 12, 29));
            scene.pay_by(Channel::Transfer, later, acquirer, shop, left, "settlement");
        }
    }
}

/// A charity's appeal brings thirty gifts in two weeks, most of them small; it pays for relief goods weeks later (L5).
pub(in super::super) fn appeal(scene: &mut Scene) {
    let start = scene.start(45);
    let (charity, supplier) = (scene.settled(Holder::Company, 9_000), scene.settled(Holder::Company, 80_000));
    let mut given = 0;
    for donor in scene.people(30) {
        let (time, cents) = (start + scene.hours(0, 330), scene.draw.lognormal(6_000, 90) / 500 * 500 + 500);
        given += cents;
        scene.pay_by(Channel::Transfer, time, donor, charity, cents, "donation");
    }
    let (later, share) = (start + scene.draw.between(25 * DAY, 40 * DAY), scene.less(given, 300, 600));
    scene.pay_by(Channel::Transfer, later, charity, supplier, share, "invoice");
}

/// Three employees of a shop bring its takings in turn, now below the threshold, now above (L10).
pub(in super::super) fn shop_staff(scene: &mut Scene) {
    let shop = scene.settled(Holder::Merchant, 160_000);
    for (number, day) in (0u8..).zip(working_days(scene, 3)) {
        let (time, cents) = (day * DAY + 10 * HOUR + scene.minutes(0, 300), scene.tens(420, 1_250));
        let desk = scene.desk_of(shop);
        scene.deposit_at(desk, Hand::Staff(shop, number % 3), time, shop, cents);
    }
}

/// An exchange pays its customers from one hot wallet and has what is left sent on to the next: payments are large shares
/// of small sums, and the chain is short (L17).
pub(in super::super) fn hot_wallet(scene: &mut Scene) {
    let start = scene.start(6);
    let exchange = scene.draw.pick(&scene.world.exchanges);
    let mut from = scene.young(Holder::Wallet, 5, 100);
    let (mut time, mut cents) = (start, scene.tens(300, 1_800));
    scene.pay_by(Channel::Crypto, time, exchange, from, cents, "");
    for _ in 0..scene.draw.between(2, 3) {
        time += scene.hours(2, 30);
        let (customer, next) = (scene.young(Holder::Wallet, 30, 400), scene.young(Holder::Wallet, 0, 5));
        let spent = cents * scene.draw.between(20, 70) / 100 / EURO * EURO;
        scene.pay_by(Channel::Crypto, time, from, customer, spent, "");
        cents -= spent;
        scene.pay_by(Channel::Crypto, time + 1, from, next, cents, "");
        from = next;
    }
}
