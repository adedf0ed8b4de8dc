//! Sessions that a client opens one after the other and does not use: it cannot read the responses, or does not take
//! them.

use std::time::Duration;

use super::view::BoshView;
use crate::clock::words;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::trace::{Fact, SessionId, Story};

/// From so many on, it is reported.
const FEW: usize = 3;
/// So many are waited for before it is reported.
const MANY: usize = 10;
/// A client that opens the next session within this time goes on.
const PAUSE: Duration = Duration::from_secs(10);
/// So many clients are watched at a time.
const CLIENTS: usize = 64;

/// Counts sessions that were granted and not used, by the client's domain and page.
#[derive(Debug, Default)]
pub struct Unused {
    clients: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    /// What tells clients apart: the page that they are, and the domain that they ask for.
    key: (Option<String>, Option<Box<str>>),
    granted: Vec<(SessionId, Duration)>,
    told: bool,
}

impl Rule for Unused {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let Fact::Finished = moment.event.fact {
            for client in &mut self.clients {
                client.report(found);
            }
            return self.clients.clear();
        }
        match moment.bosh() {
            Some(BoshView::Request(request)) if !request.asks.creates => {
                self.used(request.session.id);
            }
            Some(BoshView::Response(response)) if response.asked.creates => {
                let good = response.good().is_some_and(|body| body.sid().is_some());
                if !good || response.asked.terminates {
                    return;
                }
                let to = response.link.asked.as_ref().and_then(|asked| asked.to.clone());
                let key = (response.exchange.origin.clone(), to);
                let known = self.clients.iter().position(|client| client.key == key);
                let place = known.unwrap_or_else(|| {
                    if self.clients.len() == CLIENTS {
                        self.clients.remove(0);
                    }
                    self.clients.push(Client { key, granted: Vec::new(), told: false });
                    self.clients.len() - 1
                });
                let client = &mut self.clients[place];
                if client.told {
                    client.granted.pop();
                }
                client.granted.push((response.session.id, response.at));
                if client.granted.len() >= MANY {
                    client.report(found);
                }
            }
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Duration> {
        let due = self.clients.iter().filter_map(Client::due);
        due.min()
    }

    fn wake(&mut self, now: Duration, _: &Story, found: &mut Findings) -> Option<SessionId> {
        let place = self.clients.iter().position(|client| client.due() <= Some(now))?;
        let mut client = self.clients.remove(place);
        client.report(found);
        client.granted.last().map(|(id, _)| *id)
    }
}

impl Unused {
    /// A session is used: whoever opened it can read what the server answers.
    fn used(&mut self, id: SessionId) {
        let opened = |client: &Client| client.granted.iter().any(|(granted, _)| *granted == id);
        self.clients.retain(|client| !opened(client));
    }
}

impl Client {
    /// When it has stopped opening sessions.
    fn due(&self) -> Option<Duration> {
        self.granted.last().map(|(_, at)| at.saturating_add(PAUSE))
    }

    fn report(&mut self, found: &mut Findings) {
        let ([(_, first), .., (_, last)], false) = (&self.granted[..], self.told) else { return };
        if self.granted.len() < FEW {
            return;
        }
        let words = format!(
            "{} sessions were opened in a row within {}, and none was used. The client cannot read \
             the responses, or does not take the sid from them; each session stays open until its \
             inactivity runs out.",
            self.granted.len(),
            words(last.saturating_sub(*first))
        );
        self.told = true;
        found.add(&kinds::SESSIONS_UNUSED, None, Level::Error, Party::Nobody, words);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::playbook::words;

    fn opened(times: u64, each: u64) -> String {
        let one = |n: u64| {
            format!(
                "{} 1 C> <body rid='{}' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
                 {} 1 S> <body sid='s{n}' wait='60' requests='2' hold='1' ver='1.6' inactivity='60'/>\n",
                n * each,
                n * 1000 + 100_000,
                n * each + 5
            )
        };
        (0..times).map(one).collect()
    }

    #[test]
    fn sessions_that_nobody_uses_are_counted() {
        for (script, begins) in [
            (opened(4, 1000) + "60000 tick", Some("4 sessions were opened in a row within 3.0 s")),
            (opened(12, 500), Some("10 sessions were opened in a row within 4.5 s")),
            (opened(2, 1000) + "60000 tick", None),
            (opened(4, 11_000) + "90000 tick", None),
            (opened(3, 1000) + "4000 1 C> <body rid='102001' sid='s2'/>\n60000 tick", None),
        ] {
            let found = words("sessions-unused", &script);
            assert_eq!(found.len(), usize::from(begins.is_some()), "{script}: {found:?}");
            if let Some(begins) = begins {
                assert!(found[0].starts_with(begins), "{found:?}");
            }
        }
    }

    #[test]
    fn a_client_that_could_not_read_the_responses_is_not_accused() {
        let coded = opened(4, 1000).replace("S> <body", "S> 200 | coding: gzip | <body");
        let found = words("sessions-unused", &(coded + "60000 tick"));
        assert!(found[0].contains("It follows from the content that cannot be read"), "{found:?}");
        let found = words("sessions-unused", &(opened(4, 1000) + "60000 tick"));
        assert!(found[0].contains("or does not take the sid"), "{found:?}");
    }
}
