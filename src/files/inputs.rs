//! What a command reads, so that it does not write over it.

use std::fs::{self, File, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The files that a command reads, known by device and inode: by whatever name or link they are named again.
#[derive(Debug, Clone, Default)]
pub struct Inputs(Vec<(u64, u64)>);

impl Inputs {
    /// The files at these paths; `-` is standard input. What cannot be found is reported where it is read.
    pub fn of<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Self {
        let mut inputs = Self::default();
        paths.into_iter().for_each(|path| inputs.add(path.as_ref()));
        inputs
    }

    /// Adds a file.
    pub fn add(&mut self, path: &Path) {
        let found = match path.to_str() {
            Some("-") => of_handle(&std::io::stdin()),
            _ => fs::metadata(path).ok(),
        };
        self.0.extend(found.filter(Metadata::is_file).map(|found| (found.dev(), found.ino())));
    }

    /// Whether a file is one of them.
    pub fn hold(&self, file: &Metadata) -> bool {
        file.is_file() && self.0.contains(&(file.dev(), file.ino()))
    }

    /// Whether an open file, such as standard output, is one of them.
    pub fn hold_open(&self, file: &impl AsFd) -> bool {
        of_handle(file).is_some_and(|file| self.hold(&file))
    }
}

fn of_handle(file: &impl AsFd) -> Option<Metadata> {
    File::from(file.as_fd().try_clone_to_owned().ok()?).metadata().ok()
}
