//! What of a session a `login` step does by itself: SASL, restarts, binding, and what goes with them.

use std::collections::HashSet;

use super::acts::{Act, Acts, Carrier, Session, received, sent};
use crate::snapshot::Tree;
use crate::xmpp::ns;

/// How a session comes into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It logs in, to a bound resource.
    Login,
    /// It authenticates; what it does then, to resume or to bind, is spelled out.
    Authenticate,
    /// It does not log in: its stream is opened, no more.
    Open,
}

/// Which elements of a session belong to its login.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) way: Way,
    /// Ids of questions that the login asks by itself.
    asked: HashSet<String>,
    /// Ids of questions of the server about what the client can do, which it asks only until it knows.
    pub(super) capabilities: HashSet<String>,
}

impl Login {
    /// Of this session.
    pub(super) fn of(acts: &Acts, session: &Session) -> Self {
        let own: Vec<&Act> = acts.acts.iter().filter(|act| act.session == session.id).collect();
        let resumes = own.iter().copied().flat_map(sent).any(|element| {
            element.name == "resume" && matches!(element.attr("xmlns"), Some(ns::SM2 | ns::SM3))
        });
        // One that was resumed had been bound before.
        let first_bound = own.iter().position(|act| received(act).any(binds));
        let first_resume = own.iter().position(|act| sent(act).any(|it| it.name == "resume"));
        let resumes_first = resumes && first_bound.is_none_or(|at| first_resume < Some(at));
        // What is said before a resource is bound is said there.
        let early = own.iter().take(first_bound.unwrap_or_default()).flat_map(|act| sent(act));
        let mut early = early.filter(|it| {
            !is_set_up(it)
                && !matches!(it.attr("xmlns"), Some(ns::SASL | ns::SASL2 | ns::TLS | ns::FRAMING))
                && it.name != "stream:stream"
        });
        let early = early.next().is_some();
        let way = match session.authenticated {
            false => Way::Open,
            true if session.carrier == Carrier::Bosh => Way::Login,
            true if resumes_first || early || first_bound.is_none() => Way::Authenticate,
            true => Way::Login,
        };
        let mut asked = HashSet::new();
        if way == Way::Login {
            let questions = own.iter().copied().flat_map(sent).filter(|element| is_set_up(element));
            asked.extend(questions.filter_map(|iq| iq.attr("id")).map(str::to_owned));
        }
        let questions =
            own.iter().copied().flat_map(received).filter(|it| asks_for_capabilities(it));
        let capabilities = questions.filter_map(|iq| iq.attr("id")).map(str::to_owned).collect();
        Self { way, asked, capabilities }
    }

    /// Whether an element is part of the login.
    pub(super) fn takes(&self, element: &Tree) -> bool {
        let namespace = element.attr("xmlns").unwrap_or_default();
        match (&*element.name, namespace) {
            ("stream:features" | "stream:stream", _)
            | ("open", ns::FRAMING)
            | (_, ns::SASL | ns::SASL2 | ns::TLS) => true,
            ("iq", _) => {
                let kind = element.attr("type").unwrap_or_default();
                let id = element.attr("id").unwrap_or_default();
                let known = self.capabilities.contains(id);
                is_set_up(element) && self.way == Way::Login
                    || known && asks_for_capabilities(element)
                    || matches!(kind, "result" | "error") && (known || self.asked.contains(id))
            }
            _ => false,
        }
    }

    /// Whether an element of SASL is part of it, whose payload is not in a trace.
    pub(super) fn is_secret(element: &Tree) -> bool {
        matches!(element.attr("xmlns"), Some(ns::SASL | ns::SASL2))
    }
}

/// Whether this asks for a resource, or for the session of RFC 3921.
fn is_set_up(element: &Tree) -> bool {
    element.name == "iq"
        && element
            .children()
            .any(|child| matches!(child.attr("xmlns"), Some(ns::BIND | ns::SESSION)))
}

/// Whether this asks what the client with these capabilities can do (XEP-0115 §6.2).
fn asks_for_capabilities(element: &Tree) -> bool {
    element.name == "iq"
        && element.attr("type") == Some("get")
        && element.children().any(|child| {
            child.attr("xmlns") == Some(ns::DISCO_INFO)
                && child.attr("node").is_some_and(|node| node.contains('#'))
        })
}

/// Whether this says which resource was bound.
fn binds(element: &Tree) -> bool {
    let of_bind = |child: &Tree| child.attr("xmlns") == Some(ns::BIND);
    let bound = |child: &Tree| child.children().any(|jid| jid.name == "jid");
    element.children().any(|child| of_bind(child) && bound(child))
        || element.name == "success"
            && element.children().any(|child| child.name == "authorization-identifier")
}
