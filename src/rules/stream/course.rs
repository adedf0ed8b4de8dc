//! How far the stream on a connection has come: opened, offered, logged in, bound; and what is due next. Rules that look
//! at history keep one for each session.

use std::time::Duration;

use super::line::{LinePart, LineView};
use crate::bosh::Body;
use crate::trace::{Message, Reading, Session};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// How far the stream on a connection has come.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
pub(super) struct Course {
    /// The connection.
    conn: Option<u64>,
    /// The trace shows all of it, from the first message on.
    pub(super) whole: bool,
    /// Something passed that was not seen, or cannot be read, since the client last opened the stream.
    pub(super) blind: bool,
    /// `<stream:stream>` came over a WebSocket: the framing from before RFC 7395.
    pub(super) old_framing: bool,
    /// When each side opened the present stream.
    pub(super) opened: [Option<Duration>; 2],
    /// How often the client has opened one.
    pub(super) opens: u32,
    /// When each side closed it.
    pub(super) closed: [Option<Duration>; 2],
    /// The features of the present stream have come.
    pub(super) features: bool,
    /// A way to log in was offered.
    pub(super) login_offered: bool,
    /// The server requires STARTTLS before anything else.
    pub(super) tls_required: bool,
    /// Resource binding was offered.
    pub(super) bind_offered: bool,
    pub(super) login: Progress,
    pub(super) bound: Progress,
    /// It was SASL2 that succeeded: no restart follows (XEP-0388).
    pub(super) sasl2: bool,
    /// Why the stream has to be opened anew, and since when that has been due.
    pub(super) restart: Option<(Duration, Restart)>,
    /// The client has opened the stream anew before it knew whether SASL would succeed (XEP-0305).
    pub(super) ahead: bool,
    /// The client asked to resume a session, and has got no answer.
    pub(super) resuming: bool,
    /// When the server refused that.
    pub(super) resume_failed: Option<Duration>,
    /// The client asks for a login in the way of XEP-0078.
    legacy: bool,
}

/// How far something has come that one side asks for and the other grants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Progress {
    #[default]
    No,
    Asked,
    Done,
}

/// What makes a restart necessary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    /// SASL succeeded (RFC 6120 §6.4.6).
    Login,
    /// TLS begins (RFC 6120 §5.4.3.3).
    Tls,
    /// Compression begins (XEP-0138).
    Compression,
}

impl Course {
    /// Begins anew if the session has moved to another connection. To be called before anything else is asked.
    pub(super) fn follow(&mut self, view: &LineView<'_>) {
        if self.conn == Some(view.line.conn) {
            return;
        }
        let first = view.line.elements.iter().sum::<u64>() <= 1;
        let handshake = view.session.websocket().is_none_or(|link| link.handshake.is_some());
        let whole = first && handshake;
        let done = if view.session.jid().is_some() { Progress::Done } else { Progress::No };
        *self =
            Self { conn: Some(view.line.conn), whole, login: done, bound: done, ..Self::default() };
    }

    /// Whether a message opens a stream, over TCP or in the framing of RFC 7395.
    pub(super) fn opens<'a>(view: &LineView<'a>, message: &'a Message) -> Option<&'a Element> {
        match &message.reading {
            Reading::Header(element) if !view.is_websocket() => Some(element),
            Reading::Element(element) if element.is(ns::FRAMING, "open") => Some(element),
            _ => None,
        }
    }

    /// Takes what happens, after it was judged.
    pub(super) fn take(&mut self, view: &LineView<'_>) {
        match view.part {
            LinePart::Lost => {
                (self.blind, self.whole) = (true, false);
                (self.login_offered, self.bind_offered) = (false, false);
            }
            LinePart::Message(message) => self.message(view, message),
            _ => {}
        }
    }

    fn message(&mut self, view: &LineView<'_>, message: &Message) {
        if Self::opens(view, message).is_some() {
            return self.open(message.from, view.at);
        }
        let from = message.from;
        match &message.reading {
            Reading::Header(_) => self.old_framing = true,
            Reading::StreamEnd => self.closed[from as usize] = Some(view.at),
            Reading::Element(element) => self.element(from, element, view.session, view.at),
            Reading::Partial => self.blind = true,
            _ => {}
        }
    }

    fn open(&mut self, from: Side, at: Duration) {
        self.opened[from as usize] = Some(at);
        if from == Side::Client {
            self.ahead = self.restart.is_none() && self.login == Progress::Asked;
            (self.opened[1], self.restart) = (None, None);
            (self.features, self.blind, self.closed) = (false, false, [None, None]);
            self.opens += 1;
        }
    }

    /// BOSH carries it in a `<body/>`, whose client asks for a restart by an attribute. Its elements are taken one by one.
    pub(super) fn take_body(&mut self, body: &Body, from: Side, at: Duration) {
        if from == Side::Client && body.is_restart() {
            self.open(from, at);
        }
    }

    /// Takes an element, after it was judged.
    pub(super) fn element(
        &mut self,
        from: Side,
        element: &Element,
        session: &Session,
        at: Duration,
    ) {
        match (from, element.namespace(), element.name()) {
            (_, ns::FRAMING, "close") => self.closed[from as usize] = Some(at),
            (Side::Client, ns::SASL | ns::SASL2, "auth" | "authenticate" | "response") => {
                self.login = Progress::Asked;
            }
            (Side::Server, ns::SASL, "success") => {
                self.login = Progress::Done;
                self.restart = (!self.ahead).then_some((at, Restart::Login));
            }
            (Side::Server, ns::SASL2, "success") => {
                (self.login, self.sasl2, self.features) = (Progress::Done, true, false);
                let inline = |name| element.descendants().any(|inner| inner.name() == name);
                if session.jid().is_some() || inline("bound") || inline("resumed") {
                    self.bound = Progress::Done;
                }
            }
            (Side::Server, ns::SASL | ns::SASL2, "failure") => self.login = Progress::No,
            (Side::Server, ns::TLS, "proceed") => {
                (self.restart, self.blind) = (Some((at, Restart::Tls)), true);
                self.tls_required = false;
            }
            (Side::Server, ns::COMPRESS, "compressed") => {
                (self.restart, self.blind) = (Some((at, Restart::Compression)), true);
            }
            (Side::Server, ns::STREAMS, "features") => {
                self.features = true;
                let has = |namespace| element.children().any(|it| it.namespace() == namespace);
                self.login_offered |= has(ns::SASL) || has(ns::SASL2) || has(ns::IQ_AUTH_FEATURE);
                self.bind_offered |= has(ns::BIND);
                let starttls = element.child(ns::TLS, "starttls");
                self.tls_required =
                    starttls.is_some_and(|it| it.child(ns::TLS, "required").is_some());
            }
            (_, ns::SM3 | ns::SM2, name) => self.management(from, name, at),
            (_, ns::CLIENT, "iq") => self.iq(from, element),
            _ => {}
        }
    }

    fn management(&mut self, from: Side, name: &str, at: Duration) {
        match (from, name) {
            (Side::Client, "resume") => self.resuming = true,
            (Side::Server, "resumed") => (self.resuming, self.bound) = (false, Progress::Done),
            (Side::Server, "failed") if std::mem::take(&mut self.resuming) => {
                self.resume_failed = Some(at);
            }
            _ => {}
        }
    }

    fn iq(&mut self, from: Side, iq: &Element) {
        let has = |namespace| iq.children().any(|it| it.namespace() == namespace);
        let result = iq.attr("type") == Some("result");
        match from {
            Side::Client if has(ns::BIND) => self.bound = self.bound.at_least(Progress::Asked),
            Side::Client if has(ns::AUTH) => self.legacy = true,
            Side::Server if result && has(ns::BIND) => self.bound = Progress::Done,
            Side::Server if self.legacy && result && !has(ns::AUTH) => {
                (self.login, self.bound) = (Progress::Done, Progress::Done);
            }
            _ => {}
        }
    }
}

impl Progress {
    fn at_least(self, other: Self) -> Self {
        if self == Self::No { other } else { self }
    }
}
