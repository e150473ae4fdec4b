//! A mapping laid onto one header: where each canonical column of this file is found.

use super::IngestError;
use super::amount::{Minor, Notation, Unusable, minor_units};
use super::cell::{self, Fault, Row};
use super::mapping::{Amount, Mapping, Part, Text, Values, When};
use super::moment;
use super::table::position;
use crate::columns::{Span, Time};

/// Where a further column is found and what its values mean, if the file has it.
pub(super) type Further<'m> = Option<(TextFrom, Option<&'m Values>)>;

/// Where the columns of a transfer are found in one file.
pub(super) struct Layout<'m> {
    /// Positions in the header of the columns to decode; a slot is a position in this list.
    pub(super) wanted: Wanted,
    pub(super) tx_id: Option<TextFrom>,
    pub(super) time: TimeFrom<'m>,
    pub(super) sender: TextFrom,
    pub(super) receiver: TextFrom,
    pub(super) amount: AmountFrom,
    pub(super) currency: TextFrom,
    pub(super) currency_values: Option<&'m Values>,
    pub(super) received: Option<(AmountFrom, TextFrom, Option<&'m Values>)>,
    pub(super) reverse: Vec<(usize, &'m [String])>,
    /// One for each further column that was asked for.
    pub(super) extras: Vec<Further<'m>>,
    /// Label, typology and instance, if labels were asked for.
    pub(super) labels: Option<[Further<'m>; 3]>,
    /// Columns that the mapping names and the file lacks.
    pub(super) missing: Vec<String>,
}

/// The columns that are decoded, by position in the header, and their names.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) positions: Vec<usize>,
    pub(super) names: Vec<String>,
}

impl Wanted {
    /// The slot of a column, or none where the header lacks it.
    pub(super) fn slot(&mut self, header: &[String], column: &str) -> Option<usize> {
        let found = position(header, column)?;
        if let Some(slot) = self.positions.iter().position(|&known| known == found) {
            return Some(slot);
        }
        self.positions.push(found);
        self.names.push(column.to_owned());
        Some(self.positions.len() - 1)
    }

    /// A fault of the cell in a slot.
    pub(super) fn fault(&self, row: &Row<'_>, slot: usize, reason: &'static str) -> Fault {
        Fault::new(&self.names[slot], row.cell(slot), reason)
    }
}

/// Where a text comes from.
pub(super) enum TextFrom {
    Cells(Vec<(usize, bool)>),
    Constant(String),
}

impl TextFrom {
    /// Finds the columns in a header; fails with the first that it lacks.
    pub(super) fn find(text: &Text, header: &[String], wanted: &mut Wanted) -> Result<Self, String> {
        match text {
            Text::Value(value) => Ok(Self::Constant(value.clone())),
            Text::Columns(parts) => {
                let slot = |part: &Part| match wanted.slot(header, &part.column) {
                    Some(slot) => Ok((slot, part.unpad)),
                    None => Err(part.column.clone()),
                };
                parts.iter().map(slot).collect::<Result<_, _>>().map(Self::Cells)
            }
        }
    }

    /// The text; several cells are joined with `:`, and a `:` inside one is written `\:`. It is empty where any of
    /// the cells is.
    pub(super) fn read<'a>(
        &'a self,
        wanted: &Wanted,
        row: &Row<'a>,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a str, Fault> {
        let cells = match self {
            Self::Constant(value) => return Ok(value),
            Self::Cells(cells) => cells,
        };
        let part = |&(slot, unpad): &(usize, bool)| {
            let text = row.text(slot).map_err(|reason| wanted.fault(row, slot, reason))?;
            Ok(if unpad { without_padding(text) } else { text })
        };
        if let [single] = cells.as_slice() {
            return part(single);
        }
        scratch.clear();
        for (number, cell) in cells.iter().enumerate() {
            let text = part(cell)?;
            if text.is_empty() {
                return Ok("");
            }
            if number > 0 {
                scratch.push(b':');
            }
            for &byte in text.as_bytes() {
                if matches!(byte, b':' | b'\\') {
                    scratch.push(b'\\');
                }
                scratch.push(byte);
            }
        }
        Ok(std::str::from_utf8(scratch).expect("texts joined by a sign are text"))
    }

    /// A fault of what this reads, with its first empty cell where one is empty.
    pub(super) fn fault(&self, wanted: &Wanted, row: &Row<'_>, reason: &'static str) -> Fault {
        match self {
            Self::Constant(value) => Fault::new("", value.as_bytes(), reason),
            Self::Cells(cells) => {
                let empty = cells.iter().find(|(slot, _)| row.cell(*slot).is_empty());
                wanted.fault(row, empty.unwrap_or(&cells[0]).0, reason)
            }
        }
    }

    /// The names of the columns that this reads, for messages.
    pub(super) fn names(&self, wanted: &Wanted) -> String {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Cells(cells) => {
                let names: Vec<&str> = cells.iter().map(|(slot, _)| wanted.names[*slot].as_str()).collect();
                names.join(" + ")
            }
        }
    }
}

/// A number without the zeros before it; other text stays as it is.
fn without_padding(text: &str) -> &str {
    if text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let trimmed = text.trim_start_matches('0');
        return if trimmed.is_empty() { "0" } else { trimmed };
    }
    text
}

/// Where a time comes from.
pub(super) enum TimeFrom<'m> {
    Written(usize),
    Formatted(usize, &'m str),
    Epoch(usize, Span),
    Joined(usize, usize, Option<&'m str>),
    Steps(usize, Span, Time),
}

impl<'m> TimeFrom<'m> {
    pub(super) fn find(when: &'m When, header: &[String], wanted: &mut Wanted) -> Result<Self, String> {
        let mut slot = |column: &str| wanted.slot(header, column).ok_or_else(|| column.to_owned());
        Ok(match when {
            When::Written(column) => Self::Written(slot(column)?),
            When::Formatted(column, format) => Self::Formatted(slot(column)?, format),
            When::Epoch(column, unit) => Self::Epoch(slot(column)?, *unit),
            When::Joined { date, time, format } => Self::Joined(slot(date)?, slot(time)?, format.as_deref()),
            When::Steps { column, unit, origin } => Self::Steps(slot(column)?, *unit, *origin),
        })
    }

    pub(super) fn read(&self, wanted: &Wanted, row: &Row<'_>, scratch: &mut Vec<u8>) -> Result<Time, Fault> {
        let (slot, read) = match *self {
            Self::Written(slot) => (slot, moment::written(row.cell(slot))),
            Self::Formatted(slot, format) => (slot, moment::formatted(row.cell(slot), format)),
            Self::Epoch(slot, unit) => (slot, moment::epoch(row.cell(slot), unit)),
            Self::Steps(slot, unit, origin) => (slot, moment::step(row.cell(slot), unit, origin)),
            Self::Joined(date, time, format) => {
                let (day, clock) = (row.cell(date), row.cell(time));
                if day.len() + clock.len() > cell::LONGEST {
                    return Err(wanted.fault(row, date, cell::TOO_LONG));
                }
                scratch.clear();
                scratch.extend_from_slice(day);
                if !clock.is_empty() {
                    scratch.push(b' ');
                    scratch.extend_from_slice(clock);
                }
                let read = format.map_or_else(|| moment::written(scratch), |form| moment::formatted(scratch, form));
                let blame = if moment::written(day).is_ok() { time } else { date };
                (blame, read)
            }
        };
        read.map_err(|why| wanted.fault(row, slot, unusual(row.cell(slot)).unwrap_or_else(|| why.reason())))
    }
}

/// Where an amount comes from.
#[derive(Clone, Copy)]
pub(super) struct AmountFrom {
    pub(super) slot: usize,
    pub(super) notation: Notation,
}

impl AmountFrom {
    fn find(amount: &Amount, header: &[String], wanted: &mut Wanted) -> Result<Self, String> {
        let slot = wanted.slot(header, &amount.column).ok_or_else(|| amount.column.clone())?;
        Ok(Self { slot, notation: amount.notation })
    }

    pub(super) fn read(self, row: &Row<'_>, digits: u8) -> Result<Minor, Unusable> {
        minor_units(row.cell(self.slot), digits, self.notation)
    }

    /// A fault of the cell that this reads.
    pub(super) fn fault(self, wanted: &Wanted, row: &Row<'_>, why: Unusable) -> Fault {
        wanted.fault(row, self.slot, unusual(row.cell(self.slot)).unwrap_or_else(|| why.reason()))
    }

    pub(super) fn is_empty(self, row: &Row<'_>) -> bool {
        row.cell(self.slot).is_empty()
    }
}

/// What is wrong with the bytes of a cell before anybody asks what they mean.
fn unusual(bytes: &[u8]) -> Option<&'static str> {
    cell::checked(bytes).err()
}

impl<'m> Layout<'m> {
    /// The further columns that were asked for, then label, typology and instance.
    pub(super) fn further(&self) -> impl Iterator<Item = &Further<'m>> {
        self.extras.iter().chain(self.labels.iter().flatten())
    }

    /// Lays a mapping onto a header; `extras` are the further columns that were asked for.
    ///
    /// # Errors
    ///
    /// Where the header lacks a column that a transfer needs.
    pub(super) fn new(
        file: &str,
        header: &[String],
        mapping: &'m Mapping,
        extras: &[String],
        labels: bool,
    ) -> Result<Self, IngestError> {
        let mut wanted = Wanted::default();
        let mut missing = Vec::new();
        let columns = &mapping.columns;
        let needed = |name: &str, column: String| IngestError::Header {
            file: file.to_owned(),
            problem: format!("there is no column `{column}`, which `{name}` is read from"),
            columns: header.join(", "),
            help: "name the right column in the mapping (`moneytrail presets --show NAME` prints one to start from)"
                .to_owned(),
        };
        let time = TimeFrom::find(&columns.timestamp, header, &mut wanted).map_err(|c| needed("timestamp", c))?;
        let sender = TextFrom::find(&columns.sender, header, &mut wanted).map_err(|c| needed("sender", c))?;
        let receiver = TextFrom::find(&columns.receiver, header, &mut wanted).map_err(|c| needed("receiver", c))?;
        let amount = AmountFrom::find(&columns.amount, header, &mut wanted).map_err(|c| needed("amount", c))?;
        let mut optional = |text: Option<&Text>| {
            let found = TextFrom::find(text?, header, &mut wanted);
            found.map_err(|column| missing.push(column)).ok()
        };
        let tx_id = optional(columns.tx_id.as_ref());
        let currency = optional(columns.currency.as_ref()).unwrap_or_else(|| TextFrom::Constant(String::new()));
        let currency_received = optional(columns.currency_received.as_ref());
        let extras = extras
            .iter()
            .map(|name| optional(source(mapping, name).as_ref()).map(|from| (from, mapping.values(name))))
            .collect();
        let labels = labels.then(|| {
            ["label", "label_typology", "label_instance"]
                .map(|name| optional(mapped(mapping, name)).map(|from| (from, mapping.values(name))))
        });
        let received = columns.amount_received.as_ref().zip(currency_received).and_then(|(amount, currency)| {
            let amount = AmountFrom::find(amount, header, &mut wanted).map_err(|column| missing.push(column)).ok()?;
            Some((amount, currency, mapping.values("currency_received")))
        });
        let reverse = mapping.reverse.iter().filter_map(|(column, values)| {
            let slot = wanted.slot(header, column);
            slot.map(|slot| (slot, values.as_slice())).or_else(|| {
                missing.push(column.clone());
                None
            })
        });
        let reverse = reverse.collect();
        missing.retain(|column| !extras_only(mapping, column));
        Ok(Self {
            wanted,
            tx_id,
            time,
            sender,
            receiver,
            amount,
            currency,
            currency_values: mapping.values("currency"),
            received,
            reverse,
            extras,
            labels,
            missing,
        })
    }
}

/// Whether a column that a file lacks is none that the mapping names: it was asked for by its own name.
fn extras_only(mapping: &Mapping, column: &str) -> bool {
    !named(mapping).any(|name| name == column)
}

/// Every source column that a mapping names for transfers.
pub(super) fn named(mapping: &Mapping) -> impl Iterator<Item = &str> {
    let columns = &mapping.columns;
    let texts = crate::columns::schema::TRANSFER.iter().filter_map(|column| mapped(mapping, column.name));
    let texts = texts.chain(mapping.other.values()).flat_map(Text::columns);
    let amounts = std::iter::once(&columns.amount).chain(&columns.amount_received).map(|amount| amount.column.as_str());
    texts.chain(amounts).chain(columns.timestamp.columns()).chain(mapping.reverse.keys().map(String::as_str))
}

/// The source columns that a transfer needs.
pub(super) fn needed(mapping: &Mapping) -> impl Iterator<Item = &str> {
    let columns = &mapping.columns;
    let keys = columns.sender.columns().chain(columns.receiver.columns());
    keys.chain(std::iter::once(columns.amount.column.as_str())).chain(columns.timestamp.columns())
}

/// The text that the mapping names for a canonical column.
fn mapped<'m>(mapping: &'m Mapping, name: &str) -> Option<&'m Text> {
    let columns = &mapping.columns;
    match name {
        "tx_id" => columns.tx_id.as_ref(),
        "sender" => Some(&columns.sender),
        "receiver" => Some(&columns.receiver),
        "currency" => columns.currency.as_ref(),
        "currency_received" => columns.currency_received.as_ref(),
        "channel" => columns.channel.as_ref(),
        "kind" => columns.kind.as_ref(),
        "refers_to" => columns.refers_to.as_ref(),
        "purpose" => columns.purpose.as_ref(),
        "label" => columns.label.as_ref(),
        "label_typology" => columns.label_typology.as_ref(),
        "label_instance" => columns.label_instance.as_ref(),
        _ => None,
    }
}

/// Where a further column comes from: as the mapping says, or from the column of its own name, unless that column
/// holds ground truth.
fn source(mapping: &Mapping, name: &str) -> Option<Text> {
    if let Some(text) = mapped(mapping, name).or_else(|| mapping.other.get(name)) {
        return Some(text.clone());
    }
    let column = match (name, &mapping.columns.amount_received) {
        ("amount_received", Some(amount)) => amount.column.clone(),
        _ => name.to_owned(),
    };
    let truths = ["label", "label_typology", "label_instance"].into_iter().filter_map(|name| mapped(mapping, name));
    let hidden = truths.flat_map(Text::columns).any(|truth| truth == column);
    (!hidden).then(|| Text::column(&column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_dropped_from_numbers_only() {
        for (text, shown) in [("010", "10"), ("000", "0"), ("10", "10"), ("0A1", "0A1"), ("", "")] {
            assert_eq!(without_padding(text), shown);
        }
    }
}
