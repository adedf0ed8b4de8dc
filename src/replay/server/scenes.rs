//! What the server of each session of a recording said, and after which acts of its client.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::kinds::{Kind, is_secret, only_counts};
use crate::bosh::{Body, BodyType};
use crate::trace::{Effect, Event, Fact, Headers, Link, Reading, SessionId, Story};
use crate::wire::Side;
use crate::wire::stream::Kind as PartKind;
use crate::wire::websocket::Opcode;
use crate::xml::Element;
use crate::xmpp::ns;

/// What carries a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Carrier {
    #[default]
    Bosh,
    WebSocket,
    Tcp,
}

/// All sessions of a recording that can be served again.
#[derive(Debug, Default)]
pub struct Scenes {
    pub(super) all: Vec<Scene>,
}

/// A session of the recording.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    pub(super) carrier: Carrier,
    pub(super) sid: Option<String>,
    pub(super) jid: Option<String>,
    /// `wait` that was granted.
    pub(super) wait: Option<u64>,
    pub(super) client: Vec<Act>,
    pub(super) server: Vec<Reaction>,
    /// What became of each attempt to log in: the condition for which it failed.
    pub(super) attempts: VecDeque<Option<String>>,
}

impl Scene {
    /// The server answers SASL.
    fn answers(&mut self, element: &Element) {
        if element.is(ns::SASL, "success") {
            self.attempts.push_back(None);
        } else if element.is(ns::SASL, "failure") {
            let condition = element.children().next().map_or("not-authorized", Element::name);
            self.attempts.push_back(Some(condition.to_owned()));
        }
    }

    /// What another stream has said until it resumed this session.
    fn join(&mut self, later: Self) {
        let before = self.client.len();
        self.client.extend(later.client);
        self.server.extend(later.server.into_iter().map(|mut reaction| {
            reaction.after += before;
            reaction
        }));
        self.attempts.extend(later.attempts);
    }
}

/// Something that the client did.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    pub(super) exchange: u64,
    pub(super) rid: Option<u64>,
    pub(super) elements: Vec<Element>,
}

/// Something that the server said.
#[derive(Debug, Clone)]
pub(super) struct Reaction {
    pub(super) at: Duration,
    /// So many acts of the client had come.
    pub(super) after: usize,
    pub(super) says: Says,
}

#[derive(Debug, Clone)]
pub(super) enum Says {
    /// The response to an exchange.
    Response { exchange: u64, status: u16, reason: String, headers: Headers, content: Vec<u8> },
    /// The connection of an exchange ends, without a response.
    Lost(u64),
    /// A message of WebSocket, or a part of a stream.
    Text(Vec<u8>),
    /// A Close frame.
    Close(Option<u16>, Vec<u8>),
    /// The end of the connection.
    End,
}

impl Scenes {
    /// Of a trace; with `wanted`, only of the sessions whose name or sid begins so.
    pub fn of(events: &[Event], wanted: Option<&str>) -> Self {
        let mut reader = Reader::default();
        for event in events {
            reader.take(event);
        }
        let named = |id: &SessionId, scene: &Scene| {
            let Some(wanted) = wanted else { return true };
            let name = reader.names.get(id).map(String::as_str).unwrap_or_default();
            name.starts_with(wanted)
                || scene.sid.as_ref().is_some_and(|sid| sid.starts_with(wanted))
        };
        let chosen = reader.scenes.iter().filter(|(id, scene)| {
            named(id, scene) && !scene.client.is_empty() && !scene.server.is_empty()
        });
        Self { all: chosen.map(|(_, scene)| scene.clone()).collect() }
    }

    /// How many sessions there are over BOSH, WebSocket and TCP.
    pub fn counts(&self) -> [usize; 3] {
        [Carrier::Bosh, Carrier::WebSocket, Carrier::Tcp]
            .map(|carrier| self.all.iter().filter(|scene| scene.carrier == carrier).count())
    }
}

#[derive(Default)]
struct Reader {
    story: Story,
    scenes: BTreeMap<SessionId, Scene>,
    names: BTreeMap<SessionId, String>,
    /// Exchanges of SASL, which are answered by themselves.
    secret: BTreeSet<u64>,
    /// Connections that one side has ended.
    ended: BTreeSet<u64>,
}

impl Reader {
    fn take(&mut self, event: &Event) {
        let effect = self.story.take(event);
        self.lost(&effect);
        let first = match &event.fact {
            Fact::Ended { .. } => self.ended.insert(event.conn),
            _ => false,
        };
        let message = effect.message.as_ref();
        if let Some(message) = message
            && let (Some(new), Some(old)) = (message.resumes, message.session)
            && let Some(later) = self.scenes.remove(&new)
        {
            self.scenes.entry(old).or_default().join(later);
        }
        let Some(id) = message.and_then(|message| message.session).or(effect.session) else {
            return;
        };
        self.know(id);
        let Some(scene) = self.scenes.get_mut(&id) else { return };
        let at = event.at;
        let exchange = message.and_then(|message| message.exchange.as_ref());
        match &event.fact {
            Fact::Request(_) => {
                let (Some(message), Some(exchange)) = (message, exchange) else { return };
                let Reading::Body(body) = &message.reading else { return };
                let elements: Vec<Element> = body.payloads().cloned().collect();
                if elements.iter().any(is_secret) {
                    self.secret.insert(exchange.number);
                    return;
                }
                let kind = Kind::of(elements.iter(), asks(body));
                let (exchange, rid) = (exchange.number, exchange.rid());
                scene.client.push(Act { at, kind, exchange, rid, elements });
            }
            Fact::Response(response) if response.status >= 200 => {
                let Some(exchange) = exchange.map(|exchange| exchange.number) else { return };
                if let Some(Reading::Body(body)) = message.map(|message| &message.reading) {
                    body.payloads().for_each(|element| scene.answers(element));
                }
                let mut react = |says| {
                    let after = scene.client.len();
                    scene.server.push(Reaction { at, after, says });
                };
                if !self.secret.contains(&exchange) {
                    react(Says::Response {
                        exchange,
                        status: response.status,
                        reason: response.reason.clone(),
                        headers: response.headers.clone(),
                        content: response.content.bytes.clone(),
                    });
                }
            }
            Fact::Frame(frame)
                if Opcode(frame.opcode) == Opcode::CLOSE && frame.from == Side::Server =>
            {
                let says = Says::Close(frame.status, frame.content.bytes.clone());
                scene.server.push(Reaction { at, after: scene.client.len(), says });
            }
            Fact::Frame(frame) if Opcode(frame.opcode).is_control() => {}
            Fact::Part(part) if part.kind == PartKind::Space => {}
            Fact::Frame(_) | Fact::Part(_) => {
                let (Some(message), Some(content)) = (message, event.fact.content()) else {
                    return;
                };
                let element = match &message.reading {
                    Reading::Element(element) | Reading::Header(element) => Some(&**element),
                    _ => None,
                };
                if element.is_some_and(|it| is_secret(it) || only_counts(it)) {
                    if let Some(element) = element {
                        scene.answers(element);
                    }
                    return;
                }
                let mut react = |says| {
                    let after = scene.client.len();
                    scene.server.push(Reaction { at, after, says });
                };
                match message.from {
                    Side::Server => react(Says::Text(content.bytes.clone())),
                    Side::Client => {
                        let elements: Vec<Element> = element.cloned().into_iter().collect();
                        let ends = matches!(message.reading, Reading::StreamEnd);
                        let kind =
                            Kind::of(elements.iter(), ends.then_some("the end of the stream"));
                        let (exchange, rid) = (0, None);
                        scene.client.push(Act { at, kind, exchange, rid, elements });
                    }
                }
            }
            Fact::Ended { by: Side::Server, .. } if first && scene.carrier != Carrier::Bosh => {
                scene.server.push(Reaction { at, after: scene.client.len(), says: Says::End });
            }
            _ => {}
        }
    }

    /// Requests to which no response came, since the server's side ended their connection.
    fn lost(&mut self, effect: &Effect) {
        for exchange in &effect.abandoned {
            let scene = exchange.session().and_then(|id| self.scenes.get_mut(&id));
            if let (Some(scene), Some((Side::Server, at))) = (scene, effect.left) {
                let (after, says) = (scene.client.len(), Says::Lost(exchange.number));
                scene.server.push(Reaction { at, after, says });
            }
        }
    }

    fn know(&mut self, id: SessionId) {
        let Some(session) = self.story.session(id) else { return };
        self.names.insert(id, session.name().to_owned());
        let scene = self.scenes.entry(id).or_default();
        scene.sid = session.sid().map(str::to_owned).or(scene.sid.take());
        scene.jid = session.jid().map(str::to_owned).or(scene.jid.take());
        scene.wait = session.wait().or(scene.wait);
        scene.carrier = match session.link {
            Link::Bosh(_) => Carrier::Bosh,
            Link::WebSocket(_) => Carrier::WebSocket,
            Link::Tcp(_) => Carrier::Tcp,
        };
    }
}

/// What a `<body/>` asks for beside what it carries.
pub(super) fn asks(body: &Body) -> Option<&'static str> {
    match body.kind() {
        _ if body.is_creation() => Some("a session"),
        BodyType::Terminate => Some("the end of the session"),
        _ if body.is_restart() => Some("a restart"),
        _ if body.pause().is_some() => Some("a pause"),
        _ => None,
    }
}
