//! The list of all rules. Only the judge reads it; rules do not know each other.

use super::rule::Rule;
use super::{bosh, http, management, stream, tcp, websocket};

/// All rules, in the order in which their findings are reported.
pub(super) fn all() -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(bosh::Content::default()),
        Box::new(bosh::Attributes::default()),
        Box::new(bosh::Lost::default()),
        Box::new(http::Exchanges::default()),
        Box::new(http::Connections::default()),
        Box::new(http::Cors::default()),
        Box::new(http::HeaderLines::default()),
        Box::new(bosh::Order::default()),
        Box::new(bosh::Crowd::default()),
        Box::new(bosh::Grant),
        Box::new(bosh::Features::default()),
        Box::new(stream::Login::default()),
        Box::new(stream::Idle::default()),
        Box::new(stream::Again::default()),
        Box::new(stream::Unanswered::default()),
        Box::new(bosh::Hold::default()),
        Box::new(bosh::Pace::default()),
        Box::new(bosh::Ends::default()),
        Box::new(bosh::Silence::default()),
        Box::new(bosh::Unused::default()),
        Box::new(bosh::PlainGet),
        Box::new(websocket::Frames::default()),
        Box::new(websocket::Pongs::default()),
        Box::new(websocket::Framing::default()),
        Box::new(websocket::Messages::default()),
        Box::new(websocket::CloseFrames::default()),
        Box::new(websocket::Ending::default()),
        Box::new(websocket::Handshake::default()),
        Box::new(websocket::AfterHandshake::default()),
        Box::new(websocket::ClientPort::default()),
        Box::new(websocket::HostMeta::default()),
        // Stream management, SASL2 and Bind 2.
        Box::new(management::Sasl2::default()),
        Box::new(management::Bind2::default()),
        Box::new(management::Enabling::default()),
        Box::new(management::Resuming::default()),
        Box::new(management::Resumed::default()),
        Box::new(management::Resending::default()),
        Box::new(management::Counts::default()),
        Box::new(management::Requests::default()),
        Box::new(management::Unacked),
        Box::new(stream::Opening::default()),
        Box::new(stream::Headers::default()),
        Box::new(stream::Early::default()),
        Box::new(stream::Failures::default()),
        Box::new(tcp::StartTls::default()),
        Box::new(tcp::Tls),
        Box::new(tcp::Xml::default()),
        Box::new(tcp::Closing::default()),
    ]
}
