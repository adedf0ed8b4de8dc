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

#[test]
fn a_stream_that_is_resumed_goes_on_with_ids_of_its_own() {
    let sm = "xmlns='urn:xmpp:sm:3'";
    let text = format!(
        "0 1 websocket
        10 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
        11 1 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' version='1.0'/>
        20 1 C= <iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>
        21 1 S= <iq xmlns='jabber:client' type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u@a/r</jid></bind></iq>
        30 1 C= <enable {sm} resume='true'/>
        31 1 S= <enabled {sm} id='[hidden 20 bytes #dcaf6e]' resume='true'/>
        40 1 C. reset
        100 2 websocket
        110 2 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>
        111 2 S= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='a' version='1.0'/>
        120 2 C= <resume {sm} h='0' previd='[hidden 20 bytes #dcaf6e]'/>
        121 2 S= <resumed {sm} h='0' previd='[hidden 20 bytes #dcaf6e]'/>"
    );
    let scenes = Scenes::of(&events(&text), None);
    assert_eq!(scenes.counts(), [0, 1, 0], "both connections carry one session");
    let mut stage = Stage::new(scenes, Box::new(Seeded::new(1)));
    let mut now = 0;
    let mut say = |stage: &mut Stage, conn: u64, text: &str| -> String {
        now += 1000;
        let element = crate::xml::parse(text.as_bytes(), &crate::xml::Limits::default()).unwrap();
        stage.said(conn, false, Some(&element), at(now));
        stage.wake(at(now + 500));
        let texts = stage.replies().into_iter().map(|reply| match reply {
            Reply::Text(_, text) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        });
        texts.collect()
    };
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a' version='1.0'/>";
    assert!(say(&mut stage, 1, open).contains("<open"));
    let bind = "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
    assert!(say(&mut stage, 1, bind).contains("<jid>"));
    let enabled = say(&mut stage, 1, &format!("<enable {sm} resume='true'/>"));
    assert!(enabled.contains("<enabled") && !enabled.contains("hidden"), "{enabled}");
    let id = enabled.split("id='").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    stage.gone(1);
    assert!(say(&mut stage, 2, open).contains("<open"));
    let resumed = say(&mut stage, 2, &format!("<resume {sm} h='0' previd='{id}'/>"));
    assert!(
        resumed.contains("<resumed") && resumed.contains(&format!("previd='{id}'")),
        "{resumed}"
    );
    assert_eq!(stage.remarks(), Vec::<String>::new());
}

#[test]
fn a_response_that_was_lost_is_lost_again() {
    let text = "
    0 1 C> <body rid='1000' to='a' wait='10' hold='1' ver='1.6'/>
    5 1 S> <body sid='old-sid' wait='10' requests='2' hold='1' inactivity='60'/>
    100 1 C> <body rid='1001' sid='old-sid'><message xmlns='jabber:client'/></body>
    150 1 S. fin
    300 2 C> <body rid='1001' sid='old-sid'><message xmlns='jabber:client'/></body>
    350 2 S> <body sid='old-sid'/>";
    let mut stage = Stage::new(Scenes::of(&events(text), None), Box::new(Seeded::new(1)));
    let sid = open(&mut stage, 0);
    let message =
        format!("<body {BIND} rid='8' sid='{sid}'><message xmlns='jabber:client'/></body>");
    stage.request((4, 1), &request(&message), at(1000));
    stage.wake(at(1049));
    assert_eq!(stage.replies(), []);
    stage.wake(at(1051));
    assert_eq!(stage.replies(), [Reply::End(4)]);
    stage.request((5, 0), &request(&message), at(1200));
    stage.wake(at(1260));
    assert_eq!(answers(&mut stage).len(), 1);
}
