//! Ctrl-C: the first asks the run to end at the next safe place, the second does not wait for it.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use moneytrail::ingest::Shelf;

use crate::failure::{Failure, INTERRUPTED};
use crate::terminal;

/// Set by the first signal.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the process may end anywhere, since nothing has been written that it would leave behind.
static FREE: AtomicBool = AtomicBool::new(false);

/// A folder that goes with the process, unless a slice was finished there.
static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Says which folder goes with the process where that ends at once; none from now on, if there is none.
pub(crate) fn goes_with_us(folder: Option<PathBuf>) {
    *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = folder;
}

/// Listens for Ctrl-C and its like; what is returned becomes true with the first.
pub(crate) fn listen() -> Result<&'static AtomicBool, Failure> {
    ctrlc::set_handler(on_signal).map_err(Failure::output)?;
    Ok(&STOP)
}

/// Says whether the process may end anywhere from now on.
pub(crate) fn may_end_anywhere(free: bool) {
    FREE.store(free, Ordering::SeqCst);
    if free && STOP.load(Ordering::SeqCst) {
        end();
    }
}

fn on_signal() {
    if STOP.swap(true, Ordering::SeqCst) || FREE.load(Ordering::SeqCst) {
        end();
    }
}

fn end() -> ! {
    terminal::complain("\nerror: interrupted; nothing was written");
    if let Some(folder) = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take()
        && !Shelf::has_finished(&folder)
    {
        // Somebody may still write there while it is removed; what is left after some tries, the next run clears.
        let _ = (0..5).map(|_| fs::remove_dir_all(&folder)).find(Result::is_ok);
    }
    process::exit(i32::from(INTERRUPTED));
}
