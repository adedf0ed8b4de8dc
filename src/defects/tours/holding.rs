//! Tours of what is held and what is answered when (XEP-0124 §8).

use super::stanzas::{pair, ping, to_bob};
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("numbered messages", numbered_messages),
    ("payloads that need no wait", payloads_at_once),
    ("a gap is closed", gap),
    ("a presence and a message at once", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        let presence = "<presence xmlns='jabber:client' to='bob@localhost/r'/>";
        let both = format!("{presence}{}", to_bob("behind"));
        rig.send_in(&alice, 4, "", &both);
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", "");
        rig.seconds(5.0);
    }),
    ("idle before login", |rig| {
        for wait in [2, 3, 10, 20] {
            rig.create(&format!("wait='{wait}' hold='1'"));
            rig.send(1, "", "");
            rig.seconds(25.0);
        }
    }),
    ("idle after login", |rig| {
        for wait in [3, 20] {
            rig.create(&format!("wait='{wait}' hold='1'"));
            rig.login();
            rig.send(4, "", "");
            rig.seconds(25.0);
        }
    }),
    ("one request more than is held", |rig| {
        for hold in [1, 2] {
            rig.create(&format!("wait='20' hold='{hold}'"));
            rig.send(1, "", "");
            rig.seconds(0.5);
            rig.send(2, "", "");
            rig.seconds(0.5);
            rig.send(3, "", "");
            rig.seconds(30.0);
        }
    }),
    ("a message for a held request", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
        rig.send_in(&alice, 4, "", &to_bob("held"));
        rig.seconds(5.0);
    }),
    ("a message for two held requests", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='2'");
        rig.send_in(&bob, 4, "", "");
        rig.send_in(&bob, 5, "", "");
        rig.seconds(1.0);
        rig.send_in(&alice, 4, "", &to_bob("held"));
        rig.seconds(25.0);
    }),
    ("a message for the next request", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&alice, 4, "", &to_bob("queued"));
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", "");
        rig.seconds(5.0);
    }),
    ("empty and not", |rig| {
        for content in ["", "<presence xmlns='jabber:client'/>"] {
            rig.create("wait='8' hold='1'");
            rig.login();
            rig.send(4, "", "<presence xmlns='jabber:client'/>");
            rig.send(5, "", content);
            rig.seconds(9.0);
            rig.send(6, "", content);
            rig.seconds(1.0);
            rig.send(7, "", "");
            rig.seconds(9.0);
        }
    }),
    ("from a page of another origin", |rig| {
        let origin = [("Origin", "https://example.org")];
        let post = |rig: &mut Rig, content: &str| {
            rig.post_as(http::Version::HTTP_11, &origin, content);
        };
        rig.create("wait='2' hold='1'");
        let body = format!("<body xmlns='{}' sid='{}'", crate::bosh::NS, rig.sid(0));
        post(rig, &format!("{body} rid='1001'/>"));
        rig.seconds(3.0);
        post(rig, &format!("{body} rid='1002' type='terminate'/>"));
        post(rig, &format!("{body} rid='1003'/>"));
        post(rig, "<body");
    }),
];

/// Alice sends what bob fetches now with a request that is held, now with one that comes later.
fn numbered_messages(rig: &mut Rig) {
    let (bob, alice) = pair(rig, "wait='20' hold='1'");
    let mut next = 4;
    for n in 0..50_u64 {
        if n % 10 < 4 {
            rig.send_in(&bob, next, "", "");
            next += 1;
        }
        rig.send_in(&alice, 4 + n, "", &to_bob(&n.to_string()));
        rig.seconds(0.1);
    }
    for _ in 0..3 {
        rig.send_in(&bob, next, "", "");
        next += 1;
    }
    rig.seconds(1.0);
}

fn payloads_at_once(rig: &mut Rig) {
    let (bob, _) = pair(rig, "wait='20' hold='1'");
    rig.send_in(&bob, 4, "", "");
    rig.send(4, "", &ping("a"));
    rig.send(5, "", "");
    rig.seconds(1.0);
    rig.send(6, "", &ping("b"));
    rig.seconds(10.0);
    rig.send(7, "", "");
    rig.send(8, "", &format!("<presence xmlns='jabber:client'/>{}", to_bob("c")));
    rig.send(9, "", &format!("<presence xmlns='jabber:client'/>{}", to_bob("d")));
    rig.send_in(&bob, 5, "", "");
    rig.seconds(30.0);
}

fn gap(rig: &mut Rig) {
    rig.create("wait='20' hold='1'");
    rig.login();
    rig.send(5, "", &ping("b"));
    rig.seconds(0.3);
    rig.send(4, "", &ping("a"));
    rig.seconds(1.0);
    rig.send(6, "", "");
    rig.seconds(21.0);
}
