//! Why a WebSocket was cut with neither `<close/>` nor a Close frame: a timeout in between, a peer that was given up, a
//! crash (RFC 7395 §3.6 and §3.8).

use std::collections::VecDeque;
use std::time::Duration;

use super::ending_course::Course;
use super::ending_words::{IN_FLIGHT, UNANSWERED, pending, seconds, unanswered};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::idle::fits;
use crate::rules::kinds;
use crate::trace::{How, Session, WebSocketLink};
use crate::wire::Side;

/// Silences shorter than this are ordinary, and fit a timeout by chance.
const IDLE: Duration = Duration::from_secs(19);
/// The same for connections that the client's side ends: people leave at any time.
const IDLE_CLIENT: Duration = Duration::from_secs(44);
/// How far the silences before two cuts by the same timer lie apart.
const SAME: Duration = Duration::from_secs(1);
/// By how much the silence of one side has to fit better than that of both.
const CLOSER: Duration = Duration::from_millis(500);
/// A message that is larger may exceed a limit.
const LARGE: u64 = 32 * 1024;

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
            None => "by one side (it is not known which)".to_owned(),
        };
        let reset = match self.how {
            Some(How::Reset) => " (TCP reset)",
            Some(How::TimedOut) => " (time-out of TCP: it answers no packet any more)",
            _ => "",
        };
        let cut =
            format!("The connection was cut {who}{reset}, with neither <close/> nor a Close frame");
        let heard = format!(
            "last heard from the client {} and from the server {} before",
            words(line.silent(Side::Client, at)),
            words(line.silent(Side::Server, at))
        );
        let lost = pending(self.course, self.session, at);
        if let Some((waits, level)) = self.gave_up() {
            let words = format!("{cut}: {waits} ({heard}), so it gave up on the other side.{lost}");
            found.add(&kinds::WS_CUT, None, level, Party::Nobody, words);
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
    fn gave_up(&self) -> Option<(String, Level)> {
        let ask = |side| unanswered(self.course, self.link, side, self.at);
        match self.by {
            Some(side) => ask(side),
            None => ask(Side::Server).or_else(|| ask(Side::Client)),
        }
    }

    /// Whether a timeout explains it, which is reported.
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
            let same = before > UNANSWERED && before.abs_diff(silence) <= SAME;
            same && by != Some(Side::Client)
        });
        let (kind, id) = (&kinds::WS_IDLE_CUT, "ws-idle-survives-proxy");
        if by == Some(Side::Server)
            && again.is_none()
            && self.fits_one_side_better(silence)
            && self.one_sided(cut, lost, found)
        {
            return true;
        }
        let evidence = match (usual(silence), again) {
            (Some(usual), _) => format!("which fits a timeout of {} in between", seconds(usual)),
            (None, Some(before)) => {
                format!("as before an earlier cut ({}): a timeout in between", words(*before))
            }
            (None, None) => {
                return by == Some(Side::Server) && self.one_sided(cut, lost, found);
            }
        };
        let interval = usual(silence).unwrap_or(silence);
        let words = format!(
            "{cut}, after nothing had passed for {}, {evidence} (reverse proxy, load balancer). {} \
             Raise that timeout, or send pings more often than every {}.{lost}",
            words(silence),
            self.pings(),
            seconds(interval),
        );
        found.add(kind, id, Level::Error, Party::Between, words);
        true
    }

    /// Whether the silence of one side fits a timeout better than that of both does.
    fn fits_one_side_better(&self, silence: Duration) -> bool {
        let off = |silence: Duration| fits(silence).map(|usual| usual.abs_diff(silence));
        let Some(both) = off(silence) else { return false };
        let sides = [Side::Client, Side::Server].map(|side| self.link.line.silent(side, self.at));
        sides
            .into_iter()
            .any(|one| one > silence && off(one).is_some_and(|one| one + CLOSER < both))
    }

    /// Whether a timeout fits that looks at one side only: nginx counts what the server sends, servers what the client
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
            "{cut}, after the {} had sent nothing for {}: that fits a timeout of {} of {who}. {} \
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
            let ago = self.at.saturating_sub(last);
            let pace = match shortest {
                Some(shortest) if ago > shortest + shortest / 2 => {
                    let (shortest, ago) = (words(shortest), words(ago));
                    return Some(format!(
                        "The {} had sent pings every {shortest}, but none in the last {ago}.",
                        side.name()
                    ));
                }
                Some(shortest) => format!("pings every {}", words(shortest)),
                None => format!("sent one ping, {} before", words(ago)),
            };
            Some(format!("The {} {pace}, which is not often enough.", side.name()))
        };
        let pings: Vec<_> = [Side::Client, Side::Server].into_iter().filter_map(of).collect();
        match &pings[..] {
            [] => "No ping was sent by either side.".to_owned(),
            pings => pings.join(" "),
        }
    }
}
