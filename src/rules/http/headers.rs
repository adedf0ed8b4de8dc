//! Header lines by which a message is read: content coding, character encoding, length. What the receiver cannot read is
//! an error, even where it can be read here.

use super::view::{HttpPart, HttpView};
use super::words::rid;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::page::{Page, Role};
use crate::rules::rule::Rule;
use crate::rules::words::{around, short};
use crate::trace::{Exchange, Fact, Headers, Reading, Request, Response};
use crate::wire::Side;

/// Judges the header lines by which a message is read.
#[derive(Debug, Default)]
pub struct HeaderLines {
    chunked: bool,
    /// Mistakes in heads of requests that were reported.
    wrong: Vec<&'static str>,
}

impl Rule for HeaderLines {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if !matches!(moment.event.fact, Fact::Request(_) | Fact::Response(_)) {
            return;
        }
        let Some(view) = moment.http().filter(|view| view.expects_bosh) else { return };
        let why = match view.part {
            HttpPart::Request(request) => {
                self.chunked(request, view.exchange, found);
                self.wrong(request, view.exchange, found);
                unreadable(&view, &request.headers)
            }
            HttpPart::Response(response, _) if !response.own => {
                unreadable(&view, &response.headers)
            }
            HttpPart::Response(..) => None,
        };
        if let Some(why) = why {
            report(&why, &view, found);
        }
    }
}

/// Why a receiver cannot read a message: what is wrong, and what it does to the receiver.
struct Unreadable {
    what: String,
    effect: String,
    requirement: Option<&'static str>,
}

fn report(why: &Unreadable, view: &HttpView<'_>, found: &mut Findings) {
    let before = found.len();
    let (receiver, message) = match view.from() {
        Side::Client => ("server", rid(view.exchange)),
        Side::Server => ("client", format!("the response to {}", rid(view.exchange))),
    };
    let party = match view.part {
        HttpPart::Request(_) => Party::Client,
        HttpPart::Response(response, _) => party(response),
    };
    let Unreadable { what, effect, requirement } = why;
    let words = format!("The {receiver} cannot read {message}: {what}. {effect}");
    found.add(&kinds::UNREADABLE, *requirement, Level::Error, party, words);
    found.again(before, &format!("{receiver} {what}"));
}

impl HeaderLines {
    /// A head that servers refuse (RFC 9112 sections 3.2 and 6.3). What announces no length is no head as it was sent.
    fn wrong(&mut self, request: &Request, exchange: &Exchange, found: &mut Findings) {
        let headers = &request.headers;
        let lengths = headers.all("content-length").flat_map(|value| value.split(',')).count();
        let is_sent = lengths > 0 || headers.get("transfer-encoding").is_some();
        let (what, level, words) = if lengths > 1 {
            let words = format!(
                "has {lengths} values of Content-Length; servers may refuse that with 400 (RFC 9110 §8.6)"
            );
            ("lengths", Level::Warning, words)
        } else if is_sent && request.version == 1 && headers.get("host").is_none() {
            let words =
                "has no Host header, without which servers answer 400 to HTTP/1.1 (RFC 9112 §3.2)"
                    .to_owned();
            ("host", Level::Error, words)
        } else {
            return;
        };
        if self.wrong.contains(&what) {
            return;
        }
        self.wrong.push(what);
        let words = format!("{} {words}. Reported once.", rid(exchange));
        found.add(&kinds::REQUEST_HEADERS, "bosh-http-conformance", level, sender(request), words);
    }

    /// A request in chunks.
    fn chunked(&mut self, request: &Request, exchange: &Exchange, found: &mut Findings) {
        let headers = &request.headers;
        // With both it is another mistake, which is reported with the others.
        let is_chunked = headers.are_chunked() && headers.get("content-length").is_none();
        if !is_chunked || std::mem::replace(&mut self.chunked, true) {
            return;
        }
        let words = format!(
            "{} is chunked (Transfer-Encoding) and has no Content-Length, which BOSH should not do: some servers refuse \
             it with 400 or 411. Reported once.",
            rid(exchange)
        );
        found.add(&kinds::CHUNKED, "bosh-no-chunked", Level::Warning, sender(request), words);
    }
}

/// Who has sent a request, as far as it got here: what passed it on, if it says so.
fn sender(request: &Request) -> Party {
    if request.headers.are_passed_on() { Party::Between } else { Party::Client }
}

/// Who is behind a response that is wrong: in between, if its header lines name what passes it on.
fn party(response: &Response) -> Party {
    match Page::sender(&response.headers) {
        Some(Role::Proxy | Role::Cdn | Role::Guard) => Party::Between,
        _ => Party::Server,
    }
}

fn unreadable(view: &HttpView<'_>, headers: &Headers) -> Option<Unreadable> {
    let content = view.content();
    if let Some(coding) = content.unannounced(headers) {
        return Some(Unreadable {
            what: format!("its content is {coding}, and there is no Content-Encoding for that"),
            effect: format!(
                "Without it nobody decodes the content (RFC 9110 §8.4): the receiver gets bytes that are no XML. Send \
                 Content-Encoding: {coding}, or do not compress; a reverse proxy that drops the header does this, too."
            ),
            requirement: Some("bosh-response-compression").filter(|_| view.from() == Side::Server),
        });
    }
    let bytes = &content.bytes[..];
    if !matches!(view.reading, Reading::Body(_)) {
        return None;
    }
    let charset = headers.charset()?;
    let named = charset.to_ascii_lowercase();
    let is_utf8 = matches!(&*named, "utf-8" | "utf8" | "unicode-1-1-utf-8");
    let wide = ["utf-16", "utf16", "utf-32", "utf32", "ucs-2", "iso-10646"];
    let is_wide = wide.iter().any(|name| named.starts_with(name));
    if is_utf8 || (bytes.is_ascii() && !is_wide) {
        return None;
    }
    let at = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
    let effect = if is_wide {
        "Whoever follows that gets no XML at all.".to_owned()
    } else {
        format!(
            "Whoever follows that reads other characters: the text there is \"{}\".",
            around(bytes, at, 40)
        )
    };
    Some(Unreadable {
        what: format!("Content-Type says {}, and the content is UTF-8", short(charset)),
        effect: format!("{effect} Say charset=utf-8 (XEP-0124 §5)."),
        requirement: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, of_kinds, open, words};

    fn answered(answer: &str) -> Vec<String> {
        let script = format!("{}10 1 C> <body rid='100001' sid='s1'/>\n20 1 S> {answer}", open());
        at_least(Level::Warning, &script)
    }

    #[test]
    fn what_a_client_cannot_read_is_an_error() {
        for (answer, start, piece) in [
            (
                "200 | coding: gzip | <body/>",
                "unreadable Server",
                "its content is gzip, and there is no Content-Encoding",
            ),
            ("200 | coding: deflate | Server: nginx | <body/>", "unreadable Between", "deflate"),
            (
                "200 | Content-Encoding: gzip | coding: br, gzip | <body/>",
                "unreadable Server",
                "its content is br",
            ),
            (
                "200 | Content-Type: text/xml; charset=iso-8859-1 | <body><message xmlns='jabber:client'><body>é</body></message></body>",
                "unreadable Server",
                "Content-Type says iso-8859-1, and the content is UTF-8. Whoever follows that reads other characters",
            ),
            (
                "200 | Content-Type: text/xml; charset=\"UTF-16\" | <body/>",
                "unreadable Server",
                "says UTF-16",
            ),
        ] {
            let found = answered(answer);
            assert_eq!(found.len(), 1, "{answer}: {found:?}");
            assert!(
                found[0].starts_with(&format!("20 Error {start}: The client cannot read")),
                "{found:?}"
            );
            assert!(found[0].contains(piece), "{found:?}");
        }
    }

    #[test]
    fn what_a_client_can_read_is_not_reported() {
        for answer in [
            "200 | Content-Encoding: gzip | coding: gzip | <body/>",
            "200 | Content-Type: text/xml; charset=ISO-8859-1 | <body/>",
            "200 | Content-Type: text/xml; charset=utf8 | <body><message xmlns='jabber:client'><body>é</body></message></body>",
            "200 | Content-Type: text/xml | <body><message xmlns='jabber:client'><body>é</body></message></body>",
        ] {
            assert_eq!(answered(answer), [""; 0], "{answer}");
        }
    }

    #[test]
    fn a_request_that_nobody_can_read_is_the_clients() {
        let request = "10 1 C> POST /http-bind | coding: gzip | <body rid='100001' sid='s1'/>";
        let found = at_least(Level::Warning, &(open() + request));
        assert!(
            found[0].starts_with("10 Error unreadable Client: The server cannot read rid 100001"),
            "{found:?}"
        );
    }

    #[test]
    fn the_second_time_it_is_not_explained_again() {
        let (open, coded) = (open(), "S> 200 | coding: gzip | <body/>");
        let script = format!(
            "{open}10 1 C> <body rid='100001' sid='s1'/>\n20 1 {coded}\n30 1 C> <body rid='100002' sid='s1'/>\n40 1 {coded}"
        );
        let found = at_least(Level::Warning, &script);
        assert!(found[1].ends_with("for that, for the 2nd time. See #1."), "{found:?}");
    }

    #[test]
    fn heads_that_servers_refuse_are_reported_once() {
        for (head, begins) in [
            ("Content-Length: 9", "0 Error request-headers Client: rid 100000 has no Host header"),
            (
                "Transfer-Encoding: chunked",
                "0 Error request-headers Client: rid 100000 has no Host",
            ),
            ("Via: 1.1 a | Content-Length: 9", "0 Error request-headers Between:"),
            (
                "Host: a | Content-Length: 9 | Content-Length: 9",
                "0 Warning request-headers Client: rid 100000 has 2 values",
            ),
            (
                "Host: a | Content-Length: 9, 9",
                "0 Warning request-headers Client: rid 100000 has 2 values",
            ),
            ("Host: a | Content-Length: 9", ""),
            ("User-Agent: a", ""),
        ] {
            let ask = format!(
                "1 C> POST /http-bind | {head} | <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>"
            );
            let script = format!("0 {ask}\n10 1 S> 400 Bad Request\n20 {ask}");
            let found = of_kinds(&["request-headers"], Level::Warning, &script);
            assert_eq!(found.len(), usize::from(!begins.is_empty()), "{head}: {found:?}");
            assert!(found.join("").starts_with(begins), "{head}: {found:?}");
        }
    }

    #[test]
    fn chunks_are_reported_once() {
        let both = "Host: a | Transfer-Encoding: chunked | Content-Length: 9";
        let script = format!("0 1 C> POST /http-bind | {both} | <body rid='100000' to='a'/>");
        assert_eq!(words("chunked", &script), [""; 0], "that is another mistake");
        for (more, party) in [("", "Client"), (" | X-Forwarded-For: 192.0.2.1", "Between")] {
            let chunked = format!("Host: a | Transfer-Encoding: chunked{more}");
            let script = format!(
                "{}10 1 C> POST /http-bind | {chunked} | <body rid='100001' sid='s1'/>\n20 1 S> <body/>
                 30 1 C> POST /http-bind | {chunked} | <body rid='100002' sid='s1'/>",
                open()
            );
            let found = at_least(Level::Warning, &script);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with(&format!("10 Warning chunked {party}: rid 100001 is chunked")),
                "{found:?}"
            );
        }
    }
}
