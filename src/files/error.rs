//! Why a file is not written.

use std::io;

/// Why a file is not written. What it is called stands before.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is also read.
    #[error("it is one of the inputs and would be overwritten; choose another file")]
    Input,
    /// It holds something already.
    #[error("the file exists and is not empty; choose another name, or overwrite it with --force")]
    NotEmpty,
    /// Another process holds the lock on it.
    #[error("another xmppscope is writing this file; choose another name, or stop the other one")]
    Locked,
    /// A FIFO that nobody opened for reading.
    #[error("nobody opened this pipe for reading within {} s; start its reader first", super::pipe::PATIENCE.as_secs())]
    NoReader,
    /// The way to it leads through a link, where none may be followed.
    #[error(
        "the path leads through a symbolic link, which is not followed; remove it or choose another folder"
    )]
    Link,
    /// The system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl FileError {
    /// Whether another command line would do; otherwise the environment does not let it be written.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Input | Self::NotEmpty)
    }
}

impl From<rustix::io::Errno> for FileError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}
