//! Faults on purpose before the reference connection manager: what the client gets, and what is told about it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cm::{creation, exchange, post, request, response, sid};
use crate::rig::{self, Left, Proxy, Target, connect, until};
use crate::websocket_bed::{XMPP, masked, upgrade};
use xmppscope::fault::{Fault, read_file};
use xmppscope::wire::websocket::Opcode;

const DOCUMENT: &str = include_str!("../../docs/reference/faults.md");

/// A connection manager, and a proxy with these faults before it.
struct Bed {
    cm: Proxy,
    proxy: Proxy,
}

impl Bed {
    fn start(faults: &[&str]) -> Self {
        Self::to("http", &[], faults)
    }

    fn to(scheme: &str, cm: &[&str], faults: &[&str]) -> Self {
        let cm = Proxy::start_cm(&[&["--wait", "2"], cm].concat());
        let address = match scheme {
            "http" => cm.address.to_string(),
            _ => cm
                .banner
                .split("XMPP over TCP at ")
                .nth(1)
                .unwrap()
                .split(',')
                .next()
                .unwrap()
                .to_owned(),
        };
        let faults: Vec<&str> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
        let options = [&["--color", "never", "--format", "compact"], &faults[..]].concat();
        let proxy = Proxy::start(&format!("{scheme}://{address}"), &options);
        Self { cm, proxy }
    }

    /// A session, whose first rid is 100.
    fn session(&self) -> (TcpStream, String) {
        let mut stream = self.proxy.connect();
        let (_, created) = exchange(&mut stream, &creation("wait='2' hold='1'"));
        let sid = sid(&created);
        (stream, sid)
    }

    /// What the proxy has told; that nobody is accused.
    #[track_caller]
    fn told(self, fault: &str) -> Left {
        let left = self.proxy.stop();
        assert_eq!(left.status.code(), Some(0), "{}", left.errors);
        let out = &left.out;
        assert!(out.contains(" FAULT ") && out.contains(&format!("({fault})")), "{out}");
        let (_, after) = out.split_once(" FAULT ").unwrap();
        for accused in ["(server)", "(between)"] {
            assert!(!after.contains(accused), "{out}");
        }
        let capture = left.capture.to_str().unwrap();
        let (_, shown, _) = rig::run(&["show", capture, "--color", "never", "--format", "compact"]);
        assert_eq!(&shown, out, "`show` differs from what was printed live");
        let (_, faults, _) = rig::run(&["show", capture, "--format", "json", "--filter", "fault"]);
        let is_other = |line: &&str| {
            let is = |kind: &str| line.contains(&format!("\"event\":\"{kind}\""));
            line.contains("\"event\"") && !is("fault") && !is("summary")
        };
        assert_eq!(faults.lines().find(is_other), None, "the filter names other events");
        assert!(faults.contains("\"event\":\"fault\""), "{faults}");
        assert_eq!(self.cm.stop().status.code(), Some(0));
        left
    }
}

/// An HTTP Archive tells it too.
#[track_caller]
fn in_archive(left: &Left) {
    let capture = left.capture.to_str().unwrap();
    let (_, archive, _) = rig::run(&["convert", capture, "--to", "har"]);
    assert!(archive.contains("\"comment\":\"FAULT "), "{archive}");
}

fn send(stream: &mut TcpStream, content: &str) {
    stream.write_all(post("1.1", "Origin: https://page.example\r\n", content).as_bytes()).unwrap();
}

/// That nothing comes for a while.
#[track_caller]
fn is_silent(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let read = stream.read(&mut [0; 100]);
    assert!(
        read.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "{read:?}"
    );
    stream.set_read_timeout(Some(rig::LONG)).unwrap();
}

/// What comes until the end of the connection; whether that was a reset.
fn to_the_end(stream: &mut TcpStream) -> (String, bool) {
    let mut all = Vec::new();
    let reset = stream.read_to_end(&mut all).is_err();
    (String::from_utf8_lossy(&all).into_owned(), reset)
}

#[test]
fn the_examples_of_the_document_are_read() {
    let block = |kind: &str| {
        let start = format!("```{kind}\n");
        DOCUMENT.split(&start).nth(1).unwrap().split("```").next().unwrap()
    };
    let examples: Vec<&str> = block("text").lines().collect();
    assert!(examples.len() > 25);
    for example in examples {
        Fault::parse("--fault", example)
            .unwrap_or_else(|mistake| panic!("{}", mistake.render(false)));
    }
    let faults = read_file("faults.yaml", block("yaml"))
        .unwrap_or_else(|mistake| panic!("{}", mistake.render(false)));
    let titles: Vec<&str> = faults.iter().map(Fault::title).collect();
    assert_eq!(titles, ["the 2nd poll: answer 502 nginx", "lost", "10%: delay 200ms..2s"]);
}

#[test]
fn a_request_is_lost_and_sent_again() {
    let bed = Bed::start(&["the 1st poll: drop"]);
    let (mut stream, sid) = bed.session();
    send(&mut stream, &request(&sid, 1, ""));
    is_silent(&mut stream);
    drop(stream);
    let mut again = bed.proxy.connect();
    let (_, answer) = exchange(&mut again, &request(&sid, 1, ""));
    assert!(!answer.contains("terminate"), "{answer}");
    drop(again);
    let out = bed.told("the 1st poll: drop").out;
    assert!(out.contains("dropped the request with rid 101: the server never sees it"), "{out}");
}

#[test]
fn a_response_is_lost_and_replayed() {
    let bed = Bed::start(&["rid:+1: drop response"]);
    let (mut stream, sid) = bed.session();
    send(&mut stream, &request(&sid, 1, ""));
    bed.proxy.wait_for("dropped the response to rid 101");
    is_silent(&mut stream);
    drop(stream);
    let mut again = bed.proxy.connect();
    let (_, answer) = exchange(&mut again, &request(&sid, 1, ""));
    assert!(!answer.contains("terminate"), "{answer}");
    drop(again);
    bed.told("rid:+1: drop response");
}

#[test]
fn a_poll_gets_somebody_elses_page() {
    for (what, status) in [
        ("answer 502 nginx", "http/1.1 502 bad gateway\r\n"),
        ("answer 504 nginx after 1s", "http/1.1 504 gateway time-out\r\n"),
        ("answer 404 html", "http/1.1 404 not found\r\n"),
        ("answer 200 empty", "http/1.1 200 ok\r\n"),
        (
            "answer 302 to https://login.example/",
            "http/1.1 302 found\r\nlocation: https://login.example/\r\n",
        ),
    ] {
        let fault = format!("the 1st poll: {what}");
        let bed = Bed::start(&[&fault]);
        let (mut stream, sid) = bed.session();
        let start = Instant::now();
        send(&mut stream, &request(&sid, 1, ""));
        let (head, _) = response(&mut stream);
        assert!(head.starts_with(status), "{head}");
        assert!(!head.contains("access-control"), "{head}");
        assert!(!what.contains("after") || start.elapsed() >= Duration::from_secs(1));
        // The server has not seen it, and takes it as it is.
        let (_, answer) = exchange(&mut stream, &request(&sid, 1, ""));
        assert!(!answer.contains("terminate"), "{answer}");
        drop(stream);
        in_archive(&bed.told(&fault));
    }
}

#[test]
fn a_session_is_ended_in_the_servers_place() {
    for (what, inside) in [
        ("item-not-found", "condition='item-not-found'"),
        ("policy-violation", "condition='policy-violation'"),
        ("see-other-uri http://b.example/", "<uri>http://b.example/</uri>"),
    ] {
        let fault = format!("the 1st poll: {what}");
        let bed = Bed::start(&[&fault]);
        let (mut stream, sid) = bed.session();
        send(&mut stream, &request(&sid, 1, ""));
        let (head, content) = response(&mut stream);
        assert!(content.contains("type='terminate'") && content.contains(inside), "{content}");
        assert!(head.contains("access-control-allow-origin: https://page.example"), "{head}");
        drop(stream);
        bed.told(&fault);
    }
}

#[test]
fn connections_are_cut_and_content_is_broken() {
    let bed = Bed::start(&[
        "rid:+1: cut",
        "rid:+2: cut response rst at 20",
        "rid:+3: truncate response 10",
        "rid:+4: garble response",
        "rid:+5: set response wait=50",
    ]);
    let (mut one, sid) = bed.session();
    send(&mut one, &request(&sid, 1, ""));
    assert_eq!(to_the_end(&mut one), (String::new(), false));
    let mut two = bed.proxy.connect();
    exchange(&mut two, &request(&sid, 1, ""));
    send(&mut two, &request(&sid, 2, ""));
    let (came, reset) = to_the_end(&mut two);
    assert!(reset && came.len() <= 20, "{came:?} {reset}");
    let mut three = bed.proxy.connect();
    exchange(&mut three, &request(&sid, 2, ""));
    let (head, content) = exchange(&mut three, &request(&sid, 3, ""));
    assert!(head.contains("content-length: 10\r\n"), "{head}");
    assert_eq!(content, "<body xmln");
    send(&mut three, &request(&sid, 4, ""));
    let mut buffer = vec![0; 4096];
    let len = three.read(&mut buffer).unwrap();
    assert!(buffer[..len].contains(&0xff), "{}", buffer[..len].escape_ascii());
    let mut four = bed.proxy.connect();
    let (_, content) = exchange(&mut four, &request(&sid, 5, ""));
    assert!(content.contains(" wait='50'"), "{content}");
    drop((three, four));
    bed.told("rid:+5: set response wait=50");
}

#[test]
fn messages_come_late_twice_or_slowly() {
    let bed = Bed::start(&[
        "rid:+1: delay 1s",
        "rid:+2: duplicate",
        "rid:+3: slow response 200 B/s",
        "rid:+4: stall 1s",
    ]);
    let (mut one, sid) = bed.session();
    let timed = |stream: &mut TcpStream, n| {
        let start = Instant::now();
        let (_, content) = exchange(stream, &request(&sid, n, ""));
        assert!(!content.contains("terminate"), "{n}: {content}");
        start.elapsed()
    };
    assert!(timed(&mut one, 1) >= Duration::from_secs(3), "held for 2 s, and delayed by one");
    timed(&mut one, 2);
    bed.cm.wait_for("was sent for the 2nd time");
    assert!(timed(&mut one, 3) >= Duration::from_millis(2500));
    assert!(timed(&mut one, 4) >= Duration::from_secs(3));
    drop(one);
    bed.told("rid:+2: duplicate");
}

#[test]
fn a_request_overtakes_the_one_before_it() {
    let bed = Bed::start(&["rid:+1: swap"]);
    let (mut one, sid) = bed.session();
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
    send(&mut one, &request(&sid, 1, auth));
    bed.proxy.wait_for("held the request with rid 101 back");
    let mut two = bed.proxy.connect();
    send(&mut two, &request(&sid, 2, ""));
    let ((_, first), (_, second)) = (response(&mut one), response(&mut two));
    assert!(first.contains("<success") && !second.contains("terminate"), "{first} {second}");
    bed.cm.wait_for("rid 102");
    let capture = bed.cm.folder.path().join("capture");
    let seen = std::fs::read_to_string(capture).unwrap();
    let place = |rid: &str| seen.find(&format!("rid='{rid}'")).unwrap();
    assert!(place("102") < place("101"), "the server got rid 102 first\n{seen}");
    drop((one, two));
    bed.told("rid:+1: swap");
}

#[test]
fn header_lines_are_taken_out_and_doubled() {
    let bed = Bed::start(&[
        "rid:+1: strip cors",
        "rid:+2: double cors",
        "rid:+3: strip response header content-type",
    ]);
    let (mut stream, sid) = bed.session();
    let head = |stream: &mut TcpStream, n| {
        send(stream, &request(&sid, n, ""));
        response(stream).0
    };
    let stripped = head(&mut stream, 1);
    assert!(!stripped.contains("access-control"), "{stripped}");
    let doubled = head(&mut stream, 2);
    assert_eq!(doubled.matches("access-control-allow-origin").count(), 2, "{doubled}");
    let untyped = head(&mut stream, 3);
    assert!(!untyped.contains("content-type") && untyped.contains("access-control"), "{untyped}");
    drop(stream);
    bed.told("rid:+2: double cors");
}

/// Reads a frame of a server: its opcode, and its payload.
fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let length = match head[1] & 0x7f {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            u16::from_be_bytes(length) as usize
        }
        short => short as usize,
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).unwrap();
    (head[0] & 15, payload)
}

const OPEN: &str =
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";

/// A WebSocket whose stream is open.
fn websocket(proxy: &Proxy) -> TcpStream {
    let mut stream = proxy.connect();
    let asked = String::from_utf8(upgrade(XMPP)).unwrap();
    let path = asked.split(' ').nth(1).unwrap().to_owned();
    stream.write_all(asked.replace(&path, "/xmpp-websocket").as_bytes()).unwrap();
    let (head, _) = response(&mut stream);
    assert!(head.starts_with("http/1.1 101"), "{head}");
    stream.write_all(&masked(Opcode::TEXT, OPEN.as_bytes())).unwrap();
    assert!(frame(&mut stream).1.starts_with(b"<open"));
    assert!(frame(&mut stream).1.windows(8).any(|part| part == b"features"));
    stream
}

#[test]
fn a_websocket_is_closed_pinged_in_vain_and_answered_for() {
    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
    for (what, opcode, payload) in [
        ("close 1012 \"bye\"", 8, "\u{3}\u{fffd}bye"),
        (
            "see-other-uri wss://b.example/",
            1,
            "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://b.example/'/>",
        ),
    ] {
        let fault = format!("kind:sasl: {what}");
        let bed = Bed::start(&[&fault]);
        let mut stream = websocket(&bed.proxy);
        stream.write_all(&masked(Opcode::TEXT, auth.as_bytes())).unwrap();
        let (got, text) = frame(&mut stream);
        assert_eq!((got, &*String::from_utf8_lossy(&text)), (opcode, payload));
        assert_eq!(to_the_end(&mut stream), (String::new(), false));
        drop(stream);
        bed.told(&fault);
    }
    let bed = Bed::start(&["frame:ping: drop", "kind:sasl dir:client: duplicate"]);
    let mut stream = websocket(&bed.proxy);
    stream.write_all(&masked(Opcode::PING, b"one")).unwrap();
    stream.write_all(&masked(Opcode::PING, b"two")).unwrap();
    assert_eq!(frame(&mut stream), (10, b"two".to_vec()));
    stream.write_all(&masked(Opcode::TEXT, auth.as_bytes())).unwrap();
    let (_, first) = frame(&mut stream);
    assert!(String::from_utf8_lossy(&first).contains("success"), "{first:?}");
    drop(stream);
    in_archive(&bed.told("frame:ping: drop"));
}

#[test]
fn an_upgrade_is_lost_as_behind_a_reverse_proxy_without_it() {
    let bed = Bed::start(&["path:/xmpp-websocket: strip upgrade"]);
    let mut stream = bed.proxy.connect();
    let asked = String::from_utf8(upgrade(XMPP)).unwrap();
    let path = asked.split(' ').nth(1).unwrap().to_owned();
    stream.write_all(asked.replace(&path, "/xmpp-websocket").as_bytes()).unwrap();
    let (head, _) = response(&mut stream);
    assert!(!head.starts_with("http/1.1 101"), "{head}");
    drop(stream);
    bed.told("path:/xmpp-websocket: strip upgrade");
}

#[test]
fn a_stream_over_tcp_is_broken_too() {
    let header = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' \
        xmlns:stream='http://etherx.jabber.org/streams'>";
    let bed = Bed::to("xmpp", &["--tcp", "127.0.0.1:0"], &["kind:sasl: see-other-uri b.example"]);
    let mut stream = bed.proxy.connect();
    stream.write_all(header.as_bytes()).unwrap();
    let mut came = String::new();
    while !came.ends_with("</stream:features>") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        came.push(char::from(byte[0]));
    }
    stream
        .write_all(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")
        .unwrap();
    let (over, reset) = to_the_end(&mut stream);
    assert!(
        over.contains(">b.example</see-other-host>") && over.ends_with("</stream:stream>"),
        "{over}"
    );
    assert!(!reset);
    drop(stream);
    bed.told("kind:sasl: see-other-uri b.example");
}

#[test]
fn the_connection_manager_has_faults_of_its_own() {
    let options =
        ["--wait", "2", "--color", "never", "--format", "compact", "--tcp", "127.0.0.1:0", "--tls"];
    let cm = Proxy::start_cm(
        &[&options[..], &["--fault", "the 1st poll: answer 502", "--fault", "kind:tls: duplicate"]]
            .concat(),
    );
    // A connection that comes and goes long before the end, and says nothing.
    let place = cm.banner.split("XMPP over TCP at ").nth(1).expect(&cm.banner);
    drop(connect(place.split(',').next().unwrap().parse().unwrap()));
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='2' hold='1'"));
    let sid = sid(&created);
    let (head, _) = exchange(&mut stream, &request(&sid, 1, ""));
    assert!(head.starts_with("http/1.1 502"), "{head}");
    let (_, answer) = exchange(&mut stream, &request(&sid, 1, ""));
    assert!(!answer.contains("terminate"), "{answer}");
    drop(stream);
    let left = cm.stop();
    assert_eq!(left.status.code(), Some(0), "{}", left.errors);
    assert!(left.out.contains("answered the request with rid 101 with 502"), "{}", left.out);
    assert!(!left.out.contains("(server)") && !left.out.contains("(between)"), "{}", left.out);
    assert!(left.out.contains("1 session,"), "it is told once: {}", left.out);
}

#[test]
fn without_faults_bytes_are_passed_on_as_they_come() {
    let request = post("1.1", "", "<body/>");
    let (half, rest) = request.split_at(40);
    for (options, at_once) in [(&[][..], true), (&["--fault", "status:999: drop"][..], false)] {
        let target = Target::start();
        let proxy = Proxy::start(&target.url(), options);
        let mut client = proxy.connect();
        client.write_all(half.as_bytes()).unwrap();
        let mut server = target.accept();
        if at_once {
            rig::expect(&mut server, half.as_bytes());
            client.write_all(rest.as_bytes()).unwrap();
            rig::expect(&mut server, rest.as_bytes());
        } else {
            // The relay passes on whole messages.
            is_silent(&mut server);
            client.write_all(rest.as_bytes()).unwrap();
            rig::expect(&mut server, request.as_bytes());
        }
        assert_eq!(proxy.stop().status.code(), Some(0));
    }
}

/// Says lines on a control socket; gives what is replied.
fn say(control: &Path, lines: &str) -> String {
    let mut socket = UnixStream::connect(control).unwrap();
    socket.set_read_timeout(Some(rig::LONG)).unwrap();
    socket.write_all(lines.as_bytes()).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    String::from_utf8(rig::rest(&mut socket)).unwrap()
}

#[test]
fn faults_are_switched_by_lines_and_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let (control, file) = (folder.path().join("control"), folder.path().join("faults.yaml"));
    std::fs::write(&file, "- first: 'poll: drop'\n").unwrap();
    let options = ["--fault-file", file.to_str().unwrap(), "--control", control.to_str().unwrap()];
    let cm = Proxy::start_cm(&[&["--wait", "2", "--color", "never"], &options[..]].concat());
    until("the control socket is there", || control.exists());
    assert_eq!(std::fs::metadata(&control).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(say(&control, "faults\n"), "\"first\": poll: drop\nok\n");
    assert_eq!(say(&control, "fault clear\nfaults\n"), "ok\nok\n");
    assert_eq!(say(&control, "fault add poll: answer 503\nnonsense\n").lines().next(), Some("ok"));
    let mut stream = cm.connect();
    let (_, created) = exchange(&mut stream, &creation("wait='2' hold='1'"));
    let (head, _) = exchange(&mut stream, &request(&sid(&created), 1, ""));
    assert!(head.starts_with("http/1.1 503"), "{head}");
    std::fs::write(&file, "- second: 'poll: answer 504'\n").unwrap();
    cm.hang_up();
    until("the file is read again", || {
        say(&control, "faults\n") == "\"second\": poll: answer 504\nok\n"
    });
    let (head, _) = exchange(&mut stream, &request(&sid(&created), 1, ""));
    assert!(head.starts_with("http/1.1 504"), "{head}");
    std::fs::write(&file, "- 'poll: dorp'\n").unwrap();
    cm.hang_up();
    drop(stream);
    cm.wait_for("with 504");
    until("the mistake is told", || {
        say(&control, "faults\n") == "\"second\": poll: answer 504\nok\n"
    });
    let left = cm.stop();
    assert_eq!(left.status.code(), Some(0));
    for words in ["fault added: second", "fault removed: poll: answer 503", "1 fault removed"] {
        assert!(left.errors.contains(words), "{words}: {}", left.errors);
    }
    assert!(!control.exists(), "the socket goes with the program");
}

#[test]
fn mistakes_are_shown_at_their_place() {
    let (status, out, errors) =
        rig::run(&["proxy", "--target", "http://127.0.0.1:1", "--fault", "poll: anwser 502"]);
    assert_eq!((status, &*out), (Some(2), ""));
    assert!(
        errors.contains("did you mean `answer`?")
            && errors.contains("--fault is not a valid fault"),
        "{errors}"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.yaml");
    for (text, words) in [
        ("- poll: drop\n- 'poll: dorp'\n", "faults.yaml, fault 2:1:7"),
        ("- [poll]\n", "a file of faults is a YAML list"),
        ("poll: drop\n", "a file of faults is a YAML list"),
    ] {
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let (status, _, errors) =
            rig::run(&["proxy", "--target", "http://127.0.0.1:1", "--fault-file", file]);
        assert_eq!(status, Some(2), "{errors}");
        assert!(errors.contains(words), "{errors}");
    }
}
