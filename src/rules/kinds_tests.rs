//! Every kind of finding can be reported, and each with every requirement that it lists.

use std::collections::BTreeSet;

use super::KINDS;
use super::playbook::{open, open_with, play, websocket};

/// Attributes of a creation request that lacks nothing.
const CREATION: [&str; 6] =
    ["to='a'", "wait='60'", "hold='1'", "ver='1.6'", "xmpp:version='1.0'", "xml:lang='en'"];

/// Grants that violate something; the client requests wait='60' hold='1'.
const GRANTS: [&str; 7] = [
    "wait='60' requests='2' ver='1.6'",
    "sid='s1' requests='2' ver='1.6'",
    "sid='s1' wait='60' ver='1.6'",
    "sid='s1' wait='61' requests='2' ver='1.6'",
    "sid='s1' wait='60' hold='2' requests='3' ver='1.6'",
    "sid='s1' wait='60' hold='1' requests='1' ver='1.6'",
    "sid='s1' wait='60' hold='2' requests='2' ver='1.11'",
];

/// What a client sends in a session `s1` of which rid 100000 was the first.
const REQUESTS: [&str; 32] = [
    "POST /http-bind | Content-Type: application/json | {}",
    "<body rid='100001' sid='s1'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></body>",
    "POST /http-bind | Content-Type: text/xml; charset=latin1 | <body rid='100001' sid='s1'/>",
    "POST /http-bind | Transfer-Encoding: chunked | <body rid='100001' sid='s1'/>",
    "<body sid='s1'/>",
    "<body rid='' sid='s1'/>",
    "<body rid='9007199254740992' sid='s1'/>",
    "<body rid='100002' sid='s1'/>",
    "<body rid='100003' sid='s1'/>",
    "<body rid='99000' sid='s1'/>",
    "<body rid='100001' sid='s1' pause='300'/>",
    "<body rid='100001' sid='s1' wait='long'/>",
    "<body rid='100001' sid='s1' type='terminal'/>",
    "<body rid='100001' sid='s1'>text</body>",
    "POST /http-bind | latin-1: yes | <body rid='100001' sid='s1'>ü</body>",
    "<body rid='100001' sid='s1'><iq/></body>",
    "<body rid='100001' sid='s1'><features/></body>",
    "<body rid='100001' sid='s1'><error/></body>",
    "<body rid='100001' sid='s1'><auth/></body>",
    "<body rid='100001' sid='s1'><query/></body>",
    "<body rid='100001' sid='s1'><!-- --></body>",
    "<body rid='100001' sid='s1'><?php ?></body>",
    "<!DOCTYPE body><body rid='100001' sid='s1'/>",
    "<body rid='100001' sid='s1'>&nbsp;</body>",
    "<body rid='100001' sid='s1'><a:b/></body>",
    "<body rid='100001' sid='s1'></iq></body>",
    "<body rid='100001' sid='s1'>",
    "<body rid='100001' sid='s1'><stream:stream xmlns:stream='x'>",
    "<body rid='100001' sid='s1'/><body/>",
    "<iq xmlns='jabber:client'/>",
    "PUT /http-bind | <body rid='100001' sid='s1'/>",
    "POST /http-bind | Content-Length: 90 | cut: yes | <body rid='100001'",
];

/// Responses to a poll.
const ANSWERS: [&str; 33] = [
    "S> 200 | coding: gzip | <body/>",
    "S> 502",
    "S> 400",
    "S> 413",
    "S> 200",
    "S> 200 | <html/>",
    "S> 200 | cut: yes | <body",
    "S> 200 | undecoded: unknown coding | <body/>",
    "S> <body><stream:features/></body>",
    "S> 200 | Content-Type: text/plain | <body/>",
    "S> <body rid='100001'/>",
    "S> <body ack='100001'/>",
    "S> <body type='error'/>",
    "S> <body><error xmlns='http://etherx.jabber.org/streams'/></body>",
    "S> <body><failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>",
    "S> <body><iq xmlns='jabber:client' type='error'>\
        <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq></body>",
    "S> <body type='terminate' condition='none'/>",
    "S> <body type='terminate' condition='bad-request'/>",
    "S> <body type='terminate' condition='host-gone'/>",
    "S> <body type='terminate' condition='host-unknown'/>",
    "S> <body type='terminate' condition='improper-addressing'/>",
    "S> <body type='terminate' condition='internal-server-error'/>",
    "S> <body type='terminate' condition='item-not-found'/>",
    "S> <body type='terminate' condition='other-request'/>",
    "S> <body type='terminate' condition='policy-violation'/>",
    "S> <body type='terminate' condition='remote-connection-failed'/>",
    "S> <body type='terminate' condition='remote-stream-error'/>",
    "S> <body type='terminate' condition='see-other-uri'/>",
    "S> <body type='terminate' condition='system-shutdown'/>",
    "S> <body type='terminate' condition='undefined-condition'/>",
    "own> 502",
    "S> <body/>\n70000 tick\n90000 1 C> <body rid='100002' sid='s1'/>",
    "S> <body type='terminate'/>\n9000 1 C> <body rid='100002' sid='s1'/>",
];

/// What may happen after a session was created.
const COURSES: [&str; 14] = [
    "10 1 C> <body rid='100002' sid='s1'/>\n20 2 C> <body rid='100001' sid='s1'/>",
    "10 1 C> <body rid='100002' sid='s1'/>\n20 1 S> <body/>",
    "10 1 C> <body rid='100002' sid='s1'/>\n20000 tick",
    "10 1 C> <body rid='100001' sid='s1'/>\n20 2 C> <body rid='100001' sid='s1'/>",
    "10 1 C> <body rid='100001' sid='s1'/>\n20 2 C> <body rid='100001' sid='s1'><a xmlns='b'/></body>",
    "10 1 C> <body rid='100001' sid='s1'/>\n20 2 C> <body rid='100002' sid='s1'/>\n\
     30 3 C> <body rid='100003' sid='s1'/>\n9000 tick",
    "10 1 C> <body rid='100001' sid='s1'/>\n20 2 C> <body rid='100002' sid='s1'/>\n\
     30 2 S> <body/>\n900 1 S> <body/>",
    "10 1 C> <body rid='100001' sid='s1'/>\n20 1 C> <body rid='100002' sid='s1'/>",
    "10 1 C> <body rid='100001' sid='s1'/>\n70000 1 S> <body/>",
    "10 1 C> <body rid='100001' sid='s1'/>\n9000 1 S> <body/>",
    "10 1 C> <body rid='100001' sid='s1'/>\n70000 1 C. fin",
    "10 1 C> <body rid='100001' sid='s1'/>\n9000 1 S. fin",
    "10 1 C> <body rid='100001' sid='s1' type='terminate'/>",
    "10 1 !lost 3",
];

/// The first and the second response to a request that is sent again.
const AGAIN: [(&str, &str); 3] = [
    ("<body><a xmlns='b'/></body>", "<body><a xmlns='b'/></body>"),
    ("<body><a xmlns='b'/></body>", "<body/>"),
    ("<body/>", "<body type='terminate' condition='item-not-found'/>"),
];

/// Headers and responses for a page of another origin.
const CROSSING: &str = "
    0 1 C> OPTIONS /http-bind | Origin: http://a | Access-Control-Request-Method: POST
    2 1 S> 404
    10 1 C> POST /http-bind | Origin: http://a | Sec-Fetch-Site: cross-site | <body rid='1' sid='s'/>
    20 1 S> <body/>";

fn scripts() -> Vec<String> {
    let create = format!("0 1 C> <body rid='100000' {}/>\n", CREATION.join(" "));
    let mut scripts = Vec::new();
    for left_out in CREATION {
        let rest: Vec<_> = CREATION.into_iter().filter(|one| *one != left_out).collect();
        scripts.push(format!("0 1 C> <body rid='100000' {}/>", rest.join(" ")));
    }
    scripts.push("0 1 C> <body rid='1' to='a'><presence xmlns='jabber:client'/></body>".into());
    scripts.push("0 1 C> <body rid='1' to='a'/>".into());
    scripts.push("0 1 C> <body rid='1' sid='undefined'/>".into());
    scripts.push("0 1 C> GET /bosh\n9 1 S> 400\n20 1 C> GET /bosh?%3Cbody\n29 1 S> 404".into());
    scripts.push(create.replace("to='a'", "to='a' content='xml'"));
    scripts.push(format!("0 1 C> <?xml version='1.0'?>{}", &create[7..]));
    scripts.push(open().replace("100000", "4294967295") + "10 1 C> <body rid='0' sid='s1'/>");
    let iq = "<iq xmlns='jabber:client' type='get' id='1'/>";
    scripts.push(open() + &format!("10 1 C> <body rid='100001' sid='s1'>{iq}</body>\n70000 tick"));
    let key = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    for (creation, later) in [
        ("ack='7' newkey='x' route='a' secure='1' version='1'", ""),
        ("ack='1'", "ack='100000' key='k' restart='1' mood='m' inactivity='9' stream='s' wait='9'"),
        ("newkey='KEY'", "ack='5' xmpp:restart='yes'"),
        ("newkey='KEY'", "key='KEY' xmpp:restart='1'"),
    ] {
        let creation = create.replace("to='a'", &format!("to='a' {creation}"));
        let creation =
            creation.replace("='1.6'", "='1'").replace("xmpp:version='1.0'", "xmpp:version='1'");
        let opened = "5 1 S> <body sid='s1' wait='60' requests='2'/>";
        let later = format!("10 1 C> <body rid='100001' sid='s1' {later}><a xmlns='b'/></body>");
        scripts.push(format!("{creation}{opened}\n{later}").replace("KEY", key));
    }
    let iq = "<iq xmlns='jabber:client' to='@'/>";
    scripts.push(open() + &format!("10 1 C> <body rid='100001' sid='s1'>{iq}</body>"));
    for headers in ["Transfer-Encoding: chunked", "Host: a | Host: b", "Content-Type: text/plain"] {
        scripts.push(format!("0 1 C> POST /http-bind | {headers} | {}", &create[7..]));
    }
    let error = "<error xmlns='http://etherx.jabber.org/streams'>\
        <connection-timeout xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></error>";
    let auth = "10 1 C= <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>\n";
    scripts.push(format!("{}9000 1 S= {error}", websocket(0, 1)));
    scripts.push(websocket(0, 1) + auth + auth);
    let bound = |n: u64| {
        let bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@a/w</jid></bind>";
        let iq = format!("<iq xmlns='jabber:client' type='result' id='1'>{bind}</iq>");
        format!(
            "{n}0 {n} C> <body rid='100001' sid='t{n}'/>\n{n}1 {n} S> <body>{iq}</body>
             {n}2 {n} C> <body rid='100002' sid='t{n}'/>\n{n}3 {n} C. reset\n"
        )
    };
    scripts.push(bound(1) + &bound(2));
    let opened = "5 1 S> <body sid='s1' wait='60' requests='2'/>\n";
    scripts.push(format!("{create}{opened}{create}{opened}{create}{opened}60000 tick"));
    scripts.extend(GRANTS.map(|grant| format!("{create}5 1 S> <body {grant}/>")));
    scripts.extend(REQUESTS.map(|request| format!("{}10 1 C> {request}\n20 1 C. fin", open())));
    let poll = "10 1 C> <body rid='100001' sid='s1'/>";
    scripts.extend(ANSWERS.map(|answer| format!("{}{poll}\n20 1 {answer}", open())));
    scripts.extend(COURSES.map(|course| open() + course));
    for (first, second) in AGAIN {
        let poll = poll.trim_start_matches("10 1 ");
        let again = format!("10 1 {poll}\n20 1 S> {first}\n30 2 {poll}\n40 2 S> {second}");
        scripts.push(open() + &again);
    }
    scripts.push(CROSSING.into());
    scripts.extend(logins(&create));
    scripts.extend(paces());
    let pausing = open_with("wait='60' requests='2' hold='1' inactivity='60' maxpause='120'");
    scripts.push(pausing + "10 1 C> <body rid='100001' sid='s1' pause='300'/>");
    let kind = "content='application/xml'";
    scripts.push(create.replace("to='a'", kind) + "5 1 S> <body sid='s1' wait='60' requests='2'/>");
    scripts.push(create.replace("ver='1.6'", "") + "5 1 S> 400");
    scripts.push(
        create.replace("ver='1.6'", "")
            + "5 1 S> <body sid='s1'/>\n6 1 C> <body rid='100001' sid='s1'/>\n7 1 S> 403",
    );
    scripts.push(open().replace("ver='1.6'", "") + poll + "\n20 1 S> 404");
    scripts.push(format!("{}10 1 C> <body>{}", open(), "<a>".repeat(2000)));
    scripts.push("0 1 !raw C a TLS handshake where HTTP/1 was expected".into());
    scripts.push("0 1 !raw C a TLS handshake where an XML stream was expected".into());
    scripts.push("0 1 !raw C frames of a WebSocket that the server did not open".into());
    scripts.push("0 1 !failed no route".into());
    scripts.push("0 1 unasked> 500".into());
    scripts.extend(super::websocket::scripts::every_kind());
    scripts.extend(super::management::scripts::every_kind());
    scripts.extend(super::stream::scripts::every_kind());
    scripts
}

/// Logins that go wrong.
fn logins(create: &str) -> Vec<String> {
    let granted = "5 1 S> <body sid='s1' wait='60' requests='2' ver='1.6' inactivity='60'/>\n";
    let (features, sasl) =
        ("xmlns='http://etherx.jabber.org/streams'", "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'");
    let poll = |n: u32, answer: &str| {
        format!("{n}0000 1 C> <body rid='10000{n}' sid='s1'/>\n{n}5000 1 S> {answer}\n")
    };
    vec![
        format!("{create}{granted}{}{}", poll(1, "<body/>"), poll(2, "<body/>")),
        format!("{create}{granted}{}", poll(1, &format!("<body><features {features}/></body>"))),
        format!("{create}{granted}10 1 C> <body rid='100001' sid='s1'><auth {sasl}/></body>"),
        format!(
            "{}10 1 C> <body rid='100001' sid='s1'/>\n20 1 S> <body><success {sasl}/></body>
             9000 1 C> <body rid='100002' sid='s1'/>",
            open()
        ),
    ]
}

/// Polls that are too frequent, or each on a new connection.
fn paces() -> Vec<String> {
    let polls = |granted: &str, every: u64, conn: fn(u64) -> u64| {
        let mut script = open_with(granted);
        for n in 1..=25 {
            let (at, conn, rid) = (100 + n * every, conn(n), 100_000 + n);
            let poll = format!("<body rid='{rid}' sid='s1'/>");
            script += &format!("{at} {conn} C> {poll}\n{} {conn} S> <body/>\n", at + 1);
        }
        script
    };
    vec![
        polls("wait='0' hold='0' requests='1' polling='5' inactivity='30'", 1000, |_| 1),
        polls("wait='60' hold='1' requests='2' inactivity='60'", 100, |n| n + 1),
    ]
}

#[test]
fn every_kind_is_reported_with_every_requirement_that_it_lists() {
    let listed: BTreeSet<(&str, Option<&str>)> = KINDS
        .iter()
        .flat_map(|kind| {
            let none = kind.requirements.is_empty().then_some((kind.name, None));
            kind.requirements.iter().map(|id| (kind.name, Some(*id))).chain(none)
        })
        .collect();
    let seen: Vec<_> = scripts().iter().flat_map(|script| play(script)).collect();
    let findings = seen.iter().flat_map(|seen| &seen.findings);
    let reported: BTreeSet<_> = findings.map(|found| (found.name(), found.requirement)).collect();
    let missing: Vec<_> = listed.difference(&reported).collect();
    assert!(missing.is_empty(), "listed, but never reported: {missing:#?}");
}
