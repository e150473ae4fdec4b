//! What predicates say of accounts: asked once, however many parts of a ledger are searched one after another.
//!
//! The accounts of a part are those of the whole, and what is known of them is known of the whole. So their answers are
//! the same in every part.

use std::sync::{Arc, Mutex, OnceLock};

use rustc_hash::FxHashMap;

use crate::columns::Time;

use super::SearchError;
use super::mask::Mask;
use super::select::AgeTable;

/// Answers by what is asked.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// By predicate.
    pub(super) masks: Known<Mask>,
    /// By predicate, of those that read the account's age.
    pub(super) ages: Known<AgeTable>,
    /// By role or `via` as a plan asks it: who is admitted at some time.
    pub(super) guards: Known<Mask>,
    opened: OnceLock<Arc<Vec<Option<Time>>>>,
}

/// Answers of one sort.
#[derive(Debug)]
pub(super) struct Known<T>(Mutex<FxHashMap<String, Arc<T>>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Known<T> {
    /// The answer to what is asked, worked out where it is asked for the first time.
    pub(super) fn get(
        &self,
        asked: &str,
        answer: impl FnOnce() -> Result<T, SearchError>,
    ) -> Result<Arc<T>, SearchError> {
        let known = self.0.lock().expect("no holder panics").get(asked).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = Arc::new(answer()?);
        self.0.lock().expect("no holder panics").insert(asked.to_owned(), Arc::clone(&answer));
        Ok(answer)
    }

    /// Adds an answer.
    pub(super) fn put(&self, asked: &str, answer: &Arc<T>) {
        self.0.lock().expect("no holder panics").insert(asked.to_owned(), Arc::clone(answer));
    }

    /// All answers.
    pub(super) fn all(&self) -> Vec<(String, Arc<T>)> {
        let known = self.0.lock().expect("no holder panics");
        known.iter().map(|(asked, answer)| (asked.clone(), Arc::clone(answer))).collect()
    }
}

impl Known<Mask> {
    /// Bytes of all answers.
    pub(super) fn bytes(&self) -> usize {
        self.0.lock().expect("no holder panics").values().map(|mask| mask.bytes()).sum()
    }
}

impl Answers {
    /// When each account was opened, which all tables of ages read.
    pub(super) fn opened(&self, column: &[Option<Time>]) -> Arc<Vec<Option<Time>>> {
        Arc::clone(self.opened.get_or_init(|| Arc::new(column.to_vec())))
    }
}
