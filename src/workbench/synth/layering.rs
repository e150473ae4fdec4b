//! Plants ways of layering: round trips, rates, shells, and the one large payment. Sizes, times and shares are drawn from
//! what was measured on public data or reported by authorities, not from the rules that look for them.

use super::book::{Channel, Payment};
use super::calendar::{DAY, HOUR};
use super::scene::{EURO, Scene};
use super::world::Holder;

/// Money goes through two to five accounts, 1 to 5 days each and for 1 to 3 % each, to another account of its owner
/// (Tide).
pub(super) fn u_turn(scene: &mut Scene) {
    let (between, start) = (scene.draw.between(2, 5), scene.start(27));
    let origin = scene.shell();
    let mut line = vec![origin];
    line.extend((0..between).map(|_| scene.shell()));
    line.push(scene.beside(origin));
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

/// A firm pays a partner abroad, whose group sends 95 to 120 % of it back 8 to 40 days later as a loan, an investment or
/// a dividend; twice or three times (datasynth: 2 to 5 parties, 7 to 60 days, 0.80 to 1.50).
pub(super) fn round_trip(scene: &mut Scene) {
    let start = scene.start(135);
    let origin = scene.settled(Holder::Company, 30_000);
    let partner = scene.settled(Holder::Company, 30_000);
    scene.abroad_of(partner, origin);
    let returner = if scene.draw.chance(50) { partner } else { scene.beside(partner) };
    let (rounds, mut time) = (scene.draw.between(2, 3), start);
    for _ in 0..rounds {
        let (cents, way) = (scene.tens(1_200, 9_000), scene.draw.pick(&["consulting", "services", "licence fees"]));
        scene.pay_by(Channel::Wire, time, origin, partner, cents, way);
        let back = time + scene.draw.between(8 * DAY, 40 * DAY);
        let (share, purpose) = (scene.draw.between(95, 120), scene.draw.pick(&["loan", "investment", "dividend"]));
        scene.pay_by(Channel::Wire, back, returner, origin, cents * share / 100 / EURO * EURO, purpose);
        time = back + scene.hours(10, 90);
    }
}

/// A sum goes through two to four accounts in as many currencies within two days; each hop takes 1 to 12 hours and
/// costs no more than the rate and up to 1 % (judgement: a loss of at most 5 % in all).
pub(super) fn cross_currency_layering(scene: &mut Scene) {
    let (hops, start) = (scene.draw.between(2, 4), scene.start(4));
    let mut line = vec![scene.shell()];
    let mut countries = vec![scene.world.country(line[0])];
    for _ in 0..hops {
        let country = scene.country_with_other_currency(&countries);
        let next = if scene.draw.chance(50) { scene.shell() } else { scene.newcomer() };
        scene.change(next, |account| account.country = country);
        countries.push(country);
        line.push(next);
    }
    let (mut time, mut cents) = (start, scene.tens(800, 6_000));
    for hop in line.windows(2) {
        scene.pay_by(Channel::Wire, time, hop[0], hop[1], cents, "");
        time += scene.minutes(60, 700);
        cents = scene.less(cents, 6, 15);
    }
}

/// A firm of one to eleven months without wages, rent or taxes is paid by two to five firms, and 80 to 97 % leaves
/// abroad within five days (FFIEC; datasynth: shells of 30 to 365 days).
pub(super) fn shell_company_conduit(scene: &mut Scene) {
    let start = scene.start(12);
    let shell = scene.young(Holder::Company, 30, 330);
    let turnover = scene.draw.between(20, 60) * 100;
    scene.change(shell, |account| account.turnover = Some(turnover));
    let (payers, payees) = (scene.draw.between(2, 5), scene.draw.between(1, 3));
    let mut gathered = 0;
    for _ in 0..payers {
        let payer = scene.settled(Holder::Company, 50_000);
        let (time, cents) = (start + scene.hours(0, 110), scene.tens(1_200, 5_000));
        gathered += cents;
        scene.pay_by(Channel::Wire, time, payer, shell, cents, "");
    }
    let left = scene.less(gathered, 30, 200);
    for cents in scene.split(left, payees) {
        let payee = scene.settled(Holder::Company, 50_000);
        scene.abroad_of(payee, shell);
        let time = start + scene.hours(111, 200);
        scene.pay_by(Channel::Wire, time, shell, payee, cents, "");
    }
}

/// One of the population pays a stranger 60,000 to 300,000 at once (SAML-D: one transfer far above the account's norm).
pub(super) fn single_large_outlier(scene: &mut Scene) {
    let start = scene.start_after(183, 1);
    let (payer, payee) = (scene.citizen(), scene.shell());
    let cents = scene.draw.lognormal(120_000, 40).clamp(60_000, 300_000) * EURO;
    scene.play(Payment::new(Channel::Wire, start + HOUR, [payer, payee], cents));
}
