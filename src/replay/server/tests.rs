//! The stage, as a playbook.

use std::time::Duration;

use super::scenes::Scenes;
use super::stage::{Reply, Stage};
use crate::random::Seeded;
use crate::rules::playbook::events;
use crate::trace::{Content, Headers, Request};

const RECORDED: &str = "
    0 1 C> <body rid='1000' to='a' wait='10' hold='1' ver='1.6'/>
    5 1 S> <body sid='old-sid' wait='10' requests='2' hold='1' inactivity='60'/>
    100 1 C> <body rid='1001' sid='old-sid'/>
    300 2 C> <body rid='1002' sid='old-sid'><iq xmlns='jabber:client' type='get' id='q1'><ping xmlns='urn:xmpp:ping'/></iq></body>
    350 1 S> <body sid='old-sid'><iq xmlns='jabber:client' type='result' id='q1'/></body>
    2000 2 S> <body sid='old-sid' type='terminate' condition='remote-stream-error'/>";

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn request(content: &str) -> Request {
    let bytes = content.as_bytes().to_vec();
    Request {
        first: Duration::ZERO,
        method: "POST".to_owned(),
        target: "/".to_owned(),
        version: 1,
        headers: Headers::default(),
        content: Content { size: bytes.len() as u64, bytes, ..Content::default() },
    }
}

fn stage() -> Stage {
    Stage::new(Scenes::of(&events(RECORDED), None), Box::new(Seeded::new(1)))
}

const BIND: &str = "xmlns='http://jabber.org/protocol/httpbind'";

/// Which request was answered, and the content.
fn answers(stage: &mut Stage) -> Vec<(u64, String)> {
    let answer = |reply| match reply {
        Reply::Http((_, place), bytes) => {
            let text = String::from_utf8(bytes).unwrap();
            (place, text.split("\r\n\r\n").nth(1).unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    };
    stage.replies().into_iter().map(answer).collect()
}

/// Opens the session; its sid.
fn open(stage: &mut Stage, now: u64) -> String {
    stage.request(
        (1, 0),
        &request(&format!("<body {BIND} rid='7' to='a' wait='10' hold='1'/>")),
        at(now),
    );
    assert_eq!(answers(stage), [], "it came after 5 ms");
    stage.wake(at(now + 5));
    let (place, text) = answers(stage).remove(0);
    assert_eq!(place, 0);
    text.split("sid='").nth(1).unwrap().split('\'').next().unwrap().to_owned()
}

#[test]
fn a_client_that_does_the_same_is_told_the_same_with_its_own_names() {
    let mut stage = stage();
    let sid = open(&mut stage, 100);
    assert_ne!(sid, "old-sid");
    let poll = format!("<body {BIND} rid='8' sid='{sid}'/>");
    stage.request((1, 1), &request(&poll), at(500));
    let ask = format!(
        "<body {BIND} rid='9' sid='{sid}'><iq xmlns='jabber:client' type='get' id='mine'><ping xmlns='urn:xmpp:ping'/></iq></body>"
    );
    stage.request((2, 2), &request(&ask), at(900));
    assert_eq!(stage.deadline(), Some(at(950)));
    stage.wake(at(950));
    let answered = answers(&mut stage);
    assert_eq!(answered.len(), 1);
    assert_eq!(answered[0].0, 1, "the older request is answered, as it was");
    assert!(answered[0].1.contains("id='mine'") && answered[0].1.contains(&sid), "{answered:?}");
    stage.wake(at(2599));
    assert_eq!(answers(&mut stage), []);
    stage.wake(at(2600));
    assert!(answers(&mut stage)[0].1.contains("remote-stream-error"));
    assert_eq!(stage.remarks(), Vec::<String>::new());
}

#[test]
fn what_is_not_in_the_recording_is_said_and_answered_all_the_same() {
    let mut stage = stage();
    let sid = open(&mut stage, 0);
    let message =
        format!("<body {BIND} rid='8' sid='{sid}'><message xmlns='jabber:client'/></body>");
    stage.request((1, 1), &request(&message), at(50));
    assert_eq!(stage.remarks(), ["expected next: iq get ping {urn:xmpp:ping}; came: message"]);
    stage.wake(at(50 + 10_000));
    assert_eq!(answers(&mut stage).len(), 1, "it is not held for longer than wait");
    stage.request((1, 2), &request(&format!("<body {BIND} rid='1' to='a'/>")), at(20_000));
    assert!(answers(&mut stage)[0].1.contains("item-not-found"));
    assert_eq!(stage.remarks().len(), 1);
}
