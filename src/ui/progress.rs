//! How far something is: a line on a terminal for whatever takes longer than two seconds, gone at the end.

use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::sanitise;

/// What takes less time is not worth a line.
const DELAY: Duration = Duration::from_secs(2);
/// How often the line is written while nothing happens: it shows the time.
const TICK: Duration = Duration::from_millis(250);

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things of this name.
    Items(&'static str),
}

/// How far something is, on a terminal. The line is erased when this is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Begins something; `shown` says whether there is somebody to see it, `all` how much of it there is, if that is
    /// known. The line begins with `what`.
    pub fn new(shown: bool, what: &str, unit: Unit, all: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(&template(unit, all.is_some()));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(sanitise(what).into_owned());
        if shown {
            // Without an owner: what has ended sooner is not kept, nor shown.
            let bar = bar.downgrade();
            thread::spawn(move || {
                thread::sleep(DELAY);
                if let Some(bar) = bar.upgrade() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TICK);
                }
            });
        }
        Self(bar)
    }

    /// So much is done.
    pub fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// One more is done.
    pub fn one(&self) {
        self.0.inc(1);
    }

    /// What there is to add, such as how many have failed.
    pub fn note(&self, note: &str) {
        self.0.set_message(format!(", {}", sanitise(note)));
    }

    /// It is something else now.
    pub fn rename(&self, what: &str) {
        self.0.set_prefix(sanitise(what).into_owned());
    }

    /// Prints something else meanwhile.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn template(unit: Unit, bounded: bool) -> String {
    match (unit, bounded) {
        (Unit::Bytes, true) => {
            "{prefix}: {percent} % of {total_bytes}{msg}, {elapsed}, about {eta} left".to_owned()
        }
        (Unit::Bytes, false) => "{prefix}: {bytes}{msg}, {elapsed}".to_owned(),
        (Unit::Items(name), true) => {
            format!("{{prefix}}: {{pos}} of {{len}} {name}{{msg}}, {{elapsed}}, about {{eta}} left")
        }
        (Unit::Items(_), false) => "{prefix}{msg}, {elapsed}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_template_can_be_read() {
        for unit in [Unit::Bytes, Unit::Items("runs")] {
            for all in [None, Some(10)] {
                assert!(ProgressStyle::with_template(&template(unit, all.is_some())).is_ok());
                let progress = Progress::new(true, "a", unit, all);
                progress.set(3);
                progress.one();
                progress.note("1 failed");
                assert_eq!((progress.0.position(), progress.aside(|| 5)), (4, 5));
            }
        }
    }

    #[test]
    fn what_comes_from_outside_is_harmless() {
        let progress = Progress::new(false, "a\u{1b}[2J", Unit::Bytes, None);
        progress.note("b\u{7}");
        assert!(!progress.0.prefix().contains('\u{1b}') && !progress.0.message().contains('\u{7}'));
    }
}
