//! Why scenarios cannot be run against a target.

use std::fmt;

use super::cast::Actor;
use super::judge;
use super::remedies::{
    DOMAIN, SERVER_LOG, against, creation, features, logging_in, logging_in_on, opening,
};
use super::run::Run;
use super::stream::Stream;
use super::target::passwords;
use crate::bosh::Condition;
use crate::diag::sanitise::one_line;
use crate::rules::page_lines;
use crate::scenario::{CLIENT, Login, Transport};
use crate::trace::Fact;
use crate::trace::redact::{self, Known};
use crate::wire::Side;

/// So much is shown of what was sent and received.
const SHOWN: usize = 400;

/// A step that every session takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstStep {
    /// A session is created.
    Create,
    /// The features of its stream come.
    Features,
    /// Somebody logs in, and a resource is bound.
    Login,
    /// A stanza is answered.
    Stanza,
}

impl FirstStep {
    /// What does not happen if it fails.
    fn missing(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Create, Transport::Bosh) => "it creates no session",
            (Self::Create, Transport::WebSocket) => "it opens no WebSocket",
            (Self::Create, Transport::Tcp) => "no connection can be made",
            (Self::Features, Transport::Bosh) => "its sessions get no stream features",
            (Self::Features, _) => "its streams get no features",
            (Self::Login, _) => "nobody can log in",
            (Self::Stanza, _) => "it answers no stanza",
        }
    }

    fn expected(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Create, Transport::Bosh) => "a <body/> with a `sid` (XEP-0124 §7.2)",
            (Self::Create, Transport::WebSocket) => {
                "HTTP 101 with `Sec-WebSocket-Protocol: xmpp` (RFC 7395 §3.1)"
            }
            (Self::Create, Transport::Tcp) => "a connection of TCP (RFC 6120 §3.2)",
            (Self::Features, Transport::Bosh) => "<stream:features/> (XEP-0206 §4)",
            (Self::Features, Transport::WebSocket) => "<open/> and features (RFC 7395 §3.3.3)",
            (Self::Features, Transport::Tcp) => {
                "a stream header and <stream:features/> (RFC 6120 §4.3.2)"
            }
            (Self::Login, Transport::Bosh) => {
                "a login and a bound resource (XEP-0206 §5, RFC 6120 §6 and §7)"
            }
            (Self::Login, _) => "a login and a bound resource (RFC 6120 §6 and §7)",
            (Self::Stanza, _) => "an answer to <iq type='get'/> (RFC 6120 §8.2.3)",
        }
    }
}

/// Why scenarios cannot be run against a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The first step that failed.
    pub step: FirstStep,
    /// Why, in a few words.
    pub why: String,
    transport: Transport,
    target: String,
    sent: Option<String>,
    received: String,
    /// The reason says more than what was received.
    explains: bool,
    meaning: Option<String>,
    remedies: Vec<String>,
    url: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot run scenarios against {}: {}",
            self.target,
            self.step.missing(self.transport)
        )?;
        let mut line = |label: &str, text: &str| write!(f, "\n    {label:<9} {text}");
        if let Some(sent) = &self.sent {
            line("sent", sent)?;
        }
        line("received", &self.received)?;
        line("expected", self.step.expected(self.transport))?;
        if self.explains {
            line("reason", &self.why)?;
        }
        if let Some(meaning) = &self.meaning {
            line("meaning", meaning)?;
        }
        for remedy in &self.remedies {
            line("try", remedy)?;
        }
        line("more", &format!("xmppscope doctor {}", redact::target(&self.url)))
    }
}

/// Why, over BOSH.
pub(super) fn unusable(run: &Run, login: &Login, why: String) -> Unusable {
    let target = run.target();
    let actor = run.cast.named(CLIENT);
    let book = actor.map(|actor| actor.link().book());
    let created = book.is_some_and(|book| book.sid().is_some());
    let step = match actor {
        Some(actor) if actor.jid().is_some() => FirstStep::Stanza,
        Some(actor) if actor.has_features() => FirstStep::Login,
        _ if created => FirstStep::Features,
        _ => FirstStep::Create,
    };
    let last = actor.and_then(|actor| actor.link().all_sent().last().copied());
    let got = last.and_then(|last| run.got(last));
    let body = got.as_ref().and_then(|got| judge::body(got));
    let events = run.wire().events();
    let mut facts = events.iter().rev().map(|event| &event.fact);
    let sent = facts.clone().find_map(|fact| match fact {
        Fact::Request(request) => Some(shown(&String::from_utf8_lossy(&request.content.bytes))),
        _ => None,
    });
    // As it is shown, without secrets.
    let response = got.as_ref().and_then(|_| {
        facts.find_map(
            |fact| if let Fact::Response(response) = fact { Some(response) } else { None },
        )
    });
    let received = match (response, last.and_then(|last| run.wire().progress(last).ended)) {
        (Some(response), _) => {
            let text = String::from_utf8_lossy(&response.content.bytes);
            let text =
                if body.is_some() { text.into_owned() } else { page_lines(&text).join(" / ") };
            format!("{} {}", response.status, shown(&text)).trim().to_owned()
        }
        (None, Some(_)) => "the connection was closed without a response".to_owned(),
        (None, None) => "no response".to_owned(),
    };
    let status = got.as_ref().map(|got| got.response.status);
    let condition = body.as_ref().and_then(|body| body.text("condition"));
    let condition: Option<Condition> = condition.and_then(|condition| condition.parse().ok());
    let location = got.as_ref().and_then(|got| got.response.headers.get("location"));
    let domain = run.domain_of(0);
    let remedies = match (against(condition, &domain), step) {
        (Some(remedies), _) => remedies,
        (None, FirstStep::Create) => creation(status, body.is_some(), location),
        (None, FirstStep::Features) => features(),
        (None, FirstStep::Login | FirstStep::Stanza) => logging_in(login, &domain),
    };
    let meaning = condition.map(|condition| format!("{condition}: {}", condition.explain()));
    let url = format!("{}{}", target.address, target.address.path);
    // The server may repeat a password anywhere.
    let known = Known::of(passwords(target));
    let hidden = |text: String| known.hide(&text).unwrap_or(text);
    let (why, received) = (hidden(why), hidden(received));
    let remedies = remedies.into_iter().map(hidden).collect();
    let explains = got.is_none() || matches!(step, FirstStep::Login | FirstStep::Stanza);
    let target = target.name.clone();
    let transport = Transport::Bosh;
    Unusable { step, why, transport, target, sent, received, explains, meaning, remedies, url }
}

/// Why, over WebSocket or TCP.
pub(super) fn unusable_stream(
    run: &Run,
    transport: Transport,
    login: &Login,
    why: String,
) -> Unusable {
    let target = run.target();
    let actor = run.cast.named(CLIENT);
    let stream = actor.and_then(Actor::stream);
    let handshake = stream.and_then(Stream::handshake).and_then(|sent| run.got(sent));
    let opened = match transport {
        Transport::WebSocket => handshake.as_ref().is_some_and(|got| got.response.status == 101),
        _ => {
            stream.and_then(Stream::conn).is_some_and(|conn| run.wire().connected(conn) == Ok(true))
        }
    };
    let step = match actor {
        Some(actor) if actor.jid().is_some() => FirstStep::Stanza,
        Some(actor) if actor.has_features() => FirstStep::Login,
        _ if opened => FirstStep::Features,
        _ => FirstStep::Create,
    };
    let events = run.wire().events();
    let last = |side| {
        let mut facts = events.iter().rev().map(|event| &event.fact);
        let said = facts.find(|fact| {
            matches!(fact, Fact::Frame(_) | Fact::Part(_)) && fact.from() == Some(side)
        });
        let content = said.and_then(Fact::content)?;
        Some(shown(&String::from_utf8_lossy(&content.bytes)))
    };
    let refused = handshake.as_ref().filter(|_| !opened).map(|got| &got.response);
    let received = match (refused, last(Side::Server)) {
        (Some(response), _) => {
            let page = String::from_utf8_lossy(&response.content.bytes).into_owned();
            format!("{} {}", response.status, shown(&page_lines(&page).join(" / ")))
                .trim()
                .to_owned()
        }
        (None, Some(text)) => text,
        (None, None) => "nothing".to_owned(),
    };
    let domain = run.domain_of(0);
    let status = refused.map(|response| response.status);
    let location = refused.and_then(|response| response.headers.get("location"));
    let remedies = match step {
        FirstStep::Create => opening(transport, status, location),
        FirstStep::Features => {
            vec![format!("another domain than {domain}: {DOMAIN}"), SERVER_LOG.to_owned()]
        }
        FirstStep::Login | FirstStep::Stanza => logging_in_on(login, &domain),
    };
    let known = Known::of(passwords(target));
    let hidden = |text: String| known.hide(&text).unwrap_or(text);
    let address = match transport {
        Transport::WebSocket => target.websocket.as_ref(),
        _ => target.tcp.as_ref().or(target.direct_tls.as_ref()),
    };
    let url = address.map_or_else(String::new, |address| match transport {
        Transport::WebSocket => {
            let scheme = if address.is_tls() { "wss" } else { "ws" };
            format!("{scheme}://{}{}", address.authority(), address.path)
        }
        _ => address.to_string(),
    });
    Unusable {
        step,
        why: hidden(why),
        transport,
        target: target.name.clone(),
        sent: last(Side::Client),
        received: hidden(received),
        explains: true,
        meaning: None,
        remedies: remedies.into_iter().map(hidden).collect(),
        url,
    }
}

/// A text on one line, of a length that is read.
fn shown(text: &str) -> String {
    let text = one_line(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.into_owned(),
    }
}
