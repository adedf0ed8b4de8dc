//! The page as a whole: its parts, what they may hold, and its policy.

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

use super::run::Run;
use super::trace::Trace;
use crate::diag::sanitise::sanitise;
use crate::spec::catalogue;

const PAGE: &str = include_str!("page.html");
pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = concat!(
    include_str!("model.js"),
    include_str!("view.js"),
    include_str!("panel.js"),
    include_str!("run.js"),
    include_str!("main.js"),
);

/// Of all contents together, a page holds so many bytes.
const CONTENTS: usize = 64 << 20;
/// So many events are in a page: 50,000 exchanges and what else happened.
const EVENTS: usize = 110_000;

/// What a page shows.
#[derive(Debug, Serialize)]
pub struct Page {
    tool: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Run>,
    requirements: BTreeMap<&'static str, Requirement>,
    pub(super) traces: Vec<Trace>,
    #[serde(skip)]
    pub(super) room: Room,
}

/// What may still be added.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) content: usize,
    pub(super) events: usize,
}

/// A requirement that something in the page is about.
#[derive(Debug, Serialize)]
struct Requirement {
    section: String,
    link: String,
    level: &'static str,
    rule: &'static str,
}

impl Page {
    /// An empty page about the file, or folder, of this name.
    pub fn new(name: &str) -> Self {
        Self {
            tool: concat!("xmppscope ", env!("CARGO_PKG_VERSION")),
            name: name.to_owned(),
            run: None,
            requirements: BTreeMap::new(),
            traces: Vec::new(),
            room: Room { content: CONTENTS, events: EVENTS },
        }
    }

    /// Adds what came of scenarios.
    pub fn run(&mut self, run: Run) {
        run.requirements().into_iter().for_each(|id| self.requirement(&id));
        self.run = Some(run);
    }

    pub(super) fn requirement(&mut self, id: &str) {
        let Some(requirement) = catalogue().get(id) else { return };
        let Some(specification) = catalogue().specification(&requirement.spec) else { return };
        self.requirements.entry(&requirement.id).or_insert_with(|| Requirement {
            section: format!("{} §{}", specification.name(), requirement.section.number),
            link: specification.link(&requirement.section),
            level: requirement.level.as_str(),
            rule: &requirement.rule,
        });
    }

    /// Writes the page.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'",
            hash(SCRIPT),
            hash(STYLE)
        );
        let mut rest = PAGE;
        for name in ["{policy}", "{style}", "{data}", "{script}"] {
            let (before, after) = rest.split_once(name).unwrap_or((rest, ""));
            out.write_all(before.as_bytes())?;
            match name {
                "{policy}" => out.write_all(policy.as_bytes())?,
                "{style}" => out.write_all(STYLE.as_bytes())?,
                "{script}" => out.write_all(SCRIPT.as_bytes())?,
                _ => self.serialize(&mut Serializer::with_formatter(&mut *out, Embedded))?,
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}

/// As a policy names what may be in the page.
pub fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
}

/// JSON that may stand in a page: nothing in it ends the element that it stands in, and the text that it gives back is
/// harmless where it is shown.
pub(super) struct Embedded;

impl Formatter for Embedded {
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: &str,
    ) -> io::Result<()> {
        // A fragment holds no backslash: what is there afterwards is an escape to be shown.
        let shown = sanitise(text);
        let mut written = 0;
        for (at, c) in shown.char_indices().filter(|&(_, c)| c == '<' || c == '\\') {
            out.write_all(&shown.as_bytes()[written..at])?;
            out.write_all(if c == '<' { b"\\u003c" } else { b"\\\\" })?;
            written = at + 1;
        }
        out.write_all(&shown.as_bytes()[written..])
    }

    fn write_char_escape<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        out.write_all(match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::LineFeed => b"\\n",
            CharEscape::Tab => b"\\t",
            CharEscape::CarriageReturn => b"\\\\r",
            CharEscape::Backspace => b"\\\\u{8}",
            CharEscape::FormFeed => b"\\\\u{c}",
            CharEscape::AsciiControl(byte) => return write!(out, "\\\\u{{{byte:x}}}"),
        })
    }
}
