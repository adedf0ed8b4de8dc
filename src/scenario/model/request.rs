//! What is sent.

use super::http::{Attribute, Header, Http, Via};
use super::reference::Reference;
use super::value::{Count, Template, Timespan, Xml};
use crate::scenario::source::Located;

/// A request with a `<body/>` that is made for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// By which it is named.
    pub name: Located<String>,
    /// Whose it is; the client's if nothing is said.
    pub by: Option<Reference>,
    /// Its rid; `+1` if nothing is said.
    pub rid: Option<Located<Rid>>,
    /// Its sid; the session's if nothing is said.
    pub sid: Option<Located<Sid>>,
    /// Attributes beside those that are made for it, or in their place.
    pub attributes: Vec<Attribute>,
    /// What stands in the `<body/>`.
    pub payload: Option<Located<Xml>>,
    /// The whole entity in place of a `<body/>` made for it.
    pub body: Option<Located<Bytes>>,
    /// POST if nothing is said.
    pub method: Option<Located<Template>>,
    /// The target's if nothing is said.
    pub path: Option<Located<Template>>,
    /// An address that was learned, to which a connection is opened for it; one of the target's if nothing is said.
    pub url: Option<Located<Template>>,
    /// The session's if nothing is said.
    pub http: Option<Located<Http>>,
    /// Header fields beside those that are made for it, or in their place.
    pub headers: Vec<Header>,
    /// How the entity is coded.
    pub encoding: Option<Located<Encoding>>,
    /// In how many chunks the entity is sent; with a Content-Length if nothing is said.
    pub chunks: Option<Located<Count>>,
    /// Which connection carries it.
    pub on: Option<Located<On>>,
    /// Over which address, if a connection is opened for it.
    pub via: Option<Located<Via>>,
    /// When its connection is cut.
    pub cut: Option<Cut>,
}

/// A rid.
#[derive(Debug, Clone, PartialEq)]
pub enum Rid {
    /// Counted from the highest rid that the session has used without a gap: `+1` is the next, `+0` that one again.
    Relative(i64),
    /// Left out.
    Absent,
    /// This text, number or not.
    Text(Template),
}

/// A sid.
#[derive(Debug, Clone, PartialEq)]
pub enum Sid {
    /// Left out.
    Absent,
    /// This text.
    Text(Template),
}

/// A content coding of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// gzip
    Gzip,
    /// deflate, in the zlib format
    Deflate,
}

/// Which connection carries a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// A new one that nothing else uses.
    Fresh,
    /// The one of this name, opened when there is none; behind what it carries already (pipelined).
    Named(String),
}

/// A connection that is cut while it carries a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Cut {
    /// When.
    pub point: Located<CutPoint>,
    /// In which way.
    pub how: Located<End>,
}

/// When a connection is cut.
#[derive(Debug, Clone, PartialEq)]
pub enum CutPoint {
    /// When so many bytes of the entity are sent.
    Bytes(Count),
    /// When half of the entity is sent.
    Half,
    /// So long after the last byte was sent, unless it was answered.
    Sent(Timespan),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In order.
    Fin,
    /// With a reset.
    Reset,
}

/// The same bytes again.
#[derive(Debug, Clone, PartialEq)]
pub struct Resend {
    /// What is sent again.
    pub request: Reference,
    /// By which this sending is named.
    pub name: Located<String>,
    /// Which connection carries it; another one than the first time if nothing is said.
    pub on: Option<Located<On>>,
    /// When its connection is cut.
    pub cut: Option<Cut>,
}

/// Bytes as they are written. A response is expected for them as for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// By which it is named.
    pub name: Located<String>,
    /// Whose connections it uses, and whose rids it may hold.
    pub by: Option<Reference>,
    /// What is sent: a line end is sent as CRLF.
    pub send: Located<Bytes>,
    /// Which connection carries it; a new one if nothing is said.
    pub on: Option<Located<On>>,
    /// Over which address, if a connection is opened for it.
    pub via: Option<Located<Via>>,
    /// When its connection is cut, counted in bytes of all that is sent.
    pub cut: Option<Cut>,
}

/// Bytes to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Bytes {
    /// Its parts, one after the other.
    pub pieces: Vec<Located<Piece>>,
}

/// A part of bytes to send.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A text, in UTF-8.
    Text(Template),
    /// These bytes, written in hex or base64.
    Bytes(Vec<u8>),
    /// A pause (in `raw` alone).
    Pause(Timespan),
}

/// A connection that is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// By which it is named.
    pub name: Located<String>,
    /// Over which address; the one of the client's session if nothing is said.
    pub via: Option<Located<Via>>,
    /// The certificate it shows, of the account named.
    pub certificate: Option<Located<String>>,
}

/// A connection that is ended by us.
#[derive(Debug, Clone, PartialEq)]
pub struct Disconnect {
    /// Its name.
    pub connection: Located<String>,
    /// In which way; in order if nothing is said.
    pub how: Option<Located<End>>,
}
