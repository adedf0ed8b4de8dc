//! The XML of BOSH: well-formed, a `<body/>`, nothing forbidden in it, everything in its namespace
//! (XEP-0124 §6, XEP-0206 §2).

use crate::bosh::{Body, NotBody};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::{HttpPart, HttpView};
use crate::rules::http::words::is_page;
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{around, short};
use crate::trace::redact::is_hidden;
use crate::trace::{Reading, Story};
use crate::wire::Side;
use crate::xml::{Element, Error, ErrorKind};
use crate::xmpp::ns;

/// How much of the source is quoted.
const QUOTED: usize = 60;

/// So many wrong namespaces of a side are reported.
const REPORTED: usize = 8;

/// Judges the content of messages as XML.
#[derive(Debug, Default)]
pub struct Content {
    sessions: PerSession<[Reported; 2]>,
}

/// What was reported of one side of a session; once is enough.
#[derive(Debug, Default)]
struct Reported {
    /// Elements whose namespace was reported, and that namespace.
    names: Vec<(&'static str, String)>,
    declaration: bool,
}

impl Rule for Content {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.http() else { return };
        if let HttpPart::Response(response, _) = view.part
            && (response.status != 200 || response.own)
        {
            return; // the status is reported instead
        }
        let judged = || view.expects_bosh && !is_page(&view.content().bytes);
        match view.reading {
            Reading::Body(body) => self.body(body, &view, moment.story, found),
            Reading::Malformed(error) if judged() => malformed(error, &view, found),
            Reading::OtherXml(not) if judged() => not_body(not, &view, found),
            Reading::Other if judged() && view.from() == Side::Client => not_xml(&view, found),
            _ => {}
        }
    }
}

/// `rid 17`, `The response to rid 17`.
fn what(view: &HttpView<'_>) -> String {
    let rid = view.exchange.rid().map(|rid| format!("rid {rid}"));
    match (view.from(), rid) {
        (Side::Client, Some(rid)) => rid,
        (Side::Client, None) => "The request".to_owned(),
        (Side::Server, Some(rid)) => format!("The response to {rid}"),
        (Side::Server, None) => "The response".to_owned(),
    }
}

fn malformed(error: &Error, view: &HttpView<'_>, found: &mut Findings) {
    let (what, party) = (what(view), Party::from(view.from()));
    if is_hidden(&view.content().bytes) {
        let words = format!("{what} is not well-formed: it is no text, and hidden as a whole.");
        let id = "bosh-body-wellformed";
        return found.add(&kinds::XML_MALFORMED, id, Level::Error, party, words);
    }
    let quoted = around(&view.content().bytes, error.at.offset, QUOTED);
    if error.kind.is_limit() {
        let words = format!("{what} cannot be read in full: {error} (at {}).", error.at);
        return found.add(&kinds::XML_LIMIT, None, Level::Warning, party, words);
    }
    let advice = match &error.kind {
        ErrorKind::UndeclaredPrefix(prefix) => {
            format!("; declare it on <body> (xmlns:{}='…')", short(prefix))
        }
        ErrorKind::Comment
        | ErrorKind::ProcessingInstruction
        | ErrorKind::DocumentType
        | ErrorKind::UndeclaredEntity(_) => "; servers answer with an error".to_owned(),
        ErrorKind::NotUtf8(_) if is_utf16(&view.content().bytes) => "; it is UTF-16".to_owned(),
        _ => String::new(),
    };
    let words = format!(
        "{what} is not well-formed at {}: {}{advice}. The text there: {quoted}",
        error.at, error.kind
    );
    found.add(&kinds::XML_MALFORMED, requirement(&error.kind, party), Level::Error, party, words);
}

/// Whether a text begins with the byte order mark of UTF-16.
fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

fn requirement(kind: &ErrorKind, party: Party) -> &'static str {
    match kind {
        ErrorKind::NotUtf8(_) => "bosh-utf8",
        ErrorKind::DocumentType => "bosh-no-dtd",
        ErrorKind::ProcessingInstruction => "bosh-no-pi",
        ErrorKind::Comment => "bosh-no-comments",
        ErrorKind::UndeclaredEntity(_) => "bosh-no-entities",
        ErrorKind::UndeclaredPrefix(prefix) if prefix == "stream" && party == Party::Server => {
            "xbosh-features-stream-ns"
        }
        ErrorKind::UndeclaredPrefix(_) => "bosh-xml-namespaces",
        ErrorKind::Unclosed(name) if name == "stream:stream" => "xbosh-no-stream-tag",
        ErrorKind::Unclosed(_) | ErrorKind::Unfinished(_) => "bosh-no-partial-elements",
        ErrorKind::BeforeRoot | ErrorKind::AfterRoot(_) | ErrorKind::Empty => {
            "bosh-single-body-root"
        }
        _ => "bosh-body-wellformed",
    }
}

fn not_body(not: &NotBody, view: &HttpView<'_>, found: &mut Findings) {
    let (what, party) = (what(view), Party::from(view.from()));
    let words = format!("{what} is not BOSH: {}.", short_error(not));
    found.add(&kinds::NOT_BODY, "bosh-body-namespace", Level::Error, party, words);
}

/// A request that is anything else than XML.
fn not_xml(view: &HttpView<'_>, found: &mut Findings) {
    let bytes = view.content().bytes.trim_ascii_start();
    let text = String::from_utf8_lossy(bytes);
    let kind = match bytes.first() {
        Some(b'{' | b'[') => " but JSON",
        _ if text.contains("%3C") || text.contains("%3c") => {
            " but a form, as scripts send it that encode what they are given"
        }
        _ => "",
    };
    let words = format!(
        "{} is not XML{kind}: a request of BOSH is a <body/> and nothing around it. The text there: {}",
        what(view),
        around(bytes, 0, QUOTED)
    );
    found.add(&kinds::NOT_BODY, "bosh-single-body-root", Level::Error, Party::Client, words);
}

fn short_error(not: &NotBody) -> String {
    around(not.to_string().as_bytes(), 0, 160)
}

impl Content {
    fn body(&mut self, body: &Body, view: &HttpView<'_>, story: &Story, found: &mut Findings) {
        let party = Party::from(view.from());
        if let Some((text, span)) = body.stray_text().next() {
            let words = format!(
                "{} has text between its elements, where only white space is allowed: \"{}\" in {}",
                what(view),
                short(text.trim()),
                around(&view.content().bytes, span.start, QUOTED),
            );
            found.add(&kinds::TEXT_IN_BODY, "bosh-no-character-data", Level::Error, party, words);
        }
        let Some(session) = view.session else { return };
        let said = &mut self.sessions.of(session.id, story)[view.from() as usize];
        if view.from() == Side::Client && !said.declaration {
            said.declaration = declaration(view, found);
        }
        for payload in body.payloads() {
            said.payload(payload, view, found);
        }
    }
}

/// What stands before `<body/>`, where some connection managers expect nothing.
fn declaration(view: &HttpView<'_>, found: &mut Findings) -> bool {
    let bytes = &view.content().bytes[..];
    let mark = bytes.starts_with(b"\xef\xbb\xbf");
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let start = match (text.starts_with(b"<?xml"), mark) {
        (true, _) => "an XML declaration, which is allowed (XML 1.0 §2.8)",
        (false, true) => "a byte order mark, which is allowed (XML 1.0 §4.3.3)",
        _ => return false,
    };
    let words = format!(
        "{} begins with {start}, but some connection managers refuse it, because they put the \
         content into another document. Leave it out. Reported once per session.",
        what(view)
    );
    found.add(&kinds::XML_DECLARATION, None, Level::Note, Party::Client, words);
    true
}

/// Elements that belong in a namespace: their names, the namespaces in which they are fine, and the one that is meant.
const HOMES: [(&[&str], &[&str], &str); 4] = [
    (&["message", "presence", "iq"], &[ns::CLIENT], ns::CLIENT),
    (&["features", "error"], &[ns::STREAMS], ns::STREAMS),
    (
        &["auth", "challenge", "response", "success", "failure", "abort"],
        &[ns::SASL, ns::SASL2, ns::COMPRESS, ns::TLS],
        ns::SASL,
    ),
    (&["authenticate"], &[ns::SASL2], ns::SASL2),
];

/// What an iq carries, and where it belongs.
const PAYLOADS: [(&str, &[&str]); 3] =
    [("bind", &[ns::BIND]), ("session", &[ns::SESSION]), ("ping", &[ns::PING])];

impl Reported {
    fn payload(&mut self, payload: &Element, view: &HttpView<'_>, found: &mut Findings) {
        let (name, namespace) = (payload.name(), payload.namespace());
        let home = HOMES.iter().find_map(|(names, fine, meant)| {
            names.iter().find(|known| **known == name).map(|known| (*known, *fine, *meant))
        });
        match home {
            Some((known, fine, meant)) if !fine.contains(&namespace) => {
                self.misplaced(known, namespace, meant, view, found);
            }
            // Anything may be carried, in a namespace of its own.
            None if name != "uri" && (namespace.is_empty() || namespace == ns::HTTPBIND) => {
                self.misplaced("", namespace, "", view, found);
            }
            _ => {}
        }
        if name == "iq" {
            for child in payload.children() {
                let known = PAYLOADS.iter().find(|(known, _)| *known == child.name());
                if let Some((known, fine)) = known.filter(|(_, f)| !f.contains(&child.namespace()))
                {
                    self.misplaced(known, child.namespace(), fine[0], view, found);
                }
            }
        }
    }

    fn misplaced(
        &mut self,
        name: &'static str,
        namespace: &str,
        meant: &str,
        view: &HttpView<'_>,
        found: &mut Findings,
    ) {
        // Stanzas are all the same in this.
        let group = if matches!(name, "presence" | "iq") { "message" } else { name };
        let is_known = |(known, other): &(&str, String)| *known == group && *other == namespace;
        if self.names.len() >= REPORTED || self.names.iter().any(is_known) {
            return;
        }
        self.names.push((group, namespace.to_owned()));
        let place = match namespace {
            "" => "no namespace".to_owned(),
            ns::HTTPBIND => format!("the namespace of BOSH ({namespace})"),
            _ => format!("the namespace '{}'", short(namespace)),
        };
        let (what, party) = (what(view), Party::from(view.from()));
        let (kind, id, level, words) = match name {
            "message" | "presence" | "iq" => (
                &kinds::STANZA_NAMESPACE,
                "xbosh-jabber-client-ns",
                Level::Warning,
                format!(
                    "{what}: <{name}> is in {place}, not in jabber:client. \
                     Lenient peers accept it, strict ones do not recognise the stanza."
                ),
            ),
            "features" | "error" => (
                &kinds::STREAM_NAMESPACE,
                if name == "error" { "xbosh-stream-error-ns" } else { "xbosh-features-stream-ns" },
                Level::Error,
                format!(
                    "{what}: <{name}> is in {place}, not in {meant}; clients will not recognise it."
                ),
            ),
            "auth" | "challenge" | "response" | "success" | "failure" | "abort"
            | "authenticate" => (
                &kinds::SASL_NAMESPACE,
                "xbosh-sasl-namespace",
                Level::Warning,
                format!("{what}: <{name}> is in {place}, not in the SASL namespace."),
            ),
            "" => (
                &kinds::PAYLOAD_NAMESPACE,
                "bosh-schema-children",
                Level::Warning,
                format!("{what}: an element is in {place}, where no such element is defined."),
            ),
            _ => (
                &kinds::PAYLOAD_NAMESPACE,
                "bosh-schema-children",
                Level::Warning,
                format!("{what}: <{name}> is in {place}, not in {meant}: it is not recognised."),
            ),
        };
        let words = format!("{words} Reported once per session and side.");
        found.add(kind, id, level, party, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, open, play};

    fn after_open(script: &str) -> Vec<String> {
        at_least(Level::Warning, &(open() + script))
    }

    #[test]
    fn what_is_not_well_formed_is_reported_with_place_reason_and_quotation() {
        let found = after_open("10 1 C> <body rid='100001' sid='s1'><iq></body>");
        assert!(
            found[0]
                .starts_with("10 Error xml-malformed Client: The request is not well-formed at")
                && found[0].contains(": expected `</iq>`, found `</body>`. The text there: …")
                && found[0].ends_with(" rid='100001' sid='s1'><iq></body>"),
            "{found:?}"
        );
        let found = after_open(
            "10 1 C> <body rid='100001' sid='s1'/>\n12 1 S> <body polling='5' polling='5'/>",
        );
        assert!(
            found[0].contains("The response to rid 100001 is not well-formed at 1:"),
            "{found:?}"
        );
        assert!(found[0].contains("attribute \"polling\" occurs twice"), "{found:?}");
    }

    #[test]
    fn what_stands_for_hidden_bytes_is_not_judged_as_if_it_had_been_sent() {
        let asks = "10 1 C> <body rid='100001' sid='s1'/>\n";
        let found =
            after_open(&format!("{asks}12 1 S> 200 | Content-Type: text/xml | [hidden 59 bytes]"));
        let words =
            "The response to rid 100001 is not well-formed: it is no text, and hidden as a whole.";
        assert!(found[0].contains(words), "{found:?}");
    }

    #[test]
    fn forbidden_constructs_carry_their_requirement() {
        for (content, id) in [
            ("<body rid='100001' sid='s1'><!-- x --></body>", "bosh-no-comments"),
            ("<body rid='100001' sid='s1'><?php ?></body>", "bosh-no-pi"),
            ("<!DOCTYPE body><body rid='100001' sid='s1'/>", "bosh-no-dtd"),
            ("<body rid='100001' sid='s1'>&nbsp;</body>", "bosh-no-entities"),
            ("<body rid='100001' sid='s1'/><body/>", "bosh-single-body-root"),
            ("<body rid='100001' sid='s1'><a:b/></body>", "bosh-xml-namespaces"),
        ] {
            let seen = play(&(open() + &format!("10 1 C> {content}")));
            let found: Vec<_> = seen.iter().flat_map(|s| &s.findings).collect();
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].requirement, Some(id));
        }
    }

    #[test]
    fn a_missing_stream_prefix_in_a_response_names_what_to_declare() {
        let found = after_open(
            "10 1 C> <body rid='100001' sid='s1'/>\n12 1 S> <body><stream:features/></body>",
        );
        assert!(
            found[0].contains("`stream` is not declared; declare it on <body> (xmlns:stream="),
            "{found:?}"
        );
    }

    #[test]
    fn stanzas_outside_jabber_client_are_a_warning_once_for_each_side() {
        let found = after_open(
            "10 1 C> <body rid='100001' sid='s1'><iq/><presence/></body>
             12 1 S> <body><message/></body>
             20 1 C> <body rid='100002' sid='s1'><iq xmlns=''/></body>
             22 1 S> <body><message xmlns='jabber:client'/></body>",
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[2].contains("20 Warning stanza-namespace Client: rid 100002: <iq> is in no"));
        assert!(
            found[0].starts_with("10 Warning stanza-namespace Client: rid 100001: <iq> is in the")
        );
        assert!(
            found[1].starts_with("12 Warning stanza-namespace Server: The response to rid 100001:")
        );
    }

    #[test]
    fn text_in_the_body_is_an_error_and_white_space_is_not() {
        let found = after_open(
            "10 1 C> <body rid='100001' sid='s1'>  <presence xmlns='jabber:client'/> x</body>",
        );
        assert!(
            found[0].starts_with("10 Error text-in-body Client: rid 100001 has text"),
            "{found:?}"
        );
        let script =
            "10 1 C> <body rid='100001' sid='s1'>  <presence xmlns='jabber:client'/> </body>";
        assert_eq!(after_open(script), [""; 0]);
    }

    #[test]
    fn another_root_is_reported_only_where_bosh_is_expected() {
        let found = after_open("10 1 C> <presence xmlns='jabber:client'/>");
        assert!(
            found[0].contains("not-body Client: The request is not BOSH: the root"),
            "{found:?}"
        );
        for (content, begins) in [
            ("{\"rid\":1}", "The request is not XML but JSON: a request of BOSH is a <body/> and"),
            (
                "body=%3Cbody%20rid%3D'1'%2F%3E",
                "The request is not XML but a form, as scripts send",
            ),
            ("hello", "The request is not XML: a request of BOSH"),
        ] {
            let found = after_open(&format!(
                "10 1 C> POST /http-bind | Content-Type: text/plain | {content}"
            ));
            let begins = format!("10 Error not-body Client: {begins}");
            assert!(found.len() == 1 && found[0].starts_with(&begins), "{content}: {found:?}");
        }
        assert_eq!(after_open("10 1 C> POST /upload | Content-Type: text/plain | hello"), [""; 0]);
        assert_eq!(after_open("10 1 C> POST /upload | <svg/>"), [""; 0]);
        assert_eq!(after_open("10 1 C> POST /upload | <svg>"), [""; 0]);
    }

    #[test]
    fn hostile_depth_is_a_warning() {
        let deep = "<a>".repeat(2000);
        let found = after_open(&format!("10 1 C> <body rid='100001' sid='s1'>{deep}"));
        assert!(
            found[0].contains("xml-limit Client: The request cannot be read in full"),
            "{found:?}"
        );
    }
}
