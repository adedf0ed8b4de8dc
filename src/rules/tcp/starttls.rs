//! STARTTLS: offered, asked for, granted, and nothing in between (RFC 6120 §5).

use std::time::Duration;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerLine;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::stream::line::{LinePart, LineView};
use crate::rules::words::short;
use crate::trace::{Fact, Reading, TcpLink};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{begins_login, ns};

/// Judges the negotiation of TLS.
#[derive(Debug, Default)]
pub struct StartTls {
    lines: PerLine<State>,
}

#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a thing that happened or not
struct State {
    /// Features came, and whether they offered TLS and required it.
    offer: Option<Offer>,
    asked: Option<Duration>,
    proceeded: Option<Duration>,
    /// A header came after that, so TLS is there, and the trace shows what is in it.
    inside: bool,
    /// Something passed unseen.
    blind: bool,
    told: bool,
    told_offer: bool,
}

#[derive(Debug, Clone, Copy)]
struct Offer {
    tls: bool,
    required: bool,
}

impl Rule for StartTls {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        // It is to be forgotten also if its stream goes on elsewhere.
        if let Fact::Closed { .. } = moment.event.fact {
            self.lines.take(moment.event.conn);
            return;
        }
        let Some(view) = moment.line() else { return };
        let Some(tcp) = view.session.tcp() else { return };
        let state = self.lines.of(view.line.conn);
        match view.part {
            LinePart::Lost => state.blind = true,
            LinePart::Message(message) => match &message.reading {
                Reading::Header(_) => state.inside |= state.proceeded.is_some(),
                Reading::Element(element) if !state.blind => {
                    state.element(message.from, element, &view, tcp, found);
                }
                _ => {}
            },
            _ => {}
        }
    }
}

impl State {
    fn element(
        &mut self,
        from: Side,
        element: &Element,
        view: &LineView<'_>,
        tcp: &TcpLink,
        found: &mut Findings,
    ) {
        if self.inside || tcp.secured.is_some() {
            if element.is(ns::STREAMS, "features") {
                self.offered_inside(element, found);
            }
            return;
        }
        match (from, element.namespace(), element.name()) {
            (Side::Server, ns::STREAMS, "features") => self.features(element, view, found),
            (Side::Client, ns::TLS, "starttls") => self.ask(view, found),
            (Side::Server, ns::TLS, "proceed") => {
                if self.asked.is_none() && self.offer.is_some() {
                    let words =
                        "The server sends <proceed/>, but the client has not asked for TLS."
                            .to_owned();
                    self.disorder(Party::Server, words, found);
                }
                self.proceeded = Some(view.at);
            }
            (Side::Server, ns::TLS, "failure") => {
                self.asked = None;
                let words = "The server refuses TLS, which it had offered, and ends the stream. \
                     Usually its certificate or key cannot be read: its log says more.";
                found.add(&kinds::STARTTLS_FAILED, None, Level::Error, Party::Server, words);
            }
            (_, ns::STREAMS, "error") => self.asked = None,
            _ => self.other(from, element, view, found),
        }
    }

    /// Features before TLS.
    fn features(&mut self, features: &Element, view: &LineView<'_>, found: &mut Findings) {
        let starttls = features.child(ns::TLS, "starttls");
        let required = starttls.is_some_and(|it| it.child(ns::TLS, "required").is_some());
        let offer = Offer { tls: starttls.is_some(), required };
        // Only the first features can tell: later ones may come after a login.
        if self.offer.is_none() && !view.session.stream.authenticated && !self.told_offer {
            let login =
                features.children().any(|it| matches!(it.namespace(), ns::SASL | ns::SASL2));
            if !offer.tls && login && view.opened(Side::Client) {
                self.told_offer = true;
                let words = "The server offers no STARTTLS here: unless TLS ended before this \
                     point, the login and all that follows can be read by anyone on the path.";
                let id = "tcp-starttls-offered";
                found.add(&kinds::STARTTLS_OFFER, id, Level::Note, Party::Server, words);
            } else if offer.required && login {
                self.told_offer = true;
                let words = "The server requires STARTTLS, but offers a login beside it. Before \
                     TLS, nothing else should be offered: a client may send its password in the \
                     clear.";
                let id = "tcp-starttls-offered";
                found.add(&kinds::STARTTLS_OFFER, id, Level::Note, Party::Server, words);
            }
        }
        self.offer = Some(offer);
    }

    fn ask(&mut self, view: &LineView<'_>, found: &mut Findings) {
        if self.offer.is_some_and(|offer| !offer.tls) {
            let words = "The client asks for STARTTLS, which the server does not offer.".to_owned();
            self.disorder(Party::Client, words, found);
        }
        self.asked = Some(view.at);
    }

    /// Something else than TLS.
    fn other(&mut self, from: Side, element: &Element, view: &LineView<'_>, found: &mut Findings) {
        let party = Party::from(from);
        let name = short(element.name());
        match (self.asked, self.proceeded) {
            (_, Some(since)) => {
                let who = if from == Side::Client { "The client" } else { "The server" };
                let words = format!(
                    "{who} sends <{name}/> in the clear {} after <proceed/>, where only the TLS \
                     handshake may come.",
                    words(view.at.saturating_sub(since))
                );
                self.disorder(party, words, found);
            }
            (Some(_), None) => {
                let words = match from {
                    Side::Client => format!(
                        "The client sends <{name}/> between <starttls/> and <proceed/>. It has to \
                         wait: what it sends in the clear is discarded, or breaks the handshake."
                    ),
                    Side::Server => format!(
                        "The server answers <starttls/> with <{name}/>, not with <proceed/> or \
                         <failure/>."
                    ),
                };
                self.disorder(party, words, found);
            }
            (None, None) => {
                let logs_in = from == Side::Client && begins_login(element) && !self.told;
                let Some(offer) = self.offer.filter(|offer| logs_in && offer.tls) else { return };
                self.told = true;
                let (words, id, level) = if offer.required {
                    let words = "The client begins to log in without TLS, though the server \
                         requires STARTTLS first: expect a refusal; the password may have been \
                         sent in the clear.";
                    (words, "tcp-starttls-mandatory", Level::Error)
                } else {
                    let words = "The client logs in without the TLS that the server offers: the \
                         login and all that follows can be read by anyone on the path.";
                    (words, "tcp-tls-before-sasl", Level::Note)
                };
                found.add(&kinds::STARTTLS_SKIPPED, id, level, Party::Client, words);
            }
        }
    }

    fn offered_inside(&mut self, features: &Element, found: &mut Findings) {
        if self.told || features.child(ns::TLS, "starttls").is_none() {
            return;
        }
        let words = "The server offers STARTTLS within TLS. A client that follows the offer asks \
             for TLS a second time, and fails.";
        // Without `<proceed/>`, TLS was there from the first byte.
        let direct = self.proceeded.is_none();
        let id = if direct { "dtls-no-starttls" } else { "tcp-starttls-proceed" };
        self.disorder_of(id, Party::Server, words.to_owned(), found);
    }

    fn disorder(&mut self, party: Party, words: String, found: &mut Findings) {
        self.disorder_of("tcp-starttls-proceed", party, words, found);
    }

    fn disorder_of(&mut self, id: &'static str, party: Party, words: String, found: &mut Findings) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        found.add(&kinds::STARTTLS_ORDER, id, Level::Error, party, words);
    }
}

#[cfg(test)]
#[path = "starttls_tests.rs"]
mod tests;
