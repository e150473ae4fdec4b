//! How long nothing can follow a transfer, told in few bytes, so that most walks end before a list is searched.

use crate::columns::{Span, Time};

use super::super::graph::{List, ahead};
use super::super::mask::{Mask, Ranked};
use super::super::pool::Pool;
use super::super::task::Task;
use super::number;

/// From an account with the money, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Ahead,
    Back,
}

impl Way {
    pub(super) const BOTH: [Self; 2] = [Self::Ahead, Self::Back];

    pub(super) fn other(self) -> Self {
        if self == Self::Ahead { Self::Back } else { Self::Ahead }
    }

    /// Time as one walks: it grows from the anchor on, whatever the way.
    #[inline]
    pub(super) fn clock(self, time: Time) -> Time {
        if self == Self::Ahead { time } else { Time(time.0.saturating_neg()) }
    }

    /// The place in a list so long, in the order of time, of what comes at a place as one walks.
    #[inline]
    pub(super) fn along(self, length: usize, place: usize) -> usize {
        if self == Self::Ahead { place } else { length - 1 - place }
    }

    /// The transfers of a list from a place on until a time of this clock, as one walks; against the money the place is that
    /// behind the first of them.
    #[inline]
    pub(super) fn until(self, list: List<'_>, place: usize, to: Time) -> List<'_> {
        if self == Self::Ahead { list.up_to(place, to) } else { list.back_to(place, self.clock(to)) }
    }

    /// The transfers of a list between two times of this clock, ends included, which lie near a position.
    #[inline]
    pub(super) fn between(self, list: List<'_>, position: usize, from: Time, to: Time) -> List<'_> {
        let (from, to) = (self.clock(from), self.clock(to));
        if self == Self::Ahead { list.between_near(position, from, to) } else { list.between_near(position, to, from) }
    }
}

/// For each transfer of the lists of one way, when and where its other account goes on, as one walks: with a transfer on the
/// same way, as far from it as the delay says.
#[derive(Debug)]
pub(super) struct Gaps {
    told: Vec<Gap>,
    unit: Unit,
}

/// What is told of one transfer: in one place, since who asks for one asks for the other.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    /// With the money, where the next of these stands in the lists; against it, the place behind it.
    next: u32,
    /// How long it is at least until the next, in whole units of time.
    until: u16,
    /// The same since the last.
    since: u16,
}

/// The most whole units until what comes next, and since what came last, with which a walk may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    until: u16,
    since: u16,
}

/// The longest unit: so many of it as two bytes tell are still a time.
const LONGEST: u32 = 47;

/// A unit of time that is a power of two.
#[derive(Clone, Copy, Debug)]
struct Unit(u32);

impl Unit {
    /// The least of which the most that two bytes tell is longer than a window.
    fn of(window: Span) -> Self {
        let fits = |&unit: &u32| i64::from(u16::MAX) << unit > window.0;
        Self((0..LONGEST).find(fits).unwrap_or(LONGEST))
    }

    /// How many whole ones a time is, or the most that two bytes tell; so many too where there is none.
    #[inline]
    fn told(self, time: Option<Span>) -> u16 {
        time.and_then(|time| u16::try_from(time.0 >> self.0).ok()).unwrap_or(u16::MAX)
    }

    #[inline]
    fn times(self, units: u16) -> Span {
        Span(i64::from(units) << self.0)
    }
}

impl Gaps {
    /// With the money, from transfers sent; and against it, from transfers received.
    pub(super) fn both_ways(task: &Task<'_>) -> (Self, Self) {
        let graph = &task.graph;
        let accounts = || task.ledger.accounts().ids();
        let with_money = || accounts().map(|account| (graph.received(account), graph.sent(account)));
        let against_it = || accounts().map(|account| (graph.sent(account), graph.received(account)));
        let all = || Mask::from_fn(task.ledger.len(), |_| true);
        let listed = Ranked::of(if task.uses_all(0) { task.admitted(0).clone() } else { all() });
        // One thread uses the same room for both.
        let room = Pool::default();
        let none = || vec![Gap::default(); listed.mask().count()];
        rayon::join(
            || room.with(none, |gaps| Self::new(task, Way::Ahead, with_money(), &listed, gaps)),
            || room.with(none, |gaps| Self::new(task, Way::Back, against_it(), &listed, gaps)),
        )
    }

    /// Of each account the lists are those of what one comes by, and of what one goes on by. `gaps` is room for those of
    /// what is listed, in row order.
    fn new<'l>(
        task: &Task<'_>,
        way: Way,
        lists: impl Iterator<Item = (List<'l>, List<'l>)>,
        listed: &Ranked,
        gaps: &mut [Gap],
    ) -> Self {
        let (unit, least) = (Unit::of(task.flow.within), task.flow.steps[0].delay.least);
        for (coming, going) in lists {
            let (mut after, mut before) = (0, 0);
            for (&row, &time) in coming.rows.iter().zip(coming.times) {
                after += ahead(&going.times[after..], |other| other < time + least);
                before += ahead(&going.times[before..], |other| other <= time - least);
                let later = unit.told(going.times.get(after).map(|&next| next - time));
                let sooner = unit.told(before.checked_sub(1).map(|last| time - going.times[last]));
                gaps[listed.place(row.index())] = match way {
                    Way::Ahead => Gap { next: number(going.first + after), until: later, since: sooner },
                    Way::Back => Gap { next: number(going.first + before), until: sooner, since: later },
                };
            }
        }
        let transfers = if way == Way::Ahead { task.graph.all_sent() } else { task.graph.all_received() };
        Self { told: transfers.iter().map(|row| gaps[listed.place(row.index())]).collect(), unit }
    }

    /// From the transfer at a position: the least time until the next one and since the last one of its other account.
    #[inline]
    pub(super) fn around(&self, position: usize) -> (Span, Span) {
        let gap = self.told[position];
        (self.unit.times(gap.until), self.unit.times(gap.since))
    }

    /// Where the next one stands; against the money, the place behind it.
    #[inline]
    pub(super) fn next(&self, position: usize) -> usize {
        self.told[position].next as usize
    }

    /// What these times are in whole units.
    pub(super) fn limits(&self, until: Span, since: Span) -> Limits {
        Limits { until: self.unit.told(Some(until)), since: self.unit.told(Some(since)) }
    }

    /// Whether the next one or the last one of the transfer at a position is as near as this.
    #[inline]
    pub(super) fn is_near(&self, position: usize, limits: Limits) -> bool {
        let gap = self.told[position];
        gap.until <= limits.until || gap.since <= limits.since
    }
}
