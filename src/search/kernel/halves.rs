//! Halves of round trips: rows of transfers that begin at one account, kept once for all that are longer, and laid ready by
//! the account at which they end.

use crate::columns::Time;

use super::super::hops::{Hop, Rank, reversed};
use super::number;

/// A transfer of the anchor with which a half may begin, and how far that half may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) hop: Hop,
    /// The last moment of a transfer before the turn.
    pub(super) open: Time,
    /// The last moment of a transfer behind the turn: of the one that closes the trip. [`NEVER`] where there is none.
    pub(super) past: Time,
}

/// Before all times.
pub(super) const NEVER: Time = Time(i64::MIN);

/// A half of a trip: its last transfer, and the half without it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Half {
    pub(super) last: Hop,
    /// The half without the last transfer.
    pub(super) before: u32,
    /// Its transfer at the anchor, among those of its side.
    pub(super) first: u32,
    pub(super) length: u8,
    /// So many transfers lie between the anchor and the turn; 0 where the turn is not inside this half.
    pub(super) turn: u8,
}

impl Half {
    /// This half, which stands at a place of its side, with one transfer more.
    #[inline]
    pub(super) fn longer(&self, place: u32, last: Hop, turns: bool) -> Self {
        let turn = if turns { self.length } else { self.turn };
        Self { last, before: place, first: self.first, length: self.length + 1, turn }
    }
}

const NOWHERE: u32 = u32::MAX;

/// One side of an anchor: halves, each but the shortest one transfer longer than another of them.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) firsts: Vec<First>,
    pub(super) halves: Vec<Half>,
    /// Where the longest begin.
    pub(super) level: usize,
    /// How long they are.
    pub(super) length: usize,
}

/// Halves by their places: those of a side, and behind them what is walked on from one of these.
#[derive(Clone, Copy)]
pub(super) struct Halves<'s> {
    pub(super) kept: &'s [Half],
    pub(super) walked: &'s [Half],
}

impl<'s> Halves<'s> {
    #[inline]
    fn at(self, place: u32) -> Option<&'s Half> {
        let place = place as usize;
        self.kept.get(place).or_else(|| self.walked.get(place - self.kept.len()))
    }

    /// The transfers of a half, from its far end to the anchor.
    #[inline]
    pub(super) fn hops(self, half: &'s Half) -> impl Iterator<Item = &'s Hop> {
        std::iter::successors(Some(half), move |half| self.at(half.before)).map(|half| &half.last)
    }

    #[inline]
    pub(super) fn passes(self, half: &Half, account: Rank) -> bool {
        self.hops(half).any(|hop| hop.to == account)
    }
}

impl Side {
    pub(super) fn halves(&self) -> Halves<'_> {
        self.with(&[])
    }

    /// Its halves, and those that are walked on from one of them.
    pub(super) fn with<'s>(&'s self, walked: &'s [Half]) -> Halves<'s> {
        Halves { kept: &self.halves, walked }
    }

    /// How many of the longest halves there are.
    pub(super) fn frontier(&self) -> usize {
        self.halves.len() - self.level
    }

    /// When a half of this side is at the anchor.
    #[inline]
    pub(super) fn near(&self, half: &Half) -> Time {
        self.firsts[half.first as usize].hop.time
    }

    /// A half of this side as the other one sees it.
    fn ends(&self, half: &Half, place: u32) -> Ends {
        let [near, far] = [self.near(half), half.last.time].map(reversed);
        Ends { near, far, place, length: half.length, turn: half.turn }
    }

    /// Begins with the shortest halves.
    pub(super) fn begin(&mut self) {
        self.halves.clear();
        (self.level, self.length) = (0, 1);
        for (place, first) in self.firsts.iter().enumerate() {
            let (last, first) = (first.hop, number(place));
            self.halves.push(Half { last, before: NOWHERE, first, length: 1, turn: 0 });
        }
    }
}

/// The halves of one side, by the account at which they end.
#[derive(Debug)]
pub(super) struct Laid {
    /// For each account, its group.
    places: Vec<u32>,
    groups: Vec<Group>,
    ends: Vec<Ends>,
}

/// Halves that end at one account: the shorter ones, and then the longest of all.
#[derive(Clone, Copy, Debug)]
struct Group {
    begin: u32,
    longest: u32,
    end: u32,
}

/// What of a half decides at once whether it may meet another, by the clock of the side that grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// When its transfer at the anchor is made.
    pub(super) near: Time,
    /// When its last one is.
    pub(super) far: Time,
    /// The half, among those of its side.
    pub(super) place: u32,
    pub(super) length: u8,
    pub(super) turn: u8,
}

impl Laid {
    /// Nothing, among so many accounts.
    pub(super) fn none_of(accounts: usize) -> Self {
        Self { places: vec![NOWHERE; accounts], groups: Vec::new(), ends: Vec::new() }
    }

    /// Lays the halves of a side ready for the other one. They keep their order, in which those of one length are ordered by the time of their
    /// first transfer, as one walks.
    pub(super) fn lay(&mut self, side: &Side) {
        for half in &side.halves {
            let place = &mut self.places[half.last.to.index()];
            if *place == NOWHERE {
                *place = number(self.groups.len());
                self.groups.push(Group { begin: 0, longest: 0, end: 0 });
            }
            self.groups[*place as usize].end += 1;
        }
        let mut begin = 0;
        for group in &mut self.groups {
            let length = group.end;
            *group = Group { begin, longest: begin, end: begin };
            begin += length;
        }
        let nothing = Ends { near: Time(0), far: Time(0), place: NOWHERE, length: 0, turn: 0 };
        self.ends.resize(side.halves.len(), nothing);
        for (place, half) in side.halves.iter().enumerate() {
            let group = &mut self.groups[self.places[half.last.to.index()] as usize];
            self.ends[group.end as usize] = side.ends(half, number(place));
            group.end += 1;
            if place < side.level {
                group.longest = group.end;
            }
        }
    }

    /// Whether any half ends at an account.
    #[inline]
    pub(super) fn is_any_at(&self, account: Rank) -> bool {
        self.places[account.index()] != NOWHERE
    }

    /// The shorter halves that end at an account, and the longest.
    #[inline]
    pub(super) fn at(&self, account: Rank) -> Option<(&[Ends], &[Ends])> {
        let group = *self.groups.get(self.places[account.index()] as usize)?;
        let [begin, longest, end] = [group.begin, group.longest, group.end].map(|place| place as usize);
        Some((&self.ends[begin..longest], &self.ends[longest..end]))
    }

    pub(super) fn clear(&mut self, side: &Side) {
        for half in &side.halves {
            self.places[half.last.to.index()] = NOWHERE;
        }
        self.groups.clear();
        self.ends.clear();
    }
}
