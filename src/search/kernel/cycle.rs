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

use super::super::graph::{Graph, List};
use super::super::pool::Pool;
use super::super::task::{Task, hops};
use super::Sink;
use super::gaps::{Gaps, Limits, Way};
use super::halves::{Ends, First, Half, Laid, Side, Stop};
use super::number;

/// All round trips whose busiest account is a given one.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let (rounds, pool) = (Rounds::new(task), Pool::default());
    move |anchor, sink| {
        if !Way::BOTH.into_iter().all(|way| rounds.may_lead(way, anchor)) {
            return ControlFlow::Continue(());
        }
        pool.with(|| Scratch::new(rounds.busy.len()), |scratch| rounds.through(anchor, scratch, sink))
    }
}

/// The step, and what every search of it knows.
#[derive(Debug)]
struct Rounds<'t> {
    task: &'t Task<'t>,
    graph: &'t Graph,
    /// The role of the account where a trip begins and ends.
    origin: RoleId,
    least: usize,
    most: usize,
    within: Span,
    delay: Delay,
    /// Transfers of each account.
    busy: Vec<u32>,
    ahead: Gaps,
    back: Gaps,
    /// How near the other account of a first transfer must go on, or have gone on before.
    limits: Limits,
    /// Whether the lists hold transfers that the step cannot use.
    mixed: bool,
}

/// What is used again from anchor to anchor.
#[derive(Debug)]
struct Scratch {
    ahead: Side,
    back: Side,
    laid: Laid,
}

/// Halves that end at one account are all looked at where they are so few.
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

/// Times of the other side of an anchor, by the clock of this one, while one goes through this one in time.
struct Opposite<T> {
    count: usize,
    /// Time by place: later places are no earlier.
    time: T,
    /// How many of them are not behind the ends that were asked for, and not behind the closes.
    ends: usize,
    closes: usize,
}

impl<T: Fn(usize) -> Time> Opposite<T> {
    fn new(count: usize, time: T) -> Self {
        Self { count, time, ends: 0, closes: 0 }
    }

    /// The last time up to `end`, and the last up to `close`; neither is earlier than when it was asked before.
    #[inline]
    fn around(&mut self, end: Time, close: Time) -> (Option<Time>, Option<Time>) {
        while self.ends < self.count && (self.time)(self.ends) <= end {
            self.ends += 1;
        }
        while self.closes < self.count && (self.time)(self.closes) <= close {
            self.closes += 1;
        }
        (self.ends.checked_sub(1).map(&self.time), self.closes.checked_sub(1).map(&self.time))
    }
}

impl Side {
    /// The transfers with which the halves of this side begin, which is walked on a way, as the other side sees them.
    fn as_opposite(&self, way: Way) -> Opposite<impl Fn(usize) -> Time> {
        let count = self.firsts.len();
        Opposite::new(count, move |place| way.other().clock(self.firsts[count - 1 - place].stop.time))
    }
}

/// The two sides of an anchor when halves are laid together.
#[derive(Clone)]
struct Meeting<'s> {
    anchor: AccountId,
    /// The way on which halves are made longer.
    way: Way,
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
    stops: Vec<Stop>,
    rows: Vec<RowId>,
    /// The account that each transfer leaves.
    payers: Vec<AccountId>,
}

impl Trip {
    /// Begins with a later transfer instead.
    fn turn(&mut self, turn: usize) {
        self.rows.rotate_left(turn);
        self.payers.rotate_left(turn);
    }
}

/// The transfers of a list as stops.
fn stops(list: List<'_>) -> impl Iterator<Item = Stop> {
    let stop = |((position, &time), &account)| Stop { account, position: number(position), time };
    (list.first..).zip(list.times).zip(list.others).map(stop)
}

impl<'t> Rounds<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let graph: &Graph = &task.graph;
        let (least, most) = hops(task, 0);
        let degree = |account| graph.sent(account).len() + graph.received(account).len();
        let busy =
            task.ledger.accounts().ids().map(|account| u32::try_from(degree(account)).expect("rows are 31 bits"));
        let (within, delay) = (task.flow.within, task.flow.steps[0].delay);
        let (ahead, back) = Gaps::both_ways(task);
        Self {
            task,
            graph,
            origin: task.flow.steps[0].payer(),
            least: least as usize,
            most: most as usize,
            within,
            delay,
            busy: busy.collect(),
            limits: ahead.limits(within.min(delay.most), within),
            ahead,
            back,
            mixed: !task.uses_all(0),
        }
    }

    fn list(&self, way: Way, account: AccountId) -> List<'t> {
        match way {
            Way::Ahead => self.graph.sent(account),
            Way::Back => self.graph.received(account),
        }
    }

    #[inline]
    fn gaps(&self, way: Way) -> &Gaps {
        if way == Way::Ahead { &self.ahead } else { &self.back }
    }

    /// The transfer at a position of the lists.
    #[inline]
    fn row(&self, way: Way, position: u32) -> RowId {
        let rows = if way == Way::Ahead { self.graph.all_sent() } else { self.graph.all_received() };
        rows[position as usize]
    }

    #[inline]
    fn is_below(&self, account: AccountId, anchor: AccountId) -> bool {
        (self.busy[account.index()], account) < (self.busy[anchor.index()], anchor)
    }

    #[inline]
    fn is_usable(&self, way: Way, position: u32) -> bool {
        !self.mixed || self.task.is_admitted(0, self.row(way, position))
    }

    /// Whether a transfer of an anchor may be the first of a half, as far as is known without the anchor's other transfers.
    #[inline]
    fn may_begin(&self, way: Way, anchor: AccountId, position: usize, account: AccountId) -> bool {
        self.gaps(way).is_near(position, self.limits) && self.is_below(account, anchor)
    }

    /// Whether any transfer of an anchor may.
    fn may_lead(&self, way: Way, anchor: AccountId) -> bool {
        let list = self.list(way, anchor);
        (list.first..).zip(list.others).any(|(position, &account)| self.may_begin(way, anchor, position, account))
    }

    fn through(&self, anchor: AccountId, scratch: &mut Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if !self.begin(anchor, scratch) {
            return ControlFlow::Continue(());
        }
        while scratch.ahead.length + scratch.back.length + 1 < self.most {
            let way = scratch.shorter();
            if !self.grow(way, anchor, scratch.side(way), sink)? {
                break;
            }
        }
        let way = scratch.shorter();
        let Scratch { ahead, back, laid } = scratch;
        let (growing, ready) = if way == Way::Ahead { (&*ahead, &*back) } else { (&*back, &*ahead) };
        laid.lay(ready);
        let mut meeting = Meeting { anchor, way, growing, walked: Vec::new(), ready, laid, trip: Trip::default() };
        let ended = sink
            .each(0..growing.halves.len(), &mut meeting, &|meeting, place, sink| self.meet_half(meeting, place, sink));
        laid.clear(ready);
        ended
    }

    /// Begins both sides of an anchor, if each has a transfer that one of the other goes with: first the side with fewer
    /// transfers, then the other beside what is left of it, and the first once more beside what is left of that.
    fn begin(&self, anchor: AccountId, scratch: &mut Scratch) -> bool {
        let [ahead, back] = Way::BOTH.map(|way| self.list(way, anchor));
        let (fewer, others) = if ahead.len() <= back.len() { (Way::Ahead, back) } else { (Way::Back, ahead) };
        let Scratch { ahead, back, .. } = scratch;
        let (few, many) = if fewer == Way::Ahead { (ahead, back) } else { (back, ahead) };
        let others = Opposite::new(others.len(), |place| fewer.clock(others.times[fewer.along(others.len(), place)]));
        self.find_firsts(fewer, anchor, others, &mut few.firsts);
        if few.firsts.is_empty() {
            return false;
        }
        self.find_firsts(fewer.other(), anchor, few.as_opposite(fewer), &mut many.firsts);
        many.begin();
        let mut others = many.as_opposite(fewer.other());
        few.firsts.retain_mut(|first| self.bound(fewer, &mut others, first));
        few.begin();
        !(few.firsts.is_empty() || many.firsts.is_empty())
    }

    /// The transfers of an anchor with which a half may begin, as one walks.
    fn find_firsts(
        &self,
        way: Way,
        anchor: AccountId,
        mut opposite: Opposite<impl Fn(usize) -> Time>,
        firsts: &mut Vec<First>,
    ) {
        firsts.clear();
        let list = self.list(way, anchor);
        for place in (0..list.len()).map(|place| way.along(list.len(), place)) {
            let (position, account) = (list.first + place, list.others[place]);
            if self.may_begin(way, anchor, position, account) {
                let stop = Stop { account, position: number(position), time: list.times[place] };
                let mut first = First { stop, open: Time(i64::MIN), past: None };
                if self.bound(way, &mut opposite, &mut first) && self.is_usable(way, stop.position) {
                    firsts.push(first);
                }
            }
        }
    }

    /// Says how far halves may go that begin with a transfer, and whether one can. Asked of one after another as one walks.
    #[inline]
    fn bound(&self, way: Way, opposite: &mut Opposite<impl Fn(usize) -> Time>, first: &mut First) -> bool {
        let near = way.clock(first.stop.time);
        let (end, past) = opposite.around(near + self.within, near - self.delay.least);
        // Either the trip turns at the anchor, or a transfer of the other side comes right before this one.
        let turns_here = end.filter(|&end| end >= near);
        first.past = past.filter(|&past| near - past <= self.delay.most);
        let open = turns_here.max(first.past.map(|past| past + self.within));
        open.is_some_and(|open| {
            first.open = open;
            self.leads_on(way, first.stop, *first, false)
        })
    }

    /// Keeps what is one transfer longer than the longest halves of a side; says whether there was room.
    fn grow(&self, way: Way, anchor: AccountId, side: &mut Side, sink: &mut Sink<'_>) -> ControlFlow<(), bool> {
        let (begin, end) = (side.level, side.halves.len());
        for place in begin..end {
            sink.go_on()?;
            let half = side.halves[place];
            let first = side.firsts[half.first as usize];
            let grown = self.each_next(way, half, first, |stop, turns| {
                if self.leads_on(way, stop, first, turns || half.turn > 0)
                    && self.is_below(stop.account, anchor)
                    && !side.halves().passes(half, stop.account)
                    && self.is_usable(way, stop.position)
                {
                    side.halves.push(half.longer(number(place), stop, turns));
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
    fn leads_on(&self, way: Way, stop: Stop, first: First, turned: bool) -> bool {
        let end = if turned { first.past } else { Some(first.open) };
        self.goes_on(way, stop, end) || !turned && first.past.is_some() && self.may_turn(way, stop)
    }

    /// Whether the account that a transfer leads to goes on until `end`, as far as the gaps tell.
    #[inline]
    fn goes_on(&self, way: Way, stop: Stop, end: Option<Time>) -> bool {
        let (now, (next, _)) = (way.clock(stop.time), self.gaps(way).around(stop.position as usize));
        end.is_some_and(|end| now + next <= (now + self.delay.most).min(end))
    }

    /// Whether it has gone on before, inside the window.
    #[inline]
    fn may_turn(&self, way: Way, stop: Stop) -> bool {
        self.gaps(way).around(stop.position as usize).1 <= self.within
    }

    /// Visits every transfer that may come after a half, and says whether the trip turns before it.
    #[inline]
    fn each_next(
        &self,
        way: Way,
        half: Half,
        first: First,
        mut visit: impl FnMut(Stop, bool) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (task, last) = (self.task, half.stop);
        let list = self.list(way, last.account);
        let now = way.clock(last.time);
        let place = self.gaps(way).next(last.position as usize) - list.first;
        let end = if half.turn == 0 { Some(first.open) } else { first.past };
        if let Some(end) = end.filter(|_| self.goes_on(way, last, end) && task.may_pass(0, last.account)) {
            for next in stops(way.until(list, place, (now + self.delay.most).min(end))) {
                if self.is_in_proportion_after(way, last, next) {
                    visit(next, false)?;
                }
            }
        }
        let turns = half.turn == 0 && self.may_turn(way, last) && task.may_hold(self.origin, last.account);
        if let Some(past) = first.past.filter(|_| turns) {
            for next in stops(way.between(list, place, now - self.within, past)) {
                visit(next, true)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Lays a half of the growing side beside those that are ready, and makes it longer, if it is one of the longest and there
    /// is need.
    fn meet_half(&self, meeting: &mut Meeting<'_>, place: usize, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let half = meeting.growing.halves[place];
        self.meet_ready(meeting, half, sink)?;
        if place < meeting.growing.level {
            return ControlFlow::Continue(());
        }
        self.walk_on(meeting, half, place, sink)
    }

    /// Walks on from where a half leads, which stands at a place of its side.
    fn walk_on(&self, meeting: &mut Meeting<'_>, half: Half, place: usize, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let left = self.most - meeting.ready.length;
        if usize::from(half.length) >= left {
            return ControlFlow::Continue(());
        }
        sink.go_on()?;
        let is_last = usize::from(half.length) + 1 == left;
        let first = meeting.growing.firsts[half.first as usize];
        self.each_next(meeting.way, half, first, |stop, turns| {
            let meets = meeting.laid.is_any_at(stop.account);
            if is_last && !meets
                || !self.leads_on(meeting.way, stop, first, turns || half.turn > 0)
                || !self.is_below(stop.account, meeting.anchor)
                || meeting.growing.with(&meeting.walked).passes(half, stop.account)
                || !self.is_usable(meeting.way, stop.position)
            {
                return ControlFlow::Continue(());
            }
            let longer = half.longer(number(place), stop, turns);
            if meets {
                self.meet_ready(meeting, longer, sink)?;
            }
            if is_last {
                return ControlFlow::Continue(());
            }
            let next = meeting.growing.halves.len() + meeting.walked.len();
            meeting.walked.push(longer);
            self.walk_on(meeting, longer, next, sink)?;
            meeting.walked.pop();
            ControlFlow::Continue(())
        })
    }

    /// Lays a half beside those that are ready and end where it ends. Of a trip the longest half that can be is among
    /// these, so that it is put together once.
    fn meet_ready(&self, meeting: &mut Meeting<'_>, half: Half, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (laid, way) = (meeting.laid, meeting.way);
        let Some((shorter, longest)) = laid.at(half.stop.account) else { return ControlFlow::Continue(()) };
        let (ends, mut looks) = (Ends::of_other(half), 0u32);
        let mut meet = |other: &Ends| {
            looks = looks.wrapping_add(1);
            let (ahead, back) = if way == Way::Ahead { (ends, *other) } else { (*other, ends) };
            if !self.may_meet(ahead, back) {
                return ControlFlow::Continue(());
            }
            let other = meeting.ready.halves[other.place as usize];
            let (ahead, back) = if way == Way::Ahead { (half, other) } else { (other, half) };
            self.meet(meeting, ahead, back, sink)
        };
        if half.length == 1 {
            shorter.iter().try_for_each(&mut meet)?;
        }
        if longest.len() <= FEW {
            longest.iter().try_for_each(meet)?;
            return sink.work_on(looks / LOOKS);
        }
        let near = |other: &Ends| way.clock(other.near);
        let mut rest = longest;
        for (least, most) in self.nears_of_others(way, half) {
            rest = &rest[rest.partition_point(|other| near(other) > most)..];
            let (fit, later) = rest.split_at(rest.partition_point(|other| near(other) >= least));
            fit.iter().try_for_each(&mut meet)?;
            rest = later;
        }
        sink.work_on(looks / LOOKS)
    }

    /// When the other half of a trip may be at the anchor, by the clock of this half's way: two ranges, the later one first,
    /// which may share a moment.
    /// What a half goes through, the other cannot: it is made later than all of that or, behind the turn, earlier.
    fn nears_of_others(&self, way: Way, half: Half) -> [(Time, Time); 2] {
        let Delay { least, most } = self.delay;
        let (near, far) = (way.clock(half.near), way.clock(half.stop.time));
        if half.turn > 0 {
            return [(Time(i64::MAX), Time(i64::MAX)), ((far + least).max(near - most), near - least)];
        }
        let later = far + least;
        [(later, near + self.within), ((far - self.within).max(near - most), near - least)]
    }

    /// Whether two halves that end at one account make a trip as far as their lengths and the times at their ends say.
    #[inline]
    fn may_meet(&self, ahead: Ends, back: Ends) -> bool {
        let length = usize::from(ahead.length + back.length);
        if length < self.least || ahead.turn > 0 && back.turn > 0 {
            return false;
        }
        let joined = self.delay.holds(back.far - ahead.far);
        let closed = self.delay.holds(ahead.near - back.near);
        if ahead.turn > 0 || back.turn > 0 {
            return joined && closed;
        }
        joined && back.near - ahead.near <= self.within || closed && ahead.far - back.far <= self.within
    }

    /// Whether a transfer is as large a part of the one before it, in time, as the step says; one of them follows the other as
    /// one walks.
    #[inline]
    fn is_in_proportion_after(&self, way: Way, last: Stop, next: Stop) -> bool {
        self.task.flow.steps[0].pass_through.is_none() || {
            let [last, next] = [last, next].map(|stop| self.row(way, stop.position));
            if way == Way::Ahead { self.is_in_proportion(last, next) } else { self.is_in_proportion(next, last) }
        }
    }

    fn is_in_proportion(&self, before: RowId, after: RowId) -> bool {
        self.task.flow.steps[0].pass_through.is_none_or(|range| {
            let known = self.task.weight(after).zip(self.task.weight(before));
            known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
        })
    }

    /// Reports the trips that two halves make which end at one account and may meet, if the accounts between differ.
    fn meet(&self, meeting: &mut Meeting<'_>, ahead: Half, back: Half, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Meeting { anchor, way, growing, walked, ready, trip, .. } = meeting;
        let (grown, ready) = (growing.with(walked), ready.halves());
        let (on_ahead, on_back) = if *way == Way::Ahead { (grown, ready) } else { (ready, grown) };
        let again = |stop: Stop| on_back.stops(back).skip(1).any(|other| other.account == stop.account);
        if on_ahead.stops(ahead).skip(1).any(again) {
            return ControlFlow::Continue(());
        }
        let Trip { stops, rows, payers } = trip;
        stops.clear();
        stops.extend(on_ahead.stops(ahead));
        stops.reverse();
        let met = stops.len();
        stops.extend(on_back.stops(back));
        let last = stops.len() - 1;
        let way = |place: usize| if place < met { Way::Ahead } else { Way::Back };
        rows.clear();
        rows.extend(stops.iter().enumerate().map(|(place, stop)| self.row(way(place), stop.position)));
        // Those ahead name where they lead, those behind where they come from.
        payers.clear();
        payers.push(*anchor);
        payers.extend(stops.iter().enumerate().filter(|(place, _)| *place != met).map(|(_, stop)| stop.account));
        let follows = |before: usize, after: usize| {
            self.delay.holds(stops[after].time - stops[before].time) && self.is_in_proportion(rows[before], rows[after])
        };
        let (joined, closed) = (follows(met - 1, met), follows(last, 0));
        if ahead.turn > 0 || back.turn > 0 {
            if !(joined && closed) {
                return ControlFlow::Continue(());
            }
            let turn = if ahead.turn > 0 { usize::from(ahead.turn) } else { stops.len() - usize::from(back.turn) };
            let start = stops[turn].time;
            trip.turn(turn);
            return self.report(trip, start, sink);
        }
        let (begins_here, begins_there) = (stops[0].time, stops[met].time);
        let turns_there = closed && stops[met - 1].time - begins_there <= self.within;
        if joined && stops[last].time - begins_here <= self.within {
            self.report(trip, begins_here, sink)?;
        }
        if turns_there {
            trip.turn(met);
            self.report(trip, begins_there, sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Reports a trip that starts at a time, if its accounts may stand where they do.
    fn report(&self, trip: &Trip, start: Time, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let binding = &trip.payers;
        let admitted = self.task.owns(start)
            && self.task.admits(self.origin, binding[0], start)
            && binding[1..].iter().all(|&account| self.task.admits_between(0, account, start));
        if admitted {
            sink.push(binding, trip.rows.chunks(1).map(|row| (0, row)), 1)
        } else {
            ControlFlow::Continue(())
        }
    }
}
