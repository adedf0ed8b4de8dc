//! Where a trace comes from that was not recorded here: which file was read, and what such a file cannot know.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// What was read in place of traffic, and what is missing in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is, such as `HTTP Archive (HAR) of WebInspector 537.36`.
    pub what: String,
    /// What it does not hold. Findings that rest on it are left out.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty", deserialize_with = "known")]
    pub unknown: BTreeSet<Unknown>,
    /// What else its reader should know, such as what was left out: a sentence each, without the full stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Something that a file of another program may not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// When things happened.
    Times,
    /// Which connection carried what, and when connections were opened.
    Connections,
    /// Who ended a connection, how, and when.
    Ends,
    /// Method, path and header lines of HTTP.
    Heads,
    /// The status codes of HTTP.
    Status,
    /// What was sent: the contents of requests and responses.
    Contents,
    /// How messages were put into bytes: frames, masks, compression, transfer codings.
    Framing,
    /// Ping, pong and Close frames of WebSocket.
    Control,
    /// The text of the XML as it was sent: it was written anew, or is cut.
    Text,
    /// Which of the messages that passed are in the file: others are missing.
    Missing,
    /// What was agreed on TLS.
    Tls,
}

impl Unknown {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Times,
        Self::Connections,
        Self::Ends,
        Self::Heads,
        Self::Status,
        Self::Contents,
        Self::Framing,
        Self::Control,
        Self::Text,
        Self::Missing,
        Self::Tls,
    ];

    /// What captures call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Connections => "connections",
            Self::Ends => "ends",
            Self::Heads => "heads",
            Self::Status => "status",
            Self::Contents => "contents",
            Self::Framing => "framing",
            Self::Control => "control",
            Self::Text => "text",
            Self::Missing => "missing",
            Self::Tls => "tls",
        }
    }

    /// What is not known, as a noun.
    pub fn words(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Connections => "connections",
            Self::Ends => "who closed connections",
            Self::Heads => "paths and header lines",
            Self::Status => "status codes",
            Self::Contents => "contents",
            Self::Framing => "framing",
            Self::Control => "control frames (ping, pong, Close)",
            Self::Text => "the XML exactly as it was sent",
            Self::Missing => "some of the messages",
            Self::Tls => "TLS",
        }
    }
}

impl Source {
    /// What was read, of which these things are not known.
    pub fn new(what: impl Into<String>, unknown: impl IntoIterator<Item = Unknown>) -> Self {
        Self { what: what.into(), unknown: unknown.into_iter().collect(), notes: Vec::new() }
    }
}

/// One line: what was read, and what is missing.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read from {}", self.what)?;
        let missing: Vec<&str> = self.unknown.iter().map(|unknown| unknown.words()).collect();
        if !missing.is_empty() {
            write!(f, "; unknown: {}", missing.join(", "))?;
        }
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

/// What a later version adds is left out.
fn known<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Unknown>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let of = |name: &String| Unknown::ALL.into_iter().find(|unknown| unknown.name() == name);
    Ok(names.iter().filter_map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_in_one_line() {
        let mut source = Source::new("a log", []);
        assert_eq!(source.to_string(), "read from a log");
        source.unknown.insert(Unknown::Times);
        assert_eq!(source.to_string(), "read from a log; unknown: times");
        source.unknown.extend([Unknown::Tls, Unknown::Heads]);
        source.notes.push("2 lines are left out".to_owned());
        let words =
            "read from a log; unknown: times, paths and header lines, TLS; 2 lines are left out";
        assert_eq!(source.to_string(), words);
    }

    #[test]
    fn it_is_read_as_it_was_written_but_for_what_a_later_version_adds() {
        let source = Source::new("a log", Unknown::ALL);
        let text = serde_json::to_string(&source).unwrap();
        assert_eq!(serde_json::from_str::<Source>(&text).unwrap(), source);
        let later = text.replace("\"tls\"", "\"moods\"");
        let read = serde_json::from_str::<Source>(&later).unwrap();
        assert_eq!(read.unknown.len(), source.unknown.len() - 1);
        let lists = Unknown::ALL.map(|unknown| serde_json::to_value(unknown).unwrap());
        assert_eq!(lists, Unknown::ALL.map(|unknown| serde_json::Value::from(unknown.name())));
    }
}
