//! Clients that log in anew after each cut, although their session is still there.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{nth, short};
use crate::trace::{Fact, How, Session, SessionId};
use crate::wire::Side;
use crate::xmpp::jid;

/// A login within this time after a cut is for the sake of the cut.
const SOON: Duration = Duration::from_secs(60);
/// So many cuts are remembered.
const REMEMBERED: usize = 64;
/// From this time on, it is more than a note.
const OFTEN: u32 = 3;

/// Watches logins.
#[derive(Debug, Default)]
pub struct Again {
    /// Sessions whose connection was lost while the client waited.
    cuts: VecDeque<(SessionId, Duration)>,
    /// Connections that the client has closed in order, as a page does that is loaded anew.
    left: VecDeque<u64>,
    /// How often each account has logged in anew.
    counts: VecDeque<(String, u32)>,
}

impl Rule for Again {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let conn = moment.event.conn;
        match moment.event.fact {
            Fact::Ended { by: Side::Client, how: How::Fin, .. } => {
                if self.left.len() == REMEMBERED {
                    self.left.pop_front();
                }
                self.left.push_back(conn);
            }
            Fact::Closed { stopped, .. } => {
                let left = self.left.iter().position(|known| *known == conn);
                if left.and_then(|place| self.left.remove(place)).is_none() {
                    let (_, at) = moment.gone();
                    moment.abandoned().for_each(|(_, asked)| self.cut(asked.session, at));
                    if let Some(id) = moment.effect.session.filter(|_| !stopped) {
                        self.cut(id, at);
                    }
                }
            }
            _ => {}
        }
        if let Some(request) = moment.bosh_request() {
            self.cuts.retain(|(id, _)| *id != request.session.id);
        }
        let Some(message) = moment.message().filter(|message| message.from == Side::Server) else {
            return;
        };
        let bound = message.stanzas.iter().any(|stanza| stanza.summary.bound.is_some());
        if let Some(session) = moment.session().filter(|_| bound) {
            self.bound(session, moment, found);
        }
    }
}

impl Again {
    fn cut(&mut self, id: SessionId, at: Duration) {
        self.cuts.retain(|(known, _)| *known != id);
        if self.cuts.len() == REMEMBERED {
            self.cuts.pop_front();
        }
        self.cuts.push_back((id, at));
    }

    fn bound(&mut self, session: &Session, moment: &Moment<'_>, found: &mut Findings) {
        let Some(account) = session.jid().map(jid::before_slash) else { return };
        let now = moment.event.at;
        let is_it = |(id, at): &&(SessionId, Duration)| {
            let former = moment.story.session(*id).filter(|former| former.id != session.id);
            former.is_some_and(|former| {
                former.jid().map(jid::before_slash) == Some(account)
                    && now.saturating_sub(*at) <= SOON
                    && goes_on(former)
            })
        };
        let Some(&(id, at)) = self.cuts.iter().rev().find(is_it) else { return };
        let Some(former) = moment.story.session(id) else { return };
        let count = self.count(account);
        let better = match former.inactivity() {
            Some(seconds) => format!(
                "is still open (inactivity {seconds} s): the client could have sent the lost \
                 request again, with the same rid"
            ),
            None if former.bosh().is_some() => {
                "may still be open: the client could have sent the lost request again, with the \
                 same rid"
                    .to_owned()
            }
            None => "could have been resumed (XEP-0198)".to_owned(),
        };
        let often = match count {
            0..OFTEN => String::new(),
            count => format!(" This is the {} time.", nth(count)),
        };
        let words = format!(
            "{} logs in anew, {} after its connection was lost, although session {} {better}. What \
             was sent to it meanwhile may be lost.{often}",
            short(account),
            words(now.saturating_sub(at)),
            short(Session::name(former))
        );
        let level = if count < OFTEN { Level::Note } else { Level::Warning };
        let before = found.len();
        found.add(&kinds::LOGIN_AGAIN, None, level, Party::Client, words);
        found.thread(before, &format!("login again {account}"));
    }

    fn count(&mut self, account: &str) -> u32 {
        if let Some((_, count)) = self.counts.iter_mut().find(|(known, _)| known == account) {
            *count += 1;
            return *count;
        }
        if self.counts.len() == REMEMBERED {
            self.counts.pop_front();
        }
        self.counts.push_back((account.to_owned(), 1));
        1
    }
}

/// Whether a session could be continued after its connection was lost.
fn goes_on(session: &Session) -> bool {
    !session.over
        && match session.bosh() {
            Some(link) => link.open.is_empty(),
            None => session.is_detached() && session.stream.management().resumable,
        }
}

#[cfg(test)]
mod tests {
    use crate::rules::Level;
    use crate::rules::playbook::{at_least, open};

    fn bound(at: u64, conn: u64, sid: &str) -> String {
        let create = open().replace("'s1'", &format!("'{sid}'"));
        let create = create.replace("0 1 C>", &format!("{at} {conn} C>"));
        let create = create.replace("5 1 S>", &format!("{} {conn} S>", at + 5));
        let bind = "xmlns='urn:ietf:params:xml:ns:xmpp-bind'";
        format!(
            "{create}{} {conn} C> <body rid='100001' sid='{sid}'><iq xmlns='jabber:client' type='set' id='b'><bind {bind}/></iq></body>
             {} {conn} S> <body><iq xmlns='jabber:client' type='result' id='b'><bind {bind}><jid>alice@a/w{at}</jid></bind></iq></body>
             {} {conn} C> <body rid='100002' sid='{sid}'/>\n",
            at + 10,
            at + 12,
            at + 20
        )
    }

    #[test]
    fn a_second_login_after_each_cut_is_reported() {
        let cut = "1000 1 C. reset\n";
        for (script, expected) in [
            (
                bound(0, 1, "s1") + cut + &bound(3000, 2, "s2"),
                "3012 Note login-again Client: alice@a logs in anew, 2.0 s after its connection was \
                 lost, although session s1 is still open (inactivity 60 s)",
            ),
            (
                bound(0, 1, "s1")
                    + cut
                    + "1100 3 C> <body rid='100002' sid='s1'/>\n"
                    + &bound(3000, 2, "s2"),
                "",
            ),
            (bound(0, 1, "s1") + &bound(3000, 2, "s2"), ""),
            (bound(0, 1, "s1") + "1000 1 C. fin\n" + &bound(3000, 2, "s2"), ""),
            (
                bound(0, 1, "s1")
                    + cut
                    + &bound(2000, 2, "s2")
                    + "3000 2 C. reset\n"
                    + &bound(4000, 3, "s3")
                    + "5000 3 C. reset\n"
                    + &bound(6000, 4, "s4"),
                "6012 Warning login-again Client: alice@a logs in anew, 1.0 s after its connection",
            ),
        ] {
            let found = at_least(Level::Note, &script);
            let found: Vec<_> = found.iter().filter(|line| line.contains("login-again")).collect();
            match expected {
                "" => assert!(found.is_empty(), "{found:?}"),
                expected => assert!(found.last().unwrap().starts_with(expected), "{found:?}"),
            }
        }
    }
}
