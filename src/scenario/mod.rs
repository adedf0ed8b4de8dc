//! The language of scenarios: request and response scripts against a connection manager, written in YAML
//! (docs/reference/scenario.md).
//!
//! This room reads and checks them, says what their variables mean, and compares what came with what is expected.
//! It opens no connection and knows no clock: that is the runner's.

mod check;
mod client_schema;
mod facts;
mod find;
pub mod fragment;
pub mod limits;
mod load;
pub mod matching;
pub mod model;
pub mod names;
mod only;
mod pack;
mod read;
mod schema;
pub mod settings;
pub mod source;
pub mod target;
mod template;
pub mod vars;
mod yaml;

pub use client_schema::client_schema;
pub use facts::{CLIENT_FACTS, ClientVariables};
pub use find::LoadError;
pub use fragment::{FragmentError, NotXml, fragment};
pub use load::{Loaded, load, load_texts};
pub use model::*;
pub use only::Only;
pub use pack::{client_pack, examples, is_built_in, pack};
pub use read::settings::read_settings;
pub use read::target::read_target;
pub use schema::schema;
pub use settings::{Replacement, Settings, Varies};
pub use source::{Located, Place, Source};
pub use vars::{Environment, Unresolved, Value};

#[cfg(test)]
mod load_tests;
#[cfg(test)]
mod tests;
