use super::*;
use crate::rules::playbook::{at_least, open, words};

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
    let usual = ": wrong user name or password, or the account does not exist.";
    for (text, meaning) in [
        ("", usual),
        ("Invalid username or password", usual),
        ("no such user", ": the account does not exist."),
        (
            "Token expired",
            ": the token has expired: the client has to get a new one before it logs in.",
        ),
        (
            "Too many failed login attempts",
            ": logins failed too often, and the server refuses more of them for a while.",
        ),
        (
            "Forbidden by policy",
            ": a policy of the server forbids it, which its administrator knows.",
        ),
        ("Not on a Sunday", ""),
    ] {
        let found = after(&format!(
            "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='PLAIN'/></body>
             20 1 S> <body><failure {SASL}><not-authorized/><text>{text}</text></failure></body>"
        ));
        let says = match (text, meaning) {
            ("", _) => String::new(),
            (text, "") => format!(". The server says: \"{text}\""),
            (text, _) => format!(" The server says: \"{text}\""),
        };
        let begins = "20 Warning login-failed Client: The login failed with not-authorized";
        assert_eq!(found, [format!("{begins}{meaning}{says}")]);
    }
}

#[test]
fn a_refused_login_is_explained_by_its_mechanism() {
    const PASSWORD: &str = "wrong user name or password, or the account does not exist";
    let challenge = format!("<challenge {SASL}>eA==</challenge>");
    let token = "the token was refused";
    // "\0alice@a\0secret", "n,,n=alice@a,r=1" and "\0alice\0secret".
    let (with_domain, scram, plain) =
        ("AGFsaWNlQGEAc2VjcmV0", "biwsbj1hbGljZUBhLHI9MQ==", "AGFsaWNlAHNlY3JldA==");
    for (mechanism, first, before, condition, why) in [
        (
            "EXTERNAL",
            "=",
            "",
            "not-authorized",
            "EXTERNAL means the certificate of the client's TLS, and none reaches the XMPP server through HTTP here. Take another of the mechanisms offered: PLAIN",
        ),
        ("ANONYMOUS", "", "", "not-authorized", "this domain (a) does not allow anonymous logins"),
        ("OAUTHBEARER", "", "", "not-authorized", token),
        ("X-OAUTH2", "", "", "not-authorized", token),
        ("X-TOKEN", "", "", "not-authorized", token),
        ("JWT", "", "", "not-authorized", token),
        ("HT-SHA-256-NONE", "", "", "not-authorized", token),
        ("SCRAM-SHA-1", "", "", "not-authorized", "refused before any password was proved"),
        (
            "SCRAM-SHA-256",
            "",
            &*challenge,
            "not-authorized",
            "the server knows the user name and refuses the proof",
        ),
        (
            "SCRAM-SHA-1",
            scram,
            &challenge,
            "not-authorized",
            "The user name is \"alice@a\", with a domain",
        ),
        ("PLAIN", plain, "", "not-authorized", PASSWORD),
        ("PLAIN", with_domain, "", "not-authorized", "The user name is \"alice@a\", with a domain"),
        ("PLAIN", "[hidden 28 bytes]", "", "not-authorized", PASSWORD),
        (
            "DIGEST-MD5",
            "",
            &challenge,
            "not-authorized",
            "or the realm is not the one of the server",
        ),
        ("GSSAPI", "", "", "not-authorized", "the Kerberos ticket was refused"),
        ("", "", "", "not-authorized", PASSWORD),
        (
            "SCRAM-SHA-512",
            "",
            "",
            "invalid-mechanism",
            "SCRAM-SHA-512 was not offered; offered were PLAIN",
        ),
        ("PLAIN", "", "", "invalid-mechanism", "the server offers PLAIN, and refuses it"),
    ] {
        let found = after(&format!(
            "10 1 C> <body rid='100001' sid='s1'><auth {SASL} mechanism='{mechanism}'>{first}</auth></body>
             20 1 S> <body>{before}</body>
             30 1 C> <body rid='100002' sid='s1'><response {SASL}>eA==</response></body>
             40 1 S> <body><failure {SASL}><{condition}/></failure></body>"
        ));
        let expected = format!("login-failed Client: The login failed with {condition}: ");
        assert!(found[0].contains(&expected), "{mechanism}: {found:?}");
        assert!(found[0].contains(why), "{mechanism}: {found:?}");
    }
}

#[test]
fn nothing_to_go_on_with_is_tls_that_ends_before_the_server() {
    let error = "<error xmlns='http://etherx.jabber.org/streams'>\
        <undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>No stream features to proceed with</text></error>";
    let bosh = format!(
        "{CREATE}\n5 1 S> <body type='terminate' condition='remote-stream-error'>{error}</body>"
    );
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
    let websocket = format!("0 1 websocket\n1 1 C= {open}\n2 1 S= {open}\n3 1 S= {error}");
    for script in [bosh, websocket] {
        let found = at_least(Level::Warning, &script).join("\n");
        assert!(found.contains("As a rule TLS ends before it, at a reverse proxy"), "{found}");
    }
}

#[test]
fn a_failed_bind_is_explained() {
    let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>";
    let ask = |n: u64, id: &str| {
        format!(
            "{n}0 1 C> <body rid='10000{n}' sid='s1'><iq xmlns='jabber:client' type='set' id='{id}'>{bind}</iq></body>\n"
        )
    };
    let refuse = |n: u64, id: &str, inner: &str, condition: &str| {
        format!(
            "{n}5 1 S> <body><iq xmlns='jabber:client' type='error' id='{id}'>{inner}<error type='cancel'>\
             <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq></body>\n"
        )
    };
    let bound = bind.replace("/>", "><jid>a@a/w</jid></bind>");
    let done = format!(
        "15 1 S> <body><iq xmlns='jabber:client' type='result' id='b'>{bound}</iq></body>\n"
    );
    for (script, expected) in [
        (ask(1, "b") + &refuse(1, "b", bind, "conflict"), "conflict: the resource is in use."),
        // What was asked need not be in the error.
        (ask(1, "b") + &refuse(1, "b", "", "conflict"), "conflict: the resource is in use."),
        (
            ask(1, "b") + &done + &ask(2, "c") + &refuse(2, "c", "", "not-allowed"),
            "not-allowed: a stream has one resource, and this one has it already.",
        ),
    ] {
        let found = at_least(Level::Warning, &(open() + &script));
        let begins = "Warning bind-failed Client: Resource binding failed with ";
        assert_eq!(found.len(), 1, "{script}: {found:?}");
        assert!(found[0].ends_with(&format!("{begins}{expected}")), "{found:?}");
    }
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

#[test]
fn a_login_without_the_tls_that_is_required_is_a_note_only_where_that_is_reported() {
    use std::collections::BTreeSet;

    use crate::rules::{Judge, playbook};
    use crate::trace::{Source, Unknown};

    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'";
    let script = format!(
        "0 1 C~ {header} to='a'>
         10 1 S~ {header} from='a' id='q7' xml:lang='en'>
         11 1 S~ <stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>
         20 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>[hidden 20 bytes]</auth>
         30 1 S~ <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><encryption-required/></failure>"
    );
    for (unknown, level) in [(None, Level::Note), (Some(Unknown::Tls), Level::Warning)] {
        let source = Source {
            what: String::new(),
            unknown: BTreeSet::from_iter(unknown),
            notes: Vec::new(),
        };
        let mut judge = Judge::new(Some(&source));
        let mut seen = Vec::new();
        for event in playbook::events(&script) {
            judge.take(event, &mut seen);
        }
        let found: Vec<_> = seen.iter().flat_map(|seen| &seen.findings).collect();
        let login = found.iter().find(|finding| finding.name() == "login-failed").unwrap();
        assert_eq!(login.level, level, "{found:?}");
        assert!(login.words.contains("that follows from the missing TLS."), "{login:?}");
        assert_eq!(
            found.iter().filter(|finding| finding.level > Level::Note).count(),
            1,
            "{found:?}"
        );
    }
}
