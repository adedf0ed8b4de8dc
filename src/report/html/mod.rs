//! A page to be opened in a browser, from a capture or from a run of scenarios: one file that needs nothing else.
//!
//! What is shown stands in the page as JSON; a script lays it out with text nodes alone. A policy allows this one script and
//! this one style, each by its hash, and no connection: nothing that was said on the wire can run, load or lead anywhere.
//! What could reorder or hide text is written as an escape, as on a terminal.

mod page;
mod row;
mod run;
#[cfg(test)]
mod tests;
mod trace;
mod traffic;

pub use page::{Page, hash};
pub use run::{Run, RunError};
pub use traffic::Traffic;
