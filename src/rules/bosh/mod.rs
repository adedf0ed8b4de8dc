//! Rules on BOSH requests, responses and sessions (XEP-0124, XEP-0206).

mod acks;
mod attributes;
mod crowd;
mod features;
mod grant;
mod headers;
mod hold;
mod lost;
mod node;
mod pace;
mod plain;
mod requests;
mod resend;
mod rid;
mod session;
mod silence;
mod terms;
mod unused;
pub(super) mod view;
mod xml;

pub use acks::Acks;
pub use attributes::Attributes;
pub use crowd::Crowd;
pub use features::Features;
pub use grant::Grant;
pub use headers::RequestHeaders;
pub use hold::Hold;
pub use lost::Lost;
pub use pace::Pace;
pub use plain::PlainGet;
pub use requests::Requests;
pub use rid::Order;
pub use session::Ends;
pub use silence::Silence;
pub use unused::Unused;
pub use xml::Content;
