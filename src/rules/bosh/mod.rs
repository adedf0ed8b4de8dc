//! Rules on BOSH requests, responses and sessions (XEP-0124, XEP-0206).

mod attributes;
mod crowd;
mod features;
mod grant;
mod hold;
mod pace;
mod resend;
mod rid;
mod session;
mod silence;
mod terms;
pub(super) mod view;
mod xml;

pub use attributes::Attributes;
pub use crowd::Crowd;
pub use features::Features;
pub use grant::Grant;
pub use hold::Hold;
pub use pace::Pace;
pub use rid::Order;
pub use session::Ends;
pub use silence::Silence;
pub use xml::Content;
