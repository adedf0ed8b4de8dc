//! The lines of `curl -v`.

use std::io::{self, BufRead, Read};
use std::time::Duration;

/// Of a line, so much is read at a time: the content of a response may be one line.
const LONGEST: u64 = 1 << 20;

/// A line, without what stands before it and its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// `>`: of the head of a request.
    Request(&'a str),
    /// `<`: of the head of a response.
    Response(&'a str),
    /// `*`: what curl says about the connection.
    About(&'a str),
    /// `curl: (7) …`: why it failed.
    Failed(&'a str),
    /// Progress, or the size of data: of no use.
    Progress,
    /// Perhaps content, with its end.
    Text(&'a [u8]),
}

/// What curl says first.
const FIRST: [&str; 6] =
    ["Trying ", "Host ", "Connected to ", "Could not resolve ", "Uses proxy", "Rebuilt URL"];

/// Whether a file that begins so is the output of `curl -v`.
pub(in crate::trace::import) fn is(start: &[u8]) -> bool {
    start.split_inclusive(|byte| *byte == b'\n').any(|line| match Line::of(line).1 {
        Line::Request(line) => is_request(line),
        Line::About(words) => {
            FIRST.iter().any(|first| words.starts_with(first)) && words.contains([':', '('])
        }
        Line::Failed(_) => true,
        _ => false,
    })
}

/// Whether a line begins a request.
pub(super) fn is_request(line: &str) -> bool {
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default();
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    is_method
        && words.next_back().is_some_and(|version| version.starts_with("HTTP/"))
        && words.next().is_some()
}

impl<'a> Line<'a> {
    /// What a line is, and the time of the day if it begins with one.
    pub(super) fn of(bytes: &'a [u8]) -> (Option<Duration>, Self) {
        let text = Self::Text(bytes);
        let Ok(line) = std::str::from_utf8(bytes) else { return (None, text) };
        let line = line.trim_end_matches(['\r', '\n']);
        let (time, rest) = stamp(line);
        let rest = rest
            .strip_prefix('[')
            .and_then(|ids| ids.split_once("] "))
            .filter(|(ids, _)| is_ids(ids))
            .map_or(rest, |(_, rest)| rest);
        let line = match rest.as_bytes() {
            [b'*', b' ', ..] => Self::About(rest[2..].trim()),
            [b'>'] => Self::Request(""),
            [b'>', b' ', ..] => Self::Request(&rest[2..]),
            [b'<'] => Self::Response(""),
            [b'<', b' ', ..] => Self::Response(&rest[2..]),
            [b'{' | b'}', b' ', b'[', ..] if rest.ends_with(" data]") => Self::Progress,
            _ if rest.starts_with("curl: (") => Self::Failed(&rest["curl: ".len()..]),
            _ if rest.starts_with("  % Total") || rest.contains("Dload  Upload") => Self::Progress,
            _ if rest.contains("--:--:--") => match rest.find('<') {
                Some(at) => {
                    let behind = bytes.len() - (bytes.len() - (line.len() - rest.len()) - at);
                    return (time, Self::Text(&bytes[behind..]));
                }
                None => Self::Progress,
            },
            _ => return (None, text),
        };
        (time, line)
    }
}

/// The time with which `--trace-time` begins a line.
fn stamp(line: &str) -> (Option<Duration>, &str) {
    let none = (None, line);
    let Some((word, rest)) = line.split_once(' ') else { return none };
    let mut parts = word.split(':').map(str::parse::<f64>);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(hours)), Some(Ok(minutes)), Some(Ok(seconds)), None)
            if (0.0..24.0).contains(&hours)
                && (0.0..60.0).contains(&minutes)
                && (0.0..61.0).contains(&seconds) =>
        {
            let micros = (hours * 3600.0 + minutes * 60.0 + seconds) * 1e6;
            (Some(Duration::from_micros(micros.round() as u64)), rest)
        }
        _ => none,
    }
}

/// What `--trace-ids` prints, such as `0-0`.
fn is_ids(ids: &str) -> bool {
    ids.len() < 24 && ids.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'x')
}

/// Reads the next line, or as much of it as is taken at once. False at the end.
pub(super) fn next(from: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(from.take(LONGEST).read_until(b'\n', line)? > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Line<'_> {
        Line::of(line.as_bytes()).1
    }

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(of("*   Trying 192.0.2.5:443...\n"), Line::About("Trying 192.0.2.5:443..."));
        assert_eq!(of("> POST /http-bind HTTP/1.1\r\n"), Line::Request("POST /http-bind HTTP/1.1"));
        assert_eq!((of(">\n"), of("> \r\n")), (Line::Request(""), Line::Request("")));
        assert_eq!(of("< HTTP/2 404 \n"), Line::Response("HTTP/2 404 "));
        assert_eq!(of("{ [133 bytes data]\n"), Line::Progress);
        assert_eq!(of("<body/>\n"), Line::Text(b"<body/>\n"));
        assert_eq!(of("{\"a\": [1]}"), Line::Text(b"{\"a\": [1]}"));
        assert_eq!(of("curl: (7) Failed"), Line::Failed("(7) Failed"));
        let meter = "\r100   133  100   133    0     0  12345      0 --:--:-- --:--:-- --:--:-- 13300<a/>\n";
        assert_eq!(of(meter), Line::Text(b"<a/>\n"));
        let (time, line) = Line::of(b"12:00:01.500000 [0-0] * Connected to a (::1) port 1\n");
        assert_eq!(
            (time, line),
            (Some(Duration::from_millis(43_201_500)), Line::About("Connected to a (::1) port 1"))
        );
    }

    #[test]
    fn what_is_output_of_curl_is_recognised() {
        for text in [
            "$ curl -v x\n*   Trying 1.2.3.4:80...\n",
            "> GET / HTTP/1.1\n",
            "curl: (6) Could not resolve host: a",
        ] {
            assert!(is(text.as_bytes()), "{text}");
        }
        for text in [
            "* a list\n* of things (many)\n",
            "> GET it\n",
            "> a quote of HTTP/1.1\n",
            "<body/>",
            "",
        ] {
            assert!(!is(text.as_bytes()), "{text}");
        }
    }
}
