//! Scratch that threads hand on to each other, so that arrays as long as the table of accounts are made once a thread.

use std::sync::{Mutex, PoisonError};

/// Values that wait to be used again.
#[derive(Debug)]
pub(super) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Pool<T> {
    /// Works with a value that nobody else has, a new one where all are taken. It must be left as it was found.
    pub(super) fn with<R>(&self, make: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut value = waiting.unwrap_or_else(make);
        let result = work(&mut value);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
        result
    }
}
