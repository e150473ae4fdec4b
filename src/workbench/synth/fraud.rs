//! Plants fraud on its way in. Sizes, times and shares are drawn from what was reported by authorities, not from the rules
//! that look for them.

use super::book::{Channel, Payment};
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::{HOME, Holder, Place};

/// A citizen's account sends a probe of some cents or euros to a stranger, within two days one to three payments of 2,000
/// to 9,000, and the stranger passes on all but 5 to 20 %, half of the times within the hour (AMLTRIX T0035; RUSI).
pub(super) fn account_takeover_drain(scene: &mut Scene) {
    let start = scene.start_after(32, 5);
    let (victim, mule) = (scene.citizen(), scene.newcomer());
    let probe = scene.draw.between(1, 500);
    scene.pay_by(Channel::Instant, start, victim, mule, probe, "");
    let (mut time, mut drained) = (start + scene.hours(1, 24), 0);
    for _ in 0..scene.draw.between(1, 3) {
        let cents = scene.tens(200, 900);
        drained += cents;
        scene.pay_by(Channel::Instant, time, victim, mule, cents, "");
        time += scene.minutes(2, 300);
    }
    let (left, parts) = (scene.less(drained, 50, 200), scene.draw.between(1, 3));
    let delay = if scene.draw.chance(50) { 60 } else { 1_200 };
    for cents in scene.split(left, parts) {
        let (later, payee) = (time + scene.minutes(5, delay), scene.newcomer());
        scene.pay(later, mule, payee, cents);
    }
}

/// A firm pays a supplier at regular times, four to six times; then a payment of the usual size goes to a stranger's new
/// account abroad, the supplier's does not come, and the stranger passes on all but 3 to 15 % within two days (`FinCEN`
/// FIN-2016-A003).
pub(super) fn bec_diversion(scene: &mut Scene) {
    let (every, times) = (scene.draw.between(12, 16), scene.draw.between(4, 6));
    let start = scene.start_after(every * times + 3, every + 2);
    let [firm, supplier] = [50_000, 60_000].map(|turnover| scene.settled(Holder::Company, turnover));
    let usual = scene.tens(700, 2_800);
    for time in 1..=times {
        let moment = start - time * every * DAY + scene.hours(-10, 10);
        let cents = scene.less(usual, 0, 80);
        scene.beside_it(Payment::new(Channel::Transfer, moment, [firm, supplier], cents).purpose("invoice"));
    }
    let stranger = scene.young(Holder::Company, 5, 70);
    scene.abroad_of(stranger, firm);
    scene.pay_by(Channel::Wire, start, firm, stranger, usual, "invoice");
    let (left, parts) = (scene.less(usual, 30, 150), scene.draw.between(1, 3));
    for cents in scene.split(left, parts) {
        let (time, payee) = (start + scene.hours(1, 44), scene.newcomer());
        scene.pay(time, stranger, payee, cents);
    }
}

/// Six to sixteen victims of one offer pay one of three prices within ten days, each for the first time, and all but 3 to
/// 14 % of each payment leaves within two days to one to three others (FATF 2023, Europol's EMMA).
pub(super) fn victim_collection_account(scene: &mut Scene) {
    let start = scene.start(13);
    let (collector, victims) = (scene.newcomer(), scene.draw.between(6, 16));
    let prices: Vec<i64> = (0..3).map(|_| scene.draw.between(35, 140) * 10 * EURO - 100).collect();
    let exits = scene.draw.between(1, 3);
    let exits = scene.newcomers(exits);
    for _ in 0..victims {
        let (time, cents, victim) = (start + scene.hours(0, 230), scene.draw.pick(&prices), scene.citizen());
        scene.pay_by(Channel::Instant, time, victim, collector, cents, "");
        let (later, left, exit) = (time + scene.hours(1, 40), scene.less(cents, 30, 140), scene.draw.pick(&exits));
        scene.pay(later, collector, exit, left);
    }
}

/// Twelve to thirty cards of three to eight countries pay a shop of a few weeks within a day, small sums before larger ones,
/// and 75 to 95 % leaves within three days (EAG 2014; Visa's enumeration metric).
pub(super) fn card_fraud_monetisation(scene: &mut Scene) {
    let start = scene.start(5);
    let shop = scene.young(Holder::Merchant, 4, 60);
    let (cards, countries) = (scene.draw.between(12, 30), scene.draw.between(3, 8));
    let countries = scene.draw.several(&(0..HOME + 4).collect::<Vec<_>>(), countries);
    let mut taken = 0;
    for (number, holder) in (0..).zip(people_of(scene, cards)) {
        let time = start + number * 24 * HOUR / cards + scene.minutes(0, 20);
        let cents = if number < cards / 3 { scene.draw.between(1, 9) * EURO } else { scene.tens(12, 60) };
        taken += cents;
        let card = countries[usize::try_from(number).expect("few") % countries.len()];
        let sale = Payment::new(Channel::Card, time, [holder, shop], cents).purpose("purchase");
        scene.play(sale.card_of(card));
    }
    let (left, parts) = (scene.less(taken, 50, 250), scene.draw.between(1, 3));
    for cents in scene.split(left, parts) {
        let (time, payee) = (start + scene.hours(26, 70), scene.newcomer());
        scene.pay_by(Channel::Instant, time, shop, payee, cents, "");
    }
}

fn people_of(scene: &mut Scene, number: i64) -> Vec<Place> {
    (0..number).map(|_| scene.citizen()).collect()
}
