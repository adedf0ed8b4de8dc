//! A mistake in something a person wrote (a filter, a scenario), shown at its place; and text that may be printed.

mod diagnostic;
pub mod logic;
mod nearest;
pub mod sanitise;

pub use diagnostic::Diagnostic;
pub use nearest::nearest;
