//! The language of `--only`: which scenarios are run (docs/reference/run.md). It is written as filters are
//! ([`Cursor`]); `what = [NAME ":"] word`, where a word may stand in `"…"`.

use std::ops::Range;

use super::model::{Assignment, Carrier, Provision, Scenario, Transport};
use super::read::PROVISIONS;
use crate::diag::logic::{Cursor, Logic, Parsed, ends};
use crate::diag::{Diagnostic, name, nearest};
use crate::spec::{Level, Matches, catalogue};

/// Every predicate, with an example.
const PREDICATES: [(&str, &str); 8] = [
    ("path", "path:xep-0124/14"),
    ("name", "name:\"in order\""),
    ("covers", "covers:bosh-rid-window"),
    ("section", "section:14.3"),
    ("level", "level:must"),
    ("needs", "needs:accounts"),
    ("carrier", "carrier:websocket"),
    ("row", "row:2"),
];
const LEVELS: [(&str, Level); 3] =
    [("must", Level::Must), ("should", Level::Should), ("may", Level::May)];

/// Which scenarios, and which rows of their sweeps, are run.
#[derive(Debug, Clone)]
pub struct Only(Logic<What>);

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
    Carrier(Transport),
    Row(usize),
}

impl Only {
    /// Reads an expression.
    ///
    /// # Errors
    /// A mistake is shown at its place.
    pub fn parse(text: &str) -> Result<Self, Box<Diagnostic>> {
        let mut cursor = Cursor::new("--only", "the expression", text);
        cursor.parse(&mut |cursor| Parser { cursor }.what()).map(Self)
    }

    /// Whether a scenario is run, with this row of its sweep, counted from 0.
    pub fn keeps(&self, scenario: &Scenario, row: Option<usize>) -> bool {
        self.0.holds(&|what: &What| what.holds(scenario, row))
    }
}

impl What {
    fn holds(&self, scenario: &Scenario, row: Option<usize>) -> bool {
        let within = |text: &str, word: &str| text.to_lowercase().contains(word);
        let path = |word: &str| within(&name(&scenario.place.source.path).to_string(), word);
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
            Self::Carrier(transport) => carries(scenario, row, *transport),
            Self::Row(number) => row.is_some_and(|row| row + 1 == *number),
        }
    }
}

/// Whether a session of a scenario is carried so, in this row of its sweep.
fn carries(scenario: &Scenario, row: Option<usize>, transport: Transport) -> bool {
    let values = row.and_then(|row| scenario.sweep.get(row)).map(|row| &row.values);
    if let Some(client) = &scenario.client {
        return is_carrier(&client.carrier.value, values, transport);
    }
    scenario.actors.iter().any(|actor| match &actor.session {
        // Whoever has no session does raw work over HTTP, as BOSH does.
        None => transport == Transport::Bosh,
        Some(session) => is_carrier(&session.carrier.value, values, transport),
    })
}

fn is_carrier(carrier: &Carrier, values: Option<&Vec<Assignment>>, transport: Transport) -> bool {
    match carrier {
        Carrier::Fixed(one) => *one == transport,
        Carrier::Computed(_) => {
            let word =
                |(word, one): &(&'static str, Transport)| (*one == transport).then_some(*word);
            let word = Transport::ALL.iter().find_map(word);
            let mut values = values.into_iter().flatten();
            values.any(|value| value.value.as_plain() == word)
        }
    }
}

struct Parser<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
}

impl<'a> Parser<'_, 'a> {
    fn what(&mut self) -> Parsed<What> {
        let Some(next) = self.cursor.peek() else {
            let help = "for example a word of a path, name or requirement, or section:14.3";
            return Err(self.mistake(
                self.cursor.at..self.cursor.at,
                "the expression ends too early",
                help,
            ));
        };
        if self.cursor.at_word("and")
            || self.cursor.at_word("or")
            || matches!(next, ')' | '|' | '&')
        {
            let length = self.cursor.name().len().max(1);
            let message = "expected a word or predicate before this";
            return Err(self.mistake(self.cursor.at..self.cursor.at + length, message, ""));
        }
        let start = self.cursor.at;
        let name = self.cursor.name();
        let colon = start + name.len();
        if next == '"' || !self.cursor.text[colon..].starts_with(':') {
            let word = self.word()?;
            return Ok(What::Word(word.to_lowercase()));
        }
        let Some(&(name, example)) =
            PREDICATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
        else {
            let names = PREDICATES.map(|(name, _)| name);
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean `{near}:`?"),
                None => {
                    format!("known predicates: {}", names.map(|name| format!("{name}:")).join(", "))
                }
            };
            return Err(self.mistake(start..colon, format!("unknown predicate `{name}:`"), help));
        };
        self.cursor.at = colon + 1;
        if self.cursor.rest().starts_with(|c: char| c.is_whitespace())
            || self.cursor.rest().is_empty()
        {
            let help = format!("write {example}, without a space after the colon");
            return Err(self.mistake(
                self.cursor.at..self.cursor.at,
                format!("`{name}:` needs a value"),
                help,
            ));
        }
        let from = self.cursor.at;
        let word = self.word()?;
        self.valued(name, &word.to_lowercase(), from..self.cursor.at)
    }

    fn valued(&self, name: &str, word: &str, span: Range<usize>) -> Parsed<What> {
        Ok(match name {
            "path" => What::Path(word.to_owned()),
            "name" => What::Name(word.to_owned()),
            "covers" => What::Covers(word.to_owned()),
            "section" => {
                let found = catalogue().find(word);
                let Ok(Matches::Section(all) | Matches::Specification(all)) = found else {
                    let help = "write section:14.3, section:rids-broken or section:xep-0206#5";
                    return Err(self.mistake(span, format!("unknown section `{word}`"), help));
                };
                What::Section(all.into_iter().map(|known| known.id.as_str()).collect())
            }
            "level" => What::Level(self.choice(word, &LEVELS, span)?),
            "needs" => What::Needs(self.choice(word, &PROVISIONS, span)?),
            "carrier" => What::Carrier(self.choice(word, &Transport::ALL, span)?),
            _ => match word.parse::<usize>() {
                Ok(number @ 1..) => What::Row(number),
                _ => {
                    return Err(self.mistake(
                        span,
                        "`row` needs a number, counted from 1",
                        "write row:2",
                    ));
                }
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
            None => format!("expected one of {}", all.collect::<Vec<_>>().join(", ")),
        };
        Err(self.mistake(span, format!("unknown value `{word}`"), help))
    }

    /// Takes the word that stands here.
    fn word(&mut self) -> Parsed<&'a str> {
        let start = self.cursor.at;
        if let Some(quoted) = self.cursor.rest().strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.mistake(start..start + 1, "the closing quote is missing", ""));
            };
            self.cursor.at += end + 2;
            return Ok(&quoted[..end]);
        }
        let rest = self.cursor.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        if length == 0 {
            let end = start + rest.chars().next().map_or(0, char::len_utf8);
            return Err(self.mistake(start..end, "expected a word", "quote it: \"…\""));
        }
        self.cursor.at += length;
        Ok(&rest[..length])
    }

    #[allow(clippy::unnecessary_box_returns)] // as all that may fail returns it
    fn mistake(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Diagnostic> {
        self.cursor.mistake(span, message, "", help)
    }
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
            ("carrier:bosh", true),
            ("carrier:tcp", false),
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
    fn rows_are_kept_by_what_carries_their_sessions() {
        let text = "name: a\ncovers: bosh-resp-wait\nsession: { transport: '${t}', login: alice }\n\
                    sweep: { t: [websocket, tcp] }\nsteps:\n  - alive:\n";
        let files = [("a.yaml".into(), text.to_owned())];
        let mut loaded = load_texts(files, &|_| Err(std::io::Error::other("not there")));
        let scenario = loaded.scenarios.remove(0);
        for (text, kept) in
            [("websocket", [true, false]), ("tcp", [false, true]), ("bosh", [false; 2])]
        {
            let only = Only::parse(&format!("carrier:{text}")).unwrap();
            assert_eq!([0, 1].map(|row| only.keeps(&scenario, Some(row))), kept, "{text}");
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
            ("", "0..0 the expression ends too early"),
            ("a or", "4..4 the expression ends too early"),
            ("and a", "0..3 expected a word or predicate before this"),
            ("(a", "0..1 unmatched `(`"),
            ("a)", "1..2 unmatched `)`"),
            ("pth:a", "0..3 unknown predicate `pth:`; did you mean `path:`?"),
            ("section:99", "8..10 unknown section `99`"),
            ("level:most", "6..10 unknown value `most`; did you mean `must`?"),
            ("needs:", "6..6 `needs:` needs a value"),
            ("needs: a", "6..6 `needs:` needs a value"),
            ("row:0", "4..5 `row` needs a number, counted from 1"),
            ("\"a", "0..1 the closing quote is missing"),
            ("name:)", "5..6 expected a word"),
        ] {
            assert!(told(text).starts_with(expected), "{text}: {}", told(text));
        }
        assert!(told(&"(".repeat(100)).contains("nested more than 64"));
    }
}
