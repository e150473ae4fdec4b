//! Moneytrail finds criminal money flows: what YARA is to malware, this is to transfers.
//!
//! An analyst writes a laundering typology as a short rule; the engine runs a library of rules over millions of
//! pseudonymous transfers and hands back every flow that fits. The modules stand in the order in which the data
//! goes through them, and each imports only those above it:
//!
//! [`columns`] → [`ingest`] → [`lang`] → [`plan`] → [`search`] → [`sift`] → [`stats`] → [`mod@write`]
//!
//! [`engine`] joins them: rules and files in, one immutable [`engine::Analysis`] out. [`workbench`] is for authors of
//! rules and runs them many times. The command line is made of what is public here.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use moneytrail::{engine, ingest, lang};
//!
//! let path = "typologies/mules/mule-chain.yaml".to_owned();
//! let text = std::fs::read_to_string(&path)?;
//! let intake = ingest::Request { inputs: vec!["sample_data".to_owned()], ..Default::default() };
//! let request = engine::Request { sources: vec![lang::Source { path, text }], intake, ..Default::default() };
//!
//! let analysis = engine::run(&request, &(), &AtomicBool::new(false))?;
//! let ledger = &analysis.intake.ledger;
//! for found in &analysis.sifted.matches.list {
//!     let victim = ledger.accounts().key(found.roles[0][0]);
//!     println!("{}: {} transfers from {victim}, begun {}", found.id, found.transfers.len(), found.started);
//! }
//! assert_eq!(analysis.sifted.matches.list.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
