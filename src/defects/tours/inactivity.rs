//! Tours of inactivity and pauses (XEP-0124 §10).

use super::stanzas::{pair, to_bob};
use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("silence", |rig| {
        for silence in [30.0, 59.0, 65.0, 98.0, 122.0] {
            rig.create("wait='1' hold='1'");
            rig.send(1, "", "");
            rig.seconds(1.0);
            rig.seconds(silence);
            rig.send(2, "", "");
            rig.seconds(1.0);
        }
        rig.send_in("no-such-sid", 1, "", "");
    }),
    ("a held request stops the clock", |rig| {
        rig.create("wait='60' hold='1'");
        rig.send(1, "", "");
        rig.seconds(60.0);
        rig.seconds(30.0);
        rig.send(2, "", "");
        rig.seconds(60.0);
        rig.send(3, "", "");
        rig.seconds(60.0);
    }),
    ("a pause", |rig| {
        for silence in [65.0, 98.0, 105.0, 140.0] {
            rig.create("wait='5' hold='1'");
            rig.login();
            rig.send(4, "", "");
            rig.send(5, "pause='100'", "");
            rig.seconds(silence);
            rig.send(6, "", "");
            rig.seconds(5.0);
        }
    }),
    ("a pause that is over", |rig| {
        rig.create("wait='1' hold='1'");
        rig.login();
        rig.send(4, "pause='119'", "");
        rig.send(5, "", "");
        rig.seconds(1.0);
        rig.seconds(65.0);
        rig.send(6, "", "");
        rig.seconds(1.0);
    }),
    ("payloads and a pause", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "pause='70'", PING);
        rig.seconds(68.0);
        rig.send(5, "", "");
        rig.seconds(5.0);
        rig.send(6, "", "");
        rig.send(7, "pause='70'", PING);
        rig.seconds(1.0);
        rig.send(8, "", "");
        rig.seconds(5.0);
    }),
    ("a message before a pause", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login_as("alice");
        rig.create("wait='5' hold='1'");
        rig.login_as("bob");
        rig.send(
            4,
            "",
            "<message xmlns='jabber:client' to='alice@localhost/r'><body>Hello</body></message>",
        );
        let alice = rig.sid(0);
        rig.send_in(&alice, 4, "pause='70'", "");
        rig.seconds(1.0);
        rig.send_in(&alice, 5, "", "");
        rig.seconds(5.0);
    }),
    ("a pause that is too long", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "pause='180'", "");
        rig.seconds(170.0);
        rig.send(5, "", "");
        rig.seconds(5.0);
    }),
    ("sessions that are not used", |rig| {
        for silence in [40.0, 98.0] {
            rig.create("wait='1' hold='1'");
            rig.seconds(silence);
            rig.send(1, "", "");
            rig.seconds(1.0);
        }
    }),
    ("silence when polling", |rig| {
        for silence in [69.0, 105.0] {
            rig.create("wait='0' hold='1'");
            rig.send(1, "", "");
            rig.seconds(silence);
            rig.send(2, "", "");
            rig.seconds(1.0);
        }
    }),
    ("a pause when polling", |rig| {
        rig.create("wait='0' hold='1'");
        rig.send(1, "pause='90'", "");
        rig.seconds(85.0);
        rig.send(2, "", "");
        rig.seconds(1.0);
    }),
    ("a client that goes, and its partner", |rig| {
        for broken in [false, true] {
            let (bob, alice) = pair(rig, "wait='5' hold='1'");
            let hello = "<presence xmlns='jabber:client' to='bob@localhost/r'/>";
            let held = rig.send_in(&alice, 4, "", hello);
            rig.send_in(&bob, 4, "", "");
            if broken {
                rig.cut(held);
            }
            for n in 5..25 {
                rig.send_in(&bob, n, "", "");
                rig.seconds(5.5);
            }
            rig.send_in(&alice, 5, "", &to_bob("late"));
            rig.send_in(&alice, 6, "type='terminate'", "");
            rig.send_in(&bob, 25, "type='terminate'", "");
        }
    }),
    ("two requests that are held, and a pause", |rig| {
        rig.create("wait='20' hold='2'");
        rig.send(1, "", "");
        rig.send(2, "", "");
        rig.send(3, "pause='70'", "");
        rig.seconds(4.0);
        rig.send(4, "", "");
        rig.seconds(25.0);
    }),
    ("two pauses", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "pause='70'", "");
        rig.seconds(1.0);
        rig.send(2, "", "");
        rig.seconds(6.0);
        rig.send(3, "pause='70'", "");
        rig.seconds(67.0);
        rig.send(4, "", "");
        rig.seconds(6.0);
    }),
    ("a message during a pause", |rig| {
        let (bob, alice) = pair(rig, "wait='5' hold='1'");
        rig.send_in(&bob, 4, "pause='70'", "");
        rig.seconds(1.0);
        rig.send_in(&alice, 4, "", &to_bob("meanwhile"));
        rig.send_in(&bob, 5, "", "");
        rig.seconds(6.0);
    }),
    ("pauses that are much too long", |rig| {
        for pause in [121_u64, 65_656] {
            rig.create("wait='5' hold='1'");
            rig.send(1, &format!("pause='{pause}'"), "");
            rig.seconds(6.0);
            rig.send(2, "", "");
            rig.seconds(6.0);
        }
    }),
];
