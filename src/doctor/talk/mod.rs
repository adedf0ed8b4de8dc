//! Connections of ours, each over a recorded [`Line`](line::Line): requests of HTTP, a WebSocket, a stream over TCP, a session of BOSH; and a [`Talk`], which is
//! a stream of elements over any of them.

mod features;
mod http;
mod line;
mod session;
mod stanzas;
mod stream;
mod websocket;

pub use features::{condition, offered, text};
pub use http::{Got, Http, PATIENCE, Request, What, findings, once};
pub use line::Came;
pub use session::{Reply, Session};
pub use stanzas::Talk;
pub use stream::{NoStream, open as open_stream};
pub use websocket::{Manner, Upgrade, WebSocket, open as open_websocket, open_element, upgrade};
