//! What a scenario says: plain data, each value with its place. Nothing is resolved here: texts may hold variables,
//! which get their values while the scenario runs.

mod request;
mod response;
mod scenario;
mod session;
mod step;
mod value;

pub use request::*;
pub use response::*;
pub use scenario::*;
pub use session::*;
pub use step::*;
pub use value::*;
