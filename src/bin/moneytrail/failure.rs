//! Why a command ends early: the message for standard error and the exit code.

use std::fmt::Display;
use std::io;

/// An early end.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code of the process.
    pub(crate) code: u8,
    /// What to say; empty where everything has been said.
    pub(crate) message: String,
}

impl Failure {
    /// A wrong rule or command.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { code: 2, message: format!("error: {message}") }
    }

    /// Input or output failed.
    pub(crate) fn output(message: impl Display) -> Self {
        Self { code: 5, message: format!("error: {message}") }
    }

    /// Another code of the list.
    pub(crate) fn coded(code: u8, message: impl Display) -> Self {
        Self { code, message: format!("error: {message}") }
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
