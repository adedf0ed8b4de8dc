//! Runs scenarios against a connection manager, and says which requirements it keeps.
//!
//! A [`Target`] says where it is; without one the embedded reference connection manager serves, in virtual time. Each run
//! has fresh sessions, on connections of its own; what passed on them is a trace, and how it ended an [`Outcome`].

mod about;
pub mod byte_stream;
mod carried;
mod cast;
mod chance;
mod compare;
mod conclude;
mod confirm;
mod creation;
pub mod dial;
mod embedded;
mod entry;
mod exchange;
mod execute;
mod fields;
mod give;
mod heart;
mod judge;
mod learned;
mod ledger;
mod length;
mod link;
#[cfg(test)]
mod manners;
mod message;
pub mod offer;
mod open_stream;
mod opening;
mod outcome;
mod over_tls;
mod pace;
mod prove;
mod provided;
mod reach;
mod remedies;
mod report;
mod run;
mod schedule;
mod setting_up;
mod share;
mod spacing;
mod spent;
mod steps;
mod stop;
mod stream;
#[cfg(test)]
mod stream_tests;
mod survey;
mod target;
#[cfg(test)]
mod tests;
mod unusable;
mod variables;
mod waiting;
pub mod wire;

pub use about::{Software, about, embedded_software};
pub use conclude::{Ended, conclude};
pub use confirm::Doubts;
pub use embedded::{NAME as EMBEDDED, started as embedded_started, target as embedded_target};
pub use entry::enter;
pub use outcome::{Chosen, Failure, Note, Outcome, Verdict};
pub use prove::{Extent, Proof, SAMPLE, Trial, prove, unprovable};
pub use provided::skipped;
pub use reach::reach;
pub use report::{Report, StepAt};
pub use schedule::{
    Job, jobs, run_all, run_all_embedded, run_embedded, scenarios, stopped, with_embedded,
    with_embedded_users,
};
pub use stop::{Done, Stop};
pub use survey::{Noticed, survey};
pub use target::{Account, Deviation, Knowledge, Skip, Target, Tolerance, What};
pub use unusable::{FirstStep, Unusable};
