//! What `xmppscope doctor` prints at a terminal: a line for each check as it is done, then what is to be changed.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::styles::Styles;
use crate::diag::sanitise::one_line;
use crate::doctor::{Difference, Outcome, Overall, Problem, Report, Verdict};
use crate::report::doctor::{program, sentence};
use crate::report::words::count;
use crate::snapshot::Sign;
use crate::xml::Ink;

/// Columns of a file.
const WIDE: usize = 100;
/// What stands behind a number.
const UNITS: [&str; 8] = ["ms", "s", "min", "h", "day", "days", "kB", "MB"];
/// Names of checks are this wide at most.
const NAME: usize = 22;

/// Writes outcomes and problems as text.
#[derive(Debug)]
pub struct Doctor {
    styles: Styles,
    width: usize,
    /// The last subject whose title was written.
    subject: Option<String>,
}

impl Doctor {
    /// For so many columns.
    pub fn new(styles: Styles, width: Option<usize>) -> Self {
        Self { styles, width: width.unwrap_or(WIDE).max(40), subject: None }
    }

    /// Puts side by side what is about the same subject, what was written last first.
    pub fn arrange(&self, outcomes: &mut [Outcome]) {
        let mut order: Vec<String> = self.subject.iter().cloned().collect();
        for outcome in &*outcomes {
            if !order.contains(&outcome.subject) {
                order.push(outcome.subject.clone());
            }
        }
        outcomes.sort_by_key(|outcome| order.iter().position(|one| *one == outcome.subject));
    }

    /// A line for an outcome, with a title if it is about something else than the one before.
    pub fn outcome(&mut self, outcome: &Outcome) -> String {
        let mut out = String::new();
        if self.subject.as_ref() != Some(&outcome.subject) {
            if self.subject.is_some() {
                out.push('\n');
            }
            let _ = writeln!(out, "{}", inked(&self.styles.strong, &outcome.subject)); // a String takes it
            self.subject = Some(outcome.subject.clone());
        }
        let (sign, ink) = (outcome.verdict.sign(), self.ink(outcome.verdict));
        let indent = 2 + 2 + NAME;
        let words = match outcome.trouble {
            // The end says the rest.
            Some(_) => first_sentence(&outcome.words),
            None => &outcome.words,
        };
        let lines = wrap(words, self.width.saturating_sub(indent));
        for (number, line) in lines.iter().enumerate() {
            if number == 0 {
                let name = outcome.check.name;
                let _ = writeln!(out, "  {} {name:<NAME$}{line}", inked(ink, sign)); // the same
            } else {
                let _ = writeln!(out, "{:indent$}{line}", ""); // the same
            }
        }
        out
    }

    fn ink(&self, verdict: Verdict) -> &Ink {
        let styles = &self.styles;
        match verdict {
            Verdict::Well => &styles.server,
            Verdict::Note => &styles.note,
            Verdict::Weak => &styles.warning,
            Verdict::Broken => &styles.error,
            Verdict::Skipped => &styles.dim,
        }
    }

    /// What is to be changed, at the end.
    pub fn end(&self, report: &Report) -> String {
        let problems = report.problems();
        let mut out = String::from("\n");
        for line in wrap(&headline(report, &problems), self.width) {
            let _ = writeln!(out, "{}", inked(&self.styles.strong, &line)); // a String takes it
        }
        for (number, problem) in problems.iter().enumerate() {
            self.problem(number + 1, problem, &mut out);
        }
        self.differences(report, &mut out);
        out
    }

    /// What the server behind the reverse proxy does otherwise.
    fn differences(&self, report: &Report, out: &mut String) {
        let differences = report.differences();
        let told = differences.iter().any(|one| !one.better);
        if let Some(broken) = report.behind_broken().filter(|_| !told) {
            let text = format!("The server itself, at {}: {}", broken.subject, broken.words);
            out.push('\n');
            for line in wrap(&sentence(&text), self.width) {
                let _ = writeln!(out, "{line}"); // a String takes it
            }
        }
        if differences.is_empty() {
            return;
        }
        out.push_str("\nDifferences when the reverse proxy is bypassed:\n");
        for Difference { check, front, direct, .. } in differences {
            let ink = self.styles.sign(Sign::Changed);
            let text = format!("{check}: {} → {}", first_sentence(front), first_sentence(direct));
            for (number, line) in wrap(&text, self.width.saturating_sub(4)).iter().enumerate() {
                let sign = if number == 0 { Sign::Changed.mark() } else { ' ' };
                let _ = writeln!(out, "  {} {line}", inked(ink, &sign.to_string())); // the same
            }
        }
    }

    fn problem(&self, number: usize, problem: &Problem, out: &mut String) {
        let verdict = if problem.broken { Verdict::Broken } else { Verdict::Weak };
        let (sign, ink) = (verdict.sign(), self.ink(verdict));
        let title = format!("{number}. {}", problem.kind.title);
        let _ = writeln!(
            out,
            "\n{} {} [{}]",
            inked(ink, sign),
            inked(&self.styles.strong, &title),
            problem.kind.name
        ); // a String takes it
        self.paragraph(&problem.subjects.join(", "), out);
        for why in &problem.why {
            self.paragraph(&sentence(why), out);
        }
        if let Some(proof) = &problem.proof {
            self.paragraph(proof, out);
        }
        if !problem.advice.is_empty() {
            self.paragraph(&format!("What to do: {}", problem.advice), out);
        }
        for (name, snippet) in problem.chosen() {
            let title = format!("For {}:", program(name));
            let _ = writeln!(
                out,
                "
     {}",
                inked(&self.styles.dim, &title)
            ); // the same
            for line in snippet.trim_end().lines() {
                let _ = writeln!(out, "       {}", one_line(line)); // the same
            }
        }
    }

    fn paragraph(&self, text: &str, out: &mut String) {
        for line in wrap(text, self.width.saturating_sub(5)) {
            let _ = writeln!(out, "     {line}"); // a String takes it
        }
    }
}

/// What came out, in a sentence.
pub fn headline(report: &Report, problems: &[Problem]) -> String {
    let broken = problems.iter().filter(|problem| problem.broken).count();
    let weak = problems.len() - broken;
    let warnings = count(weak as u64, "warning");
    let sum = match (report.overall(), broken, weak) {
        (Overall::Unreachable, ..) => "Nothing answers.".to_owned(),
        (_, 0, 0) => match report.behind_broken() {
            Some(behind) => format!("All is well, but not at {}.", behind.subject),
            None => "All is well.".to_owned(),
        },
        (_, 0, _) => format!("It works, with {warnings}."),
        (_, n, 0) => format!("{} broken.", are(n)),
        (_, n, _) => format!("{} broken, and {warnings}.", are(n)),
    };
    match &report.unfinished[..] {
        [] => sum,
        names => format!("Interrupted: {} not done. So far: {}", names.join(", "), lower(&sum)),
    }
}

fn are(n: usize) -> String {
    format!("{} {}", count(n as u64, "thing"), if n == 1 { "is" } else { "are" })
}

/// Without a capital letter at its beginning.
fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

/// Up to the first full stop that ends a sentence.
fn first_sentence(text: &str) -> &str {
    text.match_indices(". ")
        .find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase))
        .map_or(text, |(at, _)| &text[..at])
}

fn inked(ink: &Ink, text: &str) -> String {
    format!("{}{text}{}", ink.on, ink.off)
}

/// Breaks a text at spaces, but not between a number and its unit.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut last) = (Vec::new(), String::new());
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        let number = word.trim_start_matches('(');
        let is_number =
            !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        let is_unit =
            |word: &&str| UNITS.contains(&word.trim_end_matches(|c: char| !c.is_alphabetic()));
        if let Some(unit) = words.next_if(|unit| is_number && is_unit(unit)) {
            word = format!("{word} {unit}");
        }
        if last.is_empty() {
            last = word;
        } else if last.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut last, word));
        } else {
            last.push(' ');
            last.push_str(&word);
        }
    }
    lines.push(last);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_at_spaces_and_nothing_is_lost() {
        let text = "one two three four five https://a.very.long.name.example/with/a/path six";
        let lines = wrap(text, 12);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| line.width() <= 12 || !line.contains(' ')), "{lines:?}");
        assert_eq!(
            wrap("it took 60 s, (29 days left)", 10),
            ["it took", "60 s,", "(29 days", "left)"]
        );
    }
}
