//! A text that is read as a whole, within a bound, whatever the path leads to.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longer outcomes of runs, transcripts and snapshots are refused.
pub const LONGEST_TEXT: u64 = 64 << 20;

/// Reads a text file of at most this many bytes. What has no length, such as a pipe or a device, is read no further.
///
/// # Errors
/// The system's, or that it is too large or not UTF-8, in words that fit behind "cannot read PATH:".
pub fn text(path: &Path, longest: u64) -> io::Result<String> {
    String::from_utf8(bounded(File::open(path)?, longest)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let words =
            format!("it is not UTF-8: byte {} is wrong; check that it is a text file", at + 1);
        io::Error::new(io::ErrorKind::InvalidData, words)
    })
}

/// All bytes that come, if these are no more than this many.
///
/// # Errors
/// As those of [`text`].
pub fn bounded(from: impl Read, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        let limit = if longest >= 1 << 20 && longest.is_multiple_of(1 << 20) {
            format!("{} MiB", longest >> 20)
        } else {
            format!("{longest} bytes")
        };
        let words = format!(
            "it is larger than {limit}, the limit; check that it is the right file, or split it"
        );
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_text_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(text(&path, 5).unwrap(), "12345");
        let error = text(&path, 4).unwrap_err().to_string();
        assert!(error.starts_with("it is larger than 4 bytes, the limit"), "{error}");
        fs::write(&path, b"ab\xff").unwrap();
        let error = text(&path, 5).unwrap_err().to_string();
        assert!(error.starts_with("it is not UTF-8: byte 3 is wrong"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_no_length_is_read_up_to_the_limit() {
        let error = text(Path::new("/dev/zero"), 1 << 20).unwrap_err().to_string();
        assert!(error.starts_with("it is larger than 1 MiB, the limit"), "{error}");
        assert!(!text(Path::new("/proc/self/status"), 1 << 20).unwrap().is_empty());
    }
}
