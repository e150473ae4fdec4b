//! The wanted columns of many rows, by what a transfer needs of them.
//!
//! The numbers of a Parquet or Arrow file stay numbers here and words stay codes; only what is of no use so becomes text. Each column gives what its cells
//! mean, or marks the rows that somebody has to look at cell by cell.

use std::fmt::Write as _;

use arrow::array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use arrow::error::ArrowError;

use super::amount::{self, Minor, Notation};
use super::batches::text_of;
use super::cell;
use super::chunk::Lines;
use super::layout::{AmountFrom, Layout, TextFrom, TimeFrom};
use super::mapping::Values;
use super::moment;
use crate::columns::{Money, Span, Time};

/// The rows of a batch that have been read well so far; the others are read again, cell by cell.
pub(super) type Usable = [bool];

/// Keys, ids and words.
pub(super) enum Cells<'b> {
    /// Whole numbers.
    Whole(Int64Array),
    /// Texts.
    Text(Texts<'b>),
    /// Texts that are stored once: the code of each row, and the texts.
    Coded(Int32Array, StringArray),
    /// The same text in every row.
    Constant(String),
}

/// Texts, whatever they are stored in.
pub(super) enum Texts<'b> {
    Array(StringArray),
    /// The cells of lines of text, without white space around them, and whether none can hold a NUL byte or be too long.
    Fields(Vec<&'b str>, bool),
}

/// Points in time.
pub(super) enum Times<'b> {
    /// So many units after an origin.
    Units(Int64Array, Units),
    /// Texts, and how they are read.
    Text(Texts<'b>, &'b TimeFrom<'b>),
}

/// What a number of a column of times counts.
#[derive(Clone, Copy)]
pub(super) struct Units {
    unit: Span,
    /// How many of them are one unit: a thousand nanoseconds are a microsecond.
    parts: i64,
    origin: Time,
}

/// Amounts of money.
pub(super) enum Amounts<'b> {
    Whole(Int64Array),
    Float(Float64Array),
    /// Whole numbers with so many decimals.
    Decimal(Decimal128Array, u8),
    Text(Texts<'b>),
}

/// Rows by what a transfer needs.
pub(super) struct Gathered<'b> {
    /// Nothing where row numbers are the ids.
    pub(super) ids: Option<Cells<'b>>,
    pub(super) times: Times<'b>,
    pub(super) senders: Cells<'b>,
    pub(super) receivers: Cells<'b>,
    pub(super) amounts: Amounts<'b>,
    pub(super) notation: Notation,
    pub(super) currencies: Cells<'b>,
    /// What transfers pay out, where a file says so.
    pub(super) received: Option<Received<'b>>,
    /// One for each further column and label, if the file has it.
    pub(super) further: Vec<Option<Cells<'b>>>,
}

/// What transfers pay out: amounts as they are written, and their currencies. Most convert nothing.
pub(super) struct Received<'b> {
    pub(super) amounts: Texts<'b>,
    pub(super) notation: Notation,
    pub(super) currencies: Cells<'b>,
}

/// Whether every column of a transfer stands in one column of the file. What is put together from several is read row by row.
pub(super) fn is_plain(layout: &Layout<'_>) -> bool {
    let further = layout.further().flatten().map(|(from, _)| from);
    let received = layout.received.as_ref().map(|(_, currency, _)| currency);
    let texts = [&layout.sender, &layout.receiver, &layout.currency].into_iter().chain(&layout.tx_id).chain(received);
    let texts = texts.chain(further);
    layout.reverse.is_empty()
        && !matches!(layout.time, TimeFrom::Joined(..))
        && texts.into_iter().all(|text| match text {
            TextFrom::Constant(_) => true,
            TextFrom::Cells(cells) => matches!(cells.as_slice(), [(_, false)]),
        })
}

/// Where columns come from: arrays in the order of the layout's wanted columns, or lines.
#[derive(Clone, Copy)]
enum From<'b> {
    Arrays(&'b [ArrayRef]),
    Lines(Lines<'b>),
}

impl<'b> Gathered<'b> {
    /// The columns of a batch by their use. They stand in the order of the layout's wanted ones.
    ///
    /// # Errors
    ///
    /// Where a column holds no plain values.
    pub(super) fn of_arrays(
        columns: &'b [ArrayRef],
        layout: &'b Layout<'b>,
        numbered: bool,
    ) -> Result<Self, ArrowError> {
        Self::new(From::Arrays(columns), layout, numbered)
    }

    /// The columns of lines of text by their use.
    pub(super) fn of_lines(lines: Lines<'b>, layout: &'b Layout<'b>, numbered: bool) -> Self {
        Self::new(From::Lines(lines), layout, numbered).expect("text is plain")
    }

    fn new(from: From<'b>, layout: &'b Layout<'b>, numbered: bool) -> Result<Self, ArrowError> {
        let ids = layout.tx_id.as_ref().filter(|_| !numbered);
        let further = layout.further().map(|further| match further {
            Some((text, _)) => from.words(text).map(Some),
            None => Ok(None),
        });
        Ok(Self {
            ids: ids.map(|text| from.keys(text)).transpose()?,
            times: Times::new(from, &layout.time)?,
            senders: from.keys(&layout.sender)?,
            receivers: from.keys(&layout.receiver)?,
            amounts: Amounts::new(from, layout.amount)?,
            notation: layout.amount.notation,
            currencies: from.words(&layout.currency)?,
            received: layout.received.as_ref().map(|received| from.received(received)).transpose()?,
            further: further.collect::<Result<_, _>>()?,
        })
    }
}

impl<'b> From<'b> {
    /// A column as text.
    fn texts(self, slot: usize) -> Result<Texts<'b>, ArrowError> {
        match self {
            Self::Arrays(columns) => text(&columns[slot]).map(Texts::Array),
            Self::Lines(Lines { block, wanted, .. }) => Ok(Texts::Fields(block.column(wanted[slot]), block.is_clean())),
        }
    }

    fn received(
        self,
        (amount, currency, _): &(AmountFrom, TextFrom, Option<&Values>),
    ) -> Result<Received<'b>, ArrowError> {
        let (amounts, currencies) = (self.texts(amount.slot)?, self.words(currency)?);
        Ok(Received { amounts, notation: amount.notation, currencies })
    }

    /// A column as it is stored, if it is an array.
    fn array(self, slot: usize) -> Option<&'b ArrayRef> {
        match self {
            Self::Arrays(columns) => Some(&columns[slot]),
            Self::Lines(_) => None,
        }
    }

    /// Cells of which whole numbers are welcome as such.
    fn keys(self, text: &TextFrom) -> Result<Cells<'b>, ArrowError> {
        let array = match text {
            TextFrom::Cells(cells) => self.array(cells[0].0),
            TextFrom::Constant(_) => None,
        };
        match array.filter(|array| is_whole(array.data_type())) {
            Some(array) => Ok(Cells::Whole(whole(array)?)),
            None => self.words(text),
        }
    }

    fn words(self, text: &TextFrom) -> Result<Cells<'b>, ArrowError> {
        let slot = match text {
            TextFrom::Constant(text) => return Ok(Cells::Constant(text.clone())),
            TextFrom::Cells(cells) => cells[0].0,
        };
        let coded = self.array(slot).and_then(|array| array.as_any().downcast_ref::<DictionaryArray<Int32Type>>());
        let words = coded.and_then(|coded| coded.values().as_any().downcast_ref::<StringArray>().cloned());
        Ok(match (coded, words) {
            (Some(coded), Some(words)) if words.null_count() == 0 => Cells::Coded(coded.keys().clone(), words),
            _ => Cells::Text(self.texts(slot)?),
        })
    }
}

impl Texts<'_> {
    /// A cell without white space around it; empty where it is missing.
    #[inline]
    pub(super) fn cell(&self, row: usize) -> &str {
        match self {
            Self::Array(texts) if texts.is_null(row) => "",
            Self::Array(texts) => texts.value(row).trim_ascii(),
            Self::Fields(cells, _) => cells[row],
        }
    }

    /// Whether no cell can hold a NUL byte or be too long, whatever it holds.
    fn is_clean(&self) -> bool {
        match self {
            Self::Fields(_, clean) => *clean,
            Self::Array(texts) => is_clean(texts),
        }
    }

    /// Whether a cell is a text that can be used, given whether all cells are clean, and whether it may be empty.
    fn fits(&self, row: usize, clean: bool, empty: bool) -> bool {
        fits(self.cell(row), clean, empty)
    }
}

impl Cells<'_> {
    /// Marks the rows whose cell is no text that can be used; an empty one can be, if `empty` says so.
    pub(super) fn check(&self, empty: bool, usable: &mut Usable) {
        match self {
            Self::Constant(text) => {
                if text.is_empty() && !empty {
                    usable.fill(false);
                }
            }
            Self::Whole(numbers) => {
                for (row, usable) in usable.iter_mut().enumerate() {
                    *usable &= numbers.is_valid(row) && numbers.value(row) >= 0;
                }
            }
            Self::Text(texts) => {
                let clean = texts.is_clean();
                if !(empty && clean) {
                    for (row, usable) in usable.iter_mut().enumerate() {
                        *usable &= texts.fits(row, clean, empty);
                    }
                }
            }
            Self::Coded(codes, words) => {
                let fits: Vec<bool> =
                    words.iter().map(|word| fits(word.unwrap_or_default().trim_ascii(), false, empty)).collect();
                if codes.null_count() > 0 || !fits.iter().all(|fits| *fits) {
                    for (row, usable) in usable.iter_mut().enumerate() {
                        *usable &= code(codes, row).map_or(empty, |code| fits[code]);
                    }
                }
            }
        }
    }

    /// A cell that is usable.
    pub(super) fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Constant(text) => Cell::Text(text),
            Self::Whole(numbers) => Cell::Whole(numbers.value(row).cast_unsigned()),
            Self::Text(texts) => Cell::Text(texts.cell(row)),
            Self::Coded(codes, words) => Cell::Text(code(codes, row).map_or("", |code| words.value(code).trim_ascii())),
        }
    }

    /// Calls `known` with what `mean` says of the cell of each of these rows, which are usable. A text that is stored once
    /// is asked for once.
    pub(super) fn each<T: Copy>(
        &self,
        rows: impl Iterator<Item = usize>,
        mut mean: impl FnMut(Cell<'_>) -> T,
        mut known: impl FnMut(usize, T),
    ) {
        match self {
            Self::Coded(codes, words) => {
                let mut meanings: Vec<Option<T>> = vec![None; words.len() + 1];
                for row in rows {
                    let code = code(codes, row).unwrap_or(words.len());
                    known(row, *meanings[code].get_or_insert_with(|| mean(self.cell(row))));
                }
            }
            Self::Constant(text) => {
                let mut meaning = None;
                for row in rows {
                    known(row, *meaning.get_or_insert_with(|| mean(Cell::Text(text))));
                }
            }
            Self::Whole(numbers) => {
                for row in rows {
                    known(row, mean(Cell::Whole(numbers.value(row).cast_unsigned())));
                }
            }
            Self::Text(texts) => {
                for row in rows {
                    known(row, mean(Cell::Text(texts.cell(row))));
                }
            }
        }
    }
}

/// A cell that is usable.
#[derive(Clone, Copy)]
pub(super) enum Cell<'c> {
    Whole(u64),
    /// Without white space around it.
    Text(&'c str),
}

fn code(codes: &Int32Array, row: usize) -> Option<usize> {
    if codes.is_null(row) { None } else { usize::try_from(codes.value(row)).ok() }
}

/// Whether no cell can hold a NUL byte or be too long, whatever it holds.
fn is_clean(texts: &StringArray) -> bool {
    let (first, last) = (texts.value_offsets()[0], texts.value_offsets()[texts.len()]);
    let place = |offset: i32| usize::try_from(offset).expect("offsets are not negative");
    let bytes = &texts.value_data()[place(first)..place(last)];
    bytes.len() <= cell::LONGEST && !bytes.contains(&0)
}

fn fits(text: &str, clean: bool, empty: bool) -> bool {
    (empty || !text.is_empty()) && (clean || cell::checked(text.as_bytes()).is_ok())
}

impl<'b> Times<'b> {
    fn new(columns: From<'b>, from: &'b TimeFrom<'b>) -> Result<Self, ArrowError> {
        let slot = match *from {
            TimeFrom::Written(slot)
            | TimeFrom::Formatted(slot, _)
            | TimeFrom::Epoch(slot, _)
            | TimeFrom::Steps(slot, ..)
            | TimeFrom::Joined(slot, ..) => slot,
        };
        let array = columns.array(slot);
        let units = match (from, array.map_or(&DataType::Utf8, |array| array.data_type())) {
            (&TimeFrom::Epoch(_, unit), kind) if is_whole(kind) => Some(Units { unit, parts: 1, origin: Time(0) }),
            (&TimeFrom::Steps(_, unit, origin), kind) if is_whole(kind) => Some(Units { unit, parts: 1, origin }),
            (TimeFrom::Written(_), DataType::Timestamp(unit, _)) => {
                let (unit, parts) = match unit {
                    TimeUnit::Second => (Span::SECOND, 1),
                    TimeUnit::Millisecond => (Span(1_000), 1),
                    TimeUnit::Microsecond => (Span(1), 1),
                    TimeUnit::Nanosecond => (Span(1), 1_000),
                };
                Some(Units { unit, parts, origin: Time(0) })
            }
            _ => None,
        };
        Ok(match (array, units) {
            (Some(array), Some(units)) => Self::Units(whole(array)?, units),
            _ => Self::Text(columns.texts(slot)?, from),
        })
    }

    /// The times of all rows; rows that are none are marked.
    pub(super) fn read(&self, usable: &mut Usable) -> Vec<Time> {
        let time = |row: usize| match self {
            Self::Units(ticks, units) => ticks.is_valid(row).then(|| units.time(ticks.value(row))).flatten(),
            Self::Text(texts, from) => {
                let text = texts.cell(row).as_bytes();
                let read = match **from {
                    TimeFrom::Formatted(_, format) => moment::formatted(text, format),
                    TimeFrom::Epoch(_, unit) => moment::epoch(text, unit),
                    TimeFrom::Steps(_, unit, origin) => moment::step(text, unit, origin),
                    TimeFrom::Written(_) | TimeFrom::Joined(..) => moment::written(text),
                };
                read.ok()
            }
        };
        let read = |(row, usable): (usize, &mut bool)| {
            let time = time(row);
            *usable &= time.is_some();
            time.unwrap_or(Time(0))
        };
        usable.iter_mut().enumerate().map(read).collect()
    }
}

impl Units {
    fn time(self, ticks: i64) -> Option<Time> {
        // Most count whole units, and a division is slow.
        let whole = if self.parts == 1 { ticks } else { ticks.div_euclid(self.parts) };
        moment::after(self.origin, whole, self.unit)
    }
}

impl<'b> Amounts<'b> {
    fn new(columns: From<'b>, from: AmountFrom) -> Result<Self, ArrowError> {
        let Some(column) = columns.array(from.slot) else { return columns.texts(from.slot).map(Self::Text) };
        let any = column.as_any();
        if is_whole(column.data_type()) {
            return whole(column).map(Self::Whole);
        }
        // The text of a number has a point for its decimals.
        let has_point = from.notation.decimal == b'.';
        if let Some(floats) = any.downcast_ref::<Float64Array>().filter(|_| has_point) {
            return Ok(Self::Float(floats.clone()));
        }
        match (any.downcast_ref::<Decimal128Array>(), column.data_type()) {
            (Some(decimals), &DataType::Decimal128(_, scale)) if has_point && scale >= 0 => {
                Ok(Self::Decimal(decimals.clone(), scale.unsigned_abs()))
            }
            _ => columns.texts(from.slot).map(Self::Text),
        }
    }

    /// The amounts of all rows in minor units, given the decimals of each row's currency, and which of them were rounded;
    /// rows that have none are marked.
    pub(super) fn read(
        &self,
        notation: Notation,
        digits: impl Fn(usize) -> u8,
        usable: &mut Usable,
    ) -> (Vec<Money>, Vec<usize>) {
        let digits = |row: usize| if notation.minor { 0 } else { digits(row) };
        let mut rounded = Vec::new();
        let mut shortest = String::new();
        let mut amount = |row: usize| match self {
            Self::Whole(numbers) => numbers.is_valid(row).then(|| of_whole(numbers.value(row).into(), digits(row)))?,
            Self::Decimal(numbers, scale) => {
                numbers.is_valid(row).then(|| of_decimal(numbers.value(row), *scale, digits(row)))?
            }
            Self::Float(numbers) if numbers.is_null(row) => None,
            Self::Float(numbers) => amount::of_float(numbers.value(row), digits(row)).or_else(|| {
                shortest.clear();
                write!(shortest, "{}", numbers.value(row)).expect("a text takes more text");
                let Minor { units, rounded: finer } =
                    amount::minor_units(shortest.as_bytes(), digits(row), Notation { minor: false, ..notation })
                        .ok()?;
                rounded.extend(finer.then_some(row));
                Some(units)
            }),
            Self::Text(texts) => {
                let text = texts.cell(row).as_bytes();
                let Minor { units, rounded: finer } = amount::minor_units(text, digits(row), notation).ok()?;
                rounded.extend(finer.then_some(row));
                Some(units)
            }
        };
        let read = |(row, usable): (usize, &mut bool)| {
            let amount = if *usable { amount(row) } else { None };
            *usable &= amount.is_some();
            Money(amount.unwrap_or(0))
        };
        let amounts = usable.iter_mut().enumerate().map(read).collect();
        (amounts, rounded)
    }
}

/// A whole number above zero and so many noughts, if it is an amount.
fn of_whole(number: i128, digits: u8) -> Option<i64> {
    let scale = 10i128.checked_pow(digits.into())?;
    let units = i64::try_from(number.checked_mul(scale)?).ok()?;
    (1..=amount::LARGEST).contains(&units).then_some(units)
}

/// A number with so many decimals, if it is an amount that has no finer ones than its currency.
fn of_decimal(number: i128, scale: u8, digits: u8) -> Option<i64> {
    if let Some(more) = digits.checked_sub(scale) {
        return of_whole(number, more);
    }
    let finer = 10i128.checked_pow(u32::from(scale - digits))?;
    (number % finer == 0).then(|| of_whole(number / finer, 0))?
}

fn is_whole(kind: &DataType) -> bool {
    kind.is_signed_integer() || matches!(kind, DataType::UInt8 | DataType::UInt16 | DataType::UInt32)
}

fn whole(column: &ArrayRef) -> Result<Int64Array, ArrowError> {
    let numbers = cast(column, &DataType::Int64)?;
    Ok(numbers.as_any().downcast_ref::<Int64Array>().expect("a cast to whole numbers gives them").clone())
}

fn text(column: &ArrayRef) -> Result<StringArray, ArrowError> {
    let text = text_of(column)?;
    Ok(text.as_any().downcast_ref::<StringArray>().expect("a cast to text gives text").clone())
}
