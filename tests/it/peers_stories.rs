//! What alice and bob do with real clients. Each story can be lived at any place that knows the two, and gives what each
//! of them was told, so that places can be compared.
#![cfg_attr(not(feature = "peers"), allow(dead_code))]

use std::path::Path;

use crate::peers_bed::Client;
use crate::peers_live::{Peer, bare, chat, groupchat, presence};
use crate::prosody::{Password, Prosody};
use crate::rig::Proxy;

const ROOM: &str = "lounge@conference.localhost";

/// Where a story is lived: a CM whose server has alice and bob, who see each other's presence.
pub struct Place {
    /// What it is called in the names of what is left to be looked at.
    pub name: String,
    /// `http://HOST:PORT`
    pub origin: String,
    pub alice: Password,
    pub bob: Password,
}

/// What each was told by others, in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub alice: Vec<String>,
    pub bob: Vec<String>,
}

impl Place {
    /// Prosody's own connection manager; neither has logged in there yet.
    pub fn prosody(server: &Prosody) -> Self {
        server.befriend();
        let (alice, bob) = (server.alice.clone(), server.bob.clone());
        Self { name: "prosody".to_owned(), origin: server.origin(), alice, bob }
    }

    /// The reference connection manager, with further options.
    pub fn cm(options: &[&str]) -> (Proxy, Self) {
        let (alice, bob) = (Password::random(), Password::random());
        let accounts = [("alice", &alice), ("bob", &bob)]
            .map(|(user, password)| format!("{user}:{}", password.reveal()));
        let known = ["--account", &accounts[0], "--account", &accounts[1], "--color", "never"];
        let cm = Proxy::start_cm(&[&known, options].concat());
        let origin = format!("http://{}", cm.address);
        (cm, Self { name: "cm".to_owned(), origin, alice, bob })
    }

    /// That neither password is in a text.
    #[track_caller]
    pub fn assert_secret(&self, text: &str) {
        for password in [&self.alice, &self.bob] {
            assert!(!text.contains(password.reveal()), "a password was printed");
        }
    }

    fn bob(&self) -> Peer {
        let client = Client::strophe(&self.origin, &self.bob).named("bob@localhost/desk");
        let mut bob = Peer::start(client);
        bob.does("presence");
        bob
    }
}

/// Leaves a picture of a page to be looked at, in `target/tmp/artefacts/PLACE/`.
fn picture(place: &str, page: &mut Peer, file: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artefacts").join(place);
    std::fs::create_dir_all(&folder).unwrap();
    let picture = folder.join(file);
    page.does(&format!("picture:{}", picture.display()));
    assert!(picture.metadata().unwrap().len() > 5_000, "a picture of a page is larger");
}

/// alice's client, for a place.
pub type Alice = fn(&Place) -> Client;

pub fn strophe(place: &Place) -> Client {
    Client::strophe(&place.origin, &place.alice)
}

pub fn converse(place: &Place) -> Client {
    Client::converse(&place.origin, &place.alice)
}

/// After so many questions and answers a server has read all that had come before the first.
const TURNS: usize = 20;

/// They see each other come, talk, and alice reloads her page while bob talks on: no word is lost, none comes twice.
pub fn chat_and_reload(place: &Place, alice: Alice) -> Told {
    let mut bob = place.bob();
    let mut alice = Peer::start(alice(place));
    meet(&mut alice, &mut bob);

    let before = alice.does("away");
    // A server that writes to a connection before it reads that it was closed takes what it wrote for delivered: Prosody
    // loses the message then. So it gets time to read.
    for _ in 0..TURNS {
        bob.does("ping");
    }
    let (from, words) = (bob.jid().to_owned(), "Are you reloading?");
    bob.does(&format!("say:{}:{words}", bare(alice.jid())));
    bob.does("ping"); // its answer comes after the message has been dealt with
    let after = alice.does("back");
    assert!(before["sid"].is_string() && before["sid"] == after["sid"], "{before} {after}");
    alice.hears(&chat(&from, words));
    alice.tells(&mut bob, "Still here.");
    let talk = [ALICE_SAYS, BOB_SAYS, words, "Still here."];
    if let Some(shown) = alice.shows(&from, "Still here.") {
        assert_eq!(shown, talk, "what the page shows");
        picture(&place.name, &mut alice, "converse.png");
    }

    let name = alice.jid().to_owned();
    let alice = alice.leaves();
    bob.hears(&presence(&name, "gone"));
    let told = Told { alice, bob: bob.leaves() };
    assert_eq!(said(&told.alice), [BOB_SAYS, words]);
    assert_eq!(said(&told.bob), [ALICE_SAYS, "Still here."]);
    told
}

/// The same without a reload, with gloox, which uses HTTP in one of three ways.
pub fn chat_with_gloox(place: &Place, mode: &str) -> Told {
    let mut bob = place.bob();
    let mut alice = Peer::start(Client::gloox(&place.origin, &place.alice, mode));
    meet(&mut alice, &mut bob);
    alice.does("presence:gone"); // gloox ends without it, and in a way that servers do not know
    bob.hears(&presence(alice.jid(), "gone"));
    let told = Told { alice: alice.leaves(), bob: bob.leaves() };
    assert_eq!(said(&told.alice), [BOB_SAYS]);
    assert_eq!(said(&told.bob), [ALICE_SAYS]);
    told
}

/// Both are in a room: alice with converse.js, which opens it, bob with stanzas.
pub fn room(place: &Place) -> Told {
    room_of(&place.name, Peer::start(converse(place)), place.bob())
}

/// The same with these clients.
pub fn room_of(place: &str, mut alice: Peer, mut bob: Peer) -> Told {
    let (she, he) = (format!("{ROOM}/alice"), format!("{ROOM}/bob"));
    alice.does(&format!("join:{she}"));
    bob.does(&format!("join:{he}"));
    bob.hears(&presence(&she, "online"));
    alice.hears(&presence(&he, "online"));
    alice.does(&format!("say:{ROOM}:{ALICE_SAYS}"));
    bob.hears(&groupchat(&she, ALICE_SAYS));
    bob.does(&format!("say:{ROOM}:{BOB_SAYS}"));
    bob.hears(&groupchat(&he, BOB_SAYS));
    let shown = alice.shows(ROOM, BOB_SAYS).expect("converse.js has a page");
    assert_eq!(shown, [ALICE_SAYS, BOB_SAYS], "what the page shows");
    picture(place, &mut alice, "converse-room.png");
    let name = alice.jid().to_owned();
    let alice = alice.leaves();
    bob.hears(&presence(&she, "gone"));
    bob.hears(&presence(&name, "gone"));
    let told = Told { alice, bob: bob.leaves() };
    for heard in [&told.alice, &told.bob] {
        assert_eq!(said(heard), [ALICE_SAYS, BOB_SAYS]);
    }
    told
}

const ALICE_SAYS: &str = "Hello Bob, é <&> 🎉";
const BOB_SAYS: &str = "Hello Alice, ü \"&\" 🦀";

/// Each sees the other's presence, alice's being `dnd`, and hears a message.
fn meet(alice: &mut Peer, bob: &mut Peer) {
    alice.does("presence:dnd");
    bob.hears(&presence(alice.jid(), "dnd"));
    alice.hears(&presence(bob.jid(), "online"));
    alice.tells(bob, ALICE_SAYS);
    bob.tells(alice, BOB_SAYS);
    if let Some(shown) = alice.shows(bob.jid(), BOB_SAYS) {
        assert_eq!(shown, [ALICE_SAYS, BOB_SAYS], "what the page shows");
    }
}

/// The texts of the messages among what somebody was told.
fn said(told: &[String]) -> Vec<String> {
    let values = told.iter().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    values.filter_map(|line| Some(line.get("message")?.as_str()?.to_owned())).collect()
}
