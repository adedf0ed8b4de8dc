//! Tours of how a session ends, and of what tells of it (XEP-0124 §13, §17).

use super::stanzas::{pair, ping, to_bob};
use crate::bosh::NS;
use crate::defects::rig::Tour;
use crate::defects::rig::{RID, Rig};

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("a farewell", |rig| {
        let (bob, alice) = pair(rig, "wait='20' hold='1'");
        rig.send_in(&bob, 4, "", "");
        rig.send_in(&alice, 4, "type='terminate'", &to_bob("bye"));
        rig.seconds(1.0);
        rig.send_in(&alice, 5, "", "");
        rig.seconds(5.0);
    }),
    ("the client ends it while a request is held", |rig| {
        for hold in [1, 2] {
            rig.create(&format!("wait='20' hold='{hold}'"));
            for n in 1..=hold {
                rig.send(n, "", "");
            }
            rig.seconds(0.5);
            rig.send(hold + 1, "type='terminate'", "");
            rig.seconds(2.0);
            rig.send(hold + 2, "", "");
            rig.seconds(2.0);
            rig.send(hold + 3, "", "");
            rig.seconds(25.0);
        }
    }),
    ("malformed requests of a session", |rig| {
        for ver in ["ver='1.11'", ""] {
            for bad in ["rid='x'", "rid='1002' type='foo'"] {
                let sid = open(rig, ver);
                rig.send_in(&sid, 1, "", "");
                rig.seconds(0.5);
                rig.post(&format!("<body xmlns='{NS}' sid='{sid}' {bad}/>"));
                rig.seconds(1.0);
                rig.send_in(&sid, 2, "", "");
                rig.seconds(1.0);
            }
        }
    }),
    ("what is not found", |rig| {
        for ver in ["ver='1.11'", ""] {
            let sid = open(rig, ver);
            rig.send_in(&sid, 1000, "", "");
            let sid = open(rig, ver);
            rig.send_in(&sid, 1, "stream='unknown'", "<x xmlns='y'/>");
            rig.send_in("unknown", 1, "", "");
            rig.seconds(1.0);
        }
    }),
    ("polls that come too fast", |rig| {
        for ver in ["ver='1.11'", ""] {
            rig.post(&format!(
                "<body xmlns='{NS}' rid='{RID}' to='localhost' wait='0' hold='0' {ver}/>"
            ));
            let token = rig.post(&format!(
                "<body xmlns='{NS}' rid='{RID}' to='localhost' wait='0' hold='0' {ver}/>"
            ));
            rig.took(token);
            for n in 1..4 {
                rig.send(n, "", "");
                rig.seconds(0.5);
            }
        }
    }),
    ("creation requests that are refused", |rig| {
        let creation = |rig: &mut Rig, attributes: &str| {
            rig.post(&format!("<body xmlns='{NS}' rid='{RID}' ver='1.11' {attributes}/>"));
            rig.seconds(1.0);
        };
        for attributes in [
            "to='localhost' wait='abc'",
            "to='localhost' hold='-1'",
            "to='unknown.invalid' wait='3'",
            "to=''",
            "",
        ] {
            creation(rig, attributes);
        }
        rig.post("<html/>");
        rig.post("<body");
        rig.seconds(5.0);
    }),
    ("a stream error", |rig| {
        rig.create("wait='20' hold='1'");
        rig.send(1, "", "<message xmlns='jabber:client' to='bob@localhost'/>");
        rig.seconds(1.0);
        rig.send(2, "", "");
    }),
    ("shutdown", |rig| {
        rig.create("wait='20' hold='1'");
        rig.send(1, "", "");
        rig.seconds(1.0);
        rig.shut_down();
        rig.send(2, "", "");
        rig.create("wait='20' hold='1'");
    }),
    ("recovery", |rig| {
        rig.create("wait='20' hold='1'");
        for pause in [1.0, 0.0, 1.0] {
            rig.send(1, "", "");
            rig.seconds(pause);
        }
        rig.send(2, "", "");
    }),
    ("a stanza that fails", |rig| {
        rig.create("wait='20' hold='1'");
        rig.login();
        rig.send(
            4,
            "",
            "<iq xmlns='jabber:client' type='get' id='q'><query xmlns='unknown'/></iq>",
        );
        rig.send(5, "", &ping("after"));
        rig.seconds(1.0);
    }),
    ("a farewell of several payloads", |rig| {
        for held in [false, true] {
            let (bob, alice) = pair(rig, "wait='20' hold='1'");
            rig.send_in(&bob, 4, "", "");
            let n = if held {
                rig.send_in(
                    &alice,
                    4,
                    "",
                    "<presence xmlns='jabber:client' to='bob@localhost/r'/>",
                );
                5
            } else {
                4
            };
            let bye = format!("{}{}", to_bob("bye"), to_bob("and good luck"));
            for n in [n, n, n + 1] {
                rig.send_in(&alice, n, "type='terminate'", &bye);
            }
            for n in 5..8 {
                rig.send_in(&bob, n, "", "");
                rig.seconds(1.0);
            }
            rig.send_in(&bob, 8, "type='terminate'", "");
        }
    }),
    ("the end of a pause", |rig| {
        rig.create("wait='20' hold='1'");
        rig.send(1, "pause='60'", "");
        rig.seconds(1.0);
        rig.send(2, "type='terminate'", "");
        rig.send(3, "", "");
        rig.seconds(1.0);
    }),
];

/// Opens a session with or without `ver`; gives its sid.
fn open(rig: &mut Rig, ver: &str) -> String {
    let token = rig
        .post(&format!("<body xmlns='{NS}' rid='{RID}' to='localhost' wait='20' hold='1' {ver}/>"));
    rig.took(token);
    rig.sid(rig.sessions() - 1)
}
