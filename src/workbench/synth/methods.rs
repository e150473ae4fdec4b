//! Plants mules, cash, processors and round trips. Sizes, times and shares are drawn from what was measured on
//! public data or reported by authorities, not from the rules that look for them.

use super::book::Channel;
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};

/// A stolen sum goes through two to four mules, each keeping 5 to 15 %, often within hours (RUSI), and leaves by
/// exchange, remitter or cash.
pub(super) fn mule_chain(scene: &mut Scene) {
    let start = scene.start(6);
    let victim = scene.person();
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
        _ => {
            let cash = scene.cash_of(from);
            scene.pay_by(Channel::Cash, time, from, cash, cents, "");
        }
    }
}

/// A processor settles with a shell, which feeds another processor, which pays a firm; each leg costs 1 to 6 %.
pub(super) fn processor_layering(scene: &mut Scene) {
    let mut processors = scene.world.processors.clone();
    scene.draw.shuffle(&mut processors);
    let start = scene.start(10);
    let (account, beneficiary) = (scene.shell(), scene.shell());
    let mut cents = scene.draw.between(80, 400) * 100 * EURO;
    let mut time = start;
    for (from, to, purpose) in [
        (processors[0], account, "settlement"),
        (account, processors[1], "top-up"),
        (processors[1], beneficiary, "payout"),
    ] {
        scene.pay_by(Channel::Transfer, time, from, to, cents, purpose);
        time += scene.hours(8, 80);
        cents = scene.less(cents, 10, 60);
    }
}

/// Ten to twenty small payments in from as many senders, all but 5 to 12 % out again within a day (Tide).
pub(super) fn pass_through_account(scene: &mut Scene) {
    let start = scene.start(4);
    let account = scene.newcomer();
    scene.world.accounts[account].turnover = Some(scene.draw.between(9, 25) * 100);
    let senders = scene.draw.between(10, 20);
    let mut gathered = 0;
    for sender in scene.people(senders) {
        let (time, cents) = (start + scene.hours(0, 18), scene.draw.between(90, 300) * 10 * EURO);
        gathered += cents;
        scene.pay(time, sender, account, cents);
    }
    let left = scene.less(gathered, 50, 120);
    let payees = scene.draw.between(5, 12);
    let parts = scene.split(left, payees);
    for (payee, cents) in scene.people(payees).into_iter().zip(parts) {
        let time = start + scene.hours(19, 40);
        scene.pay(time, account, payee, cents);
    }
}

/// Five to nine senders, each below 10,000, together above it, within a week (SAML-D).
pub(super) fn structured_fan_in(scene: &mut Scene) {
    let start = scene.start(7);
    let collector = scene.person();
    let senders = scene.draw.between(5, 9);
    for sender in scene.people(senders) {
        let (time, cents) = (start + scene.hours(0, 150), scene.draw.between(260, 970) * 10 * EURO);
        scene.pay(time, sender, collector, cents);
    }
}

/// Three to seven cash deposits of 82 to 97 % of the threshold within a week (SAML-D, AMLworld's band).
pub(super) fn cash_structuring(scene: &mut Scene) {
    let start = scene.start(7);
    let account = scene.person();
    let home = scene.cash_of(account);
    let deposits = scene.draw.between(3, 7);
    for deposit in 0..deposits {
        let desk = if scene.draw.chance(70) { home } else { scene.draw.pick(&scene.world.cash) };
        let time = start + deposit * 150 * HOUR / deposits + scene.hours(0, 8);
        let cents = scene.draw.between(820, 970) * 10 * EURO;
        scene.pay_by(Channel::Cash, time, desk, account, cents, "");
    }
}

/// Money comes in, and all but 3 to 15 % leaves through cash machines within two days and a half.
pub(super) fn mule_cash_out(scene: &mut Scene) {
    let start = scene.start(4);
    let (payer, mule) = (scene.person(), scene.newcomer());
    scene.world.accounts[mule].turnover = Some(scene.draw.between(9, 16) * 100);
    let cents = scene.draw.between(32, 80) * 100 * EURO;
    scene.pay(start, payer, mule, cents);
    let machine = scene.cash_of(mule);
    let (left, times) = (scene.less(cents, 30, 150), scene.draw.between(3, 8));
    for cents in scene.split(left, times) {
        let time = start + scene.hours(1, 60);
        scene.pay_by(Channel::Cash, time, mule, machine, cents / (10 * EURO) * 10 * EURO, "");
    }
}

/// Money goes through two to five accounts, 1 to 5 days each and for 1 to 3 % each, to another account of its owner
/// (Tide).
pub(super) fn u_turn(scene: &mut Scene) {
    let (between, start) = (scene.draw.between(2, 5), scene.start(27));
    let origin = scene.shell();
    let mut line = vec![origin];
    line.extend((0..between).map(|_| scene.shell()));
    line.push(scene.world.open_beside(origin, &mut scene.draw));
    let mut cents = scene.draw.between(100, 600) * 100 * EURO;
    let mut time = start;
    for hop in line.windows(2) {
        scene.pay_by(Channel::Wire, time, hop[0], hop[1], cents, "");
        time += scene.draw.between(DAY, 4 * DAY);
        cents = scene.less(cents, 10, 30);
    }
}

/// Two firms send about the same sum to and fro, two to five times, within two weeks.
pub(super) fn ping_pong_transfers(scene: &mut Scene) {
    let start = scene.start(13);
    let (one, other) = (scene.shell(), scene.shell());
    let rounds = scene.draw.between(2, 5);
    let usual = scene.draw.between(30, 90) * 100 * EURO;
    let gap = 300 * HOUR / (2 * rounds);
    for leg in 0..2 * rounds {
        let (from, to) = if leg % 2 == 0 { (one, other) } else { (other, one) };
        let time = start + leg * gap + scene.hours(0, 6);
        let cents = scene.less(usual, 0, 40);
        scene.pay(time, from, to, cents);
    }
}
