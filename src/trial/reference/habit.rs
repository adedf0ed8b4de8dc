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
}
