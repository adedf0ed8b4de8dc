//! A client that does not go on: what it has been offered and has not taken up, the login or a resource.

use std::time::Duration;

use super::view::StreamView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{list, short};
use crate::trace::{SessionId, Story};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{begins_login, ns, stream_condition};

/// A client that waits for so long does not go on by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that ends the session after this time does so because the client has not gone on.
const SHORT: Duration = Duration::from_secs(4);

/// Conditions with which a server ends the stream of a client that does not go on.
const PATIENT: [&str; 3] = ["connection-timeout", "policy-violation", "undefined-condition"];

/// Watches clients that have been offered something.
#[derive(Debug, Default)]
pub struct Idle {
    sessions: Timed<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the client has to do next, and since when.
    due: Option<(Duration, Due)>,
    authenticated: bool,
}

#[derive(Debug, Clone)]
enum Due {
    /// A login, with one of these mechanisms.
    Login(Vec<String>),
    /// A resource.
    Bind,
}

impl Rule for Idle {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.stream() else { return };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        for element in view.elements() {
            match view.from {
                Side::Client => state.sent(element),
                Side::Server => state.received(element, &view),
            }
        }
        if ends(&view)
            && let Some((since, due)) = state.due.take()
            && view.at.saturating_sub(since) >= SHORT
        {
            tell(&due, view.at.saturating_sub(since), true, found);
        }
        match &state.due {
            // A login may wait for its user.
            Some((since, Due::Bind)) if !view.session.over => timer.set(*since + PATIENCE),
            _ => timer.clear(),
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        // Whoever asks for nothing has left, or has another problem.
        if let Some((since, due)) = state.due.take().filter(|_| session.is_alive()) {
            tell(&due, now.saturating_sub(since), false, found);
        }
        Some(session.id)
    }
}

/// Whether the server ends the session with this, and not for another reason.
fn ends(view: &StreamView<'_>) -> bool {
    let is_patience = |element: &Element| {
        let condition = stream_condition(element).map_or("", Element::name);
        element.is(ns::STREAMS, "error") && PATIENT.contains(&condition)
    };
    view.from == Side::Server && view.elements().any(is_patience)
}

impl State {
    fn sent(&mut self, element: &Element) {
        let binds = element
            .children()
            .any(|it| matches!(it.namespace(), ns::BIND | ns::AUTH | ns::REGISTER));
        let resumes = element.name() == "resume";
        if begins_login(element) || binds || resumes {
            self.due = None;
        }
    }

    fn received(&mut self, element: &Element, view: &StreamView<'_>) {
        match (element.namespace(), element.name()) {
            (ns::SASL | ns::SASL2, "success") => (self.authenticated, self.due) = (true, None),
            (ns::STREAMS, "features") => {
                let mechanisms: Vec<_> = view.mechanisms().map(short).collect();
                let bind = element.child(ns::BIND, "bind").is_some();
                let due = match (self.authenticated, bind) {
                    (false, _) if !mechanisms.is_empty() => Some(Due::Login(mechanisms)),
                    (true, true) if view.session.jid().is_none() => Some(Due::Bind),
                    _ => None,
                };
                self.due = due.map(|due| (view.at, due));
            }
            _ => {}
        }
    }
}

fn tell(due: &Due, since: Duration, ends: bool, found: &mut Findings) {
    let ago = words(since);
    let end = if ends { " The server has now ended the session." } else { "" };
    let (level, words) = match due {
        Due::Login(mechanisms) => (
            Level::Warning,
            format!(
                "The client has not begun to log in, {ago} after the server offered it ({}): it \
                 waits for its user, knows none of these mechanisms, or did not understand the \
                 features.{end}",
                list(mechanisms)
            ),
        ),
        Due::Bind => (
            Level::Warning,
            format!(
                "The client has not bound a resource, {ago} after the server offered it: without \
                 one, it can neither send nor receive stanzas.{end}"
            ),
        ),
    };
    found.add(&kinds::LOGIN_IDLE, None, level, Party::Client, words);
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::{at_least, open};

    const SASL: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

    /// A session whose server offers a login.
    fn offers() -> String {
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
        let mechanism = "<mechanism>PLAIN</mechanism>";
        open().replace(bind, &format!("<mechanisms {SASL}>{mechanism}</mechanisms>"))
    }

    #[test]
    fn a_client_that_does_not_go_on_is_told_by_what_it_has_not_sent() {
        let poll = |n: u64, at: u64| {
            format!("{at} 1 C> <body rid='10000{n}' sid='s1'/>\n{} 1 S> <body/>\n", at + 50_000)
        };
        let bind = format!(
            "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>
             20 1 S> <body><success {SASL}/></body>
             30 1 C> <body rid='100002' sid='s1' xmpp:restart='true' to='a' xml:lang='en'/>
             40 1 S> <body><stream:features xmlns:stream='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features></body>\n"
        );
        let ended = "10 1 C> <body rid='100001' sid='s1'/>\n9000 1 S> <body type='terminate' condition='remote-stream-error'><error xmlns='http://etherx.jabber.org/streams'><connection-timeout xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></body>";
        for (script, expected) in [
            (poll(1, 10) + &poll(2, 50_020), ""),
            (
                format!("{bind}{}{}", poll(3, 50), poll(4, 50_060)),
                "Warning login-idle Client: The client has not bound a resource, 60.0 s after",
            ),
            (
                ended.to_owned(),
                "9000 Warning login-idle Client: The client has not begun to log in, 9.0 s after",
            ),
        ] {
            let found = at_least(Level::Note, &(offers() + &script)).join("\n");
            assert!(found.contains(expected), "{script}: {found}");
            assert_eq!(found.contains("login-idle"), !expected.is_empty(), "{found}");
        }
        let found = at_least(Level::Note, &(offers() + ended));
        assert!(
            found[1].contains("It follows from what the client has not sent (see #1)"),
            "{found:?}"
        );
    }
}
