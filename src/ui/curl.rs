//! A request as the command of curl that sends it again.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::shell::quoted;
use crate::diag::sanitise::is_unsafe;
use crate::trace::{Content, Request};

/// Header lines that curl makes itself.
const OWN: [&str; 6] =
    ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect"];

/// What is to be replaced by the address of the server.
const NOWHERE: &str = "https://HOST";

/// Systems take no longer word.
const LONGEST: usize = 100_000;

/// The command that sends a request again to the same place. `origin`: scheme and host, such as `https://chat.example`.
/// `secrets`: they are in the recording as they were.
pub fn command(request: &Request, origin: &str, secrets: bool) -> String {
    let Request { target, headers, content, .. } = request;
    let is_known = !origin.ends_with("//") || request.url().is_some();
    let origin = if is_known { origin } else { NOWHERE };
    let (more, url) = destination(request, origin);
    let mut words = vec![format!("curl -v {}", word(&url))];
    words.extend(more);
    let has_content = !content.bytes.is_empty();
    match request.method.as_str() {
        "GET" if !has_content => {}
        "POST" if has_content => {}
        "HEAD" if !has_content => words.push("--head".to_owned()),
        method => words.push(format!("-X {}", word(method))),
    }
    let (lines, odd): (Vec<_>, Vec<_>) = headers.iter().partition(|(name, _)| is_name(name));
    words.extend(lines.iter().filter_map(|(name, value)| line(name, value, content)));
    if has_content && headers.get("content-type").is_none() {
        // Or it would say that this is a form.
        words.push("-H Content-Type:".to_owned());
    }
    if headers.get("accept-encoding").is_some() {
        words.push("--compressed".to_owned());
    }
    let mut before = String::new();
    match std::str::from_utf8(&content.bytes) {
        Ok("") => {}
        // Unlike `--data-binary`, this takes `@` for the content.
        Ok(text) if text.len() < LONGEST && !text.contains('\0') => {
            words.push(format!("--data-raw {}", word(text)));
        }
        _ => {
            before = format!("base64 -d <<< {} | ", BASE64_STANDARD.encode(&content.bytes));
            words.push("--data-binary @-".to_owned());
        }
    }
    let hides = |bytes: &[u8]| memchr::memmem::find(bytes, b"[hidden ").is_some();
    let in_headers = headers.iter().any(|(_, value)| hides(value.as_bytes()));
    let hidden = !secrets && (hides(&content.bytes) || hides(target.as_bytes()) || in_headers);
    let comments = [
        hidden.then(|| {
            "Secrets are hidden in the recording: put them in where it says [hidden … bytes]."
                .to_owned()
        }),
        (!is_known).then(|| {
            "Where the request went is not in the recording: put it in in place of HOST.".to_owned()
        }),
        (content.clipped || content.cut).then(|| {
            let kept = content.bytes.len();
            format!("Of the content, {kept} of {} B are in the recording.", content.size)
        }),
        (!odd.is_empty()).then(|| {
            "Header lines whose name HTTP does not allow are left out: curl cannot send them."
                .to_owned()
        }),
    ];
    let mut all = String::new();
    for comment in comments.into_iter().flatten() {
        all += &format!("# {comment}\n");
    }
    format!("{all}{before}{}\n", words.join(" \\\n  "))
}

/// The URL, and what else curl has to know to send it as it was. No target takes it to another place, such as a file.
fn destination<'a>(request: &'a Request, origin: &str) -> (Vec<String>, Cow<'a, str>) {
    let target = &*request.target;
    let url = request.url().filter(|url| {
        let start = url.get(..8).unwrap_or_default().to_ascii_lowercase();
        start.starts_with("http://") || start == "https://"
    });
    let mut more = Vec::new();
    let url = match url {
        Some(url) => Cow::Borrowed(url),
        None if target.starts_with('/') => Cow::Owned(format!("{origin}{target}")),
        None => {
            if !target.is_empty() {
                more.push(format!("--request-target {}", word(target)));
            }
            Cow::Owned(format!("{origin}/"))
        }
    };
    if url.contains(['[', ']', '{', '}']) {
        more.push("--globoff".to_owned());
    }
    if url.contains("/.") {
        more.push("--path-as-is".to_owned());
    }
    (more, url)
}

/// Whether it can be the name of a header (RFC 9110 §5.6.2). For curl, `@` in front would be a file.
fn is_name(name: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(part)
}

/// A header line; none if curl makes it itself, or if it is no longer true of the content.
fn line(name: &str, value: &str, content: &Content) -> Option<String> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let decoded = content.coding.is_some() && is("content-encoding");
    if decoded || OWN.into_iter().any(is) {
        return None;
    }
    // Without a value, the colon would remove the line.
    let line = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
    Some(format!("-H {}", word(&line)))
}

/// A word as a shell reads it, without characters that a terminal would act on.
fn word(text: &str) -> String {
    let acts = |c: char| is_unsafe(c) && c != '\n' && c != '\t';
    if !text.chars().any(acts) {
        return quoted(text).into_owned();
    }
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\'' | '\\' => escaped.extend(['\\', c]),
            // A shell at a terminal would look for it in its history.
            c if acts(c) || c == '!' => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    escaped += &format!("\\x{byte:02x}");
                }
            }
            c => escaped.push(c),
        }
    }
    format!("$'{escaped}'")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::{Content, Headers};

    fn request(method: &str, headers: &[(&str, &str)], bytes: &[u8]) -> Request {
        let mut lines = Headers::default();
        for (name, value) in headers {
            lines.push(name, value);
        }
        let size = bytes.len() as u64;
        Request {
            first: Duration::ZERO,
            method: method.to_owned(),
            target: "/http-bind".to_owned(),
            version: 1,
            headers: lines,
            content: Content { bytes: bytes.to_vec(), size, ..Content::default() },
        }
    }

    fn of(request: &Request) -> String {
        command(request, "https://chat.example", false)
    }

    #[test]
    fn a_request_becomes_a_command_that_a_shell_reads() {
        let headers =
            [("Host", "chat.example"), ("Content-Type", "text/xml"), ("Accept-Encoding", "gzip")];
        let post = of(&request("POST", &headers, b"<body rid='1'/>"));
        let expected = "curl -v https://chat.example/http-bind \\\n  -H 'Content-Type: text/xml' \\\n  --compressed \\\n  --data-raw '<body rid='\\''1'\\''/>'\n";
        assert_eq!(post, expected);
        assert_eq!(of(&request("GET", &[], b"")), "curl -v https://chat.example/http-bind\n");
        assert!(of(&request("OPTIONS", &[], b"")).contains("-X OPTIONS"));
    }

    #[test]
    fn what_is_hidden_or_no_text_is_said() {
        let hidden = of(&request("POST", &[], b"<auth>[hidden 20 bytes]</auth>"));
        assert!(hidden.starts_with("# Secrets are hidden in the recording"), "{hidden}");
        let binary = of(&request("POST", &[], b"\xff"));
        assert!(binary.starts_with("base64 -d <<< /w== | curl "), "{binary}");
        assert!(of(&request("POST", &[], b"a\0b")).starts_with("base64 -d <<< YQBi | curl "));
        let large = of(&request("POST", &[], &vec![b'a'; 1 << 20]));
        assert!(large.starts_with("base64 -d <<< YWFh"), "{}", &large[..50]);
        let control = of(&request("POST", &[], b"a\x1b[2J'\\"));
        assert!(control.ends_with("--data-raw $'a\\x1b[2J\\'\\\\'\n"), "{control}");
    }

    #[test]
    fn nothing_makes_curl_read_a_file_or_go_elsewhere() {
        for body in ["@/etc/passwd", "@-", "a=@b", "<x", "'; id; '", "$(id)", "`id`"] {
            let post = of(&request("POST", &[], body.as_bytes()));
            assert!(post.ends_with(&format!("--data-raw {}\n", word(body))), "{post}");
        }
        for (target, url) in [
            ("/a?return=https://x.example/", "'https://chat.example/a?return=https://x.example/'"),
            ("http://x.example/a", "http://x.example/a"),
            ("HTTPS://x.example/a", "HTTPS://x.example/a"),
            ("//x.example/a", "https://chat.example//x.example/a"),
            ("", "https://chat.example/"),
            ("*", "https://chat.example/ \\\n  --request-target '*'"),
            ("x.example:443", "https://chat.example/ \\\n  --request-target x.example:443"),
            ("@x.example/", "https://chat.example/ \\\n  --request-target @x.example/"),
            (
                "file:///etc/passwd",
                "https://chat.example/ \\\n  --request-target file:///etc/passwd",
            ),
            ("/a[1-9]{b,c}", "'https://chat.example/a[1-9]{b,c}' \\\n  --globoff"),
            ("/a/../b", "https://chat.example/a/../b \\\n  --path-as-is"),
        ] {
            let get = of(&Request { target: target.to_owned(), ..request("GET", &[], b"") });
            assert_eq!(get, format!("curl -v {url}\n"), "{target}");
        }
        let odd = of(&request("GET", &[("@/etc/passwd", "a"), ("A b", "c"), ("X-Empty", "")], b""));
        assert!(odd.ends_with("curl -v https://chat.example/http-bind \\\n  -H 'X-Empty;'\n"));
        assert!(odd.starts_with("# Header lines whose name"), "{odd}");
    }

    #[test]
    fn an_address_that_is_not_known_is_asked_for() {
        let get = command(&request("GET", &[], b""), "http://", false);
        let words = "# Where the request went is not in the recording: put it in in place of HOST.";
        assert_eq!(get, format!("{words}\ncurl -v https://HOST/http-bind\n"));
    }

    #[test]
    fn a_content_is_what_its_header_lines_say() {
        let plain = of(&request("POST", &[], b"<body/>"));
        assert!(plain.contains("-H Content-Type: \\\n"), "{plain}");
        let mut coded = request("POST", &[("Content-Encoding", "gzip")], b"<body/>");
        assert!(of(&coded).contains("-H 'Content-Encoding: gzip'"));
        coded.content.coding = Some("gzip".to_owned());
        assert!(!of(&coded).contains("gzip"));
    }
}
