//! HTTP Archives 1.2 (HAR), as browsers and proxies export them. [`walk`] goes through the file once, and never holds more than one
//! [`entry`] of it; [`archive`] keeps what comes of it; [`exchange`] makes events of an entry, which are put in order of time outside of
//! memory, and get connections by [`lanes`](super::lanes). What does not concern XMPP is left out, and counted: [`concern`].
//!
//! How the programs differ: Chrome, Edge and mitmproxy write `_webSocketMessages`, others leave the messages out. Firefox
//! writes the port of the server as `connection`. Chrome (for HTTP/2) names pseudo headers. Status 0 is an exchange without a
//! response, for which Chrome, Safari and mitmproxy give a reason in `_error`. A content may be missing, or in base64.

mod archive;
mod clip;
mod concern;
mod entry;
mod exchange;
mod failure;
mod fields;
mod open;
mod walk;

pub(super) use open::{is, open};
