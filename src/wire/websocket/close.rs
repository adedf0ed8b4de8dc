//! The content of a Close frame (RFC 6455 §5.5.1 and §7.4), and what its status means.

/// What a Close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// Nothing: a frame without content.
    Bare,
    /// A status, and a reason for people.
    Status(u16, String),
    /// Content that is no status with a text: one byte, or a reason that is not UTF-8.
    Malformed,
}

impl Close {
    /// Reads the payload of a Close frame.
    pub fn of(payload: &[u8]) -> Self {
        match payload.split_first_chunk() {
            None if payload.is_empty() => Self::Bare,
            None => Self::Malformed,
            Some((status, reason)) => match std::str::from_utf8(reason) {
                Ok(reason) => Self::Status(u16::from_be_bytes(*status), reason.to_owned()),
                Err(_) => Self::Malformed,
            },
        }
    }

    /// The status, if there is one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            Self::Bare | Self::Malformed => None,
        }
    }

    /// Whether this may be sent (RFC 6455 §7.4): some statuses only stand for what happened where none was received.
    pub fn is_valid(&self) -> bool {
        match self {
            Self::Bare => true,
            Self::Malformed => false,
            Self::Status(status, _) => {
                matches!(status, 1000..=1003 | 1007..=1014 | 3000..=4999)
            }
        }
    }

    /// What a status means; none for one that has no registered meaning.
    pub fn meaning(status: u16) -> Option<&'static str> {
        Some(match status {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "data that cannot be accepted",
            1005 => "no status",
            1006 => "abnormal closure",
            1007 => "invalid data, such as text that is not UTF-8",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "extension missing",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS handshake failed",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_has_a_status_and_a_text_or_nothing() {
        assert_eq!(Close::of(b""), Close::Bare);
        assert_eq!(Close::of(b"\x03\xe9Bye"), Close::Status(1001, "Bye".to_owned()));
        assert_eq!(Close::of(b"\x03"), Close::Malformed);
        assert_eq!(Close::of(b"\x03\xe8\xff"), Close::Malformed);
        assert_eq!(Close::of(b"\x03\xe8").status(), Some(1000));
        let valid = |status| Close::Status(status, String::new()).is_valid();
        assert!([1000, 1001, 1011, 3000, 4999].into_iter().all(valid));
        assert!(![0, 999, 1004, 1005, 1006, 1015, 2999, 5000].into_iter().any(valid));
        assert!(Close::Bare.is_valid() && !Close::Malformed.is_valid());
        assert_eq!(Close::meaning(1001), Some("going away"));
        assert_eq!(Close::meaning(4000), None);
    }
}
