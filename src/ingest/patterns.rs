//! AMLworld's `*_Patterns.txt`: blocks of transfers, each block one laundering attempt with its typology.
//!
//! The rows are those of the ledger again, without ids. So a labelled transfer is found by its time, accounts, amount
//! and currency.

use std::io::{BufRead, BufReader};

use csv::{ByteRecord, ReaderBuilder};

use super::cell::Row;
use super::currency::Currencies;
use super::labels::{Marks, Truth};
use super::layout::Layout;
use super::mapping::Mapping;
use super::source::{Place, Source};
use super::table::Read;
use super::{IngestError, InputFile};
use crate::columns::{Ledger, RowId, Time};

const BEGIN: &str = "BEGIN LAUNDERING ATTEMPT";
const END: &str = "END LAUNDERING ATTEMPT";

/// What the transfers of all attempts look like, and what each is labelled with.
#[derive(Default)]
pub(super) struct ByContent(Marks<Content>);

/// What tells a transfer without an id: time, sender, receiver, minor units and currency.
pub(super) type Content = (Time, String, String, i64, String);

/// Whether a file that begins like this holds attempts.
pub(super) fn begin(header: &[String]) -> bool {
    header.first().is_some_and(|first| first.starts_with(BEGIN))
}

impl ByContent {
    /// Reads a file of attempts whose rows have the columns of `header`.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or a row is no transfer.
    pub(super) fn add(
        &mut self,
        place: &Place,
        header: &[String],
        mapping: &Mapping,
    ) -> Result<InputFile, IngestError> {
        let source = Source::open(place, true)?;
        let name = source.name.clone();
        let layout = Layout::new(&name, header, mapping, &[], false)?;
        let (reader, receipt) = source.into_reader();
        let (mut attempts, mut rows) = (0u64, 0u64);
        let mut typology = None;
        for (line, text) in (1u64..).zip(BufReader::new(reader).lines()) {
            let wrong = |problem: &str| {
                let help = "an attempt is BEGIN LAUNDERING ATTEMPT - NAME, rows as in the transfers, END …";
                IngestError::malformed(&name, line, problem, help)
            };
            let text = text.map_err(|error| wrong(&error.to_string()))?;
            if let Some(rest) = text.strip_prefix(BEGIN) {
                attempts += 1;
                typology = Some(typology_of(rest));
            } else if text.starts_with(END) {
                typology = None;
            } else if !text.trim().is_empty() {
                rows += 1;
                let typology = typology.clone().ok_or_else(|| wrong("a row stands outside of an attempt"))?;
                let content = content(&text, header, &layout).map_err(|reason| wrong(&reason))?;
                self.0.add(content, &name, line, (Some(typology), Some(attempts.to_string())));
            }
        }
        Ok(InputFile::new(&name, "labels", Read { account: receipt.settle()?, rows }))
    }

    /// Where the labels of a transfer are, if it has any.
    pub(super) fn find(&self, ledger: &Ledger, row: RowId) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let key = |account| ledger.accounts().key(account).to_owned();
        let currency = ledger.currency_table()[ledger.currency(row).index()].code.clone();
        let (sender, receiver) = (key(ledger.sender(row)), key(ledger.receiver(row)));
        self.0.find(&(ledger.time(row), sender, receiver, ledger.amount(row).0, currency))
    }

    /// The labels at a place that was found.
    pub(super) fn truths(&self, place: usize) -> &[Truth] {
        self.0.truths(place)
    }

    /// All of them.
    pub(super) fn marks(&self) -> &Marks<Content> {
        &self.0
    }
}

/// `FAN-OUT:  Max 16-degree Fan-Out` is the typology `fan-out`.
fn typology_of(rest: &str) -> String {
    let name = rest.trim_start_matches([' ', '-']);
    name.split(':').next().unwrap_or(name).trim().to_lowercase()
}

fn content(text: &str, header: &[String], layout: &Layout<'_>) -> Result<Content, String> {
    let mut record = ByteRecord::new();
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let read = reader.read_byte_record(&mut record).map_err(|error| error.to_string())?;
    if !read || record.len() != header.len() {
        return Err(format!("the row has {} fields, and the transfers have {}", record.len(), header.len()));
    }
    let row = Row::Csv { record: &record, wanted: &layout.wanted.positions };
    let (wanted, mut currencies) = (&layout.wanted, Currencies::default());
    let read = |from: &super::layout::TextFrom| {
        from.read(wanted, &row, &mut Vec::new()).map(str::to_owned).map_err(|fault| fault.reason.to_owned())
    };
    let (sender, receiver, currency) = (read(&layout.sender)?, read(&layout.receiver)?, read(&layout.currency)?);
    let time = layout.time.read(wanted, &row, &mut Vec::new()).map_err(|fault| fault.reason.to_owned())?;
    let currency = currencies.position(&currency, layout.currency_values).map_err(str::to_owned)?;
    let amount = layout.amount.read(&row, currencies.digits(currency)).map_err(|why| why.reason().to_owned())?;
    Ok((time, sender, receiver, amount.units, currencies.code(currency).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typology_stands_between_the_dash_and_the_colon() {
        for (rest, typology) in [
            (" - FAN-OUT:  Max 16-degree Fan-Out", "fan-out"),
            (" - STACK", "stack"),
            (" - GATHER-SCATTER:  Max 2-degree Fan-In", "gather-scatter"),
        ] {
            assert_eq!(typology_of(rest), typology);
        }
    }
}
