//! `--format markdown`: to paste into an issue. Addresses are shortened, so that nobody's is published by accident.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::words::{program, sentence};
use crate::diag::sanitise::sanitise;
use crate::doctor::Report;
use crate::report::markdown::escape;

/// The report in Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let text = |text: &str| escape(&shortened(text));
    // A String takes all of it.
    let _ = writeln!(
        out,
        "## xmppscope doctor {}: {}\n",
        text(&report.subject),
        report.overall().name()
    );
    let mut about =
        format!("xmppscope {}, XMPP domain {}", env!("CARGO_PKG_VERSION"), report.domain);
    if let Some(origin) = &report.origin {
        about += &format!(", page from {origin}");
    }
    if let Some(direct) = &report.direct {
        about += &format!(", bypassing the reverse proxy at {direct}");
    }
    let _ = writeln!(out, "{}", text(&about));
    if !report.unfinished.is_empty() {
        let _ = writeln!(out, "\nInterrupted; not done: {}", report.unfinished.join(", "));
    }
    for (number, problem) in report.problems().iter().enumerate() {
        let _ = writeln!(
            out,
            "\n### {}. {} (`{}`)\n",
            number + 1,
            problem.kind.title,
            problem.kind.name
        );
        for subject in &problem.subjects {
            let _ = writeln!(out, "- at {}", text(subject));
        }
        for why in &problem.why {
            let _ = writeln!(out, "- {}", text(&sentence(why)));
        }
        if let Some(proof) = &problem.proof {
            let _ = writeln!(out, "- {}", text(proof));
        }
        if !problem.advice.is_empty() {
            let _ = writeln!(out, "\nWhat to do: {}", text(&problem.advice));
        }
        for (name, snippet) in problem.chosen().iter().take(1) {
            let snippet = one_fence(snippet);
            let _ = writeln!(out, "\nFor {}:\n\n```\n{}\n```", program(name), snippet.trim_end());
        }
    }
    let differences = report.differences();
    if !differences.is_empty() {
        let _ = writeln!(out, "\n### Differences when the reverse proxy is bypassed\n");
    }
    for one in differences {
        let _ = writeln!(out, "- {}: {} → {}", one.check, text(one.front), text(one.direct));
    }
    let _ = writeln!(out, "\n| | check | where | what was seen |\n|---|---|---|---|");
    for outcome in report.by_subject().into_iter().flat_map(|(_, outcomes)| outcomes) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            outcome.verdict.sign(),
            outcome.check.name,
            text(&outcome.subject),
            text(&outcome.words)
        );
    }
    out
}

/// A snippet that ends no block of code.
fn one_fence(snippet: &str) -> String {
    sanitise(snippet).replace("```", "``")
}

/// With addresses of hosts and users shortened: `192.0.x.x`, `2001:db8:…`, `a…@chat.example`.
fn shortened(text: &str) -> String {
    let is_part =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '@' | '+');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        out += &short(word);
        let next = behind.chars().next().map_or(0, char::len_utf8);
        out += &behind[..next];
        rest = &behind[next..];
    }
    out
}

fn short(word: &str) -> String {
    let bare = word.trim_end_matches(['.', ':', ',']);
    let tail = &word[bare.len()..];
    if let Some((user, domain)) = bare.split_once('@')
        && let Some(first) = user.chars().next()
    {
        return format!("{first}…@{domain}{tail}");
    }
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, format!(":{port}")),
        _ => (bare, String::new()),
    };
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() || ip.is_unspecified() => word.to_owned(),
        Ok(IpAddr::V4(ip)) => {
            let [a, b, ..] = ip.octets();
            format!("{a}.{b}.x.x{port}{tail}")
        }
        Ok(IpAddr::V6(ip)) => {
            let [a, b, ..] = ip.segments();
            format!("{a:x}:{b:x}:…{port}{tail}")
        }
        Err(_) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shortened_and_names_are_not() {
        for (text, short) in [
            ("192.0.2.70 answers", "192.0.x.x answers"),
            ("192.0.2.70:443, [2001:db8::1]:443 answer", "192.0.x.x:443, [2001:db8:…]:443 answer"),
            ("127.0.0.1:5280: nothing listens", "127.0.0.1:5280: nothing listens"),
            ("logged in as alice@chat.example/web", "logged in as a…@chat.example/web"),
            ("https://chat.example:5281/http-bind", "https://chat.example:5281/http-bind"),
            ("TLS 1.3, nginx/1.22.1.", "TLS 1.3, nginx/1.22.1."),
            ("2001:db8::1", "2001:db8:…"),
        ] {
            assert_eq!(shortened(text), short);
        }
    }
}
