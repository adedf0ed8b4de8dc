//! Files of known programs that cannot be read: what they are, and what to take in their place.

use crate::trace::intake::coding_of;

/// What a file that begins so seems to be, and what to do; none if it is nothing that is known.
pub(super) fn name(start: &[u8]) -> Option<String> {
    KNOWN.iter().find(|(is, ..)| is(start)).map(|(_, what, todo)| format!("{what}; {todo}"))
}

/// How it is recognised, what it is, and what to do.
type Known = (fn(&[u8]) -> bool, &'static str, &'static str);

const EXPORT: &str =
    "in the browser's network tools, load the page with the log kept, and export it as HAR";

/// Those that are easiest to tell first; what is only known to be JSON or a page last.
const KNOWN: &[Known] = &[
    (
        |start| coding_of(start) == Some("gzip"),
        "this is compressed with gzip",
        "decompress it with `gunzip`, and open what comes out",
    ),
    (
        |start| {
            start.starts_with(b"\xfd7zXZ\0")
                || start.starts_with(b"BZh")
                || coding_of(start) == Some("zstd")
        },
        "this is compressed",
        "decompress it with `unxz`, `bunzip2` or `unzstd`, and open what comes out",
    ),
    (
        |start| start.starts_with(b"PK\x03\x04"),
        "this is a ZIP archive, as Fiddler's sessions (.saz) are",
        "unpack it and open the file in it; from Fiddler, export as HTTPArchive 1.2",
    ),
    (
        |start| start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]),
        "this text is UTF-16, as PowerShell writes it",
        "convert it with `iconv -f UTF-16 -t UTF-8`, and open what comes out",
    ),
    (
        |start| {
            start.starts_with(b"\x89PNG")
                || start.starts_with(b"\xff\xd8\xff")
                || start.starts_with(b"%PDF")
        },
        "this is a picture",
        "ask for the traffic as a file: a HAR of the browser's network tools, or a log",
    ),
    (
        |start| opens_with(start, b"constants") && has(start, b"logEventTypes"),
        "this is a netlog of Chrome (chrome://net-export), which holds no contents of WebSockets",
        EXPORT,
    ),
    (
        |start| has(start, b"\"_source\"") && has(start, b"\"layers\""),
        "this is JSON of Wireshark",
        "save the packets themselves, as pcapng",
    ),
    (
        |start| {
            starts_line(start, b"No.  ") && has(start, b"Source") && has(start, b"Protocol")
                || starts_line(start, b"Frame 1: ")
        },
        "this is text of Wireshark",
        "save the packets themselves, as pcapng",
    ),
    (
        |start| {
            starts_line(start, b"CLIENT_RANDOM ")
                || starts_line(start, b"CLIENT_HANDSHAKE_TRAFFIC_SECRET ")
        },
        "this is a TLS key log, with which others can read the traffic that it belongs to",
        "it is of use only beside a recording of the packets",
    ),
    (
        |start| starts_line(start, b"== Info: ") || starts_line(start, b"=> Send header"),
        "this is output of `curl --trace`",
        "use `curl -v URL > FILE 2>&1`",
    ),
    (
        is_flows,
        "these are flows of mitmproxy",
        "export them as HAR: `mitmdump -nr FILE --set hardump=FILE.har`",
    ),
    (
        |start| opens_with(start, b"log") || has(start, b"\"startedDateTime\""),
        "this looks like a part of an HTTP Archive (HAR)",
        "export it again, and copy all of it",
    ),
    (
        |start| starts_line(start, b"== ") && start.starts_with(b"=="),
        "this is a transcript",
        "`xmppscope diff` compares it",
    ),
    (
        |start| {
            let start = start.trim_ascii_start();
            let lower = start[..start.len().min(15)].to_ascii_lowercase();
            lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html")
        },
        "this is a web page",
        EXPORT,
    ),
    (is_json, "this is JSON of a program that is not known here", EXPORT),
];

/// Whether it begins as an object or a list of JSON does. A section of an INI file begins with a bracket, too.
fn is_json(start: &[u8]) -> bool {
    let mut bytes = start.iter().filter(|byte| !byte.is_ascii_whitespace());
    match (bytes.next(), bytes.next()) {
        (Some(b'{'), next) => matches!(next, None | Some(b'"' | b'}')),
        (Some(b'['), next) => matches!(next, Some(b'{' | b'[' | b']' | b'"' | b'0'..=b'9')),
        _ => false,
    }
}

fn has(start: &[u8], text: &[u8]) -> bool {
    memchr::memmem::find(start, text).is_some()
}

/// Whether it is an object of JSON whose first member has this name.
fn opens_with(start: &[u8], name: &[u8]) -> bool {
    let inside = start.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let name = [b"\"", name, b"\""].concat();
    inside.is_some_and(|inside| inside.starts_with(&name))
}

/// Whether one of the first lines begins so.
fn starts_line(start: &[u8], text: &[u8]) -> bool {
    start.split(|byte| *byte == b'\n').take(20).any(|line| line.starts_with(text))
}

/// Whether it begins with the length of a record and its first key, as flows of mitmproxy do.
fn is_flows(start: &[u8]) -> bool {
    let mut parts = start.splitn(3, |byte| *byte == b':');
    let is_length = |part: Option<&[u8]>| {
        part.is_some_and(|part| {
            !part.is_empty() && part.len() < 12 && part.iter().all(u8::is_ascii_digit)
        })
    };
    is_length(parts.next())
        && is_length(parts.next())
        && parts.next().is_some_and(|key| key.first().is_some_and(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_read_are_named_with_what_to_do() {
        let cases: [(&[u8], &str, &str); 14] = [
            (&[0x1f, 0x8b, 8, 0], "gzip", "gunzip"),
            (b"PK\x03\x04....", "ZIP", "HTTPArchive"),
            (b"\xff\xfe{\0", "UTF-16", "iconv"),
            (b"\x89PNG\r\n", "picture", "HAR"),
            (br#"{"constants":{"logEventTypes":{}}}"#, "netlog", "HAR"),
            (br#"[{"_index":"p","_source":{"layers":{}}}]"#, "JSON of Wireshark", "pcapng"),
            (b"No.     Time           Source                Destination           Protocol Length Info\n", "text of Wireshark", "pcapng"),
            (b"CLIENT_RANDOM 00 11\n", "key log", "packets"),
            (b"== Info:   Trying 1.2.3.4\n", "curl --trace", "curl -v"),
            (b"4092:9:websocket;0:~8:response;", "mitmproxy", "hardump"),
            (b"{\"log\": {\"vers", "part of an HTTP Archive", "again"),
            (b"\n<!DOCTYPE HTML>", "web page", "HAR"),
            (b"[1, 2]", "JSON", "HAR"),
            (b"== bosh\n", "transcript", "diff"),
        ];
        for (start, what, todo) in cases {
            let words = name(start).unwrap_or_else(|| panic!("{what} is not recognised"));
            let (named, next) = words.split_once("; ").unwrap();
            assert!(named.contains(what) && next.contains(todo), "{words}");
        }
        for start in [
            &b""[..],
            b"hello",
            b"12:30 a; b",
            b"<body/>",
            b"<stream:stream>",
            b"[package]\nname = 1",
        ] {
            assert_eq!(name(start), None);
        }
    }
}
