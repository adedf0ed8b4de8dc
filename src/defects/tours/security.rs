//! Tours of pipelining and what must not be guessed (XEP-0124 §18, §19).

use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("two requests at once on one connection", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        let first = rig.send(4, "", "");
        rig.hurry(first);
        rig.send(5, "", PING);
        rig.seconds(6.0);
        rig.send(6, "", PING);
    }),
    ("sessions one after the other", |rig| {
        for _ in 0..4 {
            rig.create("wait='5' hold='1'");
            rig.send(1, "type='terminate'", "");
        }
    }),
];
