//! The sentence in a page that decides.

use crate::rules::words::around;

/// Words in a sentence by which it decides, in lower case, the strongest first, and how many words it has at least.
const DECIDES: &[(&str, usize)] = &[
    ("it works!", 2),
    ("only informative", 3),
    ("unknown host", 2),
    ("host not", 2),
    ("origin", 2),
    ("reason:", 2),
    ("subprotocol", 2),
    ("sub-protocol", 2),
    ("sec-websocket", 2),
    ("upgrade", 3),
    ("websocket", 3),
    ("plain http request", 2),
    ("upstream", 2),
    ("no server is available", 2),
    ("respond in time", 2),
    ("incomplete response", 2),
    ("administrative rules", 2),
    ("invalid hostname", 2),
    ("not allowed", 3),
    ("not permitted", 2),
    ("denied", 2),
    ("forbidden by", 2),
    ("could not", 3),
    ("cannot", 3),
    ("unable", 3),
    ("error", 4),
    ("not found", 4),
    ("xmpp", 4),
];

/// The sentence in a page that decides, or else the first that is more than the status again.
pub(super) fn sentence(page: &str, reason: &str) -> Option<String> {
    let lines = lines(page);
    let says_more = |line: &&String| {
        let bare: String = line.chars().filter(|char| !char.is_ascii_digit()).collect();
        let bare = bare
            .replace("HTTP", "")
            .replace("Error", "")
            .replace("ERROR", "")
            .replace("Status", "");
        let bare = bare.trim_matches(|char: char| !char.is_alphanumeric());
        let is = |status: &&str| {
            status.trim_end_matches(['.', '!']).eq_ignore_ascii_case(bare)
                || bare.ends_with(&format!("Reason: {status}"))
        };
        let lower = line.to_ascii_lowercase();
        let is_footer = FOOTERS.iter().any(|start| lower.starts_with(start));
        bare.chars().count() > 2 && !is(&reason) && !STATUSES.iter().any(is) && !is_footer
    };
    let more: Vec<&String> = lines.iter().filter(says_more).collect();
    let words = |line: &&String| line.split_whitespace().count();
    let deciding = DECIDES.iter().find_map(|&(word, least)| {
        let decides =
            |line: &&&String| words(line) >= least && line.to_ascii_lowercase().contains(word);
        more.iter().find(decides).copied()
    });
    let deciding = deciding.or_else(|| more.iter().find(|line| words(line) > 2).copied());
    let line = deciding?;
    Some(around(line.as_bytes(), 0, 160))
}

/// What titles repeat of a status.
const STATUSES: &[&str] = &[
    "Bad Request",
    "Unauthorized",
    "Forbidden",
    "Not Found",
    "Method Not Allowed",
    "Upgrade Required",
    "Internal Server Error",
    "Not Implemented",
    "Bad Gateway",
    "Service Unavailable",
    "Gateway Timeout",
    "Gateway Time-out",
    "Service Temporarily Unavailable",
    "Websocket",
    "Prosody",
];

/// What lines begin with, in lower case, that only name a program.
const FOOTERS: &[&str] = &["nginx", "openresty", "cloudflare", "apache/", "powered by", "caddy"];

/// Tags that stay within a line.
const INLINE: &[&str] =
    &["a", "b", "i", "em", "strong", "span", "code", "tt", "small", "font", "abbr"];

/// The lines of a page, without tags, scripts and styles.
pub fn lines(page: &str) -> Vec<String> {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        text += &rest[..start].replace(['\r', '\n'], " ");
        let tag = &rest[start..];
        let inner = tag[1..].trim_start_matches('/');
        let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        let end = match &*name {
            "script" | "style" if !tag.starts_with("</") => {
                let close = format!("</{name}");
                let lower = tag.to_ascii_lowercase();
                lower.find(&close).unwrap_or(tag.len())
            }
            _ if tag.starts_with("<!--") => tag.find("-->").map_or(tag.len(), |at| at + 3),
            _ => tag.find('>').map_or(tag.len(), |at| at + 1),
        };
        if !INLINE.contains(&&*name) {
            text.push('\n');
        }
        rest = &tag[end..];
    }
    // Plain text has lines of its own.
    if text.is_empty() {
        text += rest;
    } else {
        text += &rest.replace(['\r', '\n'], " ");
    }
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">");
    let text = text
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(words).filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            // A title is often the first heading as well.
            Some(last) if *last == line => {}
            Some(last) if last.ends_with("Reason:") => *last = format!("{last} {line}"),
            _ => lines.push(line),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(page: &str) -> Option<String> {
        sentence(page, "Bad Gateway")
    }

    #[test]
    fn the_sentence_that_decides_is_found() {
        for (page, wanted) in [
            (
                "<!DOCTYPE html><html><head><title>Prosody</title></head><body>\n<p>It works! Now point \
                 your WebSocket\n client to <b>this</b> URL.</p></body></html>",
                Some("It works! Now point your WebSocket client to this URL."),
            ),
            (
                "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<center><h1>502 Bad Gateway</h1>\
                 </center>\r\n<hr><center>nginx/1.18.0</center></html>",
                None,
            ),
            (
                "<h1>Not Found</h1><p>Sorry.</p><p>Unknown host: 192.0.2.70</p>",
                Some("Unknown host: 192.0.2.70"),
            ),
            ("no healthy upstream", Some("no healthy upstream")),
            (
                "<style>p { upgrade }</style><script>upgrade</script><p>Access is denied</p>",
                Some("Access is denied"),
            ),
            ("Bad Request\n\nOrigin not allowed\n", Some("Origin not allowed")),
            ("", None),
            ("<", None),
            ("<p>\u{1b}[2J denied", Some("\\u{1b}[2J denied")),
        ] {
            assert_eq!(said(page).as_deref(), wanted, "{page}");
        }
    }
}
