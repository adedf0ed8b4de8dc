//! Why a WebSocket was left or cut: who complains of what, which time-out fits, what may be lost.

use std::collections::VecDeque;
use std::time::Duration;

use super::ending_course::{Course, Sent};
use super::ending_frames::status_words;
use super::idle::fits;
use super::view::WebSocketView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::words::short;
use crate::trace::{How, Session, WebSocketLink};
use crate::wire::Side;
use crate::xmpp::Kind;

/// What a side sent this short a time before a Close frame may be what that complains of.
const JUST_BEFORE: Duration = Duration::from_secs(10);
/// A message that was sent this short a time before the end may not have been handled.
const IN_FLIGHT: Duration = Duration::from_secs(5);
/// A question that waits for so long shows that nobody answers.
const UNANSWERED: Duration = Duration::from_secs(5);
/// Silences shorter than this are ordinary, and fit a time-out by chance.
const IDLE: Duration = Duration::from_secs(19);
/// The same for connections that the client's side ends: people leave at any time.
const IDLE_CLIENT: Duration = Duration::from_secs(44);
/// How far the silences before two cuts by the same timer lie apart.
const SAME: Duration = Duration::from_secs(1);
/// A message that is larger may exceed a limit.
const LARGE: u64 = 32 * 1024;

/// Reports what a status complains of, if it complains.
pub(super) fn complaint(course: &Course, view: &WebSocketView<'_>, found: &mut Findings) -> bool {
    let (frame, at) = (view.frame, view.at);
    let Some(status) = frame.status else { return false };
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
                    "{closes}, a complaint about what the {} sent; nothing unusual of it was seen \
                     just before. Something in between may have changed it.",
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
    found.add(&kinds::WS_COMPLAINT, None, Level::Error, party, words);
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
        let lives = match (session.stream.management.resumable, session.stream.management.max) {
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
        if let Some(waits) = unanswered(self.course, view.link, Side::Client, view.at) {
            let words = format!(
                "The client gave up with Close{status} and without <close/>: {waits}, and nothing \
                 came from the server for {}. The connection was dead, or the server hangs.{lives}",
                words(view.link.line.silent(Side::Server, view.at))
            );
            return found.add(kind, None, Level::Warning, Party::Nobody, words);
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
        let leaves = format!("The server leaves with Close{status} and without <close/>");
        let goes = matches!(view.frame.status, Some(1001 | 1012 | 1013));
        let lost = pending(self.course, session, view.at);
        if let Some(waits) = unanswered(self.course, view.link, Side::Server, view.at)
            && !goes
        {
            let words = format!(
                "{leaves}: {waits}, and nothing came from the client for {}. It gave the client up.{lost}",
                words(view.link.line.silent(Side::Client, view.at))
            );
            return found.add(kind, None, Level::Warning, Party::Nobody, words);
        }
        let silent = self.view.link.line.silent(Side::Client, view.at);
        if let Some(usual) = fits(silent).filter(|&usual| usual > IDLE && !goes) {
            let words = format!(
                "{leaves}, after the client had sent nothing for {}: a time-out of {} for idle \
                 clients. Let the client send pings more often, or raise the limit; with <close/> \
                 the client would know that it was meant.{lost}",
                words(silent),
                seconds(usual),
            );
            let id = "ws-close-before-close-frame";
            return found.add(kind, id, Level::Warning, Party::Server, words);
        }
        let why = if goes { ": it is restarted or shut down" } else { "" };
        let words = format!(
            "{leaves}{why}. The client cannot tell whether the stream ended in order: the server \
             has to close that first.{lost}"
        );
        found.add(kind, "ws-close-handshake", Level::Error, Party::Server, words);
    }
}

/// The connection ended with neither `<close/>` nor a Close frame.
pub(super) struct Cut<'a> {
    pub(super) course: &'a Course,
    pub(super) session: &'a Session,
    pub(super) link: &'a WebSocketLink,
    pub(super) at: Duration,
    /// Which side ended it, if that is known.
    pub(super) by: Option<Side>,
    pub(super) how: Option<How>,
}

impl Cut<'_> {
    /// Gives for how long nothing had passed.
    pub(super) fn report(&self, silences: &VecDeque<Duration>, found: &mut Findings) -> Duration {
        let (line, at, by) = (&self.link.line, self.at, self.by);
        let silence = at.saturating_sub(line.last());
        let who = match by {
            Some(side) => format!("by the {}'s side", side.name()),
            None => "by one of the sides, it is not known which".to_owned(),
        };
        let reset = if self.how == Some(How::Reset) { " (TCP reset)" } else { "" };
        let cut =
            format!("The connection was cut {who}{reset}, with neither <close/> nor a Close frame");
        let heard = format!(
            "last heard from the client {} and from the server {} before",
            words(line.silent(Side::Client, at)),
            words(line.silent(Side::Server, at))
        );
        let lost = pending(self.course, self.session, at);
        if let Some(waits) = self.gave_up() {
            let words = format!("{cut}: {waits} ({heard}), so the other side was given up.{lost}");
            found.add(&kinds::WS_CUT, None, Level::Warning, Party::Nobody, words);
            return silence;
        }
        if self.course.partial.is_none() && self.idle(&cut, silences, &lost, found) {
            return silence;
        }
        let within = self.course.partial.map(|(side, size)| {
            format!(", within a message of the {} of which {size} B had come", side.name())
        });
        let large = self.course.large[0].filter(|&(then, size)| {
            by != Some(Side::Client) && size >= LARGE && at.saturating_sub(then) < IN_FLIGHT
        });
        let large = large.map(|(then, size)| {
            format!(
                " The client had sent a message of {size} B {} before, which may exceed a limit.",
                words(at.saturating_sub(then))
            )
        });
        let words = format!(
            "{cut}{}; {heard}. {}{}{lost}",
            within.unwrap_or_default(),
            match by {
                Some(Side::Client) => "The page or program was killed, or its network went away.",
                Some(Side::Server) =>
                    "The server or a proxy in front of it crashed or was restarted.",
                None => "A proxy, the network or one of the two went away.",
            },
            large.unwrap_or_default(),
        );
        let party = by.map_or(Party::Nobody, Party::from);
        found.add(&kinds::WS_CUT, "ws-close-handshake", Level::Warning, party, words);
        silence
    }

    /// What the side that ended the connection had waited for, if it had.
    fn gave_up(&self) -> Option<String> {
        let ask = |side| unanswered(self.course, self.link, side, self.at);
        match self.by {
            Some(side) => ask(side),
            None => ask(Side::Server).or_else(|| ask(Side::Client)),
        }
    }

    /// Whether a time-out explains it, which is reported.
    fn idle(
        &self,
        cut: &str,
        silences: &VecDeque<Duration>,
        lost: &str,
        found: &mut Findings,
    ) -> bool {
        let (by, silence) = (self.by, self.at.saturating_sub(self.link.line.last()));
        let least = if by == Some(Side::Client) { IDLE_CLIENT } else { IDLE };
        let usual = |silence| fits(silence).filter(|&usual| usual > least);
        let again = silences.iter().rev().find(|&&before| {
            silence > UNANSWERED && before > UNANSWERED && before.abs_diff(silence) <= SAME
        });
        let (kind, id) = (&kinds::WS_IDLE_CUT, "ws-idle-survives-proxy");
        let evidence = match (usual(silence), again) {
            (Some(usual), _) => format!("which fits a time-out of {} in between", seconds(usual)),
            (None, Some(before)) => {
                format!("as before an earlier cut ({}): a time-out in between", words(*before))
            }
            (None, None) => {
                return by == Some(Side::Server) && self.one_sided(cut, lost, found);
            }
        };
        let interval = usual(silence).unwrap_or(silence);
        let words = format!(
            "{cut}, after nothing had passed for {}, {evidence} (reverse proxy, load balancer). {} \
             Raise that time-out, or send pings more often than every {}.{lost}",
            words(silence),
            self.pings(),
            seconds(interval),
        );
        found.add(kind, id, Level::Error, Party::Between, words);
        true
    }

    /// Whether a time-out fits that looks at one side only: nginx counts what the server sends, servers what the client
    /// does.
    fn one_sided(&self, cut: &str, lost: &str, found: &mut Findings) -> bool {
        let [client, server] =
            [Side::Client, Side::Server].map(|side| self.link.line.silent(side, self.at));
        let usual = |silence| fits(silence).filter(|&usual| usual > IDLE_CLIENT);
        let (side, silence, usual, party) = match (usual(server), usual(client)) {
            (Some(usual), _) => (Side::Server, server, usual, Party::Between),
            (None, Some(usual)) => (Side::Client, client, usual, Party::Nobody),
            (None, None) => return false,
        };
        let who = match side {
            Side::Server => {
                "something in between that counts only what the server sends (nginx: proxy_read_timeout)"
            }
            Side::Client => {
                "the server, or something in between, that counts only what the client sends"
            }
        };
        let words = format!(
            "{cut}, after the {} had sent nothing for {}: that fits a time-out of {} of {who}. {} \
             Raise it, or send pings more often than that.{lost}",
            side.name(),
            words(silence),
            seconds(usual),
            self.pings(),
        );
        found.add(&kinds::WS_IDLE_CUT, "ws-idle-survives-proxy", Level::Error, party, words);
        true
    }

    /// Which pings there were.
    fn pings(&self) -> String {
        let of = |side: Side| {
            let (last, shortest) = self.course.pings[side as usize]?;
            let pace = match shortest {
                Some(shortest) => format!("pings every {}", words(shortest)),
                None => format!("sent one ping, {} before", words(self.at.saturating_sub(last))),
            };
            Some(format!("The {} {pace}, which is too rarely.", side.name()))
        };
        let pings: Vec<_> = [Side::Client, Side::Server].into_iter().filter_map(of).collect();
        match &pings[..] {
            [] => "No ping was sent by either side.".to_owned(),
            pings => pings.join(" "),
        }
    }
}

/// What this side had asked, and for how long it has waited in vain, if that shows that the other side is dead.
fn unanswered(course: &Course, link: &WebSocketLink, by: Side, at: Duration) -> Option<String> {
    let waits = |since: Duration| at.saturating_sub(since);
    let dead = |since: &Duration| {
        waits(*since) >= UNANSWERED
            && link.line.last[by.other() as usize].is_none_or(|last| last <= *since)
    };
    let name = by.name();
    if let Some(since) = link.pings[by as usize].waiting.filter(dead) {
        return Some(format!("the {name}'s ping {} before was not answered", words(waits(since))));
    }
    if let Some(since) = course.asked[by as usize].filter(dead) {
        return Some(format!("the {name}'s <r/> {} before was not answered", words(waits(since))));
    }
    let question = course.unanswered.iter().find(|sent| sent.kind == Kind::Iq && dead(&sent.at));
    match (by, question) {
        (Side::Client, Some(sent)) => Some(format!(
            "the {} {} before was not answered",
            stanza(sent.kind, sent.id.as_deref()),
            words(waits(sent.at))
        )),
        _ => None,
    }
}

/// `message m7`
fn stanza(kind: Kind, id: Option<&str>) -> String {
    match id {
        Some(id) => format!("{} {}", kind.as_str(), short(id)),
        None => format!("{} without id", kind.as_str()),
    }
}

/// What of the client's stanzas may be lost, as sentences with a space in front.
fn pending(course: &Course, session: &Session, at: Duration) -> String {
    let management = &session.stream.management;
    let count = &management.client;
    let ago = |then: Duration| words(at.saturating_sub(then));
    if count.counting {
        let Some(oldest) = count.unacked.front() else { return String::new() };
        let oldest_words = format!(
            "{}, sent {} before",
            stanza(oldest.kind, oldest.id.as_deref()),
            ago(oldest.at)
        );
        let what = match count.unacked.len() {
            1 => format!("{oldest_words}, was not acknowledged"),
            n => format!(
                "{n} stanzas of the client were not acknowledged, the oldest {oldest_words}"
            ),
        };
        let then = if management.resumable {
            "a resumption sends again what did not arrive"
        } else {
            "they may be lost"
        };
        return format!(" Stream management: {what}; {then}.");
    }
    let fresh = |sent: &&Sent| match sent.kind {
        Kind::Iq => true,
        _ => at.saturating_sub(sent.at) <= IN_FLIGHT,
    };
    let sent: Vec<_> = course.unanswered.iter().filter(fresh).collect();
    match &sent[..] {
        [] => String::new(),
        [one] => format!(
            " {} was sent {} before, and nothing acknowledged it: it may be lost.",
            capital(&stanza(one.kind, one.id.as_deref())),
            ago(one.at)
        ),
        [first, .., last] => format!(
            " {} stanzas of the client, from {} ({} before) to {} ({} before), were not answered: they may \
             be lost.",
            sent.len(),
            stanza(first.kind, first.id.as_deref()),
            ago(first.at),
            stanza(last.kind, last.id.as_deref()),
            ago(last.at),
        ),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

/// `60 s`
fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}
