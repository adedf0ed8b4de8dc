//! Playbooks: what each side sends, and what the other side gets, when.

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::random::Seeded;
use crate::wire::Side::{self, Client, Server};
use crate::wire::conversation::Expect;
use crate::wire::tap::How;
use crate::wire::websocket::{Head, Opcode};

const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nAccess-Control-Allow-Origin: *\r\n";

/// One connection under faults.
struct Bed {
    faults: Faults,
    course: Course,
    now: Duration,
    done: Vec<String>,
}

fn faults(texts: &[&str]) -> Faults {
    let read = |text: &&str| Fault::parse("--fault", text).unwrap();
    let all = texts.iter().map(read).collect();
    Faults::new(all, Clock::start(), Box::new(Seeded::new(7)))
}

fn expecting(expect: Expect, texts: &[&str]) -> Bed {
    Bed::new(faults(texts), expect)
}

fn bed(texts: &[&str]) -> Bed {
    expecting(Expect::Http, texts)
}

impl Bed {
    fn new(faults: Faults, expect: Expect) -> Self {
        let course = Course::new(faults.clone(), expect, ([127, 0, 0, 1], 1).into());
        Self { faults, course, now: Duration::ZERO, done: Vec::new() }
    }

    /// What both sides get when one has sent something: to the server, to the client.
    fn sends(&mut self, from: Side, bytes: impl AsRef<[u8]>) -> (String, String) {
        self.course.receive(from, bytes.as_ref(), self.now);
        self.done.extend(self.course.reports().into_iter().map(|report| report.did));
        self.get()
    }

    fn get(&mut self) -> (String, String) {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (text(self.gets(Server)), text(self.gets(Client)))
    }

    /// What this side gets now; `…` where the connection is cut.
    fn gets(&mut self, to: Side) -> Vec<u8> {
        let mut all = Vec::new();
        self.course.tick(self.now);
        loop {
            let part = match self.course.next(to, self.now) {
                Next::Write { bytes, .. } => bytes.to_vec(),
                Next::Cut(How::Fin) => return [&all[..], b"<FIN>"].concat(),
                Next::Cut(_) => return [&all[..], b"<RST>"].concat(),
                Next::Wait(_) | Next::Shut => return all,
            };
            self.course.wrote(to, part.len(), self.now);
            all.extend(part);
        }
    }

    fn passes(&mut self, millis: u64) -> (String, String) {
        self.now += Duration::from_millis(millis);
        self.get()
    }

    fn did(&mut self) -> String {
        std::mem::take(&mut self.done).join("; ")
    }
}

fn post(content: &str) -> String {
    let length = content.len();
    format!(
        "POST /http-bind HTTP/1.1\r\nHost: a\r\nOrigin: https://page\r\nContent-Length: {length}\r\n\r\n{content}"
    )
}

fn ok(content: &str) -> String {
    format!("{HEAD}Content-Length: {}\r\n\r\n{content}", content.len())
}

fn body(attributes: &str) -> String {
    format!("<body xmlns='http://jabber.org/protocol/httpbind' {attributes}/>")
}

fn poll(rid: u64) -> String {
    post(&body(&format!("sid='s' rid='{rid}'")))
}

/// Opens a session whose first rid is 10.
fn open(bed: &mut Bed) {
    let create = post(&body("rid='10' to='a' wait='60' hold='1'"));
    let granted = ok(&body("sid='s' wait='60' requests='2' hold='1'"));
    assert_eq!(bed.sends(Client, &create), (create.clone(), String::new()));
    assert_eq!(bed.sends(Server, &granted), (String::new(), granted.clone()));
    assert_eq!(bed.did(), "");
}

fn to_server(bytes: &str) -> (String, String) {
    (bytes.to_owned(), String::new())
}

fn to_client(bytes: &str) -> (String, String) {
    (String::new(), bytes.to_owned())
}

fn nothing() -> (String, String) {
    to_server("")
}

#[test]
fn a_request_or_its_response_is_dropped() {
    let mut bed = bed(&["rid:+1: drop", "rid:+2: drop response"]);
    open(&mut bed);
    assert_eq!(bed.sends(Client, poll(11)), nothing());
    assert_eq!(bed.did(), "dropped the request with rid 11: the server never sees it");
    assert!(bed.course.has_dropped());
    // A page that gives up takes another connection.
    let mut other = Bed::new(bed.faults.clone(), Expect::Http);
    assert_eq!(other.sends(Client, poll(12)), to_server(&poll(12)));
    assert_eq!(other.sends(Server, ok(&body(""))), nothing());
    assert_eq!(other.did(), "dropped the response to rid 12: the client never sees it");
}

#[test]
fn what_is_delayed_comes_later_and_jitter_is_between_two_times() {
    let mut one = bed(&["poll: delay 2s", "every poll: delay 1s..3s"]);
    open(&mut one);
    assert_eq!(one.sends(Client, poll(11)), nothing());
    assert_eq!(one.passes(2999), nothing());
    assert_eq!(one.passes(2001), to_server(&poll(11)));
    let did = one.did();
    assert!(did.starts_with("delayed the request with rid 11 by 2.0 s; delayed the"), "{did}");
}

#[test]
fn a_copy_of_a_request_goes_its_own_way_and_a_response_comes_twice() {
    let mut bed = bed(&["rid:+1, twice: duplicate"]);
    open(&mut bed);
    assert_eq!(bed.sends(Client, poll(11)), to_server(&poll(11)));
    assert_eq!(bed.course.copies(), [poll(11).into_bytes()]);
    let answer = ok(&body(""));
    assert_eq!(bed.sends(Server, &answer), to_client(&answer.repeat(2)));
}

#[test]
fn the_next_request_overtakes_on_another_connection() {
    let mut one = bed(&["the 1st poll: swap", "the 2nd poll: hold 1s"]);
    open(&mut one);
    assert_eq!(one.sends(Client, poll(11)), nothing());
    let mut two = Bed::new(one.faults.clone(), Expect::Http);
    two.now = Duration::from_millis(100);
    assert_eq!(two.sends(Client, poll(12)), nothing(), "it is held for a second");
    assert_eq!(two.passes(1000), to_server(&poll(12)));
    assert_eq!(one.passes(100), nothing());
    assert_eq!(one.passes(50), to_server(&poll(11)), "50 ms behind the other one");
    // Without another one, it is passed on some day.
    let mut alone = bed(&["poll: swap"]);
    open(&mut alone);
    assert_eq!(alone.sends(Client, poll(11)), nothing());
    assert_eq!(alone.passes(10_000), to_server(&poll(11)));
}

#[test]
fn a_connection_is_cut() {
    let mut fin = bed(&["poll: cut"]);
    open(&mut fin);
    assert_eq!(fin.sends(Client, poll(11)), to_server("<FIN>"));
    assert_eq!(fin.did(), "closed the connection in place of the request with rid 11");
    let mut rst = bed(&["rid:+1: cut response rst at 12"]);
    open(&mut rst);
    rst.sends(Client, poll(11));
    assert_eq!(rst.sends(Server, ok(&body(""))), to_client("HTTP/1.1 200<RST>"));
    assert_eq!(rst.did(), "reset the connection after 12 bytes of the response to rid 11");
    // What is shorter passes whole.
    let mut short = bed(&["rid:+1: cut response at 9999"]);
    open(&mut short);
    short.sends(Client, poll(11));
    let answer = ok(&body(""));
    assert_eq!(short.sends(Server, &answer), to_client(&format!("{answer}<FIN>")));
    assert_eq!(short.did(), "closed the connection behind the response to rid 11");
}

#[test]
fn a_response_is_meant_by_what_its_request_is() {
    for when in ["dir:client and id:x", "id:x", "the 1st kind:message"] {
        let mut bed = bed(&[&format!("{when}: drop response")]);
        open(&mut bed);
        let stanza = "<message xmlns='jabber:client' id='x'/>";
        let request = post(&format!(
            "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' rid='11'>{stanza}</body>"
        ));
        assert_eq!(bed.sends(Client, &request), to_server(&request), "{when}");
        assert_eq!(bed.sends(Server, ok(&body(""))), nothing(), "{when}");
        assert_eq!(bed.did(), "dropped the response to rid 11: the client never sees it");
    }
}

#[test]
fn content_is_changed_and_its_length_follows() {
    let cases = [
        ("truncate 5", "<body", "truncated the response to rid 11 to 5 bytes"),
        (
            "set wait=50",
            "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' wait='50'/>",
            "",
        ),
        (
            "set a=b&c",
            "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' wait=\"60\" a='b&amp;c'/>",
            "",
        ),
        ("remove wait", "<body xmlns='http://jabber.org/protocol/httpbind' sid='s'/>", ""),
    ];
    for (what, content, did) in cases {
        let mut bed = bed(&[&format!("rid:+1 dir:server: {what}")]);
        open(&mut bed);
        bed.sends(Client, poll(11));
        let answer = ok(&body("sid='s' wait=\"60\""));
        assert_eq!(bed.sends(Server, answer), to_client(&ok(content)), "{what}");
        assert!(bed.did().contains(did));
    }
    let mut bed = bed(&["rid:+1: garble response at 1"]);
    open(&mut bed);
    bed.sends(Client, poll(11));
    bed.course.receive(Server, ok(&body("")).as_bytes(), bed.now);
    let garbled = bed.gets(Client);
    assert!(garbled.windows(3).any(|bytes| bytes == b"<\xffo"), "{}", garbled.escape_ascii());
}

#[test]
fn chunks_and_codings_are_removed_from_what_is_changed_alone() {
    let chunked = format!(
        "{HEAD}Transfer-Encoding: chunked\r\n\r\n7\r\n<body x\r\n32\r\nmlns='http://jabber.org/protocol/httpbind' z='1'/>\r\n0\r\n\r\n"
    );
    let mut bed = bed(&["dir:server: set z=2"]);
    bed.sends(Client, poll(11));
    let changed = ok(&body("z='2'"));
    assert_eq!(bed.sends(Server, &chunked), to_client(&changed));
    let mut same = super::course_tests::bed(&["status:404, always: set z=2"]);
    same.sends(Client, poll(11));
    assert_eq!(same.sends(Server, &chunked), to_client(&chunked));
}

#[test]
fn the_server_is_answered_for() {
    let mut bed = bed(&["rid:+1: answer 502", "rid:+2 dir:server: answer 404 empty with cors"]);
    open(&mut bed);
    let (up, down) = bed.sends(Client, poll(11));
    assert_eq!(up, "");
    assert!(
        down.starts_with(
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nServer: nginx\r\n"
        ),
        "{down}"
    );
    assert!(!down.to_ascii_lowercase().contains("access-control"), "{down}");
    let did =
        "answered the request with rid 11 with 502 in the server's place: the server never sees it";
    assert_eq!(bed.did(), did);
    // On the same connection the next response belongs to the next request.
    assert_eq!(bed.sends(Client, poll(12)), to_server(&poll(12)));
    let page = "HTTP/1.1 404 Not Found\r\nAccess-Control-Allow-Origin: https://page\r\n\
        Access-Control-Allow-Credentials: true\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(bed.sends(Server, ok(&body(""))), to_client(page));
    let did = "answered the response to rid 12 with 404 in the server's place: the server has answered it";
    assert_eq!(bed.did(), did);
    assert_eq!(bed.sends(Client, poll(13)), to_server(&poll(13)));
    assert_eq!(bed.sends(Server, ok(&body(""))), to_client(&ok(&body(""))));
}

#[test]
fn an_answer_takes_its_time_and_leads_elsewhere() {
    let mut bed = bed(&["poll: answer 302 to https://login.example/ after 3s"]);
    open(&mut bed);
    assert_eq!(bed.sends(Client, poll(11)), nothing());
    assert_eq!(bed.passes(2999), nothing());
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(bed.passes(1), to_client(redirect));
}

#[test]
fn sessions_end_in_the_servers_place() {
    for (what, inside) in [
        ("item-not-found", " type='terminate' condition='item-not-found'/>"),
        ("policy-violation", " type='terminate' condition='policy-violation'/>"),
        (
            "see-other-uri http://b/?a&b",
            " condition='see-other-uri'><uri>http://b/?a&amp;b</uri></body>",
        ),
    ] {
        let mut bed = bed(&[&format!("poll: {what}")]);
        open(&mut bed);
        let (up, down) = bed.sends(Client, poll(11));
        assert!(up.is_empty() && down.ends_with(inside), "{up}{down}");
        assert!(down.contains("Access-Control-Allow-Origin: https://page\r\n"), "{down}");
    }
}

#[test]
fn header_lines_are_stripped_or_doubled() {
    let origin = "Access-Control-Allow-Origin: *\r\n";
    let answer = ok(&body(""));
    for (what, expected) in [
        ("strip cors", answer.replace(origin, "")),
        ("double cors", answer.replace(origin, &origin.repeat(2))),
        ("strip header content-type", answer.replace("Content-Type: text/xml\r\n", "")),
    ] {
        let mut bed = bed(&[&format!("rid:+1: {what}")]);
        open(&mut bed);
        bed.sends(Client, poll(11));
        assert_eq!(bed.sends(Server, &answer), to_client(&expected), "{what}");
    }
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Protocol: xmpp\r\n\r\n";
    let mut one = bed(&["path:/ws: strip upgrade", "path:/ws: strip subprotocol"]);
    assert_eq!(one.sends(Client, upgrade), to_server("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n"));
}

#[test]
fn a_direction_is_slow_or_stands_still() {
    let mut slow = bed(&["poll: slow 100 B/s"]);
    open(&mut slow);
    let mut came = slow.sends(Client, poll(11)).0;
    assert_eq!(came.len(), 5);
    for _ in 0..20 {
        came += &slow.passes(50).0;
    }
    assert_eq!(came.len(), 105);
    let mut still = bed(&["poll: stall 10s"]);
    open(&mut still);
    assert_eq!(still.sends(Client, poll(11)), nothing());
    assert_eq!(still.sends(Client, poll(12)), nothing());
    assert_eq!(still.passes(10_000), to_server(&(poll(11) + &poll(12))));
    assert_eq!(
        still.did(),
        "stalled what the client sends for 10.0 s, from the request with rid 11 on"
    );
}

#[test]
fn faults_are_switched_while_connections_are_open() {
    let mut bed = bed(&["poll: drop"]);
    open(&mut bed);
    bed.faults
        .add(Fault::parse("--fault", "every poll: strip header Host").unwrap().named("hostless"));
    assert_eq!(bed.sends(Client, poll(11)), nothing());
    let (up, _) = bed.sends(Client, poll(12));
    assert_eq!(up, poll(12).replace("Host: a\r\n", ""));
    let titles: Vec<String> =
        bed.faults.list().iter().map(|fault| fault.title().to_owned()).collect();
    assert_eq!(titles, ["poll: drop", "hostless"]);
    let change = bed.faults.set(vec![Fault::parse("--fault", "poll: drop").unwrap()]);
    assert_eq!((change.added, change.removed), (vec![], vec!["hostless".to_owned()]));
    assert_eq!(bed.sends(Client, poll(13)), to_server(&poll(13)), "it has happened once already");
    bed.faults.clear();
    assert!(bed.faults.list().is_empty());
}

fn switch(bed: &mut Bed, extensions: &str) {
    let upgrade = format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Protocol: xmpp\r\n{extensions}\r\n"
    );
    let switch = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Protocol: xmpp\r\n{extensions}\r\n"
    );
    assert_eq!(bed.sends(Client, &upgrade), to_server(&upgrade));
    assert_eq!(bed.sends(Server, &switch), to_client(&switch));
}

fn frame(from: Side, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mask = (from == Client).then_some([1, 2, 3, 4]);
    let mut out = Vec::new();
    Head::new(opcode, payload.len() as u64, mask).write_with(payload, &mut out);
    out
}

fn text(from: Side, text: &str) -> Vec<u8> {
    frame(from, Opcode::TEXT, text.as_bytes())
}

/// What the other side gets of this.
fn through(bed: &mut Bed, from: Side, bytes: &[u8]) -> Vec<u8> {
    bed.course.receive(from, bytes, bed.now);
    bed.done.extend(bed.course.reports().into_iter().map(|report| report.did));
    bed.gets(from.other())
}

#[test]
fn frames_are_dropped_doubled_garbled_and_overtaken() {
    let message =
        |body: &str| format!("<message xmlns='jabber:client'><body>{body}</body></message>");
    let mut bed = bed(&[
        "frame:ping: drop",
        "text:two: duplicate",
        "text:three: garble at 0",
        "text:four: swap",
        "text:six: set id=x",
    ]);
    switch(&mut bed, "");
    assert_eq!(through(&mut bed, Server, &frame(Server, Opcode::PING, b"x")), b"");
    let one = text(Server, &message("one"));
    assert_eq!(through(&mut bed, Server, &one), one);
    let two = text(Client, &message("two"));
    assert_eq!(through(&mut bed, Client, &two), two.repeat(2));
    let mut garbled = message("three").into_bytes();
    garbled[0] = 0xff;
    let three = text(Client, &message("three"));
    assert_eq!(through(&mut bed, Client, &three), frame(Client, Opcode::TEXT, &garbled));
    let (four, five) = (text(Client, &message("four")), text(Client, &message("five")));
    assert_eq!(through(&mut bed, Client, &four), b"");
    assert_eq!(through(&mut bed, Client, &five), five);
    bed.now += Duration::from_millis(50);
    assert_eq!(bed.gets(Server), four);
    let six = through(&mut bed, Server, &text(Server, &message("six")));
    assert_eq!(
        six,
        text(Server, "<message xmlns='jabber:client' id='x'><body>six</body></message>")
    );
    assert_eq!(
        bed.did(),
        "dropped the server's ping frame: the client never sees it; sent the client's message twice; made byte 0 of \
         the client's message invalid (0xff); held the client's message back until the next one has overtaken it; set \
         id='x' in the server's message"
    );
}

#[test]
fn a_websocket_is_closed_in_the_servers_place() {
    for (what, expected) in [
        ("close 1012 bye", frame(Server, Opcode::CLOSE, b"\x03\xf4bye")),
        (
            "see-other-uri wss://b/",
            text(Server, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b/'/>"),
        ),
        (
            "policy-violation",
            [
                text(
                    Server,
                    "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><policy-violation \
                     xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
                ),
                text(Server, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
            ]
            .concat(),
        ),
    ] {
        let mut bed = bed(&[&format!("kind:presence: {what}")]);
        switch(&mut bed, "");
        let presence = text(Client, "<presence xmlns='jabber:client'/>");
        assert_eq!(through(&mut bed, Client, &presence), b"", "{what}");
        assert_eq!(bed.gets(Client), [&expected[..], b"<FIN>"].concat(), "{what}");
    }
}

#[test]
fn messages_behind_a_compressed_one_that_is_dropped_come_without_compression() {
    let mut deflater = crate::wire::websocket::Deflater::new(false);
    let mut compressed = |text: &str| {
        let payload = deflater.deflate(text.as_bytes());
        let mut head = Head::new(Opcode::TEXT, payload.len() as u64, None);
        head.reserved = 4;
        let mut out = Vec::new();
        head.write_with(&payload, &mut out);
        out
    };
    let mut bed = bed(&["the 2nd kind:presence: drop"]);
    switch(&mut bed, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    let presence = |id| format!("<presence xmlns='jabber:client' id='{id}'/>");
    let first = compressed(&presence(1));
    assert_eq!(through(&mut bed, Server, &first), first);
    assert_eq!(through(&mut bed, Server, &compressed(&presence(2))), b"");
    assert_eq!(through(&mut bed, Server, &compressed(&presence(3))), text(Server, &presence(3)));
}

#[test]
fn elements_of_a_stream_are_matched_too() {
    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='a'>";
    let mut bed = expecting(
        Expect::Stream,
        &[
            "kind:message: duplicate",
            "kind:presence: truncate 4",
            "kind:iq: see-other-uri b.example",
        ],
    );
    assert_eq!(bed.sends(Client, header), to_server(header));
    assert_eq!(bed.sends(Server, header), to_client(header));
    assert_eq!(bed.sends(Client, "<message to='b'/>"), to_server(&"<message to='b'/>".repeat(2)));
    assert_eq!(bed.sends(Client, "<presence/>"), to_server("<pre"));
    let over = "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>b.example\
        </see-other-host></stream:error></stream:stream><FIN>";
    assert_eq!(bed.sends(Client, "<iq/>"), to_client(over));
}

mod untouched {
    use proptest::prelude::*;

    use super::*;

    type Spoken = Vec<(Side, Vec<u8>)>;

    /// Bytes of both sides in the order in which they are sent.
    fn conversations() -> Vec<(Expect, Spoken)> {
        let chunked =
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n4\r\n<a/>\r\n0\r\nX: y\r\n\r\n");
        let close = format!("{HEAD}\r\nuntil the end");
        let http = vec![
            (Client, (poll(1) + &poll(2)).into_bytes()),
            (Server, (ok("x") + &chunked).into_bytes()),
            (
                Client,
                b"POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n".to_vec(),
            ),
            (Server, b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
            (Client, b"abc".to_vec()),
            (Server, close.into_bytes()),
        ];
        let mut fragments = Vec::new();
        let mut head = Head::new(Opcode::TEXT, 3, Some([9, 8, 7, 6]));
        head.fin = false;
        head.write_with(b"<a>", &mut fragments);
        fragments.extend(frame(Client, Opcode::PING, b"in between"));
        fragments.extend(frame(Client, Opcode::CONTINUATION, b"</a>"));
        let upgrade = "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        let switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        let websocket = vec![
            (Client, upgrade.as_bytes().to_vec()),
            (Server, [switched.as_bytes(), &text(Server, "<b/>")].concat()),
            (Client, fragments),
            (Server, frame(Server, Opcode::CLOSE, b"\x03\xe8")),
        ];
        let stream = vec![
            (Client, b"<?xml version='1.0'?><stream:stream to='a'> <a><b/></a>text<c/>".to_vec()),
            (Server, b"<stream:stream><d/></stream:stream>".to_vec()),
        ];
        let other = vec![(Client, b"\x16\x03\x01 not HTTP".to_vec()), (Server, b"\0\x01".to_vec())];
        let cut = vec![(Client, poll(1).as_bytes()[..30].to_vec())];
        vec![
            (Expect::Http, http),
            (Expect::Http, websocket),
            (Expect::Stream, stream),
            (Expect::Stream, other.clone()),
            (Expect::Http, other),
            (Expect::Http, cut),
        ]
    }

    proptest! {
        #[test]
        fn what_no_fault_concerns_keeps_its_bytes(sizes in prop::collection::vec(1_usize..40, 1..20)) {
            for (expect, conversation) in conversations() {
                let mut bed = expecting(expect, &["rid:99, always: drop", "text:nowhere: garble"]);
                let (mut sent, mut got) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
                let mut sizes = sizes.iter().cycle();
                for (from, bytes) in conversation {
                    sent[from as usize].extend_from_slice(&bytes);
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let (part, behind) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                        rest = behind;
                        got[from as usize].extend(through(&mut bed, from, part));
                    }
                }
                for from in [Client, Server] {
                    bed.course.ended(from, bed.now);
                    got[from as usize].extend(bed.gets(from.other()));
                }
                prop_assert_eq!(&got, &sent);
            }
        }
    }
}
