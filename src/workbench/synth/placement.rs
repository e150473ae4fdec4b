//! Plants placement: cash and small sums on their way in. Sizes, times and shares are drawn from what was measured on
//! public data or reported by authorities, not from the rules that look for them.

use super::book::{Channel, Desk, Hand, Payment};
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::Holder;

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
    let deposits = scene.draw.between(3, 7);
    for deposit in 0..deposits {
        let time = start + deposit * 150 * HOUR / deposits + scene.hours(0, 8);
        let cents = scene.tens(820, 970);
        scene.deposit(time, account, cents);
    }
}

/// Three to eight people pay cash into one account within a week, each below the threshold (datasynth: 3 to 20 people,
/// 1 to 7 days).
pub(super) fn smurfing(scene: &mut Scene) {
    let start = scene.start(8);
    let (account, people) = (scene.newcomer(), scene.draw.between(3, 8));
    for depositor in scene.people(people) {
        for _ in 0..scene.draw.between(1, 2) {
            let (time, cents, desk) = (start + scene.hours(0, 150), scene.tens(180, 940), scene.desk_of(account));
            scene.deposit_at(desk, Hand::Owner(depositor), time, account, cents);
        }
    }
}

/// Transfers come in, and four to eight withdrawals within a week take 40 to 90 % of them (SAML-D: four a week is the
/// first value above p90).
pub(super) fn structured_withdrawal(scene: &mut Scene) {
    let start = scene.start(9);
    let (account, payers) = (scene.newcomer(), scene.draw.between(1, 3));
    let gathered = scene.gather(start, 12, payers, account, |scene| scene.tens(300, 900));
    let (left, times) = (scene.less(gathered, 100, 600), scene.draw.between(4, 8));
    for cents in scene.split(left, times) {
        let time = start + scene.hours(13, 160);
        scene.withdraw(time, account, cents);
    }
}

/// Cash of 4,000 to 15,000 (Tide) is sent on after a median of 1.8 days, three in four times within 2.6 days, and less
/// 0 to 5 % (SAML-D).
pub(super) fn deposit_then_send(scene: &mut Scene) {
    let start = scene.start(5);
    let (account, payee) = (scene.newcomer(), scene.person());
    let cents = scene.tens(400, 1_500);
    scene.deposit(start, account, cents);
    let (delay, left) = (scene.draw.lognormal(43, 55).clamp(2, 96) * HOUR, scene.less(cents, 0, 50));
    scene.pay(start + delay, account, payee, left);
}

/// Four to ten deposits in two to four regions that are not the account's own, within four days; 80 to 97 % is drawn at
/// home or sent on within three (`FinCEN` FIN-2014-A005; datasynth: holding 1 to 3 days, 0.97).
pub(super) fn funnel_account(scene: &mut Scene) {
    let start = scene.start(9);
    let (account, deposits, regions) = (scene.newcomer(), scene.draw.between(4, 10), scene.draw.between(2, 4));
    let desks = scene.distant_desks(account, regions);
    let mut gathered = 0;
    for deposit in 0..deposits {
        let desk = desks[usize::try_from(deposit).expect("few") % desks.len()];
        let (time, cents, depositor) = (start + scene.hours(0, 64), scene.tens(220, 900), scene.person());
        gathered += cents;
        scene.deposit_at(desk, Hand::Owner(depositor), time, account, cents);
    }
    let (left, parts, cash) = (scene.less(gathered, 30, 200), scene.draw.between(1, 4), scene.draw.chance(40));
    for cents in scene.split(left, parts) {
        let time = start + scene.hours(65, 70);
        if cash {
            scene.withdraw(time, account, cents);
        } else {
            let payee = scene.newcomer();
            scene.pay(time, account, payee, cents);
        }
    }
}

/// One owner pays less than 3,000 at a time into three to five accounts, moves it to a sixth within days, and sends 90
/// to 98 % abroad within three (FFIEC, appendix F).
pub(super) fn multi_account_consolidation(scene: &mut Scene) {
    let start = scene.start(19);
    let master = scene.newcomer();
    let mut pooled = 0;
    for _ in 0..scene.draw.between(3, 5) {
        let own = scene.beside(master);
        let mut held = 0;
        for _ in 0..scene.draw.between(1, 2) {
            let (time, cents) = (start + scene.hours(0, 120), scene.tens(110, 290));
            held += cents;
            scene.deposit(time, own, cents);
        }
        let (time, left) = (start + scene.hours(190, 250), scene.less(held, 0, 30));
        pooled += left;
        scene.pay(time, own, master, left);
    }
    let payee = scene.settled(Holder::Company, 40_000);
    scene.abroad_of(payee, master);
    let (time, left) = (start + scene.hours(251, 261), scene.less(pooled, 20, 100));
    scene.pay_by(Channel::Wire, time, master, payee, left, "");
}

/// Four to nine remittances of 500 to 980 within three days, through two to four agents, to one beneficiary abroad
/// (FATF/MONEYVAL 2010: in a day or over a period of days, through the same or several agents; 1,000 is the European
/// Union's line for information on the payer).
pub(super) fn remittance_splitting(scene: &mut Scene) {
    let start = scene.start(4);
    let (senders, times) = (scene.draw.between(1, 3), scene.draw.between(4, 9));
    let (senders, beneficiary) = (scene.people(senders), scene.young(Holder::Person, 90, 900));
    scene.abroad_of(beneficiary, senders[0]);
    let agents = scene.draw.between(2, 4);
    for number in 0..times {
        let (time, cents) = (start + scene.hours(0, 68), scene.draw.between(50, 98) * 10 * EURO);
        let sender = scene.draw.pick(&senders);
        let sent = Payment::new(Channel::Remittance, time, [sender, beneficiary], cents).purpose("family support");
        scene.play(sent.agent(400 + u16::try_from(number % agents).expect("few")));
    }
}

/// Somebody who gets money from abroad every two to three weeks gets it in cash instead: two to six deposits by others at
/// as many branches within three days, each below 10,000, together 95 to 105 % of it (AUSTRAC 2021).
pub(super) fn cuckoo_smurfing(scene: &mut Scene) {
    let (every, seen) = (scene.draw.between(14, 20), 4);
    let start = scene.start_after(every * seen + 6, every + 3);
    let customer = scene.settled(Holder::Person, 2_000);
    let payer = scene.settled(Holder::Company, 30_000);
    scene.abroad_of(payer, customer);
    let usual = scene.tens(450, 1_400);
    for time in 1..=seen {
        let moment = start - time * every * DAY + scene.hours(-20, 20);
        let cents = scene.less(usual, 0, 40);
        scene.beside_it(Payment::new(Channel::Wire, moment, [payer, customer], cents));
    }
    let (share, deposits) = (scene.draw.between(95, 105), scene.draw.between(2, 6));
    for (number, cents) in (1..).zip(scene.split(usual * share / 100, deposits)) {
        let (time, depositor) = (start + scene.hours(0, 68), scene.newcomer());
        let desk = Desk { number, ..scene.desk_of(customer) };
        scene.deposit_at(desk, Hand::Owner(depositor), time, customer, cents.min(9_800 * EURO));
    }
}
