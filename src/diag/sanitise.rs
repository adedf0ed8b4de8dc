//! Text from the wire is made harmless: what could move the cursor, change colours, hide or reorder text is shown as
//! an escape instead of being obeyed; so is what begins a workflow command in the log of a CI system.

use std::borrow::Cow;
use std::fmt::Write;

/// Text that may be printed: line breaks and tabs stay, other control characters, bidirectional overrides and
/// invisible characters become `\u{…}`.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    clean(text, |c| c != '\n' && c != '\t' && is_unsafe(c))
}

/// Like [`sanitise`], for what has to stay on one line.
pub fn one_line(text: &str) -> Cow<'_, str> {
    clean(text, is_unsafe)
}

/// Bytes of any kind on one line: valid text sanitised, everything else as `\xNN`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&one_line(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}"); // a String takes everything
        }
    }
    out
}

/// What is as long as the text in bytes, with a stand-in for each character that [`is_unsafe`] and beyond ASCII.
pub(super) fn of_same_length(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let stand_in = |c: char| match c.len_utf8() {
        _ if !is_unsafe(c) => c.to_string(),
        1 => c.to_string(),
        2 => "·".to_owned(),
        3 => "\u{fffd}".to_owned(),
        _ => "··".to_owned(),
    };
    Cow::Owned(text.chars().map(stand_in).collect())
}

/// What begins a workflow command of GitHub, Azure or Gitea, or a message for `TeamCity`, wherever on a line of a job's log it stands.
pub const COMMANDS: [&str; 3] = ["##[", "##vso[", "##teamcity["];

/// Whether the sign at the beginning of a text begins a workflow command.
pub fn is_command(text: &str) -> bool {
    COMMANDS.iter().any(|command| text.starts_with(command))
}

fn clean(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly all traffic is plain ASCII: decide that without decoding characters.
    // The whole is looked at without a way out, so that the compiler can look at many bytes at a time.
    let plain = text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte));
    let commands = memchr::memchr(b'#', text.as_bytes()).is_some() && text.contains("##");
    if !commands && (plain || !text.chars().any(&is_bad)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            '#' if is_command(&text[at..]) => out.push_str("\\u{23}"),
            '\n' if is_bad(c) => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' if is_bad(c) => out.push_str("\\t"),
            _ if is_bad(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c)); // a String takes everything
            }
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character could move the cursor, change colours, hide or reorder text.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_shown_not_obeyed() {
        assert_eq!(one_line("\u{1b}[2J\u{7}a\r\nb"), "\\u{1b}[2J\\u{7}a\\r\\nb");
        assert_eq!(sanitise("a\n\tb\u{9b}"), "a\n\tb\\u{9b}");
        assert_eq!(one_line("\u{202e}evil\u{2066}"), "\\u{202e}evil\\u{2066}");
        assert_eq!(one_line("grüße 👩‍👩‍👧 שלום"), "grüße 👩‍👩‍👧 שלום", "what people write stays");
        assert_eq!(
            one_line("# ## ##[error]x ##vso[task.x] ##teamcity[x]"),
            "# ## \\u{23}#[error]x \\u{23}#vso[task.x] \\u{23}#teamcity[x]"
        );
        assert!(matches!(one_line("plain"), Cow::Borrowed(_)));
        assert_eq!(bytes(b"a\xff\x1b\xc3\xa9"), "a\\xff\\u{1b}é");
    }
}
