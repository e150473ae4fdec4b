//! Plants misuse of payment processors and shops. Sizes, times and shares are drawn from what was measured on public data
//! or reported by authorities, not from the rules that look for them.

use super::book::{Channel, Kind, Payment};
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::{Account, HOME, Holder, Place};

/// A processor settles with a shell, which feeds another processor, which pays a firm; each leg costs 1 to 6 %.
pub(super) fn processor_layering(scene: &mut Scene) {
    let processors = scene.draw.several(&scene.world.processors, 2);
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

/// A firm takes card payments for 11 to 24 undeclared merchants and pays three to eight of them within five days, less 1
/// to 10 % (`FinCEN` FIN-2012-A010, FFIEC on downstream merchants).
pub(super) fn nested_processor(scene: &mut Scene) {
    let start = scene.start(7);
    let nested = scene.young(Holder::Company, 90, 900);
    scene.change(nested, |account| account.turnover = Some(3_000));
    let (merchants, paid) = (scene.draw.between(11, 24), scene.draw.between(3, 8));
    let merchants: Vec<Place> = (0..merchants).map(|_| scene.young(Holder::Merchant, 60, 900)).collect();
    let mut taken = 0;
    for &merchant in &merchants {
        for _ in 0..scene.draw.between(2, 4) {
            let (time, cents, buyer) = (start + scene.hours(0, 72), scene.tens(12, 90), scene.citizen());
            taken += cents;
            let sale = Payment::new(Channel::Card, time, [buyer, nested], cents).purpose("purchase");
            scene.play(sale.meant_for(merchant));
        }
    }
    let left = scene.less(taken, 10, 100);
    for (cents, merchant) in scene.split(left, paid).into_iter().zip(merchants) {
        let time = start + scene.hours(76, 118);
        scene.pay_by(Channel::Transfer, time, nested, merchant, cents, "payout");
    }
}

/// A front shop sells by card to 14 to 40 customers with cards of four to eight countries, tickets of 80 to 400, and hands
/// 65 to 95 % to a shop of another trade within a week (Mastercard's definition; FIN-2012-A010).
pub(super) fn transaction_laundering(scene: &mut Scene) {
    let start = scene.start(30);
    let (front, hidden) = (scene.young(Holder::Merchant, 60, 500), scene.young(Holder::Merchant, 60, 500));
    scene.change(front, |account| account.trade = Some(5_992));
    scene.change(hidden, |account| account.trade = Some(5_122));
    let (customers, countries) = (scene.draw.between(14, 40), scene.draw.between(4, 8));
    let countries = scene.draw.several(&(0..HOME + 4).collect::<Vec<_>>(), countries);
    let mut taken = [0; 3];
    for customer in scene.people(customers) {
        let (part, cents, card) = (scene.draw.below(3), scene.tens(8, 40), scene.draw.pick(&countries));
        taken[part] += cents;
        let time = start + i64::try_from(part).expect("few") * 140 * HOUR + scene.hours(0, 130);
        let sale = Payment::new(Channel::Card, time, [customer, front], cents).purpose("purchase");
        scene.play(sale.card_of(card));
    }
    for (part, cents) in (1..).zip(taken) {
        let (time, left) = (start + part * 140 * HOUR + scene.hours(0, 24), scene.less(cents, 50, 350));
        scene.pay_by(Channel::Transfer, time, front, hidden, left, "");
    }
}

/// Three to five shops of one owner at different banks each sell by card to 18 to 30 customers and settle to the owner
/// weekly; 7 to 15 % of the sales are charged back 10 to 25 days later, spread over the shops (Visa's and Mastercard's
/// monitoring programmes count each shop apart).
pub(super) fn merchant_load_balancing(scene: &mut Scene) {
    let start = scene.start(50);
    let owner = scene.settled(Holder::Company, 20_000);
    for shop in 0..scene.draw.between(3, 5) {
        let merchant = scene.beside(owner);
        scene.change(merchant, |account| {
            account.holder = Holder::Merchant;
            account.bank = usize::try_from(shop).expect("few") % 3;
            account.trade = Some(5_964);
        });
        let (mut taken, customers) = ([0; 3], scene.draw.between(18, 30));
        let charged = customers / scene.draw.between(10, 14) + 1;
        for number in 0..customers {
            let (week, customer) = (scene.draw.below(3), scene.citizen());
            let time = start + i64::try_from(week).expect("few") * 7 * DAY + scene.hours(0, 160);
            let cents = scene.tens(3, 25);
            taken[week] += cents;
            let sale = scene.play(Payment::new(Channel::Card, time, [customer, merchant], cents).purpose("purchase"));
            if number < charged {
                let later = time + scene.draw.between(10 * DAY, 25 * DAY);
                scene.undo(sale, Kind::Chargeback, later, customer, 100);
            }
        }
        for (week, cents) in (1..).zip(taken) {
            let (time, left) = (start + week * 7 * DAY + scene.hours(2, 40), scene.less(cents, 10, 40));
            scene.pay_by(Channel::Transfer, time, merchant, owner, left, "settlement");
        }
    }
}

/// Three to seven buyers each buy four to six times from a shop, 12,000 or more in all; 75 to 95 % is paid out within ten
/// days, and a month or two later 40 to 80 % of the sales are charged back (AMLTRIX; disputes may come for 120 days).
pub(super) fn chargeback_abuse(scene: &mut Scene) {
    let start = scene.start(85);
    let merchant = scene.young(Holder::Merchant, 30, 300);
    let (buyers, disputed) = (scene.draw.between(3, 7), scene.draw.between(40, 80));
    let mut taken = 0;
    for buyer in scene.people(buyers) {
        for _ in 0..scene.draw.between(4, 6) {
            let (time, cents) = (start + scene.hours(0, 160), scene.tens(80, 190));
            taken += cents;
            let sale = scene.play(Payment::new(Channel::Card, time, [buyer, merchant], cents).purpose("purchase"));
            if scene.draw.chance(disputed) {
                let later = time + scene.draw.between(30 * DAY, 75 * DAY);
                scene.undo(sale, Kind::Chargeback, later, buyer, 100);
            }
        }
    }
    let (left, parts) = (scene.less(taken, 50, 250), scene.draw.between(1, 3));
    for (cents, taker) in scene.split(left, parts).into_iter().zip(scene.newcomers(parts)) {
        let time = start + scene.hours(164, 240);
        scene.pay_by(Channel::Transfer, time, merchant, taker, cents, "");
    }
}

/// A buyer pays a shop two to five times, and within a month the shop refunds most of it to somebody else (AMLTRIX
/// T0086).
pub(super) fn refund_laundering(scene: &mut Scene) {
    let start = scene.start(40);
    let (shop, buyer, taker) = (scene.young(Holder::Merchant, 90, 900), scene.person(), scene.newcomer());
    for _ in 0..scene.draw.between(2, 5) {
        let (time, cents) = (start + scene.hours(0, 200), scene.tens(60, 260));
        let sale = scene.play(Payment::new(Channel::Card, time, [buyer, shop], cents).purpose("purchase"));
        let (later, percent) = (time + scene.draw.between(2 * DAY, 26 * DAY), scene.draw.between(85, 100));
        scene.undo(sale, Kind::Refund, later, taker, percent);
    }
}

/// Five to twelve virtual accounts, opened within the month, are each paid once by a stranger; each payment is
/// pooled within hours, and all but 3 to 12 % leaves within a day to two to four others (FATF 2023 on virtual IBANs; RUSI:
/// half of the money leaves a mule within the hour).
pub(super) fn virtual_iban_rotation(scene: &mut Scene) {
    let start = scene.start(26);
    let master = scene.young(Holder::Company, 20, 200);
    let mut day = start;
    for virtual_account in 0..scene.draw.between(5, 12) {
        let fresh = scene.young(Holder::Company, 0, 20);
        let entity = scene.world.at(master).entity;
        scene.change(fresh, |account| *account = Account { master: Some(master), entity, ..*account });
        let (time, cents, payer) = (day + scene.minutes(5, 300), scene.tens(180, 600), scene.person());
        scene.pay(time, payer, fresh, cents);
        let pooled = time + scene.minutes(2, 200);
        scene.pay_by(Channel::Instant, pooled, fresh, master, cents, "");
        let (left, parts) = (scene.less(cents, 30, 120), 1 + virtual_account % 2);
        for cents in scene.split(left, parts) {
            let (later, payee) = (pooled + scene.minutes(10, 700), scene.newcomer());
            scene.pay(later, master, payee, cents);
        }
        day += scene.hours(6, 44);
    }
}
