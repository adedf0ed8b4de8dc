//! `--format html`: a page by itself, without a script.

use std::fmt::Write as _;

use crate::doctor::{Problem, Report, Verdict};
use crate::report::difference::escaped as escape;
use crate::report::html::hash;

const STYLE: &str = include_str!("style.css");

/// The report as an HTML page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let title = format!("xmppscope doctor {}", report.subject);
    // A String takes all of it.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<main>\n",
        hash(STYLE),
        escape(&title)
    );
    let overall = report.overall().name();
    let _ =
        writeln!(out, "<h1>{} <small class=\"{overall}\">{overall}</small></h1>", escape(&title));
    let _ = writeln!(out, "<p>{}</p>", escape(&about(report)));
    for (number, problem) in report.problems().iter().enumerate() {
        write_problem(number + 1, problem, &mut out);
    }
    out += "<h2>Checks</h2>\n";
    let mut subject = None;
    for outcome in &report.outcomes {
        if subject != Some(&outcome.subject) {
            if subject.is_some() {
                out += "</table>\n";
            }
            let _ = writeln!(out, "<h3>{}</h3>\n<table>", escape(&outcome.subject));
            subject = Some(&outcome.subject);
        }
        let verdict = outcome.verdict.name();
        let _ = writeln!(
            out,
            "<tr class=\"{verdict}\"><td title=\"{verdict}\">{}<td>{}<td>{}",
            sign(outcome.verdict),
            escape(outcome.check.name),
            escape(&outcome.words)
        );
    }
    if subject.is_some() {
        out += "</table>\n";
    }
    out + "</main>\n"
}

fn about(report: &Report) -> String {
    let mut text = format!("XMPP domain {}", report.domain);
    if let Some(origin) = &report.origin {
        let _ = write!(text, ", page at {origin}"); // a String takes it
    }
    if let Some(direct) = &report.direct {
        let _ = write!(text, ", server itself at {direct}"); // the same
    }
    text
}

fn write_problem(number: usize, problem: &Problem, out: &mut String) {
    let level = if problem.broken { "broken" } else { "weak" };
    // A String takes all of it.
    let _ = writeln!(
        out,
        "<section class=\"{level}\"><h2>{number}. {} <code>{}</code></h2>\n<ul>",
        problem.kind.title, problem.kind.name
    );
    for line in problem.subjects.iter().chain(&problem.why).chain(&problem.proof) {
        let _ = writeln!(out, "<li>{}", escape(line));
    }
    let _ = writeln!(out, "</ul>\n<p>{}</p>", escape(&problem.advice));
    let known = problem.program.map(str::to_ascii_lowercase);
    for (program, snippet) in &problem.snippets {
        let open = known.as_deref().is_some_and(|known| known.starts_with(&**program));
        let _ = writeln!(
            out,
            "<details{}><summary>{}</summary><pre>{}</pre></details>",
            if open { " open" } else { "" },
            escape(program),
            escape(snippet.trim_end())
        );
    }
    *out += "</section>\n";
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Well => "✔",
        Verdict::Note => "·",
        Verdict::Weak => "▲",
        Verdict::Broken => "✖",
        Verdict::Skipped => "–",
    }
}
