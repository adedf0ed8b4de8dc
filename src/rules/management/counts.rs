//! The two counts of stanzas (XEP-0198 §4), held against what passed: the first acknowledgement at which they part, with
//! the side that counts wrongly.

use std::time::Duration;

use super::view::{ElementView, is_closing, unseen};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::Timed;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{counted, short};
use crate::trace::{Ack, Session, SessionId, Step, Story};
use crate::wire::Side;
use crate::xml::Element;
use crate::xmpp::ns;

/// An `<a/>` that its sender sent by itself may cross with an `<r/>`. After this time it is not that.
const CROSSING: Duration = Duration::from_secs(2);

/// Compares counts.
#[derive(Debug, Default)]
pub struct Counts {
    sessions: Timed<State>,
}

/// What is remembered of the stanzas of the client, and of those of the server.
#[derive(Debug, Default)]
struct State {
    sides: [Direction; 2],
}

/// What is remembered of the stanzas that one side sends.
#[derive(Debug, Default)]
struct Direction {
    /// It has sent so many `<r/>` and `<a/>`.
    nonzas: u32,
    /// It has sent so many `<r/>`, and the other side so many `<a/>`.
    requests: u32,
    acks: u32,
    /// It has sent so many stanzas before it was counted at all.
    early: u32,
    /// How many had been sent when the session was resumed.
    base: Option<u32>,
    /// How many of a former session, which was not resumed, the other side had handled.
    former: Option<u32>,
    /// The beginning was not seen, but no more than this can have been sent.
    bounded: bool,
    /// The largest difference that was reported.
    beyond: u32,
    /// It was reported that `h` went back.
    back: bool,
    /// It was reported that `h` is behind.
    behind: bool,
    /// An answer left stanzas out that were sent before the request.
    pending: Option<Pending>,
}

/// An answer that leaves out stanzas that were sent before the request.
#[derive(Debug, Clone, Copy)]
struct Pending {
    at: Duration,
    h: u32,
    /// How many stanzas had been sent before the request.
    target: u32,
}

impl Rule for Counts {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = ElementView::of(moment) else {
            if let Some(id) = unseen(moment)
                && let Some((state, mut timer)) = self.sessions.get(id)
            {
                *state = State::default();
                timer.clear();
            }
            return;
        };
        let (state, mut timer) = self.sessions.of(view.session.id, moment.story);
        state.count(&view);
        match view.step() {
            Some(Step::Acknowledged(ack)) => {
                let direction = &mut state.sides[ack.by.other() as usize];
                direction.acknowledged(ack, view.at, found);
                if let Some(pending) = state.sides.iter().find_map(|side| side.pending) {
                    timer.set(pending.at + CROSSING);
                }
            }
            Some(Step::Resumed { client, server, .. }) => {
                state.resumed(client.as_ref(), server.as_ref(), found);
            }
            _ => {}
        }
        if view.element.is(ns::STREAMS, "error") && is_too_high(view.element) {
            let acked = view.session.stream.management().of(view.from);
            state.sides[view.from as usize].too_high(&view, acked.sent, acked.exact, found);
        }
    }

    fn deadline(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn wake(&mut self, now: Duration, story: &Story, found: &mut Findings) -> Option<SessionId> {
        let (session, state) = self.sessions.due(now, story)?;
        if !is_closing(session) {
            state.overdue(session, now, found);
        }
        Some(session.id)
    }
}

impl State {
    /// Counts what a side has sent.
    fn count(&mut self, view: &ElementView<'_>) {
        let (request, ack) = (view.is("r"), view.is("a"));
        let own = &mut self.sides[view.from as usize];
        own.nonzas += u32::from(request || ack);
        own.requests += u32::from(request);
        own.early += u32::from(view.is_stanza() && view.step().is_none());
        self.sides[view.from.other() as usize].acks += u32::from(ack);
        let former = match view.from {
            Side::Client => view.inner("resume"),
            Side::Server => view.inner("failed"),
        };
        if let Some(h) = former.and_then(|former| former.attr("h")) {
            self.sides[view.from.other() as usize].former = h.trim().parse().ok();
        }
    }

    fn resumed(&mut self, client: Option<&Ack>, server: Option<&Ack>, found: &mut Findings) {
        // If both counts have run ahead, the session went on for a while where it was not seen.
        let ahead = |ack: Option<&Ack>| ack.is_some_and(|ack| ack.beyond().is_some());
        let unseen = ahead(client) && ahead(server);
        for (side, ack) in [(Side::Client, client), (Side::Server, server)] {
            let direction = &mut self.sides[side as usize];
            direction.pending = None;
            if let Some(ack) = ack {
                if ack.exact && !unseen {
                    direction.compare(ack, true, found);
                }
                *direction = Direction {
                    base: Some(ack.h),
                    beyond: direction.beyond,
                    ..Direction::default()
                };
            }
        }
    }

    /// No other acknowledgement has come that could have been the answer.
    fn overdue(&mut self, session: &Session, now: Duration, found: &mut Findings) {
        for side in [Side::Client, Side::Server] {
            let direction = &mut self.sides[side as usize];
            let Some(pending) = direction.pending.filter(|pending| pending.at + CROSSING <= now)
            else {
                continue;
            };
            direction.pending = None;
            let acked = session.stream.management().of(side).acked;
            if !direction.behind
                && pending.target.wrapping_sub(acked) < 1 << 31
                && acked != pending.target
            {
                direction.behind = true;
                let ago = words(now.saturating_sub(pending.at));
                let text = format!("{}, {ago} ago", left_out_words(side, pending));
                behind(side, &text, found);
            }
        }
    }
}

impl Direction {
    fn acknowledged(&mut self, ack: &Ack, at: Duration, found: &mut Findings) {
        let known = ack.exact || self.base.is_some();
        if known || self.bounded {
            self.compare(ack, false, found);
        } else if ack.back().is_some() {
            self.went_back(ack, "", found);
        }
        if known {
            self.answers(ack, at, found);
        } else if ack.before_at.is_none() {
            // The count rests on this one. If it answers a request, it has everything that was not seen.
            self.bounded = ack.request.is_some();
        }
    }

    /// Compares an acknowledgement with what was sent, and with the one before.
    fn compare(&mut self, ack: &Ack, resumes: bool, found: &mut Findings) {
        // Before the first 2^31 stanzas, no number that is higher than theirs can be an old one.
        let plain = ack.exact && self.base.is_none() && ack.sent < 1 << 31;
        let beyond = if plain { ack.h.checked_sub(ack.sent) } else { ack.beyond() };
        if let Some(beyond) = beyond.filter(|&beyond| beyond > 0) {
            if beyond > self.beyond {
                let again = self.beyond > 0;
                // The first time, and then when it has grown a lot: once for each further element would be noise.
                if !again || beyond >= self.beyond.saturating_mul(4) {
                    self.beyond = beyond;
                    self.too_many(ack, beyond, resumes, again, found);
                }
            }
        } else if ack.back().is_some() {
            self.went_back(ack, if resumes { " when the session was resumed" } else { "" }, found);
        } else {
            self.back = false;
        }
    }

    fn too_many(&self, ack: &Ack, beyond: u32, resumes: bool, again: bool, found: &mut Findings) {
        let (by, of) = (ack.by.name(), ack.by.other().name());
        let when = if resumes { " when the session is resumed" } else { "" };
        let since = if ack.exact { "" } else { ", as far as the trace shows" };
        let mut text = format!(
            "The {by} acknowledges {} of the {of}{when} (h='{}'), but {}{since}: the {by} counts wrongly.",
            counted(ack.h, "stanza"),
            ack.h,
            sent(ack.sent)
        );
        if again {
            text += &format!(" The difference has grown to {beyond}.");
        }
        text += &self.cause(ack.by.other(), beyond);
        text += match ack.by {
            Side::Client => " The server may end the stream (handled-count-too-high).",
            Side::Server => " The client may take stanzas for delivered that were lost.",
        };
        report(ack.by, Level::Error, text, found);
    }

    /// What else was sent in just this number.
    fn cause(&self, sender: Side, difference: u32) -> String {
        let mut causes = Vec::new();
        if self.nonzas == difference {
            let (and, are) = if difference == 1 { ("or", "is") } else { ("and", "are") };
            causes.push(format!("<r/> {and} <a/>, which {are} not counted"));
        }
        if self.early == difference && self.base.is_none() {
            let begins = if sender == Side::Client { "<enable/>" } else { "<enabled/>" };
            let stanza = if difference == 1 { "stanza" } else { "stanzas" };
            causes.push(format!("{stanza} before {begins}, where counting begins"));
        }
        if self.former.is_some_and(|h| h > 0 && h == difference) {
            return format!(
                " It goes on from h='{difference}' of the session that was not resumed; in a new session counting begins at 0."
            );
        }
        if causes.is_empty() {
            return String::new();
        }
        format!(
            " The {} has also sent {difference} {}.",
            sender.name(),
            causes.join(&format!(", and {difference} "))
        )
    }

    fn went_back(&mut self, ack: &Ack, when: &str, found: &mut Findings) {
        if std::mem::replace(&mut self.back, true) {
            return;
        }
        let by = ack.by.name();
        let mut text = format!(
            "The {by} acknowledges h='{}'{when}, but had acknowledged {} before: h never decreases, except from 4294967295 to 0.",
            ack.h, ack.before
        );
        let since = self.base.map(|base| ack.sent.wrapping_sub(base));
        text += if since == Some(ack.h) {
            " It counts as if it had begun anew with the resumption, but counts go on across it."
        } else {
            " After a resumption, stanzas that were handled would be sent again."
        };
        report(ack.by, Level::Error, text, found);
    }

    /// Whether an answer has everything that was sent before the request.
    fn answers(&mut self, ack: &Ack, at: Duration, found: &mut Findings) {
        if ack.beyond().is_some() || ack.back().is_some() {
            return;
        }
        let before = self.pending.take();
        let left_out = |target: u32| (1..1 << 31).contains(&target.wrapping_sub(ack.h));
        let side = ack.by.other();
        let now =
            ack.behind().zip(ack.request).map(|(_, (_, target))| Pending { at, h: ack.h, target });
        let deficit = |pending: Pending| pending.target.wrapping_sub(pending.h);
        // With an `<a/>` for each `<r/>`, none was sent by itself, and none can have crossed.
        let regular = self.acks <= self.requests;
        let parted = before.filter(|&before| {
            let grows = now.is_some_and(|now| deficit(now) >= deficit(before));
            left_out(before.target) || regular && grows
        });
        if let Some(before) = parted {
            if !std::mem::replace(&mut self.behind, true) {
                let target = now.map_or(before.target, |now| now.target);
                let first = left_out_words(side, before);
                let then = format!("{first}, and then {} of {target} (h='{}')", ack.h, ack.h);
                behind(side, &then, found);
            }
        } else if now.is_some() {
            self.pending = now.filter(|_| !self.behind);
        } else if ack.request.is_some() {
            self.behind = false;
        }
    }

    /// One side says that the other has acknowledged too many of its stanzas.
    fn too_high(&self, view: &ElementView<'_>, sent: u32, exact: bool, found: &mut Findings) {
        let child = view.element.children().find(|child| child.name() == "handled-count-too-high");
        let says = |name| child.and_then(|child| child.attr(name));
        let numbers = match (says("h"), says("send-count")) {
            (Some(h), Some(sent)) => format!(" (h {}, sent {})", short(h), short(sent)),
            _ => String::new(),
        };
        let (by, other) = (view.from.name(), view.from.other().name());
        let start = format!(
            "The {by} ends the stream because the {other} acknowledged more than was sent{numbers}"
        );
        if self.beyond > 0 {
            let text = format!(
                "{start}: that follows from the count of the {other}, which was wrong before."
            );
            let (kind, id) = (&kinds::SM_HANDLED_TOO_HIGH, "sm-handled-too-high");
            found.add(kind, id, Level::Note, Party::from(view.from.other()), text);
        } else if exact
            && says("h")
                .and_then(|h| h.parse::<u32>().ok())
                .is_none_or(|h| (0..1 << 31).contains(&sent.wrapping_sub(h)))
        {
            let text = format!(
                "{start}, but {} passed here, and no acknowledgement went beyond: the {by} counts wrongly.",
                counted(sent, "stanza")
            );
            let (kind, id) = (&kinds::SM_HANDLED_TOO_HIGH, "sm-handled-too-high");
            found.add(kind, id, Level::Error, Party::from(view.from), text);
        }
    }
}

/// `only 1 was sent`
fn sent(number: u32) -> String {
    match number {
        0 => "none was sent".to_owned(),
        1 => "only 1 was sent".to_owned(),
        n => format!("only {n} were sent"),
    }
}

/// `The server acknowledged 1 of 2 stanzas …`
fn left_out_words(sender: Side, pending: Pending) -> String {
    format!(
        "The {} acknowledged {} of {} that the {} had sent before the <r/> (h='{}')",
        sender.other().name(),
        pending.h,
        counted(pending.target, "stanza"),
        sender.name(),
        pending.h
    )
}

fn behind(sender: Side, text: &str, found: &mut Findings) {
    let text = format!(
        "{text}: either the rest is not handled yet, or the {} does not count it. What is never acknowledged is sent again \
         after a resumption.",
        sender.other().name()
    );
    report(sender.other(), Level::Warning, text, found);
}

fn report(by: Side, level: Level, text: String, found: &mut Findings) {
    found.add(&kinds::SM_COUNT_PARTS, "sm-count-consistent", level, by.into(), text);
}

/// Whether a stream error says that too many stanzas were acknowledged, in the words of XEP-0198 or of servers before.
fn is_too_high(error: &Element) -> bool {
    let by_name = error.children().any(|child| child.name() == "handled-count-too-high");
    let text = error.child(ns::STREAM_ERRORS, "text").map(|text| text.text().to_ascii_lowercase());
    let more = ["didn't sen", "did not sen", "only sent", "more stanzas", "more than"];
    by_name
        || text.is_some_and(|text| {
            text.contains("acknowledged") && more.iter().any(|more| text.contains(more))
        })
}

#[cfg(test)]
#[path = "counts_tests.rs"]
mod tests;
