//! What comes to a session that is carried without BOSH, and what it wants done.

use crate::cm::backend::{Command, Event, Link};
use crate::xml::Element;
use crate::xmpp::Header;

/// What comes to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The client opens its stream, or opens it anew.
    Header(Header),
    /// The same in a namespace that is not that of streams, or for stanzas that are not a client's.
    Misnamed(Header),
    /// The client sent an element.
    Element(Element),
    /// The client ended its stream.
    End,
    /// The client sent what no stream may have; this is the condition that fits.
    Wrong(&'static str),
    /// Something else came that shows that the client is there.
    Alive,
    /// TLS, for which [`Output::StartTls`] asked, is established.
    Secured,
    /// Something happened on its stream to the server.
    Server(Link, Event),
    /// More waits for the client than may: these stanzas, which will not be sent any more.
    Full(Vec<Element>),
    /// The connection is gone, or is about to go, and these stanzas were not sent.
    Gone(Vec<Element>),
    /// The server is about to stop.
    Shutdown,
    /// Time has passed.
    Wake,
}

/// What is to be sent to the client, or done with its connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// The server's stream header.
    Header(Header),
    /// An element.
    Element(Element),
    /// The end of the stream.
    End,
    /// Something that shows that the server is there, and asks whether the client is: a ping, or white space.
    Ping,
    /// TLS begins on the connection.
    StartTls,
    /// The connection ends; over WebSocket with this status.
    Close(u16),
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send this.
    Send(Output),
    /// Tell the server.
    Command(Link, Command),
}
