//! Counts paths account by account: transfers between the same accounts are counted together and not one by one.
//!
//! A trail is the line of accounts that a path visits, which is its binding. At its end stand the transfers that arrive
//! there, each with the number of ways to come by it. So a binding is counted where its trail ends, and its instances
//! are a sum.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{Step, StepId};

use super::super::graph::List;
use super::super::pool::Pool;
use super::super::task::{Task, hops};
use super::Sink;
use super::nexts::{Nexts, runs_after};
use super::number;
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
    let trails = Trails::new(task);
    move |anchor, sink| trails.with_scratch(|scratch| trails.begin(anchor, scratch, sink))
}

/// The flow, and what every search of it knows.
#[derive(Debug)]
struct Trails<'t> {
    task: &'t Task<'t>,
    ways: Ways<'t>,
    /// Whether the window can end a path that its delays let go on.
    is_bounded: bool,
    /// What may come next after each transfer, where that is little.
    nexts: Option<Nexts>,
    /// For each position of the lists, the steps in which nothing can come next, a bit each.
    dead: Vec<AtomicU8>,
    /// For each step, whether the lists hold nothing else than what it can use.
    whole: Vec<bool>,
    /// Whether any account may hold the last role.
    is_open: bool,
    /// For each position of the lists, those that may come next in the last step; nothing where the window matters, too, or
    /// where it is written down what comes next.
    runs: Vec<(u32, u32)>,
    /// For each position of the lists, the one before it of the same account's transfers to the same receiver, and one; or 0.
    /// Nothing where the last transfer of a path is asked for more than its time.
    earlier: Vec<u32>,
    pool: Pool<Scratch>,
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
        let ways = Ways::new(task);
        let nexts = Nexts::new(&ways);
        let count = if steps.len() <= 8 && nexts.is_none() { task.graph.len() } else { 0 };
        let whole = |step| !task.knows_places() && task.uses_all(step);
        let last = steps.len() - 1;
        let is_open = task.may_all_hold(steps[last].payee());
        let (is_bounded, nexts_known) = (Span(longest) > task.flow.within, nexts.is_some());
        let is_free = is_open && nexts.is_none() && steps[last].pass_through.is_none() && whole(last);
        Self {
            task,
            ways,
            nexts,
            is_open,
            runs: if nexts_known || is_bounded { Vec::new() } else { runs_after(task, steps[last].delay) },
            earlier: if is_free { earlier(task) } else { Vec::new() },
            is_bounded,
            dead: std::iter::repeat_with(AtomicU8::default).take(count).collect(),
            whole: (0..steps.len()).map(whole).collect(),
            pool: Pool::default(),
        }
    }

    fn with_scratch<R>(&self, work: impl FnOnce(&mut Scratch) -> R) -> R {
        self.pool.with(|| Scratch::new(self.task.ledger.accounts().len()), work)
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
        let start_of_line = Place { step: 0, hop: 1, line: 0 };
        for (offset, (row, time, to)) in list.iter().enumerate() {
            let position = number(list.first + offset);
            if self.leads(start_of_line, position, row) && task.owns(time) {
                let start = if self.is_bounded { time } else { Time(0) };
                scratch.arrivals.push(Arrival { to, position, time, start, ways: 1 });
            }
        }
        let ended = self.arrive(start_of_line, 0, true, scratch, sink);
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
        let (least, most) = hops(self.task, place.step);
        let may_end = place.step + 1 == self.task.flow.steps.len() && place.hop >= least;
        if may_end && (place.hop == most || self.nexts.is_some()) {
            self.finish(place, first, end, scratch, sink);
            if place.hop == most {
                return ControlFlow::Continue(());
            }
        }
        let base = scratch.arrivals.len();
        let look = scratch.look();
        let mut again = false;
        for last in first..end {
            let last = scratch.arrivals[last];
            self.each_next(place, last, false, |position, time, to| {
                again |= std::mem::replace(&mut scratch.met[to.index()], look) == look;
                scratch.arrivals.push(Arrival { to, position, time, ..last });
            });
        }
        let ended = self.arrive(place, base, again, scratch, sink);
        scratch.arrivals.truncate(base);
        ended
    }

    /// Whether a transfer may stand at a place, as far as is known of it alone.
    #[inline]
    fn leads(&self, place: Place, position: u32, row: RowId) -> bool {
        let least = hops(self.task, place.step).0;
        (self.whole[place.step] || self.task.leads(place.step, place.hop, row))
            && self.nexts.as_ref().is_none_or(|nexts| nexts.go_on_for(position, least.saturating_sub(place.hop)))
    }

    /// Visits every transfer that may stand at a place right after another: its position, time and receiver. Where it is
    /// written down what comes next, these are all that may be the last, or those after which another may come.
    #[inline]
    fn each_next(&self, place: Place, last: Arrival, to_end: bool, mut visit: impl FnMut(u32, Time, AccountId)) {
        let end = self.end(last);
        let Some(nexts) = &self.nexts else { return self.look_for_next(place, last, end, visit) };
        let more = hops(self.task, place.step).0.saturating_sub(place.hop);
        for &position in nexts.after(last.position, last.to).0 {
            let (time, to) = self.task.graph.sent_at(position);
            if time <= end && (to_end || nexts.go_on_for(position, more)) {
                visit(position, time, to);
            }
        }
    }

    /// The last moment of a path, as far as the window says.
    #[inline]
    fn end(&self, last: Arrival) -> Time {
        if self.is_bounded { last.start + self.task.flow.within } else { Time(i64::MAX) }
    }

    /// Which of the transfers that the receiver of another sends come after it in time, none of them after `end`.
    #[inline]
    fn run(&self, place: Place, last: Arrival, sent: List<'_>, end: Time) -> Range<usize> {
        let known = self.runs.get(last.position as usize).filter(|_| place.step + 1 == self.task.flow.steps.len());
        if let Some(&(begin, end)) = known {
            return begin as usize - sent.first..end as usize - sent.first;
        }
        let delay = self.task.flow.steps[place.step].delay;
        sent.within(last.time + delay.least, (last.time + delay.most).min(end))
    }

    /// The same where nothing is written down.
    #[inline]
    fn look_for_next(&self, place: Place, last: Arrival, end: Time, mut visit: impl FnMut(u32, Time, AccountId)) {
        let Self { task, ways, .. } = self;
        let bit = 1u8.checked_shl(u32::try_from(place.step).unwrap_or(u32::MAX)).unwrap_or(0);
        let dead = self.dead.get(last.position as usize);
        if dead.is_some_and(|dead| dead.load(Ordering::Relaxed) & bit != 0) {
            return;
        }
        let latest = last.time + task.flow.steps[place.step].delay.most;
        let sent = task.graph.sent(last.to);
        let list = sent.part(self.run(place, last, sent, end));
        let band = ways.after(place.step, ways.amount(last.position as usize));
        let mut found = false;
        for (offset, (row, time, to)) in list.iter().enumerate() {
            if ways.is_in(&band, list.first + offset)
                && (self.whole[place.step] || task.leads(place.step, place.hop, row))
            {
                found = true;
                visit(number(list.first + offset), time, to);
            }
        }
        // What a place of a path lets through depends on the hop where places are known; else on the step alone.
        if let Some(dead) = dead.filter(|_| !found && latest <= end && !task.knows_places()) {
            dead.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Counts what may stand at a place as the last transfer of all.
    fn finish(&self, place: Place, first: usize, end: usize, scratch: &mut Scratch, sink: &mut Sink<'_>) {
        let bound = scratch.singles[self.task.flow.steps[place.step].payee()];
        let at_once = bound.is_none().then(|| self.finish_run(place, first, end, scratch)).flatten();
        let (instances, bindings) = at_once.unwrap_or_else(|| self.finish_each(place, first, end, scratch));
        if instances > 0 {
            sink.count(place.line + 1, instances, bindings);
        }
    }

    /// How many instances and bindings end at a place: each transfer is looked at.
    fn finish_each(&self, place: Place, first: usize, end: usize, scratch: &mut Scratch) -> (u128, u64) {
        let role = self.task.flow.steps[place.step].payee();
        let (bound, look) = (scratch.singles[role], scratch.look());
        let (mut instances, mut bindings) = (0u128, 0u64);
        for last in first..end {
            let last = scratch.arrivals[last];
            let mut met = 0u64;
            self.each_next(place, last, true, |_, _, to| {
                let fits = bound
                    .map_or_else(|| self.task.may_hold(role, to) && !scratch.trail.contains(&to), |bound| bound == to);
                met += u64::from(fits);
                let new = fits && std::mem::replace(&mut scratch.met[to.index()], look) != look;
                bindings += u64::from(new);
            });
            instances += u128::from(met) * last.ways;
        }
        (instances, bindings)
    }

    /// The same where any account may be the last, and what comes next is written down for one transfer, or is a run of the
    /// list: then only those are taken away that lead back to the trail.
    fn finish_run(&self, place: Place, first: usize, end: usize, scratch: &Scratch) -> Option<(u128, u64)> {
        let arrivals = &scratch.arrivals[first..end];
        match (&self.nexts, arrivals) {
            (None, _) if !self.earlier.is_empty() => self.finish_timed(place, arrivals, &scratch.trail),
            (Some(nexts), [last]) if self.is_open && !self.is_bounded => {
                let (next, again) = nexts.after(last.position, last.to);
                // The last account of the trail pays; it is in none of its own transfers.
                let visited = &scratch.trail[..scratch.trail.len() - 1];
                let back = |&position: &u32| visited.contains(&self.task.graph.sent_to(position));
                let new = next.len() - count_of(next.iter().map(back));
                (!again).then_some((new as u128 * last.ways, new as u64))
            }
            _ => None,
        }
    }

    /// The same where only times are asked for. A receiver is new where the transfer to it before lies before the run.
    fn finish_timed(&self, place: Place, arrivals: &[Arrival], trail: &[AccountId]) -> Option<(u128, u64)> {
        let list = self.task.graph.sent(arrivals[0].to);
        let visited = &trail[..trail.len() - 1];
        let met = |others: &[AccountId]| -> usize {
            let to = |account: &AccountId| count_of(others.iter().map(|other| other == account));
            others.len() - visited.iter().map(to).sum::<usize>()
        };
        let mut run: Option<Range<usize>> = None;
        let mut instances = 0u128;
        for arrival in arrivals {
            let next = self.run(place, *arrival, list, self.end(*arrival));
            instances += met(&list.others[next.clone()]) as u128 * arrival.ways;
            run = match run {
                _ if next.is_empty() => run,
                Some(run) if next.start <= run.end && run.start <= next.end => {
                    Some(run.start.min(next.start)..run.end.max(next.end))
                }
                Some(_) => return None,
                None => Some(next),
            };
        }
        let Some(run) = run else { return Some((0, 0)) };
        let others = &list.others[run.clone()];
        let first = number(list.first + run.start);
        let earlier = &self.earlier[list.first + run.start..list.first + run.end];
        let new = count_of(earlier.iter().map(|&earlier| earlier <= first));
        let new_to = |account: &AccountId| {
            count_of(others.iter().zip(earlier).map(|(other, &earlier)| other == account && earlier <= first))
        };
        Some((instances, (new - visited.iter().map(new_to).sum::<usize>()) as u64))
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
            if sink.is_heavy() {
                return self.share(place, first, scratch, sink);
            }
            let to = scratch.arrivals[first].to;
            let more = scratch.arrivals[first..all].iter().take_while(|arrival| arrival.to == to).count();
            self.stand(place, first, first + more, scratch, sink)?;
            first += more;
        }
        ControlFlow::Continue(())
    }

    /// Goes on from the accounts that the arrivals from `first` on lead to, each in a part that any thread may take.
    fn share(&self, place: Place, first: usize, scratch: &Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let accounts: Vec<&[Arrival]> = scratch.arrivals[first..].chunk_by(|a, b| a.to == b.to).collect();
        sink.share(0..accounts.len(), |part, sink| {
            self.with_scratch(|own| {
                own.trail.extend_from_slice(&scratch.trail);
                own.singles.clone_from(&scratch.singles);
                own.arrivals.extend(accounts[part].iter().copied().flatten());
                let ended = self.arrive(place, 0, false, own, sink);
                own.trail.clear();
                own.arrivals.clear();
                ended
            })
        })
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
        let is_last = place.step + 1 == task.flow.steps.len();
        // Where it is written down what comes next, the last transfers were counted from the one before.
        if place.hop >= least && may_end && !(is_last && self.nexts.is_some()) {
            if is_last {
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

/// For each transfer sent, the one before it between the same two accounts: its position and one, or 0.
fn earlier(task: &Task<'_>) -> Vec<u32> {
    let mut last = vec![0u32; task.ledger.accounts().len()];
    let mut earlier = Vec::with_capacity(task.graph.len());
    for account in task.ledger.accounts().ids() {
        let list = task.graph.sent(account);
        add_earlier(list.first, list.others, &mut last, &mut earlier);
    }
    earlier
}

/// Adds for each account of a list whose positions begin with `first` where it stands the time before: its position and one, or
/// 0. `last` holds for each account where it stood last, in this list or in one before it, and one.
pub(super) fn add_earlier(first: usize, accounts: &[AccountId], last: &mut [u32], earlier: &mut Vec<u32>) {
    let first = number(first);
    let before = |(position, account): (u32, &AccountId)| {
        let before = std::mem::replace(&mut last[account.index()], position);
        if before > first { before } else { 0 }
    };
    earlier.extend((first + 1..).zip(accounts).map(before));
}

/// How many are true. There are fewer than 2^31, so that nothing wraps; a sum that is looked at for that costs ten times as much.
fn count_of(found: impl Iterator<Item = bool>) -> usize {
    found.fold(0u32, |count, found| count.wrapping_add(u32::from(found))) as usize
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
