//! What differs as a page: one file that needs no other, without scripts.

use super::document::{Compared, Document};
use crate::report::words;
use crate::snapshot::{Change, ExchangeDiff, Part, Phrase, Sign, StrandDiff, inline};

const STYLE: &str = "\
:root { color-scheme: light dark; --back: #fff; --text: #1f2328; --dim: #59636e; --line: #d1d9e0; --plus: #116329;
  --plus-back: #dafbe1; --plus-part: #aceebb; --minus: #a40e26; --minus-back: #ffebe9; --minus-part: #ffc1bc; --tilde: #7d4e00 }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --line: #3d444d;
  --plus: #56d364; --plus-back: #12261e; --plus-part: #1f572d; --minus: #ff7b72; --minus-back: #25171c;
  --minus-part: #792e2e; --tilde: #e3b341 } }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1.1rem; margin: 2rem 0 0 } h3 { font-size: 1rem; margin: 1.2rem 0 0 }
section { border-top: 1px solid var(--line); margin-top: 1.5rem }
ul { list-style: none; padding: 0; margin: .2rem 0 .8rem 1rem } li { padding-left: 1.2rem; text-indent: -1.2rem }
p { margin: .6rem 0 0 } .dim { color: var(--dim) } b, i { font-style: normal }
.mark { font-family: ui-monospace, monospace; font-weight: 700; display: inline-block; width: 1.2rem; text-indent: 0 }
.added > .mark { color: var(--plus) } .removed > .mark { color: var(--minus) } .changed > .mark { color: var(--tilde) }
code { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; white-space: pre-wrap }
del, ins { font-family: ui-monospace, monospace; font-size: .9em; text-decoration: none; overflow-wrap: anywhere;
  white-space: pre-wrap; padding: .1em .25em; border-radius: .2em }
del { background: var(--minus-back) } del i { background: var(--minus-part) }
ins { background: var(--plus-back) } ins i { background: var(--plus-part) }
";

/// What differs between `old` and `new`.
pub fn html(old: &str, new: &str, documents: &[Document]) -> String {
    let mut out = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n",
    );
    let count: usize = documents.iter().map(Document::count).sum();
    let what = match count {
        0 => "No differences".to_owned(),
        count => words::count(count as u64, "difference"),
    };
    out += &format!("<title>{what}: {} and {}</title>\n", escaped(old), escaped(new));
    out += &format!("<style>\n{STYLE}</style>\n<h1>{what}</h1>\n");
    out += &format!("<p><del>{}</del> → <ins>{}</ins></p>\n", escaped(old), escaped(new));
    for document in documents.iter().filter(|document| document.differs()) {
        out += "<section>\n";
        if let Some(name) = &document.name {
            let which = match document.compared {
                Compared::Both(_) => "",
                Compared::OnlyOld => " is only in the old folder",
                Compared::OnlyNew => " is only in the new folder",
            };
            let sign = document.sign();
            out += &format!("<h2 class=\"{}\">", class(sign));
            if sign != Sign::Changed {
                out += &mark(sign);
            }
            out += &format!("{}{which}</h2>\n", escaped(name));
        }
        for strand in document.strands() {
            self::strand(strand, &mut out);
        }
        out += "</section>\n";
    }
    out
}

fn strand(strand: &StrandDiff, out: &mut String) {
    let sign = strand.sign();
    let title = escaped(&strand.title());
    let length = words::count(strand.length as u64, "exchange");
    let length = format!("<span class=\"dim\">({length})</span>");
    let words = match sign {
        Sign::Added => format!("{}{title} is new {length}", mark(sign)),
        Sign::Removed => format!("{}{title} is missing {length}", mark(sign)),
        Sign::Changed => title,
    };
    *out += &format!("<h3 class=\"{}\">{words}</h3>\n", class(sign));
    changes(&strand.changes, out);
    for exchange in &strand.exchanges {
        self::exchange(exchange, out);
    }
}

fn exchange(exchange: &ExchangeDiff, out: &mut String) {
    let sign = exchange.sign();
    let label = escaped(&exchange.label());
    *out += &format!("<p class=\"{}\">", class(sign));
    if sign != Sign::Changed {
        *out += &mark(sign);
    }
    *out += &format!("<b>{label}</b> {}", escaped(&exchange.request));
    if sign != Sign::Changed && !exchange.response.is_empty() {
        let response = escaped(&exchange.response);
        *out += &format!(" <span class=\"dim\">(response: {response})</span>");
    }
    *out += "</p>\n";
    changes(&exchange.changes, out);
}

fn changes(changes: &[Change], out: &mut String) {
    if changes.is_empty() {
        return;
    }
    *out += "<ul>\n";
    for change in changes {
        let sign = change.sign();
        let Phrase { words, old, new } = change.phrase();
        *out += &format!("<li class=\"{}\">{}{}", class(sign), mark(sign), escaped(&words));
        match (&old, &new) {
            (Some(old), Some(new)) => {
                let (before, after) = inline(old, new);
                let whole = before.len() == 1 && after.len() == 1;
                *out += &format!(" <del>{}</del> →", parts(&before, whole));
                *out += &format!(" <ins>{}</ins>", parts(&after, whole));
            }
            (Some(old), None) => *out += &format!(" <del>{}</del>", escaped(old)),
            (None, Some(new)) => *out += &format!(" <ins>{}</ins>", escaped(new)),
            (None, None) => {}
        }
        *out += "</li>\n";
    }
    *out += "</ul>\n";
}

fn parts(parts: &[Part<'_>], whole: bool) -> String {
    let part = |part: &Part<'_>| match escaped(part.text) {
        text if part.differs && !whole => format!("<i>{text}</i>"),
        text => text,
    };
    parts.iter().map(part).collect()
}

fn class(sign: Sign) -> &'static str {
    match sign {
        Sign::Added => "added",
        Sign::Removed => "removed",
        Sign::Changed => "changed",
    }
}

fn mark(sign: Sign) -> String {
    format!("<span class=\"mark\">{}</span>", sign.mark())
}

/// A text that can stand between tags, with what would hide or reorder it made visible.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in crate::diag::sanitise::sanitise(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}
