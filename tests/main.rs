//! All integration tests in one binary, so that polars is linked once.

mod architecture;
mod around;
mod authoring;
mod budgets;
mod cases;
mod check;
mod command_line;
mod compare;
mod diagnostics;
mod engine;
mod equality;
mod evaluate;
mod expect;
mod explain;
mod fmt;
mod history;
mod ingest;
mod language;
mod metamorphic;
mod overlap;
mod plans;
mod readme;
mod sample;
mod shipped;
mod tune;
mod write;
