//! Comma- and otherwise separated text: the delimiter is sniffed from the header, and rows keep their line numbers.
//!
//! A quote that is never closed would swallow the rows after it. A malformed row that runs over several lines
//! therefore ends the reading, and so does a record that does not end.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};
use memchr::memchr_iter;

use super::IngestError;
use super::blocks::{Blocks, Form, Next};
use super::cell::{self, Row, Spot};
use super::chunk::{Chunk, Lines, fault};
use super::source::{HEAD, Receipt, Source, unpacking, without_bom};
use super::table::{Read as TableRead, VisitMany};

/// The delimiters that are tried; of equally frequent ones the first wins.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A record longer than this has a quote that is not closed; it also bounds the memory that a record takes.
const LONGEST_RECORD: u64 = 64 << 20;

/// How many columns a table may have; more are no header.
const MOST_COLUMNS: usize = 10_000;

const CLOSE_THE_QUOTE: &str = "close the quote, or double every quote inside a quoted field";

/// A table after its header.
pub(super) struct Delimited {
    blocks: Blocks<Box<dyn Read + Send>>,
    form: Form,
    receipt: Receipt,
    columns: usize,
    /// Whether the line feed of the last line end was read, where lines end with two signs.
    between_lines: bool,
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
        let form = Form { delimiter, carriage_returns };
        let (mut bytes, receipt) = source.into_reader();
        let packed = receipt.is_packed();
        io::copy(&mut bytes.by_ref().take(bom as u64), &mut io::sink())
            .map_err(|error| IngestError::io(&name, &error))?;
        let head = Head::read(&mut bytes, form).map_err(|error| failed(&name, packed, 1, error))?;
        let header = header(&name, &head.record)?;
        let columns = header.len();
        let bytes: Box<dyn Read + Send> = Box::new(io::Cursor::new(head.rest).chain(bytes));
        let blocks = Blocks::new(bytes, head.line, form);
        Ok((header, Self { blocks, form, receipt, columns, between_lines: head.between_lines }))
    }

    /// Hands over every record. While some are looked at, the next are read.
    pub(super) fn read(
        mut self,
        name: &str,
        wanted: &[usize],
        visit: &mut VisitMany<'_>,
    ) -> Result<TableRead, IngestError> {
        let packed = self.receipt.is_packed();
        let failed = |error: io::Error| unpacking(name, packed, &error);
        let mut rows = 0;
        let mut next = self.blocks.next().map_err(failed)?;
        while let Next::Plain(block) = next {
            self.between_lines = true;
            let lines = Lines { block: &block, first: rows + 1, columns: self.columns, wanted };
            rows += block.len() as u64;
            let blocks = &mut self.blocks;
            let (after, done) = rayon::join(|| blocks.next(), || visit(Chunk::Block(lines)));
            done?;
            next = after.map_err(failed)?;
        }
        if let Next::Other = next {
            rows = Rows::new(self.blocks, self.form, self.columns, self.between_lines, rows)
                .read(name, packed, wanted, visit)?;
        }
        Ok(TableRead { account: self.receipt.settle()?, rows })
    }
}

/// The header of a table, and where its rows begin.
struct Head {
    record: ByteRecord,
    /// What was read beyond it.
    rest: Vec<u8>,
    /// The line of the first row.
    line: u64,
    between_lines: bool,
}

impl Head {
    /// Reads until there is a whole record.
    fn read(bytes: &mut impl Read, form: Form) -> Result<Self, csv::Error> {
        let (mut read, mut ended) = (Vec::new(), false);
        loop {
            let wanted = HEAD.max(read.len()) as u64;
            let more = bytes.by_ref().take(wanted).read_to_end(&mut read)?;
            ended |= (more as u64) < wanted;
            let mut reader = builder(form).from_reader(read.as_slice());
            let mut record = ByteRecord::new();
            reader.read_byte_record(&mut record)?;
            let end = usize::try_from(reader.position().byte()).expect("a place in what was read");
            if end < read.len() || ended {
                let between_lines = end > 0 && read[end - 1] == b'\r' && read.get(end) == Some(&b'\n');
                let line = reader.position().line() + u64::from(between_lines);
                let rest = read.split_off(end + usize::from(between_lines));
                return Ok(Self { record, rest, line, between_lines });
            }
            if read.len() as u64 > LONGEST_RECORD {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a record does not end").into());
            }
        }
    }
}

fn builder(form: Form) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(form.delimiter).has_headers(false).flexible(true).buffer_capacity(1 << 16);
    builder
}

/// The rows of a table from some place on, read by the crate that knows all that such text may hold.
struct Rows {
    reader: csv::Reader<Guard<Box<dyn Read>>>,
    watch: Rc<Watch>,
    carriage_returns: bool,
    columns: usize,
    /// Lines and rows before those that the reader counts.
    before: (u64, u64),
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
        self.watch.quotes.set(self.watch.quotes.get() + memchr_iter(b'"', &buffer[..length]).count() as u64);
        Ok(length)
    }
}

impl Rows {
    /// The rows that the blocks have not handed over; so many were.
    fn new(blocks: Blocks<Box<dyn Read + Send>>, form: Form, columns: usize, between_lines: bool, rows: u64) -> Self {
        let (line, rest, more) = blocks.into_rest();
        // The reader ends a record at the carriage return and counts the line feed to the next one.
        let (pending, lines) = if form.carriage_returns && between_lines { ("\n", line - 2) } else { ("", line - 1) };
        let bytes: Box<dyn Read> = Box::new(pending.as_bytes().chain(io::Cursor::new(rest)).chain(more));
        let watch = Rc::new(Watch::default());
        let reader = builder(form).from_reader(Guard { inner: bytes, watch: Rc::clone(&watch) });
        Self { reader, watch, carriage_returns: form.carriage_returns, columns, before: (lines, rows) }
    }

    /// The line on which the reader stands.
    fn line(&self) -> u64 {
        self.before.0 + self.reader.position().line() + u64::from(self.carriage_returns)
    }

    /// Hands over every record, and says how many rows there are.
    fn read(
        mut self,
        name: &str,
        packed: bool,
        wanted: &[usize],
        visit: &mut VisitMany<'_>,
    ) -> Result<u64, IngestError> {
        let mut record = ByteRecord::new();
        let (mut rows, mut lines) = (self.before.1, 1);
        loop {
            self.watch.since_record.set(0);
            let before = self.line();
            match self.reader.read_byte_record(&mut record) {
                Ok(true) => rows += 1,
                Ok(false) => break,
                Err(error) => return Err(failed(name, packed, before, error)),
            }
            let after = self.line();
            let spot = Spot { line: first_line(before, after, &record), record: rows };
            lines = if after == before + 1 { 1 } else { newlines(&record) + 1 };
            let fault = fault(self.columns, record.len(), || record.iter());
            if lines > 1 && fault.is_some() {
                let problem = format!("a malformed row runs over {lines} lines: a quote is probably not closed");
                return Err(IngestError::malformed(name, spot.line, problem, CLOSE_THE_QUOTE));
            }
            visit(Chunk::Row(spot, fault.map_or(Ok(Row::Csv { record: &record, wanted }), Err)))?;
        }
        if lines > 1 && self.watch.quotes.get() % 2 == 1 {
            let line = self.before.0 + self.reader.position().line();
            let problem = "the file ends inside a quoted field";
            let line = line.saturating_sub(lines - 1).max(1);
            return Err(IngestError::malformed(name, line, problem, CLOSE_THE_QUOTE));
        }
        Ok(rows)
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
    memchr_iter(b'\n', record.as_slice()).count() as u64
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
