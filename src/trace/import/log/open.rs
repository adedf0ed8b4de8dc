//! Opens a log: what it is, and what its events are.

use std::collections::BTreeSet;
use std::io::{BufRead, Cursor, Read};

use super::dialects::{DIALECTS, Known, spoken};
use super::direction::Tag;
use super::lines::{LONGEST, Lines, decolour};
use super::reader::{Counts, Reader, is_brief};
use super::roots;
use crate::diag::counted;
use crate::trace::capture::{CaptureError, Events, Preface};
use crate::trace::import::instant::date;
use crate::trace::intake::Intake;
use crate::trace::source::{Source, Unknown};
use crate::wire::Side;

/// By so many of its first bytes a log is judged.
const START: usize = 64 << 10;

/// Whether a file that begins so is of this format.
pub(in crate::trace::import) fn is(start: &[u8]) -> bool {
    Start::of(start).is_log()
}

/// Reads it.
pub(in crate::trace::import) fn open(
    mut from: Box<dyn BufRead + Send>,
    intake: Intake,
) -> Result<(Preface, Events), CaptureError> {
    let mut start = Vec::new();
    from.by_ref().take(START as u64).read_to_end(&mut start)?;
    let found = Start::of(&start);
    let known = found.spoken();
    let mut lines = Lines::new(Box::new(Cursor::new(start).chain(from)));
    let mut reader = Reader::new(known, found.side(known), found.brief_are_copies(), intake);
    let mut broken = None;
    loop {
        let number = lines.number + 1;
        match lines.next() {
            Ok(Some(line)) => reader.line(line, number)?,
            Ok(None) => break,
            Err(error) => {
                broken = Some(CaptureError::from(error));
                break;
            }
        }
    }
    reader.end()?;
    let Reader { sorter, times, counts, .. } = reader;
    let Some(first) = sorter.first() else {
        return Err(broken.unwrap_or_else(|| CaptureError::Foreign(empty(known))));
    };
    let source = source(known, &counts, times.are_known(), times.note(), lines.cut);
    let preface = Preface::read(date(first, times.zone()), String::new(), source);
    Ok((preface, sorter.trace(first, broken)))
}

/// The beginning of a file.
struct Start {
    /// What stands in front of XML in its lines, or the line before, and the XML.
    prefixes: Vec<(String, Vec<u8>)>,
    /// The program that it is known to be of by other lines.
    by: Option<&'static Known>,
    /// Lines with text, and those of them that hold XML.
    lines: usize,
    with_xml: usize,
}

impl Start {
    fn of(start: &[u8]) -> Self {
        let mut text = start[..start.len().min(START)].to_vec();
        let (mut prefixes, mut by, mut before) = (Vec::new(), None, String::new());
        // A page, a snapshot and a transcript hold XML, and are none.
        let others: [&[u8]; 4] = [b"<!D", b"<html", b"---", b"== "];
        let is_other = others.iter().any(|other| text.trim_ascii_start().starts_with(other));
        if is_other || text.iter().take(512).any(|byte| *byte == 0) {
            return Self { prefixes, by, lines: 0, with_xml: 0 };
        }
        decolour(&mut text);
        let (mut lines, mut with_xml) = (0, 0);
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let written = line.trim_ascii();
            lines += usize::from(!written.is_empty());
            with_xml += usize::from(written.starts_with(b"<") || roots::find(line, 0).is_some());
            let Some(start) = roots::find(line, 0) else {
                before = String::from_utf8_lossy(&line[..line.len().min(512)]).into_owned();
                by = by.or_else(|| DIALECTS.iter().find(|known| known.is_by(&before)));
                continue;
            };
            let prefix = String::from_utf8_lossy(&line[start.at.saturating_sub(512)..start.at]);
            let prefix =
                if prefix.trim().is_empty() { before.clone() } else { prefix.into_owned() };
            prefixes.push((prefix, line[start.at..].to_vec()));
            before.clear();
        }
        Self { prefixes, by, lines, with_xml }
    }

    fn is_log(&self) -> bool {
        let known = self.spoken();
        let is_one = !std::ptr::eq(known, DIALECTS.last().unwrap_or(known));
        let is_marked = self.prefixes.iter().any(|(prefix, _)| {
            let mark = known.mark(prefix);
            mark.says() || is_one && mark.known
        });
        // Without a mark, it has to be XMPP for the most part: many texts quote some.
        let is_said = |xml: &[u8]| {
            let tag = Tag::of(xml);
            tag.sender().or_else(|| tag.likely(None)).is_some()
        };
        let is_xmpp = self.with_xml * 2 >= self.lines;
        let speaks = is_xmpp && self.prefixes.iter().any(|(_, xml)| is_said(xml));
        self.by.is_some() || is_marked || speaks
    }

    fn spoken(&self) -> &'static Known {
        match self.by {
            Some(by) if self.prefixes.is_empty() => by,
            _ => spoken(&self.prefixes),
        }
    }

    /// Whose log it is: what only one side sends tells it where the program is not known.
    fn side(&self, known: &Known) -> Side {
        known.dialect.of.unwrap_or_else(|| {
            let votes = self.prefixes.iter().filter_map(|(prefix, xml)| {
                let received = known.mark(prefix).received?;
                let from = Tag::of(xml).sender()?;
                Some(if received == (from == Side::Server) { 1 } else { -1 })
            });
            if votes.sum::<i64>() < 0 { Side::Server } else { Side::Client }
        })
    }

    fn brief_are_copies(&self) -> bool {
        let full =
            |(prefix, _): &&(String, Vec<u8>)| prefix.contains("SEND:") || prefix.contains("RECV:");
        self.prefixes.iter().any(|prefix| full(&prefix))
            && self.prefixes.iter().any(|(prefix, _)| is_brief(prefix))
    }
}

/// What a log without XMPP is.
fn empty(known: &Known) -> String {
    let how = match known.dialect.what {
        "log of Prosody" => {
            "set `log` to the level debug and load mod_stanza_debug (`modules_enabled`), and try again"
        }
        "log of ejabberd" => "set `loglevel: debug`, and try again",
        "log of MongooseIM" => "set `loglevel = \"debug\"`, and try again",
        "log of Openfire" => "install the XML Debugger plugin, and try again",
        _ => "let the program log the XML that it sends and receives, and try again",
    };
    format!("this is a {} without any XML of XMPP; {how}", known.dialect.what)
}

fn source(
    known: &Known,
    counts: &Counts,
    timed: bool,
    of_times: Option<&'static str>,
    long: u64,
) -> Source {
    let dialect = known.dialect;
    let mut unknown = BTreeSet::from([
        Unknown::Connections,
        Unknown::Ends,
        Unknown::Heads,
        Unknown::Framing,
        Unknown::Control,
        Unknown::Tls,
    ]);
    let mut with = |it: Unknown, is: bool| is.then(|| unknown.insert(it));
    with(Unknown::Times, !timed || counts.early > 0);
    with(Unknown::Status, counts.statuses == 0);
    with(Unknown::Text, dialect.rewrites || counts.cut > 0);
    with(Unknown::Contents, counts.cut + counts.replies > 0);
    let gaps =
        counts.replies > 0 || counts.unasked || counts.unclear > 0 || counts.cut > 0 || long > 0;
    with(Unknown::Missing, gaps || dialect.note.is_some());
    let what = match dialect.of {
        None if counts.statuses > 0 => "console log of strophe.js",
        _ => dialect.what,
    };
    let mut source = Source::new(format!("a {what}"), unknown);
    let notes = [
        of_times.map(str::to_owned),
        (timed && counts.early > 0).then(|| {
            format!(
                "before the first time, and shown at the first time: {}",
                counted(counts.early, "event")
            )
        }),
        dialect.note.map(str::to_owned),
        (counts.replies > 0).then(|| "the <body/> of BOSH responses is not in it".to_owned()),
        (counts.cut > 0)
            .then(|| format!("of {} only the beginning is there", counted(counts.cut, "element"))),
        (counts.unclear > 0).then(|| {
            format!(
                "left out: {} of which the log does not say who sent it",
                counted(counts.unclear, "element")
            )
        }),
        (long > 0)
            .then(|| format!("{} longer than {} MiB cut", counted(long, "line"), LONGEST >> 20)),
        (counts.lines > 0)
            .then(|| format!("left out: {} without XML", counted(counts.lines, "line"))),
        (counts.failures > 0).then(|| {
            format!(
                "{} of them may be about a failure, line {} first",
                counts.failures, counts.first_failure
            )
        }),
    ];
    source.notes = notes.into_iter().flatten().collect();
    source
}
