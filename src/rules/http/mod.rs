//! What any HTTP exchange may break, where BOSH is expected: status, pages in place of answers, connections, CORS.

mod cors;
mod exchanges;
mod status;

pub use cors::Cors;
pub use exchanges::{Connections, Http};
