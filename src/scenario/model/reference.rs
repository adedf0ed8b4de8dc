//! What came before, by its name, and what is kept of it.

use super::value::Expr;
use crate::scenario::source::Located;

/// A request, connection or actor that is named: `poll`, or `poll[n]` for one of several from a `repeat`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its name.
    pub name: Located<String>,
    /// Which one of that name, from 1; the latest if nothing is said.
    pub nth: Option<Located<Expr>>,
}

impl Reference {
    /// The word for all requests that were sent so far.
    pub const ALL: &'static str = "all";

    /// Whether it stands for all of them.
    pub fn is_all(&self) -> bool {
        self.name.value == Self::ALL && self.nth.is_none()
    }
}

/// A variable that takes its value from a response or stanza.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The variable.
    pub variable: Located<String>,
    /// Where the value stands.
    pub from: Located<Origin>,
}

/// A place in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `status`
    Status,
    /// `entity`, the whole as text
    Entity,
    /// `link REL`: the address of the first such link of an XRD or JRD (RFC 6415)
    Link(String),
    /// `header NAME`
    Header(String),
    /// `@NAME`, `PATH` or `PATH@NAME`: the attribute of, or the text in, the first element at the end of a path of
    /// local names (`iq/bind/jid`) that begins in the `<body/>`; `*` is any name, and `.` the `<body/>` itself.
    Path {
        /// Local names of elements; empty is the `<body/>` itself.
        elements: Vec<String>,
        /// The attribute; the text if there is none.
        attribute: Option<String>,
    },
    /// `name(PATH)`: the local name of the first element at the end of such a path.
    Name(Vec<String>),
}
