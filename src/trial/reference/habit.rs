//! What a defective client does by itself. What can be changed on the way is a fault instead.

/// A habit that breaks a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trial) enum Habit {
    /// It says that it is there before it has logged in.
    Eager,
    /// It does not mask its frames.
    Unmasked,
    /// It does not look whether the subprotocol was agreed on.
    Careless,
    /// It passes over what breaks the rules of frames.
    Lenient,
    /// It sends white space to keep its connection open.
    Spaces,
    /// It goes on on a stream that an error has ended.
    Persistent,
    /// It asks for TLS wherever that is offered.
    Tls,
    /// It ends its connection together with its stream.
    Abrupt,
    /// It accepts any certificate.
    Trusting,
    /// It uses no TLS, whatever the server offers or its URL says.
    Bare,
    /// It does not say for whom it comes when TLS begins.
    Nameless,
    /// It does not say what it speaks when TLS begins.
    Silent,
    /// It logs in without the TLS that was refused.
    Stubborn,
    /// It does not wait until TLS begins.
    Hasty,
    /// It goes on with its stream when TLS has begun, and does not open another one.
    Unbroken,
    /// It takes what came in the clear for a part of what comes within TLS.
    Gullible,
}
