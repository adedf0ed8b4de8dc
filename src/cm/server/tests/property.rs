//! Whatever is said, in whatever order.

use proptest::prelude::*;

use super::*;

fn stanza() -> impl Strategy<Value = String> {
    let to = prop_oneof![
        Just(String::new()),
        Just("to='bob@example.org'".into()),
        Just("to='alice@example.org/a'".into()),
        Just("to='conference.example.org'".into()),
        Just("to='r@conference.example.org/n'".into()),
        Just("to='r@conference.example.org'".into()),
        Just("to='/'".into()),
        Just("to='x@else.where/y'".into()),
    ];
    let kind = prop_oneof![
        Just(""),
        Just("type='get'"),
        Just("type='set'"),
        Just("type='result'"),
        Just("type='error'"),
        Just("type='unavailable'"),
        Just("type='groupchat'"),
        Just("type='probe'"),
        Just("type='subscribe'"),
    ];
    let child = prop_oneof![
        Just("<body>x</body>"),
        Just(""),
        Just("<priority>-1</priority>"),
        Just("<priority>x</priority>"),
        Just("<ping xmlns='urn:xmpp:ping'/>"),
        Just("<query xmlns='jabber:iq:roster'/>"),
        Just("<query xmlns='http://jabber.org/protocol/disco#info'/>"),
        Just("<subject>s</subject>"),
        Just("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"),
        Just("<query xmlns='http://jabber.org/protocol/muc#owner'/>"),
        Just("<error><recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"),
    ];
    let name =
        prop_oneof![Just("iq"), Just("message"), Just("presence"), Just("auth"), Just("foo")];
    (name, to, kind, child, prop::bool::ANY).prop_map(|(name, to, kind, child, id)| {
        let id = if id { "id='i'" } else { "" };
        format!("<{name} {to} {kind} {id}>{child}</{name}>")
    })
}

proptest! {
    #[test]
    fn nothing_that_clients_say_breaks_it(said in prop::collection::vec((1u64..5, stanza(), 0u8..10), 1..60)) {
        let mut bed = Bed::new();
        for (link, xml, what) in said {
            match what {
                0 => bed.open(link),
                1 => bed.command(link, Command::Restart),
                2 => bed.command(link, Command::Close),
                3 => {
                    bed.open(link);
                    bed.send(link, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
                    bed.command(link, Command::Restart);
                    bed.send(link, BIND);
                    bed.send(link, "<presence/>");
                }
                _ => bed.send(link, &xml),
            }
        }
        while bed.server.next().is_some() {}
        prop_assert!(bed.server.streams.len() <= 4);
        prop_assert!(bed.server.users.len() <= 4);
    }
}
