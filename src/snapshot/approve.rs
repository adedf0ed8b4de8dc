//! What is approved, and what waits for approval: folders of snapshots.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::diff::diff;
use super::file::{APPROVED, PENDING, Snapshot, SnapshotError};
use crate::files::{Access, FileError, Inputs, Whole};

/// What becomes of a conversation that is not as it was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// Nothing is written.
    No,
    /// It is written beside, to wait for approval.
    New,
    /// It is approved.
    All,
}

/// How a conversation stands to what was approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is as approved.
    Same,
    /// Nothing was approved.
    Missing,
    /// It is not as approved.
    Other(Box<Snapshot>),
}

/// A snapshot that waits for approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its file.
    pub path: PathBuf,
    /// What it shows.
    pub new: Snapshot,
    /// What was approved before.
    pub approved: Option<Snapshot>,
}

/// Compares a conversation with the snapshot at `path`, a path without the ending, and does what `update` says.
pub fn compare(path: &Path, new: &Snapshot, update: Update) -> Result<Standing, SnapshotError> {
    let (approved, pending) = (with(path, APPROVED), with(path, PENDING));
    let kept = new.transcript.check();
    kept.map_err(|error| SnapshotError::Unreadable { path: std::env::temp_dir(), error })?;
    let standing = match read_if_there(&approved)? {
        None => Standing::Missing,
        Some(old) if is_same(&old, new) => Standing::Same,
        Some(old) => Standing::Other(Box::new(old)),
    };
    match (&standing, update) {
        (_, Update::No) => {}
        (Standing::Same, _) => remove_if_there(&pending)?,
        (_, Update::All) => {
            write(&approved, &new.text())?;
            remove_if_there(&pending)?;
        }
        (_, Update::New) => write(&pending, &new.text())?,
    }
    Ok(standing)
}

/// Whether the same was said, whatever numbers names have, and in whatever order sessions stand.
fn is_same(old: &Snapshot, new: &Snapshot) -> bool {
    old.transcript == new.transcript || diff(&old.transcript, &new.transcript).is_equal()
}

/// All that wait for approval in these folders and files, in the order of their paths.
pub fn pending(paths: &[PathBuf]) -> Result<Vec<Pending>, SnapshotError> {
    waiting(paths)?.into_iter().map(Pending::read).collect()
}

/// The files of all that wait for approval in these folders and files, whatever they hold.
pub fn waiting(paths: &[PathBuf]) -> Result<Vec<PathBuf>, SnapshotError> {
    find(paths, PENDING)
}

/// Throws away what waits for approval in a file.
pub fn reject(pending: &Path) -> Result<(), SnapshotError> {
    fs::remove_file(pending).map_err(|error| unwritable(pending, error))
}

/// All that are approved in these folders and files, in the order of their paths.
pub fn approved(paths: &[PathBuf]) -> Result<Vec<(PathBuf, Snapshot)>, SnapshotError> {
    let read = |path: PathBuf| Snapshot::read(&path).map(|snapshot| (path, snapshot));
    find(paths, APPROVED)?.into_iter().map(read).collect()
}

impl Pending {
    fn read(path: PathBuf) -> Result<Self, SnapshotError> {
        let new = Snapshot::read(&path)?;
        let approved = read_if_there(&approved_path(&path))?;
        Ok(Self { path, new, approved })
    }

    /// Where it will be when it is accepted.
    pub fn target(&self) -> PathBuf {
        approved_path(&self.path)
    }

    /// Puts it in the place of what was approved.
    pub fn accept(&self) -> Result<(), SnapshotError> {
        fs::rename(&self.path, self.target()).map_err(|error| unwritable(&self.target(), error))
    }

    /// Throws it away.
    pub fn reject(&self) -> Result<(), SnapshotError> {
        reject(&self.path)
    }
}

/// `a.snap` of `a.snap.new`
fn approved_path(pending: &Path) -> PathBuf {
    pending.with_extension("")
}

/// The path with this ending behind its whole name, dots and all.
fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn read_if_there(path: &Path) -> Result<Option<Snapshot>, SnapshotError> {
    match Snapshot::read(path) {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(SnapshotError::Unreadable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn remove_if_there(path: &Path) -> Result<(), SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(path, error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), SnapshotError> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let put = || {
        folder?;
        let mut file = Whole::create(path, Access::Usual, &Inputs::default())?;
        file.write_all(text.as_bytes())?;
        file.finish()
    };
    put().map_err(|error: FileError| unwritable(path, error))
}

fn unwritable(path: &Path, error: impl Into<FileError>) -> SnapshotError {
    SnapshotError::Unwritable { path: path.to_owned(), error: error.into() }
}

/// Whether the name of a file has this ending.
fn ends(path: &Path, ending: &str) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.strip_suffix(ending.as_bytes()).is_some_and(|name| name.ends_with(b"."))
}

fn find(paths: &[PathBuf], ending: &str) -> Result<Vec<PathBuf>, SnapshotError> {
    let fits = |path: &Path| ends(path, ending);
    let mut found = Vec::new();
    for path in paths {
        let unreadable = |error| SnapshotError::Unreadable { path: path.clone(), error };
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            walk(path, &fits, &mut found)?;
        } else if fits(path) {
            found.push(path.clone());
        } else if !ends(path, APPROVED) && !ends(path, PENDING) {
            return Err(SnapshotError::OtherFile(path.clone()));
        }
    }
    Ok(found)
}

fn walk(
    folder: &Path,
    fits: &dyn Fn(&Path) -> bool,
    found: &mut Vec<PathBuf>,
) -> Result<(), SnapshotError> {
    let unreadable = |error| SnapshotError::Unreadable { path: folder.to_owned(), error };
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    // A link may lead round in a circle.
    let is_folder = |entry: fs::DirEntry| Ok((entry.path(), entry.file_type()?.is_dir()));
    let mut entries: Vec<(PathBuf, bool)> = entries
        .map(|entry| entry.and_then(is_folder))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    entries.sort();
    for (path, is_folder) in entries {
        if is_folder {
            walk(&path, fits, found)?;
        } else if fits(&path) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(words: &str) -> Snapshot {
        Snapshot {
            source: "a.yaml".to_owned(),
            description: "a".to_owned(),
            transcript: format!("== session 1\n\nclient:\nserver: {words}\n").parse().unwrap(),
        }
    }

    #[test]
    fn what_is_new_waits_until_it_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let (path, paths) = (folder.path().join("x/a.1"), [folder.path().to_owned()]);
        let (one, other) = (snapshot("at once"), snapshot("held"));
        assert_eq!(compare(&path, &one, Update::No).unwrap(), Standing::Missing);
        assert_eq!(pending(&paths).unwrap(), []);
        assert_eq!(compare(&path, &one, Update::New).unwrap(), Standing::Missing);
        let [waiting] = &pending(&paths).unwrap()[..] else { panic!("one waits") };
        assert_eq!(waiting.path, folder.path().join("x/a.1.snap.new"));
        assert_eq!((&waiting.new, &waiting.approved), (&one, &None));
        waiting.accept().unwrap();
        assert_eq!(approved(&paths).unwrap(), [(folder.path().join("x/a.1.snap"), one.clone())]);
        assert_eq!(compare(&path, &one, Update::No).unwrap(), Standing::Same);

        assert_eq!(
            compare(&path, &other, Update::New).unwrap(),
            Standing::Other(Box::new(one.clone()))
        );
        pending(&paths).unwrap()[0].reject().unwrap();
        assert_eq!(compare(&path, &one, Update::No).unwrap(), Standing::Same);

        compare(&path, &other, Update::New).unwrap();
        // Back to what is approved: nothing waits any more.
        assert_eq!(compare(&path, &one, Update::New).unwrap(), Standing::Same);
        assert_eq!(pending(&paths).unwrap(), []);
        compare(&path, &other, Update::All).unwrap();
        assert_eq!(compare(&path, &other, Update::No).unwrap(), Standing::Same);
    }

    /// Two links to the folder they are in were followed for ever.
    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one", "two"] {
            std::os::unix::fs::symlink(folder.path(), folder.path().join(name)).unwrap();
        }
        let path = folder.path().join("a.snap");
        fs::write(&path, snapshot("held").text()).unwrap();
        let found = approved(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found, [(path, snapshot("held"))]);
    }

    #[test]
    fn what_is_damaged_can_be_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let (path, paths) = (folder.path().join("a.snap.new"), [folder.path().to_owned()]);
        fs::write(&path, "").unwrap();
        assert!(pending(&paths).is_err());
        let found = waiting(&paths).unwrap();
        assert_eq!(found, [path]);
        reject(&found[0]).unwrap();
        assert_eq!(pending(&paths).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(folder.path().join("a.snap"), "no snapshot").unwrap();
        assert!(compare(&path, &snapshot("held"), Update::All).is_err());
        assert_eq!(fs::read_to_string(folder.path().join("a.snap")).unwrap(), "no snapshot");
        assert!(pending(&[folder.path().join("nowhere")]).is_err());
    }
}
