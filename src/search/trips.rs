//! Transfers that can be on a round trip, as far as their neighbours in time say.
//!
//! On a trip each transfer comes after one that paid its payer and before one by which its payee pays on; only at the
//! account where the trip begins and ends is that the other way about. A transfer beside which none of these is near enough
//! in time is on no trip, and neither is one beside which only such transfers are. What is deleted is in no instance; what
//! is left may still fail as a whole, and is searched.

use crate::columns::{Span, Time};
use crate::lang::RoleId;

use super::mask::Mask;
use super::task::Task;

/// What is left of the transfers of a path that comes back to where it began.
pub(super) fn narrowed(task: &Task<'_>) -> Mask {
    let mut sweep = Sweep::new(task);
    loop {
        let before = sweep.left.count();
        sweep.there_and_back();
        let deleted = before - sweep.left.count();
        if deleted <= before / FEW {
            return sweep.left;
        }
    }
}

/// Where no more than one of so many is deleted, what is left is searched.
const FEW: usize = 16;

/// What is near a transfer in time.
mod near {
    /// Somebody paid its payer before.
    const CAME_BEFORE: u8 = 1;
    /// Its payee paid somebody before, as where it is the last of a trip.
    const WENT_BEFORE: u8 = 2;
    /// Somebody pays its payer after, as where it is the first of a trip.
    const COMES_AFTER: u8 = 4;
    /// Its payee pays somebody after.
    const GOES_AFTER: u8 = 8;

    pub(super) const BEFORE: u8 = CAME_BEFORE | WENT_BEFORE;
    pub(super) const AFTER: u8 = COMES_AFTER | GOES_AFTER;

    #[inline]
    pub(super) fn before(came: bool, went: bool) -> u8 {
        (CAME_BEFORE * u8::from(came)) | (WENT_BEFORE * u8::from(went))
    }

    #[inline]
    pub(super) fn after(comes: bool, goes: bool) -> u8 {
        (COMES_AFTER * u8::from(comes)) | (GOES_AFTER * u8::from(goes))
    }

    /// Whether a transfer may be in the middle of a trip, the last or the first of one.
    #[inline]
    pub(super) fn may_be_on_trip(near: u8) -> bool {
        const MIDDLE: u8 = CAME_BEFORE | GOES_AFTER;
        near & MIDDLE == MIDDLE || near & BEFORE == BEFORE || near & AFTER == AFTER
    }
}

/// Goes through what is left, with time and against it, and deletes on the way.
struct Sweep<'t> {
    task: &'t Task<'t>,
    clock: Clock,
    /// The role of the account where a trip begins and ends.
    origin: RoleId,
    /// Whether any account may stand anywhere on a trip.
    open: bool,
    /// Whether transfers of one time may follow each other.
    ties: bool,
    left: Mask,
    /// By row, what was near it when it was looked at last; nothing where it is deleted.
    near: Vec<u8>,
    /// By account.
    last: Vec<Last>,
    noted: Option<Time>,
}

/// When an account was paid for the last time, and when it paid, as a sweep counts time.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    came: u32,
    went: u32,
}

/// Time in units so long that the time of a ledger fits in four bytes, from its first transfer on or back from its last one.
/// Lengths are rounded up, so that what is near is taken for near.
#[derive(Clone, Copy, Debug)]
struct Clock {
    first: Time,
    last: Time,
    shift: u32,
    /// The time at which it begins to count: nothing that was never is near.
    begin: u32,
    /// How long after a transfer the next may come.
    follows: u32,
    within: u32,
}

impl Clock {
    fn new(task: &Task<'_>) -> Self {
        let times = task.ledger.times();
        let (first, last) = (times.first().copied().unwrap_or(Time(0)), times.last().copied().unwrap_or(Time(0)));
        let length = last.0.abs_diff(first.0);
        // A window as long as the ledger is as good as a longer one.
        let units = |span: Span, shift: u32| narrow((span.0.unsigned_abs().min(length) >> shift) + 1);
        let shift =
            (0..u64::BITS).find(|shift| length >> shift < u64::from(u32::MAX) / 4).expect("some shift leaves nothing");
        let within = task.flow.within;
        let (follows, within) = (units(within.min(task.flow.steps[0].delay.most), shift), units(within, shift));
        Self { first, last, shift, begin: within + 1, follows, within }
    }

    #[inline]
    fn at<const BACK: bool>(self, time: Time) -> u32 {
        let since = if BACK { self.last.0.abs_diff(time.0) } else { time.0.abs_diff(self.first.0) };
        self.begin + narrow(since >> self.shift)
    }
}

fn narrow(units: u64) -> u32 {
    u32::try_from(units).expect("units are as long as that asks")
}

impl<'t> Sweep<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let step = &task.flow.steps[0];
        let left = task.admitted(0).clone();
        let mut near = vec![0; task.ledger.len()];
        left.positions().for_each(|row| near[row] = near::AFTER);
        Self {
            task,
            clock: Clock::new(task),
            origin: step.payer(),
            open: task.may_all_hold(step.payer()) && task.may_all_pass(0),
            ties: step.delay.least <= Span(0),
            left,
            near,
            last: vec![Last::default(); task.ledger.accounts().len()],
            noted: None,
        }
    }

    fn there_and_back(&mut self) {
        let mut left = std::mem::replace(&mut self.left, Mask::none(0));
        left.keep(|row| self.visit::<false>(row));
        self.end();
        left.keep_back(|row| self.visit::<true>(row));
        self.end();
        self.left = left;
    }

    fn end(&mut self) {
        self.last.fill(Last::default());
        self.noted = None;
    }

    /// Looks at a transfer and says whether it is left. It sees all others of its own time where one may follow the other; where
    /// none may, it does no harm that it sees those which it is met after.
    #[inline]
    fn visit<const BACK: bool>(&mut self, row: usize) -> bool {
        if self.ties {
            self.note_time::<BACK>(row);
            return self.look_at::<BACK>(row);
        }
        let is_left = self.look_at::<BACK>(row);
        self.note::<BACK>(row, is_left);
        is_left
    }

    /// Notes all transfers of a time when the first of them is met.
    fn note_time<const BACK: bool>(&mut self, row: usize) {
        let times = self.task.ledger.times();
        if self.noted.replace(times[row]) == Some(times[row]) {
            return;
        }
        let mut next = Some(row);
        while let Some(row) = next.filter(|&other| times.get(other) == Some(&times[row])) {
            self.note::<BACK>(row, self.near[row] != 0);
            next = if BACK { row.checked_sub(1) } else { Some(row + 1) };
        }
    }

    /// Sees what is near a transfer on one side of it, and says whether it may be on a trip.
    #[inline]
    fn look_at<const BACK: bool>(&mut self, row: usize) -> bool {
        let (ledger, clock) = (self.task.ledger, self.clock);
        let (payer, payee) = (ledger.senders()[row], ledger.receivers()[row]);
        let now = clock.at::<BACK>(ledger.times()[row]);
        let (came, went) = (self.last[payer.index()].came, self.last[payee.index()].went);
        // Where it is the first of a trip it is its last that pays its payer, and where it is the last, its first.
        let (most_came, most_went) = if BACK { (clock.within, clock.follows) } else { (clock.follows, clock.within) };
        let (mut came, mut went) = (came + most_came >= now, went + most_went >= now);
        if !self.open {
            let may_turn = |account| self.task.may_hold(self.origin, account);
            let may_pass = |account| self.task.may_pass(0, account);
            came &= if BACK { may_turn(payer) } else { may_pass(payer) };
            went &= if BACK { may_pass(payee) } else { may_turn(payee) };
        }
        let seen = if BACK { near::after(came, went) } else { near::before(came, went) };
        let known = self.near[row] & if BACK { near::BEFORE } else { near::AFTER };
        let is_left = near::may_be_on_trip(known | seen);
        self.near[row] = if is_left { known | seen } else { 0 };
        is_left
    }

    #[inline]
    fn note<const BACK: bool>(&mut self, row: usize, is_left: bool) {
        let ledger = self.task.ledger;
        let now = self.clock.at::<BACK>(ledger.times()[row]);
        // Written in any case: whether it is left cannot be foreseen.
        let went = &mut self.last[ledger.senders()[row].index()].went;
        *went = if is_left { now } else { *went };
        let came = &mut self.last[ledger.receivers()[row].index()].came;
        *came = if is_left { now } else { *came };
    }
}
