//! Counts paths of two transfers at the account between them: while one goes through what the account receives, a window
//! slides along what it pays on, so that a hub costs what it has transfers and not what it has paths.

use std::ops::{ControlFlow, Range};

use crate::columns::{AccountId, RowId, Time};
use crate::lang::{Delay, StepId};

use super::super::graph::List;
use super::super::pool::Pool;
use super::super::present::Present;
use super::super::task::{Task, hops};
use super::Sink;
use super::nexts::runs;
use super::number;
use super::trails;

/// Whether the paths of a task can be counted so: each has two transfers, which only their times link.
pub(super) fn can_count(task: &Task<'_>) -> bool {
    trails::can_count(task) && Middle::of(task).is_some()
}

/// Counts the paths in whose middle a given account is.
pub(super) fn around<'t>(task: &'t Task<'t>) -> impl Fn(AccountId, &mut Sink<'_>) -> ControlFlow<()> + Sync + 't {
    let middle = Middle::of(task).expect("the paths of the task can be counted so");
    let pool = Pool::default();
    move |account, sink| {
        if !middle.may_stand(account) {
            return ControlFlow::Continue(());
        }
        pool.with(|| Scratch::new(task.ledger.accounts().len()), |scratch| middle.count(account, scratch, sink))
    }
}

/// What every search knows.
#[derive(Debug)]
struct Middle<'t> {
    task: &'t Task<'t>,
    places: [Place; 2],
    delay: Delay,
}

/// A hop, from 1, of a step.
#[derive(Clone, Copy, Debug)]
struct Place {
    step: StepId,
    hop: u32,
    /// Whether every transfer of the lists may stand here.
    whole: bool,
}

/// Transfers as the account between sees them: their times, and the accounts at their other ends.
#[derive(Debug, Default)]
struct Ends {
    times: Vec<Time>,
    others: Vec<AccountId>,
}

/// An account that pays, and where what is paid on after that lies: a run, and others before it.
#[derive(Clone, Debug)]
struct Payer {
    account: AccountId,
    run: Range<usize>,
    /// The others, which nothing joins with this one, by number and one; or 0.
    others: usize,
    /// How many accounts are paid on after its first payment; nothing where there are more payments.
    paid_on: Option<usize>,
}

/// The accounts that pay the one in the middle, as far as something is paid on after that.
#[derive(Debug)]
struct Payers {
    all: Vec<Payer>,
    /// Their other runs, each with the number of the one before it, and one; or 0.
    others: Vec<(Range<usize>, usize)>,
    /// For each account its number among the payers, and one; or 0.
    numbers: Vec<u32>,
}

impl Payers {
    /// An account pays; what is paid on after that is a run in which `paid_on` accounts are paid. Runs come in time.
    #[inline]
    fn pay(&mut self, account: AccountId, run: Range<usize>, paid_on: usize) {
        let number_of = &mut self.numbers[account.index()];
        let Some(known) = number_of.checked_sub(1) else {
            self.all.push(Payer { account, run, others: 0, paid_on: Some(paid_on) });
            *number_of = number(self.all.len());
            return;
        };
        let payer = &mut self.all[known as usize];
        payer.paid_on = None;
        if run.start > payer.run.end {
            self.others.push((std::mem::replace(&mut payer.run, run), payer.others));
            payer.others = self.others.len();
        } else {
            payer.run.end = run.end;
        }
    }

    /// The runs of one of them.
    fn runs(&self, payer: &Payer) -> impl Iterator<Item = Range<usize>> {
        let other = |number: usize| number.checked_sub(1).map(|place| &self.others[place]);
        let others = std::iter::successors(other(payer.others), move |(_, before)| other(*before));
        std::iter::once(payer.run.clone()).chain(others.map(|(run, _)| run.clone()))
    }

    fn clear(&mut self) {
        self.all.iter().for_each(|payer| self.numbers[payer.account.index()] = 0);
        self.all.clear();
        self.others.clear();
    }
}

#[derive(Debug)]
struct Scratch {
    coming: Ends,
    going: Ends,
    /// For each of those going, the place of the one before it to the same account, and one; or 0.
    earlier: Vec<u32>,
    present: Present,
    payers: Payers,
    /// For each account where it is paid last, and one; or 0.
    last: Vec<u32>,
}

impl<'t> Middle<'t> {
    fn of(task: &'t Task<'t>) -> Option<Self> {
        let steps = &task.flow.steps;
        let fixed = (0..steps.len()).map(|step| hops(task, step)).all(|(least, most)| least == most);
        let whole = |step| !task.knows_places() && task.uses_all(step);
        let hops_of = |step: StepId| (1..=hops(task, step).1).map(move |hop| Place { step, hop, whole: whole(step) });
        let places: Vec<Place> = (0..steps.len()).flat_map(hops_of).take(3).collect();
        let places: [Place; 2] = places.try_into().ok().filter(|_| fixed)?;
        let last = &steps[places[1].step];
        let timed = last.pass_through.is_none() && last.delay.most <= task.flow.within;
        (timed && last.payee() != steps[0].payer()).then_some(Self { task, places, delay: last.delay })
    }

    /// Whether an account may be between the two transfers.
    fn may_stand(&self, account: AccountId) -> bool {
        let (task, [before, after]) = (self.task, self.places);
        let may_stand = if before.step == after.step {
            task.may_pass(before.step, account)
        } else {
            task.may_hold(task.flow.steps[before.step].payee(), account)
        };
        may_stand && task.graph.received(account).len() > 0 && task.graph.sent(account).len() > 0
    }

    fn fill(&self, place: Place, list: List<'_>, fits: impl Fn(Time, AccountId) -> bool, ends: &mut Ends) {
        let leads = |row: RowId| place.whole || self.task.leads(place.step, place.hop, row);
        let kept = list.iter().filter(|&(row, time, other)| leads(row) && fits(time, other));
        ends.times.clear();
        ends.others.clear();
        for (_, time, other) in kept {
            ends.times.push(time);
            ends.others.push(other);
        }
    }

    fn count(&self, account: AccountId, scratch: &mut Scratch, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (task, [before, after]) = (self.task, self.places);
        let [first, last] = [task.flow.steps[before.step].payer(), task.flow.steps[after.step].payee()];
        let begins = |time, account| task.owns(time) && task.may_hold(first, account);
        self.fill(before, task.graph.received(account), begins, &mut scratch.coming);
        self.fill(after, task.graph.sent(account), |_, account| task.may_hold(last, account), &mut scratch.going);
        if scratch.coming.times.is_empty() || scratch.going.times.is_empty() {
            return ControlFlow::Continue(());
        }
        let slid = scratch.slide(self.delay, sink);
        let counted = if slid.is_break() { slid } else { scratch.count_again(sink) };
        scratch.payers.clear();
        counted
    }
}

/// Transfers looked at that cost as much as a try.
const LOOKS: usize = 64;

impl Scratch {
    fn new(accounts: usize) -> Self {
        Self {
            coming: Ends::default(),
            going: Ends::default(),
            earlier: Vec::new(),
            present: Present::none_of(accounts),
            payers: Payers { all: Vec::new(), others: Vec::new(), numbers: vec![0; accounts] },
            last: vec![0; accounts],
        }
    }

    /// Counts the paths, and the bindings of the accounts that pay once.
    fn slide(&mut self, delay: Delay, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Self { coming, going, present, payers, .. } = self;
        let (mut run, mut paths) = (0..0, 0);
        let mut ended = ControlFlow::Continue(());
        for (next, &payer) in runs(delay, &coming.times, &going.times).zip(&coming.others) {
            going.others[run.end..next.end].iter().for_each(|account| present.enter(account.index()));
            going.others[run.start..next.start].iter().for_each(|account| present.leave(account.index()));
            run = next;
            if !run.is_empty() {
                let back = present.transfers_of(payer.index());
                paths += (run.len() - back) as u128;
                payers.pay(payer, run.clone(), present.members() - usize::from(back > 0));
            }
            ended = sink.go_on();
            if ended.is_break() {
                break;
            }
        }
        going.others[run].iter().for_each(|account| present.leave(account.index()));
        let bindings: usize = payers.all.iter().filter_map(|payer| payer.paid_on).sum();
        if paths > 0 {
            sink.count(2, paths, bindings as u64);
        }
        ended
    }

    /// Counts the bindings of the accounts that pay several times.
    fn count_again(&mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let Self { going, earlier, payers, last, .. } = self;
        let several: Vec<&Payer> = payers.all.iter().filter(|payer| payer.paid_on.is_none()).collect();
        if several.is_empty() {
            return ControlFlow::Continue(());
        }
        let going = going.others.as_slice();
        earlier.clear();
        trails::add_earlier(0, going, last, earlier);
        for account in going {
            last[account.index()] = 0;
        }
        let (earlier, payers) = (&*earlier, &*payers);
        sink.each(0..several.len(), last, &|marks, place, sink| {
            let payer = several[place];
            let (looks, paid_on) = if payer.others == 0 {
                (payer.run.len(), paid_on_in(payer, going, earlier))
            } else {
                paid_on_in_all(payer, payers, going, marks)
            };
            sink.count(2, 0, paid_on as u64);
            sink.work_on(1 + u32::try_from(looks / LOOKS).unwrap_or(u32::MAX / 2))
        })
    }
}

/// How many accounts are paid in the one run of a payer, itself left out: there an account is new where the transfer to it
/// before lies before the run.
fn paid_on_in(payer: &Payer, going: &[AccountId], earlier: &[u32]) -> usize {
    let first = number(payer.run.start);
    let ends = earlier[payer.run.clone()].iter().zip(&going[payer.run.clone()]);
    ends.map(|(&earlier, &account)| usize::from(earlier <= first && account != payer.account)).sum()
}

/// The same in all of its runs, and how many transfers were looked at; `marks` are left as they were found.
fn paid_on_in_all(payer: &Payer, payers: &Payers, going: &[AccountId], marks: &mut [u32]) -> (usize, usize) {
    let (mut looks, mut paid_on) = (0, 0);
    let ends = || payers.runs(payer).flat_map(|run| &going[run]);
    for &account in ends() {
        looks += 1;
        let new = std::mem::replace(&mut marks[account.index()], 1) == 0;
        paid_on += usize::from(new && account != payer.account);
    }
    ends().for_each(|account| marks[account.index()] = 0);
    (looks, paid_on)
}
