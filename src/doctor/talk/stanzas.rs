//! A stream of elements with the server, whatever carries it: what a login needs.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::features::text;
use super::http::{Http, Request, What};
use super::line::Line;
use super::stream::{self, Stream};
use super::websocket::{self, WebSocket};
use crate::client::bosh::{Action, End, Session, Terms, first_rid};
use crate::doctor::context::Context;
use crate::doctor::endpoint::{Carrier, Endpoint};
use crate::doctor::reach::Place;
use crate::xml::Element;
use crate::xmpp::ns;

/// A request that is held may take so long beyond its `wait`.
const SLACK: Duration = Duration::from_secs(10);
/// What a session asks for: it lives for seconds.
const WAIT: u64 = 10;

/// A stream with the server.
pub struct Talk {
    context: Arc<Context>,
    link: Link,
    /// What came and was not taken.
    inbox: VecDeque<Element>,
    /// Why a password is not sent: nothing more is then sent or received.
    exposed: Option<&'static str>,
}

enum Link {
    Bosh(Box<Bosh>),
    WebSocket(WebSocket),
    Tcp(Stream),
}

impl Talk {
    /// Opens one; the first elements are the server's.
    pub async fn open(context: &Arc<Context>, place: &Place) -> Result<Self, String> {
        let at = place.alive[0];
        let (mut inbox, mut exposed) = (VecDeque::new(), None);
        let link = match place.endpoint.carrier {
            Carrier::Bosh => Link::Bosh(Box::new(Bosh::new(context, &place.endpoint, at))),
            Carrier::WebSocket => {
                let socket = websocket::open(context, &place.endpoint, at).await?;
                exposed = guarded(context, socket.line());
                Link::WebSocket(socket)
            }
            Carrier::Tcp => {
                let opened = stream::open(context, place, at).await;
                let opened = opened.map_err(|none| none.words().to_owned())?;
                inbox.push_back(opened.features);
                exposed = guarded(context, opened.stream.line());
                Link::Tcp(opened.stream)
            }
        };
        Ok(Self { context: Arc::clone(context), link, inbox, exposed })
    }

    /// Why the password of the account is not sent, if that is why nothing comes.
    pub fn exposed(&self) -> Option<&'static str> {
        match &self.link {
            Link::Bosh(bosh) => bosh.exposed,
            _ => self.exposed,
        }
    }

    /// Sends an element.
    pub async fn send(&mut self, element: &Element) {
        match &mut self.link {
            Link::Bosh(bosh) => bosh.session.send(element),
            Link::WebSocket(socket) => socket.send(&text(element)).await,
            Link::Tcp(stream) => stream.send(element).await,
        }
    }

    /// Restarts the stream after SASL.
    pub async fn restart(&mut self) {
        match &mut self.link {
            Link::Bosh(bosh) => bosh.session.restart(),
            Link::WebSocket(socket) => {
                socket.send(&websocket::open_element(&self.context.settings.domain)).await;
            }
            Link::Tcp(stream) => stream.begin().await,
        }
    }

    /// The next element; none if none comes until then.
    pub async fn next(&mut self, until: Duration) -> Option<Element> {
        if self.exposed().is_some() {
            return None;
        }
        if let Some(element) = self.inbox.pop_front() {
            return Some(element);
        }
        match &mut self.link {
            Link::Bosh(bosh) => bosh.next(&self.context, until).await,
            Link::WebSocket(socket) => socket.element(until).await,
            Link::Tcp(stream) => stream.element(until).await,
        }
    }

    /// Why nothing more can come, if it has ended.
    pub fn end_words(&self) -> Option<String> {
        let over = |is_over: bool| is_over.then(|| "the connection ended".to_owned());
        match &self.link {
            Link::Bosh(bosh) => bosh.over.as_ref().map(|end| match end {
                End::Closed => "the session was ended".to_owned(),
                End::Terminated(condition) => format!(
                    "the connection manager ends the session ({})",
                    condition.as_deref().unwrap_or("no condition")
                ),
                End::Failed(why) => why.clone(),
            }),
            Link::WebSocket(socket) => over(socket.is_over()),
            Link::Tcp(stream) => over(stream.is_over()),
        }
    }

    /// Ends it in order.
    pub async fn end(self) {
        match self.link {
            Link::Bosh(mut bosh) => {
                bosh.session.terminate(&[]);
                let until = self.context.clock.now() + Duration::from_secs(2);
                while bosh.next(&self.context, until).await.is_some() {}
            }
            Link::WebSocket(mut socket) => {
                socket.send(&text(&Element::new(ns::FRAMING, "close"))).await;
                let until = self.context.clock.now() + Duration::from_secs(1);
                while socket.next(until).await.is_some() {}
                socket.into_line().finish().await;
            }
            Link::Tcp(stream) => {
                let mut line = stream.into_line();
                line.write(b"</stream:stream>").await;
                line.finish().await;
            }
        }
    }

    /// Breaks it off, as when the network is gone.
    pub async fn cut(self) {
        match self.link {
            Link::Bosh(_) => {}
            Link::WebSocket(socket) => drop(socket.into_line().reset().await),
            Link::Tcp(stream) => drop(stream.into_line().reset().await),
        }
    }
}

/// Why a line may not be used for a login with an account.
fn guarded(context: &Context, line: &Line) -> Option<&'static str> {
    context.settings.account.as_ref().and_then(|_| line.exposed())
}

/// A request that was answered, or was not: rid, sending, and the answer.
type Answered = (u64, u32, Answer);

/// The answer to a request.
enum Answer {
    /// Status and content.
    Came(u16, Vec<u8>),
    Lost,
    /// The request was not sent, because others could read it.
    Exposed(&'static str),
}

/// A session of BOSH that runs by itself.
struct Bosh {
    session: Session,
    endpoint: Endpoint,
    at: SocketAddr,
    open: JoinSet<Answered>,
    delivered: VecDeque<Element>,
    over: Option<End>,
    /// Why a request was not sent: each has a connection of its own.
    exposed: Option<&'static str>,
}

impl Bosh {
    fn new(context: &Context, endpoint: &Endpoint, at: SocketAddr) -> Self {
        let terms = Terms { wait: Some(WAIT), ..Terms::new(&*context.settings.domain) };
        let session = Session::new(&terms, first_rid(context.number()));
        let (endpoint, delivered) = (endpoint.clone(), VecDeque::new());
        let (open, over, exposed) = (JoinSet::new(), None, None);
        Self { session, endpoint, at, open, delivered, over, exposed }
    }

    async fn next(&mut self, context: &Arc<Context>, until: Duration) -> Option<Element> {
        loop {
            // What is sent in answer to an element takes the place of a poll. Sent beside one, on another connection, it may overtake it,
            // and then ejabberd forgets it.
            if let Some(element) = self.delivered.pop_front() {
                return Some(element);
            }
            let mut actions = Vec::new();
            let now = context.clock.now();
            self.session.settle(now, &mut actions);
            self.follow(context, actions);
            if self.over.is_some() || self.exposed.is_some() || now >= until {
                return None;
            }
            let due = self.session.deadline().unwrap_or(until).min(until);
            let sleep = tokio::time::sleep(due.saturating_sub(now));
            tokio::select! {
                Some(Ok((rid, sending, answer))) = self.open.join_next() => {
                    let (mut actions, now) = (Vec::new(), context.clock.now());
                    match answer {
                        Answer::Came(status, body) => {
                            self.session.response(rid, sending, status, &body, now, &mut actions);
                        }
                        Answer::Lost => self.session.lost(rid, sending, now),
                        Answer::Exposed(why) => self.exposed = Some(why),
                    }
                    self.follow(context, actions);
                }
                () = sleep => {}
            }
        }
    }

    fn follow(&mut self, context: &Arc<Context>, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(request) => {
                    let (context, endpoint) = (Arc::clone(context), self.endpoint.clone());
                    let at = self.at;
                    self.open.spawn(async move {
                        let http =
                            Request::bosh(&endpoint.address.path, request.content.as_bytes())
                                .from(context.settings.origin.as_deref());
                        let answer = answer(&context, &endpoint, at, &http).await;
                        (request.rid, request.sending, answer)
                    });
                }
                Action::Deliver(element) => self.delivered.push_back(element),
                Action::Opened(_) => {}
                Action::Over(end) => self.over = Some(end),
            }
        }
    }
}

async fn answer(
    context: &Context,
    endpoint: &Endpoint,
    at: SocketAddr,
    request: &Request,
) -> Answer {
    let Ok(mut http) = Http::open(context, endpoint, at).await else { return Answer::Lost };
    if let Some(why) = guarded(context, http.line()) {
        return Answer::Exposed(why);
    }
    let sent = http.send(request).await;
    let got = http.receive(sent, Duration::from_secs(WAIT) + SLACK).await;
    http.finish().await;
    match got.what {
        What::Response(response, _) => Answer::Came(response.status, response.content.bytes),
        _ => Answer::Lost,
    }
}
