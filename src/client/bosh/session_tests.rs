//! Sessions as playbooks: literal bodies in virtual time.

use std::time::Duration;

use super::action::{Action, Request};
use super::book::Book;
use super::keys::Keys;
use super::session::{NoPause, Session};
use super::terms::Terms;
use crate::bosh::{Body, NS};
use crate::xml::{Element, Limits, parse};

const GRANT: &str =
    "sid='s' wait='60' requests='2' polling='5' inactivity='60' maxpause='30' ver='1.11'";

/// A session with what it said and the time.
struct Play {
    session: Session,
    now: Duration,
    /// Every request sent.
    sent: Vec<Request>,
    /// What else was to be done since it was last asked, in words.
    heard: Vec<String>,
}

impl Play {
    fn new(terms: &Terms) -> Self {
        let session = Session::new(terms, 100);
        let mut play =
            Self { session, now: Duration::from_secs(1), sent: Vec::new(), heard: Vec::new() };
        play.settle();
        play
    }

    /// A session on these terms, with one empty request held as rid 101.
    fn open(grant: &str) -> Self {
        Self::open_with(&Terms::new("localhost"), grant)
    }

    fn open_with(terms: &Terms, grant: &str) -> Self {
        let mut play = Self::new(terms);
        play.answer(100, &format!("<body xmlns='{NS}' {grant}/>"));
        assert_eq!(play.heard(), ["opened s"]);
        play
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(request) => self.sent.push(request),
                Action::Opened(granted) => {
                    self.heard.push(format!("opened {}", granted.sid.unwrap_or_default()));
                }
                Action::Deliver(element) => {
                    self.heard.push(element.attr("id").unwrap_or(element.name()).to_owned());
                }
                Action::Over(end) => self.heard.push(format!("{end:?}")),
            }
        }
    }

    fn settle(&mut self) {
        let mut out = Vec::new();
        self.session.settle(self.now, &mut out);
        self.act(out);
    }

    /// A response comes, and what it brings is dealt with.
    fn answer(&mut self, rid: u64, content: &str) {
        self.status(rid, 200, content);
    }

    fn status(&mut self, rid: u64, status: u16, content: &str) {
        let sending = self.sent.iter().rfind(|request| request.rid == rid);
        self.status_of(rid, sending.map_or(1, |request| request.sending), status, content);
    }

    /// A response comes to one of several sendings.
    fn status_of(&mut self, rid: u64, sending: u32, status: u16, content: &str) {
        let mut out = Vec::new();
        self.session.response(rid, sending, status, content.as_bytes(), self.now, &mut out);
        self.act(out);
        self.settle();
    }

    fn empty(&mut self, rid: u64) {
        self.answer(rid, &format!("<body xmlns='{NS}'/>"));
    }

    /// A response with messages of these ids.
    fn messages(&mut self, rid: u64, ids: &str) {
        let messages =
            ids.split(' ').map(|id| format!("<message xmlns='jabber:client' id='{id}'/>"));
        self.answer(rid, &format!("<body xmlns='{NS}'>{}</body>", messages.collect::<String>()));
    }

    fn send(&mut self, payload: &str) {
        self.session.send(&element(payload));
        self.settle();
    }

    fn lose(&mut self, rid: u64) {
        let sending = self.sent.iter().rfind(|request| request.rid == rid).unwrap().sending;
        self.session.lost(rid, sending, self.now);
        self.settle();
    }

    /// Lets time pass; the session is woken whenever it asked for it.
    fn seconds(&mut self, seconds: f64) {
        let end = self.now + Duration::from_secs_f64(seconds);
        while let Some(due) = self.session.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.settle();
        }
        self.now = end;
    }

    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }

    fn last(&self) -> &str {
        &self.sent.last().unwrap().content
    }

    /// The rids of all requests sent, repeats included.
    fn rids(&self) -> Vec<u64> {
        self.sent.iter().map(|request| request.rid).collect()
    }

    fn opens(&self) -> Vec<u64> {
        self.session.open().collect()
    }
}

fn element(source: &str) -> Element {
    parse(source.as_bytes(), &Limits::default()).unwrap()
}

fn message(id: &str) -> String {
    format!("<message xmlns='jabber:client' id='{id}'/>")
}

#[test]
fn a_session_opens_and_keeps_one_request_open() {
    let mut play = Play::new(&Terms::new("localhost"));
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='100' to='localhost' \
         ver='1.11' wait='60' hold='1' xml:lang='en' xmpp:version='1.0'/>"
    );
    play.send(&message("early"));
    assert_eq!(
        (play.sent.len(), play.session.requests()),
        (1, 1),
        "nothing before the session is open"
    );
    play.answer(
        100,
        &format!(
            "<body xmlns='{NS}' {GRANT}><features xmlns='http://etherx.jabber.org/streams'/></body>"
        ),
    );
    assert_eq!(play.heard(), ["opened s", "features"]);
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='101' sid='s'><message xmlns='jabber:client' id='early'/></body>"
    );
    play.seconds(60.0);
    play.empty(101);
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='102' sid='s'/>"
    );
    for rid in 102..110 {
        play.seconds(60.0);
        assert_eq!(play.opens(), [rid]);
        play.messages(rid, "m");
    }
    assert_eq!(play.heard(), ["m"; 8]);
}

#[test]
fn payloads_wait_for_room_and_go_together() {
    let mut play = Play::open(GRANT);
    for id in ["a", "b", "c"] {
        play.send(&message(id));
    }
    assert_eq!(play.rids(), [100, 101, 102], "two are open: b and c wait");
    play.session.send(&element("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"));
    play.send(&message("d"));
    play.empty(101);
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='103' sid='s'><message xmlns='jabber:client' id='b'/>\
         <message xmlns='jabber:client' id='c'/></body>"
    );
    play.empty(102);
    assert!(play.last().contains("<auth ") && !play.last().contains("message"), "{}", play.last());
    play.session.restart();
    play.empty(103);
    assert!(play.last().contains("id='d'"), "{}", play.last());
    play.empty(104);
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' xmlns:xmpp='urn:xmpp:xbosh' rid='106' sid='s' \
         to='localhost' xml:lang='en' xmpp:restart='true'/>"
    );
}

#[test]
fn what_a_response_brings_is_answered_before_an_empty_request() {
    let mut play = Play::open(GRANT);
    let mut out = Vec::new();
    let challenge =
        format!("<body xmlns='{NS}'><challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>");
    play.session.response(101, 1, 200, challenge.as_bytes(), play.now, &mut out);
    play.act(out);
    play.send("<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert_eq!(play.rids(), [100, 101, 102]);
    assert!(play.last().contains("<response "), "{}", play.last());
}

#[test]
fn responses_are_taken_in_the_order_of_their_requests() {
    let mut play = Play::open(GRANT);
    play.send(&message("a"));
    play.messages(102, "later");
    assert_eq!(play.heard(), [""; 0]);
    assert_eq!(play.opens(), [101]);
    play.send(&message("b"));
    assert_eq!(play.rids(), [100, 101, 102], "the window begins at the oldest without a response");
    play.messages(101, "sooner");
    assert_eq!(play.heard(), ["sooner", "later"]);
    play.messages(101, "twice");
    play.messages(999, "never asked");
    assert_eq!(play.heard(), [""; 0]);
}

#[test]
fn a_lost_request_is_sent_again_to_the_byte() {
    let mut play = Play::open(GRANT);
    play.send(&message("a"));
    play.lose(102);
    let [first, again] = &play.sent[2..] else { panic!("{:?}", play.sent) };
    assert_eq!((again.rid, again.sending), (102, 2));
    assert_eq!(first.content, again.content);
    // What is said of the first sending is not about the second.
    play.session.lost(102, 1, play.now);
    play.settle();
    assert_eq!(play.sent.len(), 4);
    play.lose(102);
    assert_eq!(play.session.deadline(), Some(play.now + Duration::from_secs(1)));
    play.seconds(1.0);
    assert_eq!(play.sent.last().unwrap().sending, 3);
    play.status(102, 502, "<html/>");
    play.seconds(2.0);
    assert_eq!(play.sent.last().unwrap().sending, 4);
    play.lose(102);
    play.seconds(4.0);
    play.lose(102);
    play.seconds(1.0);
    assert_eq!(play.heard(), ["Failed(\"rid 102 was sent 5 times without a response\")"]);
    assert_eq!(play.session.deadline(), None);
}

#[test]
fn a_recoverable_error_repeats_all_that_is_open_up_to_it() {
    let mut play = Play::open(GRANT);
    play.send(&message("a"));
    play.answer(102, &format!("<body xmlns='{NS}' type='error'/>"));
    assert_eq!(play.rids(), [100, 101, 102, 101, 102]);
    // 101 was held when it came again: its first sending is answered with an error, which asks for nothing more.
    play.status_of(101, 1, 200, &format!("<body xmlns='{NS}' type='error'/>"));
    play.status_of(101, 1, 502, "");
    assert_eq!(play.rids(), [100, 101, 102, 101, 102]);
    play.empty(101);
    play.messages(102, "m");
    assert_eq!(play.heard(), ["m"]);
}

#[test]
fn a_polling_session_asks_no_more_often_than_it_may() {
    for grant in ["wait='0' requests='2'", "hold='0' requests='2'", "requests='1'"] {
        let mut play =
            Play::open(&format!("sid='s' polling='5' inactivity='30' ver='1.11' {grant}"));
        assert_eq!(play.rids(), [100, 101]);
        play.empty(101);
        play.seconds(4.9);
        assert_eq!(play.rids(), [100, 101], "{grant}");
        play.seconds(0.1);
        assert_eq!(play.rids(), [100, 101, 102], "{grant}");
        play.messages(102, "m");
        assert_eq!(
            play.rids(),
            [100, 101, 102, 103],
            "what brought something may be followed at once"
        );
        play.empty(103);
        play.send(&message("a"));
        assert!(play.last().contains("id='a'"), "a payload never waits: {}", play.last());
    }
}

#[test]
fn empty_answers_that_come_at_once_do_not_make_it_spin() {
    let mut play = Play::open("sid='s' wait='60' requests='2' ver='1.11'");
    for rid in 101..105 {
        play.empty(rid);
        assert_eq!(play.opens(), [0; 0]);
        play.seconds(0.25);
        assert_eq!(play.opens(), [rid + 1]);
    }
}

#[test]
fn a_pause_is_kept_and_ended_in_time() {
    let mut play = Play::open(GRANT);
    assert_eq!((play.session.pause(31), play.session.pause(0)), (Err(NoPause), Err(NoPause)));
    play.send(&message("a"));
    assert_eq!(play.session.pause(30), Ok(()));
    play.settle();
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='103' sid='s' pause='30'/>",
        "one more than `requests`"
    );
    (101..104).for_each(|rid| play.empty(rid));
    play.seconds(28.9);
    assert_eq!(play.opens(), [0; 0]);
    play.seconds(0.1);
    assert_eq!(play.opens(), [104]);
    assert_eq!(play.session.pause(4), Ok(()));
    play.settle();
    play.empty(104);
    play.empty(105);
    play.seconds(1.0);
    play.send(&message("b"));
    assert!(play.last().contains("id='b'"), "what there is to say ends a pause: {}", play.last());
    play.empty(106);
    assert_eq!(play.opens(), [107]);
    let mut play = Play::open("sid='s' requests='2'");
    assert_eq!(play.session.pause(1), Err(NoPause), "no maxpause was granted");
}

#[test]
fn terminate_carries_what_waits_and_waits_for_every_response() {
    let mut play = Play::open(GRANT);
    for id in ["a", "b"] {
        play.send(&message(id));
    }
    play.session.terminate(&[element("<presence xmlns='jabber:client' type='unavailable'/>")]);
    play.settle();
    assert_eq!(
        play.last(),
        "<body xmlns='http://jabber.org/protocol/httpbind' rid='103' sid='s' type='terminate'>\
         <message xmlns='jabber:client' id='b'/><presence xmlns='jabber:client' type='unavailable'/></body>",
        "one more than `requests`"
    );
    play.send(&message("late"));
    play.answer(101, &format!("<body xmlns='{NS}' type='terminate'/>"));
    play.empty(102);
    assert_eq!(play.heard(), [""; 0]);
    play.empty(103);
    assert_eq!(play.heard(), ["Closed"]);
    play.seconds(100.0);
    assert_eq!(play.rids(), [100, 101, 102, 103]);
}

#[test]
fn a_session_that_the_other_side_ends_says_why() {
    let mut play = Play::open(GRANT);
    play.send(&message("a"));
    play.answer(
        102,
        &format!("<body xmlns='{NS}' type='terminate' condition='remote-stream-error'><message xmlns='jabber:client' id='m'/></body>"),
    );
    assert_eq!(play.heard(), ["m"], "nothing more can be expected before it");
    play.seconds(1.0);
    assert_eq!(play.heard(), ["Terminated(Some(\"remote-stream-error\"))"]);
    let mut play = Play::open(GRANT);
    play.session.terminate(&[]);
    play.settle();
    play.answer(101, &format!("<body xmlns='{NS}' type='terminate' condition='item-not-found'/>"));
    play.empty(102);
    assert_eq!(play.heard(), ["Terminated(Some(\"item-not-found\"))"]);
}

#[test]
fn what_cannot_go_on_fails_in_words() {
    let failed = |mut play: Play| {
        play.seconds(1.0);
        play.heard()
    };
    let mut refused = Play::new(&Terms::new("localhost"));
    refused.status(100, 503, "");
    assert_eq!(failed(refused), ["Failed(\"HTTP status 503\")"]);
    let mut lost = Play::new(&Terms::new("localhost"));
    lost.lose(100);
    assert_eq!(
        failed(lost),
        ["Failed(\"no response came to the request that opens the session\")"]
    );
    let mut nameless = Play::new(&Terms::new("localhost"));
    nameless.answer(100, &format!("<body xmlns='{NS}' wait='60'/>"));
    assert!(failed(nameless)[0].contains("no sid"));
    let mut unknown = Play::new(&Terms::new("localhost"));
    unknown.answer(100, &format!("<body xmlns='{NS}' type='terminate' condition='host-unknown'/>"));
    assert_eq!(failed(unknown), ["Terminated(Some(\"host-unknown\"))"]);
    for wrong in [
        "<html/>",
        "<body",
        "",
        "<body xmlns='http://jabber.org/protocol/httpbind' type='terminal'/>",
    ] {
        let mut play = Play::open(GRANT);
        play.answer(101, wrong);
        assert!(failed(play)[0].starts_with("Failed("), "{wrong}");
    }
    // Without `ver` the connection manager speaks of errors in HTTP's words.
    let mut legacy = Play::open("sid='s' wait='60' requests='2'");
    legacy.status(101, 404, "");
    assert_eq!(failed(legacy), ["Failed(\"HTTP status 404\")"]);
    let mut modern = Play::open(GRANT);
    modern.status(101, 404, "");
    assert_eq!(modern.rids(), [100, 101, 101]);
}

#[test]
fn acknowledgements_are_sent_where_they_say_something() {
    let mut play = Play::new(&Terms { acks: true, ..Terms::new("localhost") });
    assert!(play.last().contains(" ack='1' "), "{}", play.last());
    play.answer(100, &format!("<body xmlns='{NS}' {GRANT} ack='100'/>"));
    assert!(!play.last().contains("ack="), "all responses have come: {}", play.last());
    play.send(&message("a"));
    assert!(play.last().contains("rid='102' sid='s' ack='100'>"), "{}", play.last());
    assert_eq!(play.heard(), ["opened s"]);
}

/// A manual session whose first request had rid 100, opened on these terms.
fn by_hand(keys: Option<Keys>) -> Session {
    let mut session = Session::manual(Book::new(100, keys));
    let book = session.book_mut();
    book.ask(Terms::new("localhost").creation(100));
    book.mark_used(100);
    book.open(body(&format!("<body xmlns='{NS}' {GRANT}/>")));
    session
}

fn body(source: &str) -> Body {
    Body::new(element(source)).unwrap()
}

#[test]
fn a_manual_session_drafts_what_comes_next_and_sends_nothing() {
    let mut session = by_hand(Some(Keys::new(3, "seed")));
    let book = session.book_mut();
    let key = book.keys().unwrap().peek().to_owned();
    let mut request = book.draft();
    assert_eq!(
        (request.get("rid"), request.get("sid"), request.get("key")),
        (Some("101"), Some("s"), Some(key.as_str()))
    );
    // A scenario may say another rid, and leave the sid out.
    request.set("rid", Some("103".to_owned()));
    request.set("sid", None);
    book.mark_used(103);
    assert!(!request.to_xml().contains("sid="), "{}", request.to_xml());
    assert_eq!(book.draft().get("rid"), Some("101"), "there is a gap");
    (101..103).for_each(|rid| book.mark_used(rid));
    assert_eq!(book.restart().get("rid"), Some("104"));
    let mut out = Vec::new();
    session.settle(Duration::from_secs(100), &mut out);
    assert_eq!((out, session.deadline()), (Vec::new(), None));
}

#[test]
fn a_manual_session_takes_responses_as_they_are_handed_over() {
    let mut session = by_hand(None);
    let book = session.book_mut();
    let told = book.receive(&body(&format!("<body xmlns='{NS}'><message id='m'/></body>")));
    assert!(told[0].is("jabber:client", "message"), "the namespace is mended: {told:?}");
    assert!(!session.is_over());
    session.book_mut().receive(&body(&format!("<body xmlns='{NS}' type='terminate'/>")));
    assert!(session.is_over());
}

#[test]
fn a_manual_session_that_becomes_automatic_goes_on_where_it_is() {
    let mut session = by_hand(None);
    session.book_mut().mark_used(101);
    session.automate();
    let mut play = Play { session, now: Duration::ZERO, sent: Vec::new(), heard: Vec::new() };
    play.settle();
    assert_eq!(play.rids(), [102]);
    let mut out = Vec::new();
    for _ in 0..3 {
        play.session.send_now("<presence xmlns='jabber:client'/>", play.now, &mut out);
    }
    play.act(out);
    assert_eq!(play.rids(), [102, 103, 104, 105], "whether there is room or not");
    assert!(!play.session.has_room());
    play.lose(102);
    assert_eq!(play.rids().last(), Some(&102));
    // It reads what it can, and goes on.
    play.answer(102, "no body");
    play.answer(
        103,
        &format!("<body xmlns='{NS}' type='odd'><iq id='i' xmlns='jabber:client'/></body>"),
    );
    assert_eq!(play.heard(), ["i"]);
    assert_eq!(play.opens(), [104, 105]);
}
