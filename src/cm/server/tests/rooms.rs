//! Rooms (XEP-0045).

use super::*;

const ROOM: &str = "room@conference.example.org";

fn join_with(nick: &str, history: &str) -> String {
    format!("<presence to='{ROOM}/{nick}' id='j'><x xmlns='{}'>{history}</x></presence>", ns::MUC)
}

fn join(nick: &str) -> String {
    join_with(nick, "")
}

fn say(text: &str) -> String {
    format!("<message to='{ROOM}' type='groupchat' id='m'><body>{text}</body></message>")
}

fn own(kind: &str, content: &str) -> String {
    format!(
        "<iq to='{ROOM}' type='{kind}' id='o'><query xmlns='{}'>{content}</query></iq>",
        ns::MUC_OWNER
    )
}

fn submit(fields: &[(&str, &str)]) -> String {
    let field = |(var, value)| format!("<field var='{var}'><value>{value}</value></field>");
    let fields = fields.iter().copied().map(field).collect::<Vec<_>>().concat();
    own("set", &format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>"))
}

fn moderate(kind: &str, item: &str) -> String {
    format!(
        "<iq to='{ROOM}' type='{kind}' id='a'><query xmlns='{}'>{item}</query></iq>",
        ns::MUC_ADMIN
    )
}

impl Bed {
    /// Alice, bob and carol, who is anonymous, are in an open room of alice's as `al`, `bo` and `ca`.
    fn meeting() -> Self {
        let mut bed = Self::new();
        bed.login(1, "alice", "a");
        bed.login(2, "bob", "b");
        bed.open(3);
        bed.send(3, &format!("<auth xmlns='{}' mechanism='ANONYMOUS'/>", ns::SASL));
        bed.command(3, Command::Restart);
        bed.send(3, BIND);
        bed.send(1, &join("al"));
        bed.send(1, &submit(&[]));
        bed.send(2, &join("bo"));
        bed.send(3, &join("ca"));
        bed.forget();
        bed
    }

    fn forget(&mut self) {
        for link in 1..=3 {
            self.hear(link);
        }
    }

    fn ask(&mut self, link: Link, xml: &str) -> Vec<String> {
        self.send(link, xml);
        self.hear(link)
    }
}

#[test]
fn people_meet_in_a_room() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    let heard = bed.ask(1, &join("al"));
    has(&heard, &["code='110'", "code='201'", "affiliation='owner'", "<subject/>"]);
    assert!(!heard.join("").contains("code='100'"), "{heard:?}");
    bed.ask(1, &submit(&[]));
    has(&bed.ask(2, &join("al")), &["type='error' id='j' from='room@conference.example.org/al'"]);
    bed.ask(1, &say("first"));
    let heard = bed.ask(2, &join("bo"));
    has(&heard[..1], &["from='room@conference.example.org/al'"]);
    has(&heard[1..2], &["from='room@conference.example.org/bo'", "code='110'"]);
    has(&heard[2..3], &["first", "<delay", "type='groupchat'"]);
    has(&heard[3..], &["<subject/>"]);
    has(&bed.hear(1), &["from='room@conference.example.org/bo'", "jid='bob@example.org/b'"]);
    bed.send(2, &say("hello"));
    has(&bed.hear(1), &["from='room@conference.example.org/bo'", "hello", "id='m'"]);
    has(&bed.hear(2), &["hello"]);
    bed.command(2, Command::Close);
    has(&bed.hear(1), &["room@conference.example.org/bo", "unavailable", "role='none'"]);
}

#[test]
fn a_new_room_is_locked_until_its_owner_has_configured_it() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.login(2, "bob", "b");
    bed.ask(1, &join("al"));
    has(&bed.ask(2, &join("bo")), &["type='error'", "item-not-found"]);
    let form = bed.ask(1, &own("get", ""));
    has(&form, &["type='form'", "muc#roomconfig</value>", "muc#roomconfig_roomname"]);
    let wrong = submit(&[("muc#roomconfig_whois", "nobody")]);
    has(&bed.ask(1, &wrong), &["type='error'", "not-acceptable"]);
    has(&bed.ask(2, &join("bo")), &["item-not-found"]);
    let heard = bed.ask(
        1,
        &submit(&[
            ("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig"),
            ("muc#roomconfig_roomname", "Tea"),
            ("muc#roomconfig_whois", "anyone"),
            ("muc#roomconfig_persistentroom", "1"),
        ]),
    );
    has(&heard, &["type='result' id='o'", "code='104'", "code='172'"]);
    let heard = bed.ask(2, &join("bo"));
    has(&heard, &["code='100'", "code='110'", "jid='alice@example.org/a'"]);
    assert!(!heard.join("").contains("code='201'"), "{heard:?}");
    let info =
        format!("<iq type='get' id='i' to='{ROOM}'><query xmlns='{}'/></iq>", ns::DISCO_INFO);
    let heard = bed.ask(2, &info);
    has(&heard, &["name='Tea'", "muc_nonanonymous", "muc_unmoderated", "self-ping-optimization"]);
    has(&bed.ask(2, &submit(&[])), &["type='error'", "forbidden"]);
    // Who gives up configuring a room that is open already changes nothing.
    let cancel = own("set", "<x xmlns='jabber:x:data' type='cancel'/>");
    has(&bed.ask(1, &cancel), &["type='result'"]);
    assert_eq!(bed.server.rooms(), 1);
}

#[test]
fn who_gives_up_configuring_a_new_room_has_none() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.ask(1, &join("al"));
    let heard = bed.ask(1, &own("set", "<x xmlns='jabber:x:data' type='cancel'/>"));
    has(&heard, &["unavailable", "<destroy/>", "type='result'"]);
    assert_eq!(bed.server.rooms(), 0);
}

/// Cause: the presence for the old nickname had two items, one of them without role and affiliation.
#[test]
fn a_new_nickname_is_told_in_one_item() {
    let mut bed = Bed::meeting();
    bed.send(2, &format!("<presence to='{ROOM}/bobby'/>"));
    let heard = bed.hear(1);
    has(&heard[..1], &["/bo'", "unavailable", "nick='bobby'", "code='303'", "role='participant'"]);
    assert_eq!(heard[0].matches("<item").count(), 1, "{heard:?}");
    has(&heard[1..], &["from='room@conference.example.org/bobby'"]);
    let heard = bed.hear(2);
    has(&heard[..1], &["code='303'", "code='110'"]);
    has(&heard[1..], &["code='110'"]);
    has(&bed.ask(2, &format!("<presence to='{ROOM}/al' id='c'/>")), &["id='c'", "<conflict"]);
}

/// Cause: a demand to destroy the room was answered with a result, and the room remained.
#[test]
fn the_owner_destroys_the_room() {
    let mut bed = Bed::meeting();
    let destroy = own("set", "<destroy jid='x@y'><reason>over</reason></destroy>");
    has(&bed.ask(2, &destroy), &["type='error'", "forbidden"]);
    let heard = bed.ask(1, &destroy);
    assert_eq!(heard.len(), 2, "{heard:?}");
    has(&heard[1..], &["type='result' id='o'"]);
    let heard = bed.hear(2);
    assert_eq!(heard.len(), 1, "{heard:?}");
    let facts = [
        "from='room@conference.example.org/bo'",
        "<destroy jid='x@y'><reason>over</reason></destroy>",
    ];
    has(&heard, &facts);
    has(&heard, &["unavailable", "affiliation='none' role='none'"]);
    assert_eq!(bed.server.rooms(), 0);
    bed.forget();
    has(&bed.ask(2, &say("?")), &["item-not-found"]);
}

fn ping(nick: &str) -> String {
    format!("<iq type='get' id='p' to='{ROOM}/{nick}'><ping xmlns='urn:xmpp:ping'/></iq>")
}

/// Cause: whoever asked an occupant something was told that there is no such service (XEP-0410 §3).
#[test]
fn a_self_ping_tells_whether_one_is_inside() {
    let mut bed = Bed::meeting();
    let heard = bed.ask(2, &ping("bo"));
    has(&heard, &["type='result' id='p' from='room@conference.example.org/bo'"]);
    has(&bed.ask(2, &ping("nobody")), &["item-not-found"]);
    bed.ask(2, &format!("<presence type='unavailable' to='{ROOM}/bo'/>"));
    has(&bed.ask(2, &ping("bo")), &["type='error'", "not-acceptable"]);
    let elsewhere = ping("bo").replace("room@", "none@");
    has(&bed.ask(2, &elsewhere), &["type='error'", "not-acceptable"]);
}

#[test]
fn questions_to_occupants_go_on_and_answers_come_back() {
    let mut bed = Bed::meeting();
    bed.send(2, &ping("al"));
    let heard = bed.hear(1);
    has(&heard, &["from='room@conference.example.org/bo'", "to='alice@example.org/a'", "id='p'"]);
    bed.send(1, &format!("<iq type='result' id='p' to='{ROOM}/bo'/>"));
    let heard = bed.hear(2);
    has(&heard, &["type='result' id='p'", "from='room@conference.example.org/al'"]);
    assert!(bed.hear(1).is_empty());
}

/// Cause: there was no moderation at all (§8.2).
#[test]
fn a_moderator_kicks() {
    let mut bed = Bed::meeting();
    let kick = |nick: &str| {
        moderate("set", &format!("<item nick='{nick}' role='none'><reason>no</reason></item>"))
    };
    has(&bed.ask(2, &kick("al")), &["type='error'", "forbidden"]);
    has(&bed.ask(1, &kick("nobody")), &["type='error'", "item-not-found"]);
    bed.send(1, &kick("bo"));
    let heard = bed.hear(2);
    assert_eq!(heard.len(), 1, "{heard:?}");
    let facts = ["unavailable", "code='110'", "code='307'", "<actor nick='al'/>", "role='none'"];
    has(&heard, &facts);
    has(&heard, &["<reason>no</reason>"]);
    let heard = bed.hear(1);
    has(&heard[..1], &["type='result' id='a'"]);
    has(&heard[1..], &["unavailable", "code='307'"]);
    assert!(!heard[1].contains("code='110'"), "{heard:?}");
    has(&bed.hear(3), &["code='307'"]);
    has(&bed.ask(2, &say("?")), &["not-acceptable"]);
}

#[test]
fn voice_and_moderation_are_given_and_taken() {
    let mut bed = Bed::meeting();
    let role =
        |nick: &str, role: &str| moderate("set", &format!("<item nick='{nick}' role='{role}'/>"));
    has(&bed.ask(1, &role("bo", "visitor")), &["type='result'", "role='visitor'"]);
    has(&bed.hear(2), &["code='110'", "role='visitor'"]);
    has(&bed.ask(2, &say("hm")), &["type='error'", "forbidden"]);
    let subject =
        format!("<message to='{ROOM}' type='groupchat'><subject>mine</subject></message>");
    has(&bed.ask(2, &subject), &["forbidden"]);
    has(&bed.ask(1, &role("ca", "moderator")), &["type='result'"]);
    bed.forget();
    // A moderator gives voice and takes none from those who are no less; the owner alone makes moderators.
    has(&bed.ask(3, &role("bo", "participant")), &["type='result'"]);
    has(&bed.ask(3, &role("bo", "visitor")), &["type='error'", "not-allowed"]);
    has(&bed.ask(3, &role("bo", "moderator")), &["type='error'", "forbidden"]);
    has(&bed.ask(3, &role("al", "participant")), &["type='error'", "not-allowed"]);
    has(&bed.ask(3, &role("al", "none")), &["type='error'", "not-allowed"]);
    has(&bed.ask(3, &role("bo", "king")), &["type='error'", "bad-request"]);
    has(&bed.ask(3, &moderate("set", "")), &["type='error'", "bad-request"]);
    let ban = "<item jid='bob@example.org' affiliation='outcast'/>";
    has(&bed.ask(1, &moderate("set", ban)), &["type='error'", "feature-not-implemented"]);
    let heard = bed.ask(3, &moderate("get", "<item role='moderator'/>"));
    has(&heard, &["type='result'", "nick='al'", "nick='ca'"]);
    has(&bed.ask(1, &moderate("get", "<item affiliation='owner'/>")), &["alice@example.org"]);
    has(&bed.ask(1, &moderate("get", "<item affiliation='member'/>")), &["type='result'"]);
    has(&bed.ask(2, &moderate("get", "<item affiliation='owner'/>")), &["forbidden"]);
    bed.ask(2, &say("well"));
    has(&bed.hear(1), &["well"]);
}

#[test]
fn who_enters_a_moderated_room_has_no_voice() {
    let mut bed = Bed::meeting();
    bed.ask(1, &submit(&[("muc#roomconfig_moderatedroom", "1")]));
    has(&bed.hear(2), &["code='104'"]);
    bed.ask(2, &format!("<presence type='unavailable' to='{ROOM}/bo'/>"));
    has(&bed.ask(2, &join("bo")), &["role='visitor'"]);
}

/// Cause: who is in a room without knowing it, or out of it, stayed so: a new entry was a mere status, and a status an
/// entry.
#[test]
fn who_lost_track_finds_it_again() {
    let mut bed = Bed::meeting();
    bed.ask(1, &say("old"));
    bed.hear(2);
    let heard = bed.ask(2, &join("bo"));
    has(&heard, &["/al'", "/ca'", "code='110'", "old", "<subject/>"]);
    bed.ask(2, &format!("<presence type='unavailable' to='{ROOM}/bo'/>"));
    let heard = bed.ask(2, &format!("<presence to='{ROOM}/bo'><show>away</show></presence>"));
    has(&heard, &["unavailable", "code='110'", "code='307'", "code='333'"]);
    bed.forget();
    bed.ask(1, &say("alone?"));
    assert!(bed.hear(2).is_empty());
}

#[test]
fn as_much_history_as_is_wanted() {
    let mut bed = Bed::meeting();
    for text in ["one", "two", "three"] {
        bed.send(1, &say(text));
    }
    bed.send(1, &format!("<message to='{ROOM}' type='groupchat'><subject>tea</subject></message>"));
    bed.forget();
    for (wanted, number) in [
        ("", 3),
        ("<history maxstanzas='0'/>", 0),
        ("<history maxstanzas='2'/>", 2),
        ("<history maxchars='0'/>", 0),
        ("<history seconds='0'/>", 3),
        ("<history since='2026-01-01T00:59:59Z'/>", 3),
        ("<history since='2026-01-01T01:00:01Z'/>", 0),
        ("<history since='?' maxstanzas='many'/>", 3),
    ] {
        let heard = bed.ask(2, &join_with("bo", wanted));
        let history = heard.iter().filter(|stanza| stanza.contains("<delay")).count();
        assert_eq!(history, number, "{wanted}: {heard:?}");
        assert!(heard.last().unwrap().contains("<subject>tea</subject>"), "{heard:?}");
    }
}

#[test]
fn nobody_speaks_for_the_room() {
    let mut bed = Bed::meeting();
    let forged = format!("<x xmlns='{}'><status code='332'/></x>", ns::MUC_USER);
    bed.send(2, &format!("<presence to='{ROOM}/bo'>{forged}</presence>"));
    bed.send(2, &format!("<message to='{ROOM}' type='groupchat'><body>x</body>{forged}</message>"));
    bed.send(2, &format!("<message to='{ROOM}/al' type='chat'><body>x</body>{forged}</message>"));
    let heard = bed.hear(1);
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(!heard.join("").contains("332"), "{heard:?}");
    has(&heard[2..], &["from='room@conference.example.org/bo'", "muc#user"]);
}

#[test]
fn invitations_go_on_in_the_name_of_the_room() {
    let mut bed = Bed::meeting();
    let carried = |what: &str, to: &str| {
        format!(
            "<message to='{ROOM}' id='v'><x xmlns='{}'><{what} to='{to}'/></x></message>",
            ns::MUC_USER
        )
    };
    bed.present(4, "bob", "phone");
    bed.send(1, &carried("invite", "bob@example.org"));
    let heard = bed.hear(4);
    has(&heard, &["from='room@conference.example.org'", "<invite from='alice@example.org/a'"]);
    bed.send(4, &carried("decline", "alice@example.org/a"));
    has(&bed.hear(1), &["<decline from='bob@example.org/phone'"]);
    has(&bed.ask(1, &carried("invite", "nobody@example.org")), &["id='v'", "item-not-found"]);
    has(&bed.ask(4, &carried("invite", "alice@example.org")), &["id='v'", "not-acceptable"]);
}

#[test]
fn the_service_and_its_rooms_describe_themselves() {
    let mut bed = Bed::meeting();
    let ask = |to: &str, content: &str, ns: &str| {
        format!("<iq type='get' id='i' to='{to}'><query xmlns='{ns}' {content}/></iq>")
    };
    let service = "conference.example.org";
    has(&bed.ask(2, &ask(service, "", ns::DISCO_INFO)), &["category='conference'", ns::MUC]);
    has(&bed.ask(2, &ask(service, "", ns::DISCO_ITEMS)), &[ROOM, "name='room'"]);
    let about = bed.ask(2, &ask(ROOM, "", ns::DISCO_INFO));
    has(&about, &["muc#roominfo<", "var='muc#roominfo_occupants' type='text-single'><value>3<"]);
    has(&bed.ask(2, &ask(ROOM, "", ns::DISCO_ITEMS)), &["/al'", "/bo'"]);
    let none = ROOM.replace("room", "none");
    has(&bed.ask(2, &ask(&none, "", ns::DISCO_INFO)), &["item-not-found"]);
    // Cause: without a look at the node a client took the name of the room for a nickname reserved for it.
    let heard = bed.ask(2, &ask(ROOM, "node='x-roomuser-item'", ns::DISCO_INFO));
    has(&heard, &["type='result'", "node='x-roomuser-item'/>"]);
    has(&bed.ask(2, &ask(ROOM, "node='n'", ns::DISCO_INFO)), &["item-not-found"]);
    let register = ask(ROOM, "", ns::REGISTER);
    has(&bed.ask(2, &register), &["type='error'", "service-unavailable"]);
    has(&bed.ask(2, &format!("<presence to='{ROOM}' id='x'/>")), &["id='x'", "jid-malformed"]);
}

/// Cause: converse.js let nobody but moderators change the nickname, since it did not find itself among the occupants.
#[test]
fn who_enters_is_shown_the_own_address() {
    let mut bed = Bed::meeting();
    let heard = bed.ask(2, &join("bo"));
    has(&heard[2..3], &["code='110'", "jid='bob@example.org/b'"]);
    assert!(!heard[0].contains("jid="), "{heard:?}");
}

#[test]
fn an_undelivered_private_message_is_told_to_its_sender() {
    let mut bed = Bed::meeting();
    bed.send(1, &format!("<message to='{ROOM}/bo' type='chat' id='m'><body>x</body></message>"));
    bed.forget();
    bed.send(
        2,
        &format!("<message type='error' id='m' to='{ROOM}/al'><body>x</body><error type='wait'><recipient-unavailable \
         xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"),
    );
    has(&bed.hear(1), &["type='error' id='m'", "from='room@conference.example.org/bo'"]);
}
