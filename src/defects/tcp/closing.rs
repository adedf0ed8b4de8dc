//! The end of streams (RFC 6120 §4.4).

use super::raw::{since, untold};
use crate::cm::stream::{Input, Output};
use crate::defects::defect::{Defect, defect};

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-close-reciprocal/tag",
        "an end tag is answered by the end of the connection alone",
        |parts| {
            since(parts, ends, |output| match output {
                Output::End => Vec::new(),
                other => vec![other],
            });
        },
    ),
    defect("tcp-close-reciprocal/open", "the connection stays open after both end tags", |parts| {
        since(parts, ends, |output| match output {
            Output::Close(_) => Vec::new(),
            other => vec![other],
        });
    }),
    defect("tcp-close-reciprocal/silent", "an end tag is not answered", |parts| {
        since(parts, ends, |_| Vec::new());
    }),
    defect(
        "tcp-close-reciprocal/there",
        "a user who has ended the stream is still online for others",
        |parts| untold(parts, ends),
    ),
];

fn ends(input: &Input) -> bool {
    *input == Input::End
}
