//! Presence (RFC 6121 §4).

use super::*;

#[test]
fn presence_reaches_contacts_and_says_goodbye_once() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.login(2, "bob", "b");
    bed.send(2, "<presence><show>dnd</show></presence>");
    has(&bed.hear(2), &["from='alice@example.org/a'"]);
    has(&bed.hear(1), &["from='bob@example.org/b'", "<show>dnd</show>"]);
    bed.send(2, "<presence type='unavailable'><status>bye</status></presence>");
    bed.command(2, Command::Close);
    let heard = bed.hear(1);
    assert_eq!(heard.len(), 1, "{heard:?}");
    has(&heard, &["unavailable", "bye"]);
}

/// Cause: contacts that had directed presence besides were told once as contacts and once as addressees.
#[test]
fn contacts_that_were_addressed_hear_goodbye_once() {
    let mut bed = Bed::new();
    bed.present(1, "alice", "a");
    bed.present(2, "bob", "b");
    bed.send(2, "<presence to='alice@example.org/a'/>");
    bed.send(2, "<presence to='alice@example.org'/>");
    bed.hear(1);
    bed.command(2, Command::Close);
    let heard = bed.hear(1);
    assert_eq!(heard.len(), 1, "{heard:?}");
    has(&heard, &["unavailable", "from='bob@example.org/b'"]);
}

#[test]
fn directed_presence_reaches_who_is_not_told_otherwise() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.login(2, "bob", "b");
    bed.send(2, "<presence to='alice@example.org/a'><show>xa</show></presence>");
    has(&bed.hear(1), &["<show>xa</show>"]);
    bed.command(2, Command::Close);
    let heard = bed.hear(1);
    assert_eq!(heard.len(), 1, "{heard:?}");
    has(&heard, &["unavailable", "to='alice@example.org/a'"]);
    bed.send(1, "<presence id='p' to='a@else.where'/><presence/>");
    has(&bed.hear(1), &["type='error' id='p'", "remote-server-not-found"]);
}

#[test]
fn only_who_exists_answers_a_subscription() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.send(1, "<presence type='subscribe' to='bob@example.org'/>");
    has(&bed.hear(1), &["type='subscribed' from='bob@example.org'"]);
    bed.send(1, "<presence type='subscribe' to='nobody@example.org'/>");
    bed.send(1, "<presence to='nobody@example.org'/>");
    assert!(bed.hear(1).is_empty());
    assert!(bed.server.streams[&1].directed.is_empty());
}

#[test]
fn a_presence_error_goes_to_the_resource_or_nowhere() {
    let mut bed = Bed::new();
    bed.login(1, "alice", "a");
    bed.login(2, "bob", "b");
    bed.send(1, "<presence type='error' to='bob@example.org/b'/>");
    bed.send(1, "<presence type='error' to='bob@example.org/gone'/>");
    assert_eq!(bed.hear(2).len(), 1);
    assert!(bed.hear(1).is_empty());
}
