//! The language of `--only`: which scenarios are run (docs/reference/run.md). It is written as filters are:
//!
//! ```text
//! any  = all { ("or" | "|") all }
//! all  = not { ["and" | "&"] not }
//! not  = ("not" | "!") not | "(" any ")" | what
//! what = [NAME ":"] word        a word may stand in "…"
//! ```

use std::ops::Range;

use super::model::{Provision, Scenario};
use super::read::PROVISIONS;
use crate::diag::{Diagnostic, nearest};
use crate::spec::{Found, Level, catalogue};

/// Parentheses and negations may be nested this deep.
const DEEPEST: usize = 64;

/// Every predicate, with an example.
const PREDICATES: [(&str, &str); 7] = [
    ("path", "path:xep-0124/14"),
    ("name", "name:\"in order\""),
    ("covers", "covers:bosh-rid-window"),
    ("section", "section:14.3"),
    ("level", "level:must"),
    ("needs", "needs:accounts"),
    ("row", "row:2"),
];
const LEVELS: [(&str, Level); 3] =
    [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];

/// Which scenarios, and which rows of their sweeps, are run.
#[derive(Debug, Clone)]
pub struct Only(What);

#[derive(Debug, Clone)]
enum What {
    Word(String),
    Path(String),
    Name(String),
    Covers(String),
    /// Requirements by id: those of a section.
    Section(Vec<&'static str>),
    Level(Level),
    Needs(Provision),
    Row(usize),
    Not(Box<What>),
    All(Vec<What>),
    Any(Vec<What>),
}

impl Only {
    /// Reads an expression.
    ///
    /// # Errors
    /// A mistake is shown at its place.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        let what = parser.any()?;
        match parser.peek() {
            None => Ok(Self(what)),
            Some(c) => {
                let span = parser.at..parser.at + c.len_utf8();
                Err(parser.mistake(span, "there is no `(` for this `)`", ""))
            }
        }
    }

    /// Whether a scenario is run, with this row of its sweep, counted from 0.
    pub fn keeps(&self, scenario: &Scenario, row: Option<usize>) -> bool {
        self.0.holds(scenario, row)
    }
}

impl What {
    fn holds(&self, scenario: &Scenario, row: Option<usize>) -> bool {
        let within = |text: &str, word: &str| text.to_lowercase().contains(word);
        let path = |word: &str| within(&scenario.place.source.path.to_string_lossy(), word);
        let covers = |holds: &dyn Fn(&str) -> bool| scenario.covers.iter().any(|id| holds(id));
        match self {
            Self::Word(word) => {
                path(word)
                    || within(&scenario.name, word)
                    || covers(&|id: &str| id.contains(word.as_str()))
            }
            Self::Path(word) => path(word),
            Self::Name(word) => within(&scenario.name, word),
            Self::Covers(word) => covers(&|id| id.contains(word.as_str())),
            Self::Section(ids) => covers(&|id| ids.contains(&id)),
            Self::Level(level) => covers(&|id| {
                catalogue().get(id).is_some_and(|known| known.level.strength() == *level)
            }),
            Self::Needs(provision) => scenario.provisions().contains(provision),
            Self::Row(number) => row.is_some_and(|row| row + 1 == *number),
            Self::Not(inner) => !inner.holds(scenario, row),
            Self::All(parts) => parts.iter().all(|part| part.holds(scenario, row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(scenario, row)),
        }
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Parsed<What> {
        let mut parts = vec![self.all()?];
        while self.operator("or", '|') {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, What::Any))
    }

    fn all(&mut self) -> Parsed<What> {
        let mut parts = vec![self.not()?];
        loop {
            let and = self.operator("and", '&');
            let over = self.peek().is_none_or(|c| matches!(c, ')' | '|')) || self.at_word("or");
            if over && !and {
                return Ok(one_or(parts, What::All));
            }
            parts.push(self.not()?);
        }
    }

    fn not(&mut self) -> Parsed<What> {
        if self.operator("not", '!') {
            self.deeper()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(What::Not(Box::new(inner)));
        }
        if self.peek() != Some('(') {
            return self.what();
        }
        let open = self.at;
        self.deeper()?;
        self.at += 1;
        let inner = self.any()?;
        if self.peek() != Some(')') {
            return Err(self.mistake(open..open + 1, "there is no `)` for this `(`", ""));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn what(&mut self) -> Parsed<What> {
        let Some(next) = self.peek() else {
            let help = "a word of a path, a name or a requirement, or section:14.3";
            return Err(self.mistake(self.at..self.at, "something is expected here", help));
        };
        if self.at_word("and") || self.at_word("or") || matches!(next, ')' | '|' | '&') {
            let length = self.bare().len().max(1);
            let message = "something is expected before this";
            return Err(self.mistake(self.at..self.at + length, message, ""));
        }
        let start = self.at;
        let name = self.bare();
        let colon = start + name.len();
        if next == '"' || !self.text[colon..].starts_with(':') {
            let word = self.word()?;
            return Ok(What::Word(word.to_lowercase()));
        }
        let Some(&(name, example)) =
            PREDICATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
        else {
            let names = PREDICATES.map(|(name, _)| name);
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean `{near}:`?"),
                None => format!("there are: {}", names.map(|name| format!("{name}:")).join(", ")),
            };
            return Err(self.mistake(start..colon, format!("there is no `{name}:`"), help));
        };
        self.at = colon + 1;
        if self.rest().starts_with(|c: char| c.is_whitespace()) || self.rest().is_empty() {
            let help = format!("write {example}, without a space after the colon");
            return Err(self.mistake(self.at..self.at, format!("`{name}:` needs a value"), help));
        }
        let from = self.at;
        let word = self.word()?;
        self.valued(name, &word.to_lowercase(), from..self.at)
    }

    fn valued(&self, name: &str, word: &str, span: Range<usize>) -> Parsed<What> {
        Ok(match name {
            "path" => What::Path(word.to_owned()),
            "name" => What::Name(word.to_owned()),
            "covers" => What::Covers(word.to_owned()),
            "section" => {
                let found = catalogue().find(word);
                let Ok(Found::Section(all) | Found::Specification(all)) = found else {
                    let help = "write section:14.3, section:rids-broken or section:xep-0206#5";
                    return Err(self.mistake(span, format!("there is no section `{word}`"), help));
                };
                What::Section(all.into_iter().map(|known| known.id.as_str()).collect())
            }
            "level" => What::Level(self.choice(word, &LEVELS, span)?),
            "needs" => What::Needs(self.choice(word, &PROVISIONS, span)?),
            _ => match word.parse::<usize>() {
                Ok(number @ 1..) => What::Row(number),
                _ => return Err(self.mistake(span, "rows are counted from 1", "write row:2")),
            },
        })
    }

    fn choice<T: Copy>(
        &self,
        word: &str,
        words: &[(&'static str, T)],
        span: Range<usize>,
    ) -> Parsed<T> {
        if let Some((_, value)) = words.iter().find(|(known, _)| *known == word) {
            return Ok(*value);
        }
        let all = words.iter().map(|(known, _)| *known);
        let help = match nearest(word, all.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", all.collect::<Vec<_>>().join(", ")),
        };
        Err(self.mistake(span, format!("`{word}` is none of them"), help))
    }

    /// Takes the word that stands here.
    fn word(&mut self) -> Parsed<&'a str> {
        let start = self.at;
        if let Some(quoted) = self.rest().strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.mistake(start..start + 1, "there is no `\"` that ends this", ""));
            };
            self.at += end + 2;
            return Ok(&quoted[..end]);
        }
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        if length == 0 {
            let end = start + rest.chars().next().map_or(0, char::len_utf8);
            return Err(self.mistake(start..end, "a word is expected here", "quote it: \"…\""));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    /// Takes an operator, if one stands here: the word, or the sign once or twice.
    fn operator(&mut self, word: &str, sign: char) -> bool {
        if self.peek() == Some(sign) {
            self.at += 1;
            if sign != '!' && self.rest().starts_with(sign) {
                self.at += 1;
            }
            return true;
        }
        let is_word = self.at_word(word);
        if is_word {
            self.at += word.len();
        }
        is_word
    }

    fn at_word(&mut self, word: &str) -> bool {
        self.peek();
        let name = self.bare();
        name.eq_ignore_ascii_case(word) && !self.rest()[name.len()..].starts_with(':')
    }

    /// The next character that is not white space.
    fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// What stands here up to a colon, a space or a sign.
    fn bare(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| ends(c) || c == ':').unwrap_or(rest.len())]
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return Ok(());
        }
        let message = format!("this is nested more than {DEEPEST} deep");
        Err(self.mistake(self.at..self.at + 1, message, ""))
    }

    fn mistake(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic {
            message: message.into(),
            name: "--only".to_owned(),
            source: self.text.to_owned(),
            span,
            label: String::new(),
            help: Some(help.into()).filter(|help| !help.is_empty()),
        })
    }
}

/// A list of one is what is in it.
fn one_or(mut parts: Vec<What>, many: fn(Vec<What>) -> What) -> What {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

/// Whether a word ends before this character.
fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&' | '!' | '"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load_texts;

    fn scenario() -> Scenario {
        let text = "name: Held requests in order\ncovers: [bosh-resp-wait, bosh-resp-hold]\n\
                    session: { login: alice }\nsweep: { n: [1, 2] }\nsteps:\n  - note: ${n}\n";
        let files = [("Scenarios/14/held.yaml".into(), text.to_owned())];
        let mut loaded = load_texts(files, &|_| Err(std::io::Error::other("not there")));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
        loaded.scenarios.remove(0)
    }

    #[test]
    fn words_and_predicates_and_how_they_are_joined() {
        let scenario = scenario();
        for (text, kept) in [
            ("held", true),
            ("HELD", true),
            ("scenarios/14", true),
            ("resp-wait", true),
            ("\"requests in\"", true),
            ("other", false),
            ("path:held", true),
            ("path:order", false),
            ("name:order", true),
            ("name:held.yaml", false),
            ("covers:hold", true),
            ("covers:held", false),
            ("section:7.2", true),
            ("section:xep-0124", true),
            ("section:14", false),
            ("level:must", true),
            ("level:should", true),
            ("level:may", false),
            ("needs:account", true),
            ("needs:rooms", false),
            ("row:1", true),
            ("row:2", false),
            ("held other", false),
            ("held and not other", true),
            ("other or held", true),
            ("other | (held & !level:may)", true),
            ("not (held or other)", false),
            ("other held or held", true),
        ] {
            let only = Only::parse(text).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)));
            assert_eq!(only.keeps(&scenario, Some(0)), kept, "{text}");
        }
    }

    #[test]
    fn nonsense_is_told_at_its_place() {
        let told = |text: &str| {
            let wrong = Only::parse(text).unwrap_err();
            let help = wrong.help.map_or(String::new(), |help| format!("; {help}"));
            format!("{:?} {}{help}", wrong.span, wrong.message)
        };
        for (text, expected) in [
            ("", "0..0 something is expected here"),
            ("a or", "4..4 something is expected here"),
            ("and a", "0..3 something is expected before this"),
            ("(a", "0..1 there is no `)`"),
            ("a)", "1..2 there is no `(`"),
            ("pth:a", "0..3 there is no `pth:`; did you mean `path:`?"),
            ("section:99", "8..10 there is no section `99`"),
            ("level:most", "6..10 `most` is none of them; did you mean `must`?"),
            ("needs:", "6..6 `needs:` needs a value"),
            ("needs: a", "6..6 `needs:` needs a value"),
            ("row:0", "4..5 rows are counted from 1"),
            ("\"a", "0..1 there is no `\"`"),
            ("name:)", "5..6 a word is expected here"),
        ] {
            assert!(told(text).starts_with(expected), "{text}: {}", told(text));
        }
        assert!(told(&"(".repeat(100)).contains("nested more than 64"));
    }
}
