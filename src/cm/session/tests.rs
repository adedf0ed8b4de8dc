//! Playbooks of the session machine, by section of XEP-0124.

use std::time::Duration;

use crate::bosh::Condition;
use crate::cm::backend::{Command, Event};
use crate::cm::bed::{Bed, RID, USUAL, message, texts};
use crate::cm::policy::Policy;
use crate::cm::reply::Reply;
use crate::xml::Element;
use crate::xmpp::ns;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'/>";

fn conditions(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.get("type"), reply.get("condition"))
}

const GONE: (Option<&str>, Option<&str>) = (Some("terminate"), Some("item-not-found"));

#[test]
fn a_creation_is_granted_what_the_smaller_of_both_wants() {
    let mut bed = Bed::new(Policy::default());
    let reply =
        bed.create("to='example.org' ver='1.6' wait='3600' hold='9' ack='1' xmpp:version='1.0'");
    let term = |name| reply.get(name).unwrap_or("-").to_owned();
    assert_eq!(
        ["wait", "hold", "requests", "polling", "inactivity", "ver", "maxpause", "ack"].map(term),
        ["60", "2", "3", "5", "60", "1.6", "120", "1000"]
    );
    assert_eq!(
        ["from", "xmpp:version", "xmpp:restartlogic"].map(term),
        ["example.org", "1.0", "true"]
    );
    assert_eq!(reply.payloads.len(), 1);
    let mut bed = Bed::new(Policy::default());
    assert_eq!(
        bed.create("to='example.org' ver='1.100' wait='5' hold='0'").get("ver"),
        Some("1.11")
    );
}

#[test]
fn nonsense_in_a_creation_is_a_bad_request() {
    for (attributes, condition) in [
        ("to='a' wait='soon'", "bad-request"),
        ("to='a' hold='-1'", "bad-request"),
        ("to='a' ver='one'", "bad-request"),
        ("to='a' content='text/xml&#13;&#10;X: y'", "bad-request"),
        ("wait='5'", "improper-addressing"),
        ("to='' wait='5'", "improper-addressing"),
    ] {
        let mut bed = Bed::new(Policy::default());
        let reply = bed.create(&format!("{attributes} ver='1.6'"));
        assert_eq!(conditions(&reply), (Some("terminate"), Some(condition)), "{attributes}");
        assert_eq!(bed.machine.sessions(), 0);
        assert_eq!(bed.machine.deadline(), None);
    }
}

#[test]
fn an_empty_request_is_held_until_wait_and_answered_empty() {
    let mut bed = Bed::session(USUAL);
    let poll = bed.poll(1);
    bed.seconds(59.999);
    assert!(bed.holds(poll));
    bed.seconds(0.001);
    assert_eq!(bed.answer(poll), Some(Reply::empty()));
}

#[test]
fn the_next_request_releases_the_oldest() {
    let mut bed = Bed::session(USUAL);
    let first = bed.poll(1);
    let second = bed.poll(2);
    let released = bed.answer(first).unwrap();
    assert!(released.payloads.is_empty());
    assert_eq!(released.get("ack"), Some("1002"));
    assert!(bed.holds(second));
    bed.message("hello");
    assert_eq!(texts(&bed.answer(second).unwrap()), ["hello"]);
}

#[test]
fn what_comes_while_nothing_is_open_goes_with_the_next_request() {
    let mut bed = Bed::session(USUAL);
    bed.message("one");
    bed.message("two");
    let poll = bed.poll(1);
    assert_eq!(texts(&bed.answer(poll).unwrap()), ["one", "two"]);
}

#[test]
fn requests_are_taken_in_and_answered_in_the_order_of_their_rids() {
    let mut bed = Bed::session("to='example.org' ver='1.11' wait='60' hold='2' xmpp:version='1.0'");
    let third = bed.send(3, "", "<message xmlns='jabber:client' id='3'/>");
    let second = bed.send(2, "", "<message xmlns='jabber:client' id='2'/>");
    bed.seconds(3.0);
    assert!(bed.holds(third) && bed.holds(second) && bed.heard().is_empty());
    let first = bed.send(1, "", "<message xmlns='jabber:client' id='1'/>");
    assert_eq!(bed.heard(), ["<message id='1'/>", "<message id='2'/>", "<message id='3'/>"]);
    assert_eq!(bed.answered(), [first]);
    bed.message("x");
    assert_eq!(bed.answered(), [first, second]);
}

#[test]
fn a_rid_outside_the_window_ends_the_session() {
    for n in [3, 1000] {
        let mut bed = Bed::session(USUAL);
        let held = bed.poll(1);
        let late = bed.poll(1 + n);
        assert_eq!(conditions(&bed.answer(late).unwrap()), GONE);
        let other = bed.answer(held).unwrap();
        assert_eq!(conditions(&other), (Some("terminate"), Some("other-request")));
        let next = bed.poll(2);
        assert_eq!(conditions(&bed.answer(next).unwrap()), GONE);
        assert_eq!(bed.heard(), ["close"]);
    }
    let mut bed = Bed::session(USUAL);
    let edge = bed.poll(2);
    assert!(bed.holds(edge), "the last rid of the window is kept");
}

#[test]
fn a_repeat_gets_the_same_response_and_is_not_sent_on() {
    let mut bed = Bed::session(USUAL);
    let first = bed.send(1, "", PING);
    bed.message("pong");
    let answer = bed.answer(first).unwrap();
    assert_eq!(bed.heard().len(), 1);
    let again = bed.send(1, "", PING);
    assert_eq!(bed.answer(again).unwrap(), answer);
    assert!(bed.heard().is_empty());
    // Of the last `requests` responses the oldest is kept, the one before it is not.
    let polls = [2, 3, 4].map(|n| bed.poll(n));
    assert!(bed.holds(polls[2]));
    let kept = bed.poll(2);
    assert!(bed.answer(kept).unwrap().get("type").is_none());
    let old = bed.send(1, "", PING);
    assert_eq!(conditions(&bed.answer(old).unwrap()), GONE);
}

#[test]
fn a_repeat_of_a_held_request_takes_its_place() {
    let mut bed = Bed::session(USUAL);
    let older = bed.send(1, "", PING);
    let newer = bed.send(1, "", PING);
    assert_eq!(conditions(&bed.answer(older).unwrap()), (Some("error"), None));
    bed.message("hello");
    assert_eq!(texts(&bed.answer(newer).unwrap()), ["hello"]);
    assert_eq!(bed.heard().len(), 1);
}

#[test]
fn a_rid_that_is_repeated_too_often_ends_the_session() {
    let mut bed = Bed::session(USUAL);
    bed.poll(1);
    for _ in 0..10 {
        let again = bed.poll(1);
        assert!(bed.holds(again));
    }
    let last = bed.poll(1);
    let answers = bed.answer(last).unwrap();
    assert_eq!(conditions(&answers), (Some("terminate"), Some("policy-violation")));
}

#[test]
fn nothing_is_lost_with_the_connection_of_a_held_request() {
    let mut bed = Bed::session(USUAL);
    let first = bed.poll(1);
    bed.cut(first);
    bed.message("hello");
    let again = bed.poll(1);
    assert_eq!(texts(&bed.answer(again).unwrap()), ["hello"]);
    // The client goes on without the response.
    let second = bed.poll(2);
    bed.cut(second);
    bed.message("again");
    let third = bed.poll(3);
    assert_eq!(texts(&bed.answer(third).unwrap()), ["again"]);
}

#[test]
fn silence_ends_a_session_and_not_before_its_time() {
    let mut bed = Bed::session(USUAL);
    bed.seconds(59.9);
    let poll = bed.poll(1);
    bed.seconds(60.0);
    assert!(bed.answer(poll).is_some(), "answered after wait");
    bed.seconds(61.0);
    assert_eq!(bed.heard(), ["close"]);
    let late = bed.poll(2);
    assert_eq!(conditions(&bed.answer(late).unwrap()), GONE);
}

#[test]
fn a_held_request_keeps_the_session_alive_longer_than_inactivity() {
    let policy = Policy { inactivity: Duration::from_secs(5), ..Policy::default() };
    let mut bed = Bed::new(policy);
    bed.create(USUAL);
    let poll = bed.poll(1);
    bed.seconds(60.0);
    assert_eq!(bed.answer(poll), Some(Reply::empty()));
    let next = bed.poll(2);
    assert!(bed.holds(next));
}

#[test]
fn a_pause_is_answered_at_once_without_payloads_and_lasts() {
    let mut bed = Bed::session(USUAL);
    let held = bed.poll(1);
    let pause = bed.send(2, "pause='100'", "");
    assert_eq!(bed.answered(), [held, pause]);
    bed.message("later");
    assert!(bed.answer(pause).unwrap().payloads.is_empty());
    bed.seconds(99.0);
    let back = bed.poll(3);
    assert_eq!(texts(&bed.answer(back).unwrap()), ["later"]);
    bed.seconds(61.0);
    let late = bed.poll(4);
    assert_eq!(conditions(&bed.answer(late).unwrap()), GONE, "the pause is over");
    let mut bed = Bed::session(USUAL);
    let long = bed.send(1, "pause='121'", "");
    assert_eq!(bed.answer(long).unwrap().get("condition"), Some("policy-violation"));
}

#[test]
fn a_polling_client_is_answered_at_once_and_keeps_a_distance() {
    for terms in ["wait='0' hold='1'", "wait='60' hold='0'", "wait='0' hold='0'"] {
        let mut bed = Bed::new(Policy::default());
        let created =
            bed.create(&format!("to='example.org' ver='1.11' xmpp:version='1.0' {terms}"));
        assert_eq!(created.get("inactivity"), Some("71"));
        bed.seconds(6.0);
        let first = bed.poll(1);
        assert_eq!(bed.answer(first), Some(Reply::empty()));
        bed.seconds(5.0);
        bed.message("x");
        let second = bed.poll(2);
        assert_eq!(texts(&bed.answer(second).unwrap()), ["x"]);
        let third = bed.poll(3);
        assert_eq!(bed.answer(third), Some(Reply::empty()), "after payloads it may ask at once");
        bed.seconds(1.0);
        let hasty = bed.poll(4);
        assert_eq!(
            bed.answer(hasty).unwrap().get("condition"),
            Some("policy-violation"),
            "{terms}"
        );
    }
}

#[test]
fn a_client_that_terminates_is_told_on_its_oldest_request() {
    let mut bed = Bed::session(USUAL);
    let held = bed.poll(1);
    let bye =
        bed.send(2, "type='terminate'", "<presence xmlns='jabber:client' type='unavailable'/>");
    assert_eq!(bed.heard(), ["<presence type='unavailable'/>", "close"]);
    assert_eq!(conditions(&bed.answer(held).unwrap()), (Some("terminate"), None));
    assert_eq!(bed.answer(bye), Some(Reply::empty()));
    let next = bed.poll(3);
    assert_eq!(conditions(&bed.answer(next).unwrap()), GONE);
}

#[test]
fn the_chain_of_keys_is_that_of_the_specification() {
    // XEP-0124, examples 20 to 23.
    let mut bed = Bed::new(Policy::default());
    bed.create(&format!("{USUAL} newkey='CA393B51B682F61F98E7877D61146407F3D0A770'"));
    let right = bed.send(1, "key='bfb06a6f113cd6fd3838ab9d300fdb4fe3da2f7d'", "");
    assert!(bed.holds(right));
    let ours = "6f825e81f4532b2c5fa2d12457d8a1f22e8f838e";
    let switch =
        bed.send(2, &format!("key='{ours}' newkey='113f58a37245ec9637266cf2fb6e48bfeaf7964e'"), "");
    assert!(bed.holds(switch));
    let wrong = bed.send(3, &format!("key='{ours}'"), PING);
    assert_eq!(conditions(&bed.answer(wrong).unwrap()), GONE);
    assert_eq!(bed.heard(), ["close"]);
}

#[test]
fn a_request_that_comes_again_needs_its_key() {
    let key = "key='bfb06a6f113cd6fd3838ab9d300fdb4fe3da2f7d'";
    // It is held, was answered, or waits behind a gap.
    for (rid, answered) in [(1, false), (1, true), (2, false)] {
        for again in ["", "key='6f825e81f4532b2c5fa2d12457d8a1f22e8f838e'"] {
            let mut bed = Bed::new(Policy::default());
            bed.create(&format!("{USUAL} newkey='ca393b51b682f61f98e7877d61146407f3d0a770'"));
            bed.send(rid, key, "");
            if answered {
                bed.message("secret");
            }
            let right = bed.send(rid, key, "");
            assert_eq!(bed.holds(right), !answered);
            let wrong = bed.send(rid, again, "");
            assert_eq!(conditions(&bed.answer(wrong).unwrap()), GONE, "{rid} {answered} {again}");
            assert_eq!(bed.machine.sessions(), 0);
        }
    }
}

#[test]
fn a_stream_error_comes_whole_with_what_was_pending() {
    let mut bed = Bed::session(USUAL);
    bed.message("last");
    let error =
        Element::new(ns::STREAMS, "error").with_child(Element::new(ns::STREAM_ERRORS, "conflict"));
    bed.server(Event::Error(error));
    let poll = bed.poll(1);
    let told = bed.answer(poll).unwrap();
    assert_eq!(conditions(&told), (Some("terminate"), Some("remote-stream-error")));
    assert_eq!(texts(&told), ["last"]);
    assert!(told.payloads[1].xml.starts_with("<stream:error>"));
    assert_eq!(bed.machine.sessions(), 0);
}

#[test]
fn an_unknown_domain_is_refused_in_the_creation_response() {
    let mut bed = Bed::new(Policy::default());
    bed.script.lock().unwrap().opens = false;
    let token = bed.post("<body xmlns='http://jabber.org/protocol/httpbind' rid='1' ver='1.6' to='nowhere' wait='9' hold='1'/>");
    bed.link = bed.script.lock().unwrap().heard[0].0;
    bed.server(Event::Failed(Condition::HostUnknown));
    let refused = bed.answer(token).unwrap();
    assert_eq!(conditions(&refused), (Some("terminate"), Some("host-unknown")));
    assert_eq!(refused.get("sid"), None);
}

#[test]
fn stanzas_for_a_client_that_is_gone_go_back() {
    let mut bed = Bed::session(USUAL);
    bed.message("lost");
    bed.server(Event::Element(Element::new(ns::CLIENT, "presence")));
    bed.server(Event::Element(
        Element::new(ns::CLIENT, "iq")
            .with_attr("type", "get")
            .with_attr("from", "bob@example.org/b"),
    ));
    bed.seconds(70.0);
    let heard = bed.heard();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(
        heard[0].contains("recipient-unavailable") && heard[0].contains("to='bob@example.org/b'")
    );
    assert!(heard[1].contains("service-unavailable"));
    assert_eq!(heard[2], "close");
}

#[test]
fn a_client_that_acknowledges_is_told_of_what_it_missed() {
    let mut bed = Bed::session(&format!("{USUAL} ack='1'"));
    for n in 1..=5 {
        bed.send(n, &format!("ack='{RID}'"), "");
        bed.message(&format!("{n}"));
    }
    bed.seconds(2.0);
    let told = bed.send(6, &format!("ack='{}'", RID + 2), "");
    let told = bed.answer(told).unwrap();
    assert_eq!((told.get("report"), told.get("time")), (Some("1003"), Some("2000")));
    let again = bed.send(3, &format!("ack='{RID}'"), "");
    // Request 2 was answered at once, with a report: what came after it went with request 3.
    assert_eq!(texts(&bed.answer(again).unwrap()), ["2"]);
}

#[test]
fn a_second_stream_has_its_own_name_and_its_own_payloads() {
    let mut bed = Bed::new(Policy::default());
    let first = bed.create(USUAL).get("stream").unwrap().to_owned();
    let added = bed.send(1, "to='other.example' xml:lang='en' xmpp:version='1.0'", "");
    let added = bed.answer(added).unwrap();
    let second = added.get("stream").unwrap().to_owned();
    assert_ne!(first, second);
    assert!(added.get("sid").is_none() && added.payloads.len() == 1);
    let other = bed.link + 1;
    bed.heard();
    bed.server_on(other, Event::Element(message("two")));
    bed.message("one");
    let poll = bed.poll(2);
    let told = bed.answer(poll).unwrap();
    assert_eq!((told.get("stream"), texts(&told)), (Some(second.as_str()), vec!["two".to_owned()]));
    let poll = bed.poll(3);
    assert_eq!(bed.answer(poll).unwrap().get("stream"), Some(first.as_str()));
    bed.send(4, "", "<presence xmlns='jabber:client'/>");
    assert_eq!(bed.heard().len(), 2, "without a stream it goes to all");
    let close = bed.send(5, &format!("type='terminate' stream='{second}'"), "");
    assert!(bed.holds(close), "the session goes on");
    let unknown = bed.send(6, "stream='nope'", PING);
    assert_eq!(conditions(&bed.answer(unknown).unwrap()), GONE);
}

#[test]
fn what_a_body_must_not_hold_ends_the_session() {
    for content in ["hello", "<foo/>", "<stream xmlns='http://etherx.jabber.org/streams'/>"] {
        let mut bed = Bed::session(USUAL);
        let wrong = bed.send(1, "", content);
        assert_eq!(bed.answer(wrong).unwrap().get("condition"), Some("bad-request"), "{content}");
    }
    let mut bed = Bed::session(USUAL);
    bed.send(1, "", "<message><body>tolerated</body></message>");
    assert_eq!(bed.heard(), ["<message><body>tolerated</body></message>"]);
}

/// Cause: the session was only marked as ending, and went on collecting until its client asked.
#[test]
fn a_client_that_fetches_nothing_loses_its_session_at_once() {
    for paused in [false, true] {
        let mut bed = Bed::session(USUAL);
        let mut n = 1;
        if paused {
            let pause = bed.send(n, "pause='100'", "");
            assert!(bed.answer(pause).is_some());
            n += 1;
        }
        for text in 0..1000 {
            bed.message(&text.to_string());
        }
        assert!(bed.heard().is_empty());
        bed.message("one too many");
        let heard = bed.heard();
        assert_eq!(heard.len(), 1002, "all of them go back, and the stream is closed");
        assert!(heard[0].contains("recipient-unavailable") && heard[1001] == "close");
        assert_eq!(bed.machine.queued(), 0);
        bed.message("later");
        assert_eq!((bed.machine.queued(), bed.heard().len()), (0, 0));
        let poll = bed.poll(n);
        let told = bed.answer(poll).unwrap();
        assert_eq!(conditions(&told), (Some("terminate"), Some("policy-violation")));
        assert!(told.payloads.is_empty());
        let poll = bed.poll(n + 1);
        assert_eq!(conditions(&bed.answer(poll).unwrap()), GONE);
    }
}

#[test]
fn a_client_that_was_overrun_and_stays_away_is_forgotten() {
    let mut bed = Bed::session(USUAL);
    (0..=1000).for_each(|n| bed.message(&n.to_string()));
    assert_eq!(bed.machine.sessions(), 1);
    bed.seconds(61.0);
    assert_eq!((bed.machine.sessions(), bed.machine.deadline()), (0, None));
    let mut bed = Bed::session(USUAL);
    (0..=1000).for_each(|n| bed.message(&n.to_string()));
    bed.machine.shut_down(bed.now);
    assert_eq!(bed.machine.sessions(), 0);
}

#[test]
fn a_request_that_waits_takes_what_it_can_of_a_burst() {
    let mut bed = Bed::session(USUAL);
    let poll = bed.poll(1);
    let burst = (0..1900).map(|n| (bed.link, Event::Element(message(&n.to_string()))));
    bed.script.lock().unwrap().says.extend(burst);
    bed.message("last");
    assert_eq!(texts(&bed.answer(poll).unwrap()).len(), 1001);
    let poll = bed.poll(2);
    assert_eq!(texts(&bed.answer(poll).unwrap()).len(), 900);
    assert!(bed.heard().is_empty());
}

#[test]
fn a_request_above_a_gap_is_told_at_once_that_there_is_too_much() {
    let mut bed = Bed::session(USUAL);
    let parked = bed.poll(2);
    (0..=1000).for_each(|n| bed.message(&n.to_string()));
    let told = bed.answer(parked).unwrap();
    assert_eq!(conditions(&told), (Some("terminate"), Some("policy-violation")));
    assert_eq!(texts(&told).len(), 1001);
    assert_eq!((bed.machine.sessions(), bed.machine.queued()), (0, 0));
}

#[test]
fn responses_are_kept_for_repeats_up_to_a_bound() {
    // Cause: with acknowledgements, 32 responses of any size were kept.
    let mut bed = Bed::session(&format!("{USUAL} ack='1'"));
    let large = "x".repeat(1 << 20);
    for n in 1..=30 {
        let poll = bed.send(n, &format!("ack='{RID}'"), "");
        bed.message(&large);
        assert!(bed.answer(poll).is_some());
        assert!(bed.machine.queued() <= Policy::default().bounds.kept_bytes + (2 << 20));
    }
    let kept = bed.send(30, &format!("ack='{RID}'"), "");
    assert_eq!(texts(&bed.answer(kept).unwrap()).len(), 1);
    let dropped = bed.send(2, &format!("ack='{RID}'"), "");
    assert_eq!(conditions(&bed.answer(dropped).unwrap()), GONE);
}

#[test]
fn all_sessions_together_are_bounded_and_the_largest_ends() {
    let mut policy = Policy::default();
    policy.bounds.queued_bytes = 1 << 20;
    let mut bed = Bed::new(policy);
    let mut links = Vec::new();
    for _ in 0..20 {
        assert!(bed.create(USUAL).get("sid").is_some());
        links.push(bed.link);
    }
    bed.server_on(links[3], Event::Element(message(&"x".repeat(200 << 10))));
    for round in 0..20 {
        for link in &links {
            bed.server_on(*link, Event::Element(message(&"x".repeat(5 << 10))));
            assert!(bed.machine.queued() <= 1 << 20, "round {round}");
        }
        if bed.script.lock().unwrap().heard.iter().any(|(_, command)| *command == Command::Close) {
            break;
        }
    }
    let heard = &bed.script.lock().unwrap().heard;
    let closed = heard.iter().find(|(_, command)| *command == Command::Close);
    assert_eq!(closed.map(|(link, _)| *link), Some(links[3]), "the one that holds the most");
}

#[test]
fn a_request_of_too_many_elements_or_too_long_values_is_refused() {
    let mut bed = Bed::session(USUAL);
    let tiny = "<message xmlns='jabber:client'/>".repeat(20_000);
    let accepted = bed.send(1, "", &tiny);
    assert!(bed.holds(accepted) && bed.heard().len() == 20_000);
    let tiny = "<a/>".repeat(50_000);
    let refused = bed.send(2, "", &format!("<message xmlns='jabber:client'>{tiny}</message>"));
    assert_eq!(bed.answer(refused).unwrap().get("condition"), Some("policy-violation"));
    let long = "x".repeat(5000);
    for attribute in ["newkey", "xml:lang", "from"] {
        let refused =
            bed.create(&format!("{USUAL} {attribute}='{long}'").replace("xml:lang='en'", ""));
        assert_eq!(refused.get("condition"), Some("bad-request"), "{attribute}");
    }
}

#[test]
fn at_shutdown_every_request_is_told() {
    let mut bed = Bed::session(USUAL);
    let held = bed.poll(1);
    bed.machine.shut_down(bed.now);
    bed.pass(Duration::ZERO);
    assert_eq!(bed.answer(held).unwrap().get("condition"), Some("system-shutdown"));
    assert_eq!(bed.create(USUAL).get("condition"), Some("system-shutdown"));
}

#[test]
fn a_request_above_a_gap_is_pending_too() {
    // Regression: only requests in order stopped the clock of inactivity (§10).
    let mut bed = Bed::session(USUAL);
    bed.seconds(59.0);
    let parked = bed.send(2, "", "");
    bed.seconds(70.0);
    assert!(bed.holds(parked));
    let first = bed.poll(1);
    assert_eq!(conditions(&bed.answer(first).unwrap()), (None, None));
    // One whose gap is never filled does not keep the session for ever.
    let mut bed = Bed::session(USUAL);
    let parked = bed.send(2, "", "");
    bed.seconds(119.0);
    assert!(bed.holds(parked));
    bed.seconds(3.0);
    assert_eq!(conditions(&bed.answer(parked).unwrap()), GONE);
}

#[test]
fn a_client_whose_connection_was_cut_is_gone_after_inactivity() {
    // Regression: the request that had no connection any more ran to its `wait`, and inactivity began again.
    let mut bed = Bed::session("to='example.org' ver='1.11' wait='60' hold='1'");
    let held = bed.poll(1);
    bed.seconds(1.0);
    bed.cut(held);
    bed.seconds(61.0);
    assert_eq!(bed.machine.sessions(), 0);
}

#[test]
fn every_kind_of_answer_acknowledges() {
    // Regression: those that end a session, or tell of a repeat, did not (§9.1).
    let mut bed = Bed::session(USUAL);
    let held = bed.poll(1);
    let ends = bed.send(2, "type='terminate'", "");
    assert_eq!(bed.answer(held).unwrap().get("ack"), Some("1002"));
    assert_eq!(bed.answer(ends).unwrap().get("ack"), None);
    let mut bed = Bed::session("to='example.org' ver='1.11' wait='60' hold='2'");
    let (older, _) = (bed.poll(1), bed.poll(2));
    bed.poll(1);
    assert_eq!(bed.answer(older).unwrap().get("ack"), Some("1002"));
}

#[test]
fn what_is_pipelined_behind_a_request_above_a_gap_can_be_read() {
    // Regression: the missing request may be the one behind it on the same connection.
    let mut bed = Bed::session(USUAL);
    let second = bed.send(2, "", PING);
    bed.machine.hurry(second, bed.now);
    bed.pass(Duration::ZERO);
    assert_eq!(bed.answer(second).unwrap().get("type"), Some("error"));
    let first = bed.poll(1);
    assert!(bed.answer(first).is_some());
    let again = bed.send(2, "", PING);
    bed.message("one");
    assert_eq!(texts(&bed.answer(again).unwrap()), ["one"]);
    assert_eq!(bed.heard().len(), 1);
}

#[test]
fn a_pause_takes_no_place_of_what_is_kept() {
    // Regression: the response to a pause counted among those that are kept for repeats (§14.3).
    let mut bed = Bed::session(USUAL);
    for n in [1, 2] {
        let asked = bed.send(n, "", PING);
        bed.message(&n.to_string());
        assert!(bed.answer(asked).is_some());
    }
    let paused = bed.send(3, "pause='60'", "");
    assert!(bed.answer(paused).is_some());
    let again = bed.send(1, "", PING);
    assert_eq!(texts(&bed.answer(again).unwrap()), ["1"]);
}

#[test]
fn a_stream_is_told_of_in_the_response_to_the_request_that_added_it() {
    // Regression: the features of an added stream went out with an older request that was held (§16.3).
    let mut bed = Bed::session(USUAL);
    let held = bed.poll(1);
    let adds = bed.send(2, "to='example.org' xmpp:version='1.0'", "");
    let (held, added) = (bed.answer(held).unwrap(), bed.answer(adds).unwrap());
    assert_eq!((held.payloads.len(), held.get("stream")), (0, None));
    assert_eq!((added.payloads.len(), added.get("stream").is_some()), (1, true));
}

#[test]
fn a_closed_stream_makes_room_for_another() {
    // Regression: the bound of streams counted those that were closed.
    let mut bed = Bed::session(USUAL);
    let mut n = 0;
    for _ in 0..20 {
        n += 1;
        let adds = bed.send(n, "to='example.org' xmpp:version='1.0'", "");
        let added = bed.answer(adds).unwrap();
        let name = added.get("stream").expect("a name").to_owned();
        n += 1;
        bed.send(n, &format!("type='terminate' stream='{name}'"), "");
    }
}
