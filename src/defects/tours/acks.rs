//! Tours of acknowledgements (XEP-0124 §9).

use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

const NONE: &str = "<iq xmlns='jabber:client' type='result' id='none' to='localhost'/>";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("two requests at once", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", "");
        rig.send(5, "", "");
        rig.send(6, "", PING);
        rig.seconds(5.0);
    }),
    ("a gap", |rig| {
        rig.create("wait='5' hold='2'");
        rig.login();
        rig.send(4, "", "");
        rig.send(6, "", "");
        rig.seconds(5.0);
        rig.send(5, "", "");
        rig.seconds(5.0);
    }),
    ("a lost response", |rig| {
        rig.create("wait='5' hold='1' ack='1'");
        rig.login();
        rig.send(4, "", PING);
        rig.send(5, "", PING);
        rig.seconds(1.5);
        rig.send(6, "ack='1004'", "");
        rig.seconds(5.0);
    }),
    ("two requests that are held", |rig| {
        rig.create("wait='5' hold='2'");
        rig.login();
        rig.send(4, "", "");
        rig.send(5, "", "");
        rig.seconds(6.0);
        rig.send(6, "", "");
        rig.send(7, "", "");
        rig.send(8, "", NONE);
        rig.seconds(6.0);
    }),
    ("a request that comes again", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", "");
        rig.send(4, "", "");
        rig.send(5, "", NONE);
        rig.seconds(6.0);
    }),
    ("two lost responses, of which the first was held", |rig| {
        rig.create("wait='2' hold='1' ack='1'");
        rig.login();
        rig.send(4, "", PING);
        rig.send(5, "", "");
        rig.seconds(3.0);
        rig.send(6, "ack='1004'", PING);
        rig.seconds(1.0);
        rig.send(7, "ack='1004'", "");
        rig.seconds(3.0);
        rig.send(8, "", PING);
    }),
    ("an ack while a request is held", |rig| {
        rig.create("wait='5' hold='1' ack='1'");
        rig.login();
        rig.send(4, "", "");
        rig.send(5, "ack='1003'", NONE);
        rig.seconds(6.0);
    }),
    ("no acks", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        rig.send(4, "", PING);
        rig.send(5, "", PING);
    }),
];
