//! What is borne, and who learns what.

use super::*;

impl Bed {
    fn anonymous(&mut self, link: Link) {
        self.open(link);
        self.send(link, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
        self.command(link, Command::Restart);
        self.send(link, BIND);
        self.hear(link);
    }

    /// What is said to a stream after it said this, without the address that it asked about.
    fn said(&mut self, link: Link, xml: &str, about: &str) -> String {
        self.send(link, &xml.replace("WHO", about));
        self.hear(link).join("\n").replace(about, "WHO")
    }
}

/// Cause: ping, disco, subscriptions, messages and invitations had other answers for accounts than for names that nobody has.
#[test]
fn strangers_cannot_tell_accounts_from_names_that_nobody_has() {
    let mut bed = Bed::new();
    bed.anonymous(1);
    bed.send(1, "<presence to='room@conference.example.org/me'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
    bed.send(1, "<iq type='set' id='c' to='room@conference.example.org'><query xmlns='http://jabber.org/protocol/muc#owner'>\
         <x xmlns='jabber:x:data' type='submit'/></query></iq>");
    bed.hear(1);
    let iq =
        |kind: &str, content: &str| format!("<iq type='{kind}' id='q' to='WHO'>{content}</iq>");
    let mut asked = vec![
        "<presence type='subscribe' to='WHO'/>".to_owned(),
        "<presence type='probe' to='WHO'/>".to_owned(),
        "<presence to='WHO'/>".to_owned(),
        "<message to='WHO'><body>?</body></message>".to_owned(),
        "<message to='WHO' type='chat'><body>?</body></message>".to_owned(),
        "<message to='WHO' type='headline'><body>?</body></message>".to_owned(),
        "<message to='WHO/r' type='chat'><body>?</body></message>".to_owned(),
        "<message to='room@conference.example.org'><x xmlns='http://jabber.org/protocol/muc#user'>\
         <invite to='WHO'/></x></message>"
            .to_owned(),
        iq("get", "<ping xmlns='urn:xmpp:ping'/>").replace("WHO", "WHO/r"),
    ];
    for namespace in [
        ns::PING,
        ns::DISCO_INFO,
        ns::DISCO_ITEMS,
        ns::ROSTER,
        ns::VCARD,
        ns::PRIVATE,
        ns::BIND,
        "urn:x",
    ] {
        for kind in ["get", "set"] {
            asked.push(iq(kind, &format!("<query xmlns='{namespace}'/>")));
            asked.push(iq(kind, &format!("<query xmlns='{namespace}' node='n'/>")));
        }
    }
    // Alice is away; bob is there, but takes no messages.
    bed.login(2, "bob", "b");
    for xml in &asked {
        let nobody = bed.said(1, xml, "nobody@example.org");
        for account in ["alice@example.org", "bob@example.org"] {
            assert_eq!(bed.said(1, xml, account), nobody, "{xml} to {account}");
        }
    }
    assert!(bed.server.offline.is_empty(), "nothing of a stranger is kept");
    // Nor when no more addresses are remembered.
    bed.server.setup.directed = 1;
    bed.anonymous(3);
    bed.anonymous(4);
    let other = format!("{}", bed.server.users.keys().last().unwrap());
    bed.send(3, &format!("<presence to='{other}'/>"));
    let nobody = bed.said(3, "<presence to='WHO'/>", "nobody@example.org");
    assert_eq!(bed.said(3, "<presence to='WHO'/>", "alice@example.org"), nobody);
}

#[test]
fn what_is_kept_for_an_account_is_bounded_in_bytes_and_by_what_it_becomes() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.server.setup.offline_bytes = 100_000;
    let message = |content: &str| {
        format!("<message type='chat' to='bob@example.org'><body>{content}</body></message>")
    };
    bed.send(1, &message(&"x".repeat(90_000)));
    assert!(bed.hear(1).is_empty());
    bed.send(1, &message(&"x".repeat(20_000)));
    has(&bed.hear(1), &["service-unavailable"]);
    bed.login(2, "bob", "b");
    bed.send(2, "<presence/>");
    assert!(bed.hear(2).join("").contains("xxx"));
    bed.command(2, Command::Close);
    bed.hear(1);
    // 5 kB of text, and many times that in memory.
    bed.send(1, &message(&"<a/>".repeat(1300)));
    has(&bed.hear(1), &["service-unavailable"]);
}

#[test]
fn a_user_has_a_bounded_number_of_resources() {
    let mut bed = Bed::new();
    bed.server.setup.resources = 3;
    for link in 1..=3 {
        bed.login(link, "alice", &link.to_string());
    }
    bed.open(4);
    let secret = STANDARD.encode("\0alice\0alice-secret");
    bed.send(4, &format!("<auth xmlns='{}' mechanism='PLAIN'>{secret}</auth>", ns::SASL));
    bed.command(4, Command::Restart);
    bed.hear(4);
    bed.send(4, BIND);
    has(&bed.hear(4), &["type='error' id='b'", "type='wait'", "resource-constraint"]);
    bed.send(4, &BIND.replace(">R<", ">2<"));
    has(&bed.hear(4), &["<jid>alice@example.org/2</jid>"]);
}

#[test]
fn what_many_are_shown_is_bounded() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    for presence in [
        format!("<presence id='p'><status>{}</status></presence>", "x".repeat(70_000)),
        format!("<presence id='p'>{}</presence>", "<a/>".repeat(1000)),
        format!(
            "<presence id='p' to='r@conference.example.org/n'><x xmlns='{}'/>{}</presence>",
            ns::MUC,
            "<a/>".repeat(1000)
        ),
    ] {
        bed.send(2, &presence);
        has(&bed.hear(2), &["type='error' id='p'", "policy-violation"]);
        assert!(bed.hear(1).is_empty());
    }
}

#[test]
fn what_is_kept_does_not_keep_the_request_it_came_in() {
    // Cause: an element shares the source that it was read from, which may be a thousand times as long.
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.send(1, &format!("<presence/>{}", "<x/>".repeat(1000)));
    assert_eq!(bed.server.streams[&1].presence.as_ref().unwrap().span, 0..0);
    bed.send(1, "<message type='chat' to='bob@example.org'><body>kept</body></message>");
    let kept = bed.server.offline.values().flatten().next().unwrap();
    assert!(kept.span == (0..0) && kept.children().all(|child| child.span == (0..0)));
}
