//! Every defect there is.

use super::defect::{Defect, Family};
use super::{
    acks, creation, ending, holding, http, inactivity, keys, logins, management, pace, rids, scram,
    security, stanzas, streams, tcp, websocket, wrapper, xmpp,
};

/// The families, in the order of the specifications.
const FAMILIES: [Family; 19] = [
    http::DEFECTS,
    wrapper::DEFECTS,
    creation::DEFECTS,
    holding::DEFECTS,
    acks::DEFECTS,
    inactivity::DEFECTS,
    pace::DEFECTS,
    ending::DEFECTS,
    rids::DEFECTS,
    keys::DEFECTS,
    streams::DEFECTS,
    security::DEFECTS,
    xmpp::DEFECTS,
    websocket::DEFECTS,
    management::DEFECTS,
    tcp::DEFECTS,
    logins::DEFECTS,
    scram::DEFECTS,
    stanzas::DEFECTS,
];

/// All defects.
pub fn all() -> impl Iterator<Item = &'static Defect> {
    FAMILIES.into_iter().flatten().copied().flatten()
}

/// The defect of this name.
pub fn find(name: &str) -> Option<&'static Defect> {
    all().find(|defect| defect.name == name)
}

/// The defects that break this requirement.
pub fn of(requirement: &str) -> impl Iterator<Item = &'static Defect> + use<'_> {
    all().filter(move |defect| defect.requirement() == requirement)
}
