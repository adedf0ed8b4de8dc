//! What differs as JSON.

use serde::Serialize;

use super::document::Document;
use crate::report::json::write;
use crate::snapshot::{Change, ExchangeDiff, Place, Sign, StrandDiff};
use crate::wire::Side;

/// The version of the format.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct All<'a> {
    xmppscope: &'static str,
    version: u32,
    tool: &'static str,
    old: &'a str,
    new: &'a str,
    equal: bool,
    differences: usize,
    compared: usize,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "file", skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    sign: Sign,
    differences: usize,
    strands: Vec<Strand<'a>>,
}

#[derive(Serialize)]
struct Strand<'a> {
    sign: Sign,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
    length: usize,
    changes: Vec<Line<'a>>,
    exchanges: Vec<Exchange<'a>>,
}

#[derive(Serialize)]
struct Exchange<'a> {
    sign: Sign,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Place>,
    request: &'a str,
    response: &'a str,
    changes: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    sign: Sign,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
    words: String,
}

/// What differs between `old` and `new`, as one JSON object in a line.
pub fn json(old: &str, new: &str, documents: &[Document]) -> String {
    let differences = documents.iter().map(Document::count).sum();
    let all = All {
        xmppscope: "diff",
        version: VERSION,
        tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")),
        old,
        new,
        equal: differences == 0,
        differences,
        compared: documents.len(),
        files: documents.iter().filter(|document| document.differs()).map(file).collect(),
    };
    let mut out = Vec::new();
    let _ = write(&mut out, &all); // memory takes everything
    String::from_utf8_lossy(&out).into_owned()
}

fn file(document: &Document) -> File<'_> {
    File {
        name: document.name.as_deref(),
        sign: document.sign(),
        differences: document.count(),
        strands: document.strands().iter().map(strand).collect(),
    }
}

fn strand(strand: &StrandDiff) -> Strand<'_> {
    Strand {
        sign: strand.sign(),
        old: strand.old.as_deref(),
        new: strand.new.as_deref(),
        length: strand.length,
        changes: strand.changes.iter().map(line).collect(),
        exchanges: strand.exchanges.iter().map(exchange).collect(),
    }
}

fn exchange(exchange: &ExchangeDiff) -> Exchange<'_> {
    Exchange {
        sign: exchange.sign(),
        old: exchange.old.as_ref(),
        new: exchange.new.as_ref(),
        request: &exchange.request,
        response: &exchange.response,
        changes: exchange.changes.iter().map(line).collect(),
    }
}

fn line(change: &Change) -> Line<'_> {
    Line {
        sign: change.sign(),
        side: change.side.map(Side::name),
        what: change.what.kind(),
        name: change.what.name(),
        subject: &change.subject,
        old: change.old.as_deref(),
        new: change.new.as_deref(),
        words: change.words(),
    }
}
