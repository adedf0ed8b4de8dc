//! Rules that do not depend on what carries the stream: features, SASL, binding, stream errors (RFC 6120).

mod causes;
mod conflicts;
mod course;
mod early;
pub(super) mod errors;
mod failures;
mod headers;
pub(super) mod line;
mod login;
pub(super) mod odd;
mod opening;
#[cfg(test)]
pub(super) mod scripts;
mod suspect;
pub(super) mod view;

#[cfg(test)]
mod mixture_tests;

pub use early::Early;
pub use failures::Failures;
pub use headers::Headers;
pub use login::Login;
pub use opening::Opening;
