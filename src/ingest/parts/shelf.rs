//! Where what was worked out for later is kept by name: in memory, or in a folder of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustc_hash::FxHashMap;

use super::super::IngestError;

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
        let (path, draft) = (folder.join(name), folder.join(format!("{name}.draft")));
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        };
        write().map_err(|error| IngestError::io(&path.display().to_string(), &error))
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
