//! What the fuzz targets share: a rule taken through all that needs no ledger, and a folder for files that are read.

use std::path::PathBuf;

use moneytrail::lang::{self, Source, TypologySet};
use moneytrail::plan;
use moneytrail::workbench::test::{self, Failure};

/// The exhaustive kernel takes exponential time in the transfers of a test; longer tests are left out.
const LONGEST_TEST: usize = 10;

/// Compiles a rule, shows every diagnostic, and plans and tests a rule that has no error.
///
/// # Panics
///
/// Where the kernels differ in what they find.
pub fn rule(text: &str) {
    let source = Source { path: path(text), text: text.to_owned() };
    let checked = lang::compile(&[source], &[]);
    for found in &checked.diagnostics {
        let _ = found.render(text, false);
        let _ = found.render(text, true);
    }
    let Some(mut set) = checked.set else { return };
    for typology in &mut set.typologies {
        typology.tests.retain(|test| test.transfers.rows.len() <= LONGEST_TEST);
        let _ = plan::of_flow(&typology.id, typology.flow.clone()).to_string();
    }
    tests(&set);
}

/// The name that a file must have: that of its rule.
fn path(text: &str) -> String {
    let id = text.lines().find_map(|line| line.strip_prefix("typology:")).unwrap_or("fuzz");
    format!("{}.yaml", id.trim())
}

fn tests(set: &TypologySet) {
    for outcome in test::run(set) {
        let Some(failure) = outcome.failure else { continue };
        let shown = failure.to_string();
        assert!(!matches!(failure, Failure::Kernels(_)), "{shown}");
    }
}

/// A text as YAML and JSON write it in quotes.
#[must_use]
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A folder in memory for the files of one process.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of this process, empty at its start.
    ///
    /// # Panics
    ///
    /// Where it cannot be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it touches the file system")]
    pub fn new() -> Self {
        let path = PathBuf::from(format!("/dev/shm/moneytrail-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("memory for files");
        Self(path)
    }

    /// Writes a file and says where it lies.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    #[must_use]
    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("memory for a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lets the panics pass that start outside of the project's own code: `ingest` catches those of the decoders of Parquet
/// and Arrow. One that nobody catches still ends the process, since libFuzzer's frame does.
pub fn forgive_decoders() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let foreign = |place: &std::panic::Location<'_>| {
            place.file().contains("/registry/src/") || place.file().contains("/library/")
        };
        if !info.location().is_some_and(foreign) {
            abort(info);
        }
    }));
}
