//! Opens a file or standard input: unpacks it, tells its format by content, and takes its SHA-256 on the way where that is
//! asked for.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::IngestError;
use crate::columns::hex;

/// The name under which standard input is asked for and reported.
pub(super) const STDIN: &str = "-";

/// How much of a file is looked at to tell what it is: enough for any header and many JSON lines.
pub(super) const HEAD: usize = 1 << 18;

/// What a Parquet file begins with: it describes itself at its end.
const PARQUET: &[u8] = b"PAR1";

/// Where bytes come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Place {
    /// The name for messages and the manifest.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => STDIN.to_owned(),
        }
    }

    /// Whether its bytes are still there when they have been read: those of a pipe are not.
    pub(super) fn is_lasting(&self) -> bool {
        matches!(self, Self::File(path) if path.is_file())
    }
}

/// How the bytes of a table are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Csv,
    Jsonl,
    Parquet,
    Arrow,
}

impl Format {
    fn of(head: &[u8]) -> Self {
        if head.starts_with(PARQUET) {
            Self::Parquet
        } else if head.starts_with(b"ARROW1") {
            Self::Arrow
        } else if without_bom(head).trim_ascii_start().starts_with(b"{") {
            Self::Jsonl
        } else {
            Self::Csv
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }
}

/// The text without a UTF-8 byte order mark.
pub(super) fn without_bom(head: &[u8]) -> &[u8] {
    head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)
}

/// An opened input, unpacked, with its first bytes looked at.
pub(super) struct Source {
    /// Its name for messages.
    pub(super) name: String,
    /// Its format.
    pub(super) format: Format,
    /// Its first bytes, unpacked, at most [`HEAD`]; of a Parquet file enough to know it.
    pub(super) head: Vec<u8>,
    packing: &'static str,
    reader: Box<dyn Read + Send>,
    tally: Arc<Mutex<Tally>>,
    file: Option<PathBuf>,
}

/// What was read of an input.
pub(super) struct Account {
    pub(super) format: String,
    pub(super) bytes: u64,
    pub(super) sha256: Option<String>,
}

#[derive(Default)]
struct Tally {
    /// Where the bytes are hashed.
    sha: Option<Sha256>,
    bytes: u64,
}

/// A reader whose bytes are counted as they pass, and hashed.
struct Tallied<R> {
    inner: R,
    tally: Arc<Mutex<Tally>>,
}

impl<R: Read> Read for Tallied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sha) = &mut tally.sha {
            sha.update(&buffer[..length]);
        }
        tally.bytes += length as u64;
        Ok(length)
    }
}

impl Source {
    /// Opens an input and tells its format; its bytes are hashed, or not.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened or its first bytes cannot be unpacked.
    pub(super) fn open(place: &Place, hashed: bool) -> Result<Self, IngestError> {
        let name = place.name();
        let failed = |error: io::Error| IngestError::io(&name, &error);
        let tally = Arc::new(Mutex::new(Tally { sha: hashed.then(Sha256::new), bytes: 0 }));
        let raw: Box<dyn Read + Send> = match place {
            Place::File(path) => Box::new(open_file(path).map_err(failed)?),
            Place::Stdin => Box::new(io::stdin()),
        };
        let mut raw = BufReader::with_capacity(HEAD, Tallied { inner: raw, tally: Arc::clone(&tally) });
        let begin = raw.fill_buf().map_err(failed)?;
        let enough = if begin.starts_with(PARQUET) { PARQUET.len() } else { HEAD };
        let (packing, mut reader): (_, Box<dyn Read + Send>) = match begin {
            [0x1F, 0x8B, ..] => (".gz", Box::new(flate2::bufread::MultiGzDecoder::new(raw))),
            [0x28, 0xB5, 0x2F, 0xFD, ..] => {
                (".zst", Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(failed)?))
            }
            _ => ("", Box::new(raw)),
        };
        let mut head = Vec::with_capacity(enough);
        reader
            .by_ref()
            .take(enough as u64)
            .read_to_end(&mut head)
            .map_err(|error| unpacking(&name, !packing.is_empty(), &error))?;
        let file = match place {
            Place::File(path) if packing.is_empty() && place.is_lasting() => Some(path.clone()),
            _ => None,
        };
        Ok(Self { format: Format::of(&head), name, head, packing, reader, tally, file })
    }

    /// Turns into a reader of all its bytes from the first on, and what tells afterwards what was read.
    pub(super) fn into_reader(mut self) -> (Box<dyn Read + Send>, Receipt) {
        let (head, reader) =
            (std::mem::take(&mut self.head), std::mem::replace(&mut self.reader, Box::new(io::empty())));
        (Box::new(Cursor::new(head).chain(reader)), self.receipt(false))
    }

    /// Turns into a file that can be read at any place: the file itself, or a nameless copy of what is packed
    /// or comes from standard input.
    ///
    /// # Errors
    ///
    /// Where the bytes cannot be read, or the copy cannot be written.
    pub(super) fn into_file(mut self) -> Result<(File, Receipt), IngestError> {
        let name = self.name.clone();
        let failed = |error: io::Error| IngestError::io(&name, &error);
        let file = if let Some(path) = self.file.take() {
            let file = open_file(&path).map_err(failed)?;
            if self.tally().sha.is_some() {
                return Ok((file, self.receipt(true)));
            }
            self.tally().bytes = file.metadata().map_err(failed)?.len();
            return Ok((file, self.receipt(false)));
        } else {
            let mut copy = tempfile::tempfile().map_err(failed)?;
            copy.write_all(&self.head).map_err(failed)?;
            let packed = !self.packing.is_empty();
            io::copy(&mut self.reader, &mut copy).map_err(|error| unpacking(&name, packed, &error))?;
            io::Seek::rewind(&mut copy).map_err(failed)?;
            copy
        };
        Ok((file, self.receipt(false)))
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells afterwards what was read; with `rest` it reads the bytes that nobody has read until then.
    fn receipt(self, rest: bool) -> Receipt {
        let format = format!("{}{}", self.format.word(), self.packing);
        Receipt { name: self.name, format, rest: rest.then_some(self.reader), tally: self.tally }
    }
}

/// What tells, once an input was read to its end, what was read.
pub(super) struct Receipt {
    name: String,
    format: String,
    rest: Option<Box<dyn Read + Send>>,
    tally: Arc<Mutex<Tally>>,
}

impl Receipt {
    /// Whether the bytes were compressed.
    pub(super) fn is_packed(&self) -> bool {
        self.format.contains('.')
    }

    /// What was read.
    ///
    /// # Errors
    ///
    /// Where bytes that were passed over cannot be read for the hash.
    pub(super) fn settle(self) -> Result<Account, IngestError> {
        if let Some(mut rest) = self.rest {
            io::copy(&mut rest, &mut io::sink()).map_err(|error| IngestError::io(&self.name, &error))?;
        }
        let tally = std::mem::take(&mut *self.tally.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Account { format: self.format, bytes: tally.bytes, sha256: tally.sha.map(|sha| hex(&sha.finalize())) })
    }
}

/// The SHA-256 of bytes in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn open_file(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "this is a folder, not a file"));
    }
    Ok(file)
}

/// A failure while bytes were read: the data's fault where they are packed, since the packing then does not hold.
pub(super) fn unpacking(file: &str, packed: bool, error: &io::Error) -> IngestError {
    let damaged = matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other
    );
    if !packed || !damaged {
        return IngestError::io(file, error);
    }
    let problem = format!("the compressed data is damaged or cut short: {error}");
    IngestError::malformed(file, 0, problem, "fetch or compress the file again")
}
