//! Questions to the server and to accounts.

use super::*;

#[test]
fn questions_are_answered_or_refused() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    for (iq, fact) in [
        ("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", "type='result' id='1'"),
        ("<iq type='get' id='2'><query xmlns='jabber:iq:roster'/></iq>", "jid='bob@example.org'"),
        (
            "<iq type='get' id='3' to='example.org'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
            "conference.example.org",
        ),
        ("<iq type='get' id='4'><x xmlns='urn:x'/></iq>", "service-unavailable"),
        ("<iq type='get' id='5'/>", "bad-request"),
        ("<iq type='what' id='6'/>", "bad-request"),
        (
            "<iq type='get' id='7' to='bob@example.org/none'><ping xmlns='urn:xmpp:ping'/></iq>",
            "service-unavailable",
        ),
        ("<iq type='get' id='8' to='@'><ping xmlns='urn:xmpp:ping'/></iq>", "jid-malformed"),
        (
            "<iq type='set' id='9'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
            "type='result' id='9'",
        ),
        (
            "<iq type='get' id='10' to='else.where'><ping xmlns='urn:xmpp:ping'/></iq>",
            "remote-server-not-found",
        ),
    ] {
        bed.send(1, iq);
        has(&bed.hear(1), &[fact]);
    }
}

/// Cause: one who has no vCard and one who is not there were told apart (XEP-0054), and what is not offered at all was
/// answered as if it were (RFC 6120 §8.3.3.19).
#[test]
fn what_is_not_offered_is_refused_the_same_for_everybody() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    let vcard = format!("<vCard xmlns='{}'/>", ns::VCARD);
    let pubsub = format!("<pubsub xmlns='{}'><items node='n'/></pubsub>", ns::PUBSUB);
    let node = format!("<query xmlns='{}' node='n'/>", ns::DISCO_INFO);
    for (kind, to, content, condition) in [
        ("get", "bob@example.org", &vcard, "service-unavailable"),
        ("get", "nobody@example.org", &vcard, "service-unavailable"),
        ("set", "alice@example.org", &vcard, "service-unavailable"),
        ("get", "alice@example.org", &pubsub, "service-unavailable"),
        ("set", "alice@example.org", &pubsub, "service-unavailable"),
        ("get", "example.org", &node, "item-not-found"),
        ("get", "alice@example.org", &node, "item-not-found"),
        ("set", "example.org", &node, "service-unavailable"),
    ] {
        bed.send(1, &format!("<iq type='{kind}' id='q' to='{to}'>{content}</iq>"));
        let heard = bed.hear(1);
        assert_eq!(heard.len(), 1, "{heard:?}");
        has(&heard, &["type='error' id='q'", condition]);
    }
}
