//! A mistake in something a person wrote (a filter, a scenario), shown at its place; how such
//! text is read; and text that may be printed.

mod diagnostic;
pub mod logic;
mod mistakes;
mod name;
mod nearest;
mod printed;
pub mod sanitise;
mod words;

pub use diagnostic::Diagnostic;
pub use mistakes::Mistakes;
pub use name::{Name, name};
pub use nearest::nearest;
pub use printed::Printed;
pub use words::{counted, counted_as};
