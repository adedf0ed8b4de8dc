//! Sockets that have a path, which their owner alone can use.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// A socket that is removed when this is dropped.
#[derive(Debug)]
pub struct PrivateSocket {
    path: PathBuf,
}

impl Drop for PrivateSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // somebody else may have removed it
    }
}

/// Listens at a path. What another process has left there is replaced; what is no socket, or is in use, stays.
pub fn listen_private(path: &Path) -> io::Result<(UnixListener, PrivateSocket)> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let words = "there is something that is not a socket; choose another path";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
        }
        Ok(_) if UnixStream::connect(path).is_ok() => {
            let words = "another process listens there; choose another path, or stop it";
            return Err(io::Error::new(io::ErrorKind::AddrInUse, words));
        }
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Nobody but the owner can reach it before it has its permissions.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder =
        tempfile::Builder::new().prefix(".x").tempdir_in(parent.unwrap_or(Path::new(".")))?;
    let inner = folder.path().join("s");
    let listener = UnixListener::bind(&inner)?;
    fs::set_permissions(&inner, fs::Permissions::from_mode(0o600))?;
    fs::rename(&inner, path)?;
    Ok((listener, PrivateSocket { path: path.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_belongs_to_its_owner_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control");
        let (listener, socket) = listen_private(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen_private(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        // What a killed process leaves behind is replaced.
        let (_listener, again) = listen_private(&path).unwrap();
        drop(socket);
        assert!(!path.exists());
        drop(again);
        fs::write(&path, "x").unwrap();
        assert_eq!(listen_private(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
