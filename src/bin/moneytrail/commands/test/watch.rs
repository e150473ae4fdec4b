//! `test --watch`: the tests run again whenever a file that they read changes, until Ctrl-C.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::chosen::Chosen;
use crate::args::Test;
use crate::failure::Failure;
use crate::{library, terminal};

/// How long nothing must happen before the tests run: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(150);

/// What a file looks like from outside: a change of its content changes one of the two.
type Looks = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// Runs the tests, and again after every change.
pub(super) fn watch(arguments: &Test) -> Result<u8, Failure> {
    if arguments.paths.is_empty() {
        return Err(Failure::usage("`--watch` watches files; name rule files, expectation files or folders"));
    }
    let (sender, events) = mpsc::channel();
    let heard = move |event: notify::Result<notify::Event>| {
        // That files are read is no news: the tests read them.
        if !event.is_ok_and(|event| event.kind.is_access()) {
            let _ = sender.send(()); // where nobody waits any more, the program ends
        }
    };
    let mut watcher = notify::recommended_watcher(heard).map_err(Failure::output)?;
    let mut watched = BTreeSet::new();
    let mut chosen = Chosen::at(&arguments.paths)?;
    loop {
        let files = files(arguments, &chosen);
        listen(&mut watcher, &mut watched, folders(&arguments.paths, &files))?;
        let before = looks(&files);
        if let Err(failure) = super::run_once(arguments, &chosen) {
            if failure.code == 0 {
                return Err(failure); // nobody reads any more
            }
            complain(&failure);
        }
        terminal::complain(&format!("watching {}; Ctrl-C ends", terminal::counted(before.len(), "file")));
        chosen = next(arguments, chosen, &before, &events)?;
    }
}

/// Waits until a file changes, says which, and chooses anew: files may have come or gone.
fn next(arguments: &Test, mut chosen: Chosen, before: &Looks, events: &Receiver<()>) -> Result<Chosen, Failure> {
    loop {
        wait(events)?;
        match Chosen::at(&arguments.paths) {
            Ok(now) => chosen = now,
            Err(failure) => complain(&failure),
        }
        let changed = changed(before, &looks(&files(arguments, &chosen)));
        if !changed.is_empty() {
            terminal::complain(&format!("\nchanged: {}", changed.join(", ")));
            return Ok(chosen);
        }
    }
}

fn complain(failure: &Failure) {
    if !failure.message.is_empty() {
        terminal::complain(&failure.message);
    }
}

/// Waits for an event, and then until there is quiet.
fn wait(events: &Receiver<()>) -> Result<(), Failure> {
    events.recv().map_err(|_| Failure::output("the system tells of no more changes; start again"))?;
    while events.recv_timeout(QUIET).is_ok() {}
    Ok(())
}

/// The files that tests read; of a folder, the files in it. The report that they write is not among them.
fn files(arguments: &Test, chosen: &Chosen) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    for path in chosen.read() {
        match library::files(std::slice::from_ref(&path), |_| true) {
            Ok(found) => files.extend(found),
            Err(_) => drop(files.insert(path)),
        }
    }
    if let Some(report) = arguments.junit.as_ref().and_then(|path| fs::canonicalize(path).ok()) {
        files.retain(|path| fs::canonicalize(path).ok().as_ref() != Some(&report));
    }
    files
}

/// The folders to listen at: those that are named with all in them, and those of files, since an editor may put a new
/// file in place of the old one.
fn folders(named: &[PathBuf], files: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, RecursiveMode> {
    let of_file = |path: &PathBuf| match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let of_files = files.iter().map(|path| (of_file(path), RecursiveMode::NonRecursive));
    let named = named.iter().filter(|path| path.is_dir()).map(|path| (path.clone(), RecursiveMode::Recursive));
    of_files.chain(named).filter(|(folder, _)| folder.is_dir()).collect()
}

fn listen(
    watcher: &mut RecommendedWatcher,
    watched: &mut BTreeSet<PathBuf>,
    folders: BTreeMap<PathBuf, RecursiveMode>,
) -> Result<(), Failure> {
    for (folder, mode) in folders {
        if watched.insert(folder.clone()) {
            let failed = |error| Failure::output(format!("{}: {error}", folder.display()));
            watcher.watch(&folder, mode).map_err(failed)?;
        }
    }
    Ok(())
}

fn looks(files: &BTreeSet<PathBuf>) -> Looks {
    let look = |path: &PathBuf| {
        let seen = fs::metadata(path).ok()?;
        Some((path.clone(), (seen.len(), seen.modified().ok())))
    };
    files.iter().filter_map(look).collect()
}

/// The files that came, went or changed.
fn changed(before: &Looks, after: &Looks) -> Vec<String> {
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let differ = |path: &&PathBuf| before.get(*path) != after.get(*path);
    paths.into_iter().filter(differ).map(|path| path.display().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_went_or_changed_is_named_and_nothing_else() {
        let looks = |files: &[(&str, u64)]| -> Looks {
            files.iter().map(|(path, length)| (PathBuf::from(path), (*length, None))).collect()
        };
        let (before, after) = (looks(&[("a", 1), ("b", 2), ("c", 3)]), looks(&[("a", 1), ("b", 9), ("d", 4)]));
        assert_eq!(changed(&before, &after), ["b", "c", "d"]);
        assert_eq!(changed(&before, &before), Vec::<String>::new());
    }
}
