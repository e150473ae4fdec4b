//! The columns of the transfers that were accepted, as they are collected: numbers whose meaning stands beside them.
//!
//! Account, currency and text columns hold positions in the dictionaries of [`super::transfers::Transfers`]. Those only
//! grow while rows are read, so that columns can be taken away at any moment ([`Collected::take`]): their positions stay
//! right.

use super::digits;
use crate::columns::{Money, Numbers, Sources, Time, TxIds};

/// Columns of accepted transfers, a value a row in each, in file order.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) ids: Ids,
    pub(super) times: Vec<Time>,
    /// Positions in the account keys.
    pub(super) senders: Vec<u32>,
    /// Positions in the account keys.
    pub(super) receivers: Vec<u32>,
    pub(super) amounts: Vec<Money>,
    /// Positions in the currencies.
    pub(super) currencies: Vec<u16>,
    /// What some of the rows pay out, by row of these columns.
    pub(super) received: Vec<Received>,
    pub(super) sources: Sources,
    /// Codes in the words of each further column, then of the three columns of labels, if they were asked for.
    pub(super) further: Vec<Vec<u32>>,
}

/// What a transfer that converts pays out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) row: u32,
    pub(super) amount: i64,
    pub(super) currency: u16,
}

/// Transfer ids in the making: numbers until the first that is none.
#[derive(Debug, Default)]
pub(super) struct Ids {
    numbers: Numbers,
    texts: Option<Vec<String>>,
}

impl Collected {
    /// No rows of so many further columns.
    pub(super) fn new(further: usize) -> Self {
        Self { further: vec![Vec::new(); further], ..Self::default() }
    }

    /// Makes room for more rows, so that columns need not move while they grow. Where there is no such room, nothing is done.
    pub(super) fn make_room(&mut self, rows: usize) {
        fn try_room<T>(values: &mut Vec<T>, rows: usize) {
            // Whether there is room is asked again when it is needed.
            let _ = values.try_reserve(rows);
        }
        try_room(&mut self.times, rows);
        try_room(&mut self.senders, rows);
        try_room(&mut self.receivers, rows);
        try_room(&mut self.amounts, rows);
        try_room(&mut self.currencies, rows);
        self.further.iter_mut().for_each(|codes| try_room(codes, rows));
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Takes all rows away and leaves none.
    pub(super) fn take(&mut self) -> Self {
        let further = self.further.len();
        std::mem::replace(self, Self::new(further))
    }

    /// Keeps the marked rows, and the received amounts that still belong to one. The ids are left to the caller.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let before = |kept: &mut u32, keep: &bool| {
            let before = *kept;
            *kept += u32::from(*keep);
            Some(before)
        };
        let kept_before: Vec<u32> = keep.iter().scan(0u32, before).collect();
        self.received.retain(|received| keep[received.row as usize]);
        for received in &mut self.received {
            received.row = kept_before[received.row as usize];
        }
        retain(&mut self.times, keep);
        retain(&mut self.senders, keep);
        retain(&mut self.receivers, keep);
        retain(&mut self.amounts, keep);
        retain(&mut self.currencies, keep);
        self.sources = self.sources.retain(keep);
        self.further.iter_mut().for_each(|codes| retain(codes, keep));
    }
}

fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
    let mut marks = keep.iter();
    values.retain(|_| *marks.next().expect("a mark for each row"));
}

impl Ids {
    pub(super) fn push(&mut self, id: &str) {
        match (&mut self.texts, number(id)) {
            (Some(texts), _) => texts.push(id.to_owned()),
            (None, Some(number)) => self.numbers.push(number),
            (None, None) => self.as_texts().push(id.to_owned()),
        }
    }

    /// Adds whole numbers.
    pub(super) fn extend(&mut self, ids: impl Iterator<Item = u64>) {
        match &mut self.texts {
            Some(texts) => texts.extend(ids.map(|id| id.to_string())),
            None => self.numbers.extend(ids),
        }
    }

    fn as_texts(&mut self) -> &mut Vec<String> {
        let numbers = &mut self.numbers;
        self.texts.get_or_insert_with(|| std::mem::take(numbers).iter().map(|number| number.to_string()).collect())
    }

    /// Keeps the marked ones.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        match &mut self.texts {
            Some(texts) => retain(texts, keep),
            None => self.numbers = self.numbers.iter().zip(keep).filter_map(|(id, &keep)| keep.then_some(id)).collect(),
        }
    }

    pub(super) fn into_ids(self) -> TxIds {
        self.texts.map_or(TxIds::Numbers(self.numbers), TxIds::Texts)
    }

    pub(super) fn from_ids(ids: TxIds) -> Self {
        match ids {
            TxIds::Numbers(numbers) => Self { numbers, texts: None },
            TxIds::Texts(texts) => Self { numbers: Numbers::default(), texts: Some(texts) },
        }
    }
}

/// A whole number that is written the one way it can be.
fn number(id: &str) -> Option<u64> {
    if !id.starts_with('0')
        && let Some(number) = digits::number(id.as_bytes())
    {
        return Some(number);
    }
    let plain = id == "0" || (!id.starts_with('0') && id.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { id.parse().ok() } else { None }
}
