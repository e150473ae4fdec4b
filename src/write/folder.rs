//! What a run's folder holds: each file is written, hashed and brought to the disk, the manifest last.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::columns::hex;

use super::manifest::{Output, manifest};
use super::place::{MANIFEST, Place};
use super::{Forms, Report, cases, flat, lines, matches, transfers};

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place is taken by something that is not a run's folder.
    #[error("{path} {why}; name another folder, or move it away")]
    Taken {
        /// The place.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The folder of an earlier run holds a file that no run wrote, and replacing the folder would delete it.
    #[error("{path} holds `{file}`, which no run wrote; move that file away, or name another folder")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// A file could not be written.
    #[error("{path}: {problem}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system or the format says.
        problem: String,
    },
}

/// Writes the folder of a run and moves it to its place.
///
/// # Errors
///
/// Where the place is taken, or the system refuses; then nothing is changed at the place.
pub fn folder(report: &Report<'_>, out: &Path, forms: &Forms) -> Result<(), WriteError> {
    let place = Place::open(out)?;
    fill(*report, place.folder(), *forms)?;
    place.settle()
}

fn fill(report: Report<'_>, folder: &Path, forms: Forms) -> Result<(), WriteError> {
    let mut outputs = Vec::new();
    let mut write = |name: &str, make: &dyn Fn(Sink) -> Result<Sink, Problem>| {
        outputs.push(file(folder, name, make)?);
        Ok::<(), WriteError>(())
    };
    write("matches.parquet", &|sink| Ok(matches::write(report, sink)?))?;
    write("match_transfers.parquet", &|sink| Ok(transfers::write(report, sink)?))?;
    write("cases.parquet", &|sink| Ok(cases::write(report, sink)?))?;
    if forms.csv {
        write("matches.csv", &|sink| Ok(flat::matches(report, sink)?))?;
    }
    if forms.jsonl {
        write("matches.jsonl", &|mut sink| Ok(lines::jsonl(&report, &mut sink).map(|()| sink)?))?;
    }
    write("statistics.json", &|sink| json(sink, report.statistics))?;
    if !report.intake.rejects.rows.is_empty() {
        write("rejects.csv", &|sink| Ok(flat::rejects(&report.intake.rejects, sink)?))?;
    }
    let manifest = manifest(report, outputs);
    file(folder, MANIFEST, &|sink| json(sink, &manifest)).map(drop)
}

/// What a writer of any format says.
type Problem = Box<dyn std::error::Error>;

/// Makes one file of the folder and brings it to the disk.
fn file(folder: &Path, name: &str, make: &dyn Fn(Sink) -> Result<Sink, Problem>) -> Result<Output, WriteError> {
    let path = folder.join(name);
    let written = || -> Result<Output, Problem> {
        let sink = make(Sink::new(File::create_new(&path)?))?;
        let file = sink.out.into_inner()?;
        file.sync_all()?;
        Ok(Output { file: name.to_owned(), bytes: sink.bytes, sha256: hex(&sink.hash.finalize()) })
    };
    written().map_err(|problem| WriteError::Failed { path: path.clone(), problem: problem.to_string() })
}

fn json(mut sink: Sink, value: &impl serde::Serialize) -> Result<Sink, Problem> {
    serde_json::to_writer_pretty(&mut sink, value)?;
    sink.write_all(b"\n")?;
    Ok(sink)
}

/// A file that is hashed and counted as it is written.
struct Sink {
    out: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Sink {
    fn new(file: File) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, file), hash: Sha256::new(), bytes: 0 }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
