//! A scripted user over WebSocket or TCP: it logs in by itself; what comes is told as [`News`].

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;

use super::came::Came;
use super::habit::Habit;
use super::line::Line;
use super::user::{News, Order};
use super::way::Way;
use crate::client::bosh::End;
use crate::client::{Login, Managed, Management, Step};
use crate::scenario::Transport;
use crate::xml::Element;
use crate::xmpp::ns;

/// It connects again so often when its stream can be resumed, and waits so long before.
const AGAIN: usize = 20;
const PAUSE: Duration = Duration::from_millis(200);
/// One that says something of itself does so this often.
const OFTEN: Duration = Duration::from_millis(300);

/// A user at work.
#[allow(clippy::struct_excessive_bools)] // each is a mistake that it can make, or a thing that happened
pub struct SocketUser {
    way: Way,
    /// The domain of its account.
    domain: String,
    carrier: Transport,
    /// How it logs in.
    login: Login,
    /// How it logs in again, if it comes back when its connection is lost: its stream is managed then.
    logins: Option<Box<dyn FnMut() -> Login + Send>>,
    management: Management,
    /// The features that came after the login, while it is asked whether the stream is resumed.
    features: Option<Element>,
    habit: Option<Habit>,
    /// What it is told to do.
    orders: mpsc::UnboundedReceiver<Order>,
    /// Who hears what happens.
    tell: Box<dyn Fn(News) + Send>,
    /// It has closed its stream.
    closing: bool,
    /// The server has authenticated it on this connection.
    authenticated: bool,
    /// It has a resource.
    bound: bool,
    /// An error has ended the stream, which it does not care about.
    ended: bool,
}

impl SocketUser {
    /// A user that finds the server on this way, with a WebSocket, and ends with its connection.
    pub fn new(
        way: impl Into<Way>,
        domain: String,
        login: Login,
        orders: mpsc::UnboundedReceiver<Order>,
        tell: Box<dyn Fn(News) + Send>,
    ) -> Self {
        Self {
            way: way.into(),
            domain,
            carrier: Transport::WebSocket,
            login,
            logins: None,
            management: Management::default(),
            features: None,
            habit: None,
            orders,
            tell,
            closing: false,
            authenticated: false,
            bound: false,
            ended: false,
        }
    }

    /// One over this carrier that has its stream managed, and resumes it when its connection is lost.
    pub(super) fn resuming(
        self,
        carrier: Transport,
        logins: Box<dyn FnMut() -> Login + Send>,
        habit: Option<Habit>,
    ) -> Self {
        Self { carrier, logins: Some(logins), habit, ..self }
    }

    /// Lives until its stream has ended, its connection is lost for good, or nobody gives orders any more.
    pub async fn live(mut self) {
        let mut left = AGAIN;
        let end = loop {
            match self.converse().await {
                Ok(()) => break End::Closed,
                Err(error) if left == 0 || self.closing => break End::Failed(error.to_string()),
                Err(error) => {
                    let resumes = self.management.resume().is_some();
                    let Some(logins) = self.logins.as_mut().filter(|_| resumes) else {
                        break End::Failed(error.to_string());
                    };
                    self.login = logins();
                    left -= 1;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        (self.tell)(News::Over(end));
    }

    async fn converse(&mut self) -> io::Result<()> {
        (self.authenticated, self.bound) = (false, false);
        let mut line = Line::open(self.carrier, &self.way, self.habit).await?;
        line.begin(&self.domain).await?;
        if self.habit == Some(Habit::Eager) {
            line.send(&presence()).await?;
        }
        let mut own = tokio::time::interval(OFTEN);
        loop {
            tokio::select! {
                order = self.orders.recv(), if self.is_ready() => match order {
                    None | Some(Order::Lose(_)) => return Ok(()),
                    Some(Order::Send(element)) => self.send(&mut line, &element).await?,
                    Some(Order::Leave(element)) => {
                        self.send(&mut line, &element).await?;
                        self.end(&mut line).await?;
                        if self.habit == Some(Habit::Abrupt) {
                            return Ok(());
                        }
                    }
                },
                came = line.receive() => match came? {
                    None if self.closing || self.logins.is_none() => return Ok(()),
                    None => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Some(came) => self.take_all(&mut line, came).await?,
                },
                _ = own.tick() => match self.habit {
                    Some(Habit::Spaces) => line.space().await?,
                    Some(Habit::Persistent) if self.ended => line.send(&presence()).await?,
                    _ => {}
                },
            }
        }
    }

    /// Whether it can do what it is told.
    fn is_ready(&self) -> bool {
        self.bound || self.logins.is_none()
    }

    async fn send(&mut self, line: &mut Line, element: &Element) -> io::Result<()> {
        let counts = self.management.sends(element);
        line.send(element).await?;
        if counts && element.name() == "message" {
            line.send(&Element::new(ns::SM3, "r")).await?;
        }
        Ok(())
    }

    async fn end(&mut self, line: &mut Line) -> io::Result<()> {
        self.closing = true;
        line.end().await
    }

    async fn take_all(&mut self, line: &mut Line, came: Vec<Came>) -> io::Result<()> {
        let mut came = came.into_iter();
        while let Some(one) = came.next() {
            let proceeds = matches!(&one, Came::Element(it) if it.is(ns::TLS, "proceed"));
            self.take(line, one).await?;
            // What came behind it was not protected (RFC 6120 §5.4.3.3).
            if proceeds && came.len() > 0 && self.habit != Some(Habit::Gullible) {
                return Err(io::Error::other("something came in the clear where TLS begins"));
            }
        }
        Ok(())
    }

    async fn take(&mut self, line: &mut Line, came: Came) -> io::Result<()> {
        let element = match came {
            // The server's own end of the stream, or its answer to this one's.
            Came::End if self.closing => return line.close().await,
            Came::End if self.ended => return Ok(()),
            Came::End => {
                self.end(line).await?;
                return match self.carrier {
                    Transport::Tcp => line.close().await,
                    _ => Ok(()),
                };
            }
            Came::Element(element) => element,
        };
        if element.is(ns::STREAMS, "error") && self.habit == Some(Habit::Persistent) {
            self.ended = true;
            return Ok(());
        }
        if self.habit == Some(Habit::Tls) && element.child(ns::TLS, "starttls").is_some() {
            return line.send(&Element::new(ns::TLS, "starttls")).await;
        }
        if self.way.starts_tls() && self.start_tls(line, &element).await? {
            return Ok(());
        }
        if self.logins.is_some() && self.manage(line, &element).await? {
            return Ok(());
        }
        self.log_in(line, &element).await?;
        (self.tell)(News::Got { element, request: None });
        Ok(())
    }

    /// Whether an element is about the beginning of TLS (RFC 6120 §5.4).
    async fn start_tls(&mut self, line: &mut Line, element: &Element) -> io::Result<bool> {
        match (element.namespace(), element.name(), self.habit) {
            (ns::STREAMS, "features", habit) => {
                if element.child(ns::TLS, "starttls").is_none() {
                    return Ok(false);
                }
                if habit == Some(Habit::Bare) {
                    self.log_in(line, &plain()).await?;
                    return Ok(true);
                }
                line.send(&Element::new(ns::TLS, "starttls")).await?;
                if habit == Some(Habit::Hasty) {
                    line.send(&presence()).await?;
                }
            }
            (ns::TLS, "proceed", habit) => {
                line.secure(&self.way).await?;
                match habit {
                    Some(Habit::Unbroken) => self.log_in(line, &plain()).await?,
                    _ => line.begin(&self.domain).await?,
                }
            }
            (ns::TLS, "failure", Some(Habit::Stubborn)) => self.log_in(line, &plain()).await?,
            (ns::TLS, "failure", _) => return Err(io::Error::other("the server refused TLS")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether an element is about the management of the stream.
    async fn manage(&mut self, line: &mut Line, element: &Element) -> io::Result<bool> {
        if self.authenticated && !self.bound && element.is(ns::STREAMS, "features") {
            if let Some(resume) = self.management.resume() {
                self.features = Some(element.clone());
                line.send(&resume).await?;
                return Ok(true);
            }
            self.features = Management::is_offered(element).then(|| element.clone());
            return Ok(false);
        }
        match self.management.take(element) {
            Managed::Other => return Ok(false),
            Managed::Done => {}
            Managed::Answer(answer) => line.send(&answer).await?,
            Managed::Resumed(again) => {
                self.bound = true;
                for stanza in again {
                    line.send(&stanza).await?;
                }
            }
            Managed::Refused => {
                if let Some(features) = self.features.clone() {
                    self.log_in(line, &features).await?;
                }
            }
            Managed::Impossible(error) => {
                line.send(&error).await?;
                self.end(line).await?;
            }
        }
        Ok(true)
    }

    async fn log_in(&mut self, line: &mut Line, element: &Element) -> io::Result<()> {
        match self.login.take(element) {
            Step::Wait => {}
            Step::Send(element) => line.send(&element).await?,
            Step::Restart => {
                self.authenticated = true;
                line.begin(&self.domain).await?;
            }
            Step::Done(jid) => {
                self.bound = true;
                (self.tell)(News::In(jid));
                let lost = self.management.lost();
                if self.features.take().is_some() {
                    let enable = self.management.enable();
                    line.send(&enable).await?;
                }
                for stanza in std::iter::once(presence()).chain(lost) {
                    self.send(line, &stanza).await?;
                }
            }
            Step::Failed(words) => (self.tell)(News::Failed(words)),
        }
        Ok(())
    }
}

fn presence() -> Element {
    Element::new(ns::CLIENT, "presence")
}

/// Features with which a password can be sent as it is.
fn plain() -> Element {
    let mechanism = Element::new(ns::SASL, "mechanism").with_text("PLAIN");
    let mechanisms = Element::new(ns::SASL, "mechanisms").with_child(mechanism);
    Element::new(ns::STREAMS, "features").with_child(mechanisms)
}
