//! Messages (RFC 6121 §8), kept ones (XEP-0160) and returned ones (XEP-0206 §7).

use std::collections::VecDeque;

use super::*;

#[test]
fn a_message_for_an_account_that_is_away_waits() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.send(1, "<message to='bob@example.org' type='chat'><body>later</body></message>");
    bed.login(2, "bob", "b");
    bed.send(2, "<presence/>");
    let heard = bed.hear(2);
    has(&heard, &["later", "<delay xmlns='urn:xmpp:delay'", "stamp='2026-01-01T01:00:00Z'"]);
    bed.send(1, "<message to='nobody@example.org' id='n'><body>?</body></message>");
    has(&bed.hear(1), &["type='error' id='n'", "service-unavailable"]);
}

/// What the connection manager says when it could not deliver bob's resource `b` a message of alice's.
fn lost(content: &str) -> String {
    format!(
        "<message type='error' from='bob@example.org/b' to='alice@example.org/a' {content}<error type='wait'>\
         <recipient-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
}

#[test]
fn what_could_not_be_delivered_is_kept() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.send(1, "<message type='chat' to='bob@example.org/b'><body>lost?</body></message>");
    bed.hear(1);
    bed.send(2, &lost("><body>lost?</body>"));
    bed.command(2, Command::Close);
    let told = bed.hear(1);
    assert!(!told.join("").contains("lost?"), "{told:?}");
    bed.login(3, "bob", "c");
    bed.send(3, "<presence/>");
    has(&bed.hear(3), &["lost?", "type='chat'", "from='alice@example.org/a'", "<delay"]);
}

/// Cause: whatever came back was taken for chat, so that a normal message changed its type and a headline was kept.
#[test]
fn what_comes_back_keeps_its_type() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.send(1, "<message to='bob@example.org/b' id='n'><body>same</body></message>");
    bed.send(
        1,
        "<message type='headline' to='bob@example.org/b' id='h'><body>same</body></message>",
    );
    bed.hear(1);
    bed.send(2, &lost("id='n'><body>same</body>"));
    bed.send(2, &lost("id='h'><body>same</body>"));
    bed.command(2, Command::Close);
    has(&bed.hear(1), &["type='error'", "id='h'", "recipient-unavailable"]);
    bed.login(3, "bob", "c");
    bed.send(3, "<presence/>");
    let heard = bed.hear(3);
    let kept: Vec<_> = heard.iter().filter(|stanza| stanza.starts_with("<message")).collect();
    assert_eq!(kept.len(), 1, "{heard:?}");
    assert!(kept[0].contains("id='n'") && !kept[0].contains("type="), "{kept:?}");
}

/// Cause: it went to every other resource, those with a negative priority among them.
#[test]
fn what_comes_back_goes_to_willing_resources_only() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.login(3, "bob", "deaf");
    bed.send(3, "<presence><priority>-1</priority></presence>");
    bed.send(1, "<message type='chat' to='bob@example.org' id='1'><body>x</body></message>");
    bed.hear(3);
    bed.send(2, &lost("id='1'><body>x</body>"));
    assert!(bed.hear(3).is_empty());
    bed.present(4, "bob", "willing");
    bed.send(1, "<message type='chat' to='bob@example.org/b' id='2'><body>y</body></message>");
    bed.hear(4);
    bed.send(2, &lost("id='2'><body>y</body>"));
    has(&bed.hear(4), &["id='2'", "type='chat'", "<body>y</body>"]);
    // It has this one already.
    bed.send(1, "<message type='chat' to='bob@example.org' id='3'><body>z</body></message>");
    has(&bed.hear(4), &["<body>z</body>"]);
    bed.send(2, &lost("id='3'><body>z</body>"));
    assert!(bed.hear(4).is_empty());
}

#[test]
fn what_was_never_delivered_does_not_come_back() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    bed.send(2, &lost("id='made-up'><body>x</body>"));
    has(&bed.hear(1), &["type='error'", "id='made-up'"]);
    assert!(bed.server.offline.values().all(VecDeque::is_empty));
}

/// Cause: a message for a resource that is gone went to the user's other resources whatever its type (RFC 6121
/// §8.5.3.2.1 has that for chat alone).
#[test]
fn only_chat_for_a_resource_that_is_gone_reaches_the_others() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.hear(1);
    let to = |to: &str, kind: &str| {
        format!("<message to='{to}' type='{kind}' id='m'><body>?</body></message>")
    };
    for (address, kind, reaches, refused) in [
        ("bob@example.org/gone", "chat", true, false),
        ("bob@example.org/gone", "normal", false, true),
        ("bob@example.org/gone", "unknown", false, true),
        ("bob@example.org/gone", "groupchat", false, true),
        ("bob@example.org/gone", "headline", false, false),
        ("bob@example.org/gone", "error", false, false),
        ("bob@example.org", "chat", true, false),
        ("bob@example.org", "normal", true, false),
        ("bob@example.org", "unknown", true, false),
        ("bob@example.org", "groupchat", false, true),
        ("bob@example.org", "headline", true, false),
        ("bob@example.org", "error", false, false),
        ("bob@example.org/b", "normal", true, false),
        ("bob@example.org/b", "groupchat", true, false),
        ("bob@example.org/b", "error", true, false),
        ("nobody@example.org", "normal", false, true),
        ("nobody@example.org", "headline", false, false),
        ("nobody@example.org/x", "chat", false, true),
        ("example.org", "normal", false, true),
        ("else.where", "headline", false, true),
    ] {
        bed.send(1, &to(address, kind));
        assert_eq!(!bed.hear(2).is_empty(), reaches, "{kind} to {address}");
        assert_eq!(!bed.hear(1).is_empty(), refused, "{kind} to {address}");
    }
}

/// The same where the account has no resource that wants messages.
#[test]
fn what_nobody_is_there_for_is_kept_refused_or_dropped() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.login(2, "bob", "deaf");
    bed.send(2, "<presence><priority>-1</priority></presence>");
    bed.hear(1);
    bed.hear(2);
    for (address, kind, kept, refused) in [
        ("bob@example.org/gone", "chat", true, false),
        ("bob@example.org/gone", "normal", false, true),
        ("bob@example.org", "chat", true, false),
        ("bob@example.org", "normal", true, false),
        ("bob@example.org", "groupchat", false, true),
        ("bob@example.org", "headline", false, false),
    ] {
        bed.send(1, &format!("<message to='{address}' type='{kind}'><body>?</body></message>"));
        assert_eq!(!bed.hear(1).is_empty(), refused, "{kind} to {address}");
        assert!(bed.hear(2).is_empty(), "{kind} to {address}");
        assert_eq!(bed.server.offline.drain().count() == 1, kept, "{kind} to {address}");
    }
}

/// Cause: that somebody was typing was kept for days.
#[test]
fn a_chat_state_alone_is_not_kept() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    let state = format!("<composing xmlns='{}'/>", ns::CHAT_STATES);
    let hint = format!("<no-store xmlns='{}'/>", ns::HINTS);
    for (content, kept) in [
        (state.clone(), false),
        (format!("{state}<thread>t</thread>"), false),
        (format!("{state}<body>text</body>"), true),
        (format!("<body>text</body>{hint}"), false),
        (format!("<received xmlns='{}'/>", ns::RECEIPTS), true),
        (String::new(), false),
    ] {
        bed.send(1, &format!("<message to='bob@example.org' type='chat'>{content}</message>"));
        let told = bed.hear(1);
        assert_eq!(told.is_empty(), kept, "{content}: {told:?}");
        assert_eq!(bed.server.offline.drain().count() == 1, kept, "{content}");
    }
}
