//! From rxml's error to the name and the place a person looks for.
//!
//! rxml tells what it met, not where nor in which name. The source up to there is known to be good, so
//! the lenient tokens between the last good tag and the point of failure tell the rest. Nothing is named
//! that was not read from the source.

use memchr::memrchr;
use rxml::error::{Error as Rxml, ErrorContext as In};

use super::error::ErrorKind;
use super::tokens::{Token, TokenKind, attributes, is_space, tokens};

/// Names longer than this are cut in messages.
const LONGEST_NAME: usize = 80;

/// What the parser knew when rxml gave up.
pub(super) struct Failure<'a> {
    pub(super) source: &'a [u8],
    pub(super) error: Rxml,
    /// The end of the last good tag or XML declaration.
    pub(super) from: usize,
    /// How far rxml had read; the culprit is before it.
    pub(super) consumed: usize,
    /// Within a start tag: how many of its attributes were good.
    pub(super) tag: Option<usize>,
    /// Where the innermost open element starts.
    pub(super) innermost: Option<usize>,
    pub(super) after_root: bool,
}

/// Where the culprit stands and what it is.
pub(super) fn failure(failure: &Failure<'_>) -> (usize, ErrorKind) {
    let source = failure.source;
    let first = skip_space(source, failure.from);
    if failure.after_root {
        return (
            first,
            forbidden(&source[first..]).unwrap_or_else(|| after_root(&source[first..])),
        );
    }
    let culprit = failure.culprit();
    let rest = &source[culprit.span.start..];
    if culprit.span.start == 0 && is_declaration(rest) {
        return (0, in_declaration(failure.error));
    }
    // before this: rxml gives up at the first two bytes of a comment, whatever is in it
    if let Some(kind) = forbidden(rest) {
        return (culprit.span.start, kind);
    }
    if let Some((offset, character)) = failure.forbidden_character() {
        return (offset, ErrorKind::InvalidCharacter(character.into()));
    }
    if failure.innermost.is_none() && failure.tag.is_none() {
        if rest.starts_with(b"</") {
            return (culprit.span.start, syntax("an end tag before the root element"));
        }
        // rxml gives up at a text when it has seen the `<` behind it
        if source.get(first) != Some(&b'<') || rest.starts_with(b"<![") {
            return (first, ErrorKind::BeforeRoot);
        }
    }
    failure.kind(&culprit)
}

impl<'a> Failure<'a> {
    /// The token that rxml was reading.
    fn culprit(&self) -> Token<'a> {
        let mut found = Token { kind: TokenKind::Text, span: self.from..self.from };
        for token in tokens(&self.source[self.from..]) {
            if self.from + token.span.start >= self.consumed {
                break;
            }
            let span = self.from + token.span.start..self.from + token.span.end;
            found = Token { kind: token.kind, span };
        }
        found
    }

    fn forbidden_character(&self) -> Option<(usize, char)> {
        let read = std::str::from_utf8(&self.source[self.from..self.char_end()]).ok()?;
        let found = read.char_indices().find(|(_, character)| !is_char(*character))?;
        Some((self.from + found.0, found.1))
    }

    /// The end of the character that rxml read a byte of.
    fn char_end(&self) -> usize {
        let after = &self.source[self.consumed..];
        self.consumed + after.iter().take_while(|&&byte| byte & 0xc0 == 0x80).count()
    }

    /// The start of the last character read.
    fn last_char(&self) -> usize {
        let read = &self.source[self.from..self.consumed];
        let start = read.iter().rposition(|&byte| byte & 0xc0 != 0x80);
        self.from + start.unwrap_or_default()
    }

    fn kind(&self, culprit: &Token<'_>) -> (usize, ErrorKind) {
        let ampersand = || memrchr(b'&', &self.source[..self.consumed]).unwrap_or(self.from);
        match self.error {
            Rxml::UndeclaredEntity => {
                let at = ampersand();
                (at, entity(&self.source[at + 1..]))
            }
            Rxml::UnexpectedByte(Some(In::Reference), ..)
            | Rxml::InvalidSyntax("empty reference") => (ampersand(), ErrorKind::LoneAmpersand),
            Rxml::InvalidChar(_, code, true) => (ampersand(), ErrorKind::InvalidCharacter(code)),
            Rxml::InvalidChar(_, code, false) => {
                (self.last_char(), ErrorKind::InvalidCharacter(code))
            }
            Rxml::InvalidSyntax("unescaped ']]>' forbidden in text") => (
                self.consumed.saturating_sub(3),
                syntax("`]]>` in text; its last character is written `&gt;`"),
            ),
            Rxml::UnexpectedChar(Some(In::AttributeValue), '<', _) => (
                self.last_char(),
                syntax("`<` in an attribute value; a quote is missing, or it is written `&lt;`"),
            ),
            Rxml::ElementMismatch => (culprit.span.start, self.mismatch(culprit)),
            Rxml::InvalidEof(context) => self.unfinished(culprit, context),
            _ => self.in_tag(culprit),
        }
    }

    fn mismatch(&self, culprit: &Token<'_>) -> ErrorKind {
        let found = match culprit.kind {
            TokenKind::End { name } => shown(name),
            // no `>`: the name is all there is to see
            _ => shown(name_of(&self.source[culprit.span.clone()], 2)),
        };
        ErrorKind::MismatchedTag { expected: self.innermost_name(), found }
    }

    fn innermost_name(&self) -> String {
        self.innermost.map(|start| shown(name_of(&self.source[start..], 1))).unwrap_or_default()
    }

    fn unfinished(&self, culprit: &Token<'_>, context: Option<In>) -> (usize, ErrorKind) {
        let start = culprit.span.start;
        let rest = &self.source[start..];
        let what = match context {
            Some(In::Reference) => "a reference",
            Some(In::CdataSection) => "a CDATA section",
            Some(In::AttributeValue) => "an attribute value",
            _ if rest.starts_with(b"</") => "an end tag",
            _ if culprit.kind == TokenKind::Broken && rest.len() > 1 && rest[1] != b'!' => {
                "a start tag"
            }
            _ if culprit.kind == TokenKind::Broken => "markup",
            _ => {
                let at = self.innermost.unwrap_or(start);
                return (at, ErrorKind::Unclosed(self.innermost_name()));
            }
        };
        (start, ErrorKind::Unfinished(what))
    }

    fn unexpected(&self, at: usize, token: &[u8]) -> (usize, ErrorKind) {
        let place = if token.starts_with(b"<") { "in a tag" } else { "in text" };
        let rest = &self.source[at..];
        let character = String::from_utf8_lossy(&rest[..rest.len().min(4)]).chars().next();
        let character = match character {
            Some(quote @ ('"' | '\'')) => quote.to_string(),
            Some(other) => other.escape_debug().to_string(),
            None => return (at, ErrorKind::Unfinished("markup")),
        };
        (at, ErrorKind::Syntax(format!("unexpected `{character}` {place}")))
    }

    /// The attribute that follows the good ones tells what is wrong in a tag.
    fn in_tag(&self, culprit: &Token<'_>) -> (usize, ErrorKind) {
        let tag = &self.source[culprit.span.clone()];
        let start = culprit.span.start;
        let unexpected = || self.unexpected(self.last_char(), tag);
        let Some(good) = self.tag else {
            let ends = usize::from(tag.starts_with(b"</"));
            let name = name_of(tag, 1 + ends);
            let behind = skip_space(tag, 1 + ends + name.len());
            return match self.error {
                Rxml::MultiColonName(_)
                | Rxml::EmptyNamePart(_)
                | Rxml::InvalidLocalName(_)
                | Rxml::UnexpectedChar(..) => {
                    (start, ErrorKind::Syntax(format!("`{}` is not a name", shown(name))))
                }
                _ if ends == 1 && !name.is_empty() => self.unexpected(start + behind, tag),
                _ => unexpected(),
            };
        };
        let behind = good_end(tag, good);
        let Some(attribute) = attributes(tag).nth(good) else { return unexpected() };
        if behind < attribute.name.start {
            return self.unexpected(start + behind, tag);
        }
        let name = shown(&tag[attribute.name.clone()]);
        let problem = match self.error {
            Rxml::MultiColonName(_)
            | Rxml::EmptyNamePart(_)
            | Rxml::InvalidLocalName(_)
            | Rxml::UnexpectedChar(..) => format!("`{name}` is not a name"),
            Rxml::ReservedNamespacePrefix => format!("`{name}` declares a reserved prefix"),
            Rxml::ReservedNamespaceName => format!("`{name}` declares a reserved namespace"),
            Rxml::EmptyNamespaceUri => format!("`{name}` declares an empty namespace"),
            Rxml::InvalidSyntax("space required before attribute names") => {
                format!("no white space before attribute \"{name}\"")
            }
            Rxml::UnexpectedToken(..) if attribute.quote.is_some() => return unexpected(),
            Rxml::UnexpectedToken(..) | Rxml::UnexpectedByte(..) if name.is_empty() => {
                return unexpected();
            }
            Rxml::UnexpectedToken(..) if attribute.value.is_empty() => {
                format!("attribute \"{name}\" has no value")
            }
            Rxml::UnexpectedToken(..) => {
                format!("the value of attribute \"{name}\" stands in no quotes")
            }
            _ => return unexpected(),
        };
        (start + attribute.name.start, ErrorKind::Syntax(problem))
    }
}

/// Where the first `good` attributes of a tag and the white space behind them end.
fn good_end(tag: &[u8], good: usize) -> usize {
    let end = match good.checked_sub(1).and_then(|last| attributes(tag).nth(last)) {
        Some(last) => last.value.end + usize::from(last.quote.is_some()),
        None => 1 + name_of(tag, 1).len(),
    };
    skip_space(tag, end.min(tag.len()))
}

/// What the restrictions of XMPP forbid, if that is what starts here.
fn forbidden(rest: &[u8]) -> Option<ErrorKind> {
    if rest.starts_with(b"<!--") {
        Some(ErrorKind::Comment)
    } else if rest.starts_with(b"<?") {
        Some(ErrorKind::ProcessingInstruction)
    } else if rest.len() >= 9 && rest[..9].eq_ignore_ascii_case(b"<!DOCTYPE") {
        Some(ErrorKind::DocumentType)
    } else if rest.starts_with(b"<!") && !b"<![CDATA[".starts_with(&rest[..rest.len().min(9)]) {
        Some(syntax("`<!` starts neither a comment nor a CDATA section"))
    } else {
        None
    }
}

fn after_root(rest: &[u8]) -> ErrorKind {
    ErrorKind::AfterRoot(match rest {
        [b'<', b'/', ..] => "an end tag",
        [b'<', b'!', ..] => "a CDATA section",
        [b'<', ..] => "another element",
        _ => "text",
    })
}

fn is_declaration(rest: &[u8]) -> bool {
    rest.starts_with(b"<?xml") && rest.get(5).copied().is_none_or(is_space)
}

fn in_declaration(error: Rxml) -> ErrorKind {
    match error {
        Rxml::RestrictedXml(reason) | Rxml::InvalidSyntax(reason) => syntax(reason),
        Rxml::InvalidEof(_) => ErrorKind::Unfinished("the XML declaration"),
        _ => syntax("the XML declaration is malformed"),
    }
}

/// What `rest`, which follows a `&`, refers to.
fn entity(rest: &[u8]) -> ErrorKind {
    let ends =
        |&byte: &u8| is_space(byte) || matches!(byte, b';' | b'&' | b'<' | b'>' | b'"' | b'\'');
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    if rest.get(length) != Some(&b';') {
        ErrorKind::LoneAmpersand
    } else if rest[0] == b'#' {
        ErrorKind::Syntax(format!("character reference `&{};` is too long", shown(&rest[..length])))
    } else {
        ErrorKind::UndeclaredEntity(shown(&rest[..length]))
    }
}

fn name_of(tag: &[u8], from: usize) -> &[u8] {
    let name = tag.get(from..).unwrap_or_default();
    let ends = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>' | b'<' | b'=');
    &name[..name.iter().position(ends).unwrap_or(name.len())]
}

fn shown(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.into_owned(),
    }
}

fn syntax(words: &str) -> ErrorKind {
    ErrorKind::Syntax(words.to_owned())
}

fn skip_space(source: &[u8], from: usize) -> usize {
    from + source[from..].iter().take_while(|&&byte| is_space(byte)).count()
}

/// XML 1.0 section 2.2, production 2.
fn is_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
