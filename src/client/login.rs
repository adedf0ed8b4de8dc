//! From stream features to a bound resource: SASL (RFC 6120 §6), the restart (XEP-0206 §5), binding (RFC 6120 §7), and the
//! legacy session (RFC 3921 §3) where a server insists on it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scram::{Expected, First};
use crate::xml::Element;
use crate::xmpp::ns;
use crate::xmpp::scram::Hash;

/// The ids of the questions asked.
const BIND: &str = "bind";
const SESSION: &str = "session";

/// Who logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular (XEP-0175).
    Anonymous,
    /// An account.
    Account {
        /// The local part of its address.
        user: String,
        /// Its password.
        password: String,
    },
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Account { user, .. } => write!(f, "Account({user:?}, …)"),
        }
    }
}

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Without an account.
    Anonymous,
    /// The password as it is (RFC 4616).
    Plain,
    /// The password is proved, not told (RFC 5802, RFC 7677).
    Scram(Hash),
}

impl Mechanism {
    /// Those of an account, the best first; of two that are as good, the one that more servers have.
    const ACCOUNT: [Self; 4] = [
        Self::Scram(Hash::Sha256),
        Self::Scram(Hash::Sha512),
        Self::Scram(Hash::Sha1),
        Self::Plain,
    ];

    /// The name it is registered by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "ANONYMOUS",
            Self::Plain => "PLAIN",
            Self::Scram(Hash::Sha1) => "SCRAM-SHA-1",
            Self::Scram(Hash::Sha256) => "SCRAM-SHA-256",
            Self::Scram(Hash::Sha512) => "SCRAM-SHA-512",
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until more comes.
    Wait,
    /// Send this element.
    Send(Element),
    /// Restart the stream: `xmpp:restart='true'`.
    Restart,
    /// Done, with this full address.
    Done(String),
    /// It can't be done, for this reason in words.
    Failed(String),
}

/// A login under way.
///
/// The elements received are handed to [`Login::take`] one by one. What is not about the login is passed over, so
/// whatever else comes may be handed over as well.
#[derive(Debug)]
pub struct Login {
    who: Who,
    wanted: Option<Mechanism>,
    resource: Option<String>,
    nonce: String,
    state: State,
}

enum State {
    /// The features of a new stream are awaited.
    Fresh,
    /// The verdict of a mechanism without challenges is awaited.
    Asked(Mechanism),
    /// SCRAM: the server's first message is awaited.
    Scram(Mechanism, Box<First>),
    /// SCRAM: the server's proof is awaited.
    Proof(Mechanism, Expected),
    /// SCRAM: the server has proved itself, its verdict is awaited.
    Proved(Mechanism),
    /// The features of the restarted stream are awaited.
    Restarted,
    /// The resource was asked for; whether a legacy session follows.
    Binding(bool),
    /// The legacy session was asked for, as this address.
    Session(String),
    /// Done or failed.
    Over,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fresh => "Fresh",
            Self::Asked(_) => "Asked",
            Self::Scram(..) => "Scram",
            Self::Proof(..) => "Proof",
            Self::Proved(_) => "Proved",
            Self::Restarted => "Restarted",
            Self::Binding(_) => "Binding",
            Self::Session(_) => "Session",
            Self::Over => "Over",
        })
    }
}

impl Login {
    /// A login that waits for the features of a stream. SCRAM takes `nonce`: unpredictable, printable ASCII without a
    /// comma, and new for each login.
    pub fn new(who: Who, nonce: impl Into<String>) -> Self {
        let nonce = nonce.into();
        Self { who, wanted: None, resource: None, nonce, state: State::Fresh }
    }

    /// With this mechanism; otherwise it is the best of those offered.
    #[must_use]
    pub fn with_mechanism(mut self, mechanism: Mechanism) -> Self {
        self.wanted = Some(mechanism);
        self
    }

    /// With this resource; otherwise the server chooses one.
    #[must_use]
    pub fn with_resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = Some(resource.into());
        self
    }

    /// Whether it is done, or has failed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes the next element received.
    pub fn take(&mut self, element: &Element) -> Step {
        if self.is_over() {
            return Step::Wait;
        }
        let step = match (element.namespace(), element.name()) {
            (ns::STREAMS, "error") => Err(format!(
                "the server ended the stream: {}",
                condition(element, ns::STREAM_ERRORS)
            )),
            (ns::STREAMS, "features") => self.features(element),
            (ns::SASL, "challenge") => self.challenge(element),
            (ns::SASL, "success") => self.success(element),
            (ns::SASL, "failure") => Err(self.failure(element)),
            (ns::CLIENT, "iq") => self.iq(element),
            _ => Ok(Step::Wait),
        };
        let step = step.unwrap_or_else(Step::Failed);
        if matches!(step, Step::Done(_) | Step::Failed(_)) {
            self.state = State::Over;
        }
        step
    }

    fn features(&mut self, features: &Element) -> Result<Step, String> {
        match self.state {
            State::Fresh => {
                let mechanism = self.choose(features)?;
                Ok(Step::Send(self.begin(mechanism)?))
            }
            State::Restarted => {
                if features.child(ns::BIND, "bind").is_none() {
                    return Err("the server offers no resource binding".to_owned());
                }
                let session = features.child(ns::SESSION, "session");
                let needed =
                    session.is_some_and(|session| session.child(ns::SESSION, "optional").is_none());
                self.state = State::Binding(needed);
                let mut bind = Element::new(ns::BIND, "bind");
                if let Some(resource) = &self.resource {
                    bind.push(Element::new(ns::BIND, "resource").with_text(resource));
                }
                Ok(Step::Send(question(BIND, bind)))
            }
            _ => Ok(Step::Wait),
        }
    }

    fn choose(&self, features: &Element) -> Result<Mechanism, String> {
        let list = features.child(ns::SASL, "mechanisms");
        let offered: Vec<String> = list
            .into_iter()
            .flat_map(Element::children)
            .filter(|child| child.is(ns::SASL, "mechanism"))
            .map(|child| child.text().trim().to_owned())
            .collect();
        let fit: &[Mechanism] = match (&self.wanted, &self.who) {
            (Some(wanted), _) => std::slice::from_ref(wanted),
            (None, Who::Anonymous) => &[Mechanism::Anonymous],
            (None, Who::Account { .. }) => &Mechanism::ACCOUNT,
        };
        let chosen =
            fit.iter().find(|mechanism| offered.iter().any(|name| name == mechanism.name()));
        chosen.copied().ok_or_else(|| {
            let fit: Vec<&str> = fit.iter().map(|mechanism| mechanism.name()).collect();
            let offered = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
            format!(
                "of the SASL mechanisms wanted ({}) the server offers none; it offers {offered}",
                fit.join(", ")
            )
        })
    }

    fn begin(&mut self, mechanism: Mechanism) -> Result<Element, String> {
        let (message, state) = match (mechanism, &self.who) {
            (Mechanism::Anonymous, _) => (String::new(), State::Asked(mechanism)),
            (_, Who::Anonymous) => return Err(format!("{} needs an account", mechanism.name())),
            (Mechanism::Plain, Who::Account { user, password }) => {
                (format!("\0{user}\0{password}"), State::Asked(mechanism))
            }
            (Mechanism::Scram(hash), Who::Account { user, password }) => {
                let first = First::new(hash, user, password, &self.nonce);
                (first.message(), State::Scram(mechanism, Box::new(first)))
            }
        };
        self.state = state;
        Ok(sasl("auth", &message).with_attr("mechanism", mechanism.name()))
    }

    fn challenge(&mut self, challenge: &Element) -> Result<Step, String> {
        let text = decoded(challenge)?;
        match std::mem::replace(&mut self.state, State::Over) {
            State::Scram(mechanism, first) => {
                let (answer, expected) = first.answer(&text)?;
                self.state = State::Proof(mechanism, expected);
                Ok(Step::Send(sasl("response", &answer)))
            }
            // Some servers prove themselves with a challenge of its own instead of with the success.
            State::Proof(mechanism, expected) => {
                expected.check(&text)?;
                self.state = State::Proved(mechanism);
                Ok(Step::Send(sasl("response", "")))
            }
            // The trace of ANONYMOUS (RFC 4505) was left out, so a server may ask for it with an empty challenge (RFC 4422 §5.1).
            State::Asked(Mechanism::Anonymous) if text.is_empty() => {
                self.state = State::Asked(Mechanism::Anonymous);
                Ok(Step::Send(sasl("response", "")))
            }
            _ => Err("a challenge that was not expected".to_owned()),
        }
    }

    fn success(&mut self, success: &Element) -> Result<Step, String> {
        match std::mem::replace(&mut self.state, State::Restarted) {
            State::Asked(_) | State::Proved(_) => {}
            State::Proof(_, expected) => expected.check(&decoded(success)?)?,
            State::Scram(..) => {
                return Err("success without a proof that the server knows the password".to_owned());
            }
            _ => return Err("a success that nothing was asked for".to_owned()),
        }
        Ok(Step::Restart)
    }

    fn failure(&self, failure: &Element) -> String {
        let mechanism = match &self.state {
            State::Asked(mechanism)
            | State::Scram(mechanism, _)
            | State::Proof(mechanism, _)
            | State::Proved(mechanism) => mechanism.name(),
            _ => "SASL",
        };
        format!("the server refuses {mechanism}: {}", condition(failure, ns::SASL))
    }

    fn iq(&mut self, iq: &Element) -> Result<Step, String> {
        let asked = match &self.state {
            State::Binding(_) => BIND,
            State::Session(_) => SESSION,
            _ => return Ok(Step::Wait),
        };
        let kind = iq.attr("type").unwrap_or_default();
        if iq.attr("id") != Some(asked) || !matches!(kind, "result" | "error") {
            return Ok(Step::Wait);
        }
        if kind == "error" {
            let error = iq.child(ns::CLIENT, "error");
            let words = error.map_or_else(
                || "no reason given".to_owned(),
                |error| condition(error, ns::STANZA_ERRORS),
            );
            let what = if asked == BIND { "resource" } else { "session" };
            return Err(format!("the server refuses the {what}: {words}"));
        }
        match std::mem::replace(&mut self.state, State::Over) {
            State::Binding(session) => {
                let jid = iq.child(ns::BIND, "bind").and_then(|bind| bind.child(ns::BIND, "jid"));
                let jid = jid.map(|jid| jid.text().trim().to_owned()).filter(|jid| !jid.is_empty());
                let jid = jid.ok_or_else(|| {
                    "the server bound a resource and does not say which".to_owned()
                })?;
                if !session {
                    return Ok(Step::Done(jid));
                }
                self.state = State::Session(jid);
                Ok(Step::Send(question(SESSION, Element::new(ns::SESSION, "session"))))
            }
            State::Session(jid) => Ok(Step::Done(jid)),
            _ => Ok(Step::Wait),
        }
    }
}

fn question(id: &str, payload: Element) -> Element {
    Element::new(ns::CLIENT, "iq").with_attr("type", "set").with_attr("id", id).with_child(payload)
}

/// An element of SASL with a message in base64.
fn sasl(name: &str, message: &str) -> Element {
    Element::new(ns::SASL, name).with_text(&STANDARD.encode(message))
}

fn decoded(element: &Element) -> Result<String, String> {
    let text = element.text();
    let bytes = match text.trim() {
        "=" => Ok(Vec::new()),
        text => STANDARD.decode(text),
    };
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| format!("the content of <{}/> is not base64 of UTF-8", element.name()))
}

/// The condition of an error, with the text beside it.
fn condition(error: &Element, namespace: &str) -> String {
    let mut children = error.children().filter(|child| child.namespace() == namespace);
    let condition =
        children.find(|child| child.name() != "text").map_or("no reason given", Element::name);
    match error.child(namespace, "text") {
        Some(text) => format!("{condition} ({})", text.text().trim()),
        None => condition.to_owned(),
    }
}
