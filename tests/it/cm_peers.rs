//! `xmppscope cm` between two real clients, alice's and bob's: they must be told what they are told before Prosody, and
//! the connection manager must print what happened.

use std::collections::BTreeSet;

use crate::peers_bed::alone;
use crate::peers_stories::{
    Alice, Place, Told, chat_and_reload, chat_with_gloox, converse, room, strophe,
};
use crate::prosody::Prosody;
use crate::rig;

/// Lives a story before Prosody's connection manager.
fn before_prosody(live: impl Fn(&Place) -> Told) -> Told {
    let prosody = Prosody::start();
    live(&Place::prosody(&prosody))
}

/// Lives a story of two sessions before the connection manager, in which no rule is broken but those named, and gives
/// what it printed as well.
fn before_cm(live: impl Fn(&Place) -> Told, broken: &[&str]) -> (Told, String) {
    let (cm, place) = Place::cm(&[]);
    let told = live(&place);
    let left = cm.stop();
    assert_eq!(left.status.code(), Some(0), "{}", left.errors);
    place.assert_secret(&left.out);
    place.assert_secret(&left.errors);
    rig::assert_broken(&left.out, broken);
    assert!(left.out.contains("\n2 sessions, "), "not one session for each\n{}", left.out);
    (told, left.out)
}

/// The starts of the sids that `jid` was printed with, in `CLOCK TIME SID JID C> …`.
fn sids<'a>(out: &'a str, jid: &str) -> BTreeSet<&'a str> {
    let lines = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .filter_map(|words| {
            let at = words.iter().position(|word| *word == jid)?;
            let side = words.get(at + 1)?;
            ["C>", "S>"].contains(side).then(|| words[at - 1])
        })
        .collect()
}

/// Lives stories at the same time: most of a story is waiting.
fn at_once<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), other)
    })
}

/// Lives a story at both places, where they must be told the same; gives what the connection manager printed.
fn at_both(live: impl Fn(&Place) -> Told + Sync) -> String {
    let _turn = alone();
    let (there, (here, out)) = at_once(|| before_prosody(&live), || before_cm(&live, &[]));
    assert_eq!(there, here, "left before Prosody, right before the reference connection manager");
    out
}

fn chat(alice: Alice) {
    let out = at_both(|place| chat_and_reload(place, alice));
    for jid in ["alice@localhost/web", "bob@localhost/desk"] {
        assert_eq!(sids(&out, jid).len(), 1, "sessions of {jid}\n{out}");
    }
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_chats_with_strophe_and_restores_its_session() {
    chat(strophe);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_chats_with_strophe_and_reloads_its_page() {
    chat(converse);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_talks_in_a_room() {
    at_both(room);
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node, g++ and gloox: run ./test")]
fn gloox_chats_with_strophe_in_each_mode() {
    let _turn = alone();
    // Prosody reads no pipelined request before the one in front of it is answered, here after 30 s
    let there = || before_prosody(|place| chat_with_gloox(place, "persistent"));
    // type='terminal' does not exist; whether it arrives depends on how soon gloox closes behind it
    let terminal = ["bosh-type-values", "bosh-cond-bad-request"];
    let here = |mode| before_cm(|place| chat_with_gloox(place, mode), &terminal).0;
    let modes = ["legacy", "persistent", "pipelining"];
    let (there, here) = at_once(there, || modes.map(|mode| (mode, here(mode))));
    for (mode, here) in here {
        assert_eq!(there, here, "left before Prosody, right before the connection manager: {mode}");
    }
}

/// Lives a story of alice and bob at Prosody's own connection manager, and through ours at its port for TCP clients.
fn through_upstream(live: impl Fn(&Place) -> Told + Sync) {
    let _turn = alone();
    let through = || {
        let (server, address) = crate::upstream::prosody(None);
        let place = Place::prosody(&server);
        let cm = crate::upstream::before(address, &[]);
        let place = Place {
            name: "upstream".to_owned(),
            origin: format!("http://{}", cm.address),
            ..place
        };
        let told = live(&place);
        let left = cm.stop();
        assert_eq!(left.status.code(), Some(0), "{}", left.errors);
        rig::assert_broken(&left.out, &[]);
        told
    };
    let (there, here) = at_once(|| before_prosody(&live), through);
    assert_eq!(there, here, "left at Prosody, right through the reference connection manager");
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody and Node: run ./test")]
fn strophe_chats_with_strophe_through_an_upstream() {
    through_upstream(|place| chat_and_reload(place, strophe));
}

#[test]
#[cfg_attr(not(feature = "peers"), ignore = "needs Prosody, Node and Chromium: run ./test")]
fn converse_chats_with_strophe_through_an_upstream() {
    through_upstream(|place| chat_and_reload(place, converse));
}
