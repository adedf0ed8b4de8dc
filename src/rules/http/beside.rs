//! A status other than 200 beside a `<body/>` that ends the session: the condition in it says why (XEP-0124 §17.2), which
//! is judged before, and the status adds nothing.

use super::status::reaction;
use super::view::{HttpPart, HttpView};
use super::words::rid;
use crate::bosh::BodyType;
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::page::status;
use crate::rules::rule::Rule;
use crate::trace::{Reading, Session};

/// Judges the status beside a condition.
#[derive(Debug)]
pub struct BesideCondition;

/// Whether the content is the word of a connection manager that ends the session.
pub(super) fn ends_session(reading: &Reading) -> bool {
    matches!(reading, Reading::Body(body) if body.kind() == BodyType::Terminate)
}

impl Rule for BesideCondition {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        let Some(HttpView { exchange, part, reading, session, expects_bosh: true, .. }) =
            moment.http()
        else {
            return;
        };
        let HttpPart::Response(response, _) = part else { return };
        let is_whole = !response.own && !response.content.cut;
        if response.status == 200 || !is_whole || !ends_session(reading) {
            return;
        }
        let has_ver = session.and_then(Session::asked).is_some_and(|asked| asked.ver.is_some());
        let (party, requirement, should) = if has_ver {
            let should = " A client that sent `ver` should get that with HTTP 200.";
            (Party::Server, Some("bosh-error-is-binding-not-http"), should)
        } else {
            (Party::Nobody, None, "")
        };
        let words = format!(
            "{}: HTTP {}, with a <body/> that ends the session{}.{should}{}",
            rid(exchange),
            status(response),
            why(reading, response.status),
            reaction(response.status)
        );
        found.add(&kinds::HTTP_STATUS, requirement, Level::Note, party, words);
    }
}

/// Where the reason is: in the condition, or, if there is none, in a status that stands for one (§17.1).
fn why(reading: &Reading, status: u16) -> &'static str {
    match (reading, status) {
        (Reading::Body(body), _) if body.text("condition").is_some() => " and says why",
        (_, 400) => ", in place of the condition bad-request",
        (_, 403) => ", in place of the condition policy-violation",
        (_, 404) => ", in place of the condition item-not-found",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::playbook::{open, play};
    use crate::rules::{Incident, Level};

    #[test]
    fn the_condition_decides_and_the_status_follows_from_it() {
        let poll = "10 1 C> <body rid='100001' sid='s1'/>";
        let create = "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>";
        for (script, answer, kind) in [
            (
                open() + poll,
                "404 Not Found | <body type='terminate' condition='item-not-found'/>",
                "terminated",
            ),
            (
                open() + poll,
                "403 | <body type='terminate' condition='policy-violation'/>",
                "terminated",
            ),
            (open() + poll, "403 | <body type='terminate' condition='host-gone'/>", "terminated"),
            (open() + poll, "404 | Server: nginx | <body type='terminate'/>", "terminated"),
            (
                open() + poll,
                "503 | Server: nginx | <body type='terminate' condition='system-shutdown'/>",
                "terminated",
            ),
            (
                create.to_owned(),
                "400 | <body type='terminate' condition='host-unknown'/>",
                "terminated",
            ),
            (
                create.to_owned(),
                "404 | Server: nginx | <body type='terminate' condition='improper-addressing'/>",
                "terminated",
            ),
            (
                open() + "10 1 C> <body rid='100009' sid='s1'/>",
                "404 | <body type='terminate' condition='item-not-found'/>",
                "rid-beyond-window",
            ),
        ] {
            let seen = play(&format!("{script}\n20 1 S> {answer}"));
            let found: Vec<_> = seen.iter().flat_map(|seen| &seen.findings).collect();
            assert_eq!(
                (found[0].name(), found[0].incident),
                (kind, Some(Incident::Begins(1))),
                "{found:?}"
            );
            let status: Vec<_> = found.iter().filter(|one| one.name() == "http-status").collect();
            assert_eq!(status.len(), 1, "{found:?}");
            assert_eq!(
                (status[0].level, status[0].incident.map(Incident::number)),
                (Level::Note, Some(1)),
                "{answer}: {found:?}"
            );
        }
    }
}
