//! `--format json`: one JSON object a line, described in `docs/reference/json.md`. Names are stable: a field may be
//! added at any time; nothing is renamed, removed or given another meaning without a new [`VERSION`].

mod events;
mod line;
mod ndjson;
#[cfg(test)]
mod tests;

pub use events::{Json, VERSION};
pub(crate) use ndjson::{is_false, is_zero, later, millis, rfc_3339, write};
