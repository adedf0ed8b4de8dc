use super::{Kind, Summary, summarise};
use crate::xml::{Limits, parse};

/// A stanza as it stands in a `<body/>`, with `jabber:client` where it names no namespace itself.
fn read(source: &str) -> Summary {
    let wrapped = format!(
        "<w xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>{source}</w>"
    );
    let root = parse(wrapped.as_bytes(), &Limits::default()).expect("a well-formed stanza");
    summarise(root.children().next().expect("a stanza"))
}

fn line(source: &str) -> String {
    read(source).line()
}

const ALICE_TO_BOB: &str = "from='alice@localhost/t' to='bob@localhost' type='chat'";

/// The detail of a chat message with this content.
fn chat(content: &str) -> String {
    read(&format!("<message {ALICE_TO_BOB}>{content}</message>")).detail
}

mod messages {
    use super::*;

    #[test]
    fn a_text_is_quoted_whole() {
        assert_eq!(
            line(&format!("<message {ALICE_TO_BOB}><body>hi</body></message>")),
            "message chat alice@localhost/t → bob@localhost: \"hi\""
        );
        assert_eq!(chat("<body>one\ntwo 😀</body>"), "\"one\ntwo 😀\"");
        assert_eq!(read("<message><body/></message>").line(), "message normal: \"\"");
    }

    #[test]
    fn several_languages_are_named() {
        assert_eq!(
            chat("<body>hi</body><body xml:lang='fr'>salut</body>"),
            "\"hi\" (default), \"salut\" (fr)"
        );
    }

    #[test]
    fn chat_states_receipts_and_markers_are_chatter_without_a_text() {
        let s =
            read("<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
        assert_eq!((s.detail.as_str(), s.noise), ("composing", Some("chat-state")));
        let s = read("<message><received xmlns='urn:xmpp:receipts' id='m1'/></message>");
        assert_eq!((s.detail.as_str(), s.noise), ("receipt for m1", Some("receipt")));
        let s = read("<message><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>");
        assert_eq!((s.detail.as_str(), s.noise), ("displayed m1", Some("marker")));
        let s = read(
            "<message><body>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
             <request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/></message>",
        );
        assert_eq!(s.detail, "\"hi\"; asks for a receipt; markable");
        assert_eq!(s.noise, None);
    }

    #[test]
    fn corrections_reactions_replies_and_retractions_name_their_message() {
        assert_eq!(
            chat("<body>hi!</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>"),
            "\"hi!\"; corrects m1"
        );
        assert_eq!(
            chat(
                "<reactions xmlns='urn:xmpp:reactions:0' id='m1'>\
                 <reaction>👍</reaction><reaction>🎉</reaction></reactions>"
            ),
            "reacts 👍 🎉 to m1"
        );
        assert_eq!(
            chat("<reactions xmlns='urn:xmpp:reactions:0' id='m1'/>"),
            "takes back reactions to m1"
        );
        assert_eq!(chat("<retract xmlns='urn:xmpp:message-retract:1' id='m1'/>"), "retracts m1");
    }

    #[test]
    fn encryption_is_named() {
        assert_eq!(
            chat(
                "<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'/>\
                 <payload>eHg=</payload></encrypted><store xmlns='urn:xmpp:hints'/>"
            ),
            "OMEMO encrypted"
        );
        let keys = read(
            "<message><encrypted xmlns='eu.siacs.conversations.axolotl'><header/></encrypted></message>",
        );
        assert_eq!((keys.detail.as_str(), keys.noise), ("OMEMO key transport", Some("omemo")));
        assert_eq!(
            chat("<encryption xmlns='urn:xmpp:eme:0' namespace='urn:x:otr' name='OTR'/>"),
            "OTR encrypted"
        );
    }

    #[test]
    fn a_room_sets_its_subject_and_invites() {
        let s = read(
            "<message from='room@muc.localhost/al' type='groupchat'><subject>Plans</subject></message>",
        );
        assert_eq!(s.line(), "message groupchat room@muc.localhost/al: subject \"Plans\"");
        assert_eq!(chat("<subject/>"), "subject empty");
        assert_eq!(
            chat(
                "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='al@localhost'>\
                 <reason>come</reason></invite></x>"
            ),
            "invitation from al@localhost \"come\""
        );
        assert_eq!(
            chat("<x xmlns='jabber:x:conference' jid='room@muc.localhost'/>"),
            "invitation to room@muc.localhost"
        );
        assert_eq!(
            chat("<x xmlns='http://jabber.org/protocol/muc#user'><status code='104'/></x>"),
            "104 room settings changed"
        );
    }

    #[test]
    fn a_carbon_and_an_archived_message_show_what_is_inside() {
        let inner = format!(
            "<forwarded xmlns='urn:xmpp:forward:0'>\
             <delay xmlns='urn:xmpp:delay' stamp='2026-01-31T12:00:00Z'/>\
             <message xmlns='jabber:client' {ALICE_TO_BOB}><body>hi</body></message></forwarded>"
        );
        assert_eq!(
            chat(&format!("<sent xmlns='urn:xmpp:carbons:2'>{inner}</sent>")),
            "carbon sent: alice@localhost/t → bob@localhost: \"hi\"; delayed from 2026-01-31T12:00:00Z"
        );
        assert_eq!(
            chat(&format!("<result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>{inner}</result>")),
            "archived: alice@localhost/t → bob@localhost: \"hi\"; delayed from 2026-01-31T12:00:00Z"
        );
    }

    #[test]
    fn carbons_within_carbons_end_somewhere() {
        let mut message = "<body>hi</body>".to_owned();
        for _ in 0..6 {
            message = format!(
                "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>\
                 <message xmlns='jabber:client'>{message}</message></forwarded></sent>"
            );
        }
        let detail = chat(&message);
        assert!(detail.ends_with("a message, too deep to show"), "{detail}");
    }

    #[test]
    fn notifications_are_chatter_only_from_accounts() {
        let event = |from: &str, node: &str| {
            read(&format!(
                "<message from='{from}' type='headline'><event \
                 xmlns='http://jabber.org/protocol/pubsub#event'><items node='{node}'>\
                 <item id='current'/></items></event></message>"
            ))
        };
        let s = event("al@localhost", "urn:xmpp:avatar:metadata");
        assert_eq!(s.detail, "pubsub event urn:xmpp:avatar:metadata: item current");
        assert_eq!((s.type_.as_str(), s.noise), ("headline", Some("pep")));
        assert_eq!(event("pubsub.localhost", "news").noise, None);
        let s = event("al@localhost", "eu.siacs.conversations.axolotl.devicelist");
        assert_eq!(s.noise, Some("omemo"));
    }

    #[test]
    fn an_error_comes_first_and_is_never_chatter() {
        let s = read(
            "<message type='error' from='bob@localhost'>\
             <composing xmlns='http://jabber.org/protocol/chatstates'/><error type='cancel'>\
             <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
        );
        assert_eq!(
            s.line(),
            "message error bob@localhost: service-unavailable (cancel); composing"
        );
        assert_eq!(s.noise, None);
    }

    #[test]
    fn the_unheard_of_is_named_by_its_namespace() {
        assert_eq!(chat("<x xmlns='urn:example:new'/>"), "x urn:example:new");
        assert_eq!(chat(""), "empty");
        assert_eq!(chat("<store xmlns='urn:xmpp:hints'/>"), "empty");
    }
}

mod presences {
    use super::*;

    #[test]
    fn availability_reads_as_people_say_it() {
        assert_eq!(line("<presence/>"), "presence available");
        assert_eq!(line("<presence><show>away</show></presence>"), "presence away");
        assert_eq!(line("<presence type='unavailable'/>"), "presence unavailable");
        assert_eq!(
            line(
                "<presence from='bob@localhost/x'><show>away</show>\
                 <status>gone for lunch</status><priority>5</priority></presence>"
            ),
            "presence bob@localhost/x: away \"gone for lunch\", priority 5"
        );
        assert_eq!(
            line("<presence type='subscribe' to='bob@localhost'/>"),
            "presence subscribe → bob@localhost"
        );
    }

    #[test]
    fn a_room_is_joined() {
        assert_eq!(
            line(
                "<presence to='room@muc.localhost/al'><x xmlns='http://jabber.org/protocol/muc'>\
                 <history maxstanzas='0'/></x></presence>"
            ),
            "presence → room@muc.localhost/al: joins as \"al\", history maxstanzas 0"
        );
        assert_eq!(
            line(
                "<presence from='room@muc.localhost/al'>\
                 <x xmlns='http://jabber.org/protocol/muc#user'>\
                 <item affiliation='owner' role='moderator'/>\
                 <status code='201'/><status code='110'/></x></presence>"
            ),
            "presence room@muc.localhost/al: in the room; owner moderator; 201 room created; \
             110 own presence"
        );
    }

    #[test]
    fn a_room_is_left_in_several_ways() {
        let leave = |inside: &str| {
            read(&format!(
                "<presence type='unavailable' from='room@muc.localhost/al'>\
                 <x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x></presence>"
            ))
            .detail
        };
        assert_eq!(
            leave(
                "<item affiliation='none' role='none'><actor nick='bob'/><reason>spam</reason></item>\
                 <status code='307'/>"
            ),
            "leaves the room; none none; by bob; \"spam\"; 307 kicked"
        );
        assert!(
            leave("<item nick='ally'/><status code='303'/>")
                .starts_with("changes nick to \"ally\"")
        );
        assert!(leave("<status code='301'/>").contains("301 banned"));
        assert!(leave("<status code='999'/>").contains("status 999"));
    }

    #[test]
    fn a_taken_nick_is_an_error() {
        assert_eq!(
            line(
                "<presence type='error' from='room@muc.localhost/al'><error type='cancel' \
                 by='room@muc.localhost'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 </error></presence>"
            ),
            "presence error room@muc.localhost/al: conflict (cancel)"
        );
    }
}

mod requests {
    use super::*;

    #[test]
    fn a_roster_is_asked_for_and_comes() {
        let s = read("<iq type='get' id='id1'><query xmlns='jabber:iq:roster'/></iq>");
        assert_eq!(s.line(), "iq get #id1 roster");
        assert_eq!(s.noise, Some("roster"));
        let items = "<item jid='a@localhost'/>".repeat(12);
        let s = read(&format!(
            "<iq type='result' id='id1'><query xmlns='jabber:iq:roster'>{items}</query></iq>"
        ));
        assert_eq!(s.line(), "iq result #id1: 12 contacts");
        assert_eq!(s.subject, "roster");
        assert_eq!(
            line(
                "<iq type='set' id='id2'><query xmlns='jabber:iq:roster'>\
                 <item jid='bob@localhost' subscription='remove'/></query></iq>"
            ),
            "iq set #id2 roster: remove bob@localhost"
        );
    }

    #[test]
    fn a_bind_result_grants_the_full_address() {
        let s = read(
            "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <jid>alice@localhost/t</jid></bind></iq>",
        );
        assert_eq!(s.line(), "iq result #b: alice@localhost/t");
        assert_eq!(s.bound.as_deref(), Some("alice@localhost/t"));
        let s = read(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
             <resource>t</resource></bind></iq>",
        );
        assert_eq!((s.line().as_str(), s.bound), ("iq set #b bind: resource t", None));
    }

    #[test]
    fn an_empty_result_is_its_id() {
        assert_eq!(line("<iq type='result' id='s1'/>"), "iq result #s1");
        assert_eq!(
            line("<iq type='result' id='s1' from='localhost' to='al@localhost/t'/>"),
            "iq result #s1 localhost → al@localhost/t"
        );
        assert_eq!(line("<iq/>"), "iq without type empty");
    }

    #[test]
    fn an_error_shows_condition_kind_text_and_the_application_s_own() {
        let s = read(
            "<iq type='error' id='5'><vCard xmlns='vcard-temp'/><error type='cancel' code='404'>\
             <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no vCard</text>\
             <no-card xmlns='urn:example'/></error></iq>",
        );
        assert_eq!(s.line(), "iq error #5 vcard: item-not-found (cancel): no vCard [no-card]");
        assert_eq!(s.noise, None);
        assert_eq!(
            line("<iq type='error' id='6'><error code='404'>Not Found</error></iq>"),
            "iq error #6 code 404: Not Found"
        );
    }

    #[test]
    fn discovery_is_counted() {
        let s = read(
            "<iq type='result' id='d' from='localhost'>\
             <query xmlns='http://jabber.org/protocol/disco#info'>\
             <identity category='server' type='im' name='Prosody'/>\
             <feature var='urn:xmpp:ping'/><feature var='urn:xmpp:time'/></query></iq>",
        );
        assert_eq!(s.detail, "server/im \"Prosody\", 2 features");
        assert_eq!((s.subject.as_str(), s.noise), ("disco#info", Some("disco")));
    }

    #[test]
    fn publishing_names_verb_and_node() {
        let node = "eu.siacs.conversations.axolotl.bundles:31415";
        let s = read(&format!(
            "<iq type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'>\
             <publish node='{node}'><item id='current'/></publish></pubsub></iq>"
        ));
        assert_eq!(s.line(), format!("iq set #p pubsub publish {node}: item current"));
        assert_eq!(s.noise, Some("omemo"));
        let s = read(
            "<iq type='get' id='p' to='pubsub.localhost'>\
             <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='news' max_items='3'/>\
             </pubsub></iq>",
        );
        assert_eq!(s.line(), "iq get #p → pubsub.localhost: pubsub items news: at most 3");
        assert_eq!(s.noise, None);
    }

    #[test]
    fn an_archive_is_queried_and_answers() {
        assert_eq!(
            read(
                "<iq type='set' id='m'><query xmlns='urn:xmpp:mam:2' queryid='q'>\
                 <x xmlns='jabber:x:data' type='submit'>\
                 <field var='FORM_TYPE'><value>urn:xmpp:mam:2</value></field>\
                 <field var='with'><value>bob@localhost</value></field></x>\
                 <set xmlns='http://jabber.org/protocol/rsm'><max>50</max><before/></set></query></iq>"
            )
            .line(),
            "iq set #m MAM query: with bob@localhost, at most 50, the latest"
        );
        let s = read(
            "<iq type='result' id='m'><fin xmlns='urn:xmpp:mam:2' complete='true'>\
             <set xmlns='http://jabber.org/protocol/rsm'><count>7</count></set></fin></iq>",
        );
        assert_eq!((s.subject.as_str(), s.detail.as_str()), ("MAM query", "complete, 7 in all"));
        let s = read("<iq type='get' id='m'><prefs xmlns='urn:xmpp:mam:2'/></iq>");
        assert_eq!((s.subject.as_str(), s.noise), ("MAM preferences", Some("mam-prefs")));
    }

    #[test]
    fn a_conference_is_asked_of_the_focus() {
        assert_eq!(
            line(
                "<iq type='set' id='c' to='focus.meet.example'>\
                 <conference xmlns='http://jitsi.org/protocol/focus' room='r@muc.meet.example'/></iq>"
            ),
            "iq set #c → focus.meet.example: jitsi conference: r@muc.meet.example"
        );
        assert_eq!(
            line(
                "<iq type='set' id='j'><jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' \
                 sid='a7'><reason><success/></reason></jingle></iq>"
            ),
            "iq set #j jingle session-terminate: session a7, success"
        );
    }

    #[test]
    fn many_more_have_a_name() {
        for (payload, expected) in [
            ("<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>", "session"),
            ("<ping xmlns='urn:xmpp:ping'/>", "ping"),
            ("<vCard xmlns='vcard-temp'/>", "vcard"),
            ("<enable xmlns='urn:xmpp:carbons:2'/>", "carbons enable"),
            ("<blocklist xmlns='urn:xmpp:blocking'/>", "blocklist"),
            ("<block xmlns='urn:xmpp:blocking'><item jid='x@y'/></block>", "block: x@y"),
            ("<query xmlns='jabber:iq:version'/>", "version"),
            ("<query xmlns='jabber:iq:last'/>", "last activity"),
            (
                "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>",
                "private storage: storage storage:bookmarks",
            ),
            (
                "<request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='7'/>",
                "http upload slot: \"a.png\", 7 bytes",
            ),
            (
                "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='bob' role='none'>\
                 <reason>spam</reason></item></query>",
                "MUC admin: bob none \"spam\"",
            ),
            (
                "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                 <x xmlns='jabber:x:data' type='submit'/></query>",
                "MUC configuration: form submit",
            ),
            ("<query xmlns='jabber:iq:unheard-of'/>", "query jabber:iq:unheard-of"),
        ] {
            let stanza = format!("<iq type='set' id='1'>{payload}</iq>");
            assert_eq!(line(&stanza), format!("iq set #1 {expected}"));
        }
    }

    #[test]
    fn a_second_payload_is_told_of() {
        let s = read("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/><x xmlns='y'/></iq>");
        assert_eq!(s.line(), "iq get #1 ping: and 1 more inside");
    }
}

mod streams {
    use super::*;

    #[test]
    fn features_are_listed_in_order() {
        let s = read(
            "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
             <mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>\
             <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
             <session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>\
             <sm xmlns='urn:xmpp:sm:3'/><new xmlns='urn:example'/></stream:features>",
        );
        assert_eq!(
            s.line(),
            "stream features: SASL SCRAM-SHA-1, PLAIN; bind; session (optional); sm; new"
        );
        assert_eq!(s.mechanisms, ["SCRAM-SHA-1", "PLAIN"]);
        assert_eq!((s.kind, s.type_.as_str()), (Kind::Features, "features"));
        assert_eq!(line("<stream:features/>"), "stream features: none");
        assert_eq!(
            line(
                "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>\
                 </starttls><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:features>"
            ),
            "stream features: starttls (required); SASL none"
        );
    }

    #[test]
    fn a_stream_error_has_condition_and_text() {
        let s = read(
            "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
             <text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>Replaced by new connection</text>\
             </stream:error>",
        );
        assert_eq!(s.line(), "stream error conflict: Replaced by new connection");
        assert_eq!(s.subject, "conflict");
        assert_eq!(
            line(
                "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>\
                  b.example:5222</see-other-host></stream:error>"
            ),
            "stream error see-other-host b.example:5222"
        );
    }

    #[test]
    fn sasl_never_repeats_its_data() {
        let sasl = |source: &str| line(&source.replace("SASL", "urn:ietf:params:xml:ns:xmpp-sasl"));
        assert_eq!(sasl("<auth xmlns='SASL' mechanism='SCRAM-SHA-1'/>"), "SASL auth SCRAM-SHA-1");
        assert_eq!(
            sasl("<auth xmlns='SASL' mechanism='PLAIN'>[hidden 42 bytes]</auth>"),
            "SASL auth PLAIN [hidden 42 bytes]"
        );
        assert_eq!(
            sasl("<auth xmlns='SASL' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>"),
            "SASL auth PLAIN (20 characters of data)"
        );
        let tricky = sasl("<response xmlns='SASL'>[hidden c2VjcmV0 bytes]</response>");
        assert_eq!(tricky, "SASL response (23 characters of data)");
        assert_eq!(sasl("<success xmlns='SASL'/>"), "SASL success");
        assert_eq!(
            sasl("<failure xmlns='SASL'><not-authorized/><text>Wrong password</text></failure>"),
            "SASL failure not-authorized: Wrong password"
        );
    }

    #[test]
    fn the_second_sasl_is_known_too() {
        let s = read(
            "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1'>\
             <initial-response>biwsbj1h</initial-response><bind xmlns='urn:xmpp:bind:0'/>\
             </authenticate>",
        );
        assert_eq!(s.line(), "SASL authenticate SCRAM-SHA-1 (8 characters of data) with bind");
        let s = read(
            "<success xmlns='urn:xmpp:sasl:2'>\
             <authorization-identifier>al@localhost/t</authorization-identifier></success>",
        );
        assert_eq!(s.line(), "SASL success as al@localhost/t");
        let said =
            |inner: &str| line(&format!("<success xmlns='urn:xmpp:sasl:2'>{inner}</success>"));
        let (bound, failed) =
            ("<bound xmlns='urn:xmpp:bind:0'>", "<failed xmlns='urn:xmpp:sm:3'/>");
        assert_eq!(
            said("<resumed xmlns='urn:xmpp:sm:3' h='3' previd='p'/>"),
            "SASL success resumed"
        );
        assert_eq!(said(&format!("{bound}</bound>{failed}")), "SASL success bound not resumed");
        assert_eq!(said(&format!("{bound}{failed}</bound>")), "SASL success bound");
        assert_eq!(
            line(
                "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>\
                 <resume xmlns='urn:xmpp:sm:3' h='3' previd='p'/></authenticate>"
            ),
            "SASL authenticate PLAIN with resume"
        );
    }

    #[test]
    fn stream_management_shows_its_counters() {
        let s = read("<a xmlns='urn:xmpp:sm:3' h='5'/>");
        assert_eq!((s.line().as_str(), s.noise), ("SM a h=5", Some("sm")));
        let s = read("<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' max='600'/>");
        assert_eq!((s.line().as_str(), s.noise), ("SM enabled id=x max=600 resumable", None));
        assert_eq!(
            line(
                "<failed xmlns='urn:xmpp:sm:3' h='2'>\
                 <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
            ),
            "SM failed h=2 item-not-found"
        );
    }

    #[test]
    fn the_rest_is_named() {
        assert_eq!(line("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "TLS proceed");
        assert_eq!(
            line(
                "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>"
            ),
            "stream open: to localhost, version 1.0"
        );
        assert_eq!(line("<handshake xmlns='urn:x'/>"), "handshake urn:x");
    }

    #[test]
    fn a_stanza_in_the_namespace_of_bosh_is_still_a_stanza() {
        let s = read("<iq xmlns='http://jabber.org/protocol/httpbind' type='get' id='1'/>");
        assert_eq!((s.kind, s.namespace_ok), (Kind::Iq, false));
        let s = read("<message xmlns=''><body>hi</body></message>");
        assert_eq!((s.kind, s.namespace_ok, s.detail.as_str()), (Kind::Message, false, "\"hi\""));
        assert!(read("<presence/>").namespace_ok);
        let s = read("<message xmlns='urn:example'/>");
        assert_eq!((s.kind, s.namespace_ok), (Kind::Other, true));
    }

    #[test]
    fn namespaces_are_listed_once_its_own_first() {
        let s = read(
            "<message><body>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>\
             <x xmlns='jabber:x:oob'><url>u</url></x></message>",
        );
        assert_eq!(
            s.namespaces,
            ["jabber:client", "http://jabber.org/protocol/chatstates", "jabber:x:oob"]
        );
    }
}
