//! Filters over playbooks with WebSocket and TCP.

use crate::rules::playbook::events;
use crate::trace::Story;
use crate::trace::filter::{Filter, Subject};

/// Which events of a playbook with a WebSocket and a stream over TCP a filter keeps, by their places.
fn kept_of_streams(filter: &str) -> Vec<usize> {
    let script = "0 1 websocket
        1 1 C= <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='a'/>
        2 1 C= ping
        3 1 C= <enable xmlns='urn:xmpp:sm:3'/>
        4 1 C= text | frames: 2 | <message xmlns='jabber:client' id='m1'/>
        5 1 S= close 1001
        6 2 C~ <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>
        7 2 S~  
        8 2 C~ <message id='m2'/>";
    let filter = Filter::parse(filter).unwrap();
    let mut story = Story::default();
    let mut kept = Vec::new();
    for event in events(script) {
        let effect = story.take(&event);
        let subject = Subject::new(Some(&event), &effect, effect.session, &story);
        if filter.keep(&subject).message {
            kept.push(event.at.as_millis() as usize);
        }
    }
    kept.dedup();
    kept
}

#[test]
fn what_websocket_and_tcp_carry_can_be_asked_for() {
    for (filter, expected) in [
        ("transport:websocket", &[0, 1, 2, 3, 4, 5][..]),
        ("transport:tcp", &[6, 7, 8]),
        ("transport:bosh", &[]),
        ("session:ws1", &[0, 1, 2, 3, 4, 5]),
        ("session:tcp", &[6, 7, 8]),
        ("frame", &[1, 2, 3, 4, 5]),
        ("frame:ping or frame:close", &[2, 5]),
        ("frame:fragmented", &[4]),
        ("sm", &[3, 4]),
        ("sm:enable", &[3]),
        ("sm:counted", &[4]),
        ("sm:again", &[]),
        ("status:1001", &[5]),
        ("noise:ping", &[2]),
        ("empty", &[7]),
        ("dir:server", &[0, 5, 7]),
        ("path:/ws not http", &[0, 1, 2, 3, 4, 5]),
        ("kind:message", &[4, 8]),
        ("text:m2", &[8]),
    ] {
        assert_eq!(kept_of_streams(filter), expected, "{filter}");
    }
}
