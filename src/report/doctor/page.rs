//! `--format html`: a page by itself, without a script.

use std::fmt::Write as _;

use super::words::{program, sentence};
use crate::doctor::{Problem, Report};
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
    let differences = report.differences();
    if !differences.is_empty() {
        out += "<h2>Differences when the reverse proxy is bypassed</h2>\n<ul>\n";
        for one in differences {
            let (check, front, direct) = (one.check, escape(one.front), escape(one.direct));
            let (del, ins) = if one.better { ("del", "ins") } else { ("span", "span") };
            let _ = writeln!(out, "<li>{check}: <{del}>{front}</{del}> → <{ins}>{direct}</{ins}>");
        }
        out += "</ul>\n";
    }
    out += "<h2>Checks</h2>\n";
    for (subject, outcomes) in report.by_subject() {
        let _ = writeln!(out, "<h3>{}</h3>\n<table>", escape(subject));
        for outcome in outcomes {
            let verdict = outcome.verdict.name();
            let _ = writeln!(
                out,
                "<tr class=\"{verdict}\"><td title=\"{verdict}\">{}<td>{}<td>{}",
                outcome.verdict.sign(),
                outcome.check.name,
                escape(&outcome.words)
            );
        }
        out += "</table>\n";
    }
    out + "</main>\n"
}

fn about(report: &Report) -> String {
    let mut text = format!("XMPP domain {}", report.domain);
    if let Some(origin) = &report.origin {
        let _ = write!(text, ", page at {origin}"); // a String takes it
    }
    if !report.unfinished.is_empty() {
        let _ = write!(text, "; interrupted, not done: {}", report.unfinished.join(", ")); // a String takes it
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
    for subject in &problem.subjects {
        let _ = writeln!(out, "<li>{}", escape(subject));
    }
    for line in problem.why.iter().chain(&problem.proof) {
        let _ = writeln!(out, "<li>{}", escape(&sentence(line)));
    }
    let _ = writeln!(out, "</ul>\n<p>{}</p>", escape(&problem.advice));
    let known = problem.program.map(str::to_ascii_lowercase);
    for (name, snippet) in &problem.snippets {
        let open = known.as_deref().is_some_and(|known| known.starts_with(&**name));
        let _ = writeln!(
            out,
            "<details{}><summary>{}</summary><pre>{}</pre></details>",
            if open { " open" } else { "" },
            escape(program(name)),
            escape(snippet.trim_end())
        );
    }
    *out += "</section>\n";
}
