//! TLS around a stream: what the client's hello lacks (XEP-0368 §2), and what breaks because the proxy takes TLS over.

use crate::rules::finding::{Findings, Level, Party};
use crate::rules::kinds;
use crate::rules::moment::Moment;
use crate::rules::rule::Rule;
use crate::rules::words::short;
use crate::trace::{Fact, Secured};
use crate::wire::Side;
use crate::xmpp::bound_to_tls;

/// Judges TLS around streams over TCP.
#[derive(Debug, Default)]
pub struct Tls;

impl Rule for Tls {
    fn look(&mut self, moment: &Moment<'_>, found: &mut Findings) {
        if let Fact::Secured(secured) = &moment.event.fact {
            hello(secured, found);
        }
        let Some(view) = moment.stream().filter(|view| view.from == Side::Client) else { return };
        let secured = view.session.tcp().and_then(|tcp| tcp.secured.as_ref());
        if secured.is_some_and(|secured| !secured.passed) {
            for mechanism in view.elements().filter_map(bound_to_tls) {
                let words = format!(
                    "The client logs in with {}, which is bound to its TLS channel. That channel ends \
                     here, and another one leads to the server, so this login cannot succeed through \
                     the proxy. Use --starttls pass, or have the client take a mechanism without \
                     -PLUS.",
                    short(mechanism)
                );
                found.add(&kinds::CHANNEL_BINDING, None, Level::Warning, Party::Nobody, words);
            }
        }
    }
}

fn hello(secured: &Secured, found: &mut Findings) {
    let Some(client) = secured.client.as_ref().filter(|_| !secured.starttls) else { return };
    let mut lacks = |id, level, lacks: &str| {
        let words = format!("The client's TLS ClientHello {lacks}.");
        found.add(&kinds::DIRECT_TLS_HELLO, id, level, Party::Client, words);
    };
    if client.sni.is_none() {
        let words = "does not name the XMPP domain (SNI): a server with several domains cannot choose the certificate";
        lacks("dtls-sni-alpn", Level::Error, words);
    }
    // A server that connects to another one offers xmpp-server.
    let speaks = |name: &String| name == "xmpp-client" || name == "xmpp-server";
    match &client.offers[..] {
        [] => lacks(
            "dtls-alpn",
            Level::Warning,
            "does not offer the protocol xmpp-client (ALPN): on a port that is shared with HTTPS, nothing routes it to \
             the XMPP server",
        ),
        offers if !offers.iter().any(speaks) => lacks(
            "dtls-alpn",
            Level::Warning,
            "offers protocols by ALPN, but not xmpp-client: a server that checks refuses it",
        ),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::playbook::{names, words};

    const STREAM: &str = "<stream:stream xmlns='jabber:client' version='1.0' to='a' \
        xmlns:stream='http://etherx.jabber.org/streams'>";
    const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism=";

    fn login(tls: &str, mechanism: &str) -> Vec<String> {
        let script =
            format!("0 1 !tls {tls}\n1 1 C~ {STREAM}\n2 1 C~ {AUTH}'{mechanism}'>eA==</auth>");
        words("channel-binding", &script)
    }

    #[test]
    fn a_login_that_is_bound_to_the_channel_cannot_succeed_here() {
        let found = login("starttls", "SCRAM-SHA-256-PLUS");
        assert!(found[0].contains("--starttls pass"), "{found:?}");
        assert!(login("starttls", "SCRAM-SHA-256").is_empty());
        assert!(login("starttls | passed: yes", "SCRAM-SHA-256-PLUS").is_empty());
    }

    #[test]
    fn direct_tls_names_the_domain_and_the_protocol() {
        let found = |tls: &str| words("direct-tls-hello", &format!("0 1 !tls {tls}"));
        let both = found("direct");
        assert!(both.len() == 2 && both[0].contains("SNI"), "{both:?}");
        assert!(both[1].contains("does not offer"), "{both:?}");
        assert!(found("direct | sni: a")[0].contains("does not offer"));
        assert!(found("direct | sni: a | offers: h2")[0].contains("but not xmpp-client"));
        assert!(found("direct | sni: a | offers: xmpp-client").is_empty());
        assert!(found("direct | sni: a | offers: xmpp-server").is_empty());
        assert!(found("starttls").is_empty());
    }

    #[test]
    fn starttls_is_not_offered_within_direct_tls() {
        let features = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
        let script = |tls: &str| {
            format!("0 1 !tls {tls}\n1 1 C~ {STREAM}\n2 1 S~ {STREAM}\n3 1 S~ {features}")
        };
        let found = names(&script("direct | sni: a | offers: xmpp-client"));
        assert!(found.contains(&"starttls-order"), "{found:?}");
    }
}
