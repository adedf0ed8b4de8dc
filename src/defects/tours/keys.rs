//! Tours of key sequences (XEP-0124 §15).

use super::stanzas::{ping, to_bob};
use crate::defects::keys::sha1;
use crate::defects::rig::Rig;
use crate::defects::rig::Tour;

pub(in super::super) const TOURS: &[(&str, Tour)] = &[
    ("a right sequence", |rig| {
        let keys = create(rig);
        for (n, key) in (1..).zip(&keys) {
            rig.send(n, &format!("key='{key}'"), "");
            rig.seconds(0.5);
        }
    }),
    ("a newkey in upper case", |rig| {
        let keys = sequence("seed", 4);
        rig.create(&format!("wait='1' hold='1' newkey='{}'", keys[0].to_uppercase()));
        rig.send(1, &format!("key='{}'", keys[1]), "");
        rig.seconds(2.0);
        rig.send(
            2,
            &format!("key='{}' newkey='{}'", keys[2], sequence("x", 1)[0].to_uppercase()),
            "",
        );
        rig.seconds(2.0);
        rig.send(3, "key='x'", "");
        rig.seconds(2.0);
    }),
    ("a wrong key", |rig| bad(rig, "key='0123456789012345678901234567890123456789'")),
    ("no key", |rig| bad(rig, "")),
    ("a gap, and a repeat", |rig| {
        let keys = create(rig);
        rig.send(2, &format!("key='{}'", keys[1]), AUTH);
        rig.seconds(0.5);
        rig.send(1, &format!("key='{}'", keys[0]), AUTH);
        rig.seconds(0.5);
        rig.send(1, &format!("key='{}'", keys[0]), AUTH);
        rig.seconds(0.5);
        rig.send(3, &format!("key='{}'", keys[2]), AUTH);
        rig.seconds(2.0);
    }),
    ("another sequence", |rig| {
        let (keys, others) = (create(rig), sequence("other", 4));
        rig.send(1, &format!("key='{}' newkey='{}'", keys[0], others[0]), "");
        for (n, other) in (2..).zip(&others[1..]) {
            rig.seconds(2.0);
            rig.send(n, &format!("key='{other}'"), "");
        }
        rig.seconds(2.0);
    }),
    ("another sequence that begins with a pause", |rig| {
        let (keys, others) = (create(rig), sequence("other", 4));
        rig.send(1, &format!("key='{}' newkey='{}' pause='20'", keys[0], others[0]), "");
        rig.seconds(2.0);
        rig.send(2, &format!("key='{}'", others[1]), AUTH);
        rig.seconds(2.0);
    }),
    ("a wrong key after a pause", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}' pause='20'", keys[0]), "");
        rig.seconds(2.0);
        rig.send(2, "key='0123456789012345678901234567890123456789'", AUTH);
        rig.seconds(2.0);
    }),
    ("the last key again", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}'", keys[0]), AUTH);
        rig.send(2, &format!("key='{}'", keys[0]), AUTH);
    }),
    ("a key further down", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}'", keys[1]), AUTH);
    }),
    ("a key that is longer", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}0'", keys[0]), AUTH);
    }),
    ("an end, or another sequence, without a right key", |rig| {
        for key in ["", "key='x'"] {
            for more in ["type='terminate'", "newkey='y'"] {
                let keys = create(rig);
                rig.send(1, &format!("key='{}'", keys[0]), AUTH);
                rig.send(2, &format!("{key} {more}"), AUTH);
                rig.seconds(2.0);
            }
        }
    }),
    ("no first key", |rig| {
        create(rig);
        rig.send(1, "", AUTH);
    }),
    ("the old sequence after a switch", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}' newkey='{}'", keys[0], sha1("x")), AUTH);
        rig.send(2, &format!("key='{}'", keys[1]), AUTH);
    }),
    ("a switch that comes again", |rig| {
        let (keys, others) = (create(rig), sequence("other", 4));
        let switch = format!("key='{}' newkey='{}'", keys[0], others[0]);
        rig.send(1, &switch, AUTH);
        rig.send(2, &format!("key='{}'", others[1]), AUTH);
        rig.send(1, &switch, AUTH);
        rig.send(3, &format!("key='{}'", others[2]), AUTH);
    }),
    ("repeats with another key", |rig| {
        let keys = create(rig);
        rig.send(1, &format!("key='{}'", keys[0]), AUTH);
        rig.send(1, "key='0'", AUTH);
        let keys = create(rig);
        rig.send(1, &format!("key='{}'", keys[0]), "");
        rig.send(1, "key='0'", "");
        rig.seconds(2.0);
    }),
];

/// Draws an answer at once.
const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X'/>";

/// The keys of a sequence in the order of their use, its newkey first.
fn sequence(seed: &str, length: usize) -> Vec<String> {
    let mut keys = vec![sha1(seed)];
    while keys.len() < length {
        let next = sha1(&keys[keys.len() - 1]);
        keys.push(next);
    }
    keys.reverse();
    keys
}

/// Opens a session with a key sequence; gives the keys that come next.
fn create(rig: &mut Rig) -> Vec<String> {
    let mut keys = sequence("seed", 10);
    let newkey = keys.remove(0);
    rig.create(&format!("wait='1' hold='1' newkey='{newkey}'"));
    keys
}

/// A request with these attributes where a key is due, while bob listens; and what comes after it.
fn bad(rig: &mut Rig, attributes: &str) {
    rig.create("wait='20' hold='1'");
    rig.login_as("bob");
    rig.send(4, "", "");
    let keys = create(rig);
    let key = |n: usize| format!("key='{}'", keys[n]);
    rig.send(1, &key(0), &super::stanzas::plain("alice"));
    rig.send(2, &format!("xmpp:restart='true' to='localhost' {}", key(1)), "");
    rig.send(3, &key(2), super::stanzas::BIND);
    rig.send(4, attributes, &to_bob("must not arrive"));
    rig.seconds(0.5);
    rig.send(4, &key(3), &ping("same"));
    rig.seconds(0.5);
    rig.send(5, &key(4), &ping("next"));
    rig.seconds(2.0);
}
