//! Long texts in an excerpt: their beginning, and how much is left out.

use std::borrow::Cow;

use super::line::columns;
use crate::diag::counted;
use crate::xml::{TokenKind, tokens};

/// The first so many characters of a longer text, and how many more there are.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most) else { return Cow::Borrowed(text) };
    let more = text[end..].chars().count();
    // What would be left out needs no more room than these words.
    if more <= most / 4 {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}… ({} left out)", &text[..end], counted(more, "character")))
}

/// XML with its long texts shortened.
pub(super) fn brief(source: &str, most: usize) -> Cow<'_, str> {
    if source.len() <= most {
        return Cow::Borrowed(source);
    }
    let mut out = String::with_capacity(most);
    for token in tokens(source.as_bytes()) {
        let text = &source[token.span];
        match token.kind {
            TokenKind::Text | TokenKind::CData | TokenKind::Comment => {
                out += &shortened(text, most);
            }
            _ => out.push_str(text),
        }
    }
    Cow::Owned(out)
}

/// The beginning of a text that takes so many columns at most, with an ellipsis if there is more.
pub(super) fn first(text: &str, room: usize) -> Cow<'_, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let fits = |end: &usize| columns(&text[..*end]) < room;
    let ends = text.char_indices().map(|(at, _)| at).take_while(fits);
    Cow::Owned(format!("{}…", &text[..ends.last().unwrap_or_default()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(shortened("short", 10), "short");
        assert_eq!(shortened("a little more", 11), "a little more", "words would be longer");
        assert_eq!(shortened(&"ü".repeat(70_000), 3), "üüü… (69997 characters left out)");
        let long = "x".repeat(70_000);
        assert_eq!(
            brief(&format!("<a b='c'><!--{long}--><d>{long}</d><e/>"), 20),
            "<a b='c'><!--xxxxxxxxxxxxxxxx… (69987 characters left out)<d>xxxxxxxxxxxxxxxxxxxx… \
             (69980 characters left out)</d><e/>"
        );
        assert_eq!(first("alice", 5), "alice");
        assert_eq!(first("alice", 4), "ali…");
        assert_eq!(first("日本語", 5), "日本…");
        assert_eq!(first("日本語", 4), "日…");
    }
}
