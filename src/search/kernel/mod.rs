//! The matchers. `exhaustive` is the definition of a match; every other one equals it and is faster.

pub(super) mod exhaustive;
mod family;
pub(super) mod fan;
pub(super) mod layers;
pub(super) mod path;
mod sink;
mod slot;
mod tree;

pub(super) use sink::{Sink, each_anchor, kept};
