//! A scripted user over WebSocket: it logs in by itself; what comes is told as [`News`].

use std::io;
use std::net::SocketAddr;

use tokio::sync::mpsc;

use super::socket::Socket;
use super::user::{News, Order};
use crate::client::bosh::End;
use crate::client::{Login, Step};
use crate::xml::Element;
use crate::xmpp::ns;

/// A user at work.
pub struct SocketUser {
    /// Where the WebSocket is.
    address: SocketAddr,
    /// The domain of its account.
    domain: String,
    /// How it logs in.
    login: Login,
    /// What it is told to do.
    orders: mpsc::UnboundedReceiver<Order>,
    /// Who hears what happens.
    tell: Box<dyn Fn(News) + Send>,
    /// It has closed its stream.
    closing: bool,
}

impl SocketUser {
    /// A user that finds the server at `address`.
    pub fn new(
        address: SocketAddr,
        domain: String,
        login: Login,
        orders: mpsc::UnboundedReceiver<Order>,
        tell: Box<dyn Fn(News) + Send>,
    ) -> Self {
        Self { address, domain, login, orders, tell, closing: false }
    }
}

impl SocketUser {
    /// Lives until the WebSocket is closed, or nobody gives orders any more.
    pub async fn live(mut self) {
        let end = match self.converse().await {
            Ok(()) => End::Closed,
            Err(error) => End::Failed(error.to_string()),
        };
        (self.tell)(News::Over(end));
    }

    async fn converse(&mut self) -> io::Result<()> {
        let mut socket = Socket::open(self.address).await?;
        socket.send(&self.open()).await?;
        loop {
            tokio::select! {
                order = self.orders.recv() => match order {
                    None | Some(Order::Lose(_)) => return Ok(()),
                    Some(Order::Send(element)) => socket.send(&element).await?,
                    Some(Order::Leave(element)) => {
                        socket.send(&element).await?;
                        self.closing = true;
                        socket.send(&Element::new(ns::FRAMING, "close")).await?;
                    }
                },
                elements = socket.receive() => match elements? {
                    None => return Ok(()),
                    Some(elements) => {
                        for element in elements {
                            self.take(&mut socket, element).await?;
                        }
                    }
                },
            }
        }
    }

    async fn take(&mut self, socket: &mut Socket, element: Element) -> io::Result<()> {
        if element.is(ns::FRAMING, "close") {
            // The server's own end of the stream, or its answer to this one's.
            if self.closing {
                return socket.close().await;
            }
            self.closing = true;
            return socket.send(&Element::new(ns::FRAMING, "close")).await;
        }
        match self.login.take(&element) {
            Step::Wait => {}
            Step::Send(element) => socket.send(&element).await?,
            Step::Restart => socket.send(&self.open()).await?,
            Step::Done(jid) => {
                (self.tell)(News::In(jid));
                socket.send(&Element::new(ns::CLIENT, "presence")).await?;
            }
            Step::Failed(words) => (self.tell)(News::Failed(words)),
        }
        (self.tell)(News::Got { element, request: None });
        Ok(())
    }

    fn open(&self) -> Element {
        Element::new(ns::FRAMING, "open").with_attr("to", &self.domain).with_attr("version", "1.0")
    }
}
