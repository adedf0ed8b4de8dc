//! The steps of a scenario, a file for each group of them. [`run_steps`] does steps in order, whatever they are.

mod connections;
mod control;
mod dispatch;
mod management;
mod requests;
mod responses;
mod sessions;
mod stanzas;
mod streams;
mod tls;
mod values;

pub(super) use dispatch::run_steps;
