use crate::rules::Level;
use crate::rules::playbook::{at_least, names, words};

const OPEN: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'";
const CLOSE: &str = "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>";

fn begun(conn: u32, at: u32) -> String {
    format!(
        "{at} {conn} websocket\n{at} {conn} C= <open {OPEN} to='a'/>
         {at} {conn} S= <open {OPEN} from='a' id='id{conn}' xml:lang='en'/>
         {at} {conn} S= <features xmlns='http://etherx.jabber.org/streams'>\
         <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
         </mechanisms></features>\n"
    )
}

fn error(condition: &str) -> String {
    format!(
        "S= <error xmlns='http://etherx.jabber.org/streams'>\
         <{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>"
    )
}

#[test]
fn an_error_that_closes_the_stream_is_explained_and_no_more() {
    let shutdown = error("system-shutdown");
    let script = format!(
        "{}100 1 {shutdown}\n101 1 S= {CLOSE}\n102 1 S= close 1000\n103 1 C= close 1000\n104 1 S. fin\n99000 tick",
        begun(1, 0)
    );
    assert_eq!(
        at_least(Level::Note, &script),
        ["100 Warning stream-error Server: Stream error system-shutdown: the server is shutting \
             down."]
    );
}

#[test]
fn an_error_is_complete_comes_after_open_and_is_the_end() {
    let shutdown = error("system-shutdown");
    let early =
        format!("0 1 websocket\n10 1 C= <open {OPEN} to='a'/>\n20 1 {shutdown}\n21 1 S= {CLOSE}");
    assert_eq!(names(&early), ["stream-error", "stream-error-early"]);
    let hangs = names(&format!("{}100 1 {shutdown}\n99000 tick", begun(1, 0)));
    assert_eq!(hangs, ["stream-error", "stream-error-unclosed"]);
    let cut = names(&format!("{}100 1 {shutdown}\n110 1 S. fin", begun(1, 0)));
    assert!(cut.contains(&"stream-error-unclosed"), "{cut:?}");
    let goes_on = "120 1 S= <message xmlns='jabber:client'/>";
    let goes_on = names(&format!("{}100 1 {shutdown}\n{goes_on}\n130 1 S= {CLOSE}", begun(1, 0)));
    assert_eq!(goes_on, ["stream-error", "stream-error-unclosed"]);
    for malformed in
        [error("no-such-thing"), error("text"), error("conflict").replace("-streams'/>", "-x'/>")]
    {
        let found = names(&format!("{}100 1 {malformed}\n101 1 S= {CLOSE}", begun(1, 0)));
        assert_eq!(found, ["stream-error", "stream-error-malformed"], "{malformed}");
    }
    let second = "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>";
    let two = shutdown.replace("</error>", second);
    assert_ne!(two, shutdown);
    let found = names(&format!("{}100 1 {two}\n101 1 S= {CLOSE}", begun(1, 0)));
    assert_eq!(found, ["stream-error", "stream-error-malformed"]);
    // The client left first, so the server could not close.
    let left = names(&format!("{}100 1 {shutdown}\n101 1 C. fin", begun(1, 0)));
    assert!(!left.contains(&"stream-error-unclosed"), "{left:?}");
}

#[test]
fn what_came_before_is_the_cause() {
    let script = |before: &str, condition: &str| {
        let script = format!("{}{before}\n{}100 1 {}", begun(1, 0), "", error(condition));
        words("stream-error", &script).join("")
    };
    let host = script("", "host-unknown");
    assert!(host.contains("does not serve 'a'") && host.contains("Host a"), "{host}");
    let big = format!(
        "50 1 C= <message xmlns='jabber:client'><body>{}</body></message>",
        "x".repeat(70_000)
    );
    assert!(script(&big, "policy-violation").contains("<message/> of 700"));
    let success = "40 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    let bind = format!("{success}\n50 1 C= <iq xmlns='jabber:client'/>");
    assert!(script(&bind, "not-authorized").contains("opened the stream anew"));
    let declared = "50 1 C= <?xml version='1.0'?><iq xmlns='jabber:client'/>";
    assert!(script(declared, "invalid-id").contains("50 ms before, an XML declaration"));
    // That is said by the rule on declarations.
    assert_eq!(script(declared, "not-well-formed"), "");
    let other = "50 1 C= <iq xmlns='jabber:server'/>";
    assert!(script(other, "invalid-namespace").contains("<iq/> in the namespace 'jabber:server'"));
    assert!(!script(declared, "conflict").contains("declaration"));
    let silent = format!("{}90000 1 {}", begun(1, 0), error("connection-timeout"));
    assert!(
        words("stream-error", &silent)[0].contains("nothing had come from the client for 90.0 s")
    );
}

#[test]
fn two_clients_that_throw_each_other_out_are_noticed() {
    let mut script = String::new();
    for n in 1..4 {
        script += &begun(n, n * 1000);
        script += &format!(
            "{0} {n} S= <iq xmlns='jabber:client' type='result' id='b'>\
             <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u@a/web</jid></bind></iq>\n",
            n * 1000 + 1
        );
        if n > 1 {
            let (at, old) = (n * 1000 + 2, n - 1);
            script += &format!("{at} {old} {}\n{at} {old} S= {CLOSE}\n", error("conflict"));
        }
    }
    let found = words("stream-error", &script);
    assert!(found[0].contains("u@a/web logged in again as session ws2"), "{found:?}");
    assert!(!found[0].contains("keep disconnecting each other"), "{found:?}");
    assert!(found[1].contains("2nd conflict of this address within 1.0 s"), "{found:?}");
}

#[test]
fn what_a_server_waits_for_or_counts_is_the_cause() {
    let after = |lines: &str, error: &str| {
        let script = format!("{}{lines}\n31000 1 {error}", begun(1, 0));
        words("stream-error", &script).join("")
    };
    let success = "1000 1 S= <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
    let found = after(success, &error("connection-timeout"));
    assert!(found.contains("SASL had succeeded 30.0 s before"), "{found}");
    let failure =
        "30900 1 S= <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";
    let found = after(&format!("{failure}\n{failure}"), &error("policy-violation"));
    assert!(found.contains("failed 2 times, the last time 100 ms before"), "{found}");
    let counts = "/><handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='7'/></error>";
    let counts = error("undefined-condition").replace("/></error>", counts);
    let found = after("", &counts);
    assert!(
        found.contains("acknowledged 9 stanzas, but the server says that it has sent 7"),
        "{found}"
    );
    let last = "30990 1 C= <stuff xmlns='urn:x'/>";
    let found = after(last, &error("unsupported-stanza-type"));
    assert!(found.ends_with("not a stanza. The client had sent <stuff/> 10 ms before."), "{found}");
    let first = format!(
        "0 1 websocket\n10 1 C= <presence xmlns='jabber:client'/>\n20 1 {}",
        error("bad-format")
    );
    let found = words("stream-error", &first).join("");
    assert!(found.contains("<presence/> in place of <open/>"), "{found}");
}

#[test]
fn a_stanza_that_ends_each_stream_is_noticed() {
    let bound = "S= <iq xmlns='jabber:client' type='result' id='b'>\
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u@a/web</jid></bind></iq>";
    let stanza = |pad: usize| {
        format!(
            "C= <message xmlns='jabber:client' id='m1'><body>{}</body></message>",
            "x".repeat(pad)
        )
    };
    let mut script = String::new();
    for (n, pad) in [(1, 300_000), (2, 300_040)] {
        let at = n * 10_000;
        script += &begun(n, at);
        script += &format!(
            "{at} {n} {bound}\n{at} {n} {}\n{at} {n} {}\n",
            stanza(pad),
            error("policy-violation")
        );
        script += &format!("{at} {n} S= {CLOSE}\n");
    }
    let found = words("stream-error", &script);
    assert!(found[0].contains("Sent again, it ends the next"), "{found:?}");
    assert!(found[1].contains("It ended the stream 10.0 s before as well"), "{found:?}");
}

#[test]
fn a_component_is_refused_for_its_secret_and_not_for_being_one() {
    let header = "<stream:stream xmlns='jabber:component:accept' \
        xmlns:stream='http://etherx.jabber.org/streams' to='c.a'>";
    let script = |condition: &str| {
        let refused = format!(
            "<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
        );
        let script = format!(
            "0 1 C~ {header}\n10 1 S~ {}\n20 1 C~ <handshake>x</handshake>\n30 1 S~ {refused}",
            header.replace("to=", "id='x9f' from=")
        );
        words("stream-error", &script).join("")
    };
    let secret = script("not-authorized");
    assert!(secret.contains("the same secret"), "{secret}");
    assert!(script("invalid-namespace").contains("namespace 'jabber:component:accept'"));
    assert!(!script("policy-violation").contains("follows from"));
}

#[test]
fn what_the_server_says_of_a_limit_decides_which_one_it_is() {
    let failure =
        "80 1 S= <failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";
    let big = format!(
        "50 1 C= <message xmlns='jabber:client'><body>{}</body></message>",
        "x".repeat(70_000)
    );
    for (text, expected) in [
        ("", "the login had failed once, the last time 20 ms before."),
        ("Policy violation", "the login had failed once, the last time 20 ms before."),
        (
            "Too many failed authentications",
            "the login had failed once, the last time 20 ms before.",
        ),
        ("Stanza is too large", "<message/> of 700"),
        ("Too many stanzas", "the client sends more within this time than the server accepts"),
        ("Not on a Sunday", "Stream error policy-violation (\"Not on a Sunday\")."),
    ] {
        let said =
            format!("/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>{text}</text></error>");
        let error = error("policy-violation").replace("/></error>", &said);
        // A server that offers no login, so that nothing is too early.
        let begun = begun(1, 0).replace("urn:ietf:params:xml:ns:xmpp-sasl", "urn:x");
        let script = format!("{begun}{big}\n{failure}\n100 1 {error}");
        let found = words("stream-error", &script).join("");
        assert!(found.contains(expected), "{text}: {found}");
    }
}
