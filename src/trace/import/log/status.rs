//! What strophe.js logs of the HTTP around the `<body/>` elements: which request it sends, and what came of it.

/// Something that strophe.js says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It is sent now, for the first time or again.
    Posting(u64),
    /// It was answered with 200.
    Ok(u64),
    /// It failed with this status; 0 if no response came.
    Failed(u64, u16),
}

/// What a line says, if it is one of strophe.js about a request.
pub(super) fn read(line: &[u8]) -> Option<Status> {
    const MARK: &[u8] = b"request id ";
    let start = memchr::memmem::find(line, MARK)? + MARK.len();
    let text = std::str::from_utf8(line.get(start..line.len().min(start + 60))?).ok()?;
    let (id, rest) = text.split_once(' ')?;
    let id = id.split('.').next()?.parse().ok()?;
    let mut words = rest.split_ascii_whitespace();
    match (words.next()?, words.next(), words.next()) {
        ("posting", ..) => Some(Status::Posting(id)),
        ("got", Some("200"), _) => Some(Status::Ok(id)),
        ("error", Some(status), Some("happened")) => Some(Status::Failed(id, status.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_strophe() {
        for (line, status) in [
            ("DEBUG: request id 1.0 posting", Some(Status::Posting(1))),
            ("[Strophe][DEBUG]: request id 12.1 got 200", Some(Status::Ok(12))),
            ("request id 2.1 error 504 happened", Some(Status::Failed(2, 504))),
            ("request id 10.1 error 0 happened converse.js:48498:13", Some(Status::Failed(10, 0))),
            ("request id 2.1 state changed to 2", None),
            ("request id 2 should now be removed", None),
            ("request id ", None),
        ] {
            assert_eq!(read(line.as_bytes()), status, "{line}");
        }
    }
}
