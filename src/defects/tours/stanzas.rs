//! What tours send, and the two clients of most of them.

use crate::defects::rig::Rig;

/// A ping of the server, named by its id.
pub(super) fn ping(id: &str) -> String {
    format!("<iq xmlns='jabber:client' type='get' id='{id}'><ping xmlns='urn:xmpp:ping'/></iq>")
}

/// A message for bob, who is logged in with [`pair`].
pub(super) fn to_bob(text: &str) -> String {
    format!(
        "<message xmlns='jabber:client' to='bob@localhost/r' type='chat'><body>{text}</body></message>"
    )
}

/// The request that binds the resource `r`.
pub(super) const BIND: &str = "<iq xmlns='jabber:client' type='set' id='bind'>\
    <bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";

/// The request that logs an account in.
pub(super) fn plain(user: &str) -> String {
    use base64::Engine as _;
    let plain =
        base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{user}-secret"));
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
}

/// Opens two sessions with these attributes and logs bob in to the first, alice to the second; gives their sids.
pub(super) fn pair(rig: &mut Rig, attributes: &str) -> (String, String) {
    rig.create(attributes);
    rig.login_as("bob");
    rig.create(attributes);
    rig.login_as("alice");
    (rig.sid(rig.sessions() - 2), rig.sid(rig.sessions() - 1))
}
