//! What can be said on the control socket: a line, and what is replied.
//!
//! ```text
//! line = "faults" | "fault add" FAULT | "fault clear"
//! ```

use super::control::Faults;
use super::specification::Fault;
use crate::diag::sanitise::one_line;

/// What is known.
const KNOWN: &str = "known: faults, fault add WHEN: WHAT, fault clear";

/// What a line has led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Lines for whoever has sent it; the last one is `ok`, or begins with `error: `.
    pub text: String,
    /// What was changed, for whoever watches.
    pub changed: Option<String>,
}

/// Does what a line says.
pub fn obey(faults: &Faults, line: &str) -> Reply {
    let done = |changed: Option<String>| Reply { text: "ok\n".to_owned(), changed };
    let line = line.trim();
    if line == "faults" {
        let mut text = String::new();
        for fault in faults.list() {
            // Under its name, in the form of a file of faults.
            if fault.title() != fault.text() {
                text += &format!("{:?}: ", one_line(fault.title()));
            }
            text += &one_line(fault.text());
            text.push('\n');
        }
        text += "ok\n";
        return Reply { text, changed: None };
    }
    if line == "fault clear" {
        let count = faults.clear().removed.len();
        let changed = format!("{count} fault{} removed", if count == 1 { "" } else { "s" });
        return done(Some(changed));
    }
    if let Some(text) = line.strip_prefix("fault add ") {
        return match Fault::parse("fault", text) {
            Ok(fault) => {
                let changed = format!("fault added: {}", one_line(fault.title()));
                faults.add(fault);
                done(Some(changed))
            }
            Err(mistake) => {
                let help = mistake.help.map(|help| format!(" ({help})")).unwrap_or_default();
                wrong(&format!("{}{help}", mistake.message))
            }
        };
    }
    wrong(KNOWN)
}

fn wrong(words: &str) -> Reply {
    Reply { text: format!("error: {}\n", one_line(words)), changed: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::random::Seeded;

    #[test]
    fn faults_are_listed_added_and_cleared() {
        let faults = Faults::new(Vec::new(), Clock::start(), Box::new(Seeded::new(1)));
        let say = |line| obey(&faults, line);
        assert_eq!(say("faults").text, "ok\n");
        let added = say("fault add poll: drop");
        assert_eq!(
            (&*added.text, added.changed.as_deref()),
            ("ok\n", Some("fault added: poll: drop"))
        );
        assert_eq!(say(" faults\r").text, "poll: drop\nok\n");
        let wrong = say("fault add poll: dorp");
        assert_eq!(wrong.text, "error: `dorp` is not a fault (did you mean `drop`?)\n");
        assert_eq!(wrong.changed, None);
        assert_eq!(say("fault clear").changed.as_deref(), Some("1 fault removed"));
        assert_eq!(say("faults").text, "ok\n");
        assert!(say("drop everything").text.starts_with("error: known: "));
    }
}
