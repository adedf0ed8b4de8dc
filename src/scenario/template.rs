//! Texts with variables: `${…}` with an expression within (docs/reference/scenario.md, "Variables").

use std::ops::Range;
use std::time::Duration;

use super::limits;
use super::model::{Expr, Function, Name, Operator, Part, Template};
use super::source::{Located, Place};

/// What is wrong with an expression, and at which of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) at: Range<usize>,
    pub(super) message: String,
}

/// What a proof of SCRAM is made of.
const SCRAM: &[&str] = &["mechanism", "password", "first", "challenge", "last"];

/// Functions by name, with what each is given.
const FUNCTIONS: [(&str, Function, &[&str]); 10] = [
    ("filler", Function::Filler, &["length"]),
    ("random", Function::Random, &["length"]),
    ("upper", Function::Upper, &["text"]),
    ("lower", Function::Lower, &["text"]),
    ("sha1", Function::Sha1, &["text"]),
    ("base64", Function::Base64, &["text"]),
    ("from-base64", Function::FromBase64, &["text"]),
    ("scram-attribute", Function::ScramAttribute, &["message", "name"]),
    ("scram-proof", Function::ScramProof, SCRAM),
    ("scram-signature", Function::ScramSignature, SCRAM),
];
/// Brackets deeper than this are refused: each takes stack.
const DEEPEST: usize = 32;

impl Template {
    /// A text without variables.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { parts: if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] } }
    }

    /// The text, if it holds no variables.
    pub fn as_plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &Located<Expr>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value(expr) => Some(expr),
        })
    }
}

/// Where a variable stands: `${…}` from the dollar to behind the brace, and the expression within.
type Hole = (Range<usize>, Range<usize>);

/// The variables of a text. An escaped `$${` is none.
pub(super) fn holes(text: &str) -> Result<Vec<Hole>, Wrong> {
    let mut holes = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        if text[..start].ends_with('$') && start > from {
            from = start + 2;
            continue;
        }
        let mut quoted = false;
        let end = text[start..].char_indices().find(|&(_, c)| {
            quoted ^= c == '\'';
            c == '}' && !quoted
        });
        let Some((length, _)) = end else {
            let message = "`${` without `}`; for a literal `${`, write `$${`";
            return Err(Wrong { at: start..text.len(), message: message.to_owned() });
        };
        holes.push((start..start + length + 1, start + 2..start + length));
        from = start + length + 1;
    }
    Ok(holes)
}

/// Reads a text with variables. `place` tells where bytes of it were written.
pub(super) fn template(
    text: &str,
    place: &impl Fn(Range<usize>) -> Place,
) -> Result<Template, Wrong> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (whole, inside) in holes(text)? {
        push_text(&mut parts, &text[from..whole.start]);
        let start = inside.start;
        let within = |at: Range<usize>| place(start + at.start..start + at.end);
        let expr = expression(&text[inside], &within).map_err(|wrong| Wrong {
            at: start + wrong.at.start..start + wrong.at.end,
            message: wrong.message,
        })?;
        parts.push(Part::Value(expr));
        from = whole.end;
    }
    push_text(&mut parts, &text[from..]);
    Ok(Template { parts })
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.replace("$${", "${")));
    }
}

/// Reads an expression.
pub(super) fn expression(
    text: &str,
    place: &impl Fn(Range<usize>) -> Place,
) -> Result<Located<Expr>, Wrong> {
    let mut parser = Parser { text, at: 0, depth: 0, operators: 0, place };
    let expr = parser.sum()?;
    parser.spaces();
    if parser.at < text.len() {
        return Err(parser.wrong("expected an operator"));
    }
    Ok(expr)
}

/// Whether a text is a name: a letter, then letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

struct Parser<'a, P> {
    text: &'a str,
    at: usize,
    depth: usize,
    operators: usize,
    place: &'a P,
}

impl<P: Fn(Range<usize>) -> Place> Parser<'_, P> {
    fn sum(&mut self) -> Result<Located<Expr>, Wrong> {
        self.deeper()?;
        let sum = self.chain(Self::product, &[('+', Operator::Add), ('-', Operator::Subtract)]);
        self.depth -= 1;
        sum
    }

    fn product(&mut self) -> Result<Located<Expr>, Wrong> {
        let operators =
            [('*', Operator::Multiply), ('/', Operator::Divide), ('%', Operator::Remainder)];
        self.chain(Self::one, &operators)
    }

    fn chain(
        &mut self,
        part: fn(&mut Self) -> Result<Located<Expr>, Wrong>,
        operators: &[(char, Operator)],
    ) -> Result<Located<Expr>, Wrong> {
        self.spaces();
        let start = self.at;
        let mut left = part(self)?;
        loop {
            self.spaces();
            let next = self.rest().chars().next();
            let Some(&(_, operator)) = operators.iter().find(|(sign, _)| next == Some(*sign))
            else {
                return Ok(left);
            };
            self.operators += 1;
            if self.operators > limits::OPERATORS {
                let most = limits::OPERATORS;
                return Err(self.wrong(&format!("an expression has at most {most} operators")));
            }
            self.at += 1;
            let right = part(self)?;
            let place = (self.place)(start..self.at);
            left = Located::new(Expr::Binary(operator, Box::new(left), Box::new(right)), place);
        }
    }

    fn one(&mut self) -> Result<Located<Expr>, Wrong> {
        self.spaces();
        let start = self.at;
        let expr = match self.rest().chars().next() {
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.close(')')?;
                return Ok(inner);
            }
            Some('\'') => {
                let Some(length) = self.rest()[1..].find('\'') else {
                    return Err(self.wrong("this string has no closing `'`"));
                };
                let text = self.rest()[1..=length].to_owned();
                self.at += length + 2;
                Expr::Text(text)
            }
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if c.is_ascii_alphabetic() => self.name()?,
            _ => return Err(self.wrong("expected a variable, a number or a time")),
        };
        Ok(Located::new(expr, (self.place)(start..self.at)))
    }

    /// `12`, `500ms`, `1h30m`
    fn number(&mut self) -> Result<Expr, Wrong> {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..length];
        let neither = || format!("`{word}` is neither a number nor a time such as 500ms");
        let expr = if word.bytes().all(|byte| byte.is_ascii_digit()) {
            word.parse().map(Expr::Number).map_err(|_| neither())
        } else {
            time(word).map(Expr::Time).map_err(|wrong| match wrong {
                NoTime::TooLong => wrong.words(word),
                NoTime::WithoutUnit | NoTime::Other => neither(),
            })
        };
        let expr = expr.map_err(|message| Wrong { at: self.at..self.at + length, message })?;
        self.at += length;
        Ok(expr)
    }

    fn name(&mut self) -> Result<Expr, Wrong> {
        let start = self.at;
        let base = self.word();
        if self.rest().starts_with('(') {
            let known = FUNCTIONS.iter().find(|(name, ..)| *name == base);
            let Some(&(name, function, takes)) = known else {
                let names: Vec<_> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
                let message =
                    format!("unknown function `{base}`; known functions: {}", names.join(", "));
                return Err(Wrong { at: start..self.at, message });
            };
            self.at += 1;
            let mut given = vec![self.sum()?];
            while given.len() < takes.len() {
                self.spaces();
                if !self.rest().starts_with(',') {
                    let message = format!("`{name}` takes ({})", takes.join(", "));
                    return Err(Wrong { at: start..self.at, message });
                }
                self.at += 1;
                given.push(self.sum()?);
            }
            self.close(')')?;
            return Ok(Expr::Call(function, given));
        }
        let mut nth = None;
        if self.rest().starts_with('[') {
            self.at += 1;
            nth = Some(Box::new(self.sum()?));
            self.close(']')?;
        }
        let mut fields = Vec::new();
        while self.rest().starts_with('.') {
            self.at += 1;
            if !self.rest().starts_with(|c: char| c.is_ascii_alphabetic()) {
                return Err(self.wrong("expected a field name"));
            }
            fields.push(self.word());
        }
        Ok(Expr::Name(Name { base, nth, fields }))
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':')))
            .unwrap_or(rest.len());
        let word = rest[..length].to_owned();
        self.at += length;
        word
    }

    fn close(&mut self, bracket: char) -> Result<(), Wrong> {
        self.spaces();
        if !self.rest().starts_with(bracket) {
            return Err(self.wrong(&format!("expected `{bracket}`")));
        }
        self.at += 1;
        Ok(())
    }

    fn deeper(&mut self) -> Result<(), Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("brackets are nested too deeply"));
        }
        Ok(())
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn wrong(&self, message: &str) -> Wrong {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        Wrong { at: self.at..self.at + length, message: message.to_owned() }
    }
}

/// A length of time with its unit, in words if it is none.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    time(text).map_err(|wrong| wrong.words(text))
}

/// Why a text is no length of time.
enum NoTime {
    WithoutUnit,
    TooLong,
    Other,
}

impl NoTime {
    fn words(&self, text: &str) -> String {
        match self {
            Self::WithoutUnit => format!("a time needs a unit: {text}s or {text}ms"),
            Self::TooLong => format!("`{text}` is longer than a day, the longest time possible"),
            Self::Other => format!("`{text}` is not a time; write 500ms, 2s or 1m 30s"),
        }
    }
}

fn time(text: &str) -> Result<Duration, NoTime> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoTime::WithoutUnit);
    }
    match humantime::parse_duration(text) {
        Ok(time) if time <= limits::TIME => Ok(time),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err(NoTime::TooLong),
        Err(_) => Err(NoTime::Other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::Source;

    fn read(text: &str) -> Result<Template, Wrong> {
        let source = Arc::new(Source { path: "a".into(), text: text.into() });
        template(text, &|span| Place { source: Arc::clone(&source), span })
    }

    /// An expression as brackets show it.
    fn shown(expr: &Expr) -> String {
        match expr {
            Expr::Number(number) => number.to_string(),
            Expr::Time(time) => humantime::format_duration(*time).to_string(),
            Expr::Text(text) => format!("'{text}'"),
            Expr::Name(Name { base, nth, fields }) => {
                let nth = nth.as_ref().map_or(String::new(), |nth| format!("[{}]", shown(nth)));
                format!(
                    "{base}{nth}{}",
                    fields.iter().fold(String::new(), |all, one| all + "." + one)
                )
            }
            Expr::Call(function, of) => {
                let of: Vec<_> = of.iter().map(|one| shown(one)).collect();
                format!("{function:?}({})", of.join(", "))
            }
            Expr::Binary(operator, left, right) => {
                format!("({} {operator:?} {})", shown(left), shown(right))
            }
        }
    }

    fn expr(text: &str) -> String {
        let template = read(&format!("${{{text}}}")).unwrap();
        let Some(expr) = template.expressions().next() else { panic!("{template:?}") };
        assert_eq!(expr.place.text(), text.trim());
        shown(expr)
    }

    #[test]
    fn texts_and_variables_alternate() {
        let template = read("a ${x} $${y} ${ z }").unwrap();
        let [Part::Text(a), Part::Value(_), Part::Text(b), Part::Value(z)] = &template.parts[..]
        else {
            panic!("{template:?}")
        };
        assert_eq!((a.as_str(), b.as_str(), z.place.text()), ("a ", " ${y} ", "z"));
        assert_eq!(read("").unwrap().as_plain(), Some(""));
        assert_eq!(read("a$b{}").unwrap().as_plain(), Some("a$b{}"));
        assert_eq!(read("${x}${y}").unwrap().expressions().count(), 2);
    }

    #[test]
    fn operators_bind_as_in_arithmetic() {
        assert_eq!(expr("granted.wait * 2 + 1s"), "((granted.wait Multiply 2) Add 1s)");
        assert_eq!(expr("1 + 2 * 3 - 4"), "((1 Add (2 Multiply 3)) Subtract 4)");
        assert_eq!(expr("(1 + 2) * 3"), "((1 Add 2) Multiply 3)");
        assert_eq!(expr("n % 2"), "(n Remainder 2)");
    }

    #[test]
    fn names_have_numbers_and_fields() {
        assert_eq!(expr("poll[n + 1].rid"), "poll[(n Add 1)].rid");
        assert_eq!(expr("second-poll.rid-1"), "second-poll.rid-1");
        assert_eq!(expr("granted.xmpp:version"), "granted.xmpp:version");
        assert_eq!(expr("upper(key)"), "Upper(key)");
        assert_eq!(expr("base64('a}b')"), "Base64('a}b')");
        assert_eq!(expr("scram-attribute(a, 'r')"), "ScramAttribute(a, 'r')");
        assert_eq!(expr("1m30s"), "1m 30s");
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        for (text, at, message) in [
            ("a ${x", 2..5, "without `}`"),
            ("${}", 2..2, "expected a variable"),
            ("${a b}", 4..5, "expected an operator"),
            ("${a +}", 5..5, "expected a variable"),
            ("${5x}", 2..4, "neither a number nor a time"),
            ("${uper(a)}", 2..6, "unknown function `uper`"),
            ("${scram-attribute(a)}", 2..19, "takes (message, name)"),
            ("${upper(a, b)}", 9..10, "expected `)`"),
            ("${a[1}", 5..5, "expected `]`"),
            ("${a.1}", 4..5, "expected a field name"),
            ("${(a}", 4..4, "expected `)`"),
        ] {
            let wrong = read(text).unwrap_err();
            assert!(wrong.message.contains(message), "{text}: {wrong:?}");
            assert_eq!(wrong.at, at, "{text}: {wrong:?}");
        }
        let deep = format!("${{{}1{}}}", "(".repeat(1000), ")".repeat(1000));
        assert!(read(&deep).unwrap_err().message.contains("nested too deeply"));
        let long = format!("${{1{}}}", "+1".repeat(400_000));
        assert!(read(&long).unwrap_err().message.contains("at most 64 operators"));
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("5").unwrap_err(), "a time needs a unit: 5s or 5ms");
        assert!(duration("soon").is_err() && duration("").is_err());
        assert_eq!(duration("24h"), Ok(limits::TIME));
        for text in ["24h 1ms", "9223372036854775808s", "99999999999999999999999s", "300years"] {
            let expected = format!("`{text}` is longer than a day, the longest time possible");
            assert_eq!(duration(text).unwrap_err(), expected);
        }
        assert!(read("${1s + 25h}").unwrap_err().message.contains("longer than a day"));
    }
}
