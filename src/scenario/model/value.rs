//! Texts with variables, and what is read of them.

use std::time::Duration;

use crate::scenario::source::Located;

/// Elements as text. Well-formed once variables have their values; the namespace without a prefix is that of the
/// `<body/>` unless `xmlns` says otherwise, and `stream`, `xmpp` and `xml` are declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Xml {
    /// The text; values are escaped where they stand.
    pub text: Template,
}

/// A length of time.
#[derive(Debug, Clone, PartialEq)]
pub enum Timespan {
    /// As it is written.
    Fixed(Duration),
    /// Known only when it runs.
    Computed(Template),
}

/// A whole number from 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// As it is written.
    Fixed(u64),
    /// Known only when it runs.
    Computed(Template),
}

/// A text with variables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    /// Its parts, one after the other; texts are never empty.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// As it is written; `$${` was written for `${`.
    Text(String),
    /// `${…}`
    Value(Located<Expr>),
}

/// What stands within `${…}`.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A whole number.
    Number(i128),
    /// A length of time, written with its unit.
    Time(Duration),
    /// A text in single quotes.
    Text(String),
    /// A variable, or a field of something that is named.
    Name(Name),
    /// A function of one value.
    Call(Function, Vec<Located<Expr>>),
    /// Two values with an operator between.
    Binary(Operator, Box<Located<Expr>>, Box<Located<Expr>>),
}

/// `domain`, `granted.wait`, `bob.jid`, `poll[n].rid`
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Before the first dot.
    pub base: String,
    /// Which one of that name.
    pub nth: Option<Box<Located<Expr>>>,
    /// Behind the dots.
    pub fields: Vec<String>,
}

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `filler(n)`: a text of n letters.
    Filler,
    /// `random(n)`: n random letters and digits, others at each place and time.
    Random,
    /// `upper(text)`: in capitals.
    Upper,
    /// `lower(text)`: in small letters.
    Lower,
    /// `sha1(text)`: the SHA-1 in hex, as a key sequence is made (XEP-0124 §15).
    Sha1,
    /// `base64(text)`
    Base64,
    /// `from-base64(text)`: the text that was encoded.
    FromBase64,
    /// `scram-attribute(message, 'r')`: the value of an attribute of a message of SCRAM (RFC 5802 §5.1).
    ScramAttribute,
    /// `scram-proof(mechanism, password, first, challenge, last)`: the client's proof (RFC 5802 §3), of the client's
    /// first message without its header, the server's first message, and the client's final message without its proof.
    ScramProof,
    /// `scram-signature(…)`, of the same: what the server has to sign with.
    ScramSignature,
}

/// An operator. `*`, `/` and `%` bind more strongly than `+` and `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // each is the operator of that name
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
