//! Rules that do not depend on what carries the stream: features, SASL, binding, stream errors (RFC 6120).

pub(super) mod errors;
pub(super) mod line;
mod login;
pub(super) mod view;

pub use login::Login;
