//! Defects of clients, with which scenarios are proved: what the reference client sends is changed on its way, before the
//! server and the watch see it. Each violates one requirement.

use super::reference::Habit;
use crate::scenario::Transport;

/// A defect of a client.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// The requirement that it violates, with `/variant` if there are several.
    pub name: &'static str,
    /// What is wrong with the client.
    pub says: &'static str,
    pub(super) carrier: Transport,
    /// How what it sends and gets is changed, in the language of faults.
    pub(super) faults: &'static [&'static str],
    /// What it does by itself.
    pub(super) habit: Option<Habit>,
}

impl Mutant {
    /// The requirement that it violates.
    pub fn requirement(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }
}

const fn bosh(name: &'static str, says: &'static str, faults: &'static [&'static str]) -> Mutant {
    Mutant { name, says, carrier: Transport::Bosh, faults, habit: None }
}

const fn ws(name: &'static str, says: &'static str, faults: &'static [&'static str]) -> Mutant {
    Mutant { name, says, carrier: Transport::WebSocket, faults, habit: None }
}

const fn tcp(name: &'static str, says: &'static str, faults: &'static [&'static str]) -> Mutant {
    Mutant { name, says, carrier: Transport::Tcp, faults, habit: None }
}

const fn habit(name: &'static str, says: &'static str, carrier: Transport, habit: Habit) -> Mutant {
    Mutant { name, says, carrier, faults: &[], habit: Some(habit) }
}

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    bosh("bosh-req-to", "its first request names no domain", &["the 1st dir:client: remove to"]),
    bosh("bosh-req-ver", "its first request has no version", &["the 1st dir:client: remove ver"]),
    bosh("bosh-req-wait", "its first request has no wait", &["the 1st dir:client: remove wait"]),
    bosh("bosh-req-hold", "its first request has no hold", &["the 1st dir:client: remove hold"]),
    bosh("bosh-ver-format", "the version is no number", &["the 1st dir:client: set ver=latest"]),
    bosh(
        "xbosh-req-version",
        "its first request says no version of XMPP",
        &["the 1st dir:client: remove xmpp:version"],
    ),
    bosh(
        "xbosh-version-format",
        "the version of XMPP is no number",
        &["the 1st dir:client: set xmpp:version=one"],
    ),
    bosh(
        "bosh-sid-on-later-requests",
        "one of its requests has no sid",
        &["the 5th dir:client: remove sid"],
    ),
    bosh(
        "bosh-rid-on-every-request",
        "one of its requests has no rid",
        &["the 6th dir:client: remove rid"],
    ),
    bosh(
        "bosh-rid-increment",
        "one of its requests has another rid",
        &["the 6th dir:client: set rid=4711"],
    ),
    bosh(
        "bosh-rid-increment/skipped",
        "a rid is left out, as its request is never sent",
        &["once, kind:message: drop request"],
    ),
    bosh("bosh-schema-attr-types", "hold is no number", &["the 1st dir:client: set hold=one"]),
    bosh(
        "bosh-type-values",
        "it ends its session with type='terminal'",
        &["type:terminate and dir:client, always: set type=terminal"],
    ),
    bosh(
        "bosh-client-terminate",
        "it does not end its session",
        &["type:terminate and dir:client, always: drop request"],
    ),
    bosh(
        "bosh-body-namespace",
        "its bodies are in another namespace",
        &["the 6th dir:client: set xmlns=http://jabber.org/protocol/http"],
    ),
    bosh(
        "bosh-body-wellformed",
        "what it sends is cut short",
        &["once, kind:message: truncate 60"],
    ),
    bosh("bosh-utf8", "what it sends is not UTF-8", &["once, kind:message: garble"]),
    bosh(
        "xbosh-client-restart-after-success",
        "it does not restart its stream",
        &["text:\"xmpp:restart\" and dir:client, always: drop request"],
    ),
    bosh(
        "bosh-client-ack-consistent",
        "it acknowledges what it has not received",
        &["kind:message and dir:client, always: set ack=5"],
    ),
    bosh(
        "bosh-zero-or-more-payloads",
        "it says nothing more after an element that it does not know",
        &["text:alive and dir:client, always: drop request"],
    ),
    bosh(
        "bosh-client-process-in-order",
        "of several stanzas it does not answer the last",
        &["kind:iq and id:asked and dir:client, always: drop request"],
    ),
    bosh(
        "bosh-client-inactivity",
        "it is silent for longer than inactivity",
        &["empty and dir:client, always: drop request"],
    ),
    bosh(
        "bosh-client-repoll",
        "it does not ask again",
        &["empty and dir:client, always: drop request"],
    ),
    ws(
        "ws-client-offers-subprotocol",
        "it offers no subprotocol",
        &["the 1st dir:client: strip subprotocol"],
    ),
    ws(
        "ws-open-attributes",
        "its open element has no version",
        &["text:<open and dir:client, always: remove version"],
    ),
    ws(
        "ws-open-attributes/to",
        "its open element names no domain",
        &["text:<open and dir:client, always: remove to"],
    ),
    ws(
        "ws-header-namespace",
        "its open element is in another namespace",
        &["text:<open and dir:client, always: set xmlns=jabber:client"],
    ),
    ws("ws-pong", "it does not answer pings", &["frame:pong and dir:client, always: drop"]),
    ws(
        "ws-close-handshake",
        "it does not close its stream",
        &["text:<close and dir:client, always: drop"],
    ),
    habit(
        "ws-close-handshake/abrupt",
        "it ends its WebSocket together with its stream",
        Transport::WebSocket,
        Habit::Abrupt,
    ),
    ws(
        "ws-close-element-answered",
        "it does not answer a close element",
        &["text:<close and dir:client, always: drop"],
    ),
    ws(
        "ws-close-answered",
        "it does not answer a Close frame",
        &["frame:close and dir:client, always: drop"],
    ),
    ws(
        "ws-close-before-close-frame",
        "it sends no Close frame",
        &["frame:close and dir:client, always: drop"],
    ),
    bosh(
        "bosh-client-session-over",
        "it does not see that its session has ended",
        &["text:\"type='terminate'\" and dir:server, always: remove type"],
    ),
    bosh(
        "bosh-polling-too-frequent",
        "it takes the shortest time between two polls for zero",
        &["text:polling and dir:server, always: set polling=0"],
    ),
    bosh(
        "bosh-client-max-requests",
        "it believes that it may have five requests open",
        &["text:requests and dir:server, always: set requests=5"],
    ),
    bosh(
        "bosh-first-request-creates-session",
        "it never asks for a second session",
        &["text:hold= and dir:client, the 2nd, always: drop request"],
    ),
    bosh(
        "xbosh-client-waits-features",
        "it does not ask for features that did not come",
        &["empty and dir:client, always: drop request"],
    ),
    habit(
        "xbosh-client-ignores-starttls",
        "it asks for TLS within its session",
        Transport::Bosh,
        Habit::Tls,
    ),
    habit(
        "bosh-payloads-after-preconditions",
        "it says that it is there before it has logged in",
        Transport::Bosh,
        Habit::Eager,
    ),
    habit(
        "bosh-payloads-after-preconditions/websocket",
        "it says that it is there before it has logged in",
        Transport::WebSocket,
        Habit::Eager,
    ),
    habit(
        "bosh-payloads-after-preconditions/tcp",
        "it says that it is there before it has logged in",
        Transport::Tcp,
        Habit::Eager,
    ),
    habit("ws-client-masked", "its frames are not masked", Transport::WebSocket, Habit::Unmasked),
    habit(
        "ws-client-closes-without-subprotocol",
        "it does not look whether the subprotocol was negotiated",
        Transport::WebSocket,
        Habit::Careless,
    ),
    habit(
        "ws-no-whitespace-keepalive",
        "it sends white space to keep its WebSocket open",
        Transport::WebSocket,
        Habit::Spaces,
    ),
    habit("ws-ignore-starttls", "it asks for TLS", Transport::WebSocket, Habit::Tls),
    ws(
        "ws-fragmentation",
        "it does not take messages in several frames",
        &["frame:fragmented and dir:server, always: drop"],
    ),
    habit(
        "ws-invalid-utf8",
        "it passes over text that is not UTF-8",
        Transport::WebSocket,
        Habit::Lenient,
    ),
    habit(
        "tcp-stream-error-closes",
        "it goes on when an error has ended its stream",
        Transport::Tcp,
        Habit::Persistent,
    ),
    habit(
        "tcp-stream-error-closes/websocket",
        "it goes on when an error has ended its stream",
        Transport::WebSocket,
        Habit::Persistent,
    ),
    habit(
        "tcp-close-reciprocal",
        "it does not wait for the closing tag of the server",
        Transport::Tcp,
        Habit::Abrupt,
    ),
    tcp(
        "tcp-close-reciprocal/answer",
        "it does not close its stream",
        &["text:</stream:stream and dir:client, always: drop"],
    ),
    tcp(
        "tcp-to-in-initial-header",
        "the header of its stream names no domain",
        &["the 1st dir:client: remove to"],
    ),
    ws(
        "sm-request-answered",
        "it does not answer requests for an acknowledgement",
        &["sm:a and dir:client, always: drop"],
    ),
    tcp(
        "sm-request-answered/tcp",
        "it does not answer requests for an acknowledgement",
        &["sm:a and dir:client, always: drop"],
    ),
    ws(
        "sm-count-consistent",
        "it acknowledges less than before",
        &["sm:a and dir:client, the 2nd, always: set h=0"],
    ),
    tcp(
        "sm-count-consistent/tcp",
        "it acknowledges less than before",
        &["sm:a and dir:client, the 2nd, always: set h=0"],
    ),
    ws(
        "sm-count-consistent/resume",
        "it forgets its count when it resumes",
        &["sm:resume and dir:client, always: set h=0"],
    ),
    ws(
        "sm-resume-resends",
        "it sends nothing again",
        &["the 2nd kind:message and text:lost and dir:client: drop"],
    ),
    tcp(
        "sm-resume-resends/all",
        "it sends all again",
        &["sm:resumed and dir:server, always: set h=0", "sm:a and dir:server, always: drop"],
    ),
    ws(
        "sm-handled-too-high",
        "it takes a count that is above what it has sent",
        &["kind:stream-error and dir:client, always: drop"],
    ),
    tcp(
        "sm-handled-too-high/tcp",
        "it takes a count that is above what it has sent",
        &["kind:stream-error and dir:client, always: drop"],
    ),
    ws(
        "sm-clean-close-ends",
        "it does not close its stream when it leaves",
        &["text:<close and dir:client, always: drop"],
    ),
    tcp(
        "sm-clean-close-ends/tcp",
        "it does not close its stream when it leaves",
        &["text:</stream:stream and dir:client, always: drop"],
    ),
    habit(
        "tcp-tls-before-sasl",
        "it logs in without the TLS that is offered",
        Transport::Tcp,
        Habit::Bare,
    ),
    habit(
        "tcp-starttls-mandatory",
        "it logs in without the TLS that is required",
        Transport::Tcp,
        Habit::Bare,
    ),
    habit(
        "tcp-starttls-mandatory/refused",
        "it logs in without the TLS that was refused",
        Transport::Tcp,
        Habit::Stubborn,
    ),
    habit(
        "tcp-tls-certificate-verified",
        "it accepts any certificate",
        Transport::Tcp,
        Habit::Trusting,
    ),
    habit("ws-tls-verified", "it accepts any certificate", Transport::WebSocket, Habit::Trusting),
    habit("bosh-https-method", "it accepts any certificate", Transport::Bosh, Habit::Trusting),
    habit(
        "tcp-starttls-proceed",
        "it does not open a stream within TLS",
        Transport::Tcp,
        Habit::Unbroken,
    ),
    habit(
        "tcp-starttls-proceed/early",
        "it does not wait until TLS begins",
        Transport::Tcp,
        Habit::Hasty,
    ),
    habit(
        "tcp-starttls-proceed/behind",
        "it answers a question that came in the clear, where TLS begins",
        Transport::Tcp,
        Habit::Gullible,
    ),
    habit(
        "bosh-encrypted-http",
        "it speaks in the clear where its URL says https",
        Transport::Bosh,
        Habit::Bare,
    ),
    habit(
        "ws-tls-by-wss",
        "it speaks in the clear where its URL says wss",
        Transport::WebSocket,
        Habit::Bare,
    ),
    habit(
        "dtls-direct",
        "it begins in the clear where its URL says xmpps",
        Transport::Tcp,
        Habit::Bare,
    ),
    habit(
        "dtls-sni-alpn",
        "its ClientHello does not name the domain",
        Transport::Tcp,
        Habit::Nameless,
    ),
    habit("dtls-alpn", "its ClientHello does not name xmpp-client", Transport::Tcp, Habit::Silent),
];
