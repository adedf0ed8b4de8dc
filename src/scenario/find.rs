//! Which files are meant by paths: each that is named, and the scenarios of folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::limits;
use crate::diag::name;

/// Why files can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system says no.
    #[error("cannot read {}: {error}", name(path))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Something is named that holds none.
    #[error("no scenarios (*.yaml) in {}", name(.0))]
    Nothing(PathBuf),
    /// There is too much to look at.
    #[error(
        "more than {} files and folders in {}; name the folder in it that holds scenarios",
        limits::ENTRIES, name(.0)
    )]
    TooMany(PathBuf),
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order of the paths, and within a folder by name.
    pub(super) files: Vec<FoundFile>,
    /// What was not looked at, and why.
    pub(super) skipped: Vec<(PathBuf, &'static str)>,
    entries: usize,
}

/// A file that was named, or is in a folder that was.
#[derive(Debug)]
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    /// It is not in the folder that was named: a link leads to it.
    pub(super) foreign: bool,
}

impl Found {
    /// Looks at a path that a person named.
    pub(super) fn look(&mut self, path: &Path) -> Result<(), LoadError> {
        if !fs::metadata(path).map_err(|error| unreadable(path, error))?.is_dir() {
            self.files.push(FoundFile { path: path.to_owned(), foreign: false });
            return Ok(());
        }
        let root = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
        self.folder(path, path, &mut vec![root])
    }

    /// Looks through a folder. `above` are the folders that it is in and itself, the one that was named first.
    fn folder(
        &mut self,
        named: &Path,
        path: &Path,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), LoadError> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path).map_err(|error| unreadable(path, error))? {
            self.entries += 1;
            if self.entries > limits::ENTRIES {
                return Err(LoadError::TooMany(named.to_owned()));
            }
            entries.push(entry.map_err(|error| unreadable(path, error))?.path());
        }
        entries.sort();
        for entry in entries {
            self.entry(named, entry, above)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        named: &Path,
        path: PathBuf,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), LoadError> {
        let scenario = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let kind = match fs::metadata(&path) {
            Ok(kind) => kind,
            // A link that leads nowhere, such as the lock of an editor.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !scenario => return Ok(()),
            Err(error) => {
                let known = [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied];
                if !path.is_symlink() || known.contains(&error.kind()) {
                    return Err(unreadable(&path, error));
                }
                self.skipped.push((path, "it is a link that cannot be followed to an end"));
                return Ok(());
            }
        };
        if !kind.is_dir() && !scenario {
            return Ok(());
        }
        if !kind.is_dir() && !kind.is_file() {
            self.skipped.push((path, "it is not a regular file"));
            return Ok(());
        }
        let real = fs::canonicalize(&path).map_err(|error| unreadable(&path, error))?;
        if kind.is_dir() {
            if above.contains(&real) {
                self.skipped.push((path, "it is a link to a folder that it is in"));
                return Ok(());
            }
            above.push(real);
            self.folder(named, &path, above)?;
            above.pop();
        } else {
            let foreign = above.first().is_some_and(|root| !real.starts_with(root));
            self.files.push(FoundFile { path, foreign });
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: io::Error) -> LoadError {
    LoadError::Unreadable { path: path.to_owned(), error }
}
