//! The checks over a trace: they explain which side broke which rule. There is a folder for each carrier, and one for
//! the stream, which is the same on all of them; each folder has a file per family.
//!
//! A [`Rule`] is a small state machine: it gets every event as a [`Moment`], with what the
//! [`Story`](crate::trace::Story) knows about it, may ask to be woken at a later time, and adds to [`Findings`], each of
//! a [`Kind`]. Each folder has its own view of a moment ([`BoshView`], [`HttpView`], [`WebSocketView`], [`LineView`],
//! [`StreamView`]). Rules do not know
//! each other, nor the list in `all.rs`, which only the judge reads.

mod all;
mod bosh;
mod causes;
mod counts;
mod endpoint;
mod excuses;
#[cfg(test)]
mod filter_tests;
mod finding;
mod http;
mod idle;
mod incidents;
mod judge;
pub(crate) mod kinds;
#[cfg(test)]
mod kinds_tests;
mod management;
mod memory;
#[cfg(test)]
mod mixtures;
mod moment;
mod needs;
mod observation;
mod page;
#[cfg(test)]
pub(crate) mod playbook;
mod rule;
#[cfg(test)]
mod stories_tests;
mod stream;
mod tally;
mod tcp;
mod unwatched;
mod websocket;
mod words;

pub use bosh::view::{BoshView, RequestView, ResponseView};
pub use counts::Counts;
pub use finding::{Finding, Findings, Incident, Level, Party};
pub use http::view::{HttpPart, HttpView};
pub use judge::Judge;
pub use kinds::{KINDS, Kind, about};
pub use moment::Moment;
pub use observation::Observation;
pub use page::{Meaning, Page, Role, lines as page_lines, status as status_words};
pub use rule::Rule;
pub use stream::line::{LinePart, LineView};
pub use stream::view::StreamView;
pub use tally::{Tallied, Tally};
pub use unwatched::unwatched;
pub use websocket::view::WebSocketView;
pub use websocket::{Link, links as host_meta_links};
