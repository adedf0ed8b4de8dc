//! What a scenario says: plain data, each value with its place. Nothing is resolved here: texts may hold variables,
//! which get their values while the scenario runs.

mod client;
mod condition;
mod http;
mod level;
mod offer;
mod reference;
mod request;
mod response;
mod scenario;
mod session;
mod step;
mod stream;
mod target;
mod tls;
mod value;

pub use client::*;
pub use condition::*;
pub use http::*;
pub use level::*;
pub use offer::*;
pub use reference::*;
pub use request::*;
pub use response::*;
pub use scenario::*;
pub use session::*;
pub use step::*;
pub use stream::*;
pub use target::*;
pub use tls::*;
pub use value::*;
