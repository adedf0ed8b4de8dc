//! Rules that do not depend on what carries the stream: features, SASL, binding, stream errors (RFC 6120).

mod again;
mod causes;
pub(super) mod conflicts;
mod course;
mod early;
pub(super) mod errors;
mod failures;
mod headers;
mod idle;
pub(super) mod line;
mod login;
pub(super) mod odd;
mod opening;
mod refusals;
pub(super) mod said;
#[cfg(test)]
pub(super) mod scripts;
mod stanzas;
mod suspect;
mod unanswered;
pub(super) mod view;

#[cfg(test)]
mod mixture_tests;

pub use again::Again;
pub use early::Early;
pub use failures::Failures;
pub use headers::Headers;
pub use idle::Idle;
pub use login::Login;
pub use opening::Opening;
pub use stanzas::Stanzas;
pub use unanswered::Unanswered;
