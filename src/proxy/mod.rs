//! The intercepting proxy: accepts clients, opens one connection to the target for each, and joins the two. What
//! passes goes to the taps' [`Queue`](crate::wire::tap::Queue); who reads it is not known here.

mod answer;
mod relay;
mod secure;
mod serve;
mod settings;
mod stream;

pub use settings::{Proxy, StreamSettings};
