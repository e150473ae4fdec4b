//! Finds round trips of single transfers, each once, from the busiest account on it.
//!
//! A round trip is searched from the account with the most transfers of all on it, its *anchor*, through less busy ones
//! alone, so that no walk ever passes through a hub; and from there both ways at once. Halves are kept, and always those of
//! the side that has fewer are made longer by a hop, until two of them and one hop more are the longest trip. That hop is
//! only looked at: each half that it makes is laid beside those of the other side that end where it ends.
//!
//! The trip begins anywhere on the way round: at the anchor, where the halves meet, or inside one of them. That place
//! is its *turn*. Everywhere else the next transfer follows the one before, as the step's `delay` and `pass_through` say.

use std::ops::ControlFlow;

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{Delay, RoleId};

use super::super::hops::{BothWays, Hop, Hops, Limits, Rank, Way, reversed};
use super::super::pool::Pool;
use super::super::task::{Task, hops};
use super::Sink;
use super::halves::{Ends, First, Half, Laid, NEVER, Side};
use super::number;

/// All round trips whose busiest account is a given one.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let (rounds, pool) = (Rounds::new(task), Pool::default());
    move |anchor, sink| match rounds.walked.rank(anchor).filter(|&anchor| rounds.may_lead(anchor)) {
        None => ControlFlow::Continue(()),
        Some(anchor) => {
            pool.with(|| Scratch::new(rounds.walked.accounts()), |scratch| rounds.through(anchor, scratch, sink))
        }
    }
}

/// The step, and what every search of it knows.
#[derive(Debug)]
struct Rounds<'t> {
    task: &'t Task<'t>,
    walked: &'t BothWays,
    /// The role of the account where a trip begins and ends.
    origin: RoleId,
    least: usize,
    most: usize,
    within: Span,
    delay: Delay,
    /// How near the other account of a first transfer must go on, or have gone on before.
    limits: Limits,
    /// Whether any account may stand anywhere on a trip, and whether it may whenever the trip begins.
    open: bool,
    ageless: bool,
}

/// What is used again from anchor to anchor.
#[derive(Debug)]
struct Scratch {
    ahead: Side,
    back: Side,
    laid: Laid,
}

/// Halves that end at one account are looked at one after another where they are so few.
const FEW: usize = 8;

/// Halves laid beside another that cost as much as a try.
const LOOKS: u32 = 16;

/// More halves than these are not kept on one side of an anchor: about 40 MB.
const MOST_KEPT: usize = 1 << 20;

impl Scratch {
    fn new(accounts: usize) -> Self {
        Self { ahead: Side::default(), back: Side::default(), laid: Laid::none_of(accounts) }
    }

    fn side(&mut self, way: Way) -> &mut Side {
        if way == Way::Ahead { &mut self.ahead } else { &mut self.back }
    }

    /// The way on which halves are made longer: that with fewer of the longest.
    fn shorter(&self) -> Way {
        if self.ahead.frontier() <= self.back.frontier() { Way::Ahead } else { Way::Back }
    }
}

/// The first transfers of the other side of an anchor, while one goes through those of this side in time: from the last one
/// on, which is the first by the clock of this side.
struct Opposite<'s> {
    /// Those behind the ends that were asked for, and the time of the last that is not.
    ends: (&'s [First], Time),
    /// The same of the closes.
    closes: (&'s [First], Time),
}

impl<'s> Opposite<'s> {
    fn new(firsts: &'s [First]) -> Self {
        Self { ends: (firsts, NEVER), closes: (firsts, NEVER) }
    }

    /// The last time up to `end`, and the last up to `close`; neither is earlier than when it was asked before.
    #[inline]
    fn around(&mut self, end: Time, close: Time) -> (Time, Time) {
        (last_up_to(end, &mut self.ends), last_up_to(close, &mut self.closes))
    }
}

/// Passes firsts up to a time, and says when the last one that is passed was.
#[inline]
fn last_up_to(to: Time, (left, passed): &mut (&[First], Time)) -> Time {
    while let Some((next, rest)) = left.split_last() {
        let time = reversed(next.hop.time);
        if time > to {
            break;
        }
        (*left, *passed) = (rest, time);
    }
    *passed
}

/// The two sides of an anchor when halves are laid together.
#[derive(Clone)]
struct Meeting<'s> {
    anchor: Rank,
    /// What is walked on the way on which halves are made longer.
    hops: &'s Hops,
    growing: &'s Side,
    /// Those that one of them has been made longer to, for as long as it is walked on from: each longer than the one before.
    walked: Vec<Half>,
    /// The other side, and its halves by where they end.
    ready: &'s Side,
    laid: &'s Laid,
    trip: Trip,
}

/// A trip that is being put together, from its anchor on.
#[derive(Clone, Default)]
struct Trip {
    rows: Vec<RowId>,
    /// The other accounts, that where its halves meet twice.
    passed: Vec<Rank>,
    /// The account that each transfer leaves.
    payers: Vec<AccountId>,
}

impl Trip {
    fn clear(&mut self) {
        self.rows.clear();
        self.passed.clear();
        self.payers.clear();
    }

    /// Begins with a later transfer instead.
    fn turn(&mut self, turn: usize) {
        self.rows.rotate_left(turn);
        self.payers.rotate_left(turn);
    }
}

/// Where a trip may begin that two halves make: at the anchor, or where they meet; if it turns inside one of them, both say
/// that it may.
#[derive(Clone, Copy)]
struct Turns {
    here: bool,
    there: bool,
}

/// What a half asks of another that ends where it ends, so that both are a trip, as far as their lengths and the times at
/// their ends say: the same whichever of them goes with the money.
struct Fit {
    shortest: usize,
    turned: bool,
    /// When the other may be where they meet, and when at the anchor.
    far: (Time, Time),
    near: (Time, Time),
    /// The end of a window that begins at the anchor, and the beginning of one that ends where they meet.
    latest: Time,
    earliest: Time,
}

impl Fit {
    fn new(rounds: &Rounds<'_>, near: Time, half: &Half) -> Self {
        let (far, Delay { least, most }) = (half.last.time, rounds.delay);
        Self {
            shortest: rounds.least.saturating_sub(half.length.into()),
            turned: half.turn > 0,
            far: (far + least, far + most),
            near: (near - most, near - least),
            latest: near + rounds.within,
            earliest: far - rounds.within,
        }
    }

    /// When the other may be at the anchor, wherever the trip turns: where that is inside this half, it is made between this
    /// one's ends; else inside the window before its end or after its beginning.
    fn nears(&self) -> (Time, Time) {
        let Self { far, near, .. } = *self;
        if self.turned { (far.0.max(near.0), near.1) } else { (self.earliest.max(near.0), self.latest) }
    }

    #[inline]
    fn turns(&self, other: &Ends) -> Option<Turns> {
        let joined = self.far.0 <= other.far && other.far <= self.far.1;
        let closed = self.near.0 <= other.near && other.near <= self.near.1;
        let other_turned = other.turn > 0;
        let (here, there) = if self.turned || other_turned {
            let both = joined && closed && !(self.turned && other_turned);
            (both, both)
        } else {
            (joined && other.near <= self.latest, closed && other.far >= self.earliest)
        };
        (usize::from(other.length) >= self.shortest && (here || there)).then_some(Turns { here, there })
    }
}

impl<'t> Rounds<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let walked = task.hops.as_ref().expect("a task of round trips has both ways");
        let (least, most) = hops(task, 0);
        let (within, delay) = (task.flow.within, task.flow.steps[0].delay);
        let origin = task.flow.steps[0].payer();
        Self {
            task,
            walked,
            origin,
            least: least as usize,
            most: most as usize,
            within,
            delay,
            limits: walked.on(Way::Ahead).limits(within.min(delay.most), within),
            open: task.may_all_be_on_trips(),
            ageless: !task.is_aged(),
        }
    }

    /// Whether a transfer of an anchor may be the first of a half, as far as is known without the anchor's other transfers.
    #[inline]
    fn may_begin(&self, anchor: Rank, hop: &Hop) -> bool {
        hop.to < anchor && (self.limits.goes_on(hop) || self.limits.has_gone_on(hop))
    }

    /// Whether any transfer of an anchor may, on either way.
    fn may_lead(&self, anchor: Rank) -> bool {
        [Way::Ahead, Way::Back].into_iter().all(|way| {
            let list = self.walked.on(way).list(anchor);
            list.iter().any(|hop| self.may_begin(anchor, hop))
        })
    }

    /// Whether an account may stand between two transfers of a trip at some time.
    #[inline]
    fn may_pass(&self, account: Rank) -> bool {
        self.open || self.task.may_pass(0, self.walked.account(account))
    }

    /// Whether a trip may begin at an account at some time.
    #[inline]
    fn may_turn_at(&self, account: Rank) -> bool {
        self.open || self.task.may_hold(self.origin, self.walked.account(account))
    }

    fn through(&self, anchor: Rank, scratch: &mut Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if !self.begin(anchor, scratch) {
            return ControlFlow::Continue(());
        }
        while scratch.ahead.length + scratch.back.length + 1 < self.most {
            let way = scratch.shorter();
            if !self.grow(self.walked.on(way), anchor, scratch.side(way), sink)? {
                break;
            }
        }
        let way = scratch.shorter();
        let Scratch { ahead, back, laid } = scratch;
        let (growing, ready) = if way == Way::Ahead { (&*ahead, &*back) } else { (&*back, &*ahead) };
        laid.lay(ready);
        let (hops, walked, trip) = (self.walked.on(way), Vec::new(), Trip::default());
        let mut meeting = Meeting { anchor, hops, growing, walked, ready, laid, trip };
        let ended = sink
            .each(0..growing.halves.len(), &mut meeting, &|meeting, place, sink| self.meet_half(meeting, place, sink));
        laid.clear(ready);
        ended
    }

    /// Begins both sides of an anchor, if each has a transfer that one of the other goes with: first the side with more
    /// transfers beside the other, then that one beside what is left.
    fn begin(&self, anchor: Rank, scratch: &mut Scratch) -> bool {
        let Scratch { ahead, back, .. } = scratch;
        let ahead = (self.walked.on(Way::Ahead), ahead);
        let back = (self.walked.on(Way::Back), back);
        for (hops, side) in [(ahead.0, &mut *ahead.1), (back.0, &mut *back.1)] {
            let firsts = hops.list(anchor).iter().filter(|hop| self.may_begin(anchor, hop));
            side.firsts.clear();
            side.firsts.extend(firsts.map(|&hop| First { hop, open: NEVER, past: NEVER }));
        }
        let is_ahead_few = ahead.1.firsts.len() <= back.1.firsts.len();
        let (few, many) = if is_ahead_few { (ahead, back) } else { (back, ahead) };
        let mut others = Opposite::new(&few.1.firsts);
        many.1.firsts.retain_mut(|first| self.bound(many.0, &mut others, first));
        let mut others = Opposite::new(&many.1.firsts);
        few.1.firsts.retain_mut(|first| self.bound(few.0, &mut others, first));
        many.1.begin();
        few.1.begin();
        !(few.1.firsts.is_empty() || many.1.firsts.is_empty())
    }

    /// Says how far halves may go that begin with a transfer, and whether one can. Asked of one after another as one walks.
    #[inline]
    fn bound(&self, hops: &Hops, opposite: &mut Opposite<'_>, first: &mut First) -> bool {
        let near = first.hop.time;
        let (end, past) = opposite.around(near + self.within, near - self.delay.least);
        // Either the trip turns at the anchor, or a transfer of the other side comes right before this one.
        first.open = if end >= near { end } else { NEVER };
        first.past = if past >= near - self.delay.most { past } else { NEVER };
        if first.past != NEVER {
            first.open = first.open.max(past + self.within);
        }
        first.open != NEVER && self.leads_on(hops, &first.hop, first, false)
    }

    /// Keeps what is one transfer longer than the longest halves of a side; says whether there was room.
    fn grow(&self, hops: &Hops, anchor: Rank, side: &mut Side, sink: &mut Sink<'_>) -> ControlFlow<(), bool> {
        let (begin, end) = (side.level, side.halves.len());
        for place in begin..end {
            sink.go_on()?;
            let half = side.halves[place];
            let first = side.firsts[half.first as usize];
            let grown = self.each_next(hops, &half, &first, |next, turns| {
                if next.to < anchor
                    && self.leads_on(hops, next, &first, turns || half.turn > 0)
                    && !side.halves().passes(&half, next.to)
                {
                    side.halves.push(half.longer(number(place), *next, turns));
                }
                if side.halves.len() < MOST_KEPT { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            if grown.is_break() {
                side.halves.truncate(end);
                return ControlFlow::Continue(false);
            }
        }
        (side.level, side.length) = (end, side.length + 1);
        ControlFlow::Continue(true)
    }

    /// Whether anything can come after a transfer with which a half ends, as far as is known of it alone: nothing else goes on
    /// from there or meets it there. `turned` says whether the trip turns inside the half.
    #[inline]
    fn leads_on(&self, hops: &Hops, last: &Hop, first: &First, turned: bool) -> bool {
        let end = if turned { first.past } else { first.open };
        self.goes_on(hops, last, end) || !turned && self.may_turn(last, first)
    }

    /// Whether the account that a transfer leads to goes on until `end`, as far as the gaps tell.
    #[inline]
    fn goes_on(&self, hops: &Hops, last: &Hop, end: Time) -> bool {
        self.limits.goes_on(last) && last.time + hops.until(last) <= end
    }

    /// Whether it has gone on before, inside the window, where the trip may turn behind the first transfer.
    #[inline]
    fn may_turn(&self, last: &Hop, first: &First) -> bool {
        first.past != NEVER && self.limits.has_gone_on(last)
    }

    /// Visits every transfer that may come after a half, and says whether the trip turns before it.
    #[inline]
    fn each_next(
        &self,
        hops: &Hops,
        half: &Half,
        first: &First,
        mut visit: impl FnMut(&Hop, bool) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let last = &half.last;
        let end = if half.turn == 0 { first.open } else { first.past };
        if self.goes_on(hops, last, end) && self.may_pass(last.to) {
            for next in hops.after(last, (last.time + self.delay.most).min(end)) {
                if self.is_in_proportion_after(hops, last, next) {
                    visit(next, false)?;
                }
            }
        }
        if half.turn == 0 && self.may_turn(last, first) && self.may_turn_at(last.to) {
            for next in hops.before(last, last.time - self.within, first.past) {
                visit(next, true)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Lays a half of the growing side beside those that are ready, and makes it longer, if it is one of the longest and there
    /// is need.
    fn meet_half(&self, meeting: &mut Meeting<'_>, place: usize, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let half = meeting.growing.halves[place];
        self.meet_ready(meeting, &half, sink)?;
        if place < meeting.growing.level {
            return ControlFlow::Continue(());
        }
        self.walk_on(meeting, &half, place, sink)
    }

    /// Walks on from where a half leads, which stands at a place of its side.
    fn walk_on(&self, meeting: &mut Meeting<'_>, half: &Half, place: usize, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let left = self.most - meeting.ready.length;
        if usize::from(half.length) >= left {
            return ControlFlow::Continue(());
        }
        sink.go_on()?;
        let is_last = usize::from(half.length) + 1 == left;
        let (hops, first) = (meeting.hops, meeting.growing.firsts[half.first as usize]);
        self.each_next(hops, half, &first, |next, turns| {
            let meets = meeting.laid.is_any_at(next.to);
            if is_last && !meets
                || next.to >= meeting.anchor
                || !self.leads_on(hops, next, &first, turns || half.turn > 0)
                || meeting.growing.with(&meeting.walked).passes(half, next.to)
            {
                return ControlFlow::Continue(());
            }
            let longer = half.longer(number(place), *next, turns);
            if meets {
                self.meet_ready(meeting, &longer, sink)?;
            }
            if is_last {
                return ControlFlow::Continue(());
            }
            let next = meeting.growing.halves.len() + meeting.walked.len();
            meeting.walked.push(longer);
            self.walk_on(meeting, &longer, next, sink)?;
            meeting.walked.pop();
            ControlFlow::Continue(())
        })
    }

    /// Lays a half beside those that are ready and end where it ends. Of a trip the longest half that can be is among
    /// these, so that it is put together once.
    fn meet_ready(&self, meeting: &mut Meeting<'_>, half: &Half, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let laid = meeting.laid;
        let Some((shorter, longest)) = laid.at(half.last.to) else { return ControlFlow::Continue(()) };
        let fit = Fit::new(self, meeting.growing.near(half), half);
        if half.length == 1 {
            self.meet_each(meeting, half, &fit, shorter, sink)?;
        }
        if longest.len() <= FEW {
            return self.meet_each(meeting, half, &fit, longest, sink);
        }
        let (least, most) = fit.nears();
        let longest = &longest[longest.partition_point(|other| other.near > most)..];
        let count = longest.iter().take_while(|other| other.near >= least).count();
        self.meet_each(meeting, half, &fit, &longest[..count], sink)
    }

    /// Puts a half together with those of others that fit.
    #[inline]
    fn meet_each(
        &self,
        meeting: &mut Meeting<'_>,
        half: &Half,
        fit: &Fit,
        others: &[Ends],
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        for other in others {
            if let Some(turns) = fit.turns(other) {
                self.meet(meeting, half, other, turns, sink)?;
            }
        }
        sink.work_on(number(others.len()) / LOOKS)
    }

    /// Whether a transfer is as large a part of the one before it, in time, as the step says; one of them follows the other as
    /// one walks.
    #[inline]
    fn is_in_proportion_after(&self, hops: &Hops, last: &Hop, next: &Hop) -> bool {
        self.task.flow.steps[0].pass_through.is_none() || {
            let (before, after) = if hops.way == Way::Ahead { (last, next) } else { (next, last) };
            self.is_in_proportion(before.row, after.row)
        }
    }

    fn is_in_proportion(&self, before: RowId, after: RowId) -> bool {
        self.task.flow.steps[0].pass_through.is_none_or(|range| {
            let known = self.task.weight(after).zip(self.task.weight(before));
            known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
        })
    }

    /// Reports the trips that two halves make, if the accounts between differ.
    fn meet(
        &self,
        meeting: &mut Meeting<'_>,
        half: &Half,
        other: &Ends,
        turns: Turns,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let Meeting { anchor, hops, growing, walked, ready, trip, .. } = meeting;
        let (grown, ready) = (growing.with(walked), ready.halves());
        let other = &ready.kept[other.place as usize];
        let (ahead, back) =
            if hops.way == Way::Ahead { ((grown, half), (ready, other)) } else { ((ready, other), (grown, half)) };
        trip.clear();
        let Trip { rows, passed, payers } = trip;
        for hop in ahead.0.hops(ahead.1) {
            rows.push(hop.row);
            passed.push(hop.to);
        }
        rows.reverse();
        passed.reverse();
        let met = rows.len();
        for hop in back.0.hops(back.1) {
            rows.push(hop.row);
            passed.push(hop.to);
        }
        // Where they meet both name the same account.
        let (before, after) = (&passed[..met - 1], &passed[met + 1..]);
        if before.iter().any(|account| after.contains(account)) {
            return ControlFlow::Continue(());
        }
        // Those ahead name where they lead, those behind where they come from.
        let between = passed[..met].iter().chain(after);
        payers.extend([&*anchor].into_iter().chain(between).map(|&account| self.walked.account(account)));
        let here = turns.here && self.is_in_proportion(rows[met - 1], rows[met]);
        let there = turns.there && self.is_in_proportion(rows[rows.len() - 1], rows[0]);
        let start = |turn: usize| match turn.checked_sub(met) {
            None => ahead.0.hops(ahead.1).nth(met - 1 - turn).map(|hop| hop.time),
            Some(turn) => back.0.hops(back.1).nth(turn).map(|hop| reversed(hop.time)),
        };
        let start = |turn| start(turn).expect("a trip turns at one of its transfers");
        let turn = match (ahead.1.turn, back.1.turn) {
            (0, 0) => None,
            (0, turn) => Some(rows.len() - usize::from(turn)),
            (turn, _) => Some(usize::from(turn)),
        };
        if let Some(turn) = turn {
            if !(here && there) {
                return ControlFlow::Continue(());
            }
            trip.turn(turn);
            return self.report(trip, start(turn), sink);
        }
        if here {
            self.report(trip, start(0), sink)?;
        }
        if there {
            trip.turn(met);
            self.report(trip, start(met), sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Reports a trip that starts at a time, if its accounts may stand where they do.
    fn report(&self, trip: &Trip, start: Time, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let binding = &trip.payers;
        let admitted = self.task.owns(start)
            && (self.open && self.ageless
                || self.task.admits(self.origin, binding[0], start)
                    && binding[1..].iter().all(|&account| self.task.admits_between(0, account, start)));
        if admitted {
            sink.push(binding, trip.rows.chunks(1).map(|row| (0, row)), 1)
        } else {
            ControlFlow::Continue(())
        }
    }
}
