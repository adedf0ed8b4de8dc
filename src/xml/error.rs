//! Why a source is not an XML document that XMPP allows, and where.

use std::fmt;

/// The first thing that makes a source unacceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// Where it stands.
    pub at: Position,
    /// What it is.
    pub kind: ErrorKind,
}

/// A place in a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte; bytes that are not UTF-8 count as the characters they would be shown as.
    pub fn of(source: &[u8], offset: usize) -> Self {
        let before = &source[..offset.min(source.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        Self {
            offset: before.len(),
            line: 1 + memchr::memchr_iter(b'\n', before).count(),
            column: 1 + String::from_utf8_lossy(&before[line_start..]).chars().count(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// What makes a source unacceptable: a violation of XML 1.0, of Namespaces in XML, of the restrictions
/// of RFC 6120 section 11.1 and XEP-0124 section 7, or of our own [`Limits`](super::Limits).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A byte sequence that encodes no character.
    #[error("not UTF-8: byte 0x{0:02x}")]
    NotUtf8(u8),
    /// `<!DOCTYPE`
    #[error("a document type declaration, which XMPP forbids")]
    DocumentType,
    /// `<?`, other than an XML declaration at the start.
    #[error("a processing instruction, which XMPP forbids")]
    ProcessingInstruction,
    /// `<!--`
    #[error("a comment, which XMPP forbids")]
    Comment,
    /// A reference to an entity other than the five predefined ones.
    #[error("entity `&{0};` is not declared")]
    UndeclaredEntity(String),
    /// A `&` that starts no reference.
    #[error("`&` does not start a reference; write it as `&amp;`")]
    LoneAmpersand,
    /// A prefix that no namespace declaration in scope declares.
    #[error("namespace prefix `{0}` is not declared")]
    UndeclaredPrefix(String),
    /// An attribute that occurs twice in a tag, by name or by namespace.
    #[error("attribute \"{0}\" occurs twice")]
    DuplicateAttribute(String),
    /// An end tag that does not close the innermost element.
    #[error("expected `</{expected}>`, found `</{found}>`")]
    MismatchedTag {
        /// The name of the innermost open element, as sent.
        expected: String,
        /// The name in the end tag.
        found: String,
    },
    /// A character that XML does not allow, as itself or as a reference.
    #[error("character U+{0:04X}, which XML forbids")]
    InvalidCharacter(u32),
    /// An element without an end tag.
    #[error("element <{0}> is not closed")]
    Unclosed(String),
    /// Something that ends before its own end: a tag, a value, a CDATA section.
    #[error("the input ends within {0}")]
    Unfinished(&'static str),
    /// Something before the root element.
    #[error("text before the root element")]
    BeforeRoot,
    /// Something after the root element: a second one, or text.
    #[error("{0} after the end of the root element")]
    AfterRoot(&'static str),
    /// Nothing, or nothing but white space.
    #[error("the input is empty")]
    Empty,
    /// Deeper than [`Limits::depth`](super::Limits::depth).
    #[error("elements are nested more than {0} deep")]
    TooDeep(usize),
    /// More than [`Limits::attributes`](super::Limits::attributes) in one tag.
    #[error("more than {0} attributes in one tag")]
    TooManyAttributes(usize),
    /// More than [`Limits::nodes`](super::Limits::nodes).
    #[error("more than {0} elements, attributes and texts")]
    TooManyNodes(usize),
    /// Longer than [`Limits::bytes`](super::Limits::bytes).
    #[error("longer than {0} bytes")]
    TooLarge(usize),
    /// Any other violation of the grammar, in words.
    #[error("{0}")]
    Syntax(String),
}

impl ErrorKind {
    /// Whether nothing is wrong with the source but that it is more than the [`Limits`](super::Limits) allow.
    pub fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::TooDeep(_)
                | Self::TooManyAttributes(_)
                | Self::TooManyNodes(_)
                | Self::TooLarge(_)
        )
    }
}
