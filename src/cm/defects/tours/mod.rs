//! What a client does so that a defect is seen, a file a family.

pub(super) mod acks;
pub(super) mod creation;
pub(super) mod ending;
pub(super) mod holding;
pub(super) mod http;
pub(super) mod inactivity;
pub(super) mod keys;
pub(super) mod pace;
pub(super) mod rids;
pub(super) mod security;
pub(super) mod streams;
pub(super) mod wrapper;
pub(super) mod xmpp;

use super::rig::Tour;

/// A ping of the server, named by its id.
fn ping(id: &str) -> String {
    format!("<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
}

/// A message for bob, who is logged in with [`pair`].
fn to_bob(text: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='bob@localhost/r' type='chat'><body>{text}</body></message>"
    )
}

/// Opens two sessions with these attributes and logs bob in to the first, alice to the second; gives their sids.
fn pair(rig: &mut super::rig::Rig, attributes: &str) -> (String, String) {
    rig.create(attributes);
    rig.login_as("bob");
    rig.create(attributes);
    rig.login_as("alice");
    (rig.sid(0), rig.sid(1))
}
