//! Plain delimited text, many lines at a time: lines and fields are found by looking for their ends alone.
//!
//! Text is plain where no field is quoted, every line ends the same way and all of it is UTF-8. Where that ends, the rest of
//! the file goes to a reader that knows all that such text may hold ([`super::delimited`]).

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use super::cell;
use crate::columns::bits;

/// Bytes that are read at a time.
const BLOCK: usize = 1 << 17;

/// A block without a line end is no plain text.
const LONGEST: usize = 1 << 22;

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
    /// The line of the file that the first of them is, from 1.
    number: u64,
    /// Where each line's edges begin, and where the last one's end.
    firsts: Vec<u32>,
    /// Of each line: where it begins, and one more than where each of its fields ends, which is where the next begins.
    edges: Vec<u32>,
    /// For each empty line, which is none of the block's, how many lines stand before it.
    empty: Vec<u32>,
    /// Whether no field can hold a NUL byte or be too long.
    clean: bool,
}

/// The fields of a line.
#[derive(Clone, Copy)]
pub(super) struct Fields<'b> {
    text: &'b str,
    edges: &'b [u32],
    /// Whether no field can hold a NUL byte or be too long.
    pub(super) clean: bool,
}

impl<'b> Fields<'b> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// A field, if the line has it.
    #[inline]
    pub(super) fn get(&self, position: usize) -> Option<&'b str> {
        let next = *self.edges.get(position + 1)?;
        Some(&self.text[self.edges[position] as usize..next as usize - 1])
    }

    /// All fields in order.
    pub(super) fn iter(self) -> impl Iterator<Item = &'b str> {
        (0..self.len()).filter_map(move |position| self.get(position))
    }
}

impl Block {
    /// How many lines are not empty.
    pub(super) fn len(&self) -> usize {
        self.firsts.len() - 1
    }

    /// Which line of the file one of them is.
    pub(super) fn number(&self, line: usize) -> u64 {
        let empty = self.empty.partition_point(|&before| before as usize <= line);
        self.number + (line + empty) as u64
    }

    /// Whether there are empty lines among them.
    pub(super) fn has_empty_lines(&self) -> bool {
        !self.empty.is_empty()
    }

    /// The fields of one of them.
    #[inline]
    pub(super) fn fields(&self, line: usize) -> Fields<'_> {
        let edges = &self.edges[self.firsts[line] as usize..self.firsts[line + 1] as usize];
        Fields { text: &self.text, edges, clean: self.clean }
    }

    /// A field of every line, without white space around it; empty where a line has no such field.
    pub(super) fn column(&self, position: usize) -> Vec<&str> {
        (0..self.len()).map(|line| self.fields(line).get(position).unwrap_or_default().trim_ascii()).collect()
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
fn split(text: String, number: u64, form: Form) -> Result<(Block, u64), String> {
    let bytes = text.as_bytes();
    if memchr(b'"', bytes).is_some() || u32::try_from(bytes.len()).is_err() {
        return Err(text);
    }
    let narrow = |position: usize| u32::try_from(position).expect("a block is small");
    let (mut firsts, mut edges, mut empty) = (vec![0], vec![0], Vec::new());
    let (mut after, mut returns, mut mixed) = (number, 0, false);
    // Ends a line; the next one begins there.
    let mut close = |end: usize, next: usize, edges: &mut Vec<u32>| {
        let first = firsts.last().map_or(0, |&first| first as usize);
        if edges.len() > first + 1 || end > edges[first] as usize {
            edges.push(narrow(end + 1));
            firsts.push(narrow(edges.len()));
        } else {
            empty.push(narrow(firsts.len() - 1));
            edges.pop();
        }
        edges.push(narrow(next));
    };
    marks(bytes, form.delimiter, |at| {
        if bytes[at] != b'\n' {
            edges.push(narrow(at + 1));
            return;
        }
        let ends_with_return = at > 0 && bytes[at - 1] == b'\r';
        returns += usize::from(ends_with_return);
        mixed |= ends_with_return != form.carriage_returns;
        close(at - usize::from(ends_with_return), at + 1, &mut edges);
        after += 1;
    });
    if !bytes.ends_with(b"\n") {
        close(bytes.len(), bytes.len(), &mut edges);
    }
    edges.pop();
    // A carriage return anywhere else ends a line, too, but to those who count them.
    if mixed || memchr_iter(b'\r', bytes).count() != returns {
        return Err(text);
    }
    let clean = bytes.len() <= cell::LONGEST && memchr(0, bytes).is_none();
    Ok((Block { text, number, firsts, edges, empty, clean }, after))
}

/// Calls `found` with each place where a delimiter or a line feed stands. The bytes are compared sixty-four at a time, and what
/// was found is a bit each: fields are so short that looking for the next one alone costs three times as much.
fn marks(bytes: &[u8], delimiter: u8, mut found: impl FnMut(usize)) {
    let is_mark = |byte: u8| byte == delimiter || byte == b'\n';
    let (chunks, rest) = bytes.as_chunks::<64>();
    for (chunk, start) in chunks.iter().zip((0..).step_by(64)) {
        let mut bits = bits(&chunk.map(|byte| u8::from(is_mark(byte))));
        while bits != 0 {
            found(start + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
    }
    let start = bytes.len() - rest.len();
    rest.iter().zip(start..).filter(|(byte, _)| is_mark(**byte)).for_each(|(_, at)| found(at));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line's number and fields.
    type Known = (u64, Vec<String>);

    /// The lines of a block, and the number after the last.
    fn lines(text: &str, carriage_returns: bool) -> Option<(Vec<Known>, u64)> {
        let (block, after) = split(text.to_owned(), 5, Form { delimiter: b',', carriage_returns }).ok()?;
        let fields = |line: usize| block.fields(line).iter().map(str::to_owned).collect();
        Some(((0..block.len()).map(|line| (block.number(line), fields(line))).collect(), after))
    }

    /// Every text of up to six signs of these, behind so many others that it stands on both sides of a border.
    fn texts(signs: [&str; 3]) -> impl Iterator<Item = String> {
        let short = (0..=6u32).flat_map(move |length| {
            (0..3usize.pow(length))
                .map(move |number| (0..length).map(|place| signs[number / 3usize.pow(place) % 3]).collect::<String>())
        });
        short.flat_map(move |text| [0, 30].map(|lines| ["b", signs[2]].concat().repeat(lines) + &text))
    }

    #[test]
    fn lines_and_fields_are_those_between_their_ends() {
        for (end, carriage_returns) in [("\n", false), ("\r\n", true)] {
            for text in texts(["a", ",", end]) {
                let whole = (5..).zip(text.split(end)).filter(|(_, line)| !line.is_empty());
                let fields = |(number, line): (u64, &str)| (number, line.split(',').map(str::to_owned).collect());
                let after = 5 + text.matches(end).count() as u64;
                assert_eq!(lines(&text, carriage_returns), Some((whole.map(fields).collect(), after)), "{text:?}");
            }
        }
    }

    #[test]
    fn text_whose_lines_end_in_two_ways_is_not_plain() {
        for (text, carriage_returns) in
            [("a\r\nb\n", true), ("a\r\nb\n", false), ("a\rb\n", false), ("a\rb\r\n", true), ("a\n\r\n", false)]
        {
            assert_eq!(lines(text, carriage_returns), None, "{text:?}");
        }
        assert_eq!(lines("a,\"b\"\n", false), None);
    }

    #[test]
    fn a_column_is_a_field_of_every_line_without_white_space_around_it() {
        let (block, _) =
            split("a, b \n\nc\n".to_owned(), 1, Form { delimiter: b',', carriage_returns: false }).expect("plain");
        assert_eq!((block.column(0), block.column(1)), (vec!["a", "c"], vec!["b", ""]));
    }
}
