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
pub(super) struct SocketUser {
    /// Where the WebSocket is.
    pub(super) address: SocketAddr,
    /// The domain of its account.
    pub(super) domain: &'static str,
    pub(super) login: Login,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) tell: Box<dyn Fn(News) + Send>,
}

impl SocketUser {
    /// Lives until the WebSocket is closed, or nobody gives orders any more.
    pub(super) async fn live(mut self) {
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
        Element::new(ns::FRAMING, "open").with_attr("to", self.domain).with_attr("version", "1.0")
    }
}
