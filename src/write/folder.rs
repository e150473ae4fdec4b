//! The folder of a run: made beside its place under a hidden name, and moved there when it is whole.
//!
//! A reader never sees half a folder. Where a process is killed, what is left is the earlier folder, or nothing, and
//! hidden remains (`.NAME.partial-PID`) that the next run into the same place clears away.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{Output, manifest};
use super::{Forms, Report, cases, flat, lines, matches, table, transfers};

/// The file that makes a folder the folder of a run.
const MANIFEST: &str = "manifest.json";

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The place is taken by something that is not a run's folder.
    #[error("{0} exists and is not the folder of a run (it has no {MANIFEST}); name another folder, or move it away")]
    Taken(PathBuf),
    /// A file could not be written.
    #[error("{path}: {problem}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system or the format says.
        problem: String,
    },
}

fn failed(path: &Path) -> impl Fn(String) -> WriteError + '_ {
    |problem| WriteError::Failed { path: path.to_owned(), problem }
}

/// Checks, before any work is done, that a folder may be written at a place.
///
/// # Errors
///
/// Where something is there that is not the folder of an earlier run.
pub fn check_target(out: &Path) -> Result<(), WriteError> {
    let Ok(kind) = fs::symlink_metadata(out) else { return Ok(()) };
    let empty = || fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if kind.is_dir() && (empty() || out.join(MANIFEST).is_file()) {
        Ok(())
    } else {
        Err(WriteError::Taken(out.to_owned()))
    }
}

/// Writes the folder of a run and moves it to its place.
///
/// # Errors
///
/// Where the place is taken, or the system refuses; then nothing is changed at the place.
pub fn folder(report: &Report<'_>, out: &Path, forms: &Forms) -> Result<(), WriteError> {
    check_target(out)?;
    let place = Place::new(out)?;
    place.clear_remains();
    let outcome = fill(*report, &place.partial, *forms).and_then(|()| place.settle());
    if outcome.is_err() {
        // The first error is what matters; what stays behind is cleared by the next run.
        let _ = fs::remove_dir_all(&place.partial);
    }
    outcome
}

/// Where a folder goes, and where it is made.
struct Place {
    out: PathBuf,
    parent: PathBuf,
    name: String,
    partial: PathBuf,
}

impl Place {
    fn new(out: &Path) -> Result<Self, WriteError> {
        let absolute = std::path::absolute(out).map_err(|error| failed(out)(error.to_string()))?;
        let name = absolute.file_name().ok_or_else(|| failed(out)("this is no name for a folder".to_owned()))?;
        let name = name.to_string_lossy().into_owned();
        let parent = absolute.parent().map_or_else(|| PathBuf::from("."), Path::to_owned);
        fs::create_dir_all(&parent).map_err(|error| failed(&parent)(error.to_string()))?;
        let partial = parent.join(format!(".{name}.partial-{}", std::process::id()));
        Ok(Self { out: absolute, parent, name, partial })
    }

    /// Removes what processes left that are no longer there.
    fn clear_remains(&self) {
        let prefix = format!(".{}.partial-", self.name);
        let Ok(entries) = fs::read_dir(&self.parent) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.strip_prefix(&prefix).and_then(|owner| owner.parse::<u32>().ok());
            if owner.is_some_and(|owner| owner == std::process::id() || !is_running(owner)) {
                // Remains that cannot be removed hurt nobody.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Moves the finished folder to its place; an earlier one goes.
    fn settle(&self) -> Result<(), WriteError> {
        let problem = |error: io::Error| failed(&self.out)(error.to_string());
        if !self.out.exists() {
            fs::rename(&self.partial, &self.out).map_err(problem)?;
        } else if exchange(&self.partial, &self.out).is_ok() {
            fs::remove_dir_all(&self.partial).map_err(problem)?;
        } else {
            // Where the system cannot exchange two folders in one step, there is an instant with none.
            fs::remove_dir_all(&self.out).map_err(problem)?;
            fs::rename(&self.partial, &self.out).map_err(problem)?;
        }
        sync(&self.parent)
    }
}

/// Swaps two folders in one step.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a process runs; where that cannot be told, it is taken to.
fn is_running(process: u32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(process.to_string()).exists()
}

fn sync(path: &Path) -> Result<(), WriteError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| failed(path)(error.to_string()))
}

fn fill(report: Report<'_>, folder: &Path, forms: Forms) -> Result<(), WriteError> {
    fs::create_dir(folder).map_err(|error| failed(folder)(error.to_string()))?;
    let mut outputs = Vec::new();
    let mut write = |name: &str, make: &dyn Fn(File) -> Result<(), String>| {
        let path = folder.join(name);
        let file = File::create(&path).map_err(|error| failed(&path)(error.to_string()))?;
        make(file).map_err(failed(&path))?;
        outputs.push(hashed(&path, name)?);
        Ok::<(), WriteError>(())
    };
    write("matches.parquet", &|file| parquet(file, matches::batches(report)))?;
    write("match_transfers.parquet", &|file| parquet(file, transfers::batches(report)))?;
    write("cases.parquet", &|file| parquet(file, std::iter::once(cases::rows(report))))?;
    if forms.csv {
        write("matches.csv", &|file| flat::matches(report, BufWriter::new(file)).map_err(text).and_then(finish))?;
    }
    if forms.jsonl {
        write("matches.jsonl", &|file| {
            let mut out = BufWriter::new(file);
            lines::jsonl(&report, &mut out).map_err(text)?;
            finish(out)
        })?;
    }
    write("statistics.json", &|file| json(file, report.statistics))?;
    if !report.intake.rejects.rows.is_empty() {
        write("rejects.csv", &|file| {
            flat::rejects(&report.intake.rejects, BufWriter::new(file)).map_err(text).and_then(finish)
        })?;
    }
    let path = folder.join(MANIFEST);
    let file = File::create(&path).map_err(|error| failed(&path)(error.to_string()))?;
    json(file, &manifest(report, outputs)).map_err(failed(&path))?;
    sync(folder)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Brings everything to the disk.
fn finish(out: BufWriter<File>) -> Result<(), String> {
    out.into_inner().map_err(text)?.sync_all().map_err(text)
}

fn parquet(
    file: File,
    mut batches: impl Iterator<Item = Result<arrow::record_batch::RecordBatch, arrow::error::ArrowError>>,
) -> Result<(), String> {
    let first = batches.next().expect("a table has at least one batch").map_err(text)?;
    finish(table::parquet(BufWriter::new(file), &first, batches).map_err(text)?)
}

fn json(file: File, value: &impl serde::Serialize) -> Result<(), String> {
    let mut out = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, value).map_err(text)?;
    out.write_all(b"\n").map_err(text)?;
    finish(out)
}

/// The size and hash of a finished file.
fn hashed(path: &Path, name: &str) -> Result<Output, WriteError> {
    let problem = |error: io::Error| failed(path)(error.to_string());
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut file = File::open(path).map_err(problem)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer).map_err(problem)?;
        if length == 0 {
            break;
        }
        hash.update(&buffer[..length]);
        bytes += length as u64;
    }
    Ok(Output { file: name.to_owned(), bytes, sha256: hex(&hash.finalize()) })
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}
