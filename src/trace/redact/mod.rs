//! Secrets, replaced before anything is printed or stored.
//!
//! `secrets` describes what is secret, as data: names, elements by namespace, attributes, labels. The description is the
//! same for every place, and these apply it:
//!
//! - `look` searches any bytes for names that give a secret away, and `pair` finds the value that belongs to a name;
//!   `head` knows the values of header fields, `url` user information;
//! - `elements` follows XML, whose elements are secret with all that is in them;
//! - `peel` takes off a layer of escapes, so that what is found below is hidden above: an echo in an error page, in JSON, in a URL;
//! - `known` holds values: passwords that are known, and what was hidden before, which is secret wherever it comes again; `starts`
//!   searches for all of them at once;
//! - `opaque` tells what is no text and cannot be searched at all.
//!
//! Traffic may be malformed, cut off or split anywhere, and a redactor that loses its way must not show a
//! secret for it. So this works on lenient tokens, and where they leave a doubt it hides: a name whose
//! namespace cannot be told, everything behind broken markup in a secret element, a stream that is
//! no text. What is hidden leaves its length, `[hidden 42 bytes]`; nothing, and the `=` that stands for
//! an empty SASL payload, stay visible. What names a session that can be resumed leaves a number besides, by which it is
//! known again.

mod base64;
mod elements;
mod gate;
mod head;
mod known;
mod look;
mod marks;
mod names;
mod opaque;
mod pair;
mod peel;
mod redactor;
mod secrets;
mod starts;
#[cfg(test)]
mod tests;
mod url;

pub(super) use base64::OLD as BASE64;
pub use known::{Known, VALUES, VALUES_OF_CONNECTION};
pub use marks::is_hidden;
pub use redactor::{Redactor, exposed, header, target};
pub(super) use redactor::{body, field, is_harmless, url, words};
pub use secrets::VERSION;
