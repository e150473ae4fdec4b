//! Ctrl-C: the first asks the run to end at the next safe place, the second does not wait for it.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, INTERRUPTED};
use crate::terminal;

/// Set by the first signal.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether the process may end anywhere, since nothing has been written that it would leave behind.
static FREE: AtomicBool = AtomicBool::new(false);

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
    process::exit(i32::from(INTERRUPTED));
}
