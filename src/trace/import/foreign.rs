//! Files of known programs that cannot be read: what they are, and what to take in their place.

/// What a file that begins so seems to be, and what to do; none if it is nothing that is known.
pub(super) fn name(start: &[u8]) -> Option<String> {
    KNOWN.iter().find(|(is, ..)| is(start)).map(|(_, what, todo)| format!("{what}; {todo}"))
}

/// How it is recognised, what it is, and what to do.
type Known = (fn(&[u8]) -> bool, &'static str, &'static str);

const KNOWN: &[Known] = &[
    (
        |start| start.starts_with(&[0x1f, 0x8b]),
        "this is compressed with gzip",
        "decompress it with `gunzip`, and open what comes out",
    ),
    (
        |start| start.starts_with(b"PK\x03\x04"),
        "this is a ZIP archive",
        "unpack it with `unzip`, and open the file in it",
    ),
    (
        |start| start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]),
        "this text is UTF-16, as PowerShell writes it",
        "convert it with `iconv -f UTF-16 -t UTF-8`",
    ),
];
