//! `fmt`: rule files in canonical form, or what would change.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use moneytrail::lang::Source;
use moneytrail::workbench::fmt::{self, Refusal};

use crate::args::Fmt;
use crate::failure::{FOUND, Failure, OUTPUT, USAGE};
use crate::settings::Settings;
use crate::{library, terminal};

/// The path that stands for standard input and output.
const STREAM: &str = "-";

/// What became of the files.
#[derive(Default)]
struct Tally {
    files: usize,
    changed: usize,
    /// The gravest exit code so far.
    code: u8,
}

pub(crate) fn run(arguments: &Fmt) -> Result<u8, Failure> {
    let mut paths = arguments.paths.clone();
    if paths.is_empty() {
        paths = Settings::load()?.rules().to_vec();
    }
    if paths.is_empty() {
        return Err(Failure::usage("name the rule files or folders to format, or `-` for standard input"));
    }
    let mut tally = Tally::default();
    if paths.iter().any(|path| path.as_os_str() == STREAM) {
        if paths.len() > 1 {
            return Err(Failure::usage("`-` stands alone: standard input is one rule"));
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        one(&Source { path: "<stdin>".to_owned(), text }, None, arguments.check, &mut tally)?;
        return Ok(tally.code);
    }
    for source in library::sources(&paths)? {
        let path = PathBuf::from(&source.path);
        one(&source, Some(&path), arguments.check, &mut tally)?;
    }
    let files = terminal::counted(tally.files, "rule file");
    let done = if arguments.check { "not in canonical form" } else { "formatted" };
    terminal::complain(&format!("{files}: {} {done}", terminal::grouped(tally.changed as u64)));
    Ok(tally.code)
}

/// Formats one rule; without a path it goes to standard output.
fn one(source: &Source, path: Option<&Path>, check: bool, tally: &mut Tally) -> Result<(), Failure> {
    tally.files += 1;
    let formatted = match fmt::format(source) {
        Ok(formatted) => formatted,
        Err(refusal) => {
            let code = refuse(source, &refusal);
            tally.code = tally.code.max(code);
            return Ok(());
        }
    };
    let changed = formatted != source.text;
    tally.changed += usize::from(changed);
    let mut out = std::io::stdout().lock();
    match path {
        _ if check && changed => {
            tally.code = tally.code.max(FOUND);
            out.write_all(fmt::diff(&source.path, &source.text, &formatted).as_bytes())?;
        }
        _ if check => {}
        Some(path) if changed => replace(path, &formatted)?,
        Some(_) => {}
        None => out.write_all(formatted.as_bytes())?,
    }
    Ok(())
}

fn refuse(source: &Source, refusal: &Refusal) -> u8 {
    match refusal {
        Refusal::Mistakes(diagnostics) => {
            library::show(diagnostics, std::slice::from_ref(source));
            USAGE
        }
        Refusal::Changed(what) => {
            let path = &source.path;
            terminal::complain(&format!(
                "error: {path}: the file is left as it is: its canonical form would change {what}. This is a fault of \
                 moneytrail; please report it with the file"
            ));
            OUTPUT
        }
    }
}

/// Writes a file beside its place and swaps it in, so that it is whole at every moment; links and permissions stay.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::output(format!("{}: {error}", path.display()));
    let path = path.canonicalize().map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let permissions = std::fs::metadata(&path).map_err(failed)?.permissions();
    std::fs::set_permissions(file.path(), permissions).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
