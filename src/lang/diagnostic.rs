//! One mistake in a rule file: where it is, what is wrong and how to mend it.

use std::ops::Range;

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The rule cannot run.
    Error,
    /// The rule runs, and is probably not what its author wants.
    Warning,
}

/// A place in a source: byte offsets into its text.
pub type Span = Range<usize>;

/// One mistake, with its place and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, such as `R012`.
    pub code: &'static str,
    /// How grave it is.
    pub level: Level,
    /// What is wrong, in one phrase.
    pub message: String,
    /// Path of the file.
    pub path: String,
    /// Where in the file.
    pub span: Span,
    /// Line of the place, from 1.
    pub line: usize,
    /// Column of the place in characters, from 1.
    pub column: usize,
    /// What stands beside the underlined place.
    pub label: String,
    /// How to mend it.
    pub help: String,
}
