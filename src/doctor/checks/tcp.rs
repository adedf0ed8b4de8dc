//! A stream over TCP (RFC 6120), secured by STARTTLS or with TLS from the first byte (XEP-0368).

use std::sync::Arc;

use super::login;
use crate::doctor::check::TCP_STREAM;
use crate::doctor::context::Context;
use crate::doctor::endpoint::about;
use crate::doctor::reach::{Place, speaks_tls};
use crate::doctor::talk::{NoStream, offered, open_stream};
use crate::doctor::trouble::{self, Kind, Trouble};

/// Why there is no stream, as far as a look at the port tells.
async fn no_stream(context: &Context, place: &Place, none: &NoStream) -> (&'static Kind, String) {
    // What Prosody says if it may offer nothing without TLS, and cannot offer TLS.
    if none.words().contains("No stream features") && !place.endpoint.address.is_tls() {
        let words = format!("{}: it has nothing to offer without TLS, and no TLS", none.words());
        return (&trouble::STARTTLS_MISSING, words);
    }
    if none.kind == &trouble::NOT_XMPP && speaks_tls(context, place).await {
        let words = "the port speaks TLS from the first byte, and no STARTTLS: it is one for xmpps:// and _xmpps-client._tcp";
        return (&trouble::STARTTLS_MIXED, words.to_owned());
    }
    (none.kind, none.words().to_owned())
}

/// Examines a server over TCP.
pub async fn examine(context: &Arc<Context>, place: &Place) {
    let doing = context.begin(&TCP_STREAM, &place.endpoint);
    let opened = match open_stream(context, place, place.alive[0]).await {
        Ok(opened) => opened,
        Err(none) => {
            let (kind, words) = no_stream(context, place, &none).await;
            doing.broken(about(Trouble::new(kind), &place.endpoint), words);
            return;
        }
    };
    let presented = opened.stream.line().presented().cloned();
    let from_first_byte = place.endpoint.address.is_tls();
    if let Some(presented) = presented.as_ref().filter(|_| !from_first_byte) {
        if let Some((trouble, words)) = presented.soon() {
            doing.weak(about(trouble, &place.endpoint), format!("STARTTLS: {words}"));
        }
        for (trouble, words) in presented.faults() {
            doing.broken(about(trouble, &place.endpoint), format!("STARTTLS: {words}"));
        }
    }
    let mechanisms = offered(&opened.features);
    opened.stream.into_line().finish().await;
    let how = match (from_first_byte, &presented) {
        (true, _) => "TLS from the first byte".to_owned(),
        (false, Some(presented)) => format!("STARTTLS, {}", presented.words()),
        (false, None) => "no encryption".to_owned(),
    };
    if presented.is_none() {
        let trouble = about(Trouble::new(&trouble::STARTTLS_MISSING), &place.endpoint);
        doing.broken(
            trouble,
            "the server offers no STARTTLS: clients refuse to log in, or send the password unencrypted",
        );
    }
    match &mechanisms[..] {
        [] => doing.broken(
            about(Trouble::new(&trouble::MECHANISMS_MISSING), &place.endpoint),
            format!("{how}; the server offers no SASL mechanism"),
        ),
        names => doing.well(format!("{how}; mechanisms: {}", names.join(", "))),
    }
    drop(doing);
    login::examine(context, place).await;
}
