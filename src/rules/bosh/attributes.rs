//! Attributes and headers that are cheap to check on every message: malformed numbers, content types, and what does
//! not belong in a response (XEP-0124 §6, §7, §22).

use super::view::{BoshView, ResponseView};
use crate::bosh::{Body, BodyType};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{BoshLink, BoshRequest, Reading};

/// Attributes that are whole numbers; rid has a rule of its own.
const NUMBERS: [&str; 10] = [
    "ack",
    "hold",
    "inactivity",
    "maxpause",
    "pause",
    "polling",
    "report",
    "requests",
    "time",
    "wait",
];
/// Attributes that only a request has.
const OF_REQUESTS: [&str; 6] = ["rid", "key", "newkey", "route", "content", "pause"];

/// Judges attributes and the headers that go with them. Most kinds are reported once per session.
#[derive(Debug, Default)]
pub struct Attributes {
    sessions: PerSession<Reported>,
}

#[derive(Debug, Default)]
struct Reported {
    content_type: bool,
    of_request: bool,
    redundant_ack: bool,
}

impl Rule for Attributes {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        // A body without a session is judged, too.
        let Some(http) = moment.http() else { return };
        let Reading::Body(body) = http.reading else { return };
        let party = http.from().into();
        let view = moment.bosh();
        numbers(body, party, found);
        kind(body, party, view.as_ref().map(BoshView::link), found);
        if let Some(BoshView::Request(request)) = view
            && request.asks.creates
            && let Some(content) = body.text("content").filter(|text| !is_media_type(text))
        {
            let words = format!(
                "content='{}' is not a media type (RFC 9110 §8.3.1), which is TYPE/SUBTYPE and then \
                 `; NAME=VALUE`: text/xml; charset=utf-8.",
                short(content)
            );
            found.add(&kinds::CONTENT_ATTRIBUTE, None, Level::Warning, Party::Client, words);
        }
        if let Some(BoshView::Response(response)) = view {
            let said = self.sessions.of(response.session.id, moment.story);
            said.content_type(&response, found);
            said.of_request(body, found);
            said.redundant_ack(body, response.asked, found);
        }
    }
}

fn numbers(body: &Body, party: Party, found: &mut Findings) {
    for name in body.element().attributes().map(|(_, name, _)| name) {
        if NUMBERS.contains(&name)
            && let Some(Err(error)) = body.number(name)
        {
            let words = format!(
                "{name} is malformed: {}. The other side may reject it or use a default.",
                short(&error.to_string())
            );
            let id = "bosh-schema-attr-types";
            found.add(&kinds::ATTRIBUTE_MALFORMED, id, Level::Error, party, words);
        }
    }
}

fn kind(body: &Body, party: Party, link: Option<&BoshLink>, found: &mut Findings) {
    let BodyType::Other(other) = body.kind() else { return };
    let inactivity = link.and_then(BoshLink::inactivity);
    let effect = match (party, other, inactivity) {
        (Party::Client, "terminal", Some(seconds)) => format!(
            "; `terminate` was probably meant. If the connection manager ignores it, the session \
             stays open for another {seconds} s (inactivity)."
        ),
        (_, "terminal", _) => "; `terminate` was probably meant.".to_owned(),
        _ => "; the only types are `terminate` and `error`.".to_owned(),
    };
    let words = format!("type='{}' does not exist{effect}", short(other));
    found.add(&kinds::TYPE_UNKNOWN, "bosh-type-values", Level::Error, party, words);
}

/// Whether this is a media type with its parameters (RFC 9110 §8.3.1).
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty() && text.bytes().all(fits)
    };
    let kind = media_type(text).split_once('/');
    let mut parameters = text.split(';').skip(1).map(str::trim).filter(|one| !one.is_empty());
    let is_value = |value: &str| {
        is_token(value) || (value.len() > 1 && value.starts_with('"') && value.ends_with('"'))
    };
    kind.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
        && parameters.all(|one| {
            one.split_once('=').is_some_and(|(name, value)| is_token(name) && is_value(value))
        })
}

/// The part of a content type before its parameters.
fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or(text).trim()
}

impl Reported {
    fn content_type(&mut self, response: &ResponseView<'_>, found: &mut Findings) {
        let asked = response.link.asked.as_ref().and_then(|asked| asked.content.as_deref());
        // What is no media type cannot be honoured; that was reported with the request.
        if asked.is_some_and(|asked| !is_media_type(asked)) {
            return;
        }
        let is = response.http.headers.get("content-type");
        let fits = is.is_some_and(|is| {
            media_type(is).eq_ignore_ascii_case(asked.map_or("text/xml", media_type))
        });
        if fits || std::mem::replace(&mut self.content_type, true) {
            return;
        }
        let is = is.map_or_else(
            || "no Content-Type".to_owned(),
            |is| format!("Content-Type {}", short(is)),
        );
        let (expected, id) = match asked {
            Some(asked) => (
                format!("the client requested {} (`content`)", short(asked)),
                "bosh-content-honoured",
            ),
            None => {
                ("the default is text/xml; charset=utf-8".to_owned(), "bosh-content-type-default")
            }
        };
        let words = format!("The response has {is}, but {expected}. Reported once per session.");
        found.add(&kinds::CONTENT_TYPE, id, Level::Warning, Party::Server, words);
    }

    fn of_request(&mut self, body: &Body, found: &mut Findings) {
        let Some(name) = OF_REQUESTS.into_iter().find(|name| body.text(name).is_some()) else {
            return;
        };
        if !std::mem::replace(&mut self.of_request, true) {
            let words = format!(
                "The response has the attribute {name}, which belongs in requests only. Reported \
                 once per session."
            );
            let id = "bosh-response-no-request-attrs";
            found.add(&kinds::ATTRIBUTE_MISPLACED, id, Level::Note, Party::Server, words);
        }
    }

    fn redundant_ack(&mut self, body: &Body, asked: &BoshRequest, found: &mut Findings) {
        let ack = body.ack().and_then(Result::ok);
        if asked.creates || ack.is_none() || ack != asked.rid || self.redundant_ack {
            return;
        }
        self.redundant_ack = true;
        let words = format!(
            "ack={} acknowledges the request that this response answers, which is redundant. \
             Reported once per session.",
            ack.unwrap_or_default()
        );
        found.add(
            &kinds::ACK_REDUNDANT,
            "bosh-ack-not-redundant",
            Level::Note,
            Party::Server,
            words,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, names};

    const OPEN: &str = "
        0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
        5 1 S> <body sid='s1' wait='60' requests='2' hold='1' ver='1.6' inactivity='60' ack='100000'/>
        10 1 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>";

    fn answered(answer: &str) -> Vec<String> {
        at_least(Level::Note, &format!("{OPEN}\n20 1 S> {answer}"))
    }

    #[test]
    fn what_is_asked_for_as_content_has_to_be_a_media_type() {
        for (content, is) in [
            ("text/xml; charset=utf-8", true),
            ("text/xml;charset=\"utf-8\"", true),
            ("application/xml", true),
            ("text/xml;", true),
            ("text/xml charset=utf-8", false),
            ("text/xml; charset", false),
            ("xml", false),
            ("", false),
            ("text/xml, charset=utf-8", false),
        ] {
            assert_eq!(is_media_type(content), is, "{content}");
        }
        let open = OPEN.replace(" to='a'", " to='a' content='text/xml charset=utf-8'");
        let found = at_least(Level::Note, &format!("{open}\n20 1 S> <body/>"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(
                "0 Warning content-attribute Client: content='text/xml charset=utf-8' is not a media type"
            ),
            "{found:?}"
        );
    }

    #[test]
    fn the_content_type_is_text_xml_unless_asked_otherwise() {
        assert_eq!(answered("<body/>"), [""; 0]);
        let found = answered("200 | Content-Type: text/plain | <body/>");
        assert_eq!(
            found,
            ["20 Warning content-type Server: The response has Content-Type text/plain, but the \
              default is text/xml; charset=utf-8. Reported once per session."]
        );
    }

    #[test]
    fn what_belongs_to_requests_and_a_redundant_ack_are_notes() {
        assert!(answered("<body rid='100001'/>")[0].starts_with("20 Note attribute-misplaced"));
        assert!(answered("<body ack='100001'/>")[0].starts_with("20 Note ack-redundant"));
        assert_eq!(answered("<body ack='100002'/>"), [""; 0]);
    }

    #[test]
    fn malformed_numbers_are_errors() {
        let script = "0 1 C> <body rid='100000' to='a' wait='60.5' hold='' ver='1.6' xml:lang='en' xmpp:version='1.0'/>";
        assert_eq!(names(script), ["attribute-malformed", "attribute-malformed"]);
    }

    #[test]
    fn terminal_is_not_terminate() {
        let found = at_least(
            Level::Note,
            &format!(
                "{OPEN}\n20 1 S> <body/>\n30 1 C> <body rid='100002' sid='s1' type='terminal'/>"
            ),
        );
        assert_eq!(
            found,
            ["30 Error type-unknown Client: type='terminal' does not exist; `terminate` was \
              probably meant. If the connection manager ignores it, the session stays open for \
              another 60 s (inactivity)."]
        );
    }
}
