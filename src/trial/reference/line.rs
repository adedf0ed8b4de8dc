//! What carries a stream: a WebSocket or TCP.

use std::io;

use super::came::Came;
use super::habit::Habit;
use super::socket::Socket;
use super::tcp::Tcp;
use super::way::Way;
use crate::scenario::Transport;
use crate::xml::Element;
use crate::xmpp::ns;

/// A connection that carries a stream.
pub(super) enum Line {
    WebSocket(Socket),
    Tcp(Tcp),
}

impl Line {
    /// Connects.
    pub(super) async fn open(
        carrier: Transport,
        way: &Way,
        habit: Option<Habit>,
    ) -> io::Result<Self> {
        Ok(match carrier {
            Transport::Tcp => Self::Tcp(Tcp::open(way).await?),
            _ => Self::WebSocket(Socket::open(way, habit).await?),
        })
    }

    /// Begins TLS, if it is there to begin by STARTTLS.
    pub(super) async fn secure(&mut self, way: &Way) -> io::Result<()> {
        match self {
            Self::WebSocket(_) => Ok(()),
            Self::Tcp(tcp) => tcp.secure(way).await,
        }
    }

    /// Opens the stream, or opens it anew.
    pub(super) async fn begin(&mut self, domain: &str) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => {
                let open = Element::new(ns::FRAMING, "open");
                socket.send(&open.with_attr("to", domain).with_attr("version", "1.0")).await
            }
            Self::Tcp(tcp) => tcp.begin(domain).await,
        }
    }

    pub(super) async fn send(&mut self, element: &Element) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.send(element).await,
            Self::Tcp(tcp) => tcp.send(element).await,
        }
    }

    /// Ends the stream. The connection stays open.
    pub(super) async fn end(&mut self) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.send(&Element::new(ns::FRAMING, "close")).await,
            Self::Tcp(tcp) => tcp.say("</stream:stream>").await,
        }
    }

    /// Sends white space.
    pub(super) async fn space(&mut self) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.say(" ").await,
            Self::Tcp(tcp) => tcp.say(" ").await,
        }
    }

    /// Begins to end the connection.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.close().await,
            Self::Tcp(tcp) => tcp.shut().await,
        }
    }

    /// What came; none when the connection is closed. Can be given up at any time.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Vec<Came>>> {
        match self {
            Self::WebSocket(socket) => Ok(socket.receive().await?.map(|elements| {
                let came = |element: Element| {
                    if element.is(ns::FRAMING, "close") {
                        Came::End
                    } else {
                        Came::Element(element)
                    }
                };
                elements.into_iter().map(came).collect()
            })),
            Self::Tcp(tcp) => tcp.receive().await,
        }
    }
}
