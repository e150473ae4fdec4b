//! The place of a run's folder: made beside it under a hidden name, moved there in one step when it is whole.
//!
//! A reader of `NAME` finds the earlier folder, the new one, or (where there was none) nothing, whenever the process
//! dies. What may lie beside it, and what the next run into the same place does with it:
//!
//! - `.NAME.partial-PID`, locked: another run makes it; it is left alone.
//! - `.NAME.partial-PID`, not locked: its run died before the move, or after it while removing the earlier folder,
//!   which had gone there. It is removed.
//! - `.NAME.replaced-PID`: an earlier folder, set aside on a system that cannot swap two folders in one step. If
//!   `NAME` is missing its run died between two moves, and it is moved back; else it is removed.
//!
//! Nothing is ever removed that a run did not write: a folder without a run's manifest, or with a file that the
//! manifest does not list, is refused.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::WriteError;
use super::manifest::PROGRAM;

/// The file that makes a folder the folder of a run.
pub(super) const MANIFEST: &str = "manifest.json";

/// Where a folder goes, and the hidden folder in which it is made. Dropped unsettled, the hidden folder goes.
#[derive(Debug)]
pub(super) struct Place {
    out: PathBuf,
    parent: PathBuf,
    name: String,
    partial: PathBuf,
    /// Locked as long as the hidden folder is being filled, so that other runs can tell that its maker lives.
    _lock: File,
    swap: fn(&Path, &Path) -> io::Result<()>,
}

impl Place {
    /// Clears away what dead runs left, and opens an empty hidden folder beside the place.
    pub(super) fn open(out: &Path) -> Result<Self, WriteError> {
        let out = std::path::absolute(out).map_err(at(out))?;
        let unnamed = || WriteError::Taken { path: out.clone(), why: "cannot be the folder of a run" };
        let name = out.file_name().ok_or_else(unnamed)?.to_string_lossy().into_owned();
        let parent = out.parent().ok_or_else(unnamed)?.to_owned();
        fs::create_dir_all(&parent).map_err(at(&parent))?;
        recover(&out, &beside(&parent, &name, "replaced"))?;
        check_target(&out)?;
        for path in beside(&parent, &name, "partial") {
            remove_unlocked(&path);
        }
        let partial = parent.join(format!(".{name}.partial-{}", std::process::id()));
        let lock = create_locked(&partial).map_err(at(&partial))?;
        Ok(Self { out, parent, name, partial, _lock: lock, swap })
    }

    /// The hidden folder.
    pub(super) fn folder(&self) -> &Path {
        &self.partial
    }

    /// Moves the hidden folder to its place; an earlier folder goes.
    pub(super) fn settle(self) -> Result<(), WriteError> {
        sync(&self.partial)?;
        check_target(&self.out)?; // again: somebody may have put something there meanwhile
        let is_there = fs::symlink_metadata(&self.out).is_ok();
        if !is_there || (self.swap)(&self.partial, &self.out).is_err() {
            self.move_aside(is_there)?;
        }
        // The results are in place. Dropping `self` removes the earlier folder, which now lies at `self.partial`;
        // where that fails, the next run does it.
        sync(&self.parent)
    }

    /// Moves an earlier folder out of the way, and the new one to its place.
    fn move_aside(&self, is_there: bool) -> Result<(), WriteError> {
        let replaced = self.parent.join(format!(".{}.replaced-{}", self.name, std::process::id()));
        if is_there {
            fs::rename(&self.out, &replaced).map_err(at(&self.out))?;
        }
        let moved = fs::rename(&self.partial, &self.out).map_err(at(&self.out));
        if is_there {
            // After a failed move the earlier folder returns; what cannot be moved or removed, the next run clears.
            let _ = if moved.is_ok() { fs::remove_dir_all(&replaced) } else { fs::rename(&replaced, &self.out) };
        }
        moved
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What stays behind here is cleared by the next run.
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// Checks, before any work is done, that a folder may be written at a place.
///
/// # Errors
///
/// Where something is there that is not the folder of an earlier run, or holds a file that no run wrote.
pub fn check_target(out: &Path) -> Result<(), WriteError> {
    let taken = |why| WriteError::Taken { path: out.to_owned(), why };
    let Ok(kind) = fs::symlink_metadata(out) else { return Ok(()) };
    if !kind.is_dir() {
        return Err(taken("is not a folder"));
    }
    let entries: BTreeSet<String> = fs::read_dir(out)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect())
        .map_err(at(out))?;
    if entries.is_empty() {
        return Ok(());
    }
    if !entries.contains(MANIFEST) {
        return Err(taken("is not the folder of a run: it has no manifest.json"));
    }
    let known = fs::read(out.join(MANIFEST)).map_err(at(out))?;
    let Some(known) = serde_json::from_slice::<Known>(&known).ok().filter(|known| known.program == PROGRAM) else {
        return Err(taken("is not the folder of a run: another program wrote its manifest.json"));
    };
    let is_listed = |name: &str| name == MANIFEST || known.outputs.iter().any(|output| output.file == name);
    match entries.into_iter().find(|name| !is_listed(name)) {
        None => Ok(()),
        Some(file) => Err(WriteError::Foreign { path: out.to_owned(), file }),
    }
}

/// What must be known of the manifest of an earlier run.
#[derive(Deserialize)]
struct Known {
    program: String,
    outputs: Vec<KnownFile>,
}

#[derive(Deserialize)]
struct KnownFile {
    file: String,
}

/// The hidden folders of one kind beside a place, in name order.
fn beside(parent: &Path, name: &str, kind: &str) -> Vec<PathBuf> {
    let prefix = format!(".{name}.{kind}-");
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let owner = name.strip_prefix(&prefix).map(str::to_owned);
        owner.is_some_and(|owner| !owner.is_empty() && owner.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_ours).collect();
    paths.sort();
    paths
}

/// Moves a replaced folder back if its place is empty; the others go.
fn recover(out: &Path, replaced: &[PathBuf]) -> Result<(), WriteError> {
    for path in replaced {
        if fs::symlink_metadata(out).is_err() {
            fs::rename(path, out).map_err(at(out))?;
        } else if check_target(path).is_ok() {
            // Remains that cannot be removed hurt nobody.
            let _ = fs::remove_dir_all(path);
        }
    }
    Ok(())
}

/// Removes a hidden folder whose maker is gone.
fn remove_unlocked(path: &Path) {
    let Ok(folder) = File::open(path) else { return };
    if folder.try_lock().is_ok() {
        // Remains that cannot be removed hurt nobody.
        let _ = fs::remove_dir_all(path);
    }
}

/// Makes a folder and locks it.
fn create_locked(path: &Path) -> io::Result<File> {
    loop {
        fs::create_dir(path)?;
        let folder = File::open(path)?;
        folder.lock()?;
        // Between the two another run may have taken it for one without a maker, and removed it.
        if path.is_dir() {
            return Ok(folder);
        }
    }
}

/// Swaps two folders in one step.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn swap(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn swap(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Brings the entries of a folder to the disk.
pub(super) fn sync(path: &Path) -> Result<(), WriteError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> WriteError + '_ {
    |error| WriteError::Failed { path: path.to_owned(), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A folder such as a run leaves, with a mark by which to know it again.
    fn run_at(path: &Path, mark: &str) {
        fs::create_dir_all(path).expect("a folder");
        let manifest = format!(r#"{{"program": "{PROGRAM}", "outputs": [{{"file": "mark"}}]}}"#);
        fs::write(path.join(MANIFEST), manifest).expect("a file");
        fs::write(path.join("mark"), mark).expect("a file");
    }

    fn mark(path: &Path) -> String {
        fs::read_to_string(path.join("mark")).expect("a whole folder")
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn cannot_swap(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Opens a place, fills it and settles it.
    fn write(out: &Path, new: &str, swap: fn(&Path, &Path) -> io::Result<()>) -> Result<(), WriteError> {
        let mut place = Place::open(out)?;
        place.swap = swap;
        run_at(place.folder(), new);
        place.settle()
    }

    #[test]
    fn a_new_folder_replaces_an_earlier_one_and_nothing_stays_beside_it() {
        for way in [swap as fn(&Path, &Path) -> io::Result<()>, cannot_swap] {
            let home = TempDir::new().expect("a folder");
            let out = home.path().join("deep/er/out");
            for new in ["first", "second"] {
                write(&out, new, way).expect("the place is free");
                assert_eq!(mark(&out), new);
                assert_eq!(names(&home.path().join("deep/er")), ["out"]);
            }
        }
    }

    #[test]
    fn a_run_that_fails_leaves_the_earlier_folder_and_nothing_else() {
        let home = TempDir::new().expect("a folder");
        let out = home.path().join("out");
        run_at(&out, "earlier");
        let place = Place::open(&out).expect("the place is free");
        fs::write(place.folder().join("matches.parquet"), "half").expect("a file");
        drop(place);
        assert_eq!((mark(&out).as_str(), names(home.path())), ("earlier", vec!["out".to_owned()]));
    }

    #[test]
    fn what_a_killed_run_left_is_cleared_away_but_not_what_a_living_run_makes() {
        let home = TempDir::new().expect("a folder");
        let (dead, living) = (home.path().join(".out.partial-1"), home.path().join(".out.partial-2"));
        fs::create_dir(&dead).expect("a folder");
        fs::write(dead.join("half"), "").expect("a file");
        let lock = create_locked(&living).expect("a new folder");
        write(&home.path().join("out"), "new", swap).expect("the place is free");
        assert_eq!(names(home.path()), [".out.partial-2", "out"]);
        drop(lock);
        write(&home.path().join("out"), "newer", swap).expect("the place is free");
        assert_eq!(names(home.path()), ["out"]);
    }

    #[test]
    fn an_earlier_folder_returns_if_its_run_was_killed_between_two_moves() {
        let home = TempDir::new().expect("a folder");
        let out = home.path().join("out");
        run_at(&home.path().join(".out.replaced-1"), "earlier");
        drop(Place::open(&out).expect("the place is free"));
        assert_eq!((mark(&out).as_str(), names(home.path())), ("earlier", vec!["out".to_owned()]));
    }

    #[test]
    fn a_replaced_folder_goes_if_its_run_was_killed_after_both_moves() {
        let home = TempDir::new().expect("a folder");
        let out = home.path().join("out");
        run_at(&home.path().join(".out.replaced-1"), "earlier");
        run_at(&out, "new");
        drop(Place::open(&out).expect("the place is free"));
        assert_eq!((mark(&out).as_str(), names(home.path())), ("new", vec!["out".to_owned()]));
    }

    #[test]
    fn what_no_run_wrote_is_never_replaced() {
        let home = TempDir::new().expect("a folder");
        let refused = |name: &str| {
            let error = write(&home.path().join(name), "new", swap).expect_err("the place is taken");
            assert!(error.to_string().contains("another"), "the way out is named: {error}");
        };
        fs::write(home.path().join("file"), "x").expect("a file");
        refused("file");
        fs::create_dir(home.path().join("photos")).expect("a folder");
        fs::write(home.path().join("photos/cat"), "x").expect("a file");
        refused("photos");
        fs::create_dir(home.path().join("extension")).expect("a folder");
        fs::write(home.path().join("extension").join(MANIFEST), r#"{"name": "a browser extension"}"#).expect("a file");
        refused("extension");
        run_at(&home.path().join("noted"), "earlier");
        fs::write(home.path().join("noted/my-notes.txt"), "x").expect("a file");
        refused("noted");
        assert_eq!(names(home.path()), ["extension", "file", "noted", "photos"]);
        assert_eq!(mark(&home.path().join("noted")), "earlier");
    }

    #[test]
    fn an_empty_folder_is_a_free_place() {
        let home = TempDir::new().expect("a folder");
        for (name, way) in [("a", swap as fn(&Path, &Path) -> io::Result<()>), ("b", cannot_swap)] {
            fs::create_dir(home.path().join(name)).expect("a folder");
            write(&home.path().join(name), "new", way).expect("the place is free");
            assert_eq!(mark(&home.path().join(name)), "new");
        }
        assert_eq!(names(home.path()), ["a", "b"]);
    }
}
