//! Tours of rids: their range, their window, and requests that come again (XEP-0124 §14).

use super::stanzas::{pair, ping, to_bob};
use crate::bosh::NS;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("large rids", |rig| {
        for first in [2_147_483_647, 4_294_967_295, 9_007_199_254_740_980] {
            large(rig, first);
        }
    }),
    ("a gap that is closed late", |rig| {
        let (bob, _) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.seconds(0.5);
        rig.send(5, "", &format!("{}{}", to_bob("ahead"), ping("b")));
        rig.seconds(3.0);
        rig.send(4, "", &ping("a"));
        rig.seconds(1.0);
        rig.send(6, "", "");
        rig.seconds(25.0);
    }),
    ("every gap in the window", |rig| {
        for hold in [1, 2] {
            for n in 2..=hold + 1 {
                rig.create(&format!("wait='20' hold='{hold}'"));
                rig.login();
                rig.send(3 + n, "", &ping("later"));
                rig.seconds(0.5);
                for n in 1..n {
                    rig.send(3 + n, "", &ping("sooner"));
                }
                rig.seconds(1.0);
                rig.send(4 + n, "", "");
                rig.seconds(25.0);
            }
        }
    }),
    ("several requests ahead of a gap", |rig| {
        rig.create("wait='20' hold='2'");
        rig.login();
        for n in [6, 5, 4] {
            rig.send(n, "", &ping(&n.to_string()));
            rig.seconds(0.5);
        }
        rig.seconds(1.0);
        rig.send(7, "", "");
        rig.seconds(25.0);
    }),
    ("out of the window", |rig| {
        for beyond in [3, 1000] {
            rig.create("wait='20' hold='1'");
            rig.send(1, "", "");
            rig.seconds(0.5);
            rig.send(1 + beyond, "", "");
            rig.seconds(2.0);
            rig.send(2, "", "");
            rig.seconds(2.0);
            rig.send(3, "", "");
            rig.seconds(25.0);
        }
    }),
    ("too small and too large", |rig| {
        for rid in [-1, 5, 1000] {
            rig.create("wait='20' hold='1'");
            rig.post(&format!("<body xmlns='{NS}' rid='{}' sid='{}'/>", 1000 + rid, last(rig)));
            rig.seconds(1.0);
        }
        rig.create("wait='20' hold='1'");
        rig.post(&format!("<body xmlns='{NS}' rid='1' sid='{}'/>", last(rig)));
        rig.seconds(1.0);
        rig.send(1, "", "");
    }),
    ("answered and sent again", |rig| {
        for content in ["", "<iq xmlns='jabber:client' type='get' id='q'/>"] {
            rig.create("wait='1' hold='1'");
            rig.login();
            for n in [4, 5] {
                rig.send(n, "", content);
                rig.seconds(2.0);
            }
            for n in [4, 5, 4, 5] {
                rig.send(n, "", content);
                rig.seconds(0.5);
            }
            rig.send(6, "", "");
        }
    }),
    ("unacknowledged", |rig| {
        rig.create("wait='20' hold='1' ack='1'");
        rig.login();
        for n in [4, 5, 6, 7, 8, 4, 5, 6, 7, 8] {
            rig.send(n, "ack='1003'", &ping(&n.to_string()));
        }
        rig.send(9, "", &ping("9"));
        rig.send(4, "ack='1003'", &ping("4"));
    }),
    ("too old to be remembered", |rig| {
        rig.create("wait='1' hold='1'");
        rig.login();
        for n in 4..9 {
            rig.send(n, "", &ping(&n.to_string()));
        }
        rig.send(4, "", &ping("4"));
        rig.seconds(3.0);
        rig.send(9, "", "");
        rig.seconds(3.0);
    }),
    ("a pause that comes again", |rig| {
        rig.create("wait='20' hold='1'");
        rig.send(1, "pause='60'", "");
        rig.seconds(1.0);
        rig.send(1, "pause='60'", "");
        rig.seconds(3.0);
    }),
    ("a message that comes again", |rig| {
        let (bob, _) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.send(4, "", &to_bob("once"));
        rig.send(4, "", &to_bob("once"));
        rig.send_in(&bob, 5, "", "");
        rig.seconds(1.0);
        rig.send(5, "", "");
        rig.send(4, "", &to_bob("once"));
        rig.send(4, "", &to_bob("once"));
        rig.seconds(1.0);
        rig.send_in(&bob, 6, "", "");
        rig.seconds(1.0);
    }),
    ("a broken connection", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        let held = rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
        rig.cut(held);
        rig.send_in(&alice, 4, "", &to_bob("nobody listens"));
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
        rig.send_in(&bob, 5, "", "");
        rig.seconds(1.0);
    }),
    ("held and sent again", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
        rig.send_in(&alice, 4, "", &to_bob("once"));
        rig.seconds(1.0);
        rig.send_in(&bob, 5, "", "");
        rig.seconds(0.5);
        rig.send_in(&bob, 6, "", "");
        rig.seconds(25.0);
    }),
    ("a rid repeated without end", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        for _ in 0..20 {
            rig.send_in(&bob, 4, "", "");
            rig.seconds(0.1);
        }
        rig.send_in(&alice, 4, "", &ping("other"));
        rig.seconds(1.0);
        rig.send_in(&bob, 5, "", "");
    }),
    ("cut rids", |rig| {
        rig.create("wait='20' hold='1'");
        rig.send(1 + (1 << 32), "", "");
        rig.seconds(1.0);
        rig.send(1, "", "");
    }),
    ("a message for a request ahead of a gap", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 5, "", "");
        rig.send_in(&alice, 4, "", &to_bob("who waits"));
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", &ping("a"));
        rig.seconds(1.0);
    }),
    ("an end, or a pause, ahead of a gap", |rig| {
        for ahead in ["type='terminate'", "pause='5'"] {
            rig.create("wait='20' hold='1'");
            rig.login();
            rig.send(5, ahead, "");
            rig.seconds(1.0);
            rig.send(4, "", &ping("a"));
            rig.seconds(1.0);
        }
    }),
    ("above the window, with others that wait", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&alice, 4, "", "<presence xmlns='jabber:client' to='bob@localhost/r'/>");
        rig.send_in(&alice, 6, "", &to_bob("waits"));
        rig.send_in(&alice, 20, "", &to_bob("refused"));
        for n in 4..8 {
            rig.send_in(&bob, n, "", "");
            rig.seconds(1.0);
        }
    }),
    ("a held request that comes again twice, and is answered", |rig| {
        rig.create("wait='5' hold='1'");
        for _ in 0..3 {
            rig.send(1, "", "");
            rig.seconds(0.5);
        }
        rig.seconds(11.0);
        rig.send(1, "", "");
    }),
    ("one of two that are held comes again", |rig| {
        rig.create("wait='5' hold='2'");
        rig.send(1, "", "");
        rig.send(2, "", "");
        rig.seconds(0.5);
        rig.send(2, "", "");
        rig.seconds(11.0);
    }),
    ("a request behind a gap that comes again", |rig| {
        let (bob, alice) = pair(rig, "wait='5' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.send_in(&alice, 5, "", &to_bob("once"));
        rig.send_in(&alice, 5, "", &to_bob("once"));
        rig.send_in(&alice, 4, "", &ping("a"));
        for n in 5..8 {
            rig.send_in(&bob, n, "", "");
            rig.seconds(2.0);
        }
    }),
    ("messages for a broken connection", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        let held = rig.send_in(&bob, 4, "", "");
        rig.cut(held);
        for n in 4..7 {
            rig.send_in(&alice, n, "", &to_bob("nobody listens"));
        }
        rig.seconds(1.0);
        rig.send_in(&bob, 4, "", "");
        rig.send_in(&bob, 5, "", "");
        rig.seconds(1.0);
    }),
    ("a message given again while another request is held", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.send_in(&alice, 4, "", &to_bob("hello"));
        rig.send_in(&bob, 5, "", "");
        rig.send_in(&bob, 4, "", "");
        rig.seconds(1.0);
    }),
    ("a pause, and repeats, among those that are remembered", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", &ping("a"));
        rig.send(5, "pause='10'", "");
        rig.send(6, "", &ping("b"));
        rig.send(4, "", &ping("a"));
        rig.send(6, "", &ping("b"));
        rig.send(4, "", &ping("a"));
    }),
    ("a message with an old rid", |rig| {
        let (bob, alice) = pair(rig, "wait='5' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.post(&format!("<body xmlns='{NS}' rid='3' sid='{alice}'>{}</body>", to_bob("old")));
        rig.seconds(1.0);
    }),
    ("an answer that is repeated without end", |rig| {
        rig.create("wait='20' hold='1'");
        rig.login();
        for _ in 0..20 {
            rig.send(4, "", &ping("a"));
        }
        rig.send(5, "", &ping("b"));
    }),
    ("after a pause, a repeat and a copy", |rig| {
        for before in ["pause", "repeat", "copy"] {
            rig.create("wait='5' hold='1'");
            rig.login();
            match before {
                "pause" => {
                    rig.send(4, "pause='10'", "");
                }
                "repeat" => {
                    rig.send(4, "", &ping("a"));
                    rig.send(4, "", &ping("a"));
                }
                _ => {
                    rig.send(4, "", "");
                    rig.send(4, "", "");
                    rig.seconds(6.0);
                }
            }
            rig.send(5, "", "");
            rig.send(6, "", &ping("b"));
            rig.seconds(6.0);
            rig.send(8, "", "");
            rig.send(7, "", &ping("c"));
            rig.seconds(50.0);
            rig.send(9, "", "");
            rig.seconds(6.0);
        }
    }),
    ("silence after a repeat", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", &ping("a"));
        rig.send(4, "", &ping("a"));
        rig.seconds(100.0);
        rig.send(5, "", "");
        rig.seconds(6.0);
    }),
    ("after a message", |rig| {
        let (bob, alice) = pair(rig, "wait='5' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.seconds(0.5);
        rig.send_in(&alice, 4, "", &to_bob("hello"));
        rig.send_in(&bob, 5, "", "");
        rig.seconds(10.0);
        rig.send_in(&alice, 5, "", &to_bob("who waits"));
        rig.send_in(&bob, 5, "", "");
        rig.send_in(&bob, 6, "", "");
        rig.seconds(6.0);
    }),
    ("the end far ahead", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(50, "type='terminate'", "");
    }),
    ("answers on rare paths", |rig| {
        rig.create("wait='0' hold='1'");
        rig.send(1, "", "");
        rig.create("wait='5' hold='1'");
        rig.send(1, "to='localhost' xmpp:version='1.0'", "");
        rig.create("wait='5' hold='1' ack='1'");
        rig.login();
        rig.send(4, "", &ping("a"));
        rig.send(5, "ack='1003'", &ping("b"));
        rig.send(5, "ack='1003'", &ping("b"));
    }),
];

/// The sid of the latest session.
fn last(rig: &Rig) -> String {
    rig.sid(rig.sessions() - 1)
}

/// A session with large rids: its requests, one above a gap, one that comes again.
fn large(rig: &mut Rig, first: u64) {
    let token = rig.post(&format!(
        "<body xmlns='{NS}' rid='{first}' to='localhost' ver='1.11' wait='5' hold='1'/>"
    ));
    rig.took(token);
    let sid = last(rig);
    let mut send = |n: u64, seconds: f64| {
        rig.post(&format!("<body xmlns='{NS}' rid='{}' sid='{sid}'/>", first + n));
        rig.seconds(seconds);
    };
    for n in [1, 2, 3] {
        send(n, 0.5);
    }
    send(4, 6.0);
    for n in [3, 4, 6, 5, 7, 8] {
        send(n, 0.5);
    }
    rig.seconds(6.0);
}
