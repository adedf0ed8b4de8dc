//! Whether the tested client has come to its server at all, and what to do if it has not.

use std::fmt;
use std::process::ExitStatus;

use super::command::{Client, Facts};
use super::state::Trial;
use crate::diag::sanitise::one_line;
use crate::runner::Outcome;
use crate::scenario::Transport;
use crate::trace::Fact;

/// So many of the first and of the last lines that it has written are told.
const FIRST: usize = 6;
const LAST: usize = 6;

/// What became of one trial.
pub struct Tried {
    /// Its outcome.
    pub outcome: Outcome,
    /// Whether the client has come.
    pub contact: Contact,
}

/// Whether a client has come to its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// It has connected.
    Made,
    /// It has not, and need not have.
    Unneeded,
    /// It has not, for this reason.
    Missed(Box<Unusable>),
}

/// Why a client cannot be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    command: String,
    /// It is a file that cannot be run, or there is none: in the words of the system.
    unstarted: Option<String>,
    /// How it ended.
    status: Option<ExitStatus>,
    lines: Vec<String>,
    carrier: Transport,
    url: String,
    jid: String,
    page: Option<String>,
}

/// Whether the client of a trial that is over has come.
pub(super) fn contact(trial: &mut Trial<'_>) -> Contact {
    let Client::Command(words) = &trial.bench.client else { return Contact::Unneeded };
    let facts = &trial.site.facts;
    let opened = {
        let seen = trial.site.watch.lock();
        let mut facts = seen.observations.iter().filter_map(|one| one.event.as_ref());
        facts.any(|event| matches!(event.fact, Fact::Opened { .. }))
    };
    let command = words.join(" ");
    if opened {
        return Contact::Made;
    }
    if let Some(why) = trial.unstarted.take() {
        return Contact::Missed(Box::new(Unusable::new(command, Some(why), None, &[], facts)));
    }
    match &mut trial.process {
        Some(process) if trial.site.said.cannot().is_none() => {
            let (status, mut lines) = (process.ended(), trial.site.browser.lines());
            lines.extend(trial.site.said.lines());
            Contact::Missed(Box::new(Unusable::new(command, None, status, &lines, facts)))
        }
        _ => Contact::Unneeded,
    }
}

impl Unusable {
    fn new(
        command: String,
        unstarted: Option<String>,
        status: Option<ExitStatus>,
        lines: &[String],
        facts: &Facts,
    ) -> Self {
        let lines: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
        let left_out = lines.len().saturating_sub(FIRST + LAST);
        let first = lines.iter().take(if left_out > 0 { FIRST } else { lines.len() });
        let last = lines.iter().skip(FIRST + left_out).take(if left_out > 0 { LAST } else { 0 });
        let hidden = |line: &&&String| line.replace(&facts.password, "[hidden]");
        let mut shown: Vec<String> = first.map(|line| hidden(&line)).collect();
        if left_out > 0 {
            shown.push(format!("… {left_out} lines …"));
        }
        shown.extend(last.map(|line| hidden(&line)));
        Self {
            command,
            unstarted,
            status,
            lines: shown,
            carrier: facts.carrier,
            url: facts.url.clone(),
            jid: format!("{}@{}", facts.user, facts.domain),
            page: facts.page.clone(),
        }
    }

    /// What carried the session that there was not.
    pub(super) fn carrier(&self) -> Transport {
        self.carrier
    }

    /// Whether it was not even started.
    pub(super) fn is_unstarted(&self) -> bool {
        self.unstarted.is_some()
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match (&self.unstarted, self.status) {
            (Some(_), _) => "it cannot be started",
            (None, Some(_)) => "it ended before it connected",
            (None, None) => "it does not connect",
        };
        write!(f, "cannot test this client: {why}")?;
        let mut line = |label: &str, text: &str| write!(f, "\n    {label:<9} {}", one_line(text));
        line("command", &self.command)?;
        if let Some(why) = &self.unstarted {
            line("reason", why)?;
            let here =
                "`command -v` with the program; one in this folder is written with `./` before it";
            return line("try", here);
        }
        if let Some(status) = self.status {
            line("status", &status.to_string())?;
        }
        for (number, text) in self.lines.iter().enumerate() {
            line(if number == 0 { "wrote" } else { "" }, text)?;
        }
        if self.lines.is_empty() {
            line("wrote", "nothing")?;
        }
        line("expected", &format!("a connection to {}, and a login as {}", self.url, self.jid))?;
        let name = match self.carrier {
            Transport::Bosh => "BOSH",
            Transport::WebSocket => "WebSocket",
            Transport::Tcp => "TCP",
        };
        match (&self.page, self.status) {
            (Some(page), _) => {
                line("page", page)?;
                line("try", "facts of /xmppscope.js in the page, and {page} in the command")?;
            }
            (None, Some(_)) => line(
                "try",
                "running the command by itself, with XMPPSCOPE_URL, XMPPSCOPE_JID and so on in its environment",
            )?,
            (None, None) => {
                line(
                    "try",
                    "the URL and account from XMPPSCOPE_URL and XMPPSCOPE_JID, not its own",
                )?;
            }
        }
        let carrier = format!(
            "if it does not speak {name}: --carrier with what it speaks, or have it print `cannot use {name}`"
        );
        line("try", &carrier)?;
        line(
            "more",
            "docs/how-to/test-a-client.md in the repository, or xmppscope client run --help",
        )
    }
}
