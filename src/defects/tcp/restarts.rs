//! Streams that begin anew on the same connection (RFC 6120 §4.3.3, §4.3.4).

use super::raw::bent;
use crate::cm::stream::{Output, Session};
use crate::defects::carried::Substitute;
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-restart-new-id/login",
        "after the login the id is that of the stream before",
        |parts| bent(parts, || SameId { id: None, when: Session::is_known }),
    ),
    defect(
        "tcp-restart-new-id/tls",
        "after STARTTLS the id is that of the stream before",
        |parts| bent(parts, || SameId { id: None, when: |session| !session.is_known() }),
    ),
    defect(
        "tcp-features-after-restart",
        "after the login the former stream is closed before the new one is opened",
        |parts| {
            super::raw::sent(parts, |output, session| match output {
                Output::Header(_) if session.is_known() => vec![Output::End, output],
                other => vec![other],
            });
        },
    ),
];

/// Gives streams the id of the first one.
struct SameId {
    id: Option<String>,
    when: fn(&Session) -> bool,
}

impl Substitute for SameId {
    fn send(&mut self, mut output: Output, session: &Session) -> Vec<Output> {
        if let Output::Header(header) = &mut output {
            match &self.id {
                Some(id) if (self.when)(session) => header.id = Some(id.clone()),
                _ => self.id.clone_from(&header.id),
            }
        }
        vec![output]
    }
}
