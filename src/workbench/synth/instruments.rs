//! Plants misuse of cards, wallets, games and virtual assets. Sizes, times and shares are drawn from what was measured or
//! reported by authorities, not from the rules that look for them.

use super::book::{Channel, Kind, Payment};
use super::calendar::DAY;
use super::scene::{EURO, Scene};
use super::world::Holder;

/// Three to six others load a prepaid card with 300 to 950 each within two days, and all but 1 to 8 % is drawn within three
/// at machines of two or more countries (FATF 2010 on new payment methods; FIN-2010-A001).
pub(super) fn prepaid_load_and_cash_out(scene: &mut Scene) {
    let start = scene.start(8);
    let card = scene.young(Holder::Prepaid, 5, 200);
    let mut loaded = 0;
    let loaders = scene.draw.between(3, 6);
    for loader in scene.people(loaders) {
        let (time, cents) = (start + scene.hours(0, 40), scene.tens(30, 95));
        loaded += cents;
        scene.play(Payment::new(Channel::Prepaid, time, [loader, card], cents).kind(Kind::Load));
    }
    let (left, times) = (scene.less(loaded, 10, 80), scene.draw.between(3, 6));
    let countries = scene.draw.several(&[0, 1, 2, 3, 4, 5, 8, 9], 2);
    for (number, cents) in scene.split(left, times).into_iter().enumerate() {
        let (time, country) = (start + scene.hours(42, 70), countries[number % 2]);
        let machine = scene.world.cash[country];
        let mut desk = scene.desk_of(card);
        desk.country = country;
        scene.play(Payment::new(Channel::Cash, time, [card, machine], cents / (10 * EURO) * 10 * EURO).at(desk));
    }
}

/// A wallet is funded, sold within hours to an exchanger, who fills a wallet of another scheme within a quarter of an hour
/// for 2 to 9 %, and that pays somebody in another country (EAG 2014, 3.2; the fee is a judgement).
pub(super) fn ewallet_exchange_layering(scene: &mut Scene) {
    let start = scene.start(4);
    let (funder, exchanger) = (scene.person(), scene.draw.pick(&scene.world.exchanges));
    let [first, second] = [0, 1].map(|_| scene.young(Holder::Wallet, 3, 150));
    [first, second].into_iter().zip([0, 1]).for_each(|(wallet, bank)| scene.change(wallet, |it| it.bank = bank));
    let taker = scene.newcomer();
    scene.abroad_of(taker, funder);
    let cents = scene.tens(150, 900);
    scene.pay_by(Channel::Wallet, start, funder, first, cents, "");
    let (sold, left) = (start + scene.minutes(10, 1_100), scene.less(cents, 0, 40));
    scene.pay_by(Channel::Wallet, sold, first, exchanger, left, "");
    let (bought, left) = (sold + scene.minutes(1, 14), scene.less(left, 20, 90));
    scene.pay_by(Channel::Wallet, bought, exchanger, second, left, "");
    let (paid, left) = (bought + scene.minutes(10, 1_100), scene.less(left, 0, 40));
    scene.pay_by(Channel::Wallet, paid, second, taker, left, "");
}

/// Two to four times within a month a player deposits 900 to 6,000 and takes 87 to 105 % of it out again within six days
/// (MONEYVAL 2013 on online gaming; the share is a judgement).
pub(super) fn gambling_pass_through(scene: &mut Scene) {
    let (rounds, start) = (scene.draw.between(2, 4), scene.start(36));
    let (player, operator) = (scene.person(), scene.draw.pick(&scene.world.operators));
    for round in 0..rounds {
        let begins = start + round * 9 * DAY + scene.hours(0, 20);
        let (deposits, mut staked) = (scene.draw.between(1, 3), 0);
        for _ in 0..deposits {
            let (time, cents) = (begins + scene.hours(0, 8), scene.tens(90, 200));
            staked += cents;
            scene.pay_by(Channel::Instant, time, player, operator, cents, "gaming");
        }
        let (time, share) = (begins + scene.hours(9, 130), scene.draw.between(87, 105));
        scene.pay_by(Channel::Transfer, time, operator, player, staked * share / 100 / EURO * EURO, "gaming");
    }
}

/// Three to eight strangers pay an account, and 88 to 98 % goes on to one to three exchanges within a day (FATF 2020: in
/// short succession, such as within 24 hours; to multiple providers).
pub(super) fn crypto_ramp_layering(scene: &mut Scene) {
    let start = scene.start(5);
    let account = scene.young(Holder::Person, 5, 120);
    let (payers, parts) = (scene.draw.between(3, 8), scene.draw.between(1, 3));
    let gathered = scene.gather(start, 9, payers, account, |scene| scene.tens(90, 400));
    let left = scene.less(gathered, 20, 120);
    for cents in scene.split(left, parts) {
        let (time, exchange) = (start + scene.minutes(545, 1_200), scene.draw.pick(&scene.world.exchanges));
        scene.pay_by(Channel::Instant, time, account, exchange, cents, "");
    }
}

/// A sum of 20,000 to 150,000 goes through 6 to 16 addresses, each used once: 1.5 to 9.5 % is peeled off to an exchange or
/// another address, the rest goes on after minutes or hours (90:10 to 99:1 and three repeats or more in the literature on
/// blockchains).
pub(super) fn peel_chain(scene: &mut Scene) {
    let (steps, start) = (scene.draw.between(6, 16), scene.start(7));
    let mut from = scene.young(Holder::Wallet, 1, 200);
    let (mut time, mut cents) = (start, scene.tens(2_000, 15_000));
    for _ in 0..steps {
        let next = scene.young(Holder::Wallet, 0, 2);
        let peel = cents * scene.draw.between(15, 95) / 1_000 / EURO * EURO;
        let aside = if scene.draw.chance(60) {
            scene.draw.pick(&scene.world.exchanges)
        } else {
            scene.young(Holder::Wallet, 0, 90)
        };
        scene.pay_by(Channel::Crypto, time, from, aside, peel, "");
        cents -= peel;
        scene.pay_by(Channel::Crypto, time + 1, from, next, cents, "");
        time += scene.minutes(5, 500);
        from = next;
    }
}
