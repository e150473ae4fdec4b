//! Counts paths account by account: transfers between the same accounts are counted together and not one by one.
//!
//! A trail is the line of accounts that a path visits, which is its binding. At its end stand the transfers that arrive
//! there, each with the number of ways to come by it. So a binding is counted where its trail ends, and its instances
//! are a sum.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::columns::{AccountId, Span, Time};
use crate::lang::{Step, StepId};

use super::super::graph::List;
use super::super::task::{Task, hops};
use super::Sink;
use super::pool::Pool;
use super::ways::Ways;

/// Whether the paths of a task can be counted so: nothing is asked of an instance as a whole, no two of its transfers
/// leave one account, and a trail has one binding and a binding one trail. A binding holds the accounts between hops in
/// one row; were two paths of any length, it would not say in which of them each stands.
pub(super) fn can_count(task: &Task<'_>) -> bool {
    let flow = task.flow;
    let payers: Vec<_> = flow.steps.iter().map(Step::payer).collect();
    let distinct = (1..payers.len()).all(|step| !payers[..step].contains(&payers[step]));
    let plain = flow.having.is_none() && flow.steps.iter().all(|step| step.undoes.is_none());
    let paths = (0..flow.steps.len()).map(|step| hops(task, step)).filter(|(least, most)| least < most);
    flow.distinct && distinct && plain && paths.count() <= 1 && !task.is_aged() && task.probe.tries.is_none()
}

/// Counts the paths that begin at a given account.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let (trails, pool) = (Trails::new(task), Pool::default());
    move |anchor, sink| {
        pool.with(|| Scratch::new(task.ledger.accounts().len()), |scratch| trails.begin(anchor, scratch, sink))
    }
}

/// The flow, and what every search of it knows.
#[derive(Debug)]
struct Trails<'t> {
    task: &'t Task<'t>,
    ways: Ways<'t>,
    /// Whether the window can end a path that its delays let go on.
    is_bounded: bool,
    /// For each position of the lists, the steps in which nothing can come next, a bit each.
    dead: Vec<AtomicU8>,
}

/// A transfer that arrives at the end of a trail.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    to: AccountId,
    /// Its position in the lists.
    position: u32,
    time: Time,
    /// When its path began, where that matters.
    start: Time,
    /// In how many ways it is come by.
    ways: u128,
}

#[derive(Debug)]
struct Scratch {
    /// The accounts of the trail.
    trail: Vec<AccountId>,
    /// The account of each single role, once it has one.
    singles: Vec<Option<AccountId>>,
    /// What arrives at the ends of the trail and of its beginnings.
    arrivals: Vec<Arrival>,
    /// For each account, the last look at which it was met.
    met: Vec<u32>,
    looks: u32,
}

impl Scratch {
    fn new(accounts: usize) -> Self {
        Self { trail: Vec::new(), singles: Vec::new(), arrivals: Vec::new(), met: vec![0; accounts], looks: 0 }
    }

    /// Begins a new look at accounts.
    fn look(&mut self) -> u32 {
        if self.looks == u32::MAX {
            self.met.fill(0);
            self.looks = 0;
        }
        self.looks += 1;
        self.looks
    }
}

/// Where on the line the next transfer stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    step: StepId,
    hop: u32,
    /// Transfers before it.
    line: usize,
}

impl<'t> Trails<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let steps = &task.flow.steps;
        let longest = |step: StepId| {
            let fed = i64::from(hops(task, step).1) - i64::from(step == 0);
            steps[step].delay.most.0.saturating_mul(fed)
        };
        let longest = (0..steps.len()).map(longest).fold(0i64, i64::saturating_add);
        let count = if steps.len() <= 8 { task.graph.len() } else { 0 };
        Self {
            task,
            ways: Ways::new(task),
            is_bounded: Span(longest) > task.flow.within,
            dead: std::iter::repeat_with(AtomicU8::default).take(count).collect(),
        }
    }

    fn begin(&self, anchor: AccountId, scratch: &mut Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (task, role) = (self.task, self.task.flow.steps[0].payer());
        if !task.may_hold(role, anchor) {
            return ControlFlow::Continue(());
        }
        scratch.singles.clear();
        scratch.singles.resize(task.flow.roles.len(), None);
        scratch.singles[role] = Some(anchor);
        scratch.trail.push(anchor);
        let list = task.graph.sent(anchor);
        for (position, (row, time, to)) in list.iter().enumerate() {
            if task.leads(0, 1, row) && task.owns(time) {
                let start = if self.is_bounded { time } else { Time(0) };
                scratch.arrivals.push(Arrival { to, position: place(list, position), time, start, ways: 1 });
            }
        }
        let ended = self.arrive(Place { step: 0, hop: 1, line: 0 }, 0, true, scratch, sink);
        scratch.trail.clear();
        scratch.arrivals.clear();
        ended
    }

    /// Lengthens a trail, whose last transfers are those from `first` to `end`, by each account that they lead to.
    fn leave(
        &self,
        place: Place,
        first: usize,
        end: usize,
        scratch: &mut Scratch,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        sink.go_on()?;
        let last_place = place.step + 1 == self.task.flow.steps.len() && place.hop == hops(self.task, place.step).1;
        if last_place {
            return self.finish(place, first, end, scratch, sink);
        }
        let base = scratch.arrivals.len();
        let look = scratch.look();
        let mut again = false;
        for last in first..end {
            let last = scratch.arrivals[last];
            self.each_next(place, last, |list, offset| {
                let to = list.others[offset];
                again |= std::mem::replace(&mut scratch.met[to.index()], look) == look;
                let (position, time) = (self::place(list, offset), list.times[offset]);
                scratch.arrivals.push(Arrival { to, position, time, ..last });
            });
        }
        let ended = self.arrive(place, base, again, scratch, sink);
        scratch.arrivals.truncate(base);
        ended
    }

    /// Visits every transfer that may stand at a place right after another.
    fn each_next(&self, place: Place, last: Arrival, mut visit: impl FnMut(List<'_>, usize)) {
        let Self { task, ways, .. } = self;
        let bit = 1u8.checked_shl(u32::try_from(place.step).unwrap_or(u32::MAX)).unwrap_or(0);
        let dead = self.dead.get(last.position as usize);
        if dead.is_some_and(|dead| dead.load(Ordering::Relaxed) & bit != 0) {
            return;
        }
        let delay = task.flow.steps[place.step].delay;
        let end = if self.is_bounded { last.start + task.flow.within } else { Time(i64::MAX) };
        let latest = last.time + delay.most;
        let list = task.graph.sent(last.to).between(last.time + delay.least, latest.min(end));
        let band = ways.after(place.step, ways.amount(last.position as usize));
        let mut found = false;
        for offset in 0..list.len() {
            if ways.is_in(&band, list.first + offset) && task.leads(place.step, place.hop, list.rows[offset]) {
                found = true;
                visit(list, offset);
            }
        }
        // What a place of a path lets through depends on the hop where places are known; else on the step alone.
        if let Some(dead) = dead.filter(|_| !found && latest <= end && !task.knows_places()) {
            dead.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Counts what may stand at the last place of the line.
    fn finish(
        &self,
        place: Place,
        first: usize,
        end: usize,
        scratch: &mut Scratch,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let look = scratch.look();
        let role = self.task.flow.steps[place.step].payee();
        let bound = scratch.singles[role];
        let (mut instances, mut bindings) = (0u128, 0u64);
        for last in first..end {
            let last = scratch.arrivals[last];
            let mut met = 0u64;
            self.each_next(place, last, |list, offset| {
                let to = list.others[offset];
                let fits = bound
                    .map_or_else(|| self.task.may_hold(role, to) && !scratch.trail.contains(&to), |bound| bound == to);
                met += u64::from(fits);
                let new = fits && std::mem::replace(&mut scratch.met[to.index()], look) != look;
                bindings += u64::from(new);
            });
            instances += u128::from(met) * last.ways;
        }
        if instances > 0 {
            sink.count(place.line + 1, instances, bindings);
        }
        ControlFlow::Continue(())
    }

    /// Goes on from each account that the arrivals from `base` on lead to; `again` says whether some lead to the same.
    fn arrive(
        &self,
        place: Place,
        base: usize,
        again: bool,
        scratch: &mut Scratch,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        if again {
            gather(&mut scratch.arrivals, base);
        }
        let mut first = base;
        let all = scratch.arrivals.len();
        while first < all {
            let to = scratch.arrivals[first].to;
            let more = scratch.arrivals[first..all].iter().take_while(|arrival| arrival.to == to).count();
            self.stand(place, first, first + more, scratch, sink)?;
            first += more;
        }
        ControlFlow::Continue(())
    }

    /// Stands at the account that some arrivals lead to: counts what ends there, and goes on from there.
    fn stand(
        &self,
        place: Place,
        first: usize,
        end: usize,
        scratch: &mut Scratch,
        sink: &mut Sink<'_>,
    ) -> ControlFlow<()> {
        let (task, to, line) = (self.task, scratch.arrivals[first].to, place.line + 1);
        let (least, most) = hops(task, place.step);
        let role = task.flow.steps[place.step].payee();
        let (bound, new) = (scratch.singles[role], !scratch.trail.contains(&to));
        let may_end = bound.map_or_else(|| new && task.may_hold(role, to), |account| account == to);
        if place.hop >= least && may_end {
            if place.step + 1 == task.flow.steps.len() {
                sink.count(line, scratch.arrivals[first..end].iter().map(|arrival| arrival.ways).sum(), 1);
            } else {
                scratch.singles[role] = Some(to);
                scratch.trail.push(to);
                self.leave(Place { step: place.step + 1, hop: 1, line }, first, end, scratch, sink)?;
                scratch.trail.pop();
                scratch.singles[role] = bound;
            }
        }
        if place.hop < most && new && task.may_pass(place.step, to) {
            scratch.trail.push(to);
            self.leave(Place { hop: place.hop + 1, line, ..place }, first, end, scratch, sink)?;
            scratch.trail.pop();
        }
        ControlFlow::Continue(())
    }
}

fn place(list: List<'_>, offset: usize) -> u32 {
    u32::try_from(list.first + offset).expect("rows are numbered with 32 bits")
}

/// Puts arrivals from `base` on together by account, and adds up the ways to come by one transfer.
fn gather(arrivals: &mut Vec<Arrival>, base: usize) {
    let key = |arrival: &Arrival| (arrival.to, arrival.position, arrival.start);
    arrivals[base..].sort_unstable_by_key(key);
    let mut kept = base;
    for next in base..arrivals.len() {
        if kept > base && key(&arrivals[kept - 1]) == key(&arrivals[next]) {
            arrivals[kept - 1].ways += arrivals[next].ways;
        } else {
            arrivals[kept] = arrivals[next];
            kept += 1;
        }
    }
    arrivals.truncate(kept);
}
