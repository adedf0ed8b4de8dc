//! A file that is there when it is whole: written beside its place, and put there at the end. Until then, and after a
//! failure, an earlier file is as it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use super::{FileError, Inputs, pipe};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone.
    Owner,
    /// Whoever may read files that this user creates; of a file that is there already, whoever could read that.
    Usual,
}

/// A file that is being written. Dropped without [`Whole::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Whole {
    /// Where it belongs.
    place: PathBuf,
    to: To,
}

#[derive(Debug)]
enum To {
    /// A file beside the place, which takes the place at the end.
    Beside(BufWriter<NamedTempFile>),
    /// A file without a name, whose content goes into the file at the place: in a folder where none can be created.
    Into(BufWriter<File>, File),
    /// A device or a pipe: what is written is there at once.
    Through(BufWriter<File>),
}

impl Whole {
    /// Begins a file. Whatever keeps it from being written is found now, as far as it can be known. Links at the end
    /// of the path are followed.
    pub fn create(path: &Path, access: Access, inputs: &Inputs) -> Result<Self, FileError> {
        let place = followed(path)?;
        let known = match fs::metadata(&place) {
            Ok(known) => Some(known),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(known) = &known {
            if inputs.hold(known) {
                return Err(FileError::Input);
            }
            if known.file_type().is_fifo() {
                let to = To::Through(BufWriter::new(pipe::open(&place)?));
                return Ok(Self { place, to });
            }
            // A file that may not be written is not replaced either.
            let file = OpenOptions::new().write(true).open(&place)?;
            if !known.is_file() || place.starts_with("/dev") || place.starts_with("/proc") {
                return Ok(Self { place, to: To::Through(BufWriter::new(file)) });
            }
        }
        let mode = match (access, &known) {
            (Access::Owner, _) => 0o600,
            (Access::Usual, Some(known)) => known.permissions().mode() & 0o7777,
            (Access::Usual, None) => 0o666,
        };
        let to = match beside(&place, mode, known.is_some()) {
            Ok(file) => To::Beside(BufWriter::new(file)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && known.is_some() => {
                let file = OpenOptions::new().write(true).open(&place)?;
                To::Into(BufWriter::new(tempfile::tempfile()?), file)
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { place, to })
    }

    /// The same for what nobody can make again: a file that holds something is replaced only with `force`.
    pub fn keeping(
        path: &Path,
        access: Access,
        inputs: &Inputs,
        force: bool,
    ) -> Result<Self, FileError> {
        let file = Self::create(path, access, inputs)?;
        let known = fs::metadata(&file.place).ok();
        if !force && known.is_some_and(|known| known.is_file() && known.len() > 0) {
            return Err(FileError::NotEmpty);
        }
        Ok(file)
    }

    /// Where it will be.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Puts the file in its place.
    pub fn finish(self) -> Result<(), FileError> {
        match self.to {
            To::Beside(mut file) => {
                file.flush()?;
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.persist(&self.place).map_err(|error| error.error)?;
            }
            To::Into(file, mut place) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                place.set_len(0)?;
                io::copy(&mut file, &mut place)?;
            }
            To::Through(mut file) => file.flush()?,
        }
        Ok(())
    }
}

/// Writes a file that belongs to no input, in a folder that is created if it does not exist.
pub fn put(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = Whole::create(path, Access::Usual, &Inputs::default())?;
    file.write_all(bytes)?;
    file.finish()
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Beside(file) => file.write(bytes),
            To::Into(file, _) | To::Through(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Beside(file) => file.flush(),
            To::Into(file, _) | To::Through(file) => file.flush(),
        }
    }
}

/// A new file in the folder of the place. A mode that a file has already is kept as it is; another is what `umask` leaves
/// of it.
fn beside(place: &Path, mode: u32, exact: bool) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(place.file_name().unwrap_or_default());
    prefix.push(".");
    let folder = match place.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".tmp")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(plain)?;
    if exact {
        file.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(file)
}

/// The error of the system alone: `tempfile` adds the name of a file that nobody has heard of.
fn plain(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((words, _)) => io::Error::new(error.kind(), words),
        None => error,
    }
}

/// How many links may lead to each other.
const LINKS: usize = 40;

/// Where a path leads, whether or not there is a file.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..LINKS {
        // What these name is open, whatever its name is now.
        if place.starts_with("/dev") || place.starts_with("/proc") {
            return Ok(place);
        }
        match fs::read_link(&place) {
            Ok(target) => place = place.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many links"))
}

/// A path within a folder, whose folders are created. No link is followed, neither to a folder nor to the file: that
/// is replaced.
pub fn within(folder: &Path, path: &Path) -> Result<PathBuf, FileError> {
    let mut place = folder.to_owned();
    let mut names = path.components().peekable();
    while let Some(name) = names.next() {
        if !matches!(name, Component::Normal(_)) {
            return Err(FileError::Link);
        }
        place.push(name);
        let is_file = names.peek().is_none();
        match fs::symlink_metadata(&place) {
            Ok(known) if known.is_symlink() && is_file => fs::remove_file(&place)?,
            Ok(known) if known.is_symlink() => return Err(FileError::Link),
            Ok(_) => {}
            Err(_) if is_file => {}
            Err(_) => match fs::create_dir(&place) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            },
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "before").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let mut file = Whole::create(&path, Access::Usual, &Inputs::default()).unwrap();
        file.write_all(b"after").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"before");
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        // Given up: nothing is left, and nothing is lost.
        let mut file = Whole::create(&path, Access::Owner, &Inputs::default()).unwrap();
        file.write_all(b"never").unwrap();
        drop(file);
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["a".into()], b"after".into())
        );
        Whole::create(&path, Access::Owner, &Inputs::default()).unwrap().finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_folder_is_told_without_the_name_of_a_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none").join("a");
        let error = Whole::create(&path, Access::Usual, &Inputs::default()).unwrap_err();
        assert_eq!(error.to_string(), "No such file or directory (os error 2)");
    }

    #[test]
    fn links_are_followed_and_inputs_refused() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link, hard] = ["a", "l", "h"].map(|name| folder.path().join(name));
        symlink("a", &link).unwrap();
        // To a file that is not there yet.
        let mut file = Whole::create(&link, Access::Usual, &Inputs::default()).unwrap();
        assert_eq!(file.place(), path);
        file.write_all(b"one").unwrap();
        file.finish().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        fs::hard_link(&path, &hard).unwrap();
        let inputs = Inputs::of([&path]);
        for name in [&path, &link, &hard] {
            let refused = Whole::create(name, Access::Usual, &inputs);
            assert!(matches!(refused, Err(FileError::Input)));
        }
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    fn what_is_there_is_kept_unless_it_is_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let none = Inputs::default();
        let write = |text: &[u8], force| {
            let mut file = Whole::keeping(&path, Access::Usual, &none, force)?;
            file.write_all(text)?;
            file.finish()
        };
        // Nothing there, an empty file, one that holds something.
        write(b"", false).unwrap();
        write(b"one", false).unwrap();
        assert!(matches!(write(b"two", false), Err(FileError::NotEmpty)));
        assert_eq!(
            (names(folder.path()), fs::read(&path).unwrap()),
            (vec!["a".into()], b"one".into())
        );
        write(b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        Whole::keeping(Path::new("/dev/null"), Access::Usual, &none, false).unwrap();
    }

    #[test]
    fn a_device_is_written_through() {
        let mut file =
            Whole::create(Path::new("/dev/full"), Access::Usual, &Inputs::default()).unwrap();
        file.write_all(b"a").unwrap();
        let full = file.finish().unwrap_err();
        assert!(full.to_string().contains("No space left"), "{full}");
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        let refused = Whole::create(&path, Access::Usual, &Inputs::default());
        assert!(matches!(refused, Err(FileError::NoReader)));
    }

    #[test]
    fn nothing_is_written_outside_of_a_folder() {
        let outside = tempfile::tempdir().unwrap();
        let folder = tempfile::tempdir().unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        let file = outside.path().join("kept");
        fs::write(&file, "kept").unwrap();
        symlink(&file, folder.path().join("c")).unwrap();
        for path in ["out/x", "../x", "/x", "out/y/x"] {
            assert!(matches!(within(folder.path(), Path::new(path)), Err(FileError::Link)));
        }
        assert_eq!(names(outside.path()), ["kept"]);
        let place = within(folder.path(), Path::new("c")).unwrap();
        fs::write(place, "new").unwrap();
        assert_eq!(fs::read_to_string(file).unwrap(), "kept");
        assert_eq!(within(folder.path(), Path::new("a/b/c")).unwrap(), folder.path().join("a/b/c"));
        assert!(folder.path().join("a/b").is_dir());
    }
}
