//! One look over bytes, whatever they are, for secrets that a name gives away: attributes, parameters, JSON, header lines, fields
//! of forms, user information in URLs. It begins with a search for stems of such names, and for most traffic ends there.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::elements::LONGEST_LABEL;
use super::head;
use super::marks::{Hit, conceal};
use super::names::{Place, is_secret};
use super::pair::{self, Ground};
use super::secrets::{ELEMENT_STEMS, STEMS, TAG_STEMS};
use super::url;

/// With more names of secrets than this, whatever follows is hidden: nobody means so many.
const MOST: usize = 20_000;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Secrets.
    pub(super) hits: Vec<Hit>,
    /// There may be elements whose content is secret.
    pub(super) elements: bool,
    /// There are escapes, below which there may be more.
    pub(super) escapes: bool,
}

#[derive(Debug, Clone, Copy)]
enum Stem {
    Name,
    Element,
    Tag,
    Authority,
    Escape,
    Subprotocols,
    Jwt,
    Basic,
}

struct Stems {
    search: AhoCorasick,
    kinds: Vec<Stem>,
}

static STEM: LazyLock<Stems> = LazyLock::new(|| {
    let others = [
        ("//", Stem::Authority),
        ("%", Stem::Escape),
        ("&", Stem::Escape),
        ("\\", Stem::Escape),
        ("websocket-protocol", Stem::Subprotocols),
        ("eyj", Stem::Jwt),
        ("basic ", Stem::Basic),
    ];
    let names = STEMS.iter().map(|stem| (*stem, Stem::Name));
    let elements = ELEMENT_STEMS.iter().map(|stem| (*stem, Stem::Element));
    let tags = TAG_STEMS.iter().map(|stem| (*stem, Stem::Tag));
    let (patterns, kinds): (Vec<_>, Vec<_>) =
        names.chain(elements).chain(tags).chain(others).unzip();
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(patterns)
        .expect("a few short patterns");
    Stems { search, kinds }
});

/// Looks for secrets that a name gives away.
pub(super) fn look(bytes: &[u8], ground: Ground) -> Found {
    let mut found = Found::default();
    // A name is judged once, whatever the number of stems in it; in a secret nothing is looked for.
    let mut behind = 0;
    // Nor is a run of letters that was looked through for something else than a name.
    let mut run_end = 0;
    let mut names = 0;
    // The next `@`: without one there is no user information.
    let mut sign = 0;
    for stem in STEM.search.find_iter(bytes) {
        let kind = STEM.kinds[stem.pattern().as_usize()];
        if stem.start() < behind {
            // A name may hold that of an element, as far as broken markup can tell.
            found.elements |= matches!(kind, Stem::Element);
            continue;
        }
        let before = found.hits.len();
        match kind {
            Stem::Name => {
                let run = run(bytes, stem.range());
                behind = run.end;
                names += usize::from(name(bytes, &run, ground, &mut found));
                if names > MOST {
                    conceal(bytes, run.end..bytes.len(), &mut found.hits);
                    break;
                }
            }
            Stem::Tag => {
                let start = bytes[..stem.start()].trim_ascii_end().last();
                found.elements |= matches!(start, Some(b'<' | b'/' | b':'))
                    || bytes.get(stem.end()) == Some(&b'>');
            }
            Stem::Element => found.elements = true,
            Stem::Authority => {
                let end = stem.end();
                if sign < end {
                    sign = memchr::memchr(b'@', &bytes[end..]).map_or(usize::MAX, |at| end + at);
                }
                let is_near = |at: usize| at <= end.saturating_add(url::LONGEST);
                if (is_near(sign) || is_near(bytes.len()))
                    && let Some(secret) = url::user_information(bytes, stem.end())
                {
                    conceal(bytes, secret, &mut found.hits);
                }
            }
            Stem::Escape => {
                let next = bytes.get(stem.end()).copied().unwrap_or_default();
                found.escapes |= match bytes[stem.start()] {
                    b'%' => next.is_ascii_hexdigit(),
                    b'&' => matches!(next, b'#' | b'a' | b'g' | b'l' | b'q'),
                    _ => matches!(
                        next,
                        b'u' | b'x' | b'"' | b'\'' | b'/' | b'\\' | b'n' | b'r' | b't'
                    ),
                };
            }
            Stem::Subprotocols | Stem::Jwt if stem.start() < run_end => {}
            Stem::Subprotocols => {
                let run = run(bytes, stem.range());
                run_end = run.end;
                pair::header_line(bytes, &run, &mut found.hits);
            }
            Stem::Jwt => run_end = jwt(bytes, stem.start(), &mut found.hits),
            Stem::Basic => basic(bytes, stem.end(), &mut found.hits),
        }
        if let Some(last) = found.hits[before..].iter().map(|hit| hit.range.end).max() {
            behind = behind.max(last);
        }
    }
    found
}

/// The name in which these bytes are.
fn run(bytes: &[u8], stem: Range<usize>) -> Range<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let before = bytes[..stem.start].iter().rev().take_while(|byte| is_part(byte)).count();
    let after = bytes[stem.end..].iter().take_while(|byte| is_part(byte)).count();
    stem.start - before..stem.end + after
}

/// Conceals what belongs to this name; whether it is a secret's.
fn name(bytes: &[u8], run: &Range<usize>, ground: Ground, found: &mut Found) -> bool {
    let name = &bytes[run.clone()];
    let before = bytes[..run.start].last();
    let is_parameter = matches!(ground, Ground::Target | Ground::Form)
        || matches!(before, Some(b'?' | b'&' | b';' | b'#'))
        || ground == Ground::Plain
            && matches!(before, Some(b'=' | b'"' | b'\''))
            && pair::is_form_field(bytes, run);
    let place = if is_parameter { Place::Parameter } else { Place::Elsewhere };
    let is_one = is_secret(name, place);
    if is_one {
        found.elements = true;
        pair::value(bytes, run, ground, &mut found.hits);
    }
    if !is_one && head::is_known(name) {
        pair::header_line(bytes, run, &mut found.hits);
    }
    // Its other half may stand in the next word: `<th>API key</th>`, `<b>API key:</b>`.
    if !is_one
        && matches!(before, Some(b'>' | b' '))
        && let Some(label) = label(bytes, run)
    {
        found.elements = true;
        pair::header_line(bytes, &label, &mut found.hits);
    }
    if name.eq_ignore_ascii_case(b"bearer") {
        bearer(bytes, run.end, &mut found.hits);
    }
    is_one
}

/// The text of the element around this name, without a colon, if it is that of a secret.
fn label(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let before = &bytes[run.start.saturating_sub(LONGEST_LABEL)..run.start];
    let start = run.start - before.len() + memchr::memrchr(b'>', before)? + 1;
    let behind = &bytes[run.end..bytes.len().min(run.end + LONGEST_LABEL)];
    let text = &bytes[start..run.end + memchr::memchr(b'<', behind)?];
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b":").unwrap_or(text);
    is_secret(text, Place::Elsewhere).then(|| start..start + text.len())
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

/// `Bearer eyJ…` in any text.
fn bearer(bytes: &[u8], at: usize, hits: &mut Vec<Hit>) {
    let Some(rest) = bytes.get(at..).and_then(|rest| rest.strip_prefix(b" ")) else { return };
    let len = rest.iter().take_while(|byte| is_token(**byte)).count();
    let is_word = !rest[..len].iter().any(u8::is_ascii_digit);
    if len >= 20 || len >= 8 && !is_word {
        conceal(bytes, at + 1..at + 1 + len, hits);
    }
}

/// `Basic …` in any text.
fn basic(bytes: &[u8], at: usize, hits: &mut Vec<Hit>) {
    let len = bytes[at..].iter().take_while(|byte| is_token(**byte)).count();
    let is_pair = super::base64::decode(&bytes[at..at + len])
        .is_some_and(|pair| pair.contains(&b':') && std::str::from_utf8(&pair).is_ok());
    if is_pair {
        conceal(bytes, at..at + len, hits);
    }
}

/// A JSON web token (RFC 7519), which shows by its first letters what it is. Returns where the run ends in which it would be: what
/// else begins so in there is no other one.
fn jwt(bytes: &[u8], at: usize, hits: &mut Vec<Hit>) -> usize {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let token = &bytes[at..at + bytes[at..].iter().take_while(is_part).count()];
    if !token.starts_with(b"eyJ") {
        return at;
    }
    if token.len() >= 20 && token.contains(&b'.') {
        conceal(bytes, at..at + token.len(), hits);
    }
    at + token.len()
}
