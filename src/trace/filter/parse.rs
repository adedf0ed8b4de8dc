//! The predicates of filters; how they are joined is read by [`Cursor`].
//!
//! ```text
//! predicate = NAME [":" value]
//! value     = '"' … '"' | "/" regex "/" | word
//! ```

use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use regex_lite::RegexBuilder;

use super::predicate::{FRAMES, KINDS, LEVELS, MANAGEMENT, NOISES, Pattern, Predicate, TRANSPORTS};
use crate::diag::logic::{Cursor, Logic, Parsed};
use crate::diag::{Diagnostic, nearest};
use crate::wire::Side;
use crate::xmpp::Kind;

/// Every predicate, with an example that is shown where a value is missing.
const PREDICATES: [(&str, &str); 25] = [
    ("kind", "kind:message"),
    ("type", "type:chat"),
    ("ns", "ns:pubsub"),
    ("jid", "jid:alice@"),
    ("from", "from:alice@"),
    ("to", "to:alice@"),
    ("id", "id:bind_1"),
    ("sid", "sid:4f1c"),
    ("session", "session:ws1"),
    ("transport", "transport:websocket"),
    ("frame", "frame:close"),
    ("sm", "sm:again"),
    ("rid", "rid:1573741820..1573741830"),
    ("conn", "conn:2"),
    ("dir", "dir:server"),
    ("text", "text:\"hello there\""),
    ("status", "status:502 or status:4xx"),
    ("path", "path:/http-bind"),
    ("empty", "empty"),
    ("poll", "poll"),
    ("finding", "finding:rid"),
    ("level", "level:warning"),
    ("noise", "noise:omemo"),
    ("http", "http"),
    ("fault", "fault:drop"),
];

/// Predicates about what is known only after a message has passed.
const LATER: [&str; 3] = ["finding", "level", "fault"];

/// What an expression is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purpose {
    /// The name of the option.
    pub(super) option: &'static str,
    /// What the expression is called.
    pub(super) what: &'static str,
    /// Findings are known.
    pub(super) findings: bool,
}

/// Reads an expression.
pub(super) fn parse(text: &str, purpose: Purpose) -> Parsed<Logic<Predicate>> {
    let mut cursor = Cursor::new(purpose.option, purpose.what, text);
    if text.trim().is_empty() {
        let help = "for example: kind:message and not noise";
        let message = format!("{} is empty", purpose.what);
        return Err(cursor.mistake(0..text.len(), message, "", help));
    }
    cursor.parse(&mut |cursor| Parser { cursor, purpose }.predicate())
}

struct Parser<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    purpose: Purpose,
}

/// The value of a predicate, as written.
struct Value<'a> {
    /// The predicate's name.
    name: &'static str,
    text: std::borrow::Cow<'a, str>,
    is_regex: bool,
    span: Range<usize>,
}

impl<'a> Parser<'_, 'a> {
    fn predicate(&mut self) -> Parsed<Predicate> {
        self.cursor.peek();
        let start = self.cursor.at;
        let word = self.cursor.name();
        let span = start..start + word.len();
        if word.is_empty() || self.cursor.at_word("and") || self.cursor.at_word("or") {
            return Err(self.nothing_here());
        }
        self.cursor.at = span.end;
        let Some((name, example)) =
            PREDICATES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word))
        else {
            return Err(self.unknown(word, span));
        };
        if !self.purpose.findings && LATER.contains(&name) {
            let message = format!("`{name}` cannot be used here");
            let label = "it is known only after a message has passed";
            return Err(self.cursor.mistake(span, message, label, ""));
        }
        let has_value = self.cursor.rest().starts_with(':');
        match name {
            "empty" | "poll" | "http" if has_value => {
                let colon = self.cursor.at..self.cursor.at + 1;
                return Err(self.cursor.mistake(colon, format!("`{name}` takes no value"), "", ""));
            }
            "empty" => return Ok(Predicate::Empty),
            "poll" => return Ok(Predicate::Poll),
            "http" => return Ok(Predicate::Http),
            "fault" if !has_value => return Ok(Predicate::Fault(None)),
            "finding" if !has_value => return Ok(Predicate::Finding(None)),
            "noise" if !has_value => return Ok(Predicate::Noise(None)),
            "frame" if !has_value => return Ok(Predicate::Frame(None)),
            "sm" if !has_value => return Ok(Predicate::Management(None)),
            _ if !has_value => {
                let message = format!("`{name}` needs a value");
                return Err(self.cursor.mistake(span, message, "", format!("write {example}")));
            }
            _ => self.cursor.at += 1,
        }
        let value = self.value(name, example)?;
        self.with_value(&value)
    }

    fn with_value(&self, value: &Value<'_>) -> Parsed<Predicate> {
        let pattern = || self.pattern(value);
        Ok(match value.name {
            "kind" => {
                let index = self.choice(value, &KINDS.map(Kind::as_str))?;
                Predicate::Kind(KINDS[index])
            }
            "type" => Predicate::Type(pattern()?),
            "ns" => Predicate::Namespace(pattern()?),
            "jid" => Predicate::Jid(pattern()?),
            "from" => Predicate::From(pattern()?),
            "to" => Predicate::To(pattern()?),
            "id" => Predicate::Id(pattern()?),
            "sid" => Predicate::Sid(pattern()?),
            "session" => Predicate::Session(pattern()?),
            "transport" => Predicate::Transport(TRANSPORTS[self.choice(value, &TRANSPORTS)?]),
            "frame" => Predicate::Frame(Some(FRAMES[self.choice(value, &FRAMES)?])),
            "sm" => Predicate::Management(Some(MANAGEMENT[self.choice(value, &MANAGEMENT)?])),
            "rid" => match value.text.strip_prefix('+') {
                None => Predicate::Rid(self.rids(value)?),
                Some(steps) => {
                    let (text, span) = (steps.into(), value.span.start + 1..value.span.end);
                    Predicate::RidAfter(self.rids(&Value { text, span, ..*value })?)
                }
            },
            "conn" => Predicate::Conn(self.number(value, value.span.clone(), &value.text)?),
            "dir" => {
                let sides = [Side::Client, Side::Server];
                Predicate::Direction(sides[self.choice(value, &sides.map(Side::name))?])
            }
            "text" => Predicate::Text(pattern()?),
            "status" => Predicate::Status(self.statuses(value)?),
            "path" => Predicate::Path(pattern()?),
            "fault" => Predicate::Fault(Some(pattern()?)),
            "level" => Predicate::Level(self.choice(value, &LEVELS)? as u8),
            "noise" => Predicate::Noise(Some(NOISES[self.choice(value, &NOISES)?])),
            _ => Predicate::Finding(Some(pattern()?)),
        })
    }

    /// Takes the value that stands here.
    fn value(&mut self, name: &'static str, example: &str) -> Parsed<Value<'a>> {
        let start = self.cursor.at;
        let rest = self.cursor.rest();
        let end = match rest.chars().next() {
            Some('"') => Some(self.quoted_end(start)?),
            Some('/') if name == "path" => path_regex_end(rest).map(|end| start + end),
            Some('/') => Some(self.regex_end(start)?),
            _ => None,
        };
        if let Some(end) = end {
            self.cursor.at = end;
            let span = start..end;
            let inner = &self.cursor.text[start + 1..end - 1];
            let is_regex = rest.starts_with('/');
            let text = if is_regex { unescape(inner, '/') } else { unescape(inner, '"') };
            if self.cursor.rest().starts_with(|c| !is_end(c)) {
                let next = self.cursor.rest().chars().next().map_or(0, char::len_utf8);
                let message = "expected white space after the value";
                return Err(self.cursor.mistake(end..end + next, message, "", ""));
            }
            return Ok(Value { name, text: text.into(), is_regex, span });
        }
        let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        if word.is_empty() {
            let message = format!("`{name}:` needs a value");
            let help = format!("write {example}, without a space after the colon");
            return Err(self.cursor.mistake(start..start, message, "the value is missing", help));
        }
        self.cursor.at += word.len();
        Ok(Value { name, text: word.into(), is_regex: false, span: start..self.cursor.at })
    }

    /// Behind the closing quote.
    fn quoted_end(&self, start: usize) -> Parsed<usize> {
        closing(&self.cursor.text[start..], '"').map(|end| start + end).ok_or_else(|| {
            let help = "write a quote inside the value as \\\"";
            let message = "the value has no closing quote";
            self.cursor.mistake(start..start + 1, message, "opened here", help)
        })
    }

    /// Behind the closing slash.
    fn regex_end(&self, start: usize) -> Parsed<usize> {
        closing(&self.cursor.text[start..], '/').map(|end| start + end).ok_or_else(|| {
            let help = "if the value is not a regular expression, put it in quotes";
            let message = "the regular expression has no closing `/`";
            self.cursor.mistake(start..start + 1, message, "opened here", help)
        })
    }

    fn pattern(&self, value: &Value<'_>) -> Parsed<Pattern> {
        if !value.is_regex {
            return Ok(Pattern::Text(value.text.to_lowercase()));
        }
        RegexBuilder::new(&value.text).case_insensitive(true).build().map(Pattern::Regex).map_err(
            |error| {
                let message = "the regular expression is not valid";
                self.cursor.mistake(value.span.clone(), message, error.to_string(), "")
            },
        )
    }

    /// The value's place in a list of words.
    fn choice(&self, value: &Value<'_>, words: &[&'static str]) -> Parsed<usize> {
        let Value { name, text, span, .. } = value;
        if let Some(index) = words.iter().position(|word| word.eq_ignore_ascii_case(text)) {
            return Ok(index);
        }
        let list = words.join(", ");
        let help = match nearest(text, words.iter().copied()) {
            Some(word) => format!("did you mean `{word}`? Known values: {list}"),
            None => format!("known values: {list}"),
        };
        let message = format!("unknown value `{}` for `{name}`", brief(text));
        Err(self.cursor.mistake(span.clone(), message, "", help))
    }

    fn rids(&self, value: &Value<'_>) -> Parsed<RangeInclusive<u64>> {
        let (text, span) = (&value.text, &value.span);
        let Some((first, last)) = text.split_once("..").filter(|_| text.len() > 2) else {
            let rid = self.number(value, span.clone(), text)?;
            return Ok(rid..=rid);
        };
        let first_span = span.start..span.start + first.len();
        let last_span = span.end - last.len()..span.end;
        let low = if first.is_empty() { 0 } else { self.number(value, first_span, first)? };
        let high = if last.is_empty() { u64::MAX } else { self.number(value, last_span, last)? };
        if low > high {
            let message = "the range ends before it begins";
            return Err(self.cursor.mistake(
                span.clone(),
                message,
                "",
                format!("write rid:{high}..{low}"),
            ));
        }
        Ok(low..=high)
    }

    fn statuses(&self, value: &Value<'_>) -> Parsed<RangeInclusive<u16>> {
        let text = value.text.to_ascii_lowercase();
        if let Some(class) = text.strip_suffix("xx")
            && let Ok(class @ 1..=9) = class.parse::<u16>()
        {
            return Ok(class * 100..=class * 100 + 99);
        }
        let status = self.number(value, value.span.clone(), &text)?;
        Ok(status..=status)
    }

    fn number<N: FromStr>(&self, value: &Value<'_>, span: Range<usize>, text: &str) -> Parsed<N> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| digits).ok_or_else(|| {
            let label = if digits { "too large" } else { "not a number" };
            let help = match value.name {
                "rid" => "write rid:12, or rid:12..20 for a range",
                "status" => "write status:502, or status:5xx for a class",
                _ => "write conn:2; connections are numbered from 1",
            };
            self.cursor.mistake(span, format!("`{}` needs a number", value.name), label, help)
        })
    }

    /// Something has to follow, and does not.
    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    fn nothing_here(&mut self) -> Box<Diagnostic> {
        let next = self.cursor.peek();
        let at = self.cursor.at;
        match next {
            None => self.cursor.mistake(
                at..at,
                format!("{} ends too early", self.purpose.what),
                "expected a predicate",
                "",
            ),
            Some('"') => {
                let message = "a quoted text is not a predicate";
                let help = "to search the content, write text:\"…\"";
                self.cursor.mistake(at..at + 1, message, "", help)
            }
            Some(c) => {
                let word = self.cursor.name();
                let end = at + word.len().max(c.len_utf8());
                let message =
                    format!("expected a predicate before `{}`", &self.cursor.text[at..end]);
                self.cursor.mistake(at..end, message, "", "")
            }
        }
    }

    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    fn unknown(&self, word: &str, span: Range<usize>) -> Box<Diagnostic> {
        let kind = KINDS.map(Kind::as_str).into_iter().find(|k| k.eq_ignore_ascii_case(word));
        let near = nearest(word, PREDICATES.map(|(name, _)| name));
        let has_value = self.cursor.text[span.end..].starts_with(':');
        let help = match (kind, near) {
            (Some(kind), _) => format!("did you mean `kind:{kind}`?"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) if !has_value => {
                format!("to search the content, write text:{}", brief(word))
            }
            (None, None) => {
                format!("known predicates: {}", PREDICATES.map(|(name, _)| name).join(", "))
            }
        };
        self.cursor.mistake(span, format!("unknown predicate `{}`", brief(word)), "", help)
    }
}

/// Whether a word ends before this character.
fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&')
}

/// Behind the delimiter that closes the one at the start.
fn closing(text: &str, delimiter: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == delimiter => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Paths begin with a slash: one is a regular expression only if a slash ends it, too, and no space is in it.
fn path_regex_end(rest: &str) -> Option<usize> {
    let end = closing(rest, '/')?;
    let is_regex =
        !rest[..end].contains(char::is_whitespace) && rest[end..].chars().next().is_none_or(is_end);
    is_regex.then_some(end)
}

/// Removes the backslash before the delimiter; in quotes, also that before another backslash.
fn unescape(text: &str, delimiter: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(next) if next == delimiter || (delimiter == '"' && next == '\\') => out.push(next),
            Some(next) => out.extend(['\\', next]),
            None => out.push('\\'),
        }
    }
    out
}

/// A word that is quoted in a message.
fn brief(word: &str) -> String {
    match word.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
