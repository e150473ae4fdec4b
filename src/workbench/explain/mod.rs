//! Says why a match is one, and why some transfers are none: the nearest miss, the clause that fails, and by how much.
//!
//! Everything is asked of the engine's own parts (masks, kernels, sifting), so that an explanation cannot disagree
//! with a run. [`Inquiry`] is one rule asked of one ledger; [`nearest_miss`] and [`why`] ask it, and
//! [`Explanation`] is what is told.

mod around;
mod candidate;
mod clause;
mod finished;
mod inquiry;
mod measure;
mod miss;
mod missing;
mod nearest;
mod parameter;
mod report;
mod text;
mod why;
mod words;

pub use candidate::{Candidate, Refusal, candidate};
pub use clause::Clause;
pub use inquiry::Inquiry;
pub use measure::{Check, Value};
pub use miss::{Miss, Reason, nearest_miss};
pub use missing::Missing;
pub use nearest::relaxed;
pub use parameter::{Moved, Outcome};
pub use report::Explanation;
pub use why::{Why, why};
