//! The headers of requests that carry BOSH (XEP-0124 §5, RFC 9110 and 9112).

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Reading, Request};

/// Judges the headers of requests. Each kind is reported once per session.
#[derive(Debug, Default)]
pub struct RequestHeaders {
    sessions: PerSession<Vec<&'static str>>,
}

impl Rule for RequestHeaders {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let (Some(view), Some(session)) = (moment.http(), moment.session()) else { return };
        let (HttpPart::Request(request), Reading::Body(_)) = (view.part, view.reading) else {
            return;
        };
        let told = self.sessions.of(session.id, moment.story);
        for (id, level, words) in wrong(request) {
            if !told.contains(&id) {
                told.push(id);
                let words = format!("{words} Reported once per session.");
                found.add(&kinds::REQUEST_HEADERS, id, level, Party::Client, words);
            }
        }
    }
}

/// What is wrong with the headers of a request.
fn wrong(request: &Request) -> Vec<(&'static str, Level, String)> {
    let headers = &request.headers;
    let mut wrong = Vec::new();
    let kind = || headers.get("content-type").map(short).unwrap_or_default();
    if let Some(media) = headers.media_type()
        && !["text/xml", "application/xml", ""].contains(&&*media)
    {
        let kind = kind();
        let words = format!(
            "The request has Content-Type {kind}, where text/xml; charset=utf-8 is expected: some \
             servers and filters refuse it, though it spares browsers a CORS preflight."
        );
        wrong.push(("bosh-request-content-type", Level::Note, words));
    }
    if headers.charset().is_some_and(|charset| !is_utf_8(charset)) {
        let kind = kind();
        let words = format!(
            "The request has Content-Type {kind}, but BOSH is UTF-8: a server that goes by it reads \
             other characters, or refuses the request."
        );
        wrong.push(("bosh-utf8", Level::Warning, words));
    }
    let hosts = headers.all("host").count();
    if request.version == 1 && hosts > 1 {
        let words = format!("The request has {hosts} Host headers; a server answers 400.");
        wrong.push(("bosh-http-conformance", Level::Error, words));
    } else if headers.are_chunked() && headers.get("content-length").is_some() {
        let words = "The request has both Transfer-Encoding and Content-Length, which is an error \
            that servers refuse (RFC 9112 §6.1)."
            .to_owned();
        wrong.push(("bosh-http-conformance", Level::Error, words));
    }
    wrong
}

/// Whether this is UTF-8, or a part of it.
fn is_utf_8(charset: &str) -> bool {
    let names = ["utf-8", "utf8", "us-ascii", "ascii", ""];
    names.iter().any(|name| name.eq_ignore_ascii_case(charset))
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::of_kinds;

    #[test]
    fn headers_that_servers_refuse_are_the_clients() {
        for (headers, begins) in [
            ("Host: a", ""),
            ("Host: a | Content-Type: text/xml; charset=\"UTF-8\"", ""),
            (
                "Content-Type: text/xml; charset=iso-8859-1",
                "Warning request-headers Client: The request has Content-Type text/xml; charset=iso-8859-1, but",
            ),
            ("Host: a | Content-Type: application/xml", ""),
            (
                "Content-Type: text/plain;charset=UTF-8",
                "Note request-headers Client: The request has Content-Type text/plain",
            ),
            ("Host: a | Host: b", "Error request-headers Client: The request has 2 Host headers"),
            (
                "Transfer-Encoding: gzip, chunked | Content-Length: 9",
                "Error request-headers Client: The request has both",
            ),
        ] {
            let script = format!(
                "0 1 C> POST /http-bind | {headers} | <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>"
            );
            let found = of_kinds(&["request-headers"], Level::Note, &script).join("\n");
            assert_eq!(found.is_empty(), begins.is_empty(), "{headers}: {found}");
            assert!(found.contains(begins), "{headers}: {found}");
        }
    }
}
