use super::*;
use crate::rules::playbook::{at_least, words};

const CREATE: &str = "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' \
    xmpp:version='1.0'/>";
const GRANT: &str = "sid='s1' wait='60' requests='2' hold='1' ver='1.6' inactivity='60' \
    xmlns:stream='http://etherx.jabber.org/streams'";
const PLAIN: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>PLAIN</mechanism></mechanisms></stream:features>";
const SASL: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";

fn after(script: &str) -> Vec<String> {
    let open = format!("{CREATE}\n5 1 S> <body {GRANT}>{PLAIN}</body>");
    at_least(Level::Warning, &format!("{open}\n{script}"))
}

#[test]
fn features_without_a_mechanism_name_the_usual_cause() {
    let script = format!("{CREATE}\n5 1 S> <body {GRANT}><stream:features/></body>");
    assert!(words("no-mechanisms", &script)[0].contains("considers plain HTTP insecure"));
    let https = script.replace("C> <body", "C> POST /http-bind | X-Forwarded-Proto: https | <body");
    assert!(words("no-mechanisms", &https)[0].contains("X-Forwarded-Proto is https"));
}

#[test]
fn a_failed_login_is_explained() {
    let found = after(&format!(
        "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>
         20 1 S> <body><failure {SASL}><not-authorized/><text>no such user</text></failure></body>"
    ));
    assert_eq!(
        found,
        ["20 Warning login-failed Client: The login failed with not-authorized: wrong user name \
             or password, or the account does not exist. The server says: \"no such user\""]
    );
}

#[test]
fn a_failed_bind_is_explained() {
    let found = after(
        "10 1 C> <body rid='100001' sid='s1'><iq xmlns='jabber:client' type='set' id='b'/></body>
         20 1 S> <body><iq xmlns='jabber:client' type='error' id='b'><bind \
         xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><error type='cancel'><conflict \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></body>",
    );
    assert_eq!(
        found,
        ["20 Warning bind-failed Client: Resource binding failed with conflict: the resource is \
             in use."]
    );
}

#[test]
fn what_makes_a_server_offer_no_mechanisms_depends_on_the_carrier() {
    let none = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>";
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";
    let websocket = format!("0 1 websocket\n1 1 C= {open}\n2 1 S= {open}\n3 1 S= {none}");
    let found = words("no-mechanisms", &websocket);
    assert!(found[0].contains("(Prosody: consider_websocket_secure)"), "{found:?}");

    let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
    let tcp = |features: &str| format!("0 1 C~ {header}\n1 1 S~ {header}\n2 1 S~ {features}");
    let found = words("no-mechanisms", &tcp("<stream:features/>"));
    assert!(found[0].contains("offers no TLS"), "{found:?}");
    let tls =
        format!("0 1 !tls direct | sni: a | offers: xmpp-client\n{}", tcp("<stream:features/>"));
    let found = words("no-mechanisms", &tls);
    assert!(found[0].contains("though TLS is there"), "{found:?}");
    // Dialback may take the place of SASL between servers.
    let servers = tcp("<stream:features/>").replace("jabber:client", "jabber:server");
    assert_eq!(words("no-mechanisms", &servers), [""; 0]);
    let starttls =
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
    assert_eq!(words("no-mechanisms", &tcp(starttls)), [""; 0]);
}
