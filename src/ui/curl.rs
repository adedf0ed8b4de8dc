//! A request as the command of curl that sends it again.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::shell::quoted;
use crate::trace::Request;

/// Header lines that curl makes itself.
const OWN: [&str; 6] =
    ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect"];

/// The command that sends a request again to the same place. `origin`: scheme and host, such as `https://chat.example`.
/// `secrets`: they are in the recording as they were.
pub fn command(request: &Request, origin: &str, secrets: bool) -> String {
    let mut comments = Vec::new();
    let content = &request.content;
    let hides = |bytes: &[u8]| memchr::memmem::find(bytes, b"[hidden ").is_some();
    let in_headers = request.headers.iter().any(|(_, value)| hides(value.as_bytes()));
    if !secrets && (hides(&content.bytes) || hides(request.target.as_bytes()) || in_headers) {
        comments.push(
            "Secrets are hidden in the recording: put them in where it says [hidden … bytes]."
                .to_owned(),
        );
    }
    if content.clipped || content.cut {
        let kept = content.bytes.len();
        comments
            .push(format!("Of the content, {kept} of {} B are in the recording.", content.size));
    }
    let target = &request.target;
    let url = if target.contains("://") {
        Cow::Borrowed(target)
    } else {
        Cow::Owned(format!("{origin}{target}"))
    };
    let mut words = vec![format!("curl -v {}", word(&url))];
    let has_content = !content.bytes.is_empty();
    match request.method.as_str() {
        "GET" if !has_content => {}
        "POST" if has_content => {}
        "HEAD" => words.push("--head".to_owned()),
        method => words.push(format!("-X {}", word(method))),
    }
    for (name, value) in request.headers.iter() {
        if !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            words.push(format!("-H {}", word(&format!("{name}: {value}"))));
        }
    }
    if request.headers.get("accept-encoding").is_some() {
        words.push("--compressed".to_owned());
    }
    let mut before = String::new();
    match std::str::from_utf8(&content.bytes) {
        Ok("") => {}
        Ok(text) => words.push(format!("--data-binary {}", word(text))),
        Err(_) => {
            before = format!("base64 -d <<< {} | ", BASE64_STANDARD.encode(&content.bytes));
            words.push("--data-binary @-".to_owned());
        }
    }
    let mut all = String::new();
    for comment in comments {
        all += &format!("# {comment}\n");
    }
    format!("{all}{before}{}\n", words.join(" \\\n  "))
}

/// A word as a shell reads it, without characters that a terminal would act on.
fn word(text: &str) -> String {
    if !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return quoted(text).into_owned();
    }
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\'' | '\\' => escaped.extend(['\\', c]),
            c if c.is_control() => {
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
        let expected = "curl -v https://chat.example/http-bind \\\n  -H 'Content-Type: text/xml' \\\n  --compressed \\\n  --data-binary '<body rid='\\''1'\\''/>'\n";
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
        let control = of(&request("POST", &[], b"a\x1b[2J'\\"));
        assert!(control.ends_with("--data-binary $'a\\x1b[2J\\'\\\\'\n"), "{control}");
    }
}
