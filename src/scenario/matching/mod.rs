//! Whether what came is what is demanded, and if not, the difference in words. Pure functions: a response is compared
//! as parsed XML with namespaces, never as text, but where bytes are asked for.

mod answer;
mod capture;
mod compare;
mod distinct;
mod kind;
mod mismatch;
mod payload;
mod same;
#[cfg(test)]
mod tests;
mod value;

pub use answer::{Answer, Outcome, in_short};
pub use capture::{attribute, capture, capture_from, name_from};
pub use compare::{Verdict, compare};
pub use distinct::distinct;
pub use kind::FailureKind;
pub use mismatch::{Mismatch, Subject, prose};
pub use payload::{differences, element_in_short, matches, matches_any};
pub use value::compare_value;
