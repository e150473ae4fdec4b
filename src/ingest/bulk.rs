//! Adds many transfers at a time: column by column what is as it should be, and row by row what is not.
//!
//! A row of which any cell is unusual goes the way of every row ([`Transfers::take`]), so that there is one place that says
//! why a row cannot be used.

use super::IngestError;
use std::ops::Range;

use super::amount;
use super::cell::Spot;
use super::chunk::Chunk;
use super::collected;
use super::gathered::{Cell, Cells, Gathered, Received};
use super::layout::Layout;
use super::mapping::Values;
use super::transfers::{MOST_ROWS, Scratch, Transfers};
use crate::columns::{Money, SourceRow, TextColumn, Time};

/// What the cells of a chunk mean, but for accounts and words, which leave a trace where they are looked up.
struct Read {
    usable: Vec<bool>,
    times: Vec<Time>,
    currencies: Vec<u16>,
    amounts: Vec<Money>,
    rounded: Vec<usize>,
    /// Row, amount and currency of what some rows pay out.
    received: Vec<(usize, i64, u16)>,
}

impl Chunk<'_> {
    /// How many rows it has.
    fn len(&self) -> usize {
        match self {
            Self::Row(..) => 1,
            Self::Batch(batch, _) => batch.len(),
            Self::Block(lines) => lines.block.len(),
        }
    }

    /// Whether lines that are no rows stand between its rows.
    fn has_empty_lines(&self) -> bool {
        matches!(self, Self::Block(lines) if lines.block.has_empty_lines())
    }

    /// Where a row stands.
    fn spot(&self, row: usize) -> Spot {
        match self {
            Self::Row(spot, _) => *spot,
            Self::Batch(_, first) => Spot { line: first + row as u64, record: first + row as u64 },
            Self::Block(lines) => lines.spot(row),
        }
    }
}

impl Transfers {
    /// Adds the rows of a batch or block.
    ///
    /// # Errors
    ///
    /// Where a column holds no plain values, or the ledger is full.
    pub(super) fn take_chunk(
        &mut self,
        file: u32,
        chunk: &Chunk<'_>,
        layout: &Layout<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), IngestError> {
        let rows = chunk.len();
        let columns = if let Chunk::Batch(batch, _) = chunk { batch.columns() } else { Vec::new() };
        let gathered = match chunk {
            _ if self.accepted() + rows > MOST_ROWS => None,
            Chunk::Row(..) => None,
            Chunk::Batch(..) => Gathered::of_arrays(&columns, layout, self.numbered).ok(),
            Chunk::Block(lines) => Some(Gathered::of_lines(*lines, layout, self.numbered)),
        };
        let Some(gathered) = gathered else { return self.take_rows(file, chunk, 0..rows, layout, scratch) };
        let read = self.read_cells(&gathered, chunk, layout);
        let odd = read.usable.iter().filter(|usable| !**usable).count();
        if odd > rows / 8 {
            return self.take_rows(file, chunk, 0..rows, layout, scratch);
        }
        let mut row = 0;
        while row < rows {
            let alike = read.usable[row..].iter().take_while(|usable| **usable == read.usable[row]).count();
            let run = row..row + alike;
            if read.usable[row] {
                self.add_rows(file, chunk, run, &gathered, &read, layout);
            } else {
                self.take_rows(file, chunk, run, layout, scratch)?;
            }
            row += alike;
        }
        Ok(())
    }

    /// Adds rows one by one.
    fn take_rows(
        &mut self,
        file: u32,
        chunk: &Chunk<'_>,
        rows: Range<usize>,
        layout: &Layout<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), IngestError> {
        match chunk {
            Chunk::Row(..) => panic!("a row that comes alone is visited"),
            Chunk::Batch(batch, first) => {
                let slice = batch.slice(rows.start, rows.len());
                let name = self.files[file as usize].clone();
                let slice = Chunk::Batch(&slice, first + rows.start as u64);
                slice.each(&name, &mut |spot, row| self.visit(file, spot, row, layout, scratch))
            }
            Chunk::Block(lines) => {
                rows.into_iter().try_for_each(|row| self.visit(file, lines.spot(row), lines.row(row), layout, scratch))
            }
        }
    }

    fn read_cells(&mut self, gathered: &Gathered<'_>, chunk: &Chunk<'_>, layout: &Layout<'_>) -> Read {
        let rows = chunk.len();
        let mut usable = match chunk {
            Chunk::Block(lines) => (0..rows).map(|row| lines.has_every_field(row)).collect(),
            _ => vec![true; rows],
        };
        let times = gathered.times.read(&mut usable);
        gathered.senders.check(false, &mut usable);
        gathered.receivers.check(false, &mut usable);
        gathered.ids.iter().for_each(|ids| ids.check(false, &mut usable));
        gathered.further.iter().flatten().for_each(|cells| cells.check(true, &mut usable));
        gathered.currencies.check(true, &mut usable);
        let mut currencies = vec![0; rows];
        let mut unknown = Vec::new();
        let position = |cell: Cell<'_>| match cell {
            Cell::Text(text) => self.currency_table.position(text, layout.currency_values).ok(),
            Cell::Whole(_) => None,
        };
        gathered.currencies.each(marked(&usable), position, |row, position| match position {
            Some(position) => currencies[row] = position,
            None => unknown.push(row),
        });
        for row in unknown {
            usable[row] = false;
        }
        let values = layout.received.as_ref().and_then(|(.., values)| *values);
        let received = gathered.received.as_ref().map(|all| self.read_received(all, values, &currencies, &mut usable));
        let digits = |row: usize| self.currency_table.digits(currencies[row]);
        let (amounts, rounded) = gathered.amounts.read(gathered.notation, digits, &mut usable);
        Read { usable, times, currencies, amounts, rounded, received: received.unwrap_or_default() }
    }

    /// What rows pay out in another currency than they are booked in; rows of which that cannot be read are marked.
    fn read_received(
        &mut self,
        received: &Received<'_>,
        values: Option<&Values>,
        paid: &[u16],
        usable: &mut [bool],
    ) -> Vec<(usize, i64, u16)> {
        let says = |row: &usize| usable[*row] && !received.amounts.cell(*row).is_empty();
        let saying: Vec<usize> = (0..usable.len()).filter(says).collect();
        let mut currencies = Vec::with_capacity(saying.len());
        let position = |cell: Cell<'_>| match cell {
            Cell::Text("") => Some(None),
            Cell::Text(text) => self.currency_table.position(text, values).ok().map(Some),
            Cell::Whole(_) => None,
        };
        received.currencies.each(saying.iter().copied(), position, |_, position| currencies.push(position));
        let mut converted = Vec::new();
        for (row, position) in saying.into_iter().zip(currencies) {
            let currency = position.map(|position| position.unwrap_or(paid[row]));
            let amount = currency.and_then(|currency| {
                let (text, digits) = (received.amounts.cell(row).as_bytes(), self.currency_table.digits(currency));
                Some((amount::minor_units(text, digits, received.notation).ok()?.units, currency))
            });
            usable[row] = amount.is_some();
            let converts = amount.filter(|&(_, currency)| currency != paid[row]);
            converted.extend(converts.map(|(amount, currency)| (row, amount, currency)));
        }
        converted
    }

    /// Adds rows that are all usable.
    fn add_rows(
        &mut self,
        file: u32,
        chunk: &Chunk<'_>,
        rows: Range<usize>,
        gathered: &Gathered<'_>,
        read: &Read,
        layout: &Layout<'_>,
    ) {
        let count = rows.len() as u64;
        let columns = &mut self.collected;
        match &gathered.ids {
            None => columns.ids.extend(self.read + 1..=self.read + count),
            Some(Cells::Whole(ids)) => {
                columns.ids.extend(ids.values()[rows.clone()].iter().map(|id| id.cast_unsigned()));
            }
            Some(cells) => {
                for row in rows.clone() {
                    match cells.cell(row) {
                        Cell::Text(text) => columns.ids.push(text),
                        Cell::Whole(id) => columns.ids.extend(std::iter::once(id)),
                    }
                }
            }
        }
        let place =
            |row: usize| u32::try_from(columns.len() + row - rows.start).expect("the number of rows is bounded");
        let first = read.received.partition_point(|(row, ..)| *row < rows.start);
        let received = read.received[first..].iter().take_while(|(row, ..)| *row < rows.end);
        let received =
            received.map(|&(row, amount, currency)| collected::Received { row: place(row), amount, currency });
        let received: Vec<collected::Received> = received.collect();
        columns.received.extend(received);
        columns.times.extend_from_slice(&read.times[rows.clone()]);
        columns.currencies.extend_from_slice(&read.currencies[rows.clone()]);
        columns.amounts.extend_from_slice(&read.amounts[rows.clone()]);
        self.rounded += read.rounded.iter().filter(|row| rows.contains(row)).count() as u64;
        for (cells, side) in [(&gathered.senders, &mut columns.senders), (&gathered.receivers, &mut columns.receivers)]
        {
            let keys = &mut self.keys;
            if let Cells::Text(texts) = cells {
                keys.positions(rows.clone(), |row| texts.cell(row), side);
                continue;
            }
            let position = |cell: Cell<'_>| match cell {
                Cell::Whole(number) => keys.position_of(number),
                Cell::Text(text) => keys.position(text),
            };
            cells.each(rows.clone(), position, |_, position| side.push(position));
        }
        let further = self.further.iter_mut().zip(&mut columns.further).zip(&gathered.further).zip(layout.further());
        for (((further, codes), cells), from) in further {
            match (cells, from) {
                (Some(cells), Some((_, values))) => {
                    let code = |cell: Cell<'_>| match cell {
                        Cell::Text(text) => further.words.code(text, *values),
                        Cell::Whole(_) => TextColumn::NONE,
                    };
                    cells.each(rows.clone(), code, |_, code| codes.push(code));
                }
                _ => codes.extend(std::iter::repeat_n(further.words.code("", None), rows.len())),
            }
        }
        let first = SourceRow { file, record: chunk.spot(rows.start).record };
        columns.sources.extend(first, u32::try_from(count).expect("a chunk is small"));
        // Without empty lines, records and lines go in step.
        let noted = if chunk.has_empty_lines() { rows } else { rows.start..rows.start + 1 };
        noted.for_each(|row| self.note(file, chunk.spot(row)));
        self.read += count;
    }
}

fn marked(usable: &[bool]) -> impl Iterator<Item = usize> {
    usable.iter().enumerate().filter(|(_, usable)| **usable).map(|(row, _)| row)
}
