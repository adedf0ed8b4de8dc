//! `xmppscope cm` as clients meet it: on raw sockets, and with real clients, which must see the same as before Prosody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::lag::{between, in_time};
use crate::peers_bed::{Client, alone};
use crate::prosody::{Password, Prosody};
use crate::rig::{self, Proxy};

const NS: &str = "http://jabber.org/protocol/httpbind";

/// One HTTP message of a POST.
pub fn post(version: &str, headers: &str, content: &str) -> String {
    let length = content.len();
    format!(
        "POST /http-bind HTTP/{version}\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n{content}"
    )
}

pub fn creation(attributes: &str) -> String {
    format!(
        "<body xmlns='{NS}' xmlns:x='urn:xmpp:xbosh' rid='100' to='localhost' ver='1.11' x:version='1.0' xml:lang='en' {attributes}/>"
    )
}

pub fn request(sid: &str, n: u32, content: &str) -> String {
    format!("<body xmlns='{NS}' sid='{sid}' rid='{}'>{content}</body>", 100 + n)
}

/// Reads one response: its head and its content.
pub fn response(stream: &mut TcpStream) -> (String, String) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        assert_eq!(
            stream.read(&mut byte).unwrap(),
            1,
            "the connection ended: {:?}",
            String::from_utf8_lossy(&head)
        );
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length =
        head.split("content-length: ").nth(1).map_or("0", |rest| rest.lines().next().unwrap());
    let mut content = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut content).unwrap();
    (head, String::from_utf8(content).unwrap())
}

pub fn exchange(stream: &mut TcpStream, content: &str) -> (String, String) {
    stream.write_all(post("1.1", "", content).as_bytes()).unwrap();
    response(stream)
}

pub fn sid(created: &str) -> String {
    created.split(" sid='").nth(1).expect("a sid").split('\'').next().unwrap().to_owned()
}

pub fn stopped(cm: Proxy) -> rig::Left {
    let left = cm.stop();
    assert_eq!(left.status.code(), Some(0), "{}", left.errors);
    left
}

#[test]
fn a_session_over_http_1_0_takes_a_connection_for_each_request() {
    let cm = Proxy::start_cm(&["--wait", "1"]);
    let alone = |content: &str| {
        let mut stream = cm.connect();
        stream.write_all(post("1.0", "", content).as_bytes()).unwrap();
        let mut all = String::new();
        stream.read_to_string(&mut all).unwrap();
        let (head, content) = all.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200"), "{head}");
        assert!(head.contains(&format!("content-length: {}", content.len())), "{head}");
        content.to_owned()
    };
    let created = alone(&creation("wait='1' hold='1'"));
    assert!(created.contains("<stream:features>") && created.contains("ANONYMOUS"), "{created}");
    let (sid, mut n) = (sid(&created), 0);
    in_time(|| {
        n += 1;
        let start = Instant::now();
        assert_eq!(alone(&request(&sid, n, "")), format!("<body xmlns='{NS}'/>"));
        between(Duration::from_millis(990), start.elapsed(), Duration::from_secs(3), "it was held")
    });
    stopped(cm);
}

#[test]
fn pipelined_requests_do_not_wait_for_each_other() {
    let cm = Proxy::start_cm(&["--color", "never"]);
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='60' hold='1'"));
    let sid = sid(&created);
    let both = post("1.1", "", &request(&sid, 1, "")) + &post("1.1", "", &request(&sid, 2, ""));
    let start = Instant::now();
    stream.write_all(both.as_bytes()).unwrap();
    let (_, first) = response(&mut stream);
    assert!(start.elapsed() < Duration::from_secs(5), "the first waited {:?}", start.elapsed());
    assert!(!first.contains("terminate"), "{first}");
    // The second is held, until another comes behind it.
    stream.write_all(post("1.1", "", &request(&sid, 3, "")).as_bytes()).unwrap();
    let (_, second) = response(&mut stream);
    assert!(start.elapsed() < Duration::from_secs(5) && !second.contains("terminate"), "{second}");
    stopped(cm);
}

#[test]
fn a_request_whose_connection_broke_is_taken_up_again() {
    let cm = Proxy::start_cm(&[]);
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='60' hold='1'"));
    let sid = sid(&created);
    stream.write_all(post("1.1", "", &request(&sid, 1, "")).as_bytes()).unwrap();
    drop(stream);
    let mut half = cm.connect();
    half.write_all(&post("1.1", "", &request(&sid, 2, "")).as_bytes()[..150]).unwrap();
    drop(half);
    let mut again = cm.connect();
    again.write_all(post("1.1", "", &request(&sid, 1, "")).as_bytes()).unwrap();
    let mut next = cm.connect();
    let bye = format!("<body xmlns='{NS}' sid='{sid}' rid='102' type='terminate'/>");
    let (_, last) = exchange(&mut next, &bye);
    let (_, oldest) = response(&mut again);
    assert!(oldest.contains("type='terminate'") && !oldest.contains("condition"), "{oldest}");
    assert_eq!(last, format!("<body xmlns='{NS}'/>"));
    let (_, gone) = exchange(&mut next, &request(&sid, 3, ""));
    assert!(gone.contains("item-not-found"), "{gone}");
    stopped(cm);
}

#[test]
fn what_is_no_bosh_gets_an_answer_that_scripts_may_read() {
    let cm = Proxy::start_cm(&["--max-body", "2000", "--max-sessions", "1"]);
    let ask = |bytes: &str| {
        let mut stream = cm.connect();
        stream.write_all(bytes.as_bytes()).unwrap();
        let (head, content) = response(&mut stream);
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
        (head, content)
    };
    let (head, page) = ask("GET /http-bind HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head.starts_with("http/1.1 200") && page.contains("This works."), "{head}");
    let (head, _) = ask(
        "OPTIONS /http-bind HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\nAccess-Control-Request-Headers: content-type\r\n\r\n",
    );
    assert!(
        head.starts_with("http/1.1 204")
            && head.contains("access-control-allow-headers: content-type"),
        "{head}"
    );
    let (head, _) = ask(&post("1.1", "", &"x".repeat(2001)));
    assert!(head.starts_with("http/1.1 413"), "{head}");
    for wrong in ["", "<body", "\u{0}", "<html xmlns='http://www.w3.org/1999/xhtml'/>", "<body/>"] {
        let (head, content) = ask(&post("1.1", "", wrong));
        assert!(
            head.starts_with("http/1.1 200") && content.contains("condition='bad-request'"),
            "{wrong:?}: {content}"
        );
    }
    let chunked = creation("wait='9'");
    let chunks = format!(
        "POST /bosh HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{chunked}\r\n0\r\n\r\n",
        chunked.len()
    );
    assert!(ask(&chunks).1.contains(" sid='"));
    let (head, _) = ask(&post("1.1", "", &creation("")));
    assert!(head.starts_with("http/1.1 503"), "{head}");
    stopped(cm);
}

#[test]
fn a_held_request_is_told_of_the_shutdown() {
    let cm = Proxy::start_cm(&["--quiet"]);
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='60' hold='1'"));
    stream.write_all(post("1.1", "", &request(&sid(&created), 1, "")).as_bytes()).unwrap();
    cm.wait_for_capture(" rid='101'");
    let left = stopped(cm);
    let (_, told) = response(&mut stream);
    assert!(told.contains("condition='system-shutdown'"), "{told}");
    assert_eq!(left.out, "", "quiet");
    let (_, shown, _) = rig::run(&["show", left.capture.to_str().unwrap(), "--color", "never"]);
    assert!(shown.contains("system-shutdown"), "{shown}");
}

#[test]
fn wrong_usage_says_what_and_keeps_passwords_to_itself() {
    for (arguments, words) in [
        (&["cm", "--domain", "a@b"][..], "--domain"),
        (&["cm", "--account", "al ice:hunter2"], "--account"),
        (&["cm", "--account", "alice:x", "--account", "alice:y"], "given twice"),
        (&["cm", "--wait", "soon"], "--wait"),
        (&["cm", "--listen", "nowhere"], "--listen"),
    ] {
        let (code, _, errors) = rig::run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(words) && !errors.contains("hunter2"), "{errors}");
    }
}

/// What a story is about: what was done, said and heard. Servers differ in their features, in whether they tell a
/// client of its own leaving, and in how many of its last requests carry the end.
pub fn told(lines: &[String]) -> Vec<&String> {
    let aside =
        ["<stream:features", "<presence", "{\"body\":\"terminate\"", "{\"http\"", "<challenge"];
    lines.iter().filter(|line| !aside.iter().any(|aside| line.contains(aside))).collect()
}

/// The same story, before Prosody and before the reference connection manager.
fn live(story: &[&str], client: impl Fn(&str, &Password) -> Client) {
    let prosody = Prosody::start();
    let there = client(&prosody.origin(), &prosody.alice).live(story);
    let password = Password::random();
    let account = format!("alice:{}", password.reveal());
    let cm = Proxy::start_cm(&["--account", &account, "--account", "bob", "--color", "never"]);
    let here = client(&format!("http://{}", cm.address), &password).live(story);
    let left = stopped(cm);
    assert_eq!(told(&there.lines), told(&here.lines));
    assert!(told(&here.lines).len() > 2, "{:?}", here.lines);
    assert!(!left.out.contains(password.reveal()), "the password was printed");
    rig::assert_broken(&left.out, &[]);
    assert!(left.out.contains("\n1 session, "), "{}", left.out);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_sees_what_it_sees_before_prosody() {
    let _turn = alone();
    let story = [
        "presence",
        "ping",
        "chat:one é <&> 🎉",
        "reload",
        "chat:two",
        "cut",
        "chat:three",
        "logout",
    ];
    live(&story, Client::strophe);
}
