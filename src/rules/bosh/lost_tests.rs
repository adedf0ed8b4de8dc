//! Which session a request has lost, and what follows from that.

use crate::rules::Level;
use crate::rules::playbook::{at_least, open};

const IQ: &str =
    "<iq xmlns='jabber:client' type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>";

/// The session `s1` with the address `alice@a/w`.
fn bound() -> String {
    open()
        + "10 1 C> <body rid='100001' sid='s1'><iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq></body>
           12 1 S> <body><iq xmlns='jabber:client' type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@a/w</jid></bind></iq></body>\n"
}

#[test]
fn a_request_that_lost_its_session_is_the_cause_of_what_it_is_answered() {
    let named = IQ.replace("<iq ", "<iq from='alice@a/w' ");
    for (request, cause) in [
        // Another rid, another connection: the address in the stanza is the sign.
        (
            format!("30 2 C> <body rid='900'>{named}</body>"),
            "Error sid-missing Client: The request has no sid, so it requests a new session, but its \
             content belongs in an existing one: the client has lost its sid. Its stanzas name \
             alice@a/w, which session s1 has.",
        ),
        (
            format!("30 2 C> <body rid='100002'>{IQ}</body>"),
            "the client has lost its sid. Its rid is the next one of session s1.",
        ),
        (
            format!("30 1 C> <body rid='900'>{IQ}</body>"),
            "the client has lost its sid. Session s1 was granted on this connection 25 ms before.",
        ),
        (format!("30 2 C> <body rid='900'>{IQ}</body>"), "the client has lost its sid."),
        (
            format!("30 1 C> <body rid='100002' sid=''>{IQ}</body>"),
            "Error sid-missing Client: The sid is empty: the client has not taken `s1` from the \
             response 25 ms before.",
        ),
        (
            format!("30 2 C> <body rid='77' sid=''>{IQ}</body>"),
            "The sid is empty, so it names no session.",
        ),
        (
            format!("30 1 C> <body rid='100002' sid='undefined'>{IQ}</body>"),
            "Error sid-wrong Client: The sid is 'undefined', the word for a value that the client does \
             not have. Its rid is the next one of session s1.",
        ),
        (
            format!("30 1 C> <body rid='100002' sid='S1'>{IQ}</body>"),
            "The sid is 'S1', but the server has granted 's1': it has to be sent as it came.",
        ),
        (
            format!("30 1 C> <body rid='100002' sid='b7'>{IQ}</body>"),
            "No response has granted the sid 'b7'; the rid is the next one of session s1",
        ),
    ] {
        for (answer, effect) in [
            (
                "<body type='terminate' condition='item-not-found'/>",
                "Note terminated Client: The session ended with item-not-found",
            ),
            ("400 Bad Request", "Note http-status Client: "),
        ] {
            let conn = request.split(' ').nth(1).unwrap();
            let script = format!("{}{request}\n40 {conn} S> {answer}", bound());
            let found = at_least(Level::Note, &script);
            assert!(found[0].contains(cause), "{request}: {found:?}");
            let last = found.last().unwrap();
            assert!(last.contains(effect) && last.to_lowercase().contains("see #1"), "{found:?}");
        }
    }
}

#[test]
fn sessions_that_began_elsewhere_and_rids_of_the_own_session_are_fine() {
    for request in [
        "30 2 C> <body rid='55500' sid='elsewhere'/>",
        "30 1 C> <body rid='100002' sid='s1'/>",
        "30 2 C> <body rid='100002' sid='elsewhere-but-longer'/>",
    ] {
        let found = at_least(Level::Warning, &(bound() + request));
        let found: Vec<_> = found.iter().filter(|line| line.contains(" sid-")).collect();
        assert_eq!(found.len(), usize::from(request.contains("longer")), "{request}: {found:?}");
    }
}

#[test]
fn the_rid_of_another_session_is_named() {
    let other = "
        20 2 C> <body rid='700000' to='a' wait='60' hold='1' ver='1.6' xml:lang='en' xmpp:version='1.0'/>
        25 2 S> <body sid='t9' wait='60' requests='2' hold='1' ver='1.6' inactivity='60'/>
        30 1 C> <body rid='700001' sid='s1'/>";
    let found = at_least(Level::Warning, &(bound() + other));
    assert!(
        found[0].contains(
            "sid-wrong Client: The request names session s1, but its rid is the next one of session \
             t9 (here the next is 100002): the client mixes up two sessions."
        ),
        "{found:?}"
    );
}
