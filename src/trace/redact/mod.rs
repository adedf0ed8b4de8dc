//! Secrets, replaced before anything is printed or stored.
//!
//! What is hidden: SASL and SASL2 payloads, passwords and digests of legacy authentication and
//! registration, private fields of data forms, every `<password/>`, every attribute `password` or
//! `token`; in HTTP, credentials in headers and request targets.
//!
//! Traffic may be malformed, cut off or split anywhere, and a redactor that loses its way must not show a
//! secret for it. So this works on lenient tokens, and where they leave a doubt it hides: a name whose
//! namespace cannot be told, everything behind broken markup in a secret element, a stream that is
//! no text. What is hidden leaves its length, `[hidden 42 bytes]`; nothing, and the `=` that stands for
//! an empty SASL payload, stay visible.

mod harmless;
mod http;
mod marks;
mod names;
mod redactor;
#[cfg(test)]
mod tests;

pub use http::{header, target};
pub use redactor::Redactor;
