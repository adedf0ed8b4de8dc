//! Messages as RFC 7395 wants them: one element each, which stands by itself (§3.3.3), in the right namespace (§3.3.2),
//! no white space to keep the connection alive (§3.8), no STARTTLS (§3.9).

use super::messages_framing::opens_stream;
use super::view::WebSocketView;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds::{self, Kind};
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{around, list, short};
use crate::trace::{Fact, Message, Reading};
use crate::wire::Side;
use crate::wire::websocket::Opcode;
use crate::xml::{Element, Error, ErrorKind, Node, TokenKind, local_name, tokens};
use crate::xmpp::ns;

/// How much of the source is quoted.
const QUOTED: usize = 60;
/// Elements of a message that are named.
const NAMED: usize = 3;

/// Judges messages.
#[derive(Debug, Default)]
pub struct Messages {
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection that the rest is about.
    conn: u64,
    sides: [Sent; 2],
}

/// What is known of one side, and what was reported of it: once is enough.
#[derive(Debug, Default)]
struct Sent {
    /// It speaks the framing from before RFC 7395, in which the whole stream is one document.
    old: bool,
    /// Its last message ended within an element, which was reported: the rest of it may follow.
    partial: bool,
    reported: Vec<&'static str>,
}

impl Rule for Messages {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let (Fact::Lost { .. }, Some(line)) = (&moment.event.fact, moment.line()) {
            // What comes next may be the rest of something.
            let state = self.sessions.of(line.session.id, moment.story);
            for side in &mut state.sides {
                side.partial = true;
            }
            return;
        }
        let Some(view) = moment.websocket() else { return };
        let Some(message) = view.message else { return };
        let state = self.sessions.of(view.session.id, moment.story);
        if state.conn != moment.event.conn {
            *state = State { conn: moment.event.conn, ..State::default() };
        }
        let sent = &mut state.sides[message.from as usize];
        sent.old |= opens_stream(&view.frame.content.bytes);
        let known =
            view.link.handshake.is_some() || view.session.stream.opened[message.from as usize] > 0;
        // Without the beginning it is not known which framing is spoken, nor whether messages are compressed.
        if known && !sent.old {
            sent.message(message, &view, found);
        } else if let Reading::Element(element) = &message.reading {
            sent.starttls(element, message.from, found);
        }
    }
}

/// `A message of the client`.
fn what(from: Side) -> String {
    format!("A message of the {}", from.name())
}

impl Sent {
    fn message(&mut self, message: &Message, view: &WebSocketView<'_>, found: &mut Findings) {
        let (from, content) = (message.from, &view.frame.content);
        let rest = std::mem::take(&mut self.partial);
        // Other opcodes are reported as such.
        if Opcode(view.frame.opcode) != Opcode::TEXT || view.frame.reserved != 0 {
            return;
        }
        match &message.reading {
            Reading::Element(element) => {
                if content.bytes.first() != Some(&b'<') {
                    self.start(from, "begins with white space", found);
                }
                self.element(element, view, found);
            }
            // Until a whole element comes, all of it may be the rest.
            Reading::Other | Reading::Malformed(_) if rest => self.partial = true,
            Reading::Malformed(error) => self.malformed(error, from, &content.bytes, found),
            Reading::Space => {
                let words = format!(
                    "{} is nothing but white space. Over TCP that keeps a connection alive, over \
                     WebSocket it is forbidden, and servers may end the stream for it; use ping \
                     frames, XEP-0199 or XEP-0198.",
                    what(from)
                );
                let id = "ws-no-whitespace-keepalive";
                self.add(&kinds::WS_WHITE_SPACE, id, Level::Error, from, &words, found);
            }
            Reading::Empty => self.start(from, "is empty", found),
            Reading::Other => {
                let valid = std::str::from_utf8(&content.bytes).is_ok();
                if content.bytes.starts_with(b"\xef\xbb\xbf") {
                    self.start(from, "begins with a byte order mark", found);
                } else if valid {
                    let begins = format!("begins with \"{}\"", around(&content.bytes, 0, QUOTED));
                    self.start(from, &begins, found);
                }
            }
            _ => {}
        }
    }

    /// Adds a finding that is reported once for each side.
    fn add(
        &mut self,
        kind: &'static Kind,
        id: &'static str,
        level: Level,
        from: Side,
        words: &str,
        found: &mut Findings,
    ) {
        if !self.reported.contains(&kind.name) {
            self.reported.push(kind.name);
            let words = format!("{words} Reported once.");
            found.add(kind, id, level, Party::from(from), words);
        }
    }

    fn start(&mut self, from: Side, why: &str, found: &mut Findings) {
        let words = format!(
            "{} {why}. Its first character has to be `<`; strict peers end the stream or ignore it.",
            what(from)
        );
        self.add(&kinds::WS_MESSAGE_START, "ws-first-char-lt", Level::Error, from, &words, found);
    }

    fn malformed(&mut self, error: &Error, from: Side, content: &[u8], found: &mut Findings) {
        let quoted = around(content, error.at.offset, QUOTED);
        match &error.kind {
            ErrorKind::NotUtf8(_) => {} // the frame is reported
            kind if kind.is_limit() => {
                let words =
                    format!("{} cannot be read in full: {error} (at {}).", what(from), error.at);
                found.add(&kinds::XML_LIMIT, None, Level::Warning, Party::from(from), words);
            }
            ErrorKind::AfterRoot("another element") => self.several(from, content, found),
            ErrorKind::AfterRoot(text @ ("text" | "a CDATA section")) => {
                let words = format!(
                    "{} has {text} after its element: {quoted}. Only white space may stand there; \
                     strict peers refuse the message.",
                    what(from)
                );
                let id = "ws-no-text-around-root";
                self.add(&kinds::WS_TEXT_AROUND, id, Level::Error, from, &words, found);
            }
            ErrorKind::Unclosed(name) => {
                self.partial = true;
                self.partly(from, &format!("before <{}> is closed", short(name)), found);
            }
            ErrorKind::Unfinished(part) => {
                self.partial = true;
                self.partly(from, &format!("within {part}"), found);
            }
            ErrorKind::UndeclaredPrefix(prefix) => {
                let prefix = short(prefix);
                let hint = match &*prefix {
                    "stream" => format!(" (xmlns:stream='{}')", ns::STREAMS),
                    _ => String::new(),
                };
                let words = format!(
                    "{} uses the prefix `{prefix}`, which it does not declare: {quoted}. No element \
                     surrounds a message, so each has to declare its namespaces itself{hint}; the \
                     other side cannot read it.",
                    what(from)
                );
                let id = "ws-namespaces-self-contained";
                self.add(&kinds::WS_NAMESPACE, id, Level::Error, from, &words, found);
            }
            _ => {
                let words = format!(
                    "{} is not well-formed at {}: {}. The text there: {quoted}.",
                    what(from),
                    error.at,
                    short(&error.kind.to_string())
                );
                let id = "ws-one-element-per-message";
                self.add(&kinds::WS_MESSAGE_MALFORMED, id, Level::Error, from, &words, found);
            }
        }
    }

    fn partly(&mut self, from: Side, place: &str, found: &mut Findings) {
        let words = format!(
            "{} ends {place}. Each message has to be a whole element: one may be sent in several \
             frames, but not in several messages. The other side cannot read this one.",
            what(from)
        );
        let id = "ws-one-element-per-message";
        self.add(&kinds::WS_MESSAGE_MALFORMED, id, Level::Error, from, &words, found);
    }

    fn several(&mut self, from: Side, content: &[u8], found: &mut Findings) {
        let elements = roots(content);
        let is_features = |name: &String| local_name(name.as_bytes()) == b"features";
        let features = from == Side::Server && elements.iter().any(is_features);
        let id = if features { "ws-features-own-message" } else { "ws-one-element-per-message" };
        let mut first: Vec<_> =
            elements.iter().take(NAMED).map(|name| format!("<{}>", short(name))).collect();
        if elements.len() > NAMED {
            first.push(format!("{} more", elements.len() - NAMED));
        }
        let words = format!(
            "{} has {} elements: {}. Each has to be a message of its own; the other side reads only \
             the first, or none.",
            what(from),
            elements.len(),
            list(&first)
        );
        self.add(&kinds::WS_SEVERAL_ELEMENTS, id, Level::Error, from, &words, found);
    }

    fn element(&mut self, element: &Element, view: &WebSocketView<'_>, found: &mut Findings) {
        let from = view.frame.from;
        let (namespace, name) = (element.namespace(), element.name());
        match name {
            "open" | "close" if namespace == ns::FRAMING => self.framing(element, from, found),
            "open" | "close" => {
                self.namespace("ws-header-namespace", element, ns::FRAMING, from, found);
            }
            "message" | "presence" | "iq" if namespace != ns::CLIENT => {
                self.namespace("ws-namespaces-self-contained", element, ns::CLIENT, from, found);
            }
            "features" | "error" if namespace != ns::STREAMS => {
                self.namespace("ws-namespaces-self-contained", element, ns::STREAMS, from, found);
            }
            "auth" | "challenge" | "response" | "success" | "failure" | "abort"
                if matches!(namespace, "" | ns::CLIENT) =>
            {
                self.namespace("ws-namespaces-self-contained", element, ns::SASL, from, found);
            }
            _ => {}
        }
        self.starttls(element, from, found);
        self.language(element, view, found);
    }

    fn framing(&mut self, element: &Element, from: Side, found: &mut Findings) {
        let is_content = |node: &Node| node.text().is_none_or(|text| !text.trim().is_empty());
        if element.nodes().iter().any(is_content) {
            let name = element.name();
            let words = format!(
                "<{name}/> of the {} is not empty. Nothing is defined that could stand in it, and \
                 the other side may ignore or refuse it.",
                from.name()
            );
            let id = "ws-open-empty";
            self.add(&kinds::WS_OPEN_NOT_EMPTY, id, Level::Warning, from, &words, found);
        }
    }

    fn namespace(
        &mut self,
        id: &'static str,
        element: &Element,
        right: &str,
        from: Side,
        found: &mut Findings,
    ) {
        let place = match element.namespace() {
            "" => "has no namespace".to_owned(),
            other => format!("is in the namespace {}", short(other)),
        };
        let words = format!(
            "<{}> of the {} {place}, and has to be in {right}: no element surrounds a message, so \
             each declares its namespace itself. The other side does not recognise it; some \
             clients wait forever (strophe.js, for a stanza without jabber:client).",
            short(element.name()),
            from.name(),
        );
        self.add(&kinds::WS_NAMESPACE, id, Level::Error, from, &words, found);
    }

    fn starttls(&mut self, element: &Element, from: Side, found: &mut Findings) {
        if from == Side::Server
            && element.is(ns::STREAMS, "features")
            && element.child(ns::TLS, "starttls").is_some()
        {
            let words = "The stream features offer STARTTLS, which does not exist over WebSocket: TLS \
                         comes only with wss. Clients have to ignore the offer.";
            let id = "ws-no-starttls";
            self.add(&kinds::WS_STARTTLS, id, Level::Error, from, words, found);
        }
        if from == Side::Client && element.is(ns::TLS, "starttls") {
            let words = "The client asks for STARTTLS, which does not exist over WebSocket, even if \
                         the server offers it: connect to a wss URL for TLS.";
            let id = "ws-ignore-starttls";
            self.add(&kinds::WS_STARTTLS, id, Level::Error, from, words, found);
        }
    }

    /// Text for people in an error has a language, its own or that of the stream.
    fn language(&mut self, element: &Element, view: &WebSocketView<'_>, found: &mut Findings) {
        let from = view.frame.from;
        let (error, text) = if element.is(ns::STREAMS, "error") {
            (Some(element), element.child(ns::STREAM_ERRORS, "text"))
        } else if element.namespace() == ns::CLIENT && element.attr("type") == Some("error") {
            let error = element.child(ns::CLIENT, "error");
            (error, error.and_then(|error| error.child(ns::STANZA_ERRORS, "text")))
        } else {
            (None, None)
        };
        let (Some(error), Some(text)) = (error, text) else { return };
        let Some(header) = &view.session.stream.headers[from as usize] else { return };
        let has = |element: &Element| element.attr_ns(ns::XML, "lang").is_some();
        if header.lang.is_some() || [element, error, text].into_iter().any(has) {
            return;
        }
        let words = format!(
            "The text of an error of the {} has no language: neither it nor the {}'s <open/> has \
             xml:lang.",
            from.name(),
            from.name()
        );
        let id = "ws-language-self-contained";
        self.add(&kinds::WS_LANGUAGE, id, Level::Note, from, &words, found);
    }
}

/// The names of the elements that stand side by side in a message.
fn roots(content: &[u8]) -> Vec<String> {
    let (mut names, mut depth) = (Vec::new(), 0_usize);
    for token in tokens(content) {
        match token.kind {
            TokenKind::Start { name, self_closing } => {
                if depth == 0 {
                    names.push(String::from_utf8_lossy(name).into_owned());
                }
                depth += usize::from(!self_closing);
            }
            TokenKind::End { .. } => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
