use crate::rules::Level;
use crate::rules::playbook::{at_least, names, of_kinds, websocket, websocket_login};

const BEGUN: &str = "0 1 websocket
    10 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
    20 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='one' version='1.0' xml:lang='en'/>
    21 1 S= <features xmlns='http://etherx.jabber.org/streams'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></features>\n";
const LOGIN: &str = "30 1 C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>x</auth>
    40 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
    50 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
    60 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' id='two' version='1.0' xml:lang='en'/>
    61 1 S= <features xmlns='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features>\n";
const BIND: &str = "70 1 C= <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>\n";
const MESSAGE: &str = "80 1 C= <message xmlns='jabber:client' to='b@a'/>";

#[test]
fn stanzas_come_after_the_login_and_after_the_bind() {
    assert_eq!(names(&format!("{BEGUN}{MESSAGE}")), ["stanza-too-early"]);
    assert_eq!(names(&format!("{BEGUN}{LOGIN}{MESSAGE}")), ["stanza-too-early"]);
    // A client need not wait for the result.
    assert_eq!(names(&format!("{BEGUN}{LOGIN}{BIND}{MESSAGE}")), [""; 0]);
}

#[test]
fn what_the_server_asks_before_the_login_is_answered() {
    for kind in ["result", "error"] {
        let answer = format!(
            "20 1 S= <iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>
             30 1 C= <iq xmlns='jabber:client' type='{kind}' id='p' to='a'><error/></iq>"
        );
        assert_eq!(names(&format!("{BEGUN}{answer}")), [""; 0]);
    }
}

#[test]
fn registration_and_the_old_login_come_before() {
    for namespace in ["jabber:iq:register", "jabber:iq:auth"] {
        let iq = format!(
            "30 1 C= <iq xmlns='jabber:client' type='set' id='1'><query xmlns='{namespace}'/></iq>\n"
        );
        assert_eq!(names(&format!("{BEGUN}{iq}")), [""; 0]);
    }
    let old =
        "30 1 C= <iq xmlns='jabber:client' type='set' id='1'><query xmlns='jabber:iq:auth'/></iq>
        40 1 S= <iq xmlns='jabber:client' type='result' id='1'/>\n";
    assert_eq!(names(&format!("{BEGUN}{old}{MESSAGE}")), [""; 0]);
}

#[test]
fn a_resumption_needs_no_bind_and_its_refusal_is_told_elsewhere() {
    let resume = "70 1 C= <resume xmlns='urn:xmpp:sm:3' previd='p' h='0'/>\n";
    let resumed = "71 1 S= <resumed xmlns='urn:xmpp:sm:3' previd='p' h='0'/>\n";
    let failed = "71 1 S= <failed xmlns='urn:xmpp:sm:3'/>\n";
    for answer in [resumed, "", failed] {
        let found = names(&format!("{BEGUN}{LOGIN}{resume}{answer}{MESSAGE}"));
        assert!(!found.contains(&"stanza-too-early"), "{answer}");
    }
}

#[test]
fn what_was_not_seen_is_not_judged() {
    let lost = "25 1 !lost 2\n";
    assert_eq!(names(&format!("{BEGUN}{lost}{MESSAGE}")), ["unobserved"]);
    assert_eq!(names(MESSAGE), [""; 0]);
}

/// A session of BOSH in which this passes, a body of the client and one of the server in turn.
fn bosh(bodies: &[&str]) -> String {
    let sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
    let mut script = format!(
        "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
         5 1 S> <body sid='s1' ver='1.6' wait='60' requests='2' hold='1' inactivity='60'><features \
         xmlns='http://etherx.jabber.org/streams'><mechanisms {sasl}><mechanism>PLAIN</mechanism>\
         </mechanisms></features></body>\n"
    );
    for (n, pair) in bodies.chunks(2).enumerate() {
        let (n, answer) = (n + 1, pair.get(1).copied().unwrap_or("/>"));
        script += &format!("{n}0 1 C> <body rid='10000{n}' sid='s1' {}\n", pair[0]);
        script += &format!("{n}5 1 S> <body {answer}\n");
    }
    script.replace("SASL", sasl)
}

const AUTH: [&str; 2] = ["><auth SASL mechanism='PLAIN'/></body>", "><success SASL/></body>"];
const RESTART: [&str; 2] = [
    "xmpp:restart='true' to='a' xml:lang='en'/>",
    "><features xmlns='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></features></body>",
];
const ERROR: &str = " type='terminate' condition='remote-stream-error'><error xmlns='http://etherx.jabber.org/streams'>\
    <not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error></body>";

#[test]
fn over_bosh_it_is_the_same_and_the_stream_error_follows_from_it() {
    let stanza = "><message xmlns='jabber:client' to='b@a'/></body>";
    let bind = "><iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq></body>";
    let session = "><iq xmlns='jabber:client' type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq></body>";
    let twice = "><auth SASL mechanism='PLAIN'/><auth SASL mechanism='PLAIN'/></body>";
    let (login, restarted) = (AUTH.to_vec(), [AUTH, RESTART].concat());
    let with = |before: &[&'static str], last: &'static str| [before, &[last, ERROR]].concat();
    for (bodies, kind) in [
        (with(&[], stanza), "stanza-too-early Client: The client sends <message/> before it has l"),
        (
            with(&[], bind),
            "stanza-too-early Client: The client sends <iq/> before it has logged in",
        ),
        (
            with(&restarted, stanza),
            "stanza-too-early Client: The client sends <message/> before it has b",
        ),
        (
            with(&restarted, session),
            "stanza-too-early Client: The client sends <iq/> before it has bound",
        ),
        (
            with(&[], twice),
            "login-twice Client: The client begins a login with <auth/> while another",
        ),
        (
            with(&restarted, "><auth SASL mechanism='PLAIN'/></body>"),
            "login-twice Client: The client begins a login with <auth/> after it has logged in",
        ),
        // That a restart is missing is reported, and nothing else.
        (with(&login, stanza), "restart-missing Client: "),
        (
            with(&[], "><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></body>"),
            "bosh-starttls Client: ",
        ),
    ] {
        let found = at_least(Level::Note, &bosh(&bodies));
        assert_eq!(found.len(), 2, "{bodies:?}: {found:?}");
        assert!(found[0].contains(kind), "{bodies:?}: {found:?}");
        assert!(
            found[1].contains("Note terminated Client: ") && found[1].contains("(see #1)"),
            "{found:?}"
        );
    }
    let fine = [&restarted[..], &[bind, "/>", stanza, "/>"]].concat();
    assert_eq!(names(&bosh(&fine)), [""; 0]);
}

#[test]
fn a_login_comes_once_and_may_be_tried_again() {
    let auth = "C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>eA==</auth>";
    let failure =
        "S= <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";
    for (script, is_twice) in [
        (format!("{}10 1 {auth}\n20 1 {failure}\n30 1 {auth}", websocket(0, 1)), false),
        (format!("{}10 1 {auth}\n20 1 {auth}", websocket(0, 1)), true),
        (format!("{}10 1 {auth}", websocket_login(0, 1)), true),
    ] {
        let found = of_kinds(&["login-twice"], Level::Note, &script);
        assert_eq!(found.len(), usize::from(is_twice), "{script}: {found:?}");
    }
}
