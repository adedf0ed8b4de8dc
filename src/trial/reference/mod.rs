//! A client of this program, over BOSH, WebSocket and TCP: scenarios are tried with it, and the demo's users are such clients.

mod came;
mod habit;
mod http;
mod line;
mod live;
mod socket;
mod socket_user;
mod tcp;
mod user;
mod way;

pub(super) use habit::Habit;
pub(super) use live::live;
pub use socket_user::SocketUser;
pub use user::{News, Order, User};
pub use way::Way;
