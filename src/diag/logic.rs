//! Predicates joined by and, or, not and parentheses: what the small languages of options (`--filter`, `--only`) share.
//!
//! ```text
//! any = all { ("or" | "|") all }
//! all = not { ["and" | "&"] not }
//! not = ("not" | "!") not | "(" any ")" | predicate
//! ```

use std::ops::Range;

use super::Diagnostic;

/// Parentheses and negations may be nested this deep.
const DEEPEST: usize = 64;

/// What was read, or the mistake at its place.
pub type Parsed<T> = Result<T, Box<Diagnostic>>;

/// An expression over predicates.
#[derive(Debug, Clone)]
pub enum Logic<P> {
    /// A predicate.
    Is(P),
    /// Not this.
    Not(Box<Self>),
    /// Each of these.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
}

impl<P> Logic<P> {
    /// Whether it holds where `is` tells of each predicate whether it does.
    pub fn holds(&self, is: &impl Fn(&P) -> bool) -> bool {
        match self {
            Self::Is(predicate) => is(predicate),
            Self::Not(inner) => !inner.holds(is),
            Self::All(parts) => parts.iter().all(|part| part.holds(is)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(is)),
        }
    }
}

/// A place in a text that is read.
#[derive(Debug)]
pub struct Cursor<'a> {
    /// The whole text.
    pub text: &'a str,
    /// The byte that is read next.
    pub at: usize,
    /// The name of the option.
    option: &'static str,
    /// What the text is, in words.
    what: &'static str,
    depth: usize,
}

/// Reads predicates.
pub type Predicates<'p, 'a, P> = &'p mut dyn FnMut(&mut Cursor<'a>) -> Parsed<P>;

impl<'a> Cursor<'a> {
    /// At the start of the text that `option` was given; `what` is what mistakes call it.
    pub fn new(option: &'static str, what: &'static str, text: &'a str) -> Self {
        Self { text, at: 0, option, what, depth: 0 }
    }

    /// Reads the whole text as an expression.
    pub fn parse<P>(&mut self, predicate: Predicates<'_, 'a, P>) -> Parsed<Logic<P>> {
        let expression = self.any(predicate)?;
        match self.peek() {
            None => Ok(expression),
            // Anything else would have been read as part of the expression.
            Some(c) => {
                let span = self.at..self.at + c.len_utf8();
                Err(self.mistake(span, "unmatched `)`", "", ""))
            }
        }
    }

    fn any<P>(&mut self, predicate: Predicates<'_, 'a, P>) -> Parsed<Logic<P>> {
        let mut parts = vec![self.all(predicate)?];
        while self.operator("or", '|') {
            parts.push(self.all(predicate)?);
        }
        Ok(one_or(parts, Logic::Any))
    }

    fn all<P>(&mut self, predicate: Predicates<'_, 'a, P>) -> Parsed<Logic<P>> {
        let mut parts = vec![self.not(predicate)?];
        loop {
            let more = self.operator("and", '&');
            let next = self.peek();
            let ends = matches!(next, None | Some(')' | '|')) || self.at_word("or");
            if !more && ends {
                return Ok(one_or(parts, Logic::All));
            }
            parts.push(self.not(predicate)?);
        }
    }

    fn not<P>(&mut self, predicate: Predicates<'_, 'a, P>) -> Parsed<Logic<P>> {
        if self.operator("not", '!') {
            self.deeper()?;
            let inner = self.not(predicate)?;
            self.depth -= 1;
            return Ok(Logic::Not(Box::new(inner)));
        }
        if self.peek() != Some('(') {
            return predicate(self).map(Logic::Is);
        }
        let open = self.at;
        self.deeper()?;
        self.at += 1;
        let inner = self.any(predicate)?;
        if self.peek() != Some(')') {
            let span = open..open + 1;
            return Err(self.mistake(span, "unmatched `(`", "opened here", ""));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return Ok(());
        }
        let message = format!("{} is nested more than {DEEPEST} levels deep", self.what);
        Err(self.mistake(self.at..self.at + 1, message, "", ""))
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

    /// Whether this word stands here, and is not the name of a predicate with a value.
    pub fn at_word(&mut self, word: &str) -> bool {
        self.peek();
        let name = self.name();
        name.eq_ignore_ascii_case(word) && !self.rest()[name.len()..].starts_with(':')
    }

    /// The next character that is not white space; what is before it is passed over.
    pub fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    /// What is left.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The name, or the word, that stands here.
    pub fn name(&self) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|c| ends(c) || c == ':').unwrap_or(rest.len())]
    }

    /// A mistake in these bytes.
    pub fn mistake(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Diagnostic> {
        Diagnostic::in_option((self.option, self.text), span, message, label, help)
    }
}

/// Whether a word ends before this character.
pub fn ends(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '|' | '&' | '!' | '"')
}

/// A list of one is what is in it.
fn one_or<P>(mut parts: Vec<Logic<P>>, many: fn(Vec<Logic<P>>) -> Logic<P>) -> Logic<P> {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
