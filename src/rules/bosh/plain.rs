//! GET at a path of BOSH: the script syntax of XEP-0252, and requests by which people try the URL.

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Exchange, Reading, Response};

/// Judges GET at paths of BOSH.
#[derive(Debug)]
pub struct PlainGet;

impl Rule for PlainGet {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.http() else { return };
        let HttpPart::Response(response, _) = view.part else { return };
        let exchange = view.exchange;
        let page = !matches!(view.reading, Reading::Body(_));
        if exchange.method != "GET" || exchange.is_bosh() || exchange.upgrade.is_some() {
            return;
        }
        if has_body(&exchange.target) {
            script(response, exchange, found);
        } else if page && !response.own && moment.is_bosh_path(&exchange.target) {
            plain(response, found);
        }
    }
}

/// Whether the query holds a `<body/>`.
fn has_body(target: &str) -> bool {
    let Some((_, query)) = target.split_once('?') else { return false };
    let query = query.to_ascii_lowercase();
    query.contains("%3cbody") || query.contains("<body")
}

/// A request in the script syntax.
fn script(response: &Response, exchange: &Exchange, found: &mut Findings) {
    let text = String::from_utf8_lossy(&response.content.bytes);
    let answered = text.trim_start().split_once('(').filter(|(_, rest)| rest.contains("<body"));
    let words = match answered {
        Some((callback, rest)) => {
            let session = sid(rest).map(|sid| format!(" for session {}", short(sid)));
            format!(
                "This is BOSH in the script syntax of XEP-0252: a <body/> in the query of a GET, \
                 answered by {}(\"<body …/>\"){}. It is historical; xmppscope does not follow such \
                 sessions. Any client that can send POST should do so.",
                short(callback.trim()),
                session.unwrap_or_default()
            )
        }
        None => format!(
            "The query of this GET holds a <body/>: the script syntax of XEP-0252. It is \
             historical, and few servers have it; this one answered {}. BOSH requires POST.",
            response.status
        ),
    };
    debug_assert!(!exchange.is_bosh());
    let id = "bosh-historic-script-syntax";
    found.add(&kinds::SCRIPT_SYNTAX, id, Level::Note, Party::Client, words);
}

/// `sid` in a body that is quoted in a script.
fn sid(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(" sid=")?;
    let rest = rest.trim_start_matches(['\\', '"', '\'']);
    rest.split(['\\', '"', '\'']).next().filter(|sid| !sid.is_empty())
}

/// A request without anything.
fn plain(response: &Response, found: &mut Findings) {
    let meaning = match response.status {
        200 => "a page is normal here (Prosody has one)",
        400 => "400 is normal here (Openfire)",
        404 => "some servers answer 404 to GET although BOSH is served here",
        405 => "405 is normal here: only POST is allowed",
        500..600 => "that is the server's, or of something in front of it",
        _ => "servers answer it in different ways",
    };
    let words = format!(
        "A GET without a <body/> at a path of BOSH, as when the URL is opened in a browser: \
         {meaning}. It does not show whether BOSH works; that takes a POST."
    );
    found.add(&kinds::BOSH_PLAIN_GET, None, Level::Note, Party::Nobody, words);
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::at_least;

    #[test]
    fn a_get_at_a_path_of_bosh_is_explained() {
        let body = "%3Cbody%20rid%3D%221%22%2F%3E";
        for (request, answer, begins) in [
            (
                format!("GET /http-bind/?{body}"),
                r#"200 | Content-Type: text/javascript | _BOSH_("<body sid=\"b1a2\" wait=\"60\"/>")"#,
                "Note script-syntax Client: This is BOSH in the script syntax of XEP-0252",
            ),
            (
                format!("GET /bosh?cb=x&{body}"),
                "404 Not Found",
                "Note script-syntax Client: The query of this GET holds a <body/>",
            ),
            (
                "GET /http-bind/".into(),
                "400 Bad Request",
                "Note bosh-plain-get Nobody: A GET without",
            ),
            (
                "GET /bosh".into(),
                "200 | Content-Type: text/html | <html>It works!</html>",
                "Note bosh-plain-get Nobody: A GET without",
            ),
            ("GET /index.html".into(), "200 | Content-Type: text/html | <html/>", ""),
        ] {
            let found = at_least(Level::Note, &format!("0 1 C> {request}\n9 1 S> {answer}"));
            let found = found.join("\n");
            assert_eq!(found.is_empty(), begins.is_empty(), "{request}: {found}");
            assert!(found.contains(begins), "{request}: {found}");
            assert!(
                !found.contains("(\"<body …/>\")") || found.contains("for session b1a2"),
                "{found}"
            );
        }
    }
}
