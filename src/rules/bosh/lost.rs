//! Requests that have lost their session: no sid, an empty or a wrong one, or the sid of another session of the trace
//! (XEP-0124 §7.1 and §14.1).

use std::collections::VecDeque;
use std::time::Duration;

use super::terms::requests;
use super::view::BoshView;
use crate::bosh::{Body, BodyType};
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::http::view::HttpPart;
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Reading, Session, SessionId, Story};
use crate::xmpp::ns;

/// So many sessions are remembered, the latest.
const REMEMBERED: usize = 64;
/// A session that was granted on the same connection within this time is the one that is meant.
const RECENT: Duration = Duration::from_secs(60);
/// What scripts send in place of a value that they do not have.
const NO_VALUES: [&str; 5] = ["undefined", "null", "NaN", "None", "[object Object]"];

/// Finds the session that a request has lost.
#[derive(Debug, Default)]
pub struct Lost {
    granted: VecDeque<Granted>,
}

/// A session that the server has granted.
#[derive(Debug)]
struct Granted {
    session: SessionId,
    sid: Box<str>,
    at: Duration,
    /// The connection that carried its last request.
    conn: u64,
    /// Its highest rid.
    rid: u64,
}

impl Rule for Lost {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let (Some(http), None | Some(BoshView::Request(_))) = (moment.http(), moment.bosh())
            && let (HttpPart::Request(_), Reading::Body(body)) = (http.part, http.reading)
        {
            self.judge(body, moment, found);
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) => {
                let (id, rid) = (request.session.id, request.asks.rid.unwrap_or_default());
                if let Some(known) = self.granted.iter_mut().find(|known| known.session == id) {
                    known.conn = request.exchange.conn;
                    known.rid = known.rid.max(rid);
                }
            }
            Some(BoshView::Response(response)) if response.asked.creates => {
                let sid = response.link.granted.as_ref().and_then(|granted| granted.sid.clone());
                if let Some(sid) = sid.filter(|sid| !sid.is_empty()) {
                    if self.granted.len() == REMEMBERED {
                        self.granted.pop_front();
                    }
                    self.granted.push_back(Granted {
                        session: response.session.id,
                        sid,
                        at: response.at,
                        conn: response.exchange.conn,
                        rid: response.asked.rid.unwrap_or_default(),
                    });
                }
            }
            _ => {}
        }
    }
}

impl Lost {
    fn judge(&self, body: &Body, moment: &Moment<'_>, found: &mut Findings) {
        let id = "bosh-sid-on-later-requests";
        match body.sid() {
            None if belongs_in_a_session(body) => {
                let words = format!(
                    "The request has no sid, so it requests a new session, but its content belongs \
                     in an existing one: the client has lost its sid.{}",
                    self.hint(body, moment)
                );
                found.add(&kinds::SID_MISSING, id, Level::Error, Party::Client, words);
            }
            Some("") => {
                let taken = match self.candidate(body, moment) {
                    Some((granted, _)) => format!(
                        ": the client has not taken `{}` from the response {} before.",
                        short(&granted.sid),
                        words(moment.event.at.saturating_sub(granted.at))
                    ),
                    None => format!(", so it names no session.{}", self.hint(body, moment)),
                };
                let words = format!("The sid is empty{taken}");
                found.add(&kinds::SID_MISSING, id, Level::Error, Party::Client, words);
            }
            Some(sid) => self.wrong(sid, body, moment, found),
            None => {}
        }
    }

    /// Whether the sid is one that was never granted, or that of another session than the one that is meant.
    fn wrong(&self, sid: &str, body: &Body, moment: &Moment<'_>, found: &mut Findings) {
        let Some(BoshView::Request(request)) = moment.bosh() else { return };
        let own = self.granted.iter().find(|known| known.session == request.session.id);
        let first = request.session.began == moment.event.at && request.link.granted.is_none();
        let words = match own {
            None if NO_VALUES.contains(&sid) => format!(
                "The sid is '{sid}', the word for a value that the client does not have.{}",
                self.hint(body, moment)
            ),
            // It may have begun elsewhere.
            None if first => match self.candidate(body, moment) {
                Some((granted, Evidence::NextRid | Evidence::Connection))
                    if granted.sid.eq_ignore_ascii_case(sid.trim())
                        || granted.sid.starts_with(sid)
                        || sid.contains(&*granted.sid) =>
                {
                    format!(
                        "The sid is '{}', but the server has granted '{}': it has to be sent as it \
                         came.",
                        short(sid),
                        short(&granted.sid)
                    )
                }
                Some((granted, Evidence::NextRid)) => format!(
                    "No response has granted the sid '{}'; the rid is the next one of session {}, \
                     which was granted {} before.",
                    short(sid),
                    short(&granted.sid),
                    words(moment.event.at.saturating_sub(granted.at))
                ),
                _ => return,
            },
            Some(own) => {
                let window = requests(request.link).unwrap_or(2);
                let rid = request.asks.rid.unwrap_or_default();
                if rid.abs_diff(own.rid) <= window.saturating_add(16) {
                    return;
                }
                let other = self.granted.iter().find(|other| {
                    other.session != own.session && other.rid.checked_add(1) == Some(rid)
                });
                let Some(other) = other else { return };
                format!(
                    "The request names session {}, but its rid is the next one of session {} \
                     (here the next is {}): the client mixes up two sessions.",
                    short(&own.sid),
                    short(&other.sid),
                    own.rid.saturating_add(1)
                )
            }
            None => return,
        };
        let id = "bosh-sid-on-later-requests";
        found.add(&kinds::SID_WRONG, id, Level::Error, Party::Client, words);
    }

    /// Which session is meant, as a sentence.
    fn hint(&self, body: &Body, moment: &Moment<'_>) -> String {
        if let Some((jid, session)) = named(body, moment.story) {
            return format!(
                " Its stanzas name {}, which session {} has.",
                short(jid),
                Session::name(session)
            );
        }
        match self.candidate(body, moment) {
            Some((granted, Evidence::NextRid)) => {
                format!(" Its rid is the next one of session {}.", short(&granted.sid))
            }
            Some((granted, Evidence::Connection)) => format!(
                " Session {} was granted on this connection {} before.",
                short(&granted.sid),
                words(moment.event.at.saturating_sub(granted.at))
            ),
            None => String::new(),
        }
    }

    /// The session that a request continues, as far as rids and connections show.
    fn candidate(&self, body: &Body, moment: &Moment<'_>) -> Option<(&Granted, Evidence)> {
        let is_open = |known: &&Granted| {
            moment.story.session(known.session).is_some_and(|session| !session.over)
        };
        let open = || self.granted.iter().rev().filter(is_open);
        let rid = body.rid().and_then(Result::ok);
        let next = open().find(|known| known.rid.checked_add(1) == rid);
        next.map(|known| (known, Evidence::NextRid)).or_else(|| {
            let is_near = |known: &&Granted| {
                known.conn == moment.event.conn
                    && moment.event.at.saturating_sub(known.at) <= RECENT
            };
            open().find(is_near).map(|known| (known, Evidence::Connection))
        })
    }
}

/// Why a session is the one that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    NextRid,
    Connection,
}

/// Whether a request without sid does something that only a session can do.
pub(super) fn belongs_in_a_session(body: &Body) -> bool {
    body.kind() == BodyType::Ordinary
        && (!body.is_empty() || body.pause().is_some() || body.is_restart())
}

/// The session whose address the stanzas of a request have.
fn named<'a>(body: &'a Body, story: &'a Story) -> Option<(&'a str, &'a Session)> {
    body.payloads().filter(|stanza| stanza.namespace() == ns::CLIENT).find_map(|stanza| {
        let from = stanza.attr("from")?;
        let has = |session: &&Session| session.bosh().is_some() && session.jid() == Some(from);
        story.sessions().filter(has).max_by_key(|session| session.last).map(|it| (from, it))
    })
}

#[cfg(test)]
#[path = "lost_tests.rs"]
mod tests;
