//! Transfers that can be on a round trip, as far as their neighbours in time say.
//!
//! On a trip each transfer comes after one that paid its payer and before one by which its payee pays on; only at the
//! account where the trip begins and ends is that the other way about. A transfer beside which none of these is near enough
//! in time is on no trip, and neither is one beside which only such transfers are. What is deleted is in no instance; what
//! is left may still fail as a whole, and is searched.

use crate::columns::{RowId, Span, Time};
use crate::lang::RoleId;

use super::mask::Mask;
use super::task::Task;

/// What is left of the transfers of a path that comes back to where it began.
pub(super) fn narrowed(task: &Task<'_>) -> Mask {
    let mut sweep = Sweep::new(task);
    loop {
        let before = sweep.left.len();
        sweep.there_and_back();
        let deleted = before - sweep.left.len();
        if deleted <= before / FEW {
            return Mask::of(task.ledger.len(), &[sweep.left]);
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
        ON_TRIP.wrapping_shr(near.into()) & 1 == 1
    }

    /// One bit for everything that can be near.
    const ON_TRIP: u16 = {
        const MIDDLE: u8 = CAME_BEFORE | GOES_AFTER;
        let (mut on_trip, mut near) = (0, 0u8);
        while near <= BEFORE | AFTER {
            if near & MIDDLE == MIDDLE || near & BEFORE == BEFORE || near & AFTER == AFTER {
                on_trip |= 1 << near;
            }
            near += 1;
        }
        on_trip
    };
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
    /// In time.
    left: Vec<RowId>,
    /// By row, what was near it when it was looked at last.
    near: Vec<u8>,
    /// By account.
    last: Vec<Last>,
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
        let (from, to) = if BACK { (time, self.last) } else { (self.first, time) };
        // No longer than the ledger, which fits.
        self.begin + narrow(to.0.wrapping_sub(from.0).cast_unsigned() >> self.shift)
    }
}

fn narrow(units: u64) -> u32 {
    u32::try_from(units).expect("units are as long as that asks")
}

impl<'t> Sweep<'t> {
    fn new(task: &'t Task<'t>) -> Self {
        let step = &task.flow.steps[0];
        Self {
            task,
            clock: Clock::new(task),
            origin: step.payer(),
            open: task.may_all_be_on_trips(),
            ties: step.delay.least <= Span(0),
            left: task.admitted(0).positions().map(RowId::at).collect(),
            near: vec![near::AFTER; task.ledger.len()],
            last: vec![Last::default(); task.ledger.accounts().len()],
        }
    }

    fn there_and_back(&mut self) {
        let mut left = std::mem::take(&mut self.left);
        if self.ties {
            self.keep::<false, true>(&mut left);
            left.reverse();
            self.keep::<true, true>(&mut left);
        } else {
            self.keep::<false, false>(&mut left);
            left.reverse();
            self.keep::<true, false>(&mut left);
        }
        left.reverse();
        self.left = left;
    }

    /// Looks at transfers one after another, with time or back, and keeps those that are left.
    ///
    /// Where transfers of one time may follow each other, each sees all of them; where none may, it does no harm that one sees
    /// those which it is met after.
    fn keep<const BACK: bool, const TIES: bool>(&mut self, rows: &mut Vec<RowId>) {
        let Self { task, clock, origin, open, .. } = *self;
        let (senders, receivers, times) = (task.ledger.senders(), task.ledger.receivers(), task.ledger.times());
        let (near, last) = (self.near.as_mut_slice(), self.last.as_mut_slice());
        let look = |row: RowId| {
            let (payer, payee) = (senders[row.index()], receivers[row.index()]);
            (payer, payee, clock.at::<BACK>(times[row.index()]))
        };
        // Where it is the first of a trip it is its last that pays its payer, and where it is the last, its first.
        let (most_came, most_went) = if BACK { (clock.within, clock.follows) } else { (clock.follows, clock.within) };
        let (mut kept, mut noted) = (0, 0);
        for place in 0..rows.len() {
            let row = rows[place];
            let (payer, payee, now) = look(row);
            while TIES && noted < rows.len() {
                let (payer, payee, then) = look(rows[noted]);
                if then > now {
                    break;
                }
                (last[payer.index()].went, last[payee.index()].came) = (then, then);
                noted += 1;
            }
            let (came, went) = (last[payer.index()].came, last[payee.index()].went);
            let (mut came, mut went) = (came + most_came >= now, went + most_went >= now);
            if !open {
                let may_turn = |account| task.may_hold(origin, account);
                let may_pass = |account| task.may_pass(0, account);
                came &= if BACK { may_turn(payer) } else { may_pass(payer) };
                went &= if BACK { may_pass(payee) } else { may_turn(payee) };
            }
            let seen = if BACK { near::after(came, went) } else { near::before(came, went) };
            let known = &mut near[row.index()];
            *known = (*known & if BACK { near::BEFORE } else { near::AFTER }) | seen;
            let is_left = near::may_be_on_trip(*known);
            if !TIES {
                // Written in any case: whether it is left cannot be foreseen.
                let (went, came) = (last[payer.index()].went, last[payee.index()].came);
                last[payer.index()].went = if is_left { now } else { went };
                last[payee.index()].came = if is_left { now } else { came };
            }
            rows[kept] = row;
            kept += usize::from(is_left);
        }
        last.fill(Last::default());
        rows.truncate(kept);
    }
}
