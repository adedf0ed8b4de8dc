//! Versions of streams (RFC 6120 §4.7.5).

use super::raw::{answered, heard};
use crate::cm::stream::Input;
use crate::defects::defect::{Defect, defect};
use crate::xmpp::Header;

pub(super) const DEFECTS: &[Defect] = &[
    defect(
        "tcp-version-numeric/higher",
        "the server says that it has the version that the client has",
        |parts| {
            answered(parts, |asked, header| {
                if header.version.is_some() {
                    header.version.clone_from(&asked.version);
                }
            });
        },
    ),
    defect(
        "tcp-version-numeric/minor",
        "a higher minor version is answered by that version",
        |parts| {
            answered(parts, |asked, header| {
                if asked.version.as_deref() == Some("1.1") {
                    header.version.clone_from(&asked.version);
                }
            });
        },
    ),
    defect(
        "tcp-version-numeric/text",
        "versions are compared as texts, so that 1.10 and 01.0 are not supported",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Header(Header { version: Some(version), .. })
                    if !matches!(version.as_str(), "1.0" | "1.1") =>
                {
                    vec![Input::Wrong("unsupported-version")]
                }
                other => vec![other],
            });
        },
    ),
    defect(
        "tcp-version-numeric/overflow",
        "the major version is read as a number of 32 bits that wraps",
        |parts| {
            answered(parts, |asked, header| {
                if asked.version.as_deref() == Some("4294967297.0") {
                    header.version = Some("0.0".to_owned());
                }
            });
        },
    ),
    defect(
        "tcp-version-numeric/assumed",
        "a header without a version is taken for one of version 1.0",
        |parts| {
            heard(parts, |input, _| match input {
                Input::Header(header) if header.version.is_none() => {
                    vec![Input::Header(Header { version: Some("1.0".to_owned()), ..header })]
                }
                other => vec![other],
            });
        },
    ),
];
