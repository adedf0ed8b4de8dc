//! One defect that was made by program.

use super::deed::Deed;
use super::place::Place;
use super::wrong::Wrong;

/// One thing that goes wrong at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generated {
    /// Where.
    pub place: Place,
    /// What.
    pub deed: Deed,
    /// Which time.
    pub turn: Turn,
}

/// Which time something goes wrong, of all times in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// Each time.
    Always,
    /// The first time.
    First,
    /// Each time but the first.
    Later,
}

impl Turn {
    pub(super) const ALL: [Self; 3] = [Self::Always, Self::First, Self::Later];

    /// Whether it goes wrong after so many times.
    pub(super) fn has_come(self, before: u32) -> bool {
        match self {
            Self::Always => true,
            Self::First => before == 0,
            Self::Later => before > 0,
        }
    }
}

impl Generated {
    /// Its name: `PLACE/DEED`, with `/first` or `/later`.
    pub fn name(&self) -> String {
        let name = format!("{}/{}", self.place.name(), self.deed.name());
        match self.turn {
            Turn::Always => name,
            Turn::First => name + "/first",
            Turn::Later => name + "/later",
        }
    }

    /// Whether a requirement is about it, so that a scenario that covers it is the right one to notice it.
    pub fn concerns(&self, requirement: &str) -> bool {
        let begins = |prefix: &&str| requirement.starts_with(*prefix);
        self.place.requirements().iter().any(begins) || self.deed.requirements().iter().any(begins)
    }

    /// Three that change nothing, of answers, of requests, and of streams with their frames: with them [`Seen`](super::Seen) tells which places a run comes to.
    pub fn probes() -> [Self; 3] {
        let probe = |deed| Self { place: Place::Creation, deed, turn: Turn::Always };
        [
            probe(Deed::Attribute("nothing", Wrong::Missing)),
            probe(Deed::Unseen("nothing")),
            probe(Deed::Nothing),
        ]
    }

    /// Whether it comes to its turn where its place comes so often in one session.
    pub fn may_strike(&self, times: u32) -> bool {
        times > u32::from(self.turn == Turn::Later)
    }
}
