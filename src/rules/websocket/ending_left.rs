//! Why a side left with a Close frame: what it complains of, or why it goes without a `<close/>` (RFC 7395 §3.6,
//! RFC 6455 §7.4).

use std::time::Duration;

use super::ending_course::{Course, DECLARED};
use super::ending_frames::status_words;
use super::ending_words::{pending, seconds, unanswered};
use super::view::WebSocketView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::idle::fits;
use crate::rules::kinds;
use crate::rules::words::short;
use crate::wire::Side;

/// What a side sent this short a time before a Close frame may be what that complains of.
const JUST_BEFORE: Duration = Duration::from_secs(10);
/// Time-outs that are shorter are not for idle clients.
const IDLE: Duration = Duration::from_secs(19);

/// Reports what a status complains of, if it complains.
pub(super) fn complaint(course: &Course, view: &WebSocketView<'_>, found: &mut Findings) -> bool {
    let (frame, at) = (view.frame, view.at);
    let Some(status) = frame.status else { return false };
    if found.has(&[kinds::WS_OLD_FRAMING]) {
        return true; // this is its answer
    }
    let (by, other) = (frame.from, frame.from.other());
    let reason = String::from_utf8_lossy(&frame.content.bytes);
    let closes = format!("The {} closes with{}", by.name(), status_words(Some(status), &reason));
    let ago = |then: Duration| words(at.saturating_sub(then));
    let unusual = course.unusual[other as usize]
        .as_ref()
        .filter(|(then, _)| at.saturating_sub(*then) <= JUST_BEFORE)
        .map(|(then, what)| {
            format!(": {} before, the {} had sent {what}", ago(*then), other.name())
        });
    let (party, words) = match status {
        1002 | 1003 | 1007 => {
            let words = match &unusual {
                Some(what) => format!("{closes}{what}."),
                None => format!(
                    "{closes}, a complaint about what the {} sent; nothing unusual from it was \
                     seen just before. Something in between may have changed it.",
                    other.name()
                ),
            };
            (if unusual.is_some() { Party::from(other) } else { Party::Nobody }, words)
        }
        1009 => {
            let size = course.large[other as usize]
                .filter(|&(then, _)| at.saturating_sub(then) <= JUST_BEFORE)
                .map(|(then, size)| {
                    format!("; the {} had sent one of {size} B {} before", other.name(), ago(then))
                });
            let words = format!(
                "{closes}{}. The limit is in the configuration of the {}, or of a proxy in front of \
                 it; sent again, the message ends the next connection as well.",
                size.unwrap_or_default(),
                by.name(),
            );
            (Party::from(other), words)
        }
        1008 => {
            let last = view.link.line.last[other as usize];
            let last = last.map(|last| {
                format!(" The {}'s last frame came {} before.", other.name(), ago(last))
            });
            let words = format!(
                "{closes}: something that the {} did is not allowed here (rate, size, origin, \
                 authentication).{} The log of the {} may say more.",
                other.name(),
                last.unwrap_or_default(),
                by.name()
            );
            (Party::from(other), words)
        }
        1010 => {
            let words = format!(
                "{closes}: it needs an extension that the {} did not agree to.",
                other.name()
            );
            (Party::from(other), words)
        }
        1011 => {
            let before = match &unusual {
                Some(what) => format!("{what}."),
                None => ".".to_owned(),
            };
            let words = format!(
                "{closes}, a failure of its own{before} Its log says more.{}",
                pending(course, view.session, at)
            );
            (Party::from(by), words)
        }
        1014 => {
            let words = format!(
                "{closes}: something in between got no proper answer from the server behind it.{}",
                pending(course, view.session, at)
            );
            (Party::Between, words)
        }
        _ => return false,
    };
    // What was wrong was an error of its own, and this follows from it. An XML declaration alone is none.
    let known = view.link.handshake.is_some() || view.session.stream.opened[other as usize] > 0;
    let follows = matches!(status, 1002 | 1003 | 1007)
        && known
        && unusual.is_some_and(|what| !what.ends_with(DECLARED));
    let level = if follows { Level::Note } else { Level::Error };
    found.add(&kinds::WS_COMPLAINT, None, level, party, words);
    true
}

/// A side closes the WebSocket with a Close frame, and nobody has sent `<close/>`.
pub(super) struct Leaving<'a> {
    pub(super) course: &'a Course,
    pub(super) view: &'a WebSocketView<'a>,
}

impl Leaving<'_> {
    pub(super) fn report(&self, found: &mut Findings) {
        let frame = self.view.frame;
        let reason = String::from_utf8_lossy(&frame.content.bytes);
        let status = match status_words(frame.status, &reason) {
            status if status.is_empty() => " without a status".to_owned(),
            status => status,
        };
        match frame.from {
            Side::Client => self.client(&status, found),
            Side::Server => self.server(&status, found),
        }
    }

    fn client(&self, status: &str, found: &mut Findings) {
        let (view, session) = (self.view, self.view.session);
        let kind = &kinds::WS_LEFT_WITHOUT_CLOSE;
        let lives = match (session.stream.management().resumable, session.stream.management().max) {
            (true, Some(max)) => {
                format!(" The session can be resumed for {max} s, and is online until then.")
            }
            (true, None) => {
                " The session can be resumed for some time, and is online until then.".to_owned()
            }
            (false, _) => String::new(),
        };
        if view.frame.status == Some(1001) {
            let words = format!(
                "The client left with Close{status} and without <close/>, as browsers do when a page \
                 is reloaded or closed.{lives}"
            );
            return found.add(kind, None, Level::Note, Party::Nobody, words);
        }
        if let Some((waits, level)) = unanswered(self.course, view.link, Side::Client, view.at) {
            let words = format!(
                "The client gave up with Close{status} and without <close/>: {waits}, and nothing \
                 came from the server for {}. The connection was dead, or the server hangs.{lives}",
                words(view.link.line.silent(Side::Server, view.at))
            );
            return found.add(kind, None, level, Party::Nobody, words);
        }
        if !session.stream.authenticated && view.link.handshake.is_some() {
            let words = format!(
                "The client closes the WebSocket with Close{status} and without <close/>, before it \
                 has logged in."
            );
            return found.add(kind, None, Level::Note, Party::Nobody, words);
        }
        let words = format!(
            "The client closes the WebSocket with Close{status} and without <close/>, so the server \
             cannot tell whether it logs out or has lost its network; send <close/> first.{lives}"
        );
        let id = "ws-close-before-close-frame";
        found.add(kind, id, Level::Warning, Party::Client, words);
    }

    fn server(&self, status: &str, found: &mut Findings) {
        let (view, session) = (self.view, self.view.session);
        let kind = &kinds::WS_LEFT_WITHOUT_CLOSE;
        if view.link.line.elements[Side::Server as usize] == 0
            && session.stream.opened[Side::Client as usize] > 0
        {
            let to = session.stream.headers[Side::Client as usize].as_ref();
            let to = to.and_then(|header| header.to.as_deref());
            let to = to.map(|to| format!(" (to='{}')", short(to))).unwrap_or_default();
            let words = format!(
                "The server answers the client's <open/>{to} with a Close frame{status} in place of its own \
                 <open/>. It refuses the stream without a stream error that says why; its log may say more."
            );
            return found.add(kind, "ws-close-handshake", Level::Error, Party::Server, words);
        }
        let leaves = format!("The server leaves with Close{status} and without <close/>");
        let goes = matches!(view.frame.status, Some(1001 | 1012 | 1013));
        let lost = pending(self.course, session, view.at);
        if let Some((waits, level)) = unanswered(self.course, view.link, Side::Server, view.at)
            && !goes
        {
            let words = format!(
                "{leaves}: {waits}, and nothing came from the client for {}. It gave up on the \
                 client.{lost}",
                words(view.link.line.silent(Side::Client, view.at))
            );
            return found.add(kind, None, level, Party::Nobody, words);
        }
        let silent = self.view.link.line.silent(Side::Client, view.at);
        if let Some(usual) = fits(silent).filter(|&usual| usual > IDLE && !goes) {
            let words = format!(
                "{leaves}, after the client had sent nothing for {}: a timeout of {} for idle \
                 clients. Let the client send pings more often, or raise the limit; sending \
                 <close/> first would tell the client that this was intended.{lost}",
                words(silent),
                seconds(usual),
            );
            let id = "ws-close-before-close-frame";
            return found.add(kind, id, Level::Warning, Party::Server, words);
        }
        let why = match view.frame.status {
            Some(1013) => ": it is overloaded for now, and the client may try again later",
            _ if goes => ": it is restarting or shutting down",
            _ => "",
        };
        let words = format!(
            "{leaves}{why}. The client cannot tell whether the stream ended cleanly: the server \
             has to send <close/> first.{lost}"
        );
        found.add(kind, "ws-close-handshake", Level::Error, Party::Server, words);
    }
}
