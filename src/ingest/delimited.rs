//! Comma- and otherwise separated text: the delimiter is sniffed from the header, and rows keep their line numbers.
//!
//! A quote that is never closed would swallow the rows after it. A malformed row that runs over several lines
//! therefore ends the reading, and so does a record that does not end.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};

use super::IngestError;
use super::cell::{self, Fault, Row, Spot};
use super::source::{Receipt, Source, unpacking, without_bom};
use super::table::{Read as TableRead, Visit};

/// The delimiters that are tried; of equally frequent ones the first wins.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A record longer than this has a quote that is not closed; it also bounds the memory that a record takes.
const LONGEST_RECORD: u64 = 64 << 20;

/// How many columns a table may have; more are no header.
const MOST_COLUMNS: usize = 10_000;

const CLOSE_THE_QUOTE: &str = "close the quote, or double every quote inside a quoted field";

/// A CSV file after its header.
pub(super) struct Delimited {
    reader: csv::Reader<Guard<Box<dyn Read + Send>>>,
    watch: Rc<Watch>,
    receipt: Receipt,
    columns: usize,
    carriage_returns: bool,
    packed: bool,
}

/// What the guard counts.
#[derive(Default)]
struct Watch {
    since_record: Cell<u64>,
    quotes: Cell<u64>,
}

/// A reader that ends with an error where one record takes more bytes than any record should.
struct Guard<R> {
    inner: R,
    watch: Rc<Watch>,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.since_record.get() > LONGEST_RECORD {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a record does not end"));
        }
        let length = self.inner.read(buffer)?;
        self.watch.since_record.set(self.watch.since_record.get() + length as u64);
        self.watch.quotes.set(self.watch.quotes.get() + cell::count(&buffer[..length], b'"'));
        Ok(length)
    }
}

impl Delimited {
    /// Reads the header.
    pub(super) fn open(source: Source) -> Result<(Vec<String>, Self), IngestError> {
        let name = source.name.clone();
        let head = without_bom(&source.head);
        let bom = source.head.len() - head.len();
        let end = head.iter().position(|&byte| byte == b'\n');
        let carriage_returns = end.is_some_and(|end| head[..end].ends_with(b"\r"));
        let delimiter = sniff(&head[..end.unwrap_or(head.len())]);
        let (mut bytes, receipt) = source.into_reader();
        io::copy(&mut bytes.by_ref().take(bom as u64), &mut io::sink())
            .map_err(|error| IngestError::io(&name, &error))?;
        let watch = Rc::new(Watch::default());
        let guard = Guard { inner: bytes, watch: Rc::clone(&watch) };
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 16)
            .from_reader(guard);
        let mut record = ByteRecord::new();
        let packed = receipt.is_packed();
        reader.read_byte_record(&mut record).map_err(|error| failed(&name, packed, 1, error))?;
        let header = header(&name, &record)?;
        let columns = header.len();
        Ok((header, Self { reader, watch, receipt, columns, carriage_returns, packed }))
    }

    /// Hands over every record.
    pub(super) fn read(
        mut self,
        name: &str,
        wanted: &[usize],
        visit: &mut Visit<'_>,
    ) -> Result<TableRead, IngestError> {
        let mut record = ByteRecord::new();
        let (mut rows, mut lines) = (0, 1);
        loop {
            self.watch.since_record.set(0);
            let before = self.reader.position().line() + u64::from(self.carriage_returns);
            match self.reader.read_byte_record(&mut record) {
                Ok(true) => rows += 1,
                Ok(false) => break,
                Err(error) => return Err(failed(name, self.packed, before, error)),
            }
            let after = self.reader.position().line() + u64::from(self.carriage_returns);
            let spot = Spot { line: first_line(before, after, &record), record: rows };
            lines = if after == before + 1 { 1 } else { newlines(&record) + 1 };
            let fault = self.fault(&record);
            if lines > 1 && fault.is_some() {
                let problem = format!("a malformed row runs over {lines} lines: a quote is probably not closed");
                return Err(IngestError::malformed(name, spot.line, problem, CLOSE_THE_QUOTE));
            }
            visit(spot, fault.map_or(Ok(Row::Csv { record: &record, wanted }), Err))?;
        }
        if lines > 1 && self.watch.quotes.get() % 2 == 1 {
            let line = self.reader.position().line().saturating_sub(lines - 1).max(1);
            let problem = "the file ends inside a quoted field";
            return Err(IngestError::malformed(name, line, problem, CLOSE_THE_QUOTE));
        }
        drop(self.reader);
        Ok(TableRead { account: self.receipt.settle()?, rows })
    }

    /// What is wrong with a whole record, if anything.
    fn fault(&self, record: &ByteRecord) -> Option<Fault> {
        if record.len() != self.columns {
            let value = format!("{} instead of {}", record.len(), self.columns);
            return Some(Fault::new("", value.as_bytes(), "wrong number of fields"));
        }
        if record.as_slice().len() <= cell::LONGEST {
            return None;
        }
        let long = record.iter().find(|field| field.len() > cell::LONGEST)?;
        Some(Fault::new("", long, cell::TOO_LONG))
    }
}

/// The line on which a record begins, given the lines that the parser stood on before and after it. The parser
/// counts empty lines to the record after them, which this takes back.
fn first_line(before: u64, after: u64, record: &ByteRecord) -> u64 {
    if after <= before + 1 {
        return before;
    }
    before.max((after - 1).saturating_sub(newlines(record)))
}

fn newlines(record: &ByteRecord) -> u64 {
    cell::count(record.as_slice(), b'\n')
}

fn sniff(line: &[u8]) -> u8 {
    let mut counts = [0usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        if let (false, Some(which)) = (quoted, DELIMITERS.iter().position(|delimiter| delimiter == byte)) {
            counts[which] += 1;
        }
    }
    let best = (0..DELIMITERS.len()).rev().max_by_key(|&which| counts[which]).unwrap_or(0);
    DELIMITERS[best]
}

fn header(name: &str, record: &ByteRecord) -> Result<Vec<String>, IngestError> {
    let bad = |problem: &str| {
        let help = "the first line must name the columns, in UTF-8, separated by `,`, `;`, tab or `|`";
        IngestError::malformed(name, 1, problem, help)
    };
    if record.is_empty() || record.iter().all(<[u8]>::is_empty) {
        return Err(bad("there is no header"));
    }
    if record.len() > MOST_COLUMNS {
        return Err(bad("the header has more than 10000 columns"));
    }
    let names = record.iter().map(|field| {
        let text = cell::checked(field.trim_ascii())
            .map_err(|reason| bad(&format!("a column name cannot be read: {reason}")))?;
        if text.len() > 1000 { Err(bad("a column name is longer than 1000 bytes")) } else { Ok(text.to_owned()) }
    });
    names.collect()
}

fn failed(name: &str, packed: bool, line: u64, error: csv::Error) -> IngestError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let problem = "a row is longer than 64 MiB: a quote is probably not closed";
            IngestError::malformed(name, line, problem, CLOSE_THE_QUOTE)
        }
        csv::ErrorKind::Io(error) => unpacking(name, packed, &error),
        other => IngestError::malformed(name, line, format!("not a table: {other:?}"), "give a CSV file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_most_frequent_one_outside_quotes() {
        for (line, delimiter) in [("a;b;c", b';'), ("a\tb", b'\t'), ("\"a;b;c\",d", b','), ("a|b", b'|'), ("a", b',')] {
            assert_eq!(sniff(line.as_bytes()), delimiter, "{line}");
        }
    }
}
