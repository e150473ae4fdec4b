//! Where what was worked out for later is kept by name.

use std::sync::Mutex;

use rustc_hash::FxHashMap;

use super::IngestError;

/// Bytes by name.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<FxHashMap<String, Vec<u8>>>);

impl Shelf {
    /// Puts bytes behind those that already lie under a name.
    ///
    /// # Errors
    ///
    /// Where they cannot be written.
    pub fn append(&self, name: &str, bytes: &[u8]) -> Result<(), IngestError> {
        self.0.lock().expect("no holder panics").entry(name.to_owned()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    /// The bytes under a name; none where nothing was put there.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn take(&self, name: &str) -> Result<Vec<u8>, IngestError> {
        Ok(self.0.lock().expect("no holder panics").get(name).cloned().unwrap_or_default())
    }
}
