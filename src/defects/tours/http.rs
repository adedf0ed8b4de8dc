//! Tours of HTTP around BOSH (XEP-0124 §2, §4, §5).

use http::{StatusCode, Version};

use crate::bosh::NS;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

fn creation() -> String {
    format!(
        "<body xmlns='{NS}' xmlns:xmpp='urn:xmpp:xbosh' rid='1000' to='localhost' ver='1.11' \
         wait='5' hold='1' xmpp:version='1.0'/>"
    )
}

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("what comes for a client", super::kinds::of_delivery),
    ("ends", super::kinds::of_ends),
    ("restarts", super::kinds::of_restarts),
    ("creations that are nearly right", super::kinds::of_creations),
    ("HTTP that is not as usual", super::forms::of_http),
    ("two sessions", super::forms::of_two_sessions),
    ("answers of all kinds", super::answers::of_all_kinds),
    ("HTTP/1.0", |rig| {
        let created = rig.post_as(Version::HTTP_10, &[], &creation());
        rig.took(created);
        rig.post_as(Version::HTTP_10, &[("Connection", "keep-alive")], &rig.text(1, "", ""));
        rig.seconds(6.0);
        rig.post_as(Version::HTTP_10, &[], &rig.text(2, "type='terminate'", ""));
    }),
    ("one of two connections breaks", |rig| {
        rig.create("wait='5' hold='2'");
        let held = rig.send(1, "", "");
        rig.send(2, "", "");
        rig.cut(held);
        rig.seconds(6.0);
    }),
    ("connections that break", |rig| {
        rig.create("wait='5' hold='1'");
        let held = rig.send(1, "", "");
        rig.seconds(0.5);
        rig.cut(held);
        rig.send(1, "", "");
        rig.seconds(6.0);
        let held = rig.send(2, "", "");
        rig.cut(held);
        rig.send(3, "", "");
        rig.seconds(6.0);
        rig.unread(StatusCode::BAD_REQUEST);
        rig.send(4, "", "");
        rig.seconds(6.0);
    }),
    ("large requests", |rig| {
        rig.create("wait='5' hold='1'");
        let filler = "x".repeat(1 << 20);
        let large = format!("<message xmlns='jabber:client'><body>{filler}</body></message>");
        rig.send(1, "", &large);
        rig.send(1, "", "");
        rig.seconds(6.0);
    }),
    ("errors beside a session that polls", |rig| {
        rig.create("wait='5' hold='1'");
        let bystander = rig.sid(0);
        rig.send_in(&bystander, 1, "", "");
        rig.create("wait='5' hold='1'");
        rig.send(1, "", "<wrong/>");
        rig.send_in("unknown", 1, "", "");
        rig.post("<body");
        rig.seconds(6.0);
        rig.send_in(&bystander, 2, "", "");
        rig.seconds(6.0);
        rig.send_in(&bystander, 3, "type='terminate'", "");
    }),
    ("a whole session, a connection for each request", |rig| {
        let close: &[(&str, &str)] = &[("Connection", "close")];
        let created = rig.post_as(Version::HTTP_11, close, &creation());
        rig.took(created);
        rig.post_as(Version::HTTP_11, close, &rig.text(1, "", ""));
        rig.seconds(6.0);
        rig.post_as(Version::HTTP_11, close, &rig.text(2, "type='terminate'", ""));
    }),
    ("five polls, a repeat and the end", |rig| {
        rig.create("wait='2' hold='1'");
        for n in 1..=5 {
            rig.send(n, "", "");
            rig.seconds(3.0);
        }
        rig.send(6, "", "");
        rig.send(6, "", "");
        rig.send(7, "type='terminate'", "");
        rig.send(8, "", "");
        rig.create("wait='2' hold='2'");
        rig.send(1, "", "");
        rig.send(2, "", "");
        rig.shut_down();
    }),
    ("a second poll", |rig| {
        rig.create("wait='30' hold='1'");
        rig.login();
        rig.seconds(1.0);
        rig.send(4, "", "");
        rig.seconds(1.5);
        rig.send(5, "", "");
        rig.seconds(1.5);
        rig.send(6, "", "");
        rig.seconds(10.0);
        rig.send(7, "", PING);
        rig.seconds(60.0);
    }),
    ("headers that do not matter", |rig| {
        for (name, value) in [
            ("X-Foo", "1"),
            ("Range", "bytes=0-10"),
            ("If-None-Match", "\"x\""),
            ("Content-Type", "text/plain"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Type", "application/xml"),
            ("Transfer-Encoding", "chunked"),
            ("Accept-Encoding", "gzip"),
            ("Accept-Encoding", "gzip;q=0"),
            ("Accept-Encoding", "identity"),
        ] {
            rig.ask(
                "POST",
                &[("Host", "localhost"), ("User-Agent", "tour"), (name, value)],
                &creation(),
            );
        }
        rig.ask("POST", &[("Host", "localhost")], &creation());
    }),
    ("other methods", |rig| {
        let preflight = [
            ("Origin", "http://a.example"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "content-type"),
        ];
        rig.ask("OPTIONS", &preflight, "");
        rig.create("wait='5' hold='1'");
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            rig.ask(method, &[], "");
            rig.ask(method, &[], &rig.text(1, "", ""));
        }
        rig.send(1, "", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
        rig.seconds(6.0);
    }),
    ("a large response", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        echo(rig, 4, &"x".repeat(70_000));
    }),
];

/// The client sends itself a message.
fn echo(rig: &mut Rig, n: u64, text: &str) {
    let to = rig.jid();
    rig.send(
        n,
        "",
        &format!(
            "<message xmlns='jabber:client' to='{to}' type='chat'><body>{text}</body></message>"
        ),
    );
}
