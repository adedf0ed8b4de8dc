//! Tests of rules as playbooks: lines that say what passed when, and the findings.
//!
//! A line is `<ms> <conn> <what>`, where what is one of
//! - `C> <body …/>`: a POST to /http-bind; `C> GET /path | Name: value | content` says more;
//! - `S> <body …/>`: a 200 to the connection's oldest request; `S> 504 | Name: value | content`;
//! - `own> 502 | content`: a response of the proxy itself;
//! - `unasked> 200 | content`: a response without a request;
//! - `C. fin`, `S. reset`: one side ends the connection, which is then gone;
//! - `C- fin`, `S- fin`: one side sends its last byte, the connection stays; `. gone`: now it is gone;
//! - `&- fin`, `&- reset`: both have sent their last byte, and it is not known who was first;
//! - `C= <text>`, `S= <text>`: a WebSocket text message; `C= ping | content`, `S= close 1001 | reason` and the like
//!   say more, and so do `frames: 2`, `masked: 0`, `mask: 7`, `reserved: 4`, `padded: yes`, `unfinished: yes`; `␠` and
//!   `␤` in the text are a space and a line break, which would be trimmed;
//! - `websocket`: the handshake of a WebSocket for XMPP, at once;
//! - `C~ <text>`, `S~ <text>`: a part of a stream over TCP;
//! - `!tls starttls`, `!tls direct | sni: a | offers: xmpp-client`, `!tls starttls | passed: yes`: TLS begins on a stream
//!   over TCP;
//! - `!fault C 7 WHEN: WHAT | what was done`: a fault was applied to a message of the client, with rid 7 (or `-`);
//! - `!failed cause`, `!raw C why | text`, `!lost 3`;
//! - `tick`: nothing, time passes.
//!
//! In place of a header, `cut: yes` says that the content is not complete, `undecoded: why` that its coding was not
//! removed, `coding: gzip` that it was, and `latin-1: yes` that it is not UTF-8.
//!
//! `<body` without a namespace is given that of BOSH, and the prefix `xmpp`.

use std::collections::HashMap;
use std::time::Duration;

use super::{Finding, Judge, Level, Observation};
use crate::bosh::{NS, XBOSH};
use crate::trace::{
    AppliedFault, Content, Event, Fact, Frame, Headers, How, Part, Raw, Request, Response, Secured,
    Tls,
};
use crate::wire::Side;
use crate::wire::stream::{Kind, Piece, Splitter};

/// Stream features as a server offers them at the beginning.
pub(super) const FEATURES: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>\
    </stream:features>";

/// Stream features that do not ask for a login, so that stanzas may follow.
const NO_LOGIN: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";

/// The usual beginning of a session `s1`, with these attributes of the response.
pub(super) fn open_with(granted: &str) -> String {
    format!(
        "0 1 C> <body rid='100000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
         5 1 S> 200 | Server: Cowboy | <body sid='s1' ver='1.6' {granted}>{NO_LOGIN}</body>\n"
    )
}

/// The usual beginning of a session `s1`.
pub(super) fn open() -> String {
    open_with("wait='60' requests='2' hold='1' inactivity='60'")
}

/// The handshake of a WebSocket for XMPP.
const UPGRADE: &str = "GET /ws | Host: a | Connection: Upgrade | Upgrade: websocket | Sec-WebSocket-Version: 13 \
    | Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ== | Sec-WebSocket-Protocol: xmpp";
const SWITCH: &str = "101 | Connection: Upgrade | Upgrade: websocket \
    | Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= | Sec-WebSocket-Protocol: xmpp";

/// A WebSocket on connection `conn`, on which both sides have opened their stream: features are there. All of it at once.
pub(super) fn websocket(at: u64, conn: u64) -> String {
    format!("{at} {conn} websocket\n{}", stream(at, conn, 1, FEATURES))
}

/// The same, and the client has logged in as `alice@a/w`.
pub(super) fn websocket_login(at: u64, conn: u64) -> String {
    let (sasl, bind) =
        ("xmlns='urn:ietf:params:xml:ns:xmpp-sasl'", "xmlns='urn:ietf:params:xml:ns:xmpp-bind'");
    let features = format!(
        "<stream:features xmlns:stream='http://etherx.jabber.org/streams'><bind {bind}/></stream:features>"
    );
    let (begun, anew) = (websocket(at, conn), stream(at, conn, 2, &features));
    format!(
        "{begun}{at} {conn} C= <auth {sasl} mechanism='PLAIN'>eA==</auth>
         {at} {conn} S= <success {sasl}/>
         {anew}{at} {conn} C= <iq xmlns='jabber:client' type='set' id='bind'><bind {bind}/></iq>
         {at} {conn} S= <iq xmlns='jabber:client' type='result' id='bind'><bind {bind}><jid>alice@a/w</jid></bind></iq>\n"
    )
}

/// Both sides open a stream over WebSocket, and the server sends its features.
fn stream(at: u64, conn: u64, nth: u64, features: &str) -> String {
    let framing = "xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0' xml:lang='en'";
    let id = (conn * 7 + nth).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{at} {conn} C= <open {framing} to='a'/>
         {at} {conn} S= <open {framing} from='a' id='{id:x}'/>
         {at} {conn} S= {features}\n"
    )
}

/// What happens in a script: an event, or the passing of time.
enum Happening {
    Event(Box<Event>),
    Tick(Duration),
}

/// Reads a script.
fn happenings(script: &str) -> Vec<Happening> {
    let mut all = Vec::new();
    let mut conns: HashMap<u64, (u64, u64)> = HashMap::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.splitn(3, ' ');
        let at = Duration::from_millis(words.next().unwrap().parse().expect("milliseconds first"));
        let Some(conn) = words.next().filter(|&word| word != "tick") else {
            all.push(Happening::Tick(at));
            continue;
        };
        let conn: u64 = conn.parse().expect("a connection second");
        if !conns.contains_key(&conn) {
            let client = ([127, 0, 0, 1], 50_000).into();
            let fact = Fact::Opened { client };
            all.push(Happening::Event(Box::new(Event { at, conn, fact })));
        }
        let numbers = conns.entry(conn).or_default();
        for fact in facts(at, words.next().unwrap(), numbers) {
            if matches!(fact, Fact::Closed { .. }) {
                conns.remove(&conn);
            }
            all.push(Happening::Event(Box::new(Event { at, conn, fact })));
        }
    }
    all
}

/// The events of a script.
pub(crate) fn events(script: &str) -> Vec<Event> {
    let event = |happening| match happening {
        Happening::Event(event) => Some(*event),
        Happening::Tick(_) => None,
    };
    happenings(script).into_iter().filter_map(event).collect()
}

/// Plays a script and returns all events with their findings.
pub(super) fn play(script: &str) -> Vec<Observation> {
    let mut judge = Judge::default();
    let mut seen = Vec::new();
    for happening in happenings(script) {
        match happening {
            Happening::Event(event) => judge.take(*event, &mut seen),
            Happening::Tick(at) => judge.wake(at, &mut seen),
        }
    }
    seen
}

/// Findings as lines: `<ms> <level> <name> <party>: <words>`.
pub(super) fn at_least(level: Level, script: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for seen in play(script) {
        for finding in seen.findings.iter().filter(|finding| finding.level >= level) {
            lines.push(format!(
                "{} {:?} {} {:?}: {}",
                seen.at.as_millis(),
                finding.level,
                finding.name(),
                finding.party,
                finding.words
            ));
        }
    }
    lines
}

/// The same of kinds whose names begin like this, for tests of one family of rules.
pub(super) fn of_kinds(begin: &[&str], level: Level, script: &str) -> Vec<String> {
    let is_ours = |line: &String| {
        let name = line.split(' ').nth(2).unwrap_or_default();
        begin.iter().any(|begin| name.starts_with(begin))
    };
    at_least(level, script).into_iter().filter(is_ours).collect()
}

/// Findings by name only.
pub(super) fn names(script: &str) -> Vec<&'static str> {
    play(script).iter().flat_map(|seen| &seen.findings).map(Finding::name).collect()
}

/// The words of the findings with this name.
pub(super) fn words(name: &str, script: &str) -> Vec<String> {
    let seen = play(script);
    let found = seen.iter().flat_map(|seen| &seen.findings).filter(|found| found.name() == name);
    found.map(|finding| finding.words.clone()).collect()
}

fn how(text: &str) -> How {
    match text {
        "reset" => How::Reset,
        "timeout" => How::TimedOut,
        _ => How::Fin,
    }
}

fn facts(at: Duration, what: &str, numbers: &mut (u64, u64)) -> Vec<Fact> {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    let rest = rest.trim();
    match verb {
        "C>" => {
            numbers.0 += 1;
            vec![Fact::Request(request(at, rest))]
        }
        "S>" | "own>" => {
            let mut response = response(at, rest);
            response.own = verb == "own>";
            if response.status >= 200 || response.status == 101 {
                response.answers = Some(numbers.1);
                numbers.1 += 1;
            }
            vec![Fact::Response(response)]
        }
        "websocket" => {
            numbers.0 += 1;
            numbers.1 += 1;
            let (upgrade, mut switch) = (request(at, UPGRADE), response(at, SWITCH));
            switch.answers = Some(numbers.1 - 1);
            vec![Fact::Request(upgrade), Fact::Response(switch)]
        }
        "C=" => vec![Fact::Frame(frame(Side::Client, at, rest))],
        "S=" => vec![Fact::Frame(frame(Side::Server, at, rest))],
        "C~" => vec![Fact::Part(part(Side::Client, at, rest))],
        "S~" => vec![Fact::Part(part(Side::Server, at, rest))],
        "unasked>" => vec![Fact::Response(response(at, rest))],
        "." => vec![Fact::Closed { client: 0, server: 0, stopped: false }],
        "C-" | "S-" | "C." | "S." => {
            let by = if verb.starts_with('C') { Side::Client } else { Side::Server };
            let how = how(rest);
            let stopped = rest == "stopped";
            let mut facts = vec![Fact::Ended { by, how, together: false }];
            if verb.ends_with('.') {
                facts.push(Fact::Closed { client: 0, server: 0, stopped });
            }
            facts
        }
        "&-" => {
            let how = how(rest);
            let ended = |by| Fact::Ended { by, how, together: true };
            vec![ended(Side::Client), ended(Side::Server)]
        }
        "!tls" => vec![Fact::Secured(secured(rest))],
        "!fault" => {
            let mut words = rest.splitn(3, ' ');
            let from = if words.next() == Some("C") { Side::Client } else { Side::Server };
            let rid = words.next().and_then(|rid| rid.parse().ok());
            let (fault, did) = words.next().unwrap().split_once(" | ").unwrap();
            let (fault, did) = (fault.to_owned(), did.to_owned());
            vec![Fact::Fault(AppliedFault { fault, did, from, rid })]
        }
        "!failed" => vec![Fact::Failed { cause: rest.to_owned() }],
        "!raw" => {
            let (from, why) = rest.split_once(' ').unwrap();
            let from = if from == "C" { Side::Client } else { Side::Server };
            let (why, text) = why.split_once(" | ").unwrap_or((why, "\x16\x03\x01"));
            let (why, bytes) = (Some(why.to_owned()), text.as_bytes().to_vec());
            vec![Fact::Raw(Raw { from, why, size: bytes.len() as u64, bytes })]
        }
        "!lost" => vec![Fact::Lost { messages: rest.parse().unwrap(), bytes: 1000 }],
        _ => panic!("not a line of a playbook: {what}"),
    }
}

/// A message of WebSocket, or a control frame.
fn frame(from: Side, first: Duration, text: &str) -> Frame {
    let (line, fields, content) = parts(text, |text| text.replace('␠', " ").replace('␤', "\n"));
    let (opcode, status) = line.split_once(' ').unwrap_or((line, ""));
    let opcode = match opcode {
        "" | "text" => 1,
        "binary" => 2,
        "close" => 8,
        "ping" => 9,
        "pong" => 10,
        other => other.parse().expect("the name of an opcode, or its number"),
    };
    let number = |name: &str| fields.get(name).map(|value| value.parse::<u32>().unwrap());
    let frames = number("frames").unwrap_or(1);
    let masked = number("masked").unwrap_or(if from == Side::Client { frames } else { 0 });
    // Another key for each time and text, as is required.
    let seed = first.as_micros() as u32 ^ 0x811c_9dc5;
    let mix = |key: u32, byte: &u8| (key ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let mask = number("mask").unwrap_or(text.as_bytes().iter().fold(seed, mix));
    Frame {
        from,
        first,
        opcode,
        frames,
        masked,
        mask: (masked > 0).then_some(mask),
        reserved: number("reserved").unwrap_or(0) as u8,
        padded: fields.get("padded").is_some(),
        unfinished: fields.get("unfinished").is_some(),
        status: status.parse().ok(),
        content,
    }
}

/// TLS on both sides of the proxy, or passed on.
fn secured(text: &str) -> Secured {
    let (how, fields, _) = parts(text, str::to_owned);
    let passed = fields.get("passed").is_some();
    let get = |name: &str| fields.get(name).map(str::to_owned);
    let client =
        Tls { sni: get("sni"), offers: get("offers").into_iter().collect(), ..Tls::default() };
    let agreed = |tls: Tls| Some(tls).filter(|_| !passed);
    Secured {
        starttls: how == "starttls",
        passed,
        client: agreed(client),
        server: agreed(Tls::default()),
    }
}

/// A part of a stream over TCP.
fn part(from: Side, first: Duration, text: &str) -> Part {
    let mut kind = None;
    let mut splitter = Splitter::default();
    // In the middle of a stream, so that an end tag can end it.
    splitter.feed(b"<stream>", &mut |_| {});
    splitter.feed(text.as_bytes(), &mut |piece| {
        if let Piece::Item(found, _) = piece {
            kind = Some(found);
        }
    });
    let kind = if text.trim().is_empty() { Kind::Space } else { kind.expect("a whole part") };
    let bytes = text.as_bytes().to_vec();
    let content = Content { size: bytes.len() as u64, bytes, ..Content::default() };
    Part { from, first, kind, content, own: false }
}

/// The first part, the headers and the content of a line.
fn parts(text: &str, full: impl Fn(&str) -> String) -> (&str, Headers, Content) {
    let (mut first, mut headers, mut content) = ("", Headers::default(), Content::default());
    let mut latin_1 = false;
    for (n, part) in text.split(" | ").map(str::trim).enumerate() {
        let header = part.split_once(": ").filter(|(name, _)| !name.contains([' ', '<']));
        if n == 0 && !part.starts_with('<') {
            first = part;
        } else if let Some((name, value)) = header {
            match name {
                "cut" => content.cut = true,
                "latin-1" => latin_1 = true,
                "coding" => content.coding = Some(value.to_owned()),
                "undecoded" => content.undecoded = Some(value.to_owned()),
                _ => headers.push(name, value),
            }
        } else {
            content.bytes = if latin_1 {
                full(part).chars().map(|char| char as u8).collect()
            } else {
                full(part).into_bytes()
            };
            content.size = content.bytes.len() as u64;
        }
    }
    (first, headers, content)
}

fn full(content: &str) -> String {
    let start = content.find("<body").filter(|at| content[at + 5..].starts_with([' ', '>', '/']));
    let Some(start) = start else { return content.to_owned() };
    let (before, rest) = content.split_at(start + 5);
    if rest.split('>').next().is_some_and(|tag| tag.contains("xmlns=")) {
        return content.to_owned();
    }
    format!("{before} xmlns='{NS}' xmlns:xmpp='{XBOSH}'{rest}")
}

fn request(first: Duration, text: &str) -> Request {
    let (line, mut headers, content) = parts(text, full);
    let (method, target) = line.split_once(' ').unwrap_or(("POST", "/http-bind"));
    if headers.get("content-type").is_none() && !content.bytes.is_empty() {
        headers.push("Content-Type", "text/xml; charset=utf-8");
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    Request { first, method, target, version: 1, headers, content }
}

fn response(first: Duration, text: &str) -> Response {
    let (line, mut headers, content) = parts(text, full);
    let (status, reason) = line.split_once(' ').unwrap_or((line, ""));
    let status = if status.is_empty() { 200 } else { status.parse().expect("a status") };
    let reason = if status == 200 { "OK" } else { reason }.to_owned();
    if headers.get("content-type").is_none() && content.bytes.starts_with(b"<body") {
        headers.push("Content-Type", "text/xml; charset=utf-8");
    }
    Response { first, answers: None, version: 1, status, reason, headers, content, own: false }
}

/// A whole session between strophe.js and Prosody. Nothing here may be more than a note.
const NORMAL: &str = "
    0 1 C> OPTIONS /http-bind | Origin: http://localhost:8000 | Access-Control-Request-Method: POST | Access-Control-Request-Headers: content-type
    2 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | Access-Control-Allow-Methods: POST, OPTIONS | Access-Control-Allow-Headers: Content-Type | Access-Control-Max-Age: 7200
    10 1 C> POST /http-bind | Origin: http://localhost:8000 | <body content='text/xml; charset=utf-8' hold='1' rid='1573741820' to='localhost' ver='1.6' wait='60' xml:lang='en' xmpp:version='1.0'/>
    30 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body authid='x' hold='1' inactivity='60' polling='5' requests='2' secure='true' sid='5a1cbeef' ver='1.6' wait='60' xmpp:restartlogic='true' xmpp:version='1.0' from='localhost' xmlns:stream='http://etherx.jabber.org/streams'><stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms></stream:features></body>
    135 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741821' sid='5a1cbeef'><auth mechanism='SCRAM-SHA-1' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</auth></body>
    140 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'><challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</challenge></body>
    245 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741822' sid='5a1cbeef'><response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</response></body>
    250 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</success></body>
    355 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741823' sid='5a1cbeef' to='localhost' xml:lang='en' xmpp:restart='true'/>
    360 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef' xmlns:stream='http://etherx.jabber.org/streams'><stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session></stream:features></body>
    465 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741824' sid='5a1cbeef'><iq type='set' id='b' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq></body>
    470 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'><iq type='result' id='b' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@localhost/t</jid></bind></iq></body>
    575 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741825' sid='5a1cbeef'><presence xmlns='jabber:client'/></body>
    580 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'><presence from='alice@localhost/t' to='alice@localhost/t' xmlns='jabber:client'/></body>
    685 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741826' sid='5a1cbeef'/>
    60690 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'/>
    60795 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741827' sid='5a1cbeef'/>
    65000 2 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741828' sid='5a1cbeef'><message to='bob@localhost' xmlns='jabber:client'><body xmlns='jabber:client'>hi</body></message></body>
    65003 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef'/>
    70000 1 C> POST /http-bind | Origin: http://localhost:8000 | <body rid='1573741829' sid='5a1cbeef' type='terminate'><presence type='unavailable' xmlns='jabber:client'/></body>
    70003 2 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef' type='terminate'><presence type='unavailable' from='alice@localhost/t' xmlns='jabber:client'/></body>
    70004 1 S> 200 | Access-Control-Allow-Origin: http://localhost:8000 | <body sid='5a1cbeef' type='terminate'/>
    71000 1 C. fin
    71000 2 C. fin
    999000 tick";

#[test]
fn a_normal_session_yields_nothing_above_a_note() {
    assert_eq!(at_least(Level::Warning, NORMAL), [""; 0]);
    assert_eq!(names(NORMAL), ["cors-preflight", "client-terminates"]);
}

#[test]
fn a_reload_in_mid_poll_yields_nothing_above_a_note() {
    let script: Vec<_> = NORMAL.lines().take_while(|line| !line.contains("1573741828")).collect();
    let reload = format!(
        "{}
        62000 1 C. fin
        62900 3 C> <body rid='1573741828' sid='5a1cbeef'/>
        122905 3 S> <body sid='5a1cbeef'/>",
        script.join("\n")
    );
    assert_eq!(at_least(Level::Warning, &reload), [""; 0]);
    assert_eq!(names(&reload), ["cors-preflight", "client-gave-up"]);
}

#[test]
fn a_flood_of_sessions_that_never_end_is_forgotten() {
    let mut judge = Judge::default();
    for n in 0..17_000 {
        let at = Duration::from_millis(n);
        let mut numbers = (0, 0);
        let what = format!("C> <body rid='{}' sid='s{n}'/>", n + 100_000);
        let answer = "S> 404 Not Found";
        for fact in
            facts(at, &what, &mut numbers).into_iter().chain(facts(at, answer, &mut numbers))
        {
            judge.take(Event { at, conn: n + 1, fact }, &mut Vec::new());
        }
        let (client, server, stopped) = (0, 0, false);
        let fact = Fact::Closed { client, server, stopped };
        judge.take(Event { at, conn: n + 1, fact }, &mut Vec::new());
    }
    let kept = judge.story().sessions().count();
    assert!((8_000..17_000).contains(&kept), "{kept}");
}

#[test]
fn the_largest_numbers_on_the_wire_are_survived_and_nobody_is_late_by_them() {
    // Regression: additions to `wait` and `requests` overflowed.
    const MAX: u64 = u64::MAX;
    let all = format!(
        "wait='{MAX}' hold='{MAX}' requests='{MAX}' inactivity='{MAX}' polling='{MAX}' \
         maxpause='{MAX}' pause='{MAX}' ack='{MAX}' time='{MAX}' report='{MAX}'"
    );
    for (asked, granted) in [
        (&*all, &*all),
        (&*all, "wait='60' hold='1' requests='2' inactivity='60'"),
        ("wait='60' hold='1'", &*all),
        (&*all, "wait='0' hold='0' requests='1' inactivity='0' polling='0' maxpause='0'"),
    ] {
        let script = format!(
            "0 1 C> <body rid='100000' to='a' ver='1.6' xml:lang='en' {asked}/>
             5 1 S> <body sid='s1' ver='1.6' {granted}/>
             10 1 C> <body rid='100001' sid='s1' {all}/>
             20 2 C> <body rid='100002' sid='s1' {all}><iq xmlns='jabber:client'/></body>
             22 3 C> <body rid='100003' sid='s1' type='terminate' {all}/>
             70000 1 S> <body {all}/>
             70001 2 S> <body {all}/>
             70002 3 S> 504
             71000 4 C> <body rid='9007199254740991' sid='s1' {all}/>
             72000 4 C> <body rid='18446744073709551615' sid='s1' {all}/>
             900000 4 C. fin
             9000000 tick"
        );
        play(&script);
    }
    let script = format!(
        "{}10 1 C> <body rid='100001' sid='s1'/>\n3000000 1 S> <body/>\n3000001 1 C. fin\n9000000 tick",
        open_with(&format!("wait='{MAX}' hold='1' requests='{MAX}' inactivity='{MAX}'"))
    );
    let found = names(&script);
    assert!(!found.contains(&"wait-exceeded") && !found.contains(&"session-silent"), "{found:?}");
}
