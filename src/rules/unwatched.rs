//! Requirements that no rule watches, and why.

use super::kinds::about;
use crate::spec::{Mode, Observable, Requirement};

/// Requirements that real traffic might show to be violated, and that are not watched all the same: ids and reasons, as a clause
/// that follows "none: ".
const UNWATCHED: &[(&str, &str)] = &[
    // WebSocket: frames, messages and endings
    ("ws-ping-frames-allowed", "a permission, which nothing can violate"),
    // Discovery.
    (
        "ws-host-meta-delegation",
        "where a client has its URL from is not in the traffic to that URL, and settings are as good as host-meta",
    ),
    (
        "disco-certificate",
        "a client's TLS ends before the traffic is read, and it is not known which URLs it has discovered",
    ),
    // Stream management.
    ("ws-sm-offered", "a client is free to do without stream management"),
    ("tcp-close-notify", "the end of TLS within a connection is not in the trace"),
];

/// Why no finding is about a requirement; none if one is, or if a rule is still missing.
pub fn unwatched(requirement: &Requirement) -> Option<&str> {
    if about(&requirement.id).next().is_some() {
        return None;
    }
    let known = UNWATCHED.iter().find(|(id, _)| *id == requirement.id).map(|(_, why)| *why);
    match &requirement.observable {
        Observable::No(reason) => Some(reason),
        Observable::How(_) if !requirement.modes.contains(&Mode::Lint) => {
            Some("ordinary traffic does not show it; a test has to provoke it")
        }
        Observable::How(_) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::catalogue;

    #[test]
    fn every_requirement_beyond_bosh_is_watched_or_says_why_not() {
        let beyond = catalogue().iter().filter(|r| !r.id.contains("bosh-")).collect::<Vec<_>>();
        assert_eq!(beyond.len(), 119);
        for requirement in beyond {
            let watched = about(&requirement.id).next().is_some();
            assert!(watched || unwatched(requirement).is_some(), "{}", requirement.id);
        }
    }

    #[test]
    fn what_is_said_not_to_be_watched_is_not() {
        for (id, _) in UNWATCHED {
            let requirement = catalogue().get(id).expect("a requirement of the catalogue");
            assert!(requirement.modes.contains(&Mode::Lint), "{id} needs no reason of its own");
            assert_eq!(about(id).next(), None, "{id}");
        }
    }
}
