//! The text of a page: lines without tags, scripts and styles; of JSON, the texts in it.

use serde_json::Value;

/// Tags that stay within a line.
const INLINE: &[&str] =
    &["a", "b", "i", "em", "strong", "span", "code", "tt", "small", "font", "abbr"];

/// The lines of a page, without tags, scripts and styles.
pub fn lines(page: &str) -> Vec<String> {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        text += &rest[..start].replace(['\r', '\n'], " ");
        let tag = &rest[start..];
        let inner = tag[1..].trim_start_matches('/');
        let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        let end = match &*name {
            "script" | "style" if !tag.starts_with("</") => {
                let close = format!("</{name}");
                let lower = tag.to_ascii_lowercase();
                lower.find(&close).unwrap_or(tag.len())
            }
            _ if tag.starts_with("<!--") => tag.find("-->").map_or(tag.len(), |at| at + 3),
            _ => tag.find('>').map_or(tag.len(), |at| at + 1),
        };
        if !INLINE.contains(&&*name) {
            text.push('\n');
        }
        rest = &tag[end..];
    }
    // Plain text has lines of its own.
    if text.is_empty() {
        text += rest;
    } else {
        text += &rest.replace(['\r', '\n'], " ");
    }
    let text = entities(&text);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().map(words).filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            // A title is often the first heading as well.
            Some(last) if *last == line => {}
            Some(last) if last.ends_with("Reason:") => *last = format!("{last} {line}"),
            _ => lines.push(line),
        }
    }
    lines
}

/// What a page says: its lines, or the texts in it if it is JSON.
pub(super) fn said(page: &str) -> Vec<String> {
    let start = page.trim_start();
    if start.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(start.trim_end())
    {
        let mut texts = Vec::new();
        collect(&value, &mut texts);
        return texts;
    }
    lines(page)
}

/// Names in JSON whose values are no sentences.
const NO_SENTENCE: &[&str] = &["path", "timestamp", "instance", "url", "uri", "stack", "trace"];

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.push(entities(&text));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(items) => {
            let sentences = items.iter().filter(|(name, _)| !NO_SENTENCE.contains(&&***name));
            sentences.for_each(|(_, item)| collect(item, texts));
        }
        _ => {}
    }
}

/// Entities by name that pages use (HTML 4 section 24), and what they stand for.
const NAMED: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("middot", "·"),
    ("hellip", "…"),
    ("ndash", "–"),
    ("mdash", "—"),
    ("lsquo", "‘"),
    ("rsquo", "’"),
    ("ldquo", "“"),
    ("rdquo", "”"),
    ("laquo", "«"),
    ("raquo", "»"),
    ("copy", "©"),
];

/// Replaces references to characters, once: what one stands for is none.
pub(super) fn entities(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        whole += &rest[..start];
        rest = &rest[start..];
        let name = rest[1..].split_once(';').map(|(name, _)| name).filter(|name| name.len() < 12);
        if let Some(name) = name
            && let Some(char) = entity(name)
        {
            whole += &char;
            rest = &rest[name.len() + 2..];
        } else {
            whole.push('&');
            rest = &rest[1..];
        }
    }
    whole + rest
}

fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    let char = char::from_u32(code.ok()?)?;
    Some(if char == '\u{a0}' { " ".to_owned() } else { char.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_once() {
        for (text, plain) in [
            ("a &amp;lt; b", "a &lt; b"),
            ("isn&#39;t &#x27;x&#X27; &#039;", "isn't 'x' '"),
            ("a&nbsp;b&#160;c&#xa0;d", "a b c d"),
            ("R&D; &; & &#; &#xd800; &unknown; &amp", "R&D; &; & &#; &#xd800; &unknown; &amp"),
            ("&hellip;&#8230;", "……"),
        ] {
            assert_eq!(entities(text), plain, "{text}");
        }
    }

    #[test]
    fn json_is_read_as_its_texts() {
        for (page, texts) in [
            ("{\"message\":\"no Route  matched\"}", &["no Route matched"][..]),
            ("{\"error\":{\"code\":403,\"message\":\"a\"},\"path\":\"/b\"}\n", &["a"]),
            ("[{\"errors\":[\"a\",\"b\"]}]", &["a", "b"]),
            ("{\"message\": cut", &["{\"message\": cut"]),
        ] {
            assert_eq!(said(page), texts, "{page}");
        }
    }
}
