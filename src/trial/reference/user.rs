//! A scripted user: the client's machines over TCP or TLS. It logs in by itself; what comes is told as [`News`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::habit::Habit;
use super::http::post;
use super::way::Way;
use crate::client::bosh::{Action, End, Request, Session};
use crate::client::{Login, Step};
use crate::clock::Clock;
use crate::wire::socket::Socket;
use crate::xml::Element;
use crate::xmpp::ns;

/// What a user is told to do.
#[derive(Debug)]
pub enum Order {
    /// Send this.
    Send(Element),
    /// Lose the connection of the request that is held, and be without one for a while.
    Lose(Duration),
    /// Log out, with this as the last word.
    Leave(Element),
}

/// What happened to a user.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Logged in, with this address; and it says that it is there.
    In(String),
    /// This came; over BOSH, with the answer to this sending of a request.
    Got {
        /// What came.
        element: Element,
        /// The rid of the request that was answered, and which sending of it.
        request: Option<(u64, u32)>,
    },
    /// An empty answer came, so long after its request.
    Empty {
        /// The rid of the request.
        rid: u64,
        /// How long it was held.
        held: Duration,
    },
    /// The connection of this request was cut.
    Cut {
        /// The rid of the request.
        rid: u64,
    },
    /// The session is over.
    Over(End),
    /// The login failed, for this reason.
    Failed(String),
}

/// A user at work.
pub struct User {
    way: Way,
    clock: Clock,
    session: Session,
    login: Login,
    orders: mpsc::UnboundedReceiver<Order>,
    tell: Box<dyn Fn(News) + Send>,
    /// Connections that have no request open.
    idle: Vec<Socket>,
    flights: JoinSet<Landed>,
    /// Cuts the connection of a request.
    cuts: HashMap<u64, oneshot::Sender<Duration>>,
    habit: Option<Habit>,
}

/// What became of a request.
struct Landed {
    request: Request,
    held: Duration,
    answer: Option<(u16, Vec<u8>, Socket)>,
}

impl User {
    /// A user that finds the connection manager on this way.
    pub fn new(
        way: impl Into<Way>,
        clock: Clock,
        session: Session,
        login: Login,
        orders: mpsc::UnboundedReceiver<Order>,
        tell: Box<dyn Fn(News) + Send>,
    ) -> Self {
        let (idle, flights, cuts) = (Vec::new(), JoinSet::new(), HashMap::new());
        let (way, habit) = (way.into(), None);
        Self { way, clock, session, login, orders, tell, idle, flights, cuts, habit }
    }

    /// The same with a habit that breaks a requirement.
    pub(super) fn with_habit(self, habit: Option<Habit>) -> Self {
        Self { habit, ..self }
    }

    /// Lives until the session is over, or nobody gives orders any more.
    pub async fn live(mut self) {
        loop {
            if self.settle() {
                return;
            }
            let due = self.session.deadline().map(|due| due.saturating_sub(self.clock.now()));
            tokio::select! {
                order = self.orders.recv() => match order {
                    None => return,
                    Some(order) => self.obey(order),
                },
                Some(Ok(landed)) = self.flights.join_next() => self.landed(landed),
                () = tokio::time::sleep(due.unwrap_or(Duration::MAX)) => {}
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Send(element) => self.session.send(&element),
            Order::Leave(element) => self.session.terminate(&[element]),
            Order::Lose(away) => {
                let open = self.session.open().next();
                if let Some((rid, cut)) = open.and_then(|rid| Some((rid, self.cuts.remove(&rid)?)))
                    && cut.send(away).is_ok()
                {
                    (self.tell)(News::Cut { rid });
                }
            }
        }
    }

    /// Sends what is due. True when the session is over.
    fn settle(&mut self) -> bool {
        let mut actions = Vec::new();
        self.session.settle(self.clock.now(), &mut actions);
        for action in actions {
            match action {
                Action::Send(request) => self.send(request),
                Action::Over(end) => {
                    (self.tell)(News::Over(end));
                    return true;
                }
                Action::Opened(_) | Action::Deliver(_) => {}
            }
        }
        false
    }

    fn send(&mut self, request: Request) {
        let (cut, cuts) = oneshot::channel();
        self.cuts.insert(request.rid, cut);
        let (idle, way, clock) = (self.idle.pop(), self.way.clone(), self.clock);
        self.flights.spawn(async move {
            let began = clock.now();
            let answer = fly(idle, &way, &request.content, cuts).await;
            Landed { request, held: clock.now().saturating_sub(began), answer }
        });
    }

    fn landed(&mut self, landed: Landed) {
        let Landed { request: Request { rid, sending, .. }, held, answer } = landed;
        let now = self.clock.now();
        let Some((status, content, stream)) = answer else {
            return self.session.lost(rid, sending, now);
        };
        self.cuts.remove(&rid);
        self.idle.push(stream);
        let mut actions = Vec::new();
        self.session.response(rid, sending, status, &content, now, &mut actions);
        if actions.is_empty() {
            (self.tell)(News::Empty { rid, held });
        }
        for action in actions {
            let Action::Deliver(element) = action else { continue };
            match self.habit {
                Some(Habit::Eager) => {
                    self.session.send(&Element::new(ns::CLIENT, "presence"));
                    continue;
                }
                Some(Habit::Tls) if element.child(ns::TLS, "starttls").is_some() => {
                    self.session.send(&Element::new(ns::TLS, "starttls"));
                    continue;
                }
                _ => {}
            }
            match self.login.take(&element) {
                Step::Wait => {}
                Step::Send(element) => self.session.send(&element),
                Step::Restart => self.session.restart(),
                Step::Done(jid) => {
                    (self.tell)(News::In(jid));
                    self.session.send(&Element::new(ns::CLIENT, "presence"));
                }
                Step::Failed(words) => (self.tell)(News::Failed(words)),
            }
            (self.tell)(News::Got { element, request: Some((rid, sending)) });
        }
    }
}

/// A request on its connection: the response, and the connection to be used again. None if that was lost.
async fn fly(
    idle: Option<Socket>,
    way: &Way,
    content: &Arc<str>,
    cut: oneshot::Receiver<Duration>,
) -> Option<(u16, Vec<u8>, Socket)> {
    let mut stream = match idle {
        Some(stream) => stream,
        None => way.connect().await.ok()?,
    };
    tokio::select! {
        answer = post(&mut stream, content) => {
            let (status, content) = answer.ok()?;
            return Some((status, content, stream));
        }
        Ok(away) = cut => {
            stream.reset();
            drop(stream);
            tokio::time::sleep(away).await;
        }
    }
    None
}
