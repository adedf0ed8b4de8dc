//! `<resume/>`, its answer, and what the client does if it is refused (XEP-0198 §5).

use std::time::Duration;

use super::former::{Former, FormerSessions};
use super::view::{ElementView, condition, stanza, unseen};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerLine;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{counted, list, short};
use crate::trace::{Fact, Session, Story};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::{Kind, ns};

/// So many lost messages are named.
const NAMED: usize = 3;

/// Judges how sessions are resumed.
#[derive(Debug, Default)]
pub struct Resuming {
    former: FormerSessions,
    lines: PerLine<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The `previd` that the client wants to resume.
    asked: Option<String>,
    /// When the server refused, and why. The client has not bound a resource since.
    refused: Option<(Duration, String)>,
}

impl Rule for Resuming {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let Fact::Closed { .. } = moment.event.fact {
            if let Some(session) = moment.carried() {
                self.former.cut(session, moment.event.at);
            }
            self.lines.take(moment.event.conn);
            return;
        }
        if unseen(moment).is_some() {
            *self.lines.of(moment.event.conn) = State::default();
        }
        let Some(view) = ElementView::of(moment) else { return };
        match view.from {
            Side::Client => self.lines.of(moment.event.conn).client(&view, found),
            Side::Server => self.server(&view, moment, found),
        }
    }
}

impl Resuming {
    fn server(&mut self, view: &ElementView<'_>, moment: &Moment<'_>, found: &mut Findings) {
        let state = self.lines.of(moment.event.conn);
        if let Some(resumed) = view.inner("resumed") {
            state.resumed(resumed, found);
            self.former.learn(view.session);
        } else if let Some(failed) = view.inner("failed")
            && let Some(previd) = state.asked.take()
        {
            let former = self.former.get(&previd);
            refused(&previd, failed, former, view, moment.story, found);
            let why = condition(failed).unwrap_or("no condition").to_owned();
            state.refused = Some((view.at, why));
        }
        if view.inner("enabled").is_some() {
            self.former.learn(view.session);
        }
        if view.session.jid().is_some() {
            state.refused = None;
        }
    }
}

impl State {
    fn client(&mut self, view: &ElementView<'_>, found: &mut Findings) {
        if let Some(resume) = view.inner("resume") {
            let previd = resume.attr("previd");
            let lacking: Vec<_> = ["previd", "h"]
                .iter()
                .filter(|name| resume.attr(name).is_none_or(str::is_empty))
                .map(|name| format!("no {name}"))
                .collect();
            if !lacking.is_empty() {
                let text = format!(
                    "<resume/> has {}: the server cannot tell which session to resume, or what the client has handled.",
                    list(&lacking)
                );
                found.add(&kinds::SM_RESUME_LACKS, None, Level::Error, Party::Client, text);
            }
            (self.asked, self.refused) = (Some(previd.unwrap_or_default().to_owned()), None);
            return;
        }
        let starts_over = view.binds()
            || view.is_header()
            || view.is("enable")
            || view.element.is(ns::SASL2, "authenticate");
        if starts_over {
            self.refused = None;
        } else if view.is_stanza()
            && let Some((at, why)) = self.refused.take()
        {
            let text = format!(
                "The client goes on without binding a resource, although the server refused the resumption {} before ({}): it \
                 sends {}, but has no address yet. After <failed/> it has to bind as for a new session; it need not log in \
                 again (XEP-0198 §5).",
                words(view.at.saturating_sub(at)),
                short(&why),
                article(view.element.name()),
            );
            found.add(&kinds::SM_RESUME_NO_BIND, None, Level::Error, Party::Client, text);
        }
    }

    fn resumed(&mut self, resumed: &Element, found: &mut Findings) {
        let asked = self.asked.take();
        self.refused = None;
        let previd = resumed.attr("previd").filter(|previd| !previd.is_empty());
        let mut wrong = Vec::new();
        match (&asked, previd) {
            (_, None) => wrong.push("has no previd".to_owned()),
            (Some(asked), Some(previd)) if asked != previd => {
                wrong.push(format!(
                    "has previd='{}', but '{}' was asked for",
                    short(previd),
                    short(asked)
                ));
            }
            _ => {}
        }
        match resumed.attr("h") {
            None => wrong.push("has no h".to_owned()),
            Some(h) if h.trim().parse::<u32>().is_err() => {
                wrong.push(format!("has h='{}', which is not a number", short(h)));
            }
            Some(_) => {}
        }
        if !wrong.is_empty() {
            let text = format!(
                "<resumed/> {}: the client cannot know which of its stanzas to send again.",
                list(&wrong)
            );
            let (kind, id) = (&kinds::SM_RESUME_LACKS, "sm-resumed-attributes");
            found.add(kind, id, Level::Error, Party::Server, text);
        }
    }
}

/// `a message`, `an iq`
fn article(name: &str) -> String {
    if name == "iq" { "an iq".to_owned() } else { format!("a {}", short(name)) }
}

/// The server refuses to resume a session.
fn refused(
    previd: &str,
    failed: &Element,
    former: Option<&Former>,
    view: &ElementView<'_>,
    story: &Story,
    found: &mut Findings,
) {
    let condition = condition(failed);
    let bound = view.session.jid().is_some();
    let (level, party, why) = match former {
        _ if condition == Some("unexpected-request") && bound && view.is("failed") => {
            let why =
                "a resource was already bound, and resuming takes the place of binding".to_owned();
            (Level::Warning, Party::Client, why)
        }
        _ if matches!(condition, Some("not-authorized" | "forbidden")) => {
            let why = "only the account that began a session can resume it".to_owned();
            (Level::Note, Party::Nobody, why)
        }
        _ if !matches!(condition, None | Some("item-not-found")) => {
            (Level::Note, Party::Nobody, "the server's log may say why".to_owned())
        }
        Some(former) => reason(former, view.at),
        None => {
            let why = "the server no longer has that session: too long ago, closed, or on another node. It did not begin in \
                       this trace";
            (Level::Note, Party::Nobody, why.to_owned())
        }
    };
    let mut text = format!(
        "The session {} is not resumed ({}): {why}.",
        short(previd),
        short(condition.unwrap_or("no condition"))
    );
    if !bound {
        text += " The client has to bind as for a new session.";
    }
    let session = former.and_then(|former| story.session(former.session));
    text += &session.and_then(|session| left(session, failed)).unwrap_or_default();
    if condition.is_none() {
        text += " <failed/> should contain item-not-found.";
        let (kind, id) = (&kinds::SM_RESUME_FAILED, "sm-resume-unknown");
        found.add(kind, id, Level::Warning, Party::Server, text);
    } else {
        found.add(&kinds::SM_RESUME_FAILED, None, level, party, text);
    }
}

/// Why a session that is known cannot be resumed.
fn reason(former: &Former, at: Duration) -> (Level, Party, String) {
    let Some(cut) = former.cut else {
        let why = "although its connection is still open here, the server no longer has it";
        return (Level::Note, Party::Nobody, why.to_owned());
    };
    let age = at.saturating_sub(cut);
    let ago = words(age);
    let cut = format!("its connection ended {ago} before");
    match (former.closed, former.max) {
        (Some(side), _) => {
            let why = format!(
                "the {} had closed its stream, and the connection ended {ago} before. What is closed cannot be resumed",
                side.name()
            );
            let party = if side == Side::Client { Party::Client } else { Party::Nobody };
            let level = if side == Side::Client { Level::Warning } else { Level::Note };
            (level, party, why)
        }
        _ if !former.resumable => {
            let why = "the server had not said that it can be resumed".to_owned();
            (Level::Warning, Party::Client, why)
        }
        (None, Some(max)) if age > Duration::from_secs(max) => (
            Level::Note,
            Party::Nobody,
            format!("{cut}, and the server kept it for {max} s (max) only"),
        ),
        (None, Some(max)) => {
            let why = format!(
                "{cut}, though the server granted max='{max}' seconds. It may have restarted, or another node answers"
            );
            (Level::Warning, Party::Server, why)
        }
        (None, None) => (Level::Note, Party::Nobody, format!("{cut}; the server had named no max")),
    }
}

/// What is lost of the session that was not resumed.
fn left(session: &Session, failed: &Element) -> Option<String> {
    let count = &session.stream.management().client;
    let h = failed.attr("h").and_then(|h| h.trim().parse::<u32>().ok());
    let handled = |number: u32| h.is_some_and(|h| h.wrapping_sub(number) < 1 << 31);
    let left: Vec<_> = count.unacked.iter().filter(|sent| !handled(sent.number)).collect();
    if left.is_empty() {
        return None;
    }
    let all = counted(left.len() as u64, "stanza");
    let (were, they) = if left.len() == 1 {
        ("was", "it is lost unless the client sends it")
    } else {
        ("were", "they are lost unless the client sends them")
    };
    let mut text = match h {
        Some(h) => format!(" By its h='{h}', {all} of the client {were} not handled"),
        None => format!(" {all} of the client {were} never acknowledged"),
    };
    let messages = left.iter().filter(|sent| sent.kind == Kind::Message);
    let named: Vec<_> = messages.take(NAMED).map(|sent| stanza(sent)).collect();
    if !named.is_empty() {
        text += &format!(" ({})", named.join(", "));
    }
    Some(text + &format!(": {they} again."))
}

#[cfg(test)]
#[path = "resuming_tests.rs"]
mod tests;
