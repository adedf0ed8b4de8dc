//! What a file is called, as it may be printed.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::sanitise;

/// The name of a file as it may be printed, on one line: what could act on a terminal, and bytes that are no text, are
/// escapes. The only way in which paths become text, as `clippy.toml` says.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a>(&'a OsStr);

/// The name of a file, or of something else that the system gives no encoding.
pub fn name<N: AsRef<OsStr> + ?Sized>(name: &N) -> Name<'_> {
    Name(name.as_ref())
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&sanitise::bytes(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_harmless() {
        for (raw, shown) in [
            (&b"a/b c.yaml"[..], "a/b c.yaml"),
            ("grüße".as_bytes(), "grüße"),
            (b"e\x1b[2J\xff.yaml", "e\\u{1b}[2J\\xff.yaml"),
            (
                "\u{9b}2J\u{202e}\u{200b}\u{feff}\u{e0041}\n".as_bytes(),
                "\\u{9b}2J\\u{202e}\\u{200b}\\u{feff}\\u{e0041}\\n",
            ),
        ] {
            assert_eq!(name(Path::new(OsStr::from_bytes(raw))).to_string(), shown);
        }
    }
}
