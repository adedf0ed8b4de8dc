//! How many requests of a session are open at once (XEP-0124 §11).

use super::terms::requests;
use super::view::BoshView;
use crate::bosh::{Body, BodyType};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::memory::PerSession;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::list;
use crate::trace::BoshLink;

/// Counts open requests against `requests`.
#[derive(Debug, Default)]
pub struct Crowd {
    /// Whether it was reported that too many are open.
    sessions: PerSession<bool>,
}

impl Rule for Crowd {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(view) = moment.bosh() else { return };
        let (session, link) = (view.session(), view.link());
        let Some(requests) = requests(link).filter(|_| !session.over) else { return };
        let open = open_rids(link);
        // One more may end or pause the session.
        let ends_or_pauses =
            |body: &Body| body.kind() == BodyType::Terminate || body.pause().is_some();
        let extra = view.body().is_some_and(ends_or_pauses);
        // It may overtake another one on the way.
        let extra = extra || link.open.iter().any(|exchange| exchange.terminates());
        let said = self.sessions.of(session.id, moment.story);
        if open.len() as u64 <= requests {
            *said = false;
        }
        if matches!(view, BoshView::Response(_))
            || open.len() as u64 <= requests.saturating_add(u64::from(extra))
            || std::mem::replace(said, true)
        {
            return;
        }
        let rids: Vec<_> = open.iter().map(u64::to_string).collect();
        let words = format!(
            "{} requests are open (rids {}), but requests={requests} allows {requests}. Expect \
             policy-violation.",
            open.len(),
            list(&rids)
        );
        let id = "bosh-client-max-requests";
        found.add(&kinds::TOO_MANY_REQUESTS, id, Level::Warning, Party::Client, words);
    }
}

/// The rids of the requests that are open; copies count once.
fn open_rids(link: &BoshLink) -> Vec<u64> {
    let mut rids: Vec<_> = link.open.iter().filter_map(|exchange| exchange.rid()).collect();
    rids.sort_unstable();
    rids.dedup();
    rids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, open};

    fn after_open(script: &str) -> Vec<String> {
        at_least(Level::Warning, &(open() + script))
    }

    #[test]
    fn one_request_more_than_allowed_is_a_warning_unless_it_ends_the_session() {
        let two = "
            10 1 C> <body rid='100001' sid='s1'><presence xmlns='jabber:client'/></body>
            11 2 C> <body rid='100002' sid='s1'><presence xmlns='jabber:client'/></body>";
        assert_eq!(after_open(two), [""; 0]);
        let three = format!("{two}\n12 3 C> <body rid='100003' sid='s1'/>");
        assert_eq!(
            after_open(&three),
            ["12 Warning too-many-requests Client: 3 requests are open (rids 100001, 100002 and \
              100003), but requests=2 allows 2. Expect policy-violation."]
        );
        let end = format!("{two}\n12 3 C> <body rid='100003' sid='s1' type='terminate'/>");
        assert_eq!(after_open(&end), [""; 0]);
        let repeated = format!(
            "{two}\n12 3 C> <body rid='100002' sid='s1'><presence xmlns='jabber:client'/></body>"
        );
        assert_eq!(after_open(&repeated), [""; 0]);
    }
}
