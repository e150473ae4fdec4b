//! Plain delimited text, many lines at a time: lines and fields are found by looking for their ends alone.
//!
//! Text is plain where no field is quoted, every line ends the same way and all of it is UTF-8. Where that ends, the rest of
//! the file goes to a reader that knows all that such text may hold ([`super::delimited`]).

use std::io::{self, Read};

use memchr::{memchr, memchr2_iter, memrchr};

use super::cell;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 19;

/// A block without a line end is no plain text.
const LONGEST: usize = 8 * BLOCK;

/// How a table is written.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) delimiter: u8,
    /// Whether lines end with a carriage return and a line feed, and not with the latter alone.
    pub(super) carriage_returns: bool,
}

/// The blocks of a table, as far as it is plain.
pub(super) struct Blocks<R> {
    reader: R,
    form: Form,
    /// What was read beyond the last whole line.
    rest: Vec<u8>,
    /// The line that the next block begins with, from 1.
    line: u64,
    ended: bool,
}

/// What comes next.
pub(super) enum Next {
    Plain(Block),
    /// Text that is not plain: nothing of it has been looked at.
    Other,
    End,
}

/// Whole lines of plain text.
pub(super) struct Block {
    text: String,
    lines: Vec<Line>,
    /// Where fields end.
    ends: Vec<u32>,
    /// Whether no field can hold a NUL byte or be too long.
    clean: bool,
}

/// A line that is not empty.
struct Line {
    number: u64,
    start: u32,
    /// Position in the block's `ends` of the end of its first field.
    first: u32,
    fields: u32,
}

/// The fields of a line.
#[derive(Clone, Copy)]
pub(super) struct Fields<'b> {
    text: &'b str,
    start: u32,
    ends: &'b [u32],
    /// Whether no field can hold a NUL byte or be too long.
    pub(super) clean: bool,
}

impl<'b> Fields<'b> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// A field, if the line has it.
    #[inline]
    pub(super) fn get(&self, position: usize) -> Option<&'b str> {
        let end = *self.ends.get(position)?;
        let start = position.checked_sub(1).map_or(self.start, |before| self.ends[before] + 1);
        Some(&self.text[start as usize..end as usize])
    }

    /// All fields in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'b str> {
        (0..self.len()).filter_map(move |position| self.get(position))
    }
}

impl Block {
    /// How many lines are not empty.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Which line of the file one of them is.
    pub(super) fn number(&self, line: usize) -> u64 {
        self.lines[line].number
    }

    /// The fields of one of them.
    #[inline]
    pub(super) fn fields(&self, line: usize) -> Fields<'_> {
        let line = &self.lines[line];
        let ends = &self.ends[line.first as usize..(line.first + line.fields) as usize];
        Fields { text: &self.text, start: line.start, ends, clean: self.clean }
    }

    /// Whether no field can hold a NUL byte or be too long.
    pub(super) fn is_clean(&self) -> bool {
        self.clean
    }
}

impl<R: Read> Blocks<R> {
    /// The blocks of what a reader holds; it stands at the beginning of this line.
    pub(super) fn new(reader: R, line: u64, form: Form) -> Self {
        Self { reader, form, rest: Vec::new(), line, ended: false }
    }

    /// The line that comes next, and all that has not been handed over.
    pub(super) fn into_rest(self) -> (u64, Vec<u8>, R) {
        (self.line, self.rest, self.reader)
    }

    /// The next lines. After [`Next::Other`] they are still there, for [`Blocks::into_rest`].
    ///
    /// # Errors
    ///
    /// Where the text cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        let Some(end) = self.fill()? else { return Ok(Next::Other) };
        if self.rest.is_empty() {
            return Ok(Next::End);
        }
        let unread = self.rest.split_off(end);
        let text = match String::from_utf8(std::mem::replace(&mut self.rest, unread)) {
            Ok(text) => text,
            Err(error) => return Ok(self.give_back(error.into_bytes())),
        };
        match split(text, self.line, self.form) {
            Ok((block, line)) => {
                self.line = line;
                Ok(Next::Plain(block))
            }
            Err(text) => Ok(self.give_back(text.into_bytes())),
        }
    }

    fn give_back(&mut self, mut bytes: Vec<u8>) -> Next {
        bytes.append(&mut self.rest);
        self.rest = bytes;
        Next::Other
    }

    /// Reads on until there is a whole line, or the file ends. Where the whole lines end; nothing where a line is too long.
    fn fill(&mut self) -> io::Result<Option<usize>> {
        while !self.ended {
            let before = self.rest.len();
            self.rest.reserve(BLOCK);
            let read = self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut self.rest)?;
            self.ended = read < BLOCK;
            if let Some(end) = memrchr(b'\n', &self.rest[before..]).filter(|_| !self.ended) {
                return Ok(Some(before + end + 1));
            }
            if self.rest.len() > LONGEST {
                return Ok(None);
            }
        }
        Ok(Some(self.rest.len()))
    }
}

/// Finds lines and fields; with them comes the number of the line after the last. The text itself where it is not plain.
fn split(text: String, first: u64, form: Form) -> Result<(Block, u64), String> {
    let bytes = text.as_bytes();
    if memchr(b'"', bytes).is_some() || u32::try_from(bytes.len()).is_err() {
        return Err(text);
    }
    let (mut lines, mut ends) = (Vec::new(), Vec::new());
    let (mut start, mut first_end, mut number) = (0, 0, first);
    let narrow = |position: usize| u32::try_from(position).expect("a block is small");
    let mut close = |end: usize, start: usize, number: u64, ends: &mut Vec<u32>| {
        if end > start || ends.len() > first_end {
            ends.push(narrow(end));
            let fields = narrow(ends.len() - first_end);
            lines.push(Line { number, start: narrow(start), first: narrow(first_end), fields });
            first_end = ends.len();
        }
    };
    let mut returns = 0;
    for at in memchr2_iter(form.delimiter, b'\n', bytes) {
        if bytes[at] != b'\n' {
            ends.push(narrow(at));
            continue;
        }
        let ends_with_return = at > start && bytes[at - 1] == b'\r';
        returns += u64::from(ends_with_return);
        if ends_with_return != form.carriage_returns {
            return Err(text);
        }
        close(at - usize::from(ends_with_return), start, number, &mut ends);
        (start, number) = (at + 1, number + 1);
    }
    close(bytes.len(), start, number, &mut ends);
    // A carriage return anywhere else ends a line, too, but to those who count them.
    if cell::count(bytes, b'\r') != returns {
        return Err(text);
    }
    let clean = bytes.len() <= cell::LONGEST && memchr(0, bytes).is_none();
    Ok((Block { text, lines, ends, clean }, number))
}
