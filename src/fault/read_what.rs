//! Reads what goes wrong: the part of a fault behind the colon.

use std::ops::Range;
use std::time::Duration;

use super::source::{Source, Word, words};
use super::what::{Answer, Page, Strip, What};
use crate::diag::logic::Parsed;
use crate::diag::{Diagnostic, nearest};
use crate::wire::Side;
use crate::wire::tap::How;

/// Every verb, with an example that is shown where something is missing.
pub(super) const VERBS: [(&str, &str); 20] = [
    ("drop", "drop request"),
    ("delay", "delay 500ms..2s"),
    ("hold", "hold 3s"),
    ("swap", "swap"),
    ("duplicate", "duplicate"),
    ("cut", "cut rst at 100"),
    ("truncate", "truncate 20"),
    ("answer", "answer 502 nginx"),
    ("terminate", "terminate policy-violation"),
    ("item-not-found", "item-not-found"),
    ("policy-violation", "policy-violation"),
    ("see-other-uri", "see-other-uri https://other.example/http-bind"),
    ("close", "close 1012 \"restarting\""),
    ("strip", "strip cors"),
    ("double", "double cors"),
    ("garble", "garble"),
    ("set", "set wait=50"),
    ("remove", "remove inactivity"),
    ("slow", "slow 2 kB/s"),
    ("stall", "stall 10s"),
];

/// What `strip` takes out, beside a header that is named.
const STRIPPED: [&str; 5] = ["cors", "subprotocol", "upgrade", "pings", "header"];
/// Whose pages `answer` knows.
const PAGES: [&str; 5] = ["nginx", "apache", "haproxy", "html", "empty"];
/// No time is longer.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

struct Reader<'a> {
    source: Source<'a>,
    words: Vec<Word<'a>>,
    at: usize,
    verb: Word<'a>,
    example: &'static str,
}

/// Reads what goes wrong, and whose messages it is for.
pub(super) fn what(source: Source<'_>, span: Range<usize>) -> Parsed<(Option<Side>, What)> {
    let words = words(source.text, span.clone());
    let Some(verb) = words.first().cloned() else {
        let help = format!("known: {}", VERBS.map(|(name, _)| name).join(", "));
        return Err(source.mistake(span.end..span.end, "the fault has no WHAT", "", help));
    };
    let Some((name, example)) =
        VERBS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(verb.text))
    else {
        let names = VERBS.map(|(name, _)| name);
        let help = match nearest(verb.text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", names.join(", ")),
        };
        return Err(source.mistake(verb.span, format!("`{}` is not a fault", verb.text), "", help));
    };
    let mut reader = Reader { source, words, at: 1, verb, example };
    let side = reader.side();
    let what = reader.rest(name)?;
    if let Some(word) = reader.words.get(reader.at) {
        let message = format!("unexpected `{}`", word.text);
        let help = format!("for example: {example}");
        return Err(source.mistake(word.span.clone(), message, "", help));
    }
    Ok((side, what))
}

impl<'a> Reader<'a> {
    fn side(&mut self) -> Option<Side> {
        let side = match self.peek()? {
            "request" => Side::Client,
            "response" => Side::Server,
            _ => return None,
        };
        self.at += 1;
        Some(side)
    }

    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.at).map(|word| word.text)
    }

    /// Takes this word, if it stands here.
    fn takes(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|text| text.eq_ignore_ascii_case(word));
        self.at += usize::from(is_it);
        is_it
    }

    fn word(&mut self, what: &str) -> Parsed<Word<'a>> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word.ok_or_else(|| {
            let end = self.words.last().map_or(self.verb.span.end, |last| last.span.end);
            let help = format!("for example: {}", self.example);
            let message = format!("`{}` needs {what}", self.verb.text);
            self.source.mistake(end..end, message, "", help)
        })
    }

    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    fn wrong(&self, word: &Word<'_>, what: &str) -> Box<Diagnostic> {
        let help = format!("for example: {}", self.example);
        self.source.mistake(word.span.clone(), format!("expected {what}"), "", help)
    }

    fn number<N: std::str::FromStr>(&mut self, what: &str) -> Parsed<N> {
        let word = self.word(what)?;
        word.text.parse().map_err(|_| self.wrong(&word, what))
    }

    /// A word, or a text in quotes.
    fn text(&mut self, what: &str) -> Parsed<String> {
        let word = self.word(what)?;
        match word.text.strip_prefix('"') {
            None => Ok(word.text.to_owned()),
            Some(rest) => match rest.strip_suffix('"') {
                Some(inner) if !inner.ends_with('\\') => {
                    Ok(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
                }
                _ => Err(self.wrong(&word, "a closing quote")),
            },
        }
    }

    fn rest(&mut self, name: &str) -> Parsed<What> {
        Ok(match name {
            "drop" => What::Drop,
            "swap" => What::Swap,
            "duplicate" => What::Duplicate,
            "delay" => {
                let (least, most) = self.times()?;
                What::Delay { least, most }
            }
            "hold" => What::Hold(self.time()?),
            "cut" => {
                let how = if self.takes("rst") { How::Reset } else { How::Fin };
                self.takes("fin");
                let at = if self.takes("at") { self.number("a number of bytes")? } else { 0 };
                What::Cut { how, at }
            }
            "truncate" => {
                self.takes("to");
                What::Truncate(self.number("a number of bytes")?)
            }
            "garble" => {
                let at = self.takes("at").then(|| self.number("a number of bytes")).transpose()?;
                What::Garble(at)
            }
            "answer" => What::Answer(self.answer()?),
            "terminate" => What::Terminate(self.condition()?),
            "item-not-found" | "policy-violation" => What::Terminate(name.to_owned()),
            "see-other-uri" => What::SeeOther(self.text("a URI")?),
            "close" => self.close()?,
            "strip" => What::Strip(self.strip()?),
            "double" => {
                let word = self.word("cors")?;
                if !word.text.eq_ignore_ascii_case("cors") {
                    return Err(self.wrong(&word, "cors"));
                }
                What::DoubleCors
            }
            "set" => self.set()?,
            "remove" => What::Remove(self.attribute("the name of an attribute")?),
            "slow" => What::Slow(self.rate()?),
            // `stall`
            _ => What::Stall(self.peek().is_some().then(|| self.time()).transpose()?),
        })
    }

    fn time(&mut self) -> Parsed<Duration> {
        let rest = &self.words[self.at.min(self.words.len())..];
        let span = self.verb.span.clone();
        let taken = 1 + usize::from(rest.get(1).is_some_and(|word| is_unit(word.text)));
        let time = time(self.source, &rest[..taken.min(rest.len())], &span)?;
        self.at += taken;
        Ok(time)
    }

    /// A time, or two with dots in between.
    fn times(&mut self) -> Parsed<(Duration, Duration)> {
        let Some(word) = self.words.get(self.at).cloned() else {
            return self.time().map(|time| (time, time));
        };
        let Some((least, most)) = word.text.split_once("..") else {
            return self.time().map(|time| (time, time));
        };
        self.at += 1;
        let part = |text, start| Word { text, span: start..start + str::len(text) };
        let second = part(most, word.span.end - most.len());
        // `1..2s`: the unit is that of both.
        let unit = most.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let with_unit = format!("{least}{unit}");
        let first = if least.ends_with(|c: char| c.is_ascii_digit()) { &with_unit } else { least };
        let least = parse_time(first).ok_or_else(|| self.wrong(&word, "two times"))?;
        let most = time(self.source, &[second], &word.span)?;
        if least > most {
            return Err(self.wrong(&word, "the shorter time first"));
        }
        Ok((least, most))
    }

    fn answer(&mut self) -> Parsed<Answer> {
        let word = self.word("a status")?;
        let status = word.text.parse().ok().filter(|status| (200..=599).contains(status));
        let status: u16 = status.ok_or_else(|| self.wrong(&word, "a status from 200 to 599"))?;
        let page = if status < 400 { Page::Empty } else { Page::Nginx };
        let mut answer = Answer { status, page, to: None, after: Duration::ZERO, cors: false };
        while let Some(word) = self.words.get(self.at).cloned() {
            match &*word.text.to_ascii_lowercase() {
                "after" => {
                    self.at += 1;
                    answer.after = self.time()?;
                }
                "to" => {
                    self.at += 1;
                    let to = self.text("a URL")?;
                    if !to.bytes().all(|byte| byte.is_ascii_graphic()) {
                        return Err(self.wrong(&word, "a URL"));
                    }
                    answer.to = Some(to);
                }
                "with" => {
                    self.at += 1;
                    let word = self.word("cors")?;
                    if !word.text.eq_ignore_ascii_case("cors") {
                        return Err(self.wrong(&word, "cors"));
                    }
                    answer.cors = true;
                }
                text if text.starts_with('"') => answer.page = Page::Text(self.text("a text")?),
                text => {
                    let page = PAGES.iter().position(|page| *page == text);
                    let Some(page) = page else { return Err(self.unknown(&word, &PAGES)) };
                    self.at += 1;
                    answer.page =
                        [Page::Nginx, Page::Apache, Page::HaProxy, Page::Html, Page::Empty][page]
                            .clone();
                }
            }
        }
        if (300..400).contains(&status) && status != 304 && answer.to.is_none() {
            return Err(self.wrong(&word, "where it leads: answer 302 to https://login.example/"));
        }
        Ok(answer)
    }

    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    fn unknown(&self, word: &Word<'_>, known: &[&'static str]) -> Box<Diagnostic> {
        let list = known.join(", ");
        let help = match nearest(word.text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? Known: {list}"),
            None => format!("known: {list}"),
        };
        self.source.mistake(word.span.clone(), format!("unexpected `{}`", word.text), "", help)
    }

    fn condition(&mut self) -> Parsed<String> {
        let word = self.word("a condition")?;
        let is_name = word.text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_name {
            Ok(word.text.to_owned())
        } else {
            Err(self.wrong(&word, "the name of a condition"))
        }
    }

    fn close(&mut self) -> Parsed<What> {
        let status = self.number("a status code")?;
        let reason = if self.peek().is_some() { self.text("a reason")? } else { String::new() };
        if reason.len() > 123 {
            let word = self.words[self.at - 1].clone();
            return Err(self.wrong(&word, "a reason of at most 123 bytes"));
        }
        Ok(What::Close { status, reason })
    }

    fn strip(&mut self) -> Parsed<Strip> {
        let word = self.word("what to remove")?;
        Ok(match &*word.text.to_ascii_lowercase() {
            "cors" => Strip::Cors,
            "subprotocol" => Strip::Subprotocol,
            "upgrade" => Strip::Upgrade,
            "pings" => Strip::Pings,
            "header" => Strip::Header(self.text("the name of a header")?),
            _ => return Err(self.unknown(&word, &STRIPPED)),
        })
    }

    fn set(&mut self) -> Parsed<What> {
        let word = self.word("NAME=VALUE")?;
        let Some((name, value)) = word.text.split_once('=').filter(|(name, _)| is_name(name))
        else {
            return Err(self.wrong(&word, "NAME=VALUE"));
        };
        let value = value.trim_matches(['\'', '"']).to_owned();
        Ok(What::Set { name: name.to_owned(), value })
    }

    fn attribute(&mut self, what: &str) -> Parsed<String> {
        let word = self.word(what)?;
        if is_name(word.text) { Ok(word.text.to_owned()) } else { Err(self.wrong(&word, what)) }
    }

    /// `2 kB/s`, `500B/s`.
    fn rate(&mut self) -> Parsed<u64> {
        let word = self.word("a rate")?;
        let mut text = word.text.to_owned();
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && self.peek().is_some() {
            text += self.peek().unwrap_or_default();
            self.at += 1;
        }
        let lower = text.to_ascii_lowercase();
        let unit = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
        let factor = match &lower[unit..] {
            "b/s" => 1.0,
            "kb/s" => 1000.0,
            "kib/s" => 1024.0,
            "mb/s" => 1e6,
            _ => return Err(self.wrong(&word, "a rate, such as 2 kB/s")),
        };
        let rate = lower[..unit].parse::<f64>().ok().map(|number| (number * factor) as u64);
        rate.filter(|&rate| rate > 0).ok_or_else(|| self.wrong(&word, "a rate, such as 2 kB/s"))
    }
}

/// Whether this can be the name of an attribute.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(is_part)
}

fn is_unit(text: &str) -> bool {
    matches!(text, "ms" | "s" | "min")
}

/// Reads a time of one or two words: `500ms`, `2 s`. `span` is where it would stand.
pub(super) fn time(
    source: Source<'_>,
    words: &[Word<'_>],
    span: &Range<usize>,
) -> Parsed<Duration> {
    let span = match (words.first(), words.last()) {
        (Some(first), Some(last)) => first.span.start..last.span.end,
        _ => span.end..span.end,
    };
    let text: String = words.iter().map(|word| word.text).collect();
    let help = "write a number and a unit, such as 500ms, 2s or 3min; at most 24 hours";
    parse_time(&text).ok_or_else(|| source.mistake(span, "expected a time", "", help))
}

fn parse_time(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let number: f64 = text[..unit].parse().ok()?;
    let seconds = match &text[unit..] {
        "ms" => number / 1000.0,
        "s" => number,
        "min" => number * 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST)
}
