//! The folder in which a run that is larger than memory works: beside its results, so that a later run finds it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use moneytrail::engine::Cutting;
use moneytrail::ingest::Shelf;
use tempfile::TempDir;

use crate::failure::Failure;
use crate::interrupt;
use crate::settings::Settled;
use crate::terminal;

/// A folder that goes when its run is over, unless somebody may go on there.
#[derive(Debug)]
pub(crate) struct Workshop {
    place: Option<Place>,
    /// Locked as long as the run works, so that no other works there.
    _lock: File,
}

#[derive(Debug)]
enum Place {
    /// Beside the results.
    Beside(PathBuf),
    /// Where there are no results nobody can go on.
    Passing(TempDir),
}

impl Workshop {
    /// Makes the folder, and tells the engine to keep to so many bytes.
    pub(crate) fn new(bytes: u64, settled: &mut Settled) -> Result<Self, Failure> {
        let place = match &settled.out {
            Some(out) => {
                let out = std::path::absolute(out).map_err(Failure::output)?;
                let name = out.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Place::Beside(out.with_file_name(format!(".{name}.slices")))
            }
            None => Place::Passing(TempDir::new().map_err(Failure::output)?),
        };
        let folder = place.path().to_owned();
        fs::create_dir_all(&folder).map_err(Failure::output)?;
        let lock = File::open(&folder).map_err(Failure::output)?;
        if lock.try_lock().is_err() {
            let way_out = "another run works there; wait for it, or name another folder for the results";
            return Err(Failure::output(format!("{}: {way_out}", folder.display())));
        }
        interrupt::goes_with_us(Some(folder.clone()));
        settled.request.slices = Some(Cutting { resume: settled.resume, ..Cutting::within(bytes, folder) });
        Ok(Self { place: Some(place), _lock: lock })
    }

    /// Leaves the folder, so that a later run can go on, if a slice was finished there.
    pub(crate) fn leave(mut self) {
        if let Some(Place::Beside(folder)) = self.place.take_if(|place| Shelf::has_finished(place.path())) {
            let folder = folder.display();
            terminal::complain(&format!("finished slices are kept in {folder}; `--resume` goes on with them"));
        }
    }
}

impl Place {
    fn path(&self) -> &Path {
        match self {
            Self::Beside(folder) => folder,
            Self::Passing(folder) => folder.path(),
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        interrupt::goes_with_us(None);
        if let Some(Place::Beside(folder)) = self.place.take() {
            // What cannot be removed, the next run clears.
            let _ = fs::remove_dir_all(folder);
        }
    }
}
