//! Styles as data: plain by default, filled when colour is on.

use colored::{ColoredString, Colorize};

use crate::snapshot::Sign;
use crate::xml::{Ink, Paint};

/// The styles of everything that is printed.
#[derive(Debug, Clone, Default)]
pub struct Styles {
    /// Of what has no colour.
    pub(super) none: Ink,
    pub(super) time: Ink,
    pub(super) session: Ink,
    pub(super) client: Ink,
    pub(super) server: Ink,
    pub(super) rid: Ink,
    pub(super) dim: Ink,
    pub(super) strong: Ink,
    pub(super) error: Ink,
    pub(super) warning: Ink,
    pub(super) note: Ink,
    pub(super) narration: Ink,
    pub(super) fault: Ink,
    added: Ink,
    removed: Ink,
    changed: Ink,
    /// The part of a value that differs.
    added_part: Ink,
    removed_part: Ink,
    pub(super) xml: Paint,
}

impl Styles {
    /// Styles with or without colour.
    pub fn new(colour: bool) -> Self {
        if !colour {
            return Self::default();
        }
        // `colored` decides by looking at stdout; whether there is colour is decided by our caller alone.
        colored::control::set_override(true);
        Self {
            none: Ink::default(),
            time: ink(&|s| s.dimmed()),
            session: ink(&|s| s.magenta()),
            client: ink(&|s| s.cyan().bold()),
            server: ink(&|s| s.green().bold()),
            rid: ink(&|s| s.bold()),
            dim: ink(&|s| s.dimmed()),
            strong: ink(&|s| s.bold()),
            error: ink(&|s| s.red().bold()),
            warning: ink(&|s| s.yellow().bold()),
            note: ink(&|s| s.blue()),
            narration: ink(&|s| s.yellow()),
            fault: ink(&|s| s.yellow().bold()),
            added: ink(&|s| s.green()),
            removed: ink(&|s| s.red()),
            changed: ink(&|s| s.yellow()),
            added_part: ink(&|s| s.green().bold().underline()),
            removed_part: ink(&|s| s.red().bold().underline()),
            xml: Paint {
                tag: ink(&|s| s.blue()),
                attribute: ink(&|s| s.cyan()),
                value: ink(&|s| s.green()),
                text: ink(&|s| s.normal()),
                namespace: ink(&|s| s.dimmed()),
                punctuation: ink(&|s| s.dimmed()),
                comment: ink(&|s| s.dimmed()),
            },
        }
    }

    /// What came, went or became something else.
    pub(super) fn sign(&self, sign: Sign) -> &Ink {
        match sign {
            Sign::Added => &self.added,
            Sign::Removed => &self.removed,
            Sign::Changed => &self.changed,
        }
    }

    /// Of a value that did, the part that differs.
    pub(super) fn differs(&self, sign: Sign) -> &Ink {
        if sign == Sign::Removed { &self.removed_part } else { &self.added_part }
    }
}

/// The escapes that a style puts before and after a text.
fn ink(style: &dyn Fn(&str) -> ColoredString) -> Ink {
    const MARK: &str = "|";
    let styled = style(MARK).to_string();
    let (on, off) = styled.split_once(MARK).unwrap_or_default();
    Ink { on: on.to_owned(), off: off.to_owned() }
}
