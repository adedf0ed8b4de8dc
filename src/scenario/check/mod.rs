//! Whether a scenario makes sense as a whole: each name is given before it is used, by something of its kind.

mod client;
mod demands;
mod scope;
mod steps;
mod streams;
mod whole;

pub(super) use whole::check;
