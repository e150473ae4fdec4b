//! Plants mules, and accounts that leave their habits. Sizes, times and shares are drawn from what was measured on
//! public data or reported by authorities, not from the rules that look for them.

use super::book::{Channel, Payment};
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::{Holder, MONITORED, Place};

/// A stolen sum goes through two to four mules, each keeping 5 to 15 %, often within hours (RUSI), and leaves by
/// exchange, remitter or cash.
pub(super) fn mule_chain(scene: &mut Scene) {
    let start = scene.start(6);
    let victim = scene.citizen();
    let mules = scene.draw.between(2, 4);
    let (mut from, mut time) = (victim, start);
    let mut cents = scene.draw.between(40, 150) * 100 * EURO;
    for _ in 0..mules {
        let mule = if scene.draw.chance(20) { scene.shell() } else { scene.person() };
        scene.pay(time, from, mule, cents);
        time += if scene.draw.chance(50) { scene.hours(0, 1) + 60 } else { scene.hours(1, 24) };
        cents = scene.less(cents, 50, 150);
        from = mule;
    }
    match scene.draw.below(3) {
        0 => {
            let exchange = scene.draw.pick(&scene.world.exchanges);
            scene.pay_by(Channel::Instant, time, from, exchange, cents, "");
        }
        1 => {
            let remitter = scene.draw.pick(&scene.world.remitters);
            scene.pay_by(Channel::Remittance, time, from, remitter, cents, "family support");
        }
        _ => scene.withdraw(time, from, cents),
    }
}

/// Five to nine mules, whose accounts were opened within a month, are fed like amounts within three hours, and each
/// passes it on within 1 to 5 hours (Tide: 1 to 8).
pub(super) fn mule_herd(scene: &mut Scene) {
    let (mules, start) = (scene.draw.between(5, 9), scene.start(3));
    let (source, sink) = (scene.shell(), scene.person());
    let usual = scene.draw.lognormal(1_400, 40).clamp(500, 4_000) * EURO;
    for _ in 0..mules {
        let mule = scene.young(Holder::Person, 8, 38);
        let (time, cents) = (start + scene.minutes(0, 170), scene.less(usual, 0, 120));
        scene.pay(time, source, mule, cents);
        let (later, left) = (time + scene.minutes(60, 280), scene.less(cents, 50, 150));
        scene.pay(later, mule, sink, left);
    }
}

/// Money comes in, and all but 3 to 15 % leaves through cash machines within two days and a half.
pub(super) fn mule_cash_out(scene: &mut Scene) {
    let start = scene.start(4);
    let (payer, mule) = (scene.person(), scene.newcomer());
    let turnover = scene.draw.between(9, 16) * 100;
    scene.change(mule, |account| account.turnover = Some(turnover));
    let cents = scene.draw.between(32, 80) * 100 * EURO;
    scene.pay(start, payer, mule, cents);
    let (left, times) = (scene.less(cents, 30, 150), scene.draw.between(3, 8));
    for cents in scene.split(left, times) {
        let time = start + scene.hours(1, 60);
        scene.withdraw(time, mule, cents);
    }
}

/// Money comes in, and 80 to 97 % of it goes out again as two to five remittances through as many agents within two days
/// (FATF/MONEYVAL 2010).
pub(super) fn mule_remittance_exit(scene: &mut Scene) {
    let start = scene.start(4);
    let (payer, mule) = (scene.person(), scene.newcomer());
    let cents = scene.tens(320, 900);
    scene.pay(start, payer, mule, cents);
    let (left, times) = (scene.less(cents, 30, 200), scene.draw.between(2, 5));
    for (number, cents) in (1..).zip(scene.split(left, times)) {
        let (time, remitter) = (start + scene.hours(1, 46), scene.draw.pick(&scene.world.remitters));
        let sent = Payment::new(Channel::Remittance, time, [mule, remitter], cents).purpose("family support");
        scene.play(sent.agent(number * 7));
    }
}

/// An account of at most two months is paid by four to nine strangers in five days, and 75 to 95 % leaves within the
/// week (AMLTRIX says newly opened, without a number).
pub(super) fn new_account_burst(scene: &mut Scene) {
    let start = scene.start(9);
    let account = scene.young(Holder::Person, 5, 60);
    let turnover = scene.draw.between(9, 26) * 100;
    scene.change(account, |account| account.turnover = Some(turnover));
    let (payers, payees) = (scene.draw.between(4, 9), scene.draw.between(2, 4));
    let gathered = scene.gather(start, 96, payers, account, |scene| scene.tens(150, 650));
    let left = scene.less(gathered, 50, 250);
    scene.scatter(start, (97, 150), account, payees, left);
}

/// An account with some life rests for 190 days or more, is then paid by three to six within five days, and 75 to 95 %
/// of it leaves within ten (Tazama's bands; core-banking practice calls an account dormant after 180 days).
pub(super) fn dormant_activation(scene: &mut Scene) {
    let start = scene.start_after(196, 14);
    let turnover = scene.draw.between(9, 30) * 100;
    let account = scene.settled(Holder::Person, turnover);
    let (shop, until) = (scene.draw.pick(&scene.world.shops), scene.day - 190);
    for _ in 0..scene.draw.between(2, 6) {
        let (time, cents) = (scene.draw.between(0, until * DAY), scene.draw.lognormal(2_500, 80));
        scene.beside_it(Payment::new(Channel::Card, time, [account, shop], cents).purpose("purchase"));
    }
    let (payers, payees) = (scene.draw.between(3, 6), scene.draw.between(1, 3));
    let gathered = scene.gather(start, 110, payers, account, |scene| scene.tens(250, 900));
    let left = scene.less(gathered, 50, 250);
    scene.scatter(start, (112, 230), account, payees, left);
}

/// Somebody who gets a wage and small sums from two friends is paid by five to nine strangers within a week (SAML-D,
/// behavioural change 1: four distinct new senders a week cover 97 %).
pub(super) fn counterparty_break(scene: &mut Scene) {
    let start = scene.start_after(90, 8);
    let (account, firm) = (scene.settled(Holder::Person, 2_400), scene.draw.pick(&scene.world.firms));
    let friends = [scene.citizen(), scene.citizen()];
    for week in 1..=12 {
        let time = start - week * 7 * DAY + scene.hours(0, 20);
        let friend = friends[usize::from(week % 2 == 0)];
        let small = scene.draw.between(2, 40) * 5 * EURO;
        scene.beside_it(Payment::new(Channel::Instant, time, [friend, account], small));
        if week % 4 == 0 {
            let wage = Payment::new(Channel::Transfer, time + HOUR, [firm, account], 2_400 * EURO);
            scene.beside_it(wage.purpose("salary"));
        }
    }
    let strangers = scene.draw.between(5, 9);
    for stranger in scene.people(strangers) {
        let (time, cents) = (start + scene.hours(0, 150), scene.tens(120, 500));
        scene.pay(time, stranger, account, cents);
    }
}

/// A firm that paid at home for more than half a year pays two to five strangers in one country under increased monitoring
/// within a week (SAML-D, behavioural change 2).
pub(super) fn corridor_shift(scene: &mut Scene) {
    let start = scene.start_after(196, 8);
    let account = scene.settled(Holder::Company, 40_000);
    let home = scene.world.country(account);
    let suppliers: Vec<Place> = (0..3).map(|_| scene.settled(Holder::Company, 60_000)).collect();
    for &supplier in &suppliers {
        scene.change(supplier, |account| account.country = home);
    }
    for week in 1..=28 {
        let (time, supplier) = (start - week * 7 * DAY + scene.hours(0, 8), scene.draw.pick(&suppliers));
        let cents = scene.draw.lognormal(90_000, 30);
        scene.beside_it(Payment::new(Channel::Transfer, time, [account, supplier], cents).purpose("invoice"));
    }
    let (country, payees) = (scene.draw.pick(&MONITORED), scene.draw.between(2, 5));
    for _ in 0..payees {
        let payee = scene.young(Holder::Company, 60, 900);
        scene.change(payee, |account| account.country = country);
        let (time, cents) = (start + scene.hours(0, 140), scene.tens(500, 1_400));
        scene.pay_by(Channel::Wire, time, account, payee, cents, "");
    }
}

/// Ten to twenty small payments in from as many senders, all but 5 to 12 % out again within a day (Tide).
pub(super) fn pass_through_account(scene: &mut Scene) {
    let start = scene.start(4);
    let account = scene.newcomer();
    let turnover = scene.draw.between(9, 25) * 100;
    scene.change(account, |account| account.turnover = Some(turnover));
    let senders = scene.draw.between(10, 20);
    let gathered = scene.gather(start, 18, senders, account, |scene| scene.tens(90, 300));
    let left = scene.less(gathered, 50, 120);
    let payees = scene.draw.between(5, 12);
    scene.scatter(start, (19, 40), account, payees, left);
}
