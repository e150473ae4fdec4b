//! From what was typed to the files to read: folders and patterns opened, every file once, in path order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::IngestError;
use super::source::{Place, STDIN};

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: Place,
    /// Whether it was named itself, so that it must be of use; a file met in a folder need not be.
    pub(super) asked: bool,
}

/// The files that the inputs name, in path order, standard input last.
///
/// # Errors
///
/// Where one does not exist, or none is named.
pub(super) fn files(inputs: &[String]) -> Result<Vec<Found>, IngestError> {
    let mut found: BTreeMap<Place, bool> = BTreeMap::new();
    for input in inputs {
        for (place, asked) in expand(input)? {
            *found.entry(place).or_default() |= asked;
        }
    }
    if found.is_empty() {
        let looked = if inputs.is_empty() { "no input is named".to_owned() } else { inputs.join(", ") + ": no files" };
        let help = "name files, folders, patterns such as 'data/*.csv', or `-` for standard input".to_owned();
        return Err(IngestError::NoTransfers { problem: looked, help });
    }
    Ok(once(found))
}

/// The files without those that are another one under a second name, such as `./a.csv` beside `a.csv`.
fn once(found: BTreeMap<Place, bool>) -> Vec<Found> {
    let mut met: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut files: Vec<Found> = Vec::new();
    for (place, asked) in found {
        let known = match &place {
            Place::File(path) => *met.entry(real(path)).or_insert(files.len()),
            Place::Stdin => files.len(),
        };
        match files.get_mut(known) {
            Some(same) => same.asked |= asked,
            None => files.push(Found { place, asked }),
        }
    }
    files
}

/// The one name of a file, whatever links and dots lead to it.
pub(super) fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn expand(input: &str) -> Result<Vec<(Place, bool)>, IngestError> {
    if input == STDIN {
        return Ok(vec![(Place::Stdin, true)]);
    }
    let path = Path::new(input);
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let files = folder(path).map_err(|error| IngestError::io(input, &error))?;
            Ok(files.into_iter().map(|path| (Place::File(path), false)).collect())
        }
        Ok(_) => Ok(vec![(Place::File(path.to_owned()), true)]),
        Err(_) if input.contains(['*', '?', '[']) => pattern(input),
        Err(error) => Err(IngestError::io(input, &error)),
    }
}

/// The plain files directly inside a folder, without hidden ones.
fn folder(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && std::fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_file()) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn pattern(input: &str) -> Result<Vec<(Place, bool)>, IngestError> {
    let wrong = |problem: String| IngestError::NoTransfers {
        problem,
        help: "write a pattern such as 'data/*.csv' or 'data/**/*.parquet'".to_owned(),
    };
    let paths = glob::glob(input).map_err(|error| wrong(format!("`{input}` is no pattern: {error}")))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| IngestError::io(&error.path().display().to_string(), error.error()))?;
        if path.is_file() {
            files.push((Place::File(path), false));
        }
    }
    if files.is_empty() { Err(wrong(format!("no file fits the pattern `{input}`"))) } else { Ok(files) }
}
