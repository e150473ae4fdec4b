//! Why a command ends early: the message for standard error and the exit code.

use std::fmt::Display;
use std::io;

use moneytrail::engine::RunError;
use moneytrail::ingest::{Failure as Cause, IngestError};

/// A match with `--fail-on-match`, a change with `--fail-on-change`, a failed test, or a file that `fmt --check` would change.
pub(crate) const FOUND: u8 = 1;
/// A wrong rule or command.
pub(crate) const USAGE: u8 = 2;
/// Wrong data.
const DATA: u8 = 3;
/// Refused for privacy.
const PRIVACY: u8 = 4;
/// Input or output failed.
pub(crate) const OUTPUT: u8 = 5;
/// Ended by a signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// An early end.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code of the process.
    pub(crate) code: u8,
    /// What to say; empty where everything has been said.
    pub(crate) message: String,
}

impl Failure {
    fn new(code: u8, message: impl Display) -> Self {
        Self { code, message: format!("error: {message}") }
    }

    /// A wrong rule or command.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(USAGE, message)
    }

    /// Wrong data.
    pub(crate) fn data(message: impl Display) -> Self {
        Self::new(DATA, message)
    }

    /// Input or output failed.
    pub(crate) fn output(message: impl Display) -> Self {
        Self::new(OUTPUT, message)
    }

    /// Everything has been said.
    pub(crate) fn quiet(code: u8) -> Self {
        Self { code, message: String::new() }
    }
}

impl From<io::Error> for Failure {
    /// A reader who has seen enough (`| head`) is no error.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::quiet(0) } else { Self::output(error) }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let code = match error.failure() {
            Cause::Data => DATA,
            Cause::Privacy => PRIVACY,
            Cause::Io => OUTPUT,
        };
        Self::new(code, error)
    }
}

impl From<RunError> for Failure {
    /// The diagnostics of wrong rules are shown by whoever has the rules' texts.
    fn from(error: RunError) -> Self {
        match error {
            RunError::Rules(_) => Self::quiet(USAGE),
            RunError::NoSuchRule { .. } => Self::usage(error),
            RunError::Threads(_) | RunError::Foreign(_) => Self::output(error),
            RunError::Ingest(error) => error.into(),
            RunError::Interrupted => Self::new(INTERRUPTED, "interrupted; nothing was written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_closes_the_pipe_early_is_no_error() {
        let failure = |kind: io::ErrorKind| Failure::from(io::Error::from(kind)).code;
        assert_eq!(failure(io::ErrorKind::BrokenPipe), 0);
        assert_eq!(failure(io::ErrorKind::StorageFull), OUTPUT);
    }
}
