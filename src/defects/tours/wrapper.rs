//! Tours of the `<body/>` wrapper (XEP-0124 §6, §22; XEP-0206 §2).

use crate::bosh::NS;
use crate::cm::session::Token;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

const PING: &str = "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";

/// What a creation request has beside its rid.
const REST: &str = "to='localhost' ver='1.11' wait='5' hold='1' \
                    xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'";

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("documents that are written otherwise", super::forms::of_documents),
    ("answers of all kinds", super::answers::of_all_kinds),
    ("other namespaces and prefixes", |rig| {
        rig.post(&format!("<body rid='1' {REST}/>"));
        rig.post(&format!("<body xmlns='urn:x' rid='1' {REST}/>"));
        let created = format!("rid='1' {REST}");
        let renamed = created.replace("xmpp:version", "x:version").replace("xmlns:xmpp", "xmlns:x");
        rig.post(&format!("<b:body xmlns:b='{NS}' {created}/>"));
        rig.post(&format!("<body xmlns='{NS}' {renamed}/>"));
    }),
    ("a creation that asks for too much", |rig| {
        rig.create("wait='65535' hold='255'");
        rig.post(&format!("<body xmlns='{NS}' rid='1' {}/>", REST.replace("'5'", "'65536'")));
    }),
    ("numbers in all forms, and other roots", |rig| {
        for number in ["07", "+7", " 7 "] {
            rig.post(&format!("<body xmlns='{NS}' rid='{number}' {REST}/>"));
        }
        rig.post(&format!("<wrapper xmlns='{NS}' rid='1' {REST}/>"));
    }),
    ("messages that come together, a repeat after a restart, and polls", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        let jid = rig.jid();
        let message =
            format!("<message xmlns='jabber:client' to='{jid}'><x xmlns='urn:xmpp:x'/></message>");
        rig.send(4, "", &message.repeat(2));
        rig.send(5, "", "");
        rig.seconds(6.0);
        rig.create("wait='5' hold='1'");
        let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
        rig.send(1, "", auth);
        rig.send(2, "xmpp:restart='true' to='localhost'", "");
        rig.send(1, "", auth);
        rig.create("wait='0' hold='0'");
        for n in 1..4 {
            rig.send(n, "", "");
        }
    }),
    ("creations that are malformed", |rig| {
        let start = format!("<body xmlns='{NS}' rid='1' {REST}");
        for rest in ["", ">", "><a></body>", ">\0</body>", "></b>"] {
            rig.post(&format!("{start}{rest}"));
        }
        rig.post("");
        let latin: Vec<u8> = [start.as_bytes(), b">\xff</body>"].concat();
        let request = http::Request::builder().method("POST").uri("/http-bind");
        rig.http(&request.body(latin.into()).unwrap());
        rig.post(&format!("{start}/>"));
    }),
    ("a syntax error in a session", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        let whole = rig.text(4, "", PING);
        rig.post(whole.trim_end_matches("body>"));
        rig.send(5, "", "");
    }),
    ("what XML must not have here", |rig| {
        let body = format!("<body xmlns='{NS}' rid='1' {REST}/>");
        rig.post(&format!("<!DOCTYPE body>{body}"));
        rig.post(&format!("<!DOCTYPE body [<!ELEMENT body ANY>]>{body}"));
        let declared = "<!DOCTYPE body [<!ENTITY a 'local'><!ENTITY b '&a;'>]>";
        rig.post(&format!("{declared}{}", body.replace("localhost", "&b;host")));
        for inside in ["<!-- x -->", "<?x y?>", "hello"] {
            rig.create("wait='5' hold='1'");
            rig.send(1, "", inside);
            rig.seconds(6.0);
        }
    }),
    ("rids that are none", |rig| {
        for (n, rid) in
            ["", "rid='abc'", "rid='-1'", "rid='0'", "rid='1.5'", "rid=''"].into_iter().enumerate()
        {
            rig.post(&format!("<body xmlns='{NS}' {rid} {REST}/>"));
            rig.create("wait='5' hold='1'");
            let sid = rig.sid(n);
            rig.post(&format!("<body xmlns='{NS}' {rid} sid='{sid}'/>"));
            rig.seconds(6.0);
        }
    }),
    ("attributes that nobody knows", |rig| {
        rig.create("wait='5' hold='1' xmlns:z='urn:x' z:foo='1' foo='1'");
        rig.create("wait='5' hold='1'");
        rig.send(1, "xmlns:z='urn:x' z:foo='1'", "");
        rig.create("wait='5' hold='1'");
        rig.send(1, "foo='1'", "");
        rig.seconds(6.0);
    }),
    ("messages to oneself", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        for (n, text) in (4..).zip([
            " in spaces ",
            "a&#13;\nb",
            "a &amp; b &lt;",
            "\u{1f389}",
            "\u{2028}",
            "\u{a0}",
        ]) {
            echo(rig, n, "", text);
        }
        echo(rig, 10, "id='&lt;'", "x");
        let large = "x".repeat(200_000);
        echo(rig, 11, "", &large);
        rig.send(12, "", "");
        rig.seconds(6.0);
    }),
    ("several payloads", |rig| {
        rig.create("wait='5' hold='1'");
        rig.login();
        let ping = |id: &str| PING.replace("'p'", &format!("'{id}'"));
        rig.send(4, "", &ping("1"));
        rig.send(5, "", &(ping("1") + &ping("2") + &ping("3")));
        rig.send(6, "", "");
        rig.seconds(6.0);
        rig.send(7, "", "<iq type='get' id='bare'><ping xmlns='urn:xmpp:ping'/></iq>");
        rig.send(8, "", &(ping("mixed") + "<x xmlns='urn:private'/>"));
        rig.seconds(6.0);
    }),
    ("a repeat, and the end", |rig| {
        rig.create("wait='5' hold='1' ack='1'");
        rig.send(1, "", "");
        rig.send(1, "", "");
        rig.send(2, "type='terminate'", "");
    }),
    ("a pause, and the end", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "pause='10'", "");
        rig.send(2, "type='terminate'", "");
    }),
    ("stream errors", |rig| {
        rig.create("wait='5' hold='1'");
        rig.send(1, "", PING);
        rig.create("wait='5' hold='1'");
        rig.login_as("alice");
        rig.send(4, "", "<presence xmlns='jabber:client'/>");
        rig.send(5, "", "");
        rig.create("wait='5' hold='1'");
        rig.login_as("alice");
        rig.seconds(6.0);
    }),
];

/// The client sends itself a message.
fn echo(rig: &mut Rig, n: u64, attributes: &str, text: &str) -> Token {
    let to = rig.jid();
    rig.send(
        n,
        "",
        &format!(
            "<message xmlns='jabber:client' to='{to}' {attributes}><body>{text}</body></message>"
        ),
    )
}
