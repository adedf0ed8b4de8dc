//! A mistake in something a person wrote (a filter, a scenario), shown at its place; how such
//! text is read; and text that may be printed.

mod diagnostic;
pub mod logic;
mod mistakes;
mod nearest;
pub mod sanitise;
mod text;

pub use diagnostic::Diagnostic;
pub use mistakes::Mistakes;
pub use nearest::nearest;
pub use text::read_text;
