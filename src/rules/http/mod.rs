//! Rules on HTTP exchanges where BOSH is expected: status, web pages instead of BOSH, connections, CORS.

mod asked;
mod beside;
mod connections;
mod cors;
mod exchanges;
mod foreign;
mod headers;
mod instead;
mod legacy;
mod redirect;
mod status;
pub(super) mod view;
pub(super) mod words;

pub use beside::BesideCondition;
pub use connections::Connections;
pub use cors::Cors;
pub use exchanges::Exchanges;
pub use headers::HeaderLines;
