//! Logins of one exchange (XEP-0388, XEP-0386, XEP-0198 §9), and copies (XEP-0280).

use super::*;

impl Bed {
    fn fresh(&mut self, link: Link) {
        let to = "example.org".to_owned();
        let version = Some("1.0".to_owned());
        let opening = Opening { to, version, management: true, ..Opening::default() };
        self.command(link, Command::Open(opening));
        self.hear(link);
    }

    fn at_once(&mut self, link: Link, user: &str, inside: &str) -> Vec<String> {
        self.fresh(link);
        let secret = STANDARD.encode(format!("\0{user}\0{user}-secret"));
        self.send(
            link,
            &format!(
                "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>\
                 <initial-response>{secret}</initial-response>{inside}</authenticate>"
            ),
        );
        self.hear(link)
    }
}

const ENABLE: &str = "<bind xmlns='urn:xmpp:bind:0'><tag>here</tag>\
    <enable xmlns='urn:xmpp:sm:3' resume='true'/><enable xmlns='urn:xmpp:carbons:2'/></bind>";

#[test]
fn it_is_offered_beside_sasl_but_not_over_bosh() {
    let mut bed = Bed::new();
    bed.open(1);
    assert!(!bed.hear(1).concat().contains("urn:xmpp:sasl:2"));
    let opening = Opening {
        to: "example.org".to_owned(),
        version: Some("1.0".to_owned()),
        management: true,
        ..Opening::default()
    };
    bed.command(2, Command::Open(opening));
    let sm = "<sm xmlns='urn:xmpp:sm:3'/>";
    has(&bed.hear(2), &["<authentication xmlns='urn:xmpp:sasl:2'><mechanism>", sm]);
}

#[test]
fn a_login_without_more_has_features_and_no_restart() {
    let heard = Bed::new().at_once(1, "alice", "");
    assert_eq!(
        heard[0],
        "<success xmlns='urn:xmpp:sasl:2'>\
         <authorization-identifier>alice@example.org</authorization-identifier></success>"
    );
    assert!(heard[1].starts_with("<stream:features><bind "), "{heard:?}");
    assert_eq!(heard.len(), 2);
}

#[test]
fn a_resource_and_more_come_with_the_login() {
    let mut bed = Bed::new();
    let heard = bed.at_once(1, "alice", ENABLE);
    let success = "<success xmlns='urn:xmpp:sasl:2'>\
        <authorization-identifier>alice@example.org/here~";
    assert!(heard[0].starts_with(success), "{heard:?}");
    assert!(
        heard[0].contains("<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='")
    );
    assert_eq!(heard[1..], ["<stream:features/>"]);
    bed.send(1, "<r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(bed.hear(1), ["<a xmlns='urn:xmpp:sm:3' h='0'/>"]);
}

#[test]
fn a_stream_is_resumed_within_the_login_or_another_begins() {
    let mut bed = Bed::new();
    let heard = bed.at_once(1, "alice", ENABLE);
    let id = heard[0].split(" id='").nth(1).unwrap().split('\'').next().unwrap();
    bed.command(1, Command::Lost);
    let resume = format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
    let heard = bed.at_once(2, "alice", &(resume + ENABLE));
    let resumed = format!("<resumed xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/></success>");
    assert!(heard[0].contains("alice@example.org/here~") && heard[0].ends_with(&resumed));
    assert_eq!(heard.len(), 1, "no features: {heard:?}");
    let dead = "<resume xmlns='urn:xmpp:sm:3' previd='nosuch' h='0'/>";
    let heard = bed.at_once(3, "alice", &format!("{dead}{ENABLE}"));
    has(&heard, &["<failed xmlns='urn:xmpp:sm:3'><item-not-found", "<bound "]);
}

#[test]
fn a_failure_is_one_of_sasl2() {
    let mut bed = Bed::new();
    bed.fresh(1);
    let secret = STANDARD.encode("\0alice\0wrong");
    bed.send(
        1,
        &format!("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>{secret}</initial-response></authenticate>"),
    );
    let failure = "<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>";
    assert_eq!(bed.hear(1), [failure]);
    bed.send(1, "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'/>");
    assert_eq!(bed.hear(1), ["<challenge xmlns='urn:xmpp:sasl:2'/>"]);
    bed.send(1, "<abort xmlns='urn:xmpp:sasl:2'/>");
    has(&bed.hear(1), &["<aborted "]);
}

#[test]
fn own_resources_get_copies_if_they_want_them() {
    let mut bed = Bed::new();
    for (link, resource) in [(1, "R"), (2, "S"), (3, "T")] {
        bed.present(link, "alice", resource);
    }
    bed.present(4, "bob", "R");
    let enable = |verb| format!("<iq type='set' id='c'><{verb} xmlns='urn:xmpp:carbons:2'/></iq>");
    bed.send(2, &enable("enable"));
    has(&bed.hear(2), &["type='result'"]);
    bed.send(1, "<message type='chat' to='bob@example.org'><body>out</body></message>");
    let sent = bed.hear(2).concat();
    has(
        &[sent],
        &[
            "<message from='alice@example.org' type='chat' to='alice@example.org/S'>\
             <sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
             <message xmlns='jabber:client' ",
            "<body>out</body>",
        ],
    );
    bed.send(4, "<message type='chat' to='alice@example.org/R'><body>in</body></message>");
    has(&bed.hear(2), &["<received ", "<body>in</body>"]);
    assert!(!bed.hear(3).concat().contains("carbons"), "it has not asked");
    for quiet in [
        "<message type='chat' to='alice@example.org/R'><body>x</body><private xmlns='urn:xmpp:carbons:2'/></message>",
        "<message type='headline' to='alice@example.org/R'><body>x</body></message>",
    ] {
        bed.send(4, quiet);
        assert!(bed.hear(2).is_empty(), "{quiet}");
    }
    bed.send(2, &enable("disable"));
    bed.hear(2);
    bed.send(1, "<message type='chat' to='bob@example.org'><body>out</body></message>");
    assert!(bed.hear(2).is_empty());
}
