//! Finds round trips of single transfers, each once, from the busiest account on it.
//!
//! A round trip is searched from the account with the most transfers of all on it, through less busy ones alone, so that no
//! walk ever passes through a hub; and from there both ways at once, so that no walk is longer than half the trip. The
//! halves of the side with fewer transfers are kept, by the account at which they end; each half of the other side is
//! laid beside those that end where it ends. Where too many would be kept, they are kept shorter, and those of the other
//! side grow longer.
//!
//! The trip begins anywhere on the way round: at the anchor, where the halves meet, or inside one of them. That place
//! is its *turn*. Everywhere else the next transfer follows the one before, as the step's `delay` and `pass_through` say.

use std::ops::ControlFlow;

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::RoleId;

use super::super::graph::List;
use super::super::task::{Task, hops};
use super::Sink;
use super::pool::Pool;

/// All round trips whose busiest account is a given one.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let (rounds, pool) = (Rounds::new(task), Pool::default());
    move |anchor, sink| pool.with(|| Halves::new(rounds.busy.len()), |halves| rounds.through(anchor, halves, sink))
}

/// The step, and what every search of it knows.
#[derive(Debug)]
struct Rounds<'t> {
    task: &'t Task<'t>,
    /// The role of the account where a trip begins and ends.
    origin: RoleId,
    least: usize,
    most: usize,
    within: Span,
    /// Transfers of each account.
    busy: Vec<u32>,
    /// Whether the lists hold transfers that the step cannot use.
    mixed: bool,
}

/// From the anchor with the money, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Ahead,
    Back,
}

/// One transfer of a half, and the account that it leads to as one walks.
#[derive(Clone, Copy, Debug)]
struct Stop {
    account: AccountId,
    row: RowId,
    time: Time,
}

/// A half of a trip: its transfers from the anchor on.
#[derive(Clone, Copy, Debug)]
struct Half<'h> {
    stops: &'h [Stop],
    /// So many transfers lie between the anchor and the turn; 0 where the turn is not inside this half.
    turn: usize,
}

impl Half<'_> {
    fn near(&self) -> Stop {
        self.stops[0]
    }

    fn far(&self) -> Stop {
        self.stops[self.stops.len() - 1]
    }
}

/// What of a half decides at once whether it may meet another.
#[derive(Clone, Copy, Debug)]
struct Ends {
    near: Time,
    far: Time,
    length: u8,
    turn: u8,
}

impl Ends {
    fn of(half: Half<'_>) -> Self {
        let byte = |number: usize| u8::try_from(number).expect("a checked rule has few hops");
        let (length, turn) = (byte(half.stops.len()), byte(half.turn));
        Self { near: half.near().time, far: half.far().time, length, turn }
    }
}

/// A half that is kept.
#[derive(Clone, Copy, Debug)]
struct Kept {
    account: AccountId,
    first: u32,
    ends: Ends,
}

/// The halves of one anchor that are kept, by the account at which they end.
#[derive(Debug)]
struct Halves {
    kept: Vec<Kept>,
    stops: Vec<Stop>,
    /// For each account, the position of the first half that ends there.
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

/// More halves than these are not kept at one anchor: about 64 MB.
const MOST_KEPT: usize = 1 << 20;

/// Which halves are kept at an anchor, and how long the longest may be.
#[derive(Clone, Copy, Debug)]
struct Split {
    kept: Way,
    longest: usize,
}

impl Split {
    /// The length of the kept half of a trip.
    #[inline]
    fn share(self, length: usize) -> usize {
        let half = if self.kept == Way::Ahead { length.div_ceil(2) } else { length / 2 };
        half.min(self.longest)
    }

    fn met(self) -> Way {
        if self.kept == Way::Ahead { Way::Back } else { Way::Ahead }
    }
}

impl Halves {
    fn new(accounts: usize) -> Self {
        Self { kept: Vec::new(), stops: Vec::new(), places: vec![NOWHERE; accounts] }
    }

    fn keep(&mut self, half: Half<'_>) {
        let first = u32::try_from(self.stops.len()).expect("halves of one anchor fit 32 bits");
        self.kept.push(Kept { account: half.far().account, first, ends: Ends::of(half) });
        self.stops.extend_from_slice(half.stops);
    }

    fn index(&mut self) {
        self.kept.sort_unstable_by_key(|half| (half.account, half.ends.length));
        for (position, half) in (0u32..).zip(&self.kept) {
            let place = &mut self.places[half.account.index()];
            *place = position.min(*place);
        }
    }

    fn ending_at(&self, account: AccountId) -> impl Iterator<Item = Kept> {
        let first = self.places[account.index()];
        let kept = if first == NOWHERE { &[] } else { &self.kept[first as usize..] };
        kept.iter().copied().take_while(move |half| half.account == account)
    }

    fn half(&self, kept: Kept) -> Half<'_> {
        let first = kept.first as usize;
        Half { stops: &self.stops[first..first + usize::from(kept.ends.length)], turn: kept.ends.turn.into() }
    }

    fn clear(&mut self) {
        for half in &self.kept {
            self.places[half.account.index()] = NOWHERE;
        }
        self.kept.clear();
        self.stops.clear();
    }
}

impl<'t> Rounds<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let graph = &task.graph;
        let (least, most) = hops(task, 0);
        let degree = |account| graph.sent(account).len() + graph.received(account).len();
        let busy =
            task.ledger.accounts().ids().map(|account| u32::try_from(degree(account)).expect("rows are 31 bits"));
        Self {
            task,
            origin: task.flow.steps[0].payer(),
            least: least as usize,
            most: most as usize,
            within: task.flow.within,
            busy: busy.collect(),
            mixed: task.admitted_count(0) != graph.len(),
        }
    }

    fn list(&self, way: Way, account: AccountId) -> List<'t> {
        match way {
            Way::Ahead => self.task.graph.sent(account),
            Way::Back => self.task.graph.received(account),
        }
    }

    /// Keeps the halves of one side of an anchor: that with fewer transfers, and as long as there is room.
    fn keep_halves(&self, anchor: AccountId, halves: &mut Halves, sink: &mut Sink<'_>) -> ControlFlow<(), Split> {
        let [ahead, back] = [Way::Ahead, Way::Back].map(|way| self.list(way, anchor).len());
        let kept = if ahead <= back { Way::Ahead } else { Way::Back };
        let mut split = Split { kept, longest: self.most };
        split.longest = split.share(self.most);
        loop {
            let mut full = false;
            let grown = self.each_half(kept, split.longest, anchor, sink, |half, _| {
                full = split.longest > 1 && halves.kept.len() == MOST_KEPT;
                if full {
                    return ControlFlow::Break(());
                }
                halves.keep(half);
                ControlFlow::Continue(())
            });
            match grown {
                ControlFlow::Continue(()) => return ControlFlow::Continue(split),
                ControlFlow::Break(()) if full => {
                    halves.kept.clear();
                    halves.stops.clear();
                    split.longest -= 1;
                }
                ControlFlow::Break(()) => return ControlFlow::Break(()),
            }
        }
    }

    #[inline]
    fn is_below(&self, account: AccountId, anchor: AccountId) -> bool {
        (self.busy[account.index()], account) < (self.busy[anchor.index()], anchor)
    }

    fn through(&self, anchor: AccountId, halves: &mut Halves, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let [ahead, back] = [Way::Ahead, Way::Back].map(|way| self.list(way, anchor).len());
        if ahead == 0 || back == 0 {
            return ControlFlow::Continue(());
        }
        let ended = match self.keep_halves(anchor, halves, sink) {
            ControlFlow::Break(()) => ControlFlow::Break(()),
            ControlFlow::Continue(_) if halves.kept.is_empty() => ControlFlow::Continue(()),
            ControlFlow::Continue(split) => {
                halves.index();
                self.meet_halves(split, anchor, halves, sink)
            }
        };
        halves.clear();
        ended
    }

    /// Lays each half of the other side beside those kept.
    fn meet_halves(&self, split: Split, anchor: AccountId, halves: &Halves, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let met = split.met();
        let longest = self.most - split.share(self.most);
        self.each_half(met, longest, anchor, sink, |half, sink| {
            let ends = Ends::of(half);
            halves.ending_at(half.far().account).try_for_each(|other| {
                let length = usize::from(ends.length + other.ends.length);
                if split.share(length) != usize::from(other.ends.length) {
                    return ControlFlow::Continue(());
                }
                match met {
                    Way::Ahead if self.may_meet(ends, other.ends) => self.meet(anchor, half, halves.half(other), sink),
                    Way::Back if self.may_meet(other.ends, ends) => self.meet(anchor, halves.half(other), half, sink),
                    Way::Ahead | Way::Back => ControlFlow::Continue(()),
                }
            })
        })
    }

    /// Visits every half on one side of an anchor that is not too long.
    fn each_half(
        &self,
        way: Way,
        longest: usize,
        anchor: AccountId,
        sink: &mut Sink<'_>,
        visit: impl FnMut(Half<'_>, &mut Sink<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let opposite = self.list(if way == Way::Ahead { Way::Back } else { Way::Ahead }, anchor);
        let mut walk = Walk { rounds: self, way, longest, anchor, stops: Vec::new(), turn: 0, visit };
        for (row, time, account) in self.list(way, anchor).iter() {
            // A trip holds a transfer of the other side in the same window.
            let near = opposite.within(time - self.within, time + self.within);
            if !near.is_empty() && self.is_below(account, anchor) && self.is_usable(row) {
                walk.take(Stop { account, row, time }, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn is_usable(&self, row: RowId) -> bool {
        !self.mixed || self.task.is_admitted(0, row)
    }

    /// Whether a transfer may come right after another.
    fn follows(&self, before: Stop, after: Stop) -> bool {
        self.task.flow.steps[0].delay.holds(after.time - before.time) && self.is_in_proportion(before.row, after.row)
    }

    fn is_in_proportion(&self, before: RowId, after: RowId) -> bool {
        self.task.flow.steps[0].pass_through.is_none_or(|range| {
            let known = self.task.weight(after).zip(self.task.weight(before));
            known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
        })
    }

    /// Whether two halves that end at one account make a trip as far as their lengths and the times at their ends say.
    #[inline]
    fn may_meet(&self, ahead: Ends, back: Ends) -> bool {
        let length = usize::from(ahead.length + back.length);
        if length < self.least || length > self.most || ahead.turn > 0 && back.turn > 0 {
            return false;
        }
        let delay = self.task.flow.steps[0].delay;
        let (joined, closed) = (delay.holds(back.far - ahead.far), delay.holds(ahead.near - back.near));
        if ahead.turn > 0 || back.turn > 0 {
            return joined && closed;
        }
        joined && back.near - ahead.near <= self.within || closed && ahead.far - back.far <= self.within
    }

    /// Reports the trips that two halves make which end at one account.
    fn meet(&self, anchor: AccountId, ahead: Half<'_>, back: Half<'_>, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let length = ahead.stops.len() + back.stops.len();
        let joined = || self.follows(ahead.far(), back.far());
        let closed = || self.follows(back.near(), ahead.near());
        let within = |first: Stop, last: Stop| last.time - first.time <= self.within;
        if ahead.turn > 0 || back.turn > 0 {
            let turn = if ahead.turn > 0 { ahead.turn } else { length - back.turn };
            return if joined() && closed() {
                self.report(anchor, ahead, back, turn, sink)
            } else {
                ControlFlow::Continue(())
            };
        }
        if within(ahead.near(), back.near()) && joined() {
            self.report(anchor, ahead, back, 0, sink)?;
        }
        if within(back.far(), ahead.far()) && closed() {
            self.report(anchor, ahead, back, ahead.stops.len(), sink)?;
        }
        ControlFlow::Continue(())
    }

    /// Reports a trip that begins with its transfer number `turn`, counted from the anchor, if its accounts differ and
    /// may stand where they do.
    fn report(
        &self,
        anchor: AccountId,
        ahead: Half<'_>,
        back: Half<'_>,
        turn: usize,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let passed = |half: &Half<'_>| half.stops.len() - 1;
        let again = |stop: &Stop| back.stops[..passed(&back)].iter().any(|other| other.account == stop.account);
        if ahead.stops[..passed(&ahead)].iter().any(again) {
            return ControlFlow::Continue(());
        }
        let payers = std::iter::once(anchor).chain(ahead.stops.iter().map(|stop| stop.account));
        let payers = payers.chain(back.stops.iter().rev().skip(1).map(|stop| stop.account));
        let mut binding: Vec<AccountId> = payers.collect();
        let mut rows: Vec<RowId> = ahead.stops.iter().chain(back.stops.iter().rev()).map(|stop| stop.row).collect();
        binding.rotate_left(turn);
        rows.rotate_left(turn);
        let start = self.task.ledger.time(rows[0]);
        let admitted = self.task.owns(start)
            && self.task.admits(self.origin, binding[0], start)
            && binding[1..].iter().all(|&account| self.task.admits_between(0, account, start));
        if admitted { sink.push(&binding, rows.chunks(1).map(|row| (0, row)), 1) } else { ControlFlow::Continue(()) }
    }
}

/// A walk from an anchor, one way.
struct Walk<'r, 't, V> {
    rounds: &'r Rounds<'t>,
    way: Way,
    longest: usize,
    anchor: AccountId,
    stops: Vec<Stop>,
    turn: usize,
    visit: V,
}

impl<V: FnMut(Half<'_>, &mut Sink<'_>) -> ControlFlow<()>> Walk<'_, '_, V> {
    /// Takes a transfer and walks on from where it leads.
    fn take(&mut self, stop: Stop, sink: &mut Sink<'_>) -> ControlFlow<()> {
        sink.go_on()?;
        self.stops.push(stop);
        (self.visit)(Half { stops: &self.stops, turn: self.turn }, sink)?;
        if self.stops.len() < self.longest {
            let task = self.rounds.task;
            if task.may_pass(0, stop.account) {
                self.go_on(stop, sink)?;
            }
            if self.turn == 0 && task.may_hold(self.rounds.origin, stop.account) {
                self.turn = self.stops.len();
                self.turn_at(stop, sink)?;
                self.turn = 0;
            }
        }
        self.stops.pop();
        ControlFlow::Continue(())
    }

    /// Tries every transfer that follows the last one (or that it follows, on the way back).
    fn go_on(&mut self, last: Stop, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (near, delay) = (self.stops[0].time, self.rounds.task.flow.steps[0].delay);
        // Before the turn the trip spans from here to the anchor; behind it, it leads on to the anchor in time.
        let (from, to) = match self.way {
            Way::Ahead => {
                let end = if self.turn == 0 { near + self.rounds.within } else { near };
                (last.time + delay.least, (last.time + delay.most).min(end))
            }
            Way::Back => {
                let end = if self.turn == 0 { near - self.rounds.within } else { near };
                ((last.time - delay.most).max(end), last.time - delay.least)
            }
        };
        for (row, time, account) in self.rounds.list(self.way, last.account).between(from, to).iter() {
            let (before, after) = if self.way == Way::Ahead { (last.row, row) } else { (row, last.row) };
            if self.may_reach(account, row) && self.rounds.is_in_proportion(before, after) {
                self.take(Stop { account, row, time }, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Tries every transfer that may be the other end of a trip which begins and ends at the last account.
    fn turn_at(&mut self, last: Stop, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (near, within) = (self.stops[0].time, self.rounds.within);
        let (from, to) = match self.way {
            Way::Ahead => (last.time - within, near),
            Way::Back => (near, last.time + within),
        };
        for (row, time, account) in self.rounds.list(self.way, last.account).between(from, to).iter() {
            if self.may_reach(account, row) {
                self.take(Stop { account, row, time }, sink)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn may_reach(&self, account: AccountId, row: RowId) -> bool {
        self.rounds.is_below(account, self.anchor)
            && self.stops.iter().all(|stop| stop.account != account)
            && self.rounds.is_usable(row)
    }
}
