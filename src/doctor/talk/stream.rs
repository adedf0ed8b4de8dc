//! A stream of ours over TCP (RFC 6120), secured by STARTTLS or with TLS from the first byte (XEP-0368).

use std::net::SocketAddr;
use std::time::Duration;

use super::features::{condition, text};
use super::http::PATIENCE;
use super::line::{self, Came, Line};
use crate::clock::Clock;
use crate::doctor::context::Context;
use crate::doctor::reach::{Place, Unmade};
use crate::doctor::trouble::{self, Kind};
use crate::trace::{Fact, Reading};
use crate::xml::{Element, write_attribute};
use crate::xmpp::ns;

/// A stream over TCP, as far as its features.
pub struct Stream {
    line: Line,
    header: String,
    clock: Clock,
}

/// Why there is no stream.
pub struct NoStream {
    /// Its cause.
    pub kind: &'static Kind,
    words: String,
}

impl NoStream {
    /// In words.
    pub fn words(&self) -> &str {
        &self.words
    }
}

fn none(kind: &'static Kind, words: impl Into<String>) -> NoStream {
    NoStream { kind, words: words.into() }
}

impl Stream {
    fn new(context: &Context, line: Line) -> Self {
        let mut header = String::from("<?xml version='1.0'?><stream:stream");
        for (name, value) in [
            ("xmlns", ns::CLIENT),
            ("xmlns:stream", ns::STREAMS),
            ("to", &context.settings.domain),
            ("version", "1.0"),
        ] {
            write_attribute(name, value, &mut header);
        }
        header.push('>');
        Self { line, header, clock: context.clock }
    }

    /// Sends an element.
    pub async fn send(&mut self, element: &Element) {
        self.line.write(text(element).as_bytes()).await;
    }

    /// Begins the stream, anew if there was one.
    pub async fn begin(&mut self) {
        let header = self.header.clone();
        self.line.write(header.as_bytes()).await;
    }

    /// The next element; none if none comes until then.
    pub async fn element(&mut self, until: Duration) -> Option<Element> {
        loop {
            match self.line.next(until).await? {
                Came { reading: Reading::Element(element), .. } => return Some(*element),
                Came { fact: Fact::Ended { .. } | Fact::Raw(_), .. } => return None,
                _ => {}
            }
        }
    }

    /// The next stream features, or why there are none.
    async fn features(&mut self) -> Result<Element, NoStream> {
        let until = self.clock.now() + PATIENCE;
        let mut begun = false;
        loop {
            let Some(came) = self.line.next(until).await else {
                return Err(if begun {
                    none(
                        &trouble::FEATURES_MISSING,
                        "the server opens the stream and sends no features",
                    )
                } else {
                    none(&trouble::NOT_XMPP, "nothing answers a stream header")
                });
            };
            match (came.fact, came.reading) {
                (_, Reading::Header(_)) => begun = true,
                (_, Reading::Element(element)) if element.is(ns::STREAMS, "features") => {
                    return Ok(*element);
                }
                (_, Reading::Element(element)) if element.is(ns::STREAMS, "error") => {
                    let condition = condition(&element).unwrap_or_default();
                    let kind = if condition.starts_with("host-unknown") {
                        &trouble::DOMAIN_UNKNOWN
                    } else {
                        &trouble::REFUSED
                    };
                    return Err(none(kind, format!("the server ends the stream: {condition}")));
                }
                (Fact::Raw(raw), _) => {
                    let why = raw.why.unwrap_or_else(|| "bytes that are not XMPP".to_owned());
                    return Err(none(&trouble::NOT_XMPP, why));
                }
                (Fact::Ended { how, .. }, _) => {
                    let words = format!("the connection is {} without an answer", how.past());
                    return Err(none(&trouble::NOT_XMPP, words));
                }
                _ => {}
            }
        }
    }

    /// Whether the connection is known to have ended.
    pub fn is_over(&self) -> bool {
        self.line.is_over()
    }

    /// The line below.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// The line below, once the stream is over.
    pub fn into_line(self) -> Line {
        self.line
    }
}

/// A stream that is as secure as the server allows, up to its features.
pub struct Opened {
    /// The stream.
    pub stream: Stream,
    /// Its features.
    pub features: Element,
}

/// Opens a stream, with STARTTLS if it is offered.
pub async fn open(context: &Context, place: &Place, at: SocketAddr) -> Result<Opened, NoStream> {
    let unmade = |unmade: Unmade| none(&trouble::UNREACHABLE, unmade.words());
    let line = line::open(context, &place.endpoint, at).await.map_err(unmade)?;
    let mut stream = Stream::new(context, line);
    stream.begin().await;
    let features = stream.features().await?;
    let is_offered = features.child(ns::TLS, "starttls").is_some();
    if place.endpoint.address.is_tls() || !is_offered {
        return Ok(Opened { stream, features });
    }
    stream.send(&Element::new(ns::TLS, "starttls")).await;
    let proceed = stream.element(context.clock.now() + PATIENCE).await;
    if !proceed.is_some_and(|element| element.is(ns::TLS, "proceed")) {
        return Err(none(
            &trouble::TLS_FAILED,
            "STARTTLS is offered, and refused when it is asked for",
        ));
    }
    let Stream { line, header, clock } = stream;
    let line = line.secure(context).await;
    let line = line.map_err(|unmade| none(&trouble::TLS_FAILED, unmade.words()))?;
    let mut stream = Stream { line, header, clock };
    stream.begin().await;
    let features = stream.features().await?;
    Ok(Opened { stream, features })
}
