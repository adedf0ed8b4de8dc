//! A client of this program, over BOSH and WebSocket: scenarios are tried with it, and the demo's users are such clients.

mod http;
mod live;
mod socket;
mod socket_user;
mod user;

pub(super) use live::live;
pub use socket_user::SocketUser;
pub use user::{News, Order, User};
