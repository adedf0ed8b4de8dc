//! What differs, for programs and browsers: `xmppscope diff --format json` and `html`. The JSON is described in
//! `docs/reference/diff.md`. Fields may be added at any time; nothing is renamed, removed or given another meaning
//! without a new [`VERSION`].

mod html;
mod markdown;

pub use html::html;
pub use markdown::markdown;

use serde::Serialize;

use crate::snapshot::{Change, Diff, ExchangeDiff, Place, Sign, StrandDiff};
use crate::wire::Side;

/// The version of the format.
pub const VERSION: u32 = 1;

/// Two files that were compared.
#[derive(Debug, Clone)]
pub struct Document {
    /// The path in the folders that were compared; none if two files were.
    pub name: Option<String>,
    /// What came of it.
    pub compared: Compared,
}

/// What came of a comparison.
#[derive(Debug, Clone)]
pub enum Compared {
    /// It is in both folders.
    Both(Diff),
    /// It is in the old one alone.
    OnlyOld,
    /// It is in the new one alone.
    OnlyNew,
}

impl Document {
    /// Whether there is a difference.
    pub fn differs(&self) -> bool {
        self.count() > 0
    }

    /// How many differences there are.
    pub fn count(&self) -> usize {
        match &self.compared {
            Compared::Both(diff) => diff.count(),
            Compared::OnlyOld | Compared::OnlyNew => 1,
        }
    }

    /// Whether the file came, went, or is in both.
    pub fn sign(&self) -> Sign {
        match self.compared {
            Compared::Both(_) => Sign::Changed,
            Compared::OnlyOld => Sign::Removed,
            Compared::OnlyNew => Sign::Added,
        }
    }

    fn strands(&self) -> &[StrandDiff] {
        match &self.compared {
            Compared::Both(diff) => &diff.strands,
            Compared::OnlyOld | Compared::OnlyNew => &[],
        }
    }
}

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
    // Texts and numbers can always be written.
    serde_json::to_string(&all).unwrap_or_default() + "\n"
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
