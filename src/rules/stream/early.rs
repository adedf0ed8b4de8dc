//! Stanzas that come before the login or before a resource is bound (RFC 6120 §4.3.5, §6.3.4 and §7.3.1).

use super::course::{Course, Progress};
use super::line::{LinePart, LineView};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::Reading;
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// Judges what a client sends too early.
#[derive(Debug, Default)]
pub struct Early {
    sessions: PerSession<State>,
}

#[derive(Debug, Default)]
struct State {
    course: Course,
    told: bool,
}

impl Rule for Early {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.line() else { return };
        let state = self.sessions.of(view.session.id, moment.story);
        state.course.follow(&view);
        if let LinePart::Message(message) = view.part
            && let (Side::Client, Reading::Element(element)) = (message.from, &message.reading)
            && !state.told
            && let Some(why) = too_early(&state.course, element)
        {
            state.told = true;
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
            tell(&view, words, found);
        }
        state.course.take(&view);
    }
}

fn tell(view: &LineView<'_>, words: String, found: &mut Findings) {
    let id = view.either(None, Some("tcp-not-authorized"));
    found.add(&kinds::STANZA_TOO_EARLY, id, Level::Error, Party::Client, words);
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
            let server_itself = iq && element.attr("to").is_none();
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
