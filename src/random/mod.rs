//! Where unpredictable bytes come from: session identifiers, nonces, salts. Like the clock, it is handed in, so that a test
//! can have the same bytes on every run.

mod source;

pub use source::{Random, Secure, Seeded};
