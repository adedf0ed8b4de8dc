//! Text in Markdown: what Markdown and HTML give a meaning to is escaped.

use crate::diag::sanitise::one_line;

/// Text from outside, as it is.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // A name with this is told that it was named.
            '@' => escaped += "&#64;",
            c => escaped.push(c),
        }
    }
    // No link is made of an address.
    escaped.replace("://", "&#58;//")
}

/// Prose of our own, in which what stands in backticks is code, and so is XML.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::new();
    for (number, part) in text.split('`').enumerate() {
        if number % 2 == 1 {
            out += &code(part);
            continue;
        }
        let mut rest = part;
        while let Some(start) = rest.find('<') {
            let length = elements(&rest[start..]);
            out += &escape(&rest[..start]);
            match length {
                Some(length) => out += &code(&rest[start..start + length]),
                None => out += "&lt;",
            }
            rest = &rest[start + length.unwrap_or(1)..];
        }
        out += &escape(rest);
    }
    out
}

/// How long the XML is that begins here: elements that stand side by side are one.
fn elements(text: &str) -> Option<usize> {
    let begins = |text: &str| {
        let mut chars = text.chars();
        chars.next() == Some('<') && chars.next().is_some_and(|c| c == '/' || c.is_alphabetic())
    };
    let mut end = 0;
    while begins(&text[end..]) {
        match text[end..].find('>') {
            Some(length) => end += length + 1,
            None => break,
        }
    }
    (end > 0).then_some(end)
}

/// Code, as XML is. A pipe ends a cell even there, and nothing else has a meaning.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('|', "\\|").replace('`', "'"))
}

/// A cell with links to what is numbered elsewhere on the page, such as `no [1] [2]`; by their places, from 0.
pub(super) fn numbered(word: &str, places: &[usize]) -> String {
    let links = places.iter().map(|place| format!(" [{0}](#d{0})", place + 1));
    format!("{word}{}", links.collect::<String>())
}

/// A cell with links to reasons, such as `skip [a]`; by their places, from 0.
pub(super) fn lettered(word: &str, places: &[usize]) -> String {
    places.iter().fold(word.to_owned(), |text, place| format!("{text} {}", reason(*place)))
}

/// A link to a reason.
pub(super) fn reason(place: usize) -> String {
    let letter = letter(place);
    format!("[{letter}](#r{letter})")
}

/// The list of reasons to which these lead.
pub(super) fn reasons(all: &[&str]) -> String {
    let line = |(place, reason): (usize, &&str)| {
        let letter = letter(place);
        format!("- <a id=\"r{letter}\"></a>**{letter}** {}\n", prose(reason))
    };
    all.iter().enumerate().map(line).collect()
}

/// a, b, …, z, aa, ab, …
fn letter(place: usize) -> String {
    let last = char::from(b'a' + u8::try_from(place % 26).unwrap_or_default());
    match place / 26 {
        0 => last.to_string(),
        more => letter(more - 1) + &last.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_behind_z() {
        let letters: Vec<_> = [0, 25, 26, 51, 52, 701, 702].map(letter).to_vec();
        assert_eq!(letters, ["a", "z", "aa", "az", "ba", "zz", "aaa"]);
    }

    #[test]
    fn prose_has_code_and_nothing_else() {
        for (text, expected) in [
            ("`wait` is *not* kept", "`wait` is \\*not\\* kept"),
            ("Send <body hold='0' …/>: held", "Send `<body hold='0' …/>`: held"),
            ("<body><a/></body> or <b>", "`<body><a/></body>` or `<b>`"),
            ("t <= wait, <a/>, a_b", "t &lt;= wait, `<a/>`, a\\_b"),
            ("`a|b` [x](y)", "`a\\|b` \\[x\\](y)"),
            ("one `more", "one `more`"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }
}
