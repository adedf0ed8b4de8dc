//! What a client sends out of turn: stanzas before the login or before a resource is bound, and a login during or after
//! another (RFC 6120 §4.3.5, §6.3.4, §6.4 and §7.3.1).

use super::course::{Course, Progress};
use super::line::LinePart;
use crate::bosh::BodyType;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::{Reading, Session};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{begins_login, ns};

/// Judges what a client sends out of turn.
#[derive(Debug, Default)]
pub struct Early {
    sessions: PerSession<Box<State>>,
}

#[derive(Debug, Default)]
struct State {
    course: Course,
    /// The highest rid: what is sent again is not judged again.
    rid: u64,
    told: bool,
    told_login: bool,
}

impl Rule for Early {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if moment.hides_requests() {
            return self.sessions.clear();
        }
        if let Some(view) = moment.line() {
            let state = self.sessions.of(view.session.id, moment.story);
            state.course.follow(&view);
            if let LinePart::Message(message) = view.part
                && let (Side::Client, Reading::Element(element)) = (message.from, &message.reading)
            {
                state.judge(element, view.session, found);
            }
            return state.course.take(&view);
        }
        let Some(view) = moment.stream() else { return };
        let (Reading::Body(body), Some(rid)) = (&view.message.reading, view.message.rid()) else {
            return;
        };
        let state = self.sessions.of(view.session.id, moment.story);
        let again = view.from == Side::Client && rid <= state.rid;
        let ends = view.session.over || body.kind() == BodyType::Terminate;
        state.rid = state.rid.max(rid);
        state.course.take_body(body, view.from, view.at);
        for element in view.elements().filter(|_| !again) {
            if view.from == Side::Client && !ends {
                state.judge(element, view.session, found);
            }
            state.course.element(view.from, element, view.session, view.at);
        }
    }
}

impl State {
    /// What a client sends, once of each.
    fn judge(&mut self, element: &Element, session: &Session, found: &mut Findings) {
        let (course, client) = (&self.course, Party::Client);
        if let Some(when) = again(course, element).filter(|_| !self.told_login) {
            self.told_login = true;
            let words = format!(
                "The client begins a login with <{}/> {when}: a stream has one login, and servers \
                 refuse another.",
                element.name()
            );
            found.add(&kinds::LOGIN_TWICE, None, Level::Error, client, words);
        }
        let Some(why) = too_early(course, element).filter(|_| !self.told) else { return };
        self.told = true;
        let words = match why {
            TooEarly::Login => format!(
                "The client sends <{}/> before it has logged in. Nothing but the login is \
                 accepted yet: expect the stream error not-authorized.",
                element.name()
            ),
            TooEarly::Bind => format!(
                "The client sends <{}/> before it has bound a resource. It has to bind first: \
                 expect the stream error not-authorized.",
                element.name()
            ),
        };
        let id = session.tcp().map(|_| "tcp-not-authorized");
        found.add(&kinds::STANZA_TOO_EARLY, id, Level::Error, client, words);
    }
}

/// Whether a login comes during or after another. One in place of a restart that is due is reported as that.
fn again(course: &Course, element: &Element) -> Option<&'static str> {
    if course.blind || course.restart.is_some() || !begins_login(element) {
        return None;
    }
    match course.login {
        Progress::No => None,
        Progress::Asked => Some("while another one has no answer yet"),
        Progress::Done => Some("after it has logged in"),
    }
}

/// What a stanza comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooEarly {
    Login,
    Bind,
}

/// Whether a client sends an element too early, as far as the trace shows. Why a resumption that was refused needs a bind is
/// for the rules on stream management to say.
fn too_early(course: &Course, element: &Element) -> Option<TooEarly> {
    too_early_at_all(course, element).filter(|_| course.resume_failed.is_none())
}

/// The same, after a refused resumption too.
pub(super) fn too_early_at_all(course: &Course, element: &Element) -> Option<TooEarly> {
    let resumes = matches!(element.namespace(), ns::SM3 | ns::SM2) && element.name() == "resume";
    if course.blind || !(is_stanza(element) || resumes) {
        return None;
    }
    let has = |namespace| element.children().any(|it| it.namespace() == namespace);
    let (iq, kind) = (element.name() == "iq", element.attr("type"));
    match (course.login, course.bound) {
        // Registration, and the login of XEP-0078, come before the login. What has no address, the server may answer.
        // What the server asks is answered, even if it asked too early.
        (Progress::No, Progress::No) if iq && matches!(kind, Some("result" | "error")) => None,
        (Progress::No, Progress::No) if course.login_offered => {
            let own = [ns::REGISTER, ns::AUTH, ns::PING, ns::DISCO_INFO, ns::DISCO_ITEMS];
            (!iq || !own.into_iter().any(has)).then_some(TooEarly::Login)
        }
        (Progress::Done, Progress::No) if course.bind_offered && !course.resuming && !resumes => {
            // A restart that is missing is reported as that.
            let server_itself = iq && element.attr("to").is_none() && !has(ns::SESSION);
            (!server_itself && course.restart.is_none() && !course.sasl2).then_some(TooEarly::Bind)
        }
        _ => None,
    }
}

fn is_stanza(element: &Element) -> bool {
    matches!(element.name(), "message" | "presence" | "iq") && element.namespace() == ns::CLIENT
}

#[cfg(test)]
#[path = "early_tests.rs"]
mod tests;
