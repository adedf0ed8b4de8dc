//! What any HTTP exchange may break, where BOSH is expected: status, pages in place of answers, connections, CORS.

mod connections;
mod cors;
mod exchanges;
mod status;
pub(super) mod view;
pub(super) mod words;

pub use connections::Connections;
pub use cors::Cors;
pub use exchanges::Exchanges;
