//! Who paid whom, when and how much, by account: to look back over some accounts, all their transfers are brought
//! together, whatever their time.
//!
//! Accounts are cut into ranges whose transfers fit. Pages are read once; where there are several ranges, each transfer is
//! written to the shelf for the range of its sender and for that of its receiver.

use std::ops::Range;

use crate::columns::{AccountId, BaseAmount, Ledger, Money, RowId, Time};
use crate::lang::MatchLevel;

use super::super::{RunError, ensure_wanted};
use super::{Run, at};

/// Transfers as looking back sees them, in the order of time.
#[derive(Default)]
pub(super) struct Moves {
    times: Vec<Time>,
    ends: Vec<(AccountId, AccountId)>,
    weights: Vec<BaseAmount>,
    /// Their numbers in the whole ledger.
    rows: Vec<u32>,
}

/// All transfers between two accounts of a level.
pub(super) struct ByAccount {
    ranges: Vec<Range<u32>>,
    /// The transfers, where there is one range.
    together: Moves,
    /// How many there are.
    pub(super) len: u64,
}

/// A transfer on the shelf: its number, sender and receiver, then its time and weight.
const RECORD: usize = 3 * 4 + 2 * 8;

impl ByAccount {
    /// Reads all pages.
    pub(super) fn new(run: &Run<'_>, level: MatchLevel, accounts: u32) -> Result<Self, RunError> {
        let ranges = ranges(accounts, run.parts.len(), run.most_moves());
        let width = ranges[0].len();
        let range_of = |account: AccountId| account.index() / width;
        let (mut together, mut len) = (Moves::default(), 0);
        for (page, &crate::ingest::Page { first, .. }) in run.parts.pages().iter().enumerate() {
            ensure_wanted(run.stop)?;
            let part = run.parts.moves(page)?;
            let Some(ledger) = at(level, &part) else { continue };
            let mut written: Vec<Vec<u8>> = vec![Vec::new(); ranges.len()];
            for row in ledger.rows().filter(|&row| ledger.sender(row) != ledger.receiver(row)) {
                len += 1;
                let number = first + row.0;
                if ranges.len() == 1 {
                    let ends = (ledger.sender(row), ledger.receiver(row));
                    together.push(number, ledger.time(row), ends, ledger.base_amount(row));
                    continue;
                }
                let record = record(&ledger, row, number);
                let (from, to) = (range_of(ledger.sender(row)), range_of(ledger.receiver(row)));
                written[from].extend(record);
                if to != from {
                    written[to].extend(record);
                }
            }
            for (range, bytes) in written.iter().enumerate().filter(|(_, bytes)| !bytes.is_empty()) {
                run.shelf.append(&name(range), bytes)?;
            }
        }
        Ok(Self { ranges, together, len })
    }

    /// Visits each range of accounts with all their transfers.
    pub(super) fn each(
        self,
        run: &Run<'_>,
        mut visit: impl FnMut(Range<u32>, Moves) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        if let [range] = self.ranges.as_slice() {
            return visit(range.clone(), self.together);
        }
        for (number, range) in self.ranges.into_iter().enumerate() {
            ensure_wanted(run.stop)?;
            visit(range, Moves::read(run, number)?)?;
        }
        Ok(())
    }
}

impl Moves {
    fn push(&mut self, number: u32, time: Time, ends: (AccountId, AccountId), weight: BaseAmount) {
        self.times.push(time);
        self.ends.push(ends);
        self.weights.push(weight);
        self.rows.push(number);
    }

    /// Takes the transfers of a range from the shelf.
    fn read(run: &Run<'_>, range: usize) -> Result<Self, RunError> {
        let bytes = run.shelf.get(&name(range))?.unwrap_or_default();
        run.shelf.remove(&name(range))?;
        let mut moves = Self::default();
        for record in bytes.chunks_exact(RECORD) {
            let short = |at: usize| u32::from_le_bytes(record[at..at + 4].try_into().expect("four bytes"));
            let long = |at: usize| i64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"));
            let weight = Some(long(20)).filter(|&weight| weight >= 0).map(|weight| BaseAmount::known(Money(weight)));
            let ends = (AccountId(short(4)), AccountId(short(8)));
            moves.push(short(0), Time(long(12)), ends, weight.unwrap_or(BaseAmount::UNKNOWN));
        }
        Ok(moves)
    }

    /// The transfers as a ledger of these accounts, and their numbers in the whole.
    pub(super) fn into_ledger(self, tables: &Ledger) -> (Ledger, Vec<u32>) {
        (tables.with_moves(self.times, self.ends, self.weights), self.rows)
    }
}

fn record(ledger: &Ledger, row: RowId, number: u32) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[0..4].copy_from_slice(&number.to_le_bytes());
    record[4..8].copy_from_slice(&ledger.sender(row).0.to_le_bytes());
    record[8..12].copy_from_slice(&ledger.receiver(row).0.to_le_bytes());
    record[12..20].copy_from_slice(&ledger.time(row).0.to_le_bytes());
    let weight = ledger.base_amount(row).get().map_or(-1, |money| money.0);
    record[20..28].copy_from_slice(&weight.to_le_bytes());
    record
}

fn name(range: usize) -> String {
    format!("moves-{range}")
}

/// Ranges of accounts, so many that the transfers of each are probably no more than `most`.
fn ranges(accounts: u32, transfers: usize, most: usize) -> Vec<Range<u32>> {
    let parts = u32::try_from((2 * transfers).div_ceil(most.max(1))).unwrap_or(u32::MAX).clamp(1, accounts.max(1));
    let step = accounts.div_ceil(parts).max(1);
    (0..accounts.max(1)).step_by(step as usize).map(|from| from..accounts.min(from.saturating_add(step))).collect()
}
