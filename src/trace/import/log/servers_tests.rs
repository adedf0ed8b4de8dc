//! Samples of the dialects of servers, as their programs write them.

use super::tests::{HTTPBIND, assert_read, read};
use crate::trace::source::Unknown;

#[test]
fn prosody() {
    // Without mod_stanza_debug there are first tags alone.
    let text = "Jul 01 22:09:02 c2s969cd58\tdebug\tClient sent opening <stream:stream> to b\n\
                Jul 01 22:09:02 c2s969cd58\tdebug\tReceived[c2s]: <iq id='1' type='get'>\n\
                Jul 01 22:09:03 c2s969cd58\tdebug\tSending[c2s]: <iq id='1' type='result'>\n\
                Jul 01 22:09:04 c2s777\tdebug\tReceived[c2s_unauthed]: <auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\n\
                Jul 01 22:09:04 c2s777\tdebug\tx\n";
    assert_read(
        "log of Prosody",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' id='1' type='get'> (cut)",
            "1 1000 S part <iq xmlns='jabber:client' id='1' type='result'> (cut)",
            "2 2000 C part <auth mechanism='PLAIN' xmlns='urn:ietf:params:xml:ns:xmpp-sasl'> (cut)",
        ],
    );
    // With it, whole stanzas.
    let text = "Jul 01 22:09:02 c2s1 debug RECV: <iq id='1' type='get'>\n\t<a/></iq>\n\
                Jul 01 22:09:02 c2s1 debug Received[c2s]: <iq id='1' type='get'>\n\
                Jul 01 22:09:02 c2s2 debug SEND: <message/>\n";
    assert_read(
        "log of Prosody",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' id='1' type='get'>\n\t<a/></iq>",
            "2 0 S part <message xmlns='jabber:client'/>",
        ],
    );
}

#[test]
fn prosody_over_bosh() {
    let text = format!(
        "mod_bosh            debug\tHandling new request table: 0x5: <body rid=\"1\" {HTTPBIND}/>\n----------\n\
         boshc226 debug\tRECV: <iq id='0'/>\n\
         mod_bosh            debug\tHandling new request table: 0x6: <body rid=\"2\" sid=\"c226\" {HTTPBIND}><iq id='1'/></body>\n----------\n\
         boshc226            debug\tSEND: <iq id='1' type='result'/>\n\
         mod_bosh            debug\tWe have an open request, so sending on that\n"
    );
    let (preface, events) = read(&text);
    assert_eq!(
        events,
        [
            format!("1 0 C request <body rid=\"1\" {HTTPBIND}/>"),
            format!("2 0 C request <body rid=\"2\" sid=\"c226\" {HTTPBIND}><iq id='1'/></body>"),
            "1 0 S response 200 to 0 <iq xmlns='jabber:client' id='1' type='result'/> (cut)"
                .to_owned(),
        ]
    );
    let source = preface.source.unwrap();
    assert_eq!(source.what, "a log of Prosody");
    assert!(source.unknown.contains(&Unknown::Missing));
    assert!(source.to_string().contains("the <body/> of BOSH responses is not in it"), "{source}");
}

#[test]
fn ejabberd() {
    let text = r#"2024-01-02 12:00:00.000000+01:00 [debug] <0.566.0>@xmpp_socket:parse/2:506 (tcp|<0.566.0>) Received XML on stream = <<"<iq xmlns='jabber:client' id=\"1\" type='get'><query xmlns='jabber"
                                                             ":iq:roster'/></iq>">>
2024-01-02 12:00:00.001000+01:00 [debug] <0.566.0>@xmpp_socket:send_xml/2:295 (tls|<0.566.0>) Send XML on stream = <<"<iq type='result' id='1'/>">>
2024-01-02 12:00:00.002000+01:00 [debug] <0.570.0>@mod_bosh:process/2:70 Incoming data: <<"<body rid='1' xmlns='http://jabber.org/protocol/httpbind'/>">>
"#;
    assert_read(
        "log of ejabberd",
        text,
        &[
            "1 0 C part <iq xmlns='jabber:client' id=\"1\" type='get'><query xmlns='jabber:iq:roster'/></iq>",
            "1 1 S part <iq xmlns='jabber:client' type='result' id='1'/>",
            "2 2 C request <body rid='1' xmlns='http://jabber.org/protocol/httpbind'/>",
        ],
    );
}

#[test]
fn ejabberd_over_bosh() {
    let text = r#"2026-11-29 14:44:11.028308+00:00 [debug] <0.492.0>@mod_bosh:process/1:70 Incoming data: <<"<body xmlns='http://jabber.org/protocol/httpbind' rid='7' sid='e6'><iq type='set' id='b1' xmlns='jabber:client'/></body>">>
2026-11-29 14:44:11.029218+00:00 [notice] <0.488.0> (http_bind|<0.487.0>) Send XML on stream = <<"<iq type='result' id='b1'/>">>
2026-11-29 14:44:11.029262+00:00 [debug] <0.487.0>@ejabberd_bosh:do_reply/4:679 Send reply:
** RequestID: 7
** Reply: {body,<<>>,[],
"#;
    assert_read(
        "log of ejabberd",
        text,
        &[
            "1 0 C request <body xmlns='http://jabber.org/protocol/httpbind' rid='7' sid='e6'><iq type='set' id='b1' xmlns='jabber:client'/></body>",
            "1 0 S response 200 to 0 <body xmlns='http://jabber.org/protocol/httpbind' xmlns:stream='http://etherx.jabber.org/streams'><iq xmlns='jabber:client' type='result' id='b1'/></body>",
        ],
    );
}

#[test]
fn mongooseim() {
    let text = r#"when=2026-03-01T12:00:00.000000+00:00 level=debug what=bosh_receive pid=<0.909.0> at=mongoose_bosh_handler:info/3:90 sid=missing request_body="<body rid=\"1\" xmlns=\"http://jabber.org/protocol/httpbind\"/>"
when=2026-03-01T12:00:00.010000+00:00 level=debug what=bosh_send pid=<0.909.0> at=mongoose_bosh_handler:info/3:97 reply_body="<body sid='e4' xmlns='http://jabber.org/protocol/httpbind'/>" req_sid=missing
when=2026-03-01T12:00:00.020000+00:00 level=debug what=ws_received pid=<0.910.0> at=mongoose_websocket_handler:websocket_handle/2:113 msg="<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='b'/>" peer={{127,0,0,1},55188}
"#;
    assert_read(
        "log of MongooseIM",
        text,
        &[
            "1 0 C request <body rid=\"1\" xmlns=\"http://jabber.org/protocol/httpbind\"/>",
            "1 10 S response 200 to 0 <body sid='e4' xmlns='http://jabber.org/protocol/httpbind'/>",
            "2 20 C frame <open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='b'/>",
        ],
    );
    let text = r#"2017-11-08 10:54:58.490 [debug] <0.909.0>@mod_bosh:info:212 Sending (binary) to <<"e43c">>: <<"<body sid='e43c' xmlns='http://jabber.org/protocol/httpbind'/>">>"#;
    assert_read(
        "log of MongooseIM",
        text,
        &[
            "1 0 S response 200 to nothing <body sid='e43c' xmlns='http://jabber.org/protocol/httpbind'/>",
        ],
    );
}

#[test]
fn openfire() {
    let text = "2026-03-01T12:00:00.000Z - C2S /192.0.2.1:5000 - RECV - (      xmpp#0): <message to='a@b'/>\n\
                C2S /192.0.2.1:5000 - SENT - (   12345678): <message from='a@b'/>\n\
                2026.03.01 12:00:01.500 \x1b[32mINFO \x1b[m [Jetty-QTP-BOSH-29]: org.jivesoftware.openfire.http.HttpBindServlet - HTTP RECV(4a2): <body rid=\"2\" sid=\"4a2\" xmlns=\"http://jabber.org/protocol/httpbind\"/>\n";
    assert_read(
        "log of Openfire",
        text,
        &[
            "1 0 C part <message xmlns='jabber:client' to='a@b'/>",
            "2 0 S part <message xmlns='jabber:client' from='a@b'/>",
            "3 1500 C request <body rid=\"2\" sid=\"4a2\" xmlns=\"http://jabber.org/protocol/httpbind\"/>",
        ],
    );
}

#[test]
fn node_xmpp_bosh() {
    let text = "[2012-08-27 13:04:17.726] [DEBUG] [http-server.js] - RECD: &lt;body rid=&quot;1&quot; xmlns=&quot;http://jabber.org/protocol/httpbind&quot;/&gt;\n\
                [2012-08-27 13:04:17.730] [DEBUG] [response.js] - 0236466b-8a78 SENT(1): <body sid=\"0236466b-8a78\" xmlns=\"http://jabber.org/protocol/httpbind\"/>\n";
    assert_read(
        "log of a BOSH connection manager (node-xmpp-bosh)",
        text,
        &[
            "1 0 C request <body rid=\"1\" xmlns=\"http://jabber.org/protocol/httpbind\"/>",
            "1 4 S response 200 to 0 <body sid=\"0236466b-8a78\" xmlns=\"http://jabber.org/protocol/httpbind\"/>",
        ],
    );
}
