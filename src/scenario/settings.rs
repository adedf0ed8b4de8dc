//! `xmppscope.yaml`: what a project says to all commands (docs/reference/transcript.md).

use super::model::Pattern;

/// What a project says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// What varies from run to run in transcripts, beside what the protocol says.
    pub replace: Vec<Replacement>,
}

/// Something that varies, and what it is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// What varies.
    pub what: Varies,
    /// Its name: `[name-1]` stands for the first value.
    pub name: String,
}

/// What varies.
#[derive(Debug, Clone, PartialEq)]
pub enum Varies {
    /// The text of an element, or the value of an attribute.
    At {
        /// Names of elements from the outside to the inside, as many as are needed; `*` is any.
        elements: Vec<String>,
        /// The attribute, if it is not the text.
        attribute: Option<String>,
    },
    /// What fits an expression, wherever it stands; of one with a group, what fits the group.
    Like(Pattern),
}
