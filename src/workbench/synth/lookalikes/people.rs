//! Honest flows of people.

use super::super::book::{Channel, Kind, Payment};
use super::super::calendar::DAY;
use super::super::scene::{EURO, Scene};
use super::super::world::{Holder, MONITORED};
use super::monthly;

/// A landlord is paid by eight to twelve tenants every month.
pub(in super::super) fn rent_collection(scene: &mut Scene) {
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
pub(in super::super) fn savings_circle(scene: &mut Scene) {
    let members = scene.people(10);
    let share = scene.draw.between(15, 40) * 10 * EURO;
    for (turn, time) in monthly(scene, 10).into_iter().enumerate() {
        for &member in members.iter().filter(|&&member| member != members[turn % 10]) {
            let time = time + scene.hours(0, 48);
            scene.pay_by(Channel::Instant, time, member, members[turn % 10], share, "");
        }
    }
}

/// A wage is paid; a part goes to a relative, and a part of that abroad.
pub(in super::super) fn family_support(scene: &mut Scene) {
    let firm = scene.settled(Holder::Company, 80_000);
    let (worker, relative) = (scene.newcomer(), scene.newcomer());
    scene.change(worker, |account| account.turnover = Some(3_400));
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

/// A worker draws most of the wage in cash when it comes.
pub(in super::super) fn payday_cash(scene: &mut Scene) {
    let (firm, worker) = (scene.settled(Holder::Company, 80_000), scene.newcomer());
    let wage = scene.draw.between(22, 30) * 100;
    scene.change(worker, |account| account.turnover = Some(wage));
    for time in monthly(scene, 28) {
        scene.pay_by(Channel::Transfer, time, firm, worker, wage * EURO, "salary");
        let (left, times) = (scene.less(wage * EURO, 50, 180), scene.draw.between(2, 3));
        for cents in scene.split(left, times) {
            let later = time + scene.hours(1, 44);
            scene.withdraw(later, worker, cents);
        }
    }
}

/// A journey is paid from one account, and given back to another of the same customer.
pub(in super::super) fn travel_refund(scene: &mut Scene) {
    let start = scene.start(14);
    let (customer, agency) = (scene.newcomer(), scene.settled(Holder::Merchant, 150_000));
    let other = scene.beside(customer);
    let cents = scene.draw.between(60, 90) * 100 * EURO;
    scene.pay_by(Channel::Transfer, start, customer, agency, cents, "travel");
    let later = start + scene.hours(100, 160);
    scene.pay_by(Channel::Transfer, later, agency, other, cents, "refund");
}

/// Somebody changes banks: three old accounts are emptied into a new one, and the most of it into new savings (L7).
pub(in super::super) fn bank_switch(scene: &mut Scene) {
    let start = scene.start(8);
    let old = scene.settled(Holder::Person, 2_600);
    let (second, third) = (scene.beside(old), scene.beside(old));
    let (current, savings) = (scene.beside(old), scene.beside(old));
    let opened = scene.day - 6;
    for place in [current, savings] {
        scene.change(place, |account| account.opened = opened);
    }
    let mut moved = 0;
    for from in [old, second, third] {
        let (time, cents) = (start + scene.hours(0, 20), scene.tens(180, 700));
        moved += cents;
        scene.pay_by(Channel::Transfer, time, from, current, cents, "");
    }
    let (later, left) = (start + scene.hours(22, 60), scene.less(moved, 100, 200));
    scene.pay_by(Channel::Transfer, later, current, savings, left, "savings");
}

/// Three siblings send their mother abroad 150 to 350 each when their wages come, each at an agent's near home (L11).
pub(in super::super) fn siblings(scene: &mut Scene) {
    let (siblings, mother) = (scene.newcomers(3), scene.settled(Holder::Person, 300));
    let country = scene.draw.pick(&MONITORED);
    scene.change(mother, |account| account.country = country);
    for (number, sibling) in (0u16..).zip(siblings) {
        for time in monthly(scene, 24 + i64::from(number) % 4) {
            let (later, cents) = (time + scene.hours(1, 40), scene.tens(15, 35));
            let sent = Payment::new(Channel::Remittance, later, [sibling, mother], cents).purpose("family support");
            scene.play(sent.agent(600 + number));
        }
    }
}

/// An heir is paid by a notary's client account and buys a flat through another's (L12).
pub(in super::super) fn flat(scene: &mut Scene) {
    let start = scene.start(18);
    let heir = scene.citizen();
    let [estate, sale] = [0, 1].map(|_| scene.settled(Holder::Settlement, 90_000));
    let cents = scene.draw.between(120, 380) * 1_000 * EURO;
    scene.pay_by(Channel::Wire, start, estate, heir, cents, "inheritance");
    let (later, price) = (start + scene.draw.between(4 * DAY, 16 * DAY), scene.less(cents, 20, 150));
    scene.pay_by(Channel::Wire, later, heir, sale, price, "property");
}

/// A friend lends twice and is paid back in parts (L14).
pub(in super::super) fn loan(scene: &mut Scene) {
    let start = scene.start(50);
    let (lender, debtor) = (scene.person(), scene.person());
    let mut owed = 0;
    for part in 0..2 {
        let (time, cents) = (start + part * 9 * DAY, scene.tens(120, 400));
        owed += cents;
        scene.pay_by(Channel::Instant, time, lender, debtor, cents, "loan");
    }
    for (part, cents) in (1..).zip(scene.split(owed, 5)) {
        let time = start + (12 + 7 * part) * DAY + scene.hours(0, 20);
        scene.pay_by(Channel::Instant, time, debtor, lender, cents, "repayment");
    }
}

/// A household pays nine standing orders on the first days of every month (L15).
pub(in super::super) fn standing_orders(scene: &mut Scene) {
    let payer = scene.settled(Holder::Person, 4_500);
    for _ in 0..9 {
        let kind = scene.draw.pick(&[Holder::Company, Holder::Merchant, Holder::Person]);
        let (payee, cents) = (scene.settled(kind, 30_000), scene.draw.between(3, 90) * 10 * EURO);
        let due = scene.draw.between(1, 5);
        for time in monthly(scene, due) {
            scene.pay_by(Channel::Transfer, time, payer, payee, cents, "standing order");
        }
    }
}

/// Customers send a shop's goods back and are paid what they paid, or a part of it (L16).
pub(in super::super) fn goods_returned(scene: &mut Scene) {
    let (shop, start) = (scene.settled(Holder::Merchant, 60_000), scene.start(24));
    for buyer in scene.people(8) {
        let (time, cents) = (start + scene.hours(0, 200), scene.tens(11, 90));
        let sale = scene.play(Payment::new(Channel::Card, time, [buyer, shop], cents).purpose("purchase"));
        if scene.draw.chance(60) {
            let (later, percent) = (time + scene.draw.between(2 * DAY, 14 * DAY), scene.draw.pick(&[100, 100, 50]));
            scene.undo(sale, Kind::Refund, later, buyer, percent);
        }
    }
}

/// A player deposits 20 to 150 two or three times a week, and wins once (L18).
pub(in super::super) fn player(scene: &mut Scene) {
    let start = scene.start(30);
    let (player, operator) = (scene.person(), scene.draw.pick(&scene.world.operators));
    let mut staked = 0;
    for part in 0..10 {
        let (time, cents) = (start + part * 3 * DAY + scene.hours(0, 30), scene.tens(2, 15));
        staked += cents;
        scene.pay_by(Channel::Card, time, player, operator, cents, "gaming");
    }
    let (time, share) = (start + scene.hours(300, 650), scene.draw.between(20, 60));
    scene.pay_by(Channel::Transfer, time, operator, player, staked * share / 100, "gaming");
}

/// A student opens an account: the parents send money every month, a first wage comes, and rent and shops take it (L19).
pub(in super::super) fn student(scene: &mut Scene) {
    let start = scene.start(40);
    let student = scene.young(Holder::Person, 4, 12);
    scene.change(student, |account| account.turnover = Some(1_100));
    let (parents, firm) = (scene.newcomers(2), scene.draw.pick(&scene.world.firms));
    let landlord = scene.settled(Holder::Person, 9_000);
    for month in 0..2 {
        let time = start + month * 29 * DAY;
        for &parent in &parents {
            let (time, cents) = (time + scene.hours(0, 50), scene.tens(25, 55));
            scene.pay_by(Channel::Instant, time, parent, student, cents, "family support");
        }
        let (wage, rent) = (scene.tens(38, 52), scene.tens(40, 62));
        scene.pay_by(Channel::Transfer, time + 3 * DAY, firm, student, wage, "salary");
        scene.pay_by(Channel::Transfer, time + 4 * DAY, student, landlord, rent, "rent");
        for _ in 0..6 {
            let (time, shop) = (time + scene.hours(30, 600), scene.draw.pick(&scene.world.shops));
            let cents = scene.draw.lognormal(2_200, 80);
            scene.pay_by(Channel::Card, time, student, shop, cents, "purchase");
        }
    }
}

/// A repair must be paid: two to five relatives send 400 to 2,000 each, and three to eight card payments use it up within two
/// days (L20, Tide).
pub(in super::super) fn emergency(scene: &mut Scene) {
    let start = scene.start(5);
    let (person, relatives) = (scene.newcomer(), scene.draw.between(2, 5));
    let mut got = 0;
    for relative in scene.people(relatives) {
        let (time, cents) = (start + scene.minutes(0, 500), scene.tens(40, 200));
        got += cents;
        scene.pay_by(Channel::Instant, time, relative, person, cents, "");
    }
    let (left, bills) = (scene.less(got, 20, 150), scene.draw.between(3, 8));
    for cents in scene.split(left, bills) {
        let (time, shop) = (start + scene.hours(9, 46), scene.draw.pick(&scene.world.shops));
        scene.pay_by(Channel::Card, time, person, shop, cents, "purchase");
    }
}
