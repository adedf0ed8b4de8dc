//! A stream over TCP (RFC 6120), secured by STARTTLS or with TLS from the first byte (XEP-0368).

use std::sync::Arc;

use super::login;
use crate::doctor::check::TCP_STREAM;
use crate::doctor::context::Context;
use crate::doctor::endpoint::about;
use crate::doctor::reach::Place;
use crate::doctor::talk::{offered, open_stream};
use crate::doctor::trouble::{self, Trouble};

/// Examines a server over TCP.
pub async fn examine(context: &Arc<Context>, place: &Place) {
    let doing = context.begin(&TCP_STREAM, &place.endpoint);
    let opened = match open_stream(context, place, place.alive[0]).await {
        Ok(opened) => opened,
        Err(none) => {
            doing.broken(about(Trouble::new(none.kind), &place.endpoint), none.words());
            return;
        }
    };
    let presented = opened.stream.line().presented().cloned();
    let from_first_byte = place.endpoint.address.is_tls();
    if let Some(presented) = presented.as_ref().filter(|_| !from_first_byte) {
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
        names => doing.well(format!("{how}; log in with {}", names.join(", "))),
    }
    drop(doing);
    login::examine(context, place).await;
}
