//! Playbooks in which every kind of finding about streams over WebSocket and TCP is reported, with every requirement that it lists.

/// The playbooks.
pub(in crate::rules) fn every_kind() -> Vec<String> {
    websockets().into_iter().chain(tcps()).collect()
}

const OPEN: &str = "xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'";
const SUCCESS: &str = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const STREAM: &str = "<features xmlns='http://etherx.jabber.org/streams'/>";

/// Streams over WebSocket that go wrong.
fn websockets() -> Vec<String> {
    let client = format!("10 1 C= <open {OPEN} to='a'/>");
    let server = |id: &str| format!("S= <open {OPEN} from='a' id='{id}' xml:lang='en'/>");
    let begun = format!("{client}\n20 1 {}", server("s1"));
    let error =
        |inner: &str| format!("S= <error xmlns='http://etherx.jabber.org/streams'>{inner}</error>");
    let shutdown = "<system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
    let after = [
        format!("30 1 {client}", client = client.trim_start_matches("10 1 ")),
        format!("30 1 S= {SUCCESS}\n9000 tick"),
        format!("30 1 S= {SUCCESS}\n40 1 {}\n50 1 {}\n9000 tick", &client[5..], server("s1")),
        format!("30 1 S= {SUCCESS}\n40 1 C= <close {OPEN}/>\n50 1 {}", &client[5..]),
        format!("30 1 {}\n9000 tick", error(shutdown)),
        format!("30 1 {}", error("")),
    ];
    let mut scripts = vec![
        "10 1 C= <presence xmlns='jabber:client'/>".to_owned(),
        format!("{client}\n20 1 S= <open {OPEN}/>"),
        format!("10 1 C= <open {OPEN} to='a' id='1'/>"),
        format!("{client}\n20 1 {}", error(shutdown)),
        format!("{client}\n9000 tick"),
    ];
    scripts.extend(after.map(|after| format!("{begun}\n{after}")));
    for script in &mut scripts {
        *script = format!("0 1 websocket\n{script}");
    }
    let opened = |n: u32| {
        format!(
            "{n}0 {n} websocket\n{n}1 {n} {}\n{n}2 {n} {}\n",
            &client[5..],
            server(&format!("s{n}"))
        )
    };
    scripts.push((1..6).map(opened).collect());
    let again = |n: u32| opened(n).replace(&format!("s{n}"), "s1");
    scripts.push(again(1) + &again(2));
    scripts
}

/// Streams over TCP that go wrong.
fn tcps() -> Vec<String> {
    let spaces = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
    let client = format!("10 1 C~ <stream:stream {spaces} version='1.0' to='a'>");
    let server = |id: &str| {
        format!("S~ <stream:stream {spaces} version='1.0' from='a' id='{id}' xml:lang='en'>")
    };
    let begun = format!("{client}\n20 1 {}", server("s1"));
    let offer = |inner: &str| format!("30 1 S~ <stream:features>{inner}</stream:features>");
    let mechanisms = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>";
    let tls = "xmlns='urn:ietf:params:xml:ns:xmpp-tls'";
    let required = format!("<starttls {tls}><required/></starttls>");
    let error = |inner: &str| format!("S~ <stream:error>{inner}</stream:error>");
    let unknown = "<host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>";
    let after = [
        format!("{}\n40 1 C~ <message to='b'/>", offer(mechanisms)),
        format!("{}\n40 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", offer(&required)),
        format!(
            "{}\n40 1 C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
            offer(&format!("<starttls {tls}/>{mechanisms}"))
        ),
        format!("{}\n40 1 C~ <starttls {tls}/>\n50 1 C~ <iq/>", offer(&required)),
        format!("{}\n40 1 C~ <starttls {tls}/>\n50 1 S~ <failure {tls}/>", offer(&required)),
        format!("30 1 S~ {SUCCESS}\n9000 tick"),
        format!("30 1 S~ {SUCCESS}\n40 1 {}\n50 1 {}\n9000 tick", &client[5..], server("s1")),
        format!("30 1 S~ {SUCCESS}\n40 1 C~ </stream>\n50 1 {}", &client[5..]),
        format!("30 1 {}\n9000 tick", error(unknown)),
        format!("30 1 {}", error("")),
        offer("<register/>"),
        "30 1 C~ <!-- -->".to_owned(),
        "30 1 C~ <iq xmlns='jabber:server'/>".to_owned(),
        "30 1 C~ <c:iq xmlns:c='jabber:client'/>".to_owned(),
        "30 1 C~ </stream>\n9000 tick".to_owned(),
        "30 1 S. fin".to_owned(),
        "90000 1 S. fin".to_owned(),
        "9000 tick".to_owned(),
    ];
    let mut scripts = vec![
        format!("{client}\n20 1 S~ {STREAM}"),
        format!("{client}\n9000 tick"),
        format!(
            "{client}\n20 1 S~ <error xmlns='http://etherx.jabber.org/streams'>{unknown}</error>"
        ),
        format!("10 1 C~ <stream:stream {spaces} id='1'>\n20 1 S~ <stream:stream {spaces}>"),
        format!("{client}\n20 1 S~ <stream:stream {spaces}>"),
        format!("10 1 C~ <stream:stream xmlns='a' xmlns:stream='b' to='a@b' version='1'>"),
        format!("{client}\n20 1 {}", server("s1").replace("from='a'", "from='b' to='c'")),
        format!("{client}\n20 1 {}", server("s1").replace("1.0", "1.9")),
    ];
    scripts.extend(after.map(|after| format!("{begun}\n{after}")));
    let opened =
        |n: u32| format!("{n}1 {n} {}\n{n}2 {n} {}\n", &client[5..], server(&format!("s{n}")));
    scripts.push((1..6).map(opened).collect());
    let again = |n: u32| opened(n).replace(&format!("s{n}"), "s1");
    scripts.push(again(1) + &again(2));
    let header = &client[5..];
    let bound = "C~ <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1-PLUS'/>";
    scripts.push(format!("5 1 !tls direct\n10 1 {header}\n20 1 {bound}"));
    let again = offer("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    scripts.push(format!("5 1 !tls direct\n10 1 {header}\n20 1 {}\n{again}", server("s1")));
    scripts
}
