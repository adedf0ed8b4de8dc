//! The list of all rules. Only the judge reads it: a rule knows of no other one.

use super::rule::Rule;
use super::{cors, crowd, grant, hold, http, lint, login, pace, rid, session, silence, xml};

/// Every rule there is, in the order in which their findings are told.
pub(super) fn all() -> Vec<Box<dyn Rule>> {
    vec![
        Box::new(xml::Content::default()),
        Box::new(lint::Attributes::default()),
        Box::new(http::Http::default()),
        Box::new(http::Connections::default()),
        Box::new(cors::Cors::default()),
        Box::new(rid::Order::default()),
        Box::new(crowd::Crowd::default()),
        Box::new(grant::Grant),
        Box::new(login::Login::default()),
        Box::new(hold::Hold::default()),
        Box::new(pace::Pace::default()),
        Box::new(session::Ends::default()),
        Box::new(silence::Silence::default()),
    ]
}
