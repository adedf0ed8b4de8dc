use super::*;
use crate::xml::{Limits, parse};
use crate::xmpp::summarise;

const SM: &str = "xmlns='urn:xmpp:sm:3'";

/// Takes elements, a side and a text each, one a millisecond; gives what the last one is.
fn take(management: &mut Management, elements: &[(Side, &str)]) -> Option<Step> {
    let mut last = None;
    for (at, (from, text)) in elements.iter().enumerate() {
        let text = text.replace("SM", SM).replacen(
            "/>",
            " xmlns='jabber:client'/>",
            usize::from(!text.contains("SM")),
        );
        let element = parse(text.as_bytes(), &Limits::default()).unwrap();
        let summary = summarise(&element);
        last = management.take(*from, &element, &summary, Duration::from_millis(at as u64));
    }
    last
}

use Side::{Client as C, Server as S};

fn enabled() -> Management {
    let mut management = Management::default();
    take(
        &mut management,
        &[
            (C, "<iq type='set' id='bind'/>"),
            (C, "<enable SM resume='true'/>"),
            (S, "<enabled SM resume='1' id='x' max='600'/>"),
        ],
    );
    management
}

fn ack(step: Option<Step>) -> Ack {
    match step {
        Some(Step::Acknowledged(ack)) => ack,
        other => panic!("not an acknowledgement: {other:?}"),
    }
}

#[test]
fn counting_begins_with_enable_and_enabled_and_counts_stanzas_alone() {
    let mut management = enabled();
    assert!(management.enabled && management.resumable && !management.asked);
    assert_eq!((management.id.as_deref(), management.max), (Some("x"), Some(600)));
    let step = take(
        &mut management,
        &[
            (C, "<presence/>"),
            (C, "<message id='m1'/>"),
            (C, "<r SM/>"),
            (S, "<iq type='get' id='1'/>"),
            (S, "<a SM h='2'/>"),
        ],
    );
    let ack = ack(step);
    assert_eq!((ack.by, ack.h, ack.sent, ack.request.map(|r| r.1)), (S, 2, 2, Some(2)));
    assert_eq!((ack.beyond(), ack.back(), ack.behind(), ack.exact), (None, None, None, true));
    assert!(management.client.unacked.is_empty());
    assert_eq!(management.server.unacked.len(), 1);
}

/// Regression: converse.js answered each of several requests that had come together, and the second answer was held against
/// a request behind them.
#[test]
fn each_request_has_its_answer() {
    let mut management = enabled();
    let target = |step| ack(step).request.map(|request| request.1);
    let iq = (S, "<iq type='result'/>");
    let r = (S, "<r SM/>");
    let first = take(&mut management, &[iq, r, iq, r, (C, "<a SM h='1'/>")]);
    assert_eq!(target(first), Some(1));
    assert_eq!(management.server.request, None, "it is answered");
    let second = take(&mut management, &[iq, r, (C, "<a SM h='2'/>")]);
    assert_eq!(ack(second.clone()).behind(), None);
    assert_eq!(target(second), Some(2));
    assert_eq!(target(take(&mut management, &[r, (C, "<a SM h='3'/>")])), Some(3));
    assert_eq!(target(take(&mut management, &[(C, "<a SM h='3'/>")])), Some(3));
    assert_eq!(target(take(&mut management, &[(C, "<a SM h='3'/>")])), None, "by itself");
}

/// Who answers several requests together is not held against the oldest of them for ever.
#[test]
fn requests_that_are_long_past_are_answered() {
    let mut count = Count::default();
    count.begin();
    for second in 0..1000 {
        count.sent += 1;
        count.requested(Duration::from_secs(second));
        count.sent += 1;
        count.requested(Duration::from_secs(second));
        let ack = count.acknowledge(C, count.sent, Duration::from_secs(second));
        let (at, _) = ack.request.unwrap();
        assert!(
            Duration::from_secs(second) <= at + PAST + Duration::from_secs(1),
            "{second}: {at:?}"
        );
    }
    assert!(count.requests.len() <= REQUESTS);
}

#[test]
fn a_count_that_parts_is_seen_in_either_direction() {
    let mut management = enabled();
    let high = ack(take(&mut management, &[(C, "<presence/>"), (S, "<a SM h='3'/>")]));
    assert_eq!((high.beyond(), high.back()), (Some(2), None));
    assert_eq!(management.client.acked, 0, "it is not believed");
    let low = ack(take(
        &mut management,
        &[(C, "<message id='2'/>"), (C, "<r SM/>"), (C, "<message id='3'/>"), (S, "<a SM h='1'/>")],
    ));
    assert_eq!((low.beyond(), low.back(), low.behind()), (None, None, Some(1)));
    let back = ack(take(&mut management, &[(S, "<a SM h='0'/>")]));
    assert_eq!(back.back(), Some(1));
}

#[test]
fn counts_wrap() {
    let mut management = enabled();
    management.client.sent = u32::MAX;
    management.client.acked = u32::MAX - 1;
    let wrapped = ack(take(&mut management, &[(C, "<presence/>"), (S, "<a SM h='0'/>")]));
    assert_eq!((wrapped.beyond(), wrapped.back(), wrapped.sent), (None, None, 0));
    let beyond = ack(take(&mut management, &[(S, "<a SM h='1'/>")]));
    assert_eq!(beyond.beyond(), Some(1));
}

#[test]
fn a_resumed_stream_goes_on_counting_and_what_was_not_handled_is_due() {
    let mut management = enabled();
    take(
        &mut management,
        &[
            (C, "<message id='1'/>"),
            (C, "<message id='2'/>"),
            (C, "<message id='3'/>"),
            (S, "<message id='s'/>"),
        ],
    );
    management.cut();
    let step = management.resume(Some(1), Some(1), Duration::from_secs(1));
    let Step::Resumed { client: Some(client), server: Some(server), due } = step else {
        panic!("{step:?}")
    };
    assert_eq!((client.h, client.sent, server.h, due), (1, 3, 1, [2, 0]));
    assert_eq!(management.client.sent, 1);
    let again = take(&mut management, &[(C, "<message id='2'/>")]);
    assert_eq!(again, Some(Step::Counted(2, 1)));
    let new = take(&mut management, &[(C, "<message id='4'/>")]);
    assert_eq!(new, Some(Step::Counted(3, 0)));
    assert_eq!(management.client.due.len(), 1, "3 is still due");
}

#[test]
fn without_the_beginning_only_differences_are_judged() {
    let mut management = enabled();
    management.lose();
    let first = ack(take(&mut management, &[(C, "<message/>"), (S, "<a SM h='41'/>")]));
    assert_eq!((first.beyond(), first.back(), first.exact), (None, None, false));
    let next = ack(take(&mut management, &[(C, "<message/>"), (S, "<a SM h='44'/>")]));
    assert_eq!(next.beyond(), Some(1));
}

#[test]
fn what_is_inlined_in_sasl2_counts() {
    let mut management = Management::default();
    take(
        &mut management,
        &[
            (
                C,
                "<authenticate xmlns='urn:xmpp:sasl:2'><bind xmlns='urn:xmpp:bind:0'><enable SM/></bind></authenticate>",
            ),
            (
                S,
                "<success xmlns='urn:xmpp:sasl:2'><bound xmlns='urn:xmpp:bind:0'><enabled SM id='y'/></bound></success>",
            ),
        ],
    );
    assert!(management.enabled && management.client.counting && management.server.counting);
    assert!(!management.resumable);
    let mut refused = Management::default();
    take(&mut refused, &[(C, "<enable SM/>"), (C, "<presence/>"), (S, "<failed SM/>")]);
    assert!(!refused.enabled && !refused.client.counting);
}
