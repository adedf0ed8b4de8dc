//! Steps on streams that are carried without BOSH.

use super::scope::{Checker, SessionFacts};
use super::steps::client;
use crate::scenario::model::{
    Attribute, Ended, Frame, Handshake, Manage, Receive, Reference, Secured, StepKind, Tag,
    TlsVersion, Transport, ValueMatch,
};
use crate::scenario::source::Located;
use crate::wire::presented::{Flaw, VALID};

impl Checker {
    /// A step on a stream.
    pub(super) fn stream_step(&mut self, kind: &StepKind) {
        match kind {
            StepKind::Authenticate(actor) => {
                self.on_stream(actor);
                self.login(actor);
            }
            StepKind::StartTls(actor) => self.over_tcp(actor),
            StepKind::Secured(secured) => self.secured(secured),
            StepKind::Enable(manage) => self.manage(manage),
            StepKind::Resume(manage) => {
                self.login(&manage.actor);
                self.manage(manage);
            }
            StepKind::Handshake(handshake) => self.handshake(handshake),
            StepKind::Open(tag) => {
                self.tag(tag);
                self.opens(&tag.actor);
            }
            StepKind::Close(tag) if self.scope.connections.contains(&tag.actor.name.value) => {
                let name = &tag.actor.name;
                let message =
                    format!("`{}` is a connection, and `close` closes a stream", name.value);
                self.wrong_with_help(&name.place, message, "`disconnect` ends a connection");
            }
            StepKind::Close(tag) => self.tag(tag),
            StepKind::Frame(frame) => self.frame(frame),
            StepKind::Receive(receive) => self.receive(receive),
            StepKind::Ended(ended) => self.end(ended),
            _ => {}
        }
    }

    /// A step is about a stream by itself.
    fn on_stream(&mut self, reference: &Reference) {
        self.carried(reference, |transport| transport != Transport::Bosh, "WebSocket or TCP");
    }

    /// A step is about requests of HTTP.
    pub(super) fn over_bosh(&mut self, reference: &Reference) {
        let facts = self.scope.actors.get(&reference.name.value);
        if let Some(transport) = facts.and_then(|facts| facts.transport)
            && transport != Transport::Bosh
        {
            self.wrong_carrier(reference, "BOSH");
        }
    }

    /// A step is about a WebSocket.
    fn on_websocket(&mut self, reference: &Reference) {
        self.carried(reference, |transport| transport == Transport::WebSocket, "WebSocket");
    }

    /// A step is about a connection of TCP.
    fn over_tcp(&mut self, reference: &Reference) {
        self.carried(reference, |transport| transport == Transport::Tcp, "TCP");
    }

    fn secured(&mut self, secured: &Secured) {
        self.over_tcp(&secured.actor);
        let Secured { version, alpn, certificate, .. } = secured;
        for value in [version, alpn, certificate].into_iter().flatten() {
            self.value(value);
        }
        let versions = TlsVersion::ALL.map(|(word, _)| word);
        self.one_of("a version of TLS", version.as_ref(), |it| versions.contains(&it), &versions);
        let flaws = Flaw::ALL.map(|(word, _)| word);
        let known = |it: &str| it == VALID || it.split(' ').all(|word| flaws.contains(&word));
        self.one_of(
            "said of a certificate",
            certificate.as_ref(),
            known,
            &[&[VALID], &flaws[..]].concat(),
        );
    }

    /// What a value is compared with is one of the words that it can be.
    fn one_of(
        &mut self,
        what: &str,
        value: Option<&ValueMatch>,
        known: impl Fn(&str) -> bool,
        words: &[&str],
    ) {
        let Some(value) = value else { return };
        for text in value.equals.iter().chain(&value.not).chain(&value.one_of) {
            if let Some(plain) = text.value.as_plain().filter(|plain| !known(plain)) {
                let message = format!("`{plain}` is never {what}");
                self.wrong_with_help(
                    &text.place,
                    message,
                    format!("expected {}", words.join(", ")),
                );
            }
        }
    }

    fn carried(&mut self, reference: &Reference, fits: fn(Transport) -> bool, by: &str) {
        let Some(facts) = self.actor(reference) else { return };
        // What is swept is known only when it runs.
        let Some(transport) = facts.transport else { return };
        if facts.session == SessionFacts::None || !fits(transport) {
            self.wrong_carrier(reference, by);
        }
    }

    fn wrong_carrier(&mut self, reference: &Reference, by: &str) {
        let name = &reference.name;
        let message = format!("the session of `{}` is not carried by {by}", name.value);
        let help = "`transport` in the session of the actor says what carries it";
        let help = if by == "BOSH" { "use `send`, `open`, `frame` or `raw`" } else { help };
        self.wrong_with_help(&name.place, message, help);
    }

    fn handshake(&mut self, handshake: &Handshake) {
        let client = client(&handshake.name.place);
        self.on_websocket(handshake.by.as_ref().unwrap_or(&client));
        let headers = handshake.headers.iter().filter_map(|header| header.value.as_ref());
        self.templates(
            headers.chain(&handshake.method).chain(&handshake.path).chain(&handshake.url),
        );
        self.send(&handshake.name);
    }

    fn tag(&mut self, tag: &Tag) {
        self.asked_with(&tag.actor, &tag.attributes, tag.name.as_ref());
    }

    fn manage(&mut self, manage: &Manage) {
        self.asked_with(&manage.actor, &manage.attributes, manage.name.as_ref());
        self.captures(&manage.capture);
    }

    /// An element that is sent on a stream by itself.
    fn asked_with(
        &mut self,
        actor: &Reference,
        attributes: &[Attribute],
        name: Option<&Located<String>>,
    ) {
        self.on_stream(actor);
        self.templates(attributes.iter().filter_map(|attribute| attribute.value.as_ref()));
        self.moment_named(name);
    }

    /// A stream of an actor is open from here on.
    fn opens(&mut self, actor: &Reference) {
        if let Some(facts) = self.scope.actors.get_mut(&actor.name.value)
            && facts.session == SessionFacts::Closed
        {
            facts.session = SessionFacts::Open;
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.on_websocket(&frame.actor);
        if let Some(payload) = &frame.payload {
            self.bytes(payload);
        }
        for count in [&frame.status, &frame.reserved, &frame.length].into_iter().flatten() {
            self.count(count);
        }
        self.opens(&frame.actor);
        self.moment_named(frame.name.as_ref());
    }

    fn receive(&mut self, receive: &Receive) {
        self.on_websocket(&receive.actor);
        let Receive { text, status, frames, .. } = receive;
        for value in [text, status, frames].into_iter().flatten() {
            self.value(value);
        }
        if let Some(payload) = &receive.payload {
            self.bytes(payload);
        }
        if let Some(since) = &receive.since {
            self.moment(since);
        }
        let Receive { within, not_before, none_for, .. } = receive;
        self.times(within.iter().chain(not_before).chain(none_for));
    }

    fn end(&mut self, ended: &Ended) {
        self.on_stream(&ended.actor);
        if ended.close_notify.is_some() {
            self.over_tcp(&ended.actor);
        }
        if let Some(since) = &ended.since {
            self.moment(since);
        }
        self.times(ended.within.iter().chain(&ended.not_before));
        if let Some(status) = &ended.status {
            self.value(status);
        }
    }
}
