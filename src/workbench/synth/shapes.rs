//! Plants the eight shapes that AMLworld names, and SAML-D's two trees. Sizes, times and shares are drawn from what was measured on public
//! data, not from the rules that look for them.

use super::calendar::HOUR;
use super::scene::{EURO, Scene};
use super::world::Place;

/// Amounts of AMLworld's laundering lie between 2,000 and 13,000 with a median of 5,700.
fn amount(scene: &mut Scene) -> i64 {
    (scene.draw.lognormal(5_700, 40) / 10 * 10).clamp(2_000, 13_000) * EURO
}

/// Degrees of AMLworld's fans: median 7.5, at most 16.
fn degree(scene: &mut Scene) -> i64 {
    scene.draw.between(5, 12)
}

/// Five to twelve pay one, within five days (AMLworld's degrees: median 7.5, at most 16).
pub(super) fn fan_in(scene: &mut Scene) {
    let start = scene.start(6);
    let (collector, degree) = (scene.person(), degree(scene));
    for payer in scene.people(degree) {
        let (time, cents) = (start + scene.hours(0, 120), amount(scene) * 6 / 10);
        scene.pay(time, payer, collector, cents);
    }
}

/// One pays five to twelve, within five days (AMLworld's degrees: median 7.5, at most 16).
pub(super) fn fan_out(scene: &mut Scene) {
    let start = scene.start(6);
    let (distributor, degree) = (scene.shell(), degree(scene));
    for payee in scene.people(degree) {
        let (time, cents) = (start + scene.hours(0, 120), amount(scene) * 6 / 10);
        scene.pay(time, distributor, payee, cents);
    }
}

/// Three to six in, three to six out (SAML-D), after a day or two; 2 to 15 % stay behind.
pub(super) fn gather_scatter(scene: &mut Scene) {
    let start = scene.start(7);
    let hub = scene.newcomer();
    let (payers, payees) = (scene.draw.between(3, 6), scene.draw.between(3, 6));
    let gathered = scene.gather(start, 40, payers, hub, amount);
    let left = scene.less(gathered, 20, 150);
    scene.scatter(start, (44, 100), hub, payees, left);
}

/// One pays four to eight, each of whom passes on all but 2 to 12 % (AMLSim's margin is 10 %).
pub(super) fn scatter_gather(scene: &mut Scene) {
    let start = scene.start(6);
    let (source, sink) = (scene.shell(), scene.person());
    let number = scene.draw.between(4, 8);
    for mid in scene.people(number) {
        let (time, cents) = (start + scene.hours(0, 30), amount(scene));
        scene.pay(time, source, mid, cents);
        let (later, left) = (time + scene.hours(2, 60), scene.less(cents, 20, 120));
        scene.pay(later, mid, sink, left);
    }
}

/// A line of accounts that pass an amount on.
fn relay(scene: &mut Scene, line: &[Place], start: i64, cents: i64, gap: i64, kept: (i64, i64)) {
    let (mut time, mut cents) = (start, cents);
    for hop in line.windows(2) {
        scene.pay(time, hop[0], hop[1], cents);
        time += scene.draw.between(HOUR, gap);
        cents = scene.less(cents, kept.0, kept.1);
    }
}

/// Three to eight accounts in a ring, within five days (90 % of AMLworld's), losing 2 to 15 % a hop.
pub(super) fn simple_cycle(scene: &mut Scene) {
    let (length, start) = (scene.draw.between(3, 8), scene.start(6));
    let mut ring = scene.people(length);
    ring.push(ring[0]);
    let cents = amount(scene) * 2;
    relay(scene, &ring, start, cents, (110 * HOUR / length).min(40 * HOUR), (20, 150));
}

/// Two or three pay the same three to six, within five days.
pub(super) fn bipartite_transfer(scene: &mut Scene) {
    let (payers, payees, start) = (scene.draw.between(2, 3), scene.draw.between(3, 6), scene.start(6));
    let (payers, payees) = (scene.people(payers), scene.people(payees));
    block(scene, &payers, &payees, start, 110);
}

/// Every payer pays every payee once; what each payee got.
fn block(scene: &mut Scene, payers: &[Place], payees: &[Place], start: i64, hours: i64) -> Vec<i64> {
    let mut got = vec![0; payees.len()];
    for &payer in payers {
        for (&payee, got) in payees.iter().zip(&mut got) {
            let (time, cents) = (start + scene.hours(0, hours), amount(scene) / 2);
            *got += cents;
            scene.pay(time, payer, payee, cents);
        }
    }
    got
}

/// Two blocks, one upon the other: the payees of the first pay two or three beneficiaries.
pub(super) fn stacked_bipartite(scene: &mut Scene) {
    let (sources, mids, ends) = (scene.draw.between(2, 3), scene.draw.between(3, 4), scene.draw.between(2, 3));
    let start = scene.start(8);
    let (sources, mids) = (scene.people(sources), scene.people(mids));
    let got = block(scene, &sources, &mids, start, 40);
    let beneficiaries = scene.people(ends);
    for (&mid, got) in mids.iter().zip(got) {
        let left = scene.less(got, 20, 100);
        let parts = scene.split(left, ends);
        for (&beneficiary, cents) in beneficiaries.iter().zip(parts) {
            let time = start + scene.hours(42, 100);
            scene.pay(time, mid, beneficiary, cents);
        }
    }
}

/// Three to five collectors gather from two to five leaves each and hand over to one root: 14 to 23 days in all, losing 3
/// to 12 % at each collector (SAML-D; the commission as AMLSim's margin).
pub(super) fn layered_fan_in(scene: &mut Scene) {
    let (collectors, start) = (scene.draw.between(3, 5), scene.start(24));
    let root = scene.person();
    for branch in 0..collectors {
        let (collector, leaves) = (scene.person(), scene.draw.between(2, 5));
        let begins = start + branch * scene.hours(84, 100);
        let gathered = scene.gather(begins, 60, leaves, collector, |scene| amount(scene) * 6 / 10);
        let (time, left) = (begins + scene.hours(62, 96), scene.less(gathered, 30, 120));
        scene.pay(time, collector, root, left);
    }
}

/// One pays two to four, each of whom splits what it got among two to four: each level within two days (84 % of
/// AMLworld's hops), losing 3 to 12 %.
pub(super) fn layered_fan_out(scene: &mut Scene) {
    let (mids, start) = (scene.draw.between(2, 4), scene.start(6));
    let root = scene.shell();
    for mid in scene.people(mids) {
        let (time, cents) = (start + scene.hours(0, 40), amount(scene) * 2);
        scene.pay(time, root, mid, cents);
        let (left, leaves) = (scene.less(cents, 30, 120), scene.draw.between(2, 4));
        for (part, leaf) in scene.split(left, leaves).into_iter().zip(scene.people(leaves)) {
            let later = time + scene.hours(1, 44);
            scene.pay(later, mid, leaf, part);
        }
    }
}

/// Four to eight hops that do not return, with rests of up to 36 hours and losses of up to 8 %.
pub(super) fn random_walk_chain(scene: &mut Scene) {
    let (length, start) = (scene.draw.between(5, 9), scene.start(11));
    let line = scene.people(length);
    let cents = amount(scene) * 2;
    relay(scene, &line, start, cents, (200 * HOUR / length).min(36 * HOUR), (0, 80));
}
