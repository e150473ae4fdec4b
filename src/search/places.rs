//! Transfers that lead from one end of a line of single transfers to the other, as far as pairs of neighbours can say.
//!
//! Each transfer has a set of places: the steps and hops of the line at which it may stand. A place stays as long as
//! some transfer can come right before it and some can come right after it, in time and in amount. What is deleted is
//! in no instance; what is left may still fail as a whole, and is walked.

use crate::columns::{AccountId, RowId, Span, Time};
use crate::lang::{RatioRange, StepId};

use super::graph::Graph;
use super::mask::{Mask, Ranked};
use super::task::{Task, hops};

/// Neighbours that are looked at one by one; where there are more, one of them is taken to fit.
const MOST_NEIGHBOURS: usize = 64;

/// The places of the line at which each transfer may stand.
#[derive(Debug)]
pub(super) struct Reach {
    /// For each step, the bit of its first hop.
    first: Vec<u32>,
    /// Transfers that may stand anywhere, and their places in row order.
    alive: Ranked,
    places: Vec<u64>,
}

/// One step of the line, its hops as bits.
#[derive(Debug)]
struct Part {
    /// All hops.
    all: u64,
    /// The first hop.
    first: u64,
    /// Hops that may be the last.
    last: u64,
    /// Hops that may be followed by another.
    more: u64,
    least: Span,
    most: Span,
    ratio: Option<RatioRange>,
}

impl Reach {
    /// The places of all transfers that a task scans.
    pub(super) fn new(task: &Task<'_>, graph: &Graph, scanned: &Mask) -> Self {
        let (parts, first) = parts(task);
        let rows: Vec<RowId> = scanned.positions().map(|row| RowId(row.try_into().expect("32 bits"))).collect();
        let mut sweep =
            Sweep { task, graph, parts: &parts, alive: Ranked::of(scanned.clone()), places: vec![0; rows.len()] };
        sweep.forward(&rows);
        sweep.backward(&rows);
        let Sweep { alive, mut places, .. } = sweep;
        let live = alive.mask().filtered(|row| places[alive.place(row)] != 0);
        places.retain(|places| *places != 0);
        Self { first, places, alive: Ranked::of(live) }
    }

    /// Whether a transfer may be a certain hop (from 1) of a step.
    #[inline]
    pub(super) fn is_at(&self, step: StepId, hop: u32, row: RowId) -> bool {
        self.alive.mask().get(row.index())
            && self.places[self.alive.place(row.index())] >> (self.first[step] + hop - 1) & 1 == 1
    }

    /// The transfers that are left.
    pub(super) fn alive(&self) -> &Mask {
        self.alive.mask()
    }

    /// How many transfers are left for a step.
    pub(super) fn count(&self, step: StepId, hops: u32) -> usize {
        let bits = bits(hops) << self.first[step];
        self.places.iter().filter(|places| **places & bits != 0).count()
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.alive.bytes() + 8 * self.places.len()
    }
}

fn bits(count: u32) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

fn parts(task: &Task<'_>) -> (Vec<Part>, Vec<u32>) {
    let (mut parts, mut firsts, mut next) = (Vec::new(), Vec::new(), 0);
    for (step, part) in task.flow.steps.iter().enumerate() {
        let (least, most) = hops(task, step);
        parts.push(Part {
            all: bits(most) << next,
            first: 1 << next,
            last: (bits(most) & !bits(least - 1)) << next,
            more: bits(most - 1) << next,
            least: part.delay.least,
            most: part.delay.most,
            ratio: part.pass_through,
        });
        firsts.push(next);
        next += most;
    }
    (parts, firsts)
}

struct Sweep<'t> {
    task: &'t Task<'t>,
    graph: &'t Graph,
    parts: &'t [Part],
    alive: Ranked,
    places: Vec<u64>,
}

impl Sweep<'_> {
    fn of(&self, row: RowId) -> u64 {
        self.places[self.alive.place(row.index())]
    }

    /// Keeps the places to which some transfer leads, from the beginning of the line on.
    fn forward(&mut self, rows: &[RowId]) {
        for group in (0..rows.len())
            .collect::<Vec<_>>()
            .chunk_by(|&a, &b| self.task.ledger.time(rows[a]) == self.task.ledger.time(rows[b]))
        {
            // Transfers of one time may follow each other; each round carries places one hop on.
            loop {
                let mut changed = false;
                for &position in group {
                    let places = self.places[position] | self.led_to(rows[position]);
                    changed |= places != self.places[position];
                    self.places[position] = places;
                }
                if !changed || group.len() == 1 {
                    break;
                }
            }
        }
    }

    fn led_to(&self, row: RowId) -> u64 {
        let task = self.task;
        let (from, to) = (task.ledger.sender(row), task.ledger.receiver(row));
        let mut places = 0;
        for (step, part) in self.parts.iter().enumerate().filter(|(step, _)| task.is_admitted(*step, row)) {
            if step == 0 && task.may_hold(task.flow.steps[0].payer(), from) {
                places |= part.first;
            }
            let before = task.between(
                self.graph.incoming(from),
                task.ledger.time(row) - part.most,
                task.ledger.time(row) - part.least,
            );
            if before.len() > MOST_NEIGHBOURS {
                places |= part.all;
                continue;
            }
            for &other in before.iter().filter(|&&other| other != row) {
                let reached = self.of(other);
                let next = (reached & part.more) << 1 & part.all | self.enters(step, reached);
                if next & !places != 0 && fits(task, part, row, other) {
                    places |= next;
                }
            }
        }
        places & self.holds(row, to)
    }

    /// The first hop of a step, where the step before may have ended.
    fn enters(&self, step: StepId, reached: u64) -> u64 {
        if step > 0 && reached & self.parts[step - 1].last != 0 { self.parts[step].first } else { 0 }
    }

    /// The places at which the receiver may end the step or stand between two hops.
    fn holds(&self, row: RowId, to: AccountId) -> u64 {
        let task = self.task;
        let mut places = 0;
        for (step, part) in self.parts.iter().enumerate().filter(|(step, _)| task.is_admitted(*step, row)) {
            if task.may_hold(task.flow.steps[step].payee(), to) {
                places |= part.last;
            }
            if task.may_pass(step, to) {
                places |= part.more;
            }
        }
        places
    }

    /// Keeps of these the places from which the line can go on to its end.
    fn backward(&mut self, rows: &[RowId]) {
        let reached = std::mem::replace(&mut self.places, vec![0; rows.len()]);
        let order: Vec<usize> = (0..rows.len()).rev().collect();
        for group in order.chunk_by(|&a, &b| self.task.ledger.time(rows[a]) == self.task.ledger.time(rows[b])) {
            loop {
                let mut changed = false;
                for &position in group.iter().filter(|&&position| reached[position] != 0) {
                    let places = self.places[position] | self.leads_on(rows[position], reached[position]);
                    changed |= places != self.places[position];
                    self.places[position] = places;
                }
                if !changed || group.len() == 1 {
                    break;
                }
            }
        }
    }

    fn leads_on(&self, row: RowId, reached: u64) -> u64 {
        let task = self.task;
        let to = task.ledger.receiver(row);
        let time = task.ledger.time(row);
        let mut places = 0;
        for (step, part) in self.parts.iter().enumerate() {
            if reached & part.all == 0 {
                continue;
            }
            let ends = if task.may_hold(task.flow.steps[step].payee(), to) { part.last } else { 0 };
            let goes = if task.may_pass(step, to) { part.more } else { 0 };
            match self.parts.get(step + 1) {
                None => places |= ends,
                Some(next) if self.follows(row, to, time, next, next.first) => places |= ends,
                Some(_) => {}
            }
            places |= self.goes_on(row, to, time, part) & goes;
        }
        places & reached
    }

    /// Whether some transfer comes next at one of some places.
    fn follows(&self, row: RowId, to: AccountId, time: Time, next: &Part, at: u64) -> bool {
        let after = self.task.between(self.graph.outgoing(to), time + next.least, time + next.most);
        after.len() > MOST_NEIGHBOURS
            || after.iter().any(|&other| other != row && self.of(other) & at != 0 && fits(self.task, next, other, row))
    }

    /// The hops of a step after which another hop can come.
    fn goes_on(&self, row: RowId, to: AccountId, time: Time, part: &Part) -> u64 {
        if part.more == 0 {
            return 0;
        }
        let after = self.task.between(self.graph.outgoing(to), time + part.least, time + part.most);
        if after.len() > MOST_NEIGHBOURS {
            return part.more;
        }
        let mut places = 0;
        for &other in after.iter().filter(|&&other| other != row) {
            let before = (self.of(other) & part.all & !part.first) >> 1;
            if before & !places != 0 && fits(self.task, part, other, row) {
                places |= before;
            }
        }
        places
    }
}

/// Whether what goes on is in proportion to what came in.
fn fits(task: &Task<'_>, part: &Part, row: RowId, before: RowId) -> bool {
    part.ratio.is_none_or(|range| {
        let known = task.weight(row).zip(task.weight(before));
        known.is_some_and(|(part, whole)| range.holds(part.0.into(), whole.0.into()))
    })
}
