//! Moneytrail finds criminal money flows: what YARA is to malware, this is to transfers.
//!
//! An analyst writes a laundering typology as a short rule; the engine runs a library of rules over millions of
//! pseudonymous transfers and hands back every flow that fits. The modules stand in the order in which the data
//! goes through them, and each imports only those above it:
//!
//! [`columns`] → [`ingest`] → [`lang`] → [`plan`] → [`search`] → [`sift`] → [`stats`] → [`write`], joined by
//! [`engine`]; [`workbench`] is for authors of rules.

pub mod columns;
pub mod ingest;
pub mod lang;
pub mod plan;
pub mod search;
pub mod sift;
pub mod stats;
pub mod write;

pub mod engine;
pub mod workbench;
