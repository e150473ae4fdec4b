//! What may come next after each transfer of a path, where amounts leave so little of it that it can be written down.
//!
//! Every path that comes by a transfer goes on with the same ones. So what follows is looked for once, and not once for
//! each path: at a hub, where thousands of transfers come after each other in time and few in amount, that is the cost.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::columns::{AccountId, RowId, Time};
use crate::lang::Delay;

use super::super::graph::{List, ahead};
use super::super::pool::Pool;
use super::super::task::{Task, hops};
use super::number;
use super::ways::Ways;

/// Followers of each transfer of a flow of one path. Transfers are named by their positions in the lists of those sent.
#[derive(Debug)]
pub(super) struct Nexts {
    /// For each transfer, its position in the lists of those received.
    landings: Vec<u32>,
    chunks: Vec<Chunk>,
    /// How many transfers may follow each, one after another: one at least, and as far as the least number of hops.
    depths: Vec<u8>,
}

/// The followers of what some accounts receive.
#[derive(Debug)]
struct Chunk {
    /// The position of the first transfer in the lists of those received.
    first: usize,
    /// For each transfer, where its followers end.
    ends: Vec<u32>,
    /// For each transfer, whether two of its followers reach the same account.
    again: Vec<bool>,
    followers: Vec<u32>,
}

/// Accounts around which one thread looks in a row.
const ACCOUNTS: usize = 1 << 10;

/// Followers of one transfer on average, more of which are not written down: 128 bytes a transfer.
const MOST_FOLLOWERS: usize = 32;

/// Followers of all transfers, more of which are not written down: a gigabyte.
const MOST_OF_ALL: usize = 1 << 28;

impl Nexts {
    /// The followers of all transfers, where amounts are asked for and few follow.
    pub(super) fn new(ways: &Ways<'_>) -> Option<Self> {
        let task = ways.task;
        let [step] = task.flow.steps.as_slice() else { return None };
        let deepest = u8::try_from(hops(task, 0).0 - 1).ok()?;
        if deepest == 0 || step.pass_through.is_none() || task.knows_places() {
            return None;
        }
        let accounts: Vec<AccountId> = task.ledger.accounts().ids().collect();
        let most = MOST_FOLLOWERS.saturating_mul(task.graph.len()).min(MOST_OF_ALL);
        let (all, pool, narrow) = (AtomicUsize::new(0), Pool::default(), ways.narrow());
        let find = |accounts: &[AccountId]| {
            if all.load(Ordering::Relaxed) > most {
                return None;
            }
            let met = || vec![u32::MAX; task.ledger.accounts().len()];
            let chunk = pool.with(met, |met| Chunk::new(ways, &narrow, accounts, met));
            let before = all.fetch_add(chunk.followers.len(), Ordering::Relaxed);
            (before + chunk.followers.len() <= most).then_some(chunk)
        };
        let chunks: Vec<Chunk> = accounts.par_chunks(ACCOUNTS).map(find).collect::<Option<_>>()?;
        let landings = places_among(task, task.graph.all_sent(), task.graph.all_received());
        let mut nexts = Self { landings, chunks, depths: vec![0; task.graph.len()] };
        (1..=deepest).for_each(|depth| nexts.deepen(task, depth));
        Some(nexts)
    }

    /// Marks the transfers after which so many may follow, given those after which one less may.
    fn deepen(&mut self, task: &Task<'_>, depth: u8) {
        let reaches = |&follower: &u32| self.depths[follower as usize] + 1 >= depth;
        let marks = |chunk: &Chunk| -> Vec<bool> {
            (0..chunk.ends.len()).map(|place| chunk.followers(place).iter().any(reaches)).collect()
        };
        let marks: Vec<bool> = self.chunks.par_iter().flat_map_iter(marks).collect();
        debug_assert_eq!(marks.len(), task.graph.len(), "every transfer is received by somebody");
        for (old, &landing) in self.depths.iter_mut().zip(&self.landings) {
            *old += u8::from(*old + 1 == depth && marks[landing as usize]);
        }
    }

    /// Whether so many transfers may follow one after another, of which one at least is asked for.
    #[inline]
    pub(super) fn go_on_for(&self, position: u32, transfers: u32) -> bool {
        u32::from(self.depths[position as usize]) >= transfers.max(1)
    }

    /// The transfers that may come next after one that reaches an account, in time, and whether two of them reach the same
    /// account.
    #[inline]
    pub(super) fn after(&self, position: u32, to: AccountId) -> (&[u32], bool) {
        let chunk = &self.chunks[to.index() / ACCOUNTS];
        let place = self.landings[position as usize] as usize - chunk.first;
        (chunk.followers(place), chunk.again[place])
    }
}

impl Chunk {
    /// Looks for them; `met` holds nothing that is asked for.
    fn new(ways: &Ways<'_>, narrow: &[i32], accounts: &[AccountId], met: &mut [u32]) -> Self {
        let task = ways.task;
        let list = |account: Option<&AccountId>| account.map(|&account| task.graph.received(account));
        let first = list(accounts.first()).map_or(0, |list| list.first);
        let end = list(accounts.last()).map_or(0, |list| list.first + list.len());
        // Taken together, since each lies somewhere else in memory.
        let wholes: Vec<i64> = task.graph.all_received()[first..end].iter().map(|&row| ways.weight(row)).collect();
        let (mut ends, mut again, mut followers) = (Vec::new(), Vec::new(), Vec::new());
        let delay = task.flow.steps[0].delay;
        let mixed = !task.uses_all(0);
        for &account in accounts {
            let (received, sent) = (task.graph.received(account), task.graph.sent(account));
            for (row, run) in received.rows.iter().zip(runs_of(delay, received, sent)) {
                let whole = wholes[ends.len()];
                let known = followers.len();
                if !run.is_empty() {
                    ways.add_in_band(narrow, whole, run, &mut followers);
                    if mixed {
                        keep_from(known, &mut followers, |place| {
                            task.is_admitted(0, sent.rows[place as usize - sent.first])
                        });
                    }
                }
                let twice = |&place: &u32| {
                    let other = sent.others[place as usize - sent.first];
                    std::mem::replace(&mut met[other.index()], row.0) == row.0
                };
                let new = &followers[known..];
                again.push(new.len() > 1 && new.iter().map(twice).fold(false, |any, twice| any | twice));
                ends.push(number(followers.len()));
            }
        }
        followers.shrink_to_fit();
        Self { first, ends, again, followers }
    }

    #[inline]
    fn followers(&self, place: usize) -> &[u32] {
        let begin = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.followers[begin..self.ends[place] as usize]
    }
}

/// Keeps of what stands from a position on what passes.
fn keep_from(position: usize, values: &mut Vec<u32>, passes: impl Fn(u32) -> bool) {
    let mut kept = position;
    for place in position..values.len() {
        values[kept] = values[place];
        kept += usize::from(passes(values[place]));
    }
    values.truncate(kept);
}

/// For each transfer sent, the positions of those sent that may come after it, as a delay says: a run of the receiver's.
pub(super) fn runs_after(task: &Task<'_>, delay: Delay) -> Vec<(u32, u32)> {
    let accounts: Vec<AccountId> = task.ledger.accounts().ids().collect();
    let found = |accounts: &[AccountId]| -> Vec<(u32, u32)> {
        let around = |&account: &AccountId| runs_of(delay, task.graph.received(account), task.graph.sent(account));
        accounts.iter().flat_map(around).map(|run| (number(run.start), number(run.end))).collect()
    };
    let chunks: Vec<Vec<(u32, u32)>> = accounts.par_chunks(ACCOUNTS).map(found).collect();
    let (by_landing, graph) = (chunks.concat(), &task.graph);
    let landings = places_among(task, graph.all_sent(), graph.all_received());
    landings.par_iter().map(|&landing| by_landing[landing as usize]).collect()
}

/// For each transfer that an account receives, the positions of those it sends that may come after it.
fn runs_of<'l>(delay: Delay, received: List<'l>, sent: List<'l>) -> impl Iterator<Item = Range<usize>> + 'l {
    runs(delay, received.times, sent.times).map(move |run| sent.first + run.start..sent.first + run.end)
}

/// For each of some times, which of others come after it as a delay says. Both ends of these runs only move forward.
pub(super) fn runs<'l>(
    delay: Delay,
    times: &'l [Time],
    others: &'l [Time],
) -> impl Iterator<Item = Range<usize>> + use<'l> {
    let (mut begin, mut end) = (0, 0);
    times.iter().map(move |&time| {
        begin += ahead(&others[begin..], |other| other < time + delay.least);
        end = end.max(begin);
        end += ahead(&others[end..], |other| other <= time + delay.most);
        begin..end
    })
}

/// Where each of some transfers stands among the same ones in another order.
fn places_among(task: &Task<'_>, transfers: &[RowId], others: &[RowId]) -> Vec<u32> {
    let mut of_rows = vec![0; task.ledger.len()];
    for (position, row) in others.iter().enumerate() {
        of_rows[row.index()] = number(position);
    }
    transfers.iter().map(|row| of_rows[row.index()]).collect()
}
