//! How long nothing can follow a transfer, told in two bytes, so that most walks end before a list is searched.

use rayon::prelude::*;

use crate::columns::{AccountId, Span, Time};

use super::super::task::Task;
use super::nexts::{ACCOUNTS, places_among};

/// For each transfer of the lists, how long it is at least until what its other account does next, and since what it did last,
/// as one walks: a transfer on the same way, as far from it as the delay says. Two bytes each, in units of time.
#[derive(Debug)]
pub(super) struct Gaps {
    /// For the positions of transfers sent, and of those received.
    ahead: Vec<[u8; 2]>,
    back: Vec<[u8; 2]>,
    unit: Unit,
}

/// The longest unit: so many of it as a byte tells are still a time.
const LONGEST: u32 = 55;

/// A unit of time that is a power of two.
#[derive(Clone, Copy, Debug)]
struct Unit(u32);

impl Unit {
    /// The least of which the most that a byte tells is longer than a window.
    fn of(window: Span) -> Self {
        let fits = |&unit: &u32| i64::from(u8::MAX) << unit > window.0;
        Self((0..LONGEST).find(fits).unwrap_or(LONGEST))
    }

    /// How many whole ones a time is, or the most that a byte tells.
    #[inline]
    fn whole(self, time: Span) -> u8 {
        u8::try_from(time.0 >> self.0).unwrap_or(u8::MAX)
    }

    #[inline]
    fn times(self, units: u8) -> Span {
        Span(i64::from(units) << self.0)
    }
}

impl Gaps {
    pub(super) fn new(task: &Task<'_>) -> Self {
        let unit = Unit::of(task.flow.within);
        let (graph, least) = (&task.graph, task.flow.steps[0].delay.least);
        let accounts: Vec<AccountId> = task.ledger.accounts().ids().collect();
        let (sent, received) = (graph.all_sent(), graph.all_received());
        let around = |accounts: &[AccountId]| {
            let [mut of_received, mut of_sent] = [Vec::new(), Vec::new()];
            for &account in accounts {
                let (received, sent) = (graph.received(account).times, graph.sent(account).times);
                gaps(received, sent, least, unit, &mut of_received);
                gaps(sent, received, least, unit, &mut of_sent);
            }
            (of_received, of_sent)
        };
        let (of_received, of_sent): (Vec<_>, Vec<_>) = accounts.par_chunks(ACCOUNTS).map(around).unzip();
        let (of_received, of_sent) = (of_received.concat(), of_sent.concat());
        let landings = places_among(task, sent, received);
        let ahead = landings.iter().map(|&landing| of_received[landing as usize]).collect();
        // Against the money what comes next is what came before.
        let mut back = vec![[0; 2]; received.len()];
        for (&landing, &[after, before]) in landings.iter().zip(&of_sent) {
            back[landing as usize] = [before, after];
        }
        Self { ahead, back, unit }
    }

    /// From the transfer at a position of those sent: the least time until the next one and since the last one of its receiver.
    #[inline]
    pub(super) fn ahead(&self, position: usize) -> (Span, Span) {
        self.told(self.ahead[position])
    }

    /// The same against the money, from the transfer at a position of those received, of its sender.
    #[inline]
    pub(super) fn back(&self, position: usize) -> (Span, Span) {
        self.told(self.back[position])
    }

    #[inline]
    fn told(&self, [next, last]: [u8; 2]) -> (Span, Span) {
        (self.unit.times(next), self.unit.times(last))
    }
}

/// For each time, how many whole units it is to the first of others that lies `least` or more behind it, and from the last
/// that lies as far before it.
fn gaps(times: &[Time], others: &[Time], least: Span, unit: Unit, found: &mut Vec<[u8; 2]>) {
    let (mut after, mut before) = (0, 0);
    let units = |gap: Option<Span>| gap.map_or(u8::MAX, |gap| unit.whole(gap));
    let around = |&time: &Time| {
        while after < others.len() && others[after] < time + least {
            after += 1;
        }
        while before < others.len() && others[before] <= time - least {
            before += 1;
        }
        let next = others.get(after).map(|&next| next - time);
        let last = before.checked_sub(1).map(|last| time - others[last]);
        [units(next), units(last)]
    };
    found.extend(times.iter().map(around));
}
