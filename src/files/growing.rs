//! A capture of live traffic grows in its place, so that it can be read meanwhile.

use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{FileError, Inputs, pipe};

/// Opens a file to write into it as time goes by, readable by its owner alone. The file is emptied, but one that holds
/// something only with `force`. As long as it is open, no second writer gets it.
pub fn growing(path: &Path, inputs: &Inputs, force: bool) -> Result<File, FileError> {
    let known = fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| known.file_type().is_fifo()) {
        return pipe::open(path);
    }
    if known.is_some_and(|known| inputs.hold(&known)) {
        return Err(FileError::Input);
    }
    // Emptied below, when it is known that it may be.
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(file);
    }
    // Any other error: a file system without locks.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return Err(FileError::Locked);
    }
    // Read behind the lock: another writer may just have begun.
    if file.metadata()?.len() > 0 && !force {
        return Err(FileError::NotEmpty);
    }
    file.set_len(0)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_is_there_is_kept_unless_it_is_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let none = Inputs::default();
        growing(&path, &none, false).unwrap().write_all(b"one").unwrap();
        assert!(matches!(growing(&path, &none, false), Err(FileError::NotEmpty)));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        growing(&path, &none, true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        // An empty file may be one that was made to be written into.
        growing(&path, &none, false).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn there_is_one_writer_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c");
        let none = Inputs::default();
        let first = growing(&path, &none, false).unwrap();
        for force in [false, true] {
            assert!(matches!(growing(&path, &none, force), Err(FileError::Locked)));
        }
        drop(first);
        growing(&path, &none, false).unwrap();
    }

    #[test]
    fn an_input_is_refused_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("c"), folder.path().join("l"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let inputs = Inputs::of([&path]);
        for name in [&path, &link] {
            assert!(matches!(growing(name, &inputs, true), Err(FileError::Input)));
        }
    }
}
