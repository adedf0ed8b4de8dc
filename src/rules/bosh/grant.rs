//! How a session begins: what the creation request lacks, and whether the granted values fit the requested ones
//! (XEP-0124 §7).

use super::lost::belongs_in_a_session;
use super::view::BoshView;
use crate::bosh::{Body, BodyType, GrantedTerms, Number, RequestedTerms};
use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::{list, short};

/// Judges creation requests and their responses.
#[derive(Debug)]
pub struct Grant;

impl Rule for Grant {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        match moment.bosh() {
            Some(BoshView::Request(view)) if view.asks.creates => request(view.body, found),
            Some(BoshView::Response(view)) if view.asked.creates => {
                let body = view.body().filter(|body| body.kind() == BodyType::Ordinary);
                if let Some(body) = body {
                    response(view.link.asked.as_deref(), &GrantedTerms::of(body), found);
                }
            }
            _ => {}
        }
    }
}

fn request(body: &Body, found: &mut Findings) {
    // A client that ends a session without naming it does not request a new one.
    if body.kind() != BodyType::Ordinary {
        return;
    }
    // That it has lost its session is reported.
    if belongs_in_a_session(body) {
        return;
    }
    let present = [
        ("to", body.to().is_some() || body.text("route").is_some(), "bosh-req-to"),
        ("wait", body.wait().is_some(), "bosh-req-wait"),
        ("hold", body.hold().is_some(), "bosh-req-hold"),
        ("ver", body.text("ver").is_some(), "bosh-req-ver"),
        ("xmpp:version", body.xbosh("version").is_some(), "xbosh-req-version"),
        ("xml:lang", body.lang().is_some(), "bosh-req-lang"),
    ];
    let lacking: Vec<_> = present.iter().filter(|(_, there, _)| !there).collect();
    let Some(&&(first, _, id)) = lacking.first() else { return };
    let names: Vec<_> = lacking.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut words = format!("The creation request lacks {}.", list(&names));
    for (name, ..) in &lacking {
        words += match *name {
            "to" => " Without `to`, servers answer improper-addressing.",
            "wait" => " Without `wait`, Prosody answers bad-request.",
            "ver" => " Without `ver`, errors are sent as HTTP 400, 403 and 404.",
            "xmpp:version" => {
                " Without `xmpp:version`, the server may send no stream features (ejabberd \
                 responds only when wait runs out)."
            }
            _ => "",
        };
    }
    let level = if first == "xml:lang" { Level::Note } else { Level::Warning };
    found.add(&kinds::CREATION_LACKS, id, level, Party::Client, words);
}

fn response(asked: Option<&RequestedTerms>, granted: &GrantedTerms, found: &mut Findings) {
    let server = Party::Server;
    for (there, name, id) in [
        (granted.sid.as_ref().is_some_and(|sid| !sid.is_empty()), "sid", "bosh-resp-sid"),
        (granted.wait.is_some(), "wait", "bosh-resp-wait"),
        (granted.requests.is_some(), "requests", "bosh-resp-requests"),
    ] {
        if !there {
            let words = format!("The response that creates the session lacks {name}.");
            found.add(&kinds::GRANT_LACKS, id, Level::Error, server, words);
        }
    }
    let asked_for = |of: fn(&RequestedTerms) -> &Option<Number>| of(asked?).as_ref()?.value;
    let value = |number: &Option<Number>| number.as_ref().and_then(|number| number.value);
    let wait = (asked_for(|asked| &asked.wait), value(&granted.wait));
    if let (Some(asked), Some(granted)) = wait
        && granted > asked
    {
        let words = format!(
            "The server granted wait={granted}, more than the requested wait={asked}: requests may \
             be held for longer than the client asked for."
        );
        found.add(&kinds::WAIT_TOO_LONG, "bosh-resp-wait-bounded", Level::Error, server, words);
    }
    let hold = (asked_for(|asked| &asked.hold), value(&granted.hold));
    if let (Some(asked), Some(granted)) = hold
        && granted > asked
    {
        let words =
            format!("The server granted hold={granted}, more than the requested hold={asked}.");
        found.add(&kinds::HOLD_TOO_MANY, "bosh-resp-hold-bounded", Level::Error, server, words);
    }
    // There are two readings: the hold in force is binding, the requested hold is advice that may be reduced.
    let requests = value(&granted.requests);
    let in_force = hold.1.or(hold.0);
    let id = "bosh-resp-requests-gt-hold";
    match (requests, in_force, hold.0) {
        // This is how a connection manager asks for polling.
        (Some(1), ..) => {}
        (Some(requests), Some(hold), _) if requests <= hold => {
            let words = format!(
                "requests={requests} does not exceed hold={hold}: with {hold} held, the client may \
                 not send another request."
            );
            found.add(&kinds::REQUESTS_TOO_FEW, id, Level::Error, server, words);
        }
        (Some(requests), _, Some(asked)) if requests <= asked => {
            let words = format!("requests={requests} does not exceed the requested hold={asked}.");
            found.add(&kinds::REQUESTS_TOO_FEW, id, Level::Note, server, words);
        }
        _ => {}
    }
    versions(asked, granted, found);
}

fn versions(asked: Option<&RequestedTerms>, granted: &GrantedTerms, found: &mut Findings) {
    let (Some(asked), granted) = (asked.and_then(|asked| asked.ver.as_deref()), &granted.ver)
    else {
        return;
    };
    match granted {
        None => {
            let words = "The response has no `ver`, so the client has to assume an old connection \
                 manager, which sends errors as HTTP 400, 403 and 404.";
            found.add(&kinds::GRANT_VER, "bosh-resp-ver", Level::Note, Party::Server, words);
        }
        Some(granted) if version(granted) > version(asked) => {
            let words = format!(
                "The server granted ver={}, but the client requested ver={}; the response should \
                 have the lower one.",
                short(granted),
                short(asked)
            );
            found.add(&kinds::GRANT_VER, "bosh-resp-ver", Level::Note, Party::Server, words);
        }
        Some(_) => {}
    }
}

/// Both parts are numbers of their own: 1.10 is later than 1.9.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::playbook::{at_least, names};

    fn granted(asked: &str, granted: &str) -> Vec<String> {
        let script = format!(
            "0 1 C> <body rid='100000' to='a' ver='1.6' xml:lang='en' xmpp:version='1.0' {asked}/>
             5 1 S> <body {granted}/>"
        );
        at_least(Level::Note, &script)
    }

    #[test]
    fn usual_grants_are_fine() {
        for (asked, given) in [
            ("wait='60' hold='1'", "sid='s' wait='60' hold='1' requests='2' ver='1.6'"),
            ("wait='60' hold='1'", "sid='s' wait='50' requests='2' ver='1.6'"),
            ("wait='60' hold='0'", "sid='s' wait='60' hold='0' requests='1' ver='1.6'"),
        ] {
            assert_eq!(granted(asked, given), [""; 0], "{given}");
        }
    }

    #[test]
    fn grants_that_break_a_rule() {
        for (asked, given, start) in [
            ("wait='60' hold='1'", "wait='60' requests='2' ver='1.6'", "5 Error grant-lacks"),
            ("wait='60' hold='1'", "sid='s' requests='2' ver='1.6'", "5 Error grant-lacks"),
            ("wait='60' hold='1'", "sid='s' wait='60' ver='1.6'", "5 Error grant-lacks"),
            (
                "wait='60' hold='1'",
                "sid='s' wait='61' requests='2' ver='1.6'",
                "5 Error wait-too-long",
            ),
            (
                "wait='60' hold='0'",
                "sid='s' wait='60' hold='1' requests='2' ver='1.6'",
                "5 Error hold-too",
            ),
            (
                "wait='60' hold='2'",
                "sid='s' wait='60' hold='2' requests='2' ver='1.6'",
                "5 Error requests-too",
            ),
            (
                "wait='80' hold='4'",
                "sid='s' wait='80' hold='1' requests='2' ver='1.6'",
                "5 Note requests-too",
            ),
            ("wait='60' hold='1'", "sid='s' wait='60' requests='2' ver='1.11'", "5 Note grant-ver"),
            ("wait='60' hold='1'", "sid='s' wait='60' requests='2'", "5 Note grant-ver"),
        ] {
            let found = granted(asked, given);
            assert_eq!(found.len(), 1, "{given}: {found:?}");
            assert!(found[0].starts_with(start), "{found:?}");
        }
    }

    #[test]
    fn what_a_creation_request_lacks_is_one_finding() {
        let found = at_least(Level::Note, "0 1 C> <body rid='100000' to='a' ver='1.6' hold='1'/>");
        assert_eq!(
            found,
            ["0 Warning creation-lacks Client: The creation request lacks wait, xmpp:version and \
              xml:lang. Without `wait`, Prosody answers bad-request. Without `xmpp:version`, the \
              server may send no stream features (ejabberd responds only when wait runs out)."]
        );
        let found = at_least(
            Level::Note,
            "0 1 C> <body rid='100000' to='a' ver='1.6' wait='60' hold='1' xmpp:version='1.0'/>",
        );
        assert_eq!(found, ["0 Note creation-lacks Client: The creation request lacks xml:lang."]);
    }

    #[test]
    fn stanzas_without_a_session_point_to_a_lost_sid() {
        let script = "0 1 C> <body rid='100000'><presence xmlns='jabber:client'/></body>";
        assert_eq!(names(script), ["sid-missing"]);
    }
}
