//! Plants the honest flows that laundering is taken for, at least one for each typology.

use super::book::Channel;
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::{Holder, Place};

fn monthly(scene: &mut Scene, day: i64) -> Vec<i64> {
    let days = scene.calendar.monthly(day);
    days.into_iter().map(|day| scene.calendar.worked(day) * DAY + scene.hours(6, 16)).collect()
}

/// Seconds on one day of every week, for so many weeks.
fn weekly(scene: &mut Scene, weeks: i64) -> Vec<i64> {
    let first = scene.draw.between(2, (scene.calendar.days - weeks * 7).max(3));
    let first = scene.calendar.worked(first.max(5));
    (0..weeks).map(|week| (first + 7 * week) * DAY + scene.hours(8, 16)).collect()
}

/// The working days of so many weeks.
fn working_days(scene: &mut Scene, weeks: i64) -> Vec<i64> {
    let first = scene.draw.between(0, (scene.calendar.days - weeks * 7).max(0));
    (first..(first + weeks * 7).min(scene.calendar.days)).filter(|&day| scene.calendar.works(day)).collect()
}

/// A landlord is paid by eight to twelve tenants every month.
pub(super) fn rent_collection(scene: &mut Scene) {
    let landlord = scene.settled(Holder::Person, 12_000);
    let tenants = scene.draw.between(8, 12);
    for tenant in scene.newcomers(tenants) {
        let (due, rent) = (scene.draw.between(1, 4), scene.draw.between(90, 160) * 10 * EURO);
        for time in monthly(scene, due) {
            scene.pay_by(Channel::Transfer, time, tenant, landlord, rent, "rent");
        }
    }
}

/// Ten members of a savings circle pay the same sum to whoever has the turn.
pub(super) fn savings_circle(scene: &mut Scene) {
    let members = scene.people(10);
    let share = scene.draw.between(15, 40) * 10 * EURO;
    for (turn, time) in monthly(scene, 10).into_iter().enumerate() {
        for &member in members.iter().filter(|&&member| member != members[turn % 10]) {
            let time = time + scene.hours(0, 48);
            scene.pay_by(Channel::Instant, time, member, members[turn % 10], share, "");
        }
    }
}

/// A firm pays its staff of eight to fifteen every month.
pub(super) fn payroll(scene: &mut Scene) {
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
pub(super) fn marketplace(scene: &mut Scene) {
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
pub(super) fn staff_rents(scene: &mut Scene) {
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
pub(super) fn cash_pool(scene: &mut Scene) {
    let header = scene.settled(Holder::Company, 400_000);
    let subs = [0, 1].map(|_| scene.world.open_beside(header, &mut scene.draw));
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
pub(super) fn shared_suppliers(scene: &mut Scene) {
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
pub(super) fn wholesale(scene: &mut Scene) {
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
pub(super) fn supply_chain(scene: &mut Scene) {
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

/// A wage is paid; a part goes to a relative, and a part of that abroad.
pub(super) fn family_support(scene: &mut Scene) {
    let firm = scene.settled(Holder::Company, 80_000);
    let (worker, relative) = (scene.newcomer(), scene.newcomer());
    scene.world.accounts[worker].turnover = Some(3_400);
    let remitter = scene.draw.pick(&scene.world.remitters);
    for time in monthly(scene, 27) {
        scene.pay_by(Channel::Transfer, time, firm, worker, 3_400 * EURO, "salary");
        let share = scene.less(3_400 * EURO, 500, 650);
        let (later, last) = (time + scene.hours(2, 20), time + scene.hours(22, 44));
        scene.pay_by(Channel::Instant, later, worker, relative, share, "family support");
        let sent = scene.less(share, 250, 500);
        scene.pay_by(Channel::Remittance, last, relative, remitter, sent, "family support");
    }
}

/// A marketplace collects through one processor and pays its sellers through another.
pub(super) fn payout_provider(scene: &mut Scene) {
    let mut processors = scene.world.processors.clone();
    scene.draw.shuffle(&mut processors);
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
pub(super) fn escrow(scene: &mut Scene) {
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
pub(super) fn craftsman(scene: &mut Scene) {
    let (craftsman, start) = (scene.settled(Holder::Company, 30_000), scene.start(7));
    let customers = scene.draw.between(4, 6);
    for customer in scene.people(customers) {
        let (time, cents) = (start + scene.hours(0, 140), scene.draw.between(260, 800) * 10 * EURO);
        scene.pay_by(Channel::Transfer, time, customer, craftsman, cents, "invoice");
    }
}

/// A shop brings its takings to the bank every day but Sunday, now below the threshold, now above.
pub(super) fn shop_takings(scene: &mut Scene) {
    let shop = scene.settled(Holder::Merchant, 200_000);
    let desk = scene.cash_of(shop);
    for day in (0..scene.calendar.days).filter(|day| day % 7 != 4) {
        let time = day * DAY + 9 * HOUR + scene.draw.between(0, HOUR);
        let cents = scene.draw.between(780, 1_040) * 10 * EURO;
        scene.pay_by(Channel::Cash, time, desk, shop, cents, "takings");
    }
}

/// A worker draws most of the wage in cash when it comes.
pub(super) fn payday_cash(scene: &mut Scene) {
    let (firm, worker) = (scene.settled(Holder::Company, 80_000), scene.newcomer());
    let wage = scene.draw.between(22, 30) * 100;
    scene.world.accounts[worker].turnover = Some(wage);
    let machine = scene.cash_of(worker);
    for time in monthly(scene, 28) {
        scene.pay_by(Channel::Transfer, time, firm, worker, wage * EURO, "salary");
        let (left, times) = (scene.less(wage * EURO, 50, 180), scene.draw.between(2, 3));
        for cents in scene.split(left, times) {
            let later = time + scene.hours(1, 44);
            scene.pay_by(Channel::Cash, later, worker, machine, cents / (10 * EURO) * 10 * EURO, "");
        }
    }
}

/// A journey is paid from one account, and given back to another of the same customer.
pub(super) fn travel_refund(scene: &mut Scene) {
    let start = scene.start(14);
    let (customer, agency) = (scene.newcomer(), scene.settled(Holder::Merchant, 150_000));
    let other = scene.world.open_beside(customer, &mut scene.draw);
    let cents = scene.draw.between(60, 90) * 100 * EURO;
    scene.pay_by(Channel::Transfer, start, customer, agency, cents, "travel");
    let later = start + scene.hours(100, 160);
    scene.pay_by(Channel::Transfer, later, agency, other, cents, "refund");
}

/// A subsidiary is filled every morning and swept every evening, for as long as the ledger lasts.
pub(super) fn zero_balance(scene: &mut Scene) {
    let header = scene.settled(Holder::Company, 300_000);
    let sub = scene.world.open_beside(header, &mut scene.draw);
    for day in working_days(scene, scene.calendar.days / 7) {
        let cents = scene.draw.between(30, 80) * 100 * EURO;
        for (hour, from, to) in [(7, header, sub), (18, sub, header)] {
            let (time, cents) = (day * DAY + hour * HOUR + scene.draw.between(0, 900), scene.less(cents, 0, 30));
            scene.pay_by(Channel::Transfer, time, from, to, cents, "cash pooling");
        }
    }
}
