//! What is the same whatever carries the stream: features, SASL, binding, stream errors (RFC 6120).

mod login;

pub use login::Login;
