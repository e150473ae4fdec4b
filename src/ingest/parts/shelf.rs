//! Where what was worked out for later is kept by name: in memory, or in a folder of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustc_hash::FxHashMap;

use super::super::IngestError;

/// How the names of what slices found begin.
pub const FOUND: &str = "found-";

/// Bytes by name.
#[derive(Debug, Default)]
pub struct Shelf {
    folder: Option<PathBuf>,
    memory: Mutex<FxHashMap<String, Vec<u8>>>,
}

impl Shelf {
    /// In a folder.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()), memory: Mutex::default() }
    }

    /// Makes the folder of a shelf, and clears it but for what slices found where a run is to go on.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    pub fn prepare(folder: &Path, resume: bool) -> Result<(), IngestError> {
        let failed = |error: std::io::Error| IngestError::io(&folder.display().to_string(), &error);
        fs::create_dir_all(folder).map_err(failed)?;
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let stays = name == "state" || name.starts_with(FOUND);
            if !(resume && stays) {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Whether what a slice found lies in a folder.
    #[must_use]
    pub fn has_finished(folder: &Path) -> bool {
        let is_found = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(FOUND);
        fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_found))
    }

    /// Puts bytes behind those that already lie under a name.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), IngestError> {
        let Some(folder) = &self.folder else {
            self.memory.lock().expect("no holder panics").entry(name.to_owned()).or_default().extend_from_slice(bytes);
            return Ok(());
        };
        let path = folder.join(name);
        let written =
            OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| IngestError::io(&path.display().to_string(), &error))
    }

    /// Puts bytes under a name, whole or not at all; what was there goes.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), IngestError> {
        let Some(folder) = &self.folder else {
            self.memory.lock().expect("no holder panics").insert(name.to_owned(), bytes.to_vec());
            return Ok(());
        };
        let (path, draft) = (folder.join(name), folder.join(format!("draft-{name}")));
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        };
        write().map_err(|error| IngestError::io(&path.display().to_string(), &error))
    }

    /// Takes away what lies under a name, if anything does.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), IngestError> {
        let Some(folder) = &self.folder else {
            self.memory.lock().expect("no holder panics").remove(name);
            return Ok(());
        };
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(IngestError::io(&path.display().to_string(), &error))
            }
            _ => Ok(()),
        }
    }

    /// The bytes under a name; none where nothing was put there.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, IngestError> {
        let Some(folder) = &self.folder else {
            return Ok(self.memory.lock().expect("no holder panics").get(name).cloned());
        };
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(IngestError::io(&path.display().to_string(), &error)),
        }
    }
}
