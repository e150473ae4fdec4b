//! Sorted runs, read by time: what their numbers mean is known now.

use std::collections::BTreeMap;

use super::super::IngestError;
use super::super::rates::Conversions;
use super::Page;
use super::run::{Raw, Run, Wanted};
use crate::columns::{AccountId, Column, CurrencyId, Ledger, Rows, SourceRow, Time, TxIds};

/// The transfers of a ledger in files.
#[derive(Debug)]
pub(in crate::ingest) struct Spilled {
    runs: Vec<Run>,
    meaning: Meaning,
    len: usize,
}

/// What the numbers in the runs mean.
#[derive(Debug)]
pub(in crate::ingest) struct Meaning {
    /// The account of each key, by position.
    pub(in crate::ingest) accounts: Vec<u32>,
    pub(in crate::ingest) currencies: Vec<CurrencyId>,
    /// For each further column its name, the place of each code among the values, and the values; nothing where no file
    /// has the column.
    pub(in crate::ingest) columns: Vec<Option<(String, Vec<u32>, Column)>>,
    pub(in crate::ingest) conversions: Conversions,
    /// Whether ids are texts.
    pub(in crate::ingest) texts: bool,
}

impl Spilled {
    pub(super) fn new(runs: Vec<Run>, meaning: Meaning, len: usize) -> Self {
        Self { runs, meaning, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Cuts the whole into pages of about so many transfers.
    pub(super) fn pages(&self, rows: usize) -> Result<Vec<Page>, IngestError> {
        let mut known: Vec<Time> = self.runs.iter().flat_map(|run| run.firsts.iter().copied()).collect();
        known.sort_unstable();
        let groups: usize = known.len();
        let all: usize = self.runs.iter().map(|run| run.rows).sum();
        let step = (rows.max(1) * groups / all.max(1)).max(1);
        let mut pages: Vec<Page> = Vec::new();
        for from in known.into_iter().step_by(step) {
            if pages.last().is_some_and(|page| page.from == from) {
                continue;
            }
            let before = self.runs.iter().map(|run| run.before(from)).sum::<Result<usize, _>>()?;
            let first = u32::try_from(before).expect("rows have 32 bits");
            // A page whose transfers were all set aside is none.
            match pages.last_mut() {
                Some(page) if page.first == first => page.from = from,
                _ => pages.push(Page { from, first }),
            }
        }
        if pages.last().is_some_and(|page| page.first as usize == self.len) {
            pages.pop();
        }
        Ok(pages)
    }

    /// The rows from a time on and up to one, which both belong to it: their ids, the rest, and their order.
    fn raw(&self, from: Time, to: Option<Time>, further: &[usize]) -> Result<(TxIds, Raw, Vec<u32>), IngestError> {
        let mut raw = Raw::default();
        let mut parts = 0;
        for run in &self.runs {
            let part = run.read(from, to, Wanted::Further(further))?;
            parts += usize::from(!part.times.is_empty());
            raw.append(part, self.meaning.texts);
        }
        let (numbers, texts) = (std::mem::take(&mut raw.numbers), std::mem::take(&mut raw.texts));
        let ids = if self.meaning.texts { TxIds::Texts(texts) } else { TxIds::Numbers(numbers.into()) };
        let mut order: Vec<u32> = (0..u32::try_from(raw.times.len()).expect("rows have 32 bits")).collect();
        if parts > 1 {
            ids.sort(&raw.times, &mut order);
        }
        Ok((ids, raw, order))
    }

    /// Who paid whom, when and how much, of the transfers from a time on and up to one, which both belong to it.
    pub(super) fn moves(&self, tables: &Ledger, from: Time, to: Option<Time>) -> Result<Ledger, IngestError> {
        let (_, raw, order) = self.raw(from, to, &[])?;
        let rows = || order.iter().map(|&row| row as usize);
        let account = |position: u32| AccountId(self.meaning.accounts[position as usize]);
        let weigh = |row: usize| {
            let currency = self.meaning.currencies[usize::from(raw.currencies[row])];
            self.meaning.conversions.apply(currency.index(), raw.amounts[row], raw.times[row]).0
        };
        let times = rows().map(|row| raw.times[row]).collect();
        let ends = rows().map(|row| (account(raw.senders[row]), account(raw.receivers[row]))).collect();
        Ok(tables.with_moves(times, ends, rows().map(weigh).collect()))
    }

    /// The transfers from a time on and up to one, which both belong to it, with those further columns that are wanted.
    pub(super) fn load(
        &self,
        from: Time,
        to: Option<Time>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Rows, IngestError> {
        let columns = self.meaning.columns.iter().enumerate();
        let columns = columns.filter_map(|(place, column)| Some((place, column.as_ref()?)));
        let (places, columns): (Vec<usize>, Vec<_>) = columns.filter(|(_, (name, ..))| wanted(name)).unzip();
        let (ids, raw, order) = self.raw(from, to, &places)?;
        let rows = || order.iter().map(|&row| row as usize);
        let meaning = &self.meaning;
        let account = |positions: &[u32]| -> Vec<AccountId> {
            rows().map(|row| AccountId(meaning.accounts[positions[row] as usize])).collect()
        };
        let currencies: Vec<CurrencyId> =
            rows().map(|row| meaning.currencies[usize::from(raw.currencies[row])]).collect();
        let (senders, receivers) = (account(&raw.senders), account(&raw.receivers));
        let weigh = |(row, currency): (usize, &CurrencyId)| {
            meaning.conversions.apply(currency.index(), raw.amounts[row], raw.times[row]).0
        };
        let further = columns.into_iter().enumerate().map(|(number, (name, places, values))| {
            // Where no run has a row, there are no codes.
            let codes = raw.further.get(number).map_or(&[][..], Vec::as_slice);
            let place = |row: usize| places.get(codes[row] as usize).copied().unwrap_or(u32::MAX);
            (name.clone(), values.gather(&rows().map(place).collect::<Vec<_>>()))
        });
        let further: BTreeMap<String, Column> = further.collect();
        Ok(Rows {
            base_amounts: rows().zip(&currencies).map(weigh).collect(),
            times: rows().map(|row| raw.times[row]).collect(),
            amounts: rows().map(|row| raw.amounts[row]).collect(),
            sources: (1..=order.len() as u64).map(|record| SourceRow { file: 0, record }).collect(),
            tx_ids: ids.gather(&order),
            senders,
            receivers,
            currencies,
            columns: further,
        })
    }

    /// Counts the transfers that no rate leads from, and those before the first rate, by currency.
    pub(in crate::ingest) fn count(&self, currencies: usize) -> Result<[Vec<u64>; 2], IngestError> {
        let mut counts = [vec![0; currencies], vec![0; currencies]];
        if self.meaning.conversions.is_plain() {
            return Ok(counts);
        }
        for run in &self.runs {
            let raw = run.read(Time(i64::MIN), None, Wanted::Further(&[]))?;
            for row in 0..raw.times.len() {
                let currency = self.meaning.currencies[usize::from(raw.currencies[row])].index();
                let (weight, early) = self.meaning.conversions.apply(currency, raw.amounts[row], raw.times[row]);
                counts[0][currency] += u64::from(weight.get().is_none());
                counts[1][currency] += u64::from(early);
            }
        }
        Ok(counts)
    }
}
