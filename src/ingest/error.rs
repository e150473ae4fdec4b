//! What can go wrong between a file's name and a ledger, each with the place and a way out.

use std::fmt;

/// What sort of failure it is; the command line turns it into an exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The data or its description is wrong.
    Data,
    /// The data looks identifying, and nobody said that this is intended.
    Privacy,
    /// A file could not be read.
    Io,
}

/// Why reading gave no ledger.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A file or folder could not be opened or read.
    #[error("{file}: {problem}\n  help: {help}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        problem: String,
        /// A way out.
        help: String,
    },
    /// No file was named, or none of those named holds transfers.
    #[error("no transfers: {problem}\n  help: {help}")]
    NoTransfers {
        /// What was looked at.
        problem: String,
        /// A way out.
        help: String,
    },
    /// A file cannot be read as what it is.
    #[error("{file}{}: {problem}\n  help: {help}", At(*line, *column))]
    Malformed {
        /// The file.
        file: String,
        /// The line or record from 1; 0 where the whole file is meant.
        line: u64,
        /// The column from 1; 0 where the whole line is meant.
        column: u64,
        /// What is wrong.
        problem: String,
        /// A way out.
        help: String,
    },
    /// A header does not fit what is wanted of it.
    #[error("{file}:1: {problem}\n  its columns: {columns}\n  help: {help}")]
    Header {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
        /// The columns that the file has.
        columns: String,
        /// A way out.
        help: String,
    },
    /// A mapping file, or the name of one, is wrong.
    #[error("{file}{}: {problem}\n  help: {help}", At(*line, *column))]
    Mapping {
        /// The mapping file or the name given.
        file: String,
        /// The line from 1; 0 where the whole file is meant.
        line: u64,
        /// The column from 1; 0 where the whole line is meant.
        column: u64,
        /// What is wrong.
        problem: String,
        /// A way out.
        help: String,
    },
    /// More rows than allowed cannot be used.
    #[error(
        "{rejected} of {read} rows cannot be used, and {allowed} are allowed\n{examples}  help: mend the rows or the \
         mapping, or allow more with --max-rejects"
    )]
    TooManyRejects {
        /// Rows set aside.
        rejected: u64,
        /// Rows read.
        read: u64,
        /// The limit in words.
        allowed: String,
        /// The most frequent reasons, a line each, with an example.
        examples: String,
    },
    /// Account keys look identifying.
    #[error(
        "account keys look identifying: {findings}\n  help: replace them by pseudonyms (`moneytrail anonymise`), or \
         give --identifiable if this is intended; the manifest records it"
    )]
    Identifying {
        /// Which columns hold how many values of which sort.
        findings: String,
    },
}

impl IngestError {
    /// What sort of failure this is.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Io { .. } => Failure::Io,
            Self::Identifying { .. } => Failure::Privacy,
            _ => Failure::Data,
        }
    }

    /// The failure of a file system call.
    pub(super) fn io(file: &str, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => "check the name",
            std::io::ErrorKind::PermissionDenied => "check who may read it",
            _ => "check that the file is whole and that its disk answers",
        };
        Self::Io { file: file.to_owned(), problem: error.to_string(), help: help.to_owned() }
    }

    /// A file that is not what it should be, from one of its lines on.
    pub(super) fn malformed(file: &str, line: u64, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Malformed { file: file.to_owned(), line, column: 0, problem: problem.into(), help: help.into() }
    }
}

/// `:line:column`, as far as they are known.
struct At(u64, u64);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}
