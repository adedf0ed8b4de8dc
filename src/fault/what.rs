//! What goes wrong.

use std::time::Duration;

use crate::trace::{Effect, Fact, Reading, Request, Response};
use crate::wire::Side;
use crate::wire::stream::Kind;
use crate::wire::tap::How;
use crate::wire::websocket::Opcode;

/// What is done to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// It is not passed on.
    Drop,
    /// It is passed on later, and whatever comes behind it on its connection waits.
    Delay { least: Duration, most: Duration },
    /// It is passed on later, and what comes behind it is not held up.
    Hold(Duration),
    /// The next message of its session and direction is passed on first.
    Swap,
    /// It comes twice.
    Duplicate,
    /// The connection ends within it.
    Cut { how: How, at: usize },
    /// Its content ends early, as if that were all.
    Truncate(usize),
    /// A response of HTTP in the server's place.
    Answer(Answer),
    /// The session is ended in the server's place, with this condition.
    Terminate(String),
    /// The session is ended in the server's place, which is said to be elsewhere.
    SeeOther(String),
    /// A Close frame in the server's place.
    Close { status: u16, reason: String },
    /// Header lines are taken out.
    Strip(Strip),
    /// The header that lets a page read the response comes twice.
    DoubleCors,
    /// A byte of its content becomes one that no text has.
    Garble(Option<usize>),
    /// An attribute of its outermost element gets this value.
    Set { name: String, value: String },
    /// An attribute of its outermost element is taken out.
    Remove(String),
    /// It is passed on with so many bytes a second.
    Slow(u64),
    /// Nothing more is passed on in its direction on its connection, at least for this long.
    Stall(Option<Duration>),
}

/// A response in the server's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) page: Page,
    /// Where a redirect leads.
    pub(super) to: Option<String>,
    /// How long it takes.
    pub(super) after: Duration,
    /// A page of another origin may read it.
    pub(super) cors: bool,
}

/// Whose page it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Page {
    Nginx,
    Apache,
    HaProxy,
    Html,
    Empty,
    Text(String),
}

/// Header lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Strip {
    Cors,
    Subprotocol,
    Upgrade,
    /// Frames, not header lines: they are dropped.
    Pings,
    Header(String),
}

/// How header lines begin by which a response may be read by a page of another origin.
const CORS: &str = "access-control-";

impl Strip {
    /// Whether a header line with this name is one of these.
    pub(super) fn takes(&self, name: &str) -> bool {
        match self {
            Self::Cors => {
                name.get(..CORS.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(CORS))
            }
            Self::Subprotocol => name.eq_ignore_ascii_case("sec-websocket-protocol"),
            Self::Upgrade => {
                name.eq_ignore_ascii_case("upgrade") || name.eq_ignore_ascii_case("connection")
            }
            Self::Pings => false,
            Self::Header(header) => name.eq_ignore_ascii_case(header),
        }
    }
}

impl What {
    /// Whether this can be done to a message.
    pub(super) fn fits(&self, fact: &Fact, effect: &Effect) -> bool {
        if matches!(fact, Fact::Response(Response { status: 100 | 102..=199, .. })) {
            return false;
        }
        match self {
            Self::Drop
            | Self::Delay { .. }
            | Self::Hold(_)
            | Self::Swap
            | Self::Duplicate
            | Self::Cut { .. }
            | Self::Slow(_)
            | Self::Stall(_) => true,
            Self::Truncate(_) | Self::Garble(_) => has_content(fact),
            Self::Answer(_) => matches!(fact, Fact::Request(_) | Fact::Response(_)),
            Self::Terminate(_) | Self::SeeOther(_) => match fact {
                Fact::Request(_) | Fact::Response(_) => {
                    effect.message.as_ref().is_some_and(|message| message.bosh().is_some())
                }
                _ => has_content(fact),
            },
            Self::Close { .. } => matches!(fact, Fact::Frame(_)),
            Self::Strip(Strip::Pings) => {
                matches!(fact, Fact::Frame(frame) if Opcode(frame.opcode) == Opcode::PING)
            }
            Self::Strip(Strip::Upgrade) => {
                has_header(fact, |name| name.eq_ignore_ascii_case("upgrade"))
            }
            Self::Strip(strip) => has_header(fact, |name| strip.takes(name)),
            Self::DoubleCors => has_header(fact, |name| name.eq_ignore_ascii_case(ORIGIN)),
            Self::Set { .. } => root(effect).is_some(),
            Self::Remove(name) => {
                let local = name.rsplit(':').next().unwrap_or(name);
                root(effect).is_some_and(|mut names| names.any(|other| other == local))
            }
        }
    }

    /// Whose messages it is for, where nothing else says that.
    pub(super) fn side(&self) -> Option<Side> {
        matches!(self, Self::DoubleCors | Self::Strip(Strip::Cors)).then_some(Side::Server)
    }
}

/// The header by which a response says which page may read it.
pub(super) const ORIGIN: &str = "access-control-allow-origin";

fn has_header(fact: &Fact, is_it: impl Fn(&str) -> bool) -> bool {
    let (Fact::Request(Request { headers, .. }) | Fact::Response(Response { headers, .. })) = fact
    else {
        return false;
    };
    headers.iter().any(|(name, _)| is_it(name))
}

fn has_content(fact: &Fact) -> bool {
    let is_message = match fact {
        Fact::Request(_) | Fact::Response(_) => true,
        Fact::Frame(frame) => !Opcode(frame.opcode).is_control(),
        Fact::Part(part) => part.kind == Kind::Element,
        _ => false,
    };
    is_message && fact.content().is_some_and(|content| content.size > 0)
}

/// The local names of the attributes of the outermost element.
fn root(effect: &Effect) -> Option<impl Iterator<Item = &str>> {
    let element = match &effect.message.as_ref()?.reading {
        Reading::Body(body) => body.element(),
        Reading::Element(element) | Reading::Header(element) => element,
        _ => return None,
    };
    Some(element.attributes().map(|(_, name, _)| name))
}
