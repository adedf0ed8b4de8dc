//! Tours of the pace that a client has to keep (XEP-0124 §11, §12).

use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("one more, to end the session", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", "");
        rig.send(2, "", "");
        rig.send(3, "type='terminate'", "");
    }),
    ("three empty requests at once", |rig| {
        rig.create("wait='5' hold='2'");
        for n in 1..=3 {
            rig.send(n, "", "");
        }
        rig.seconds(6.0);
    }),
    ("behind a gap", |rig| {
        rig.create("wait='5' hold='2'");
        rig.login();
        for n in 5..=7 {
            rig.send(n, "", PING);
        }
        rig.seconds(1.0);
        rig.send(4, "", "");
        rig.seconds(6.0);
    }),
    ("one beyond the window", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", "");
        rig.send(4, "", "");
    }),
    ("repeats of a held request", |rig| {
        rig.create("wait='5' hold='1'");
        for _ in 0..4 {
            rig.send(1, "", "");
            rig.seconds(0.5);
        }
        rig.seconds(5.0);
    }),
    ("payloads without a break", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        for n in 4..14 {
            rig.send(n, "", PING);
        }
        rig.send(14, "", "");
        rig.seconds(6.0);
    }),
    ("many empty requests in order", |rig| {
        rig.create("wait='5' hold='1'");
        for n in 1..=20 {
            rig.send(n, "", "");
        }
        rig.seconds(6.0);
    }),
    ("what a polling session is told", |rig| {
        rig.create("wait='60' hold='1'");
        for (wait, hold) in [(0, 1), (60, 0), (0, 0)] {
            rig.create(&format!("wait='{wait}' hold='{hold}'"));
            rig.login();
            for n in 4..7 {
                rig.send(n, "", "");
                rig.seconds(5.2);
            }
            rig.send(7, "type='terminate'", "");
        }
    }),
    ("polling too fast", |rig| {
        rig.create("wait='0' hold='0'");
        rig.send(1, "", "");
        rig.seconds(6.0);
        rig.send(2, "", "");
        rig.seconds(0.2);
        rig.send(3, "", "");
        rig.send(4, "", "");
    }),
    ("polling almost at the legal rate", |rig| {
        rig.create("wait='0' hold='1'");
        rig.seconds(6.0);
        rig.send(1, "", "");
        rig.seconds(4.2);
        rig.send(2, "", "");
        rig.send(3, "", "");
    }),
    ("polling with payloads", |rig| {
        rig.create("wait='0' hold='1'");
        rig.login();
        for n in 0..5 {
            rig.send(4 + 2 * n, "", PING);
            rig.send(5 + 2 * n, "", "");
        }
    }),
    ("polling after a message", |rig| {
        rig.create("wait='0' hold='1'");
        rig.login_as("alice");
        rig.create("wait='5' hold='1'");
        rig.login_as("bob");
        message(rig, 4);
        let alice = rig.sid(0);
        rig.send_in(&alice, 4, "", "");
        rig.send_in(&alice, 5, "", "");
        rig.seconds(5.0);
        rig.send_in(&alice, 6, "", "");
    }),
    ("repeats of a request that was answered", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        for _ in 0..5 {
            rig.send(4, "", PING);
        }
    }),
    ("messages without a break", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        for n in 4..16 {
            message(rig, n);
        }
    }),
    ("messages when polling", |rig| {
        rig.create("wait='0' hold='1'");
        rig.login_as("alice");
        rig.create("wait='0' hold='1'");
        rig.login();
        message(rig, 4);
        rig.seconds(1.0);
        rig.send(5, "", "");
        rig.seconds(3.0);
    }),
    ("polling too fast, with a hold", |rig| {
        for (wait, hold) in [(0, 1), (60, 0)] {
            rig.create(&format!("wait='{wait}' hold='{hold}'"));
            rig.send(1, "", "");
            rig.seconds(6.0);
            rig.send(2, "", "");
            rig.seconds(0.2);
            rig.send(3, "", "");
            rig.send(4, "", PING);
        }
    }),
    ("a poll that comes again", |rig| {
        rig.create("wait='0' hold='1'");
        rig.seconds(6.0);
        rig.send(1, "", "");
        rig.send(1, "", "");
        rig.seconds(4.0);
        rig.send(1, "", "");
        rig.seconds(1.5);
        rig.send(2, "", "");
    }),
    ("polling too fast after a message", |rig| {
        rig.create("wait='0' hold='1'");
        rig.login_as("alice");
        rig.create("wait='5' hold='1'");
        rig.login_as("bob");
        message(rig, 4);
        let alice = rig.sid(0);
        rig.send_in(&alice, 4, "", "");
        rig.send_in(&alice, 5, "", "");
        rig.send_in(&alice, 6, "", "");
    }),
];

/// The latest session writes to alice.
fn message(rig: &mut Rig, n: u64) {
    rig.send(
        n,
        "",
        "<message xmlns='jabber:client' to='alice@localhost/r'><body>Hello</body></message>",
    );
}
