//! Faults on purpose between real strophe.js in Chromium and real Prosody: what the client makes of each, and that nobody is accused
//! for it.
//! No turn is taken ([`alone`](crate::peers_bed::alone)): nothing here is measured.

use crate::peers_bed::Client;
use crate::peers_carriers_bed::{LANES, Server, alice};
use crate::prosody::Prosody;
use crate::rig::{self, Proxy};

/// What becomes of the client.
enum Reaction {
    /// It does all that it was to do.
    Goes,
    /// It gives up.
    GivesUp,
    /// Either, since what it sends on two connections has no order.
    Races,
}
use Reaction::{GivesUp, Goes, Races};

/// A fault, what becomes of the client, and what the transcript has of that.
struct Case {
    fault: &'static str,
    reaction: Reaction,
    shows: &'static [&'static str],
}

const fn case(fault: &'static str, reaction: Reaction, shows: &'static [&'static str]) -> Case {
    Case { fault, reaction, shows }
}

/// Plays a case; gives what is wrong with it.
fn play(
    case: &Case,
    target: &str,
    client: impl Fn(&Proxy) -> Client,
    story: &[&str],
) -> Option<String> {
    let proxy =
        Proxy::start(target, &["--color", "never", "--format", "compact", "--fault", case.fault]);
    let (mut command, ..) = client(&proxy).ready();
    let output = command.args(story).output().unwrap();
    let left = proxy.stop();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut wrong = Vec::new();
    match (&case.reaction, output.status.success()) {
        (Goes, false) => wrong.push(format!("the client gave up: {said}")),
        (GivesUp, true) => wrong.push("the client did not give up".to_owned()),
        _ => {}
    }
    let (_, after) = left.out.split_once(" FAULT ").unwrap_or_default();
    if !left.out.contains(&format!("({})", case.fault)) {
        wrong.push("the fault is not told".to_owned());
    }
    for words in case.shows {
        if !after.contains(words) {
            wrong.push(format!("{words:?} is not told"));
        }
    }
    for accused in ["error (server)", "warning (server)", "(between)"] {
        if after.contains(accused) {
            wrong.push(format!("somebody is accused: {accused}"));
        }
    }
    let capture = left.capture.to_str().unwrap();
    let (_, shown, _) = rig::run(&["show", capture, "--color", "never", "--format", "compact"]);
    if shown != left.out {
        wrong.push("`show` differs from what was printed live".to_owned());
    }
    (!wrong.is_empty()).then(|| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        format!(
            "=== {}\n{}\n--- client\n{said}--- proxy\n{}",
            case.fault,
            wrong.join("\n"),
            left.out
        )
    })
}

#[track_caller]
fn judge(wrong: Vec<Option<String>>) {
    assert!(wrong.len() > 3);
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// Of BOSH, with a client that chats with itself.
fn over_bosh(cases: &[Case]) {
    let server = Prosody::start();
    let story = ["presence", "chat:one", "chat:two", "ping", "logout"];
    let client = |lane, proxy: &Proxy| {
        let origin = format!("http://{}", proxy.address);
        Client::node("strophe-page.mjs", &origin, &server.alice)
            .named(&alice(lane))
            .option("--wait", "4")
            .option("--deadline", "25")
    };
    judge(rig::in_lanes(LANES, cases, |lane, case| {
        play(case, &server.origin(), |proxy| client(lane, proxy), &story)
    }));
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn strophe_meets_what_is_lost_late_and_doubled() {
    over_bosh(&[
        case("text:one: drop request", Goes, &["the server never sees it", "2nd time"]),
        case(
            "text:one dir:client, once: cut",
            Goes,
            &["closed the connection in place of", "2nd time"],
        ),
        case(
            "text:one dir:server: cut response rst at 40",
            Goes,
            &["reset the connection after 40 bytes of"],
        ),
        // The client repeats a request, and sends the next one on another connection. If Prosody gets that one first, it no
        // longer knows the one before.
        case("text:one dir:server: drop", Races, &["the client never sees it", "2nd time"]),
        case("text:one: delay 1s", Goes, &["delayed the request with rid"]),
        case("text:one dir:server: delay 500ms..1s", Goes, &["delayed the response to rid"]),
        case("text:one dir:client: hold 1s", Goes, &["held the request with rid"]),
        case("text:one dir:client: swap", Goes, &["until the next one has overtaken it"]),
        case("text:one dir:client: duplicate", Goes, &["twice"]),
        case("kind:presence dir:client: slow 1 kB/s", Goes, &["down to 1 kB/s"]),
        case("text:one dir:client: stall 1s", Goes, &["stalled what the client sends"]),
    ]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn strophe_meets_what_is_broken_and_somebody_elses_answer() {
    over_bosh(&[
        case("text:one dir:client: answer 502 nginx", Goes, &["answered the request", "2nd time"]),
        case("text:one dir:client: answer 504 nginx after 1s", Goes, &["after 1.0 s"]),
        // A page without CORS headers is the same to the client as a lost connection, whatever it says.
        case("text:one dir:client: answer 404", Goes, &["with 404", "2nd time"]),
        case("text:one dir:client: answer 404 with cors", GivesUp, &["with 404"]),
        case("text:one dir:client: answer 302 to /login", Goes, &["with 302", "2nd time"]),
        case("text:one dir:client: answer 200 empty", Goes, &["with 200", "2nd time"]),
        case("text:one dir:client: answer 200 empty with cors", GivesUp, &["with 200"]),
        case(
            "text:one dir:client: item-not-found",
            GivesUp,
            &["ended the session with item-not-found"],
        ),
        case(
            "text:one dir:client: policy-violation",
            GivesUp,
            &["ended the session with policy-violation"],
        ),
        case(
            "text:one dir:client: see-other-uri http://b.example/",
            GivesUp,
            &["sent the client to"],
        ),
        case("text:one dir:server: truncate 30", GivesUp, &["truncated the response"]),
        case("text:one dir:server: garble at 3", GivesUp, &["invalid (0xff)"]),
        case("rid:+0: set wait=2", Goes, &["set wait='2' in the request"]),
        case("rid:+0 dir:server: remove inactivity", Goes, &["removed the attribute inactivity"]),
        case("text:one dir:server: strip cors", Goes, &["removed the CORS headers", "2nd time"]),
        case(
            "text:one dir:server: double cors",
            Goes,
            &["doubled Access-Control-Allow-Origin", "2nd time"],
        ),
        case("always: strip cors", GivesUp, &["removed the CORS headers"]),
    ]);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn strophe_meets_faults_on_a_websocket() {
    let server = Server::prosody();
    let client = |lane, proxy: &Proxy| {
        let url = format!("ws://{}/xmpp-websocket", proxy.address);
        let certificate = server.certificate.path().join("cert.pem");
        Client::at("strophe-page.mjs", &url, &certificate, &server.alice)
            .named(&alice(lane))
            .option("--deadline", "15")
    };
    let target = format!("http://{}", server.websocket.split('/').next().unwrap());
    let story = ["roster", "ping", "logout"];
    let cases = [
        // Prosody asks for the key of a WebSocket alone.
        case("path:/xmpp-websocket: strip upgrade", Goes, &["removed Upgrade and Connection"]),
        case("path:/xmpp-websocket: strip response upgrade", GivesUp, &["removed Upgrade"]),
        case(
            "path:/xmpp-websocket: strip subprotocol",
            GivesUp,
            &["removed Sec-WebSocket-Protocol"],
        ),
        case("path:/xmpp-websocket: answer 404", GivesUp, &["with 404"]),
        case(
            "kind:iq and ns:iq:roster dir:client: close 1012 \"restarting\"",
            GivesUp,
            &["sent Close 1012"],
        ),
        case(
            "kind:iq and ns:iq:roster dir:client: see-other-uri ws://b.example/",
            GivesUp,
            &["sent the client to"],
        ),
        case(
            "kind:iq and ns:iq:roster dir:client: policy-violation",
            GivesUp,
            &["ended the session with policy-violation"],
        ),
        case("kind:iq and ns:iq:roster dir:client: cut rst", GivesUp, &["reset the connection"]),
        case("kind:iq and ns:iq:roster dir:client: drop", GivesUp, &["the server never sees it"]),
        case("kind:iq and ns:iq:roster dir:server: drop", GivesUp, &["the client never sees it"]),
        case("kind:iq and ns:iq:roster dir:server: garble", GivesUp, &["invalid (0xff)"]),
        // The client counts it twice, and acknowledges more than the server has sent (XEP-0198).
        case(
            "kind:iq and ns:iq:roster dir:server: duplicate",
            GivesUp,
            &["twice", "undefined-condition"],
        ),
        case("kind:iq and ns:iq:roster dir:server: delay 1s", Goes, &["delayed the server's iq"]),
        case(
            "kind:iq and ns:iq:roster dir:server: stall",
            GivesUp,
            &["stalled what the server sends for good"],
        ),
    ];
    judge(rig::in_lanes(LANES, &cases, |lane, case| {
        play(case, &target, |proxy| client(lane, proxy), &story)
    }));
}
