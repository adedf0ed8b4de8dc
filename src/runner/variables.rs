//! What a scenario has given names to: values, and moments.

use std::collections::HashMap;
use std::time::Duration;

use crate::scenario::Value;

/// Variables with their values, and when named steps were done.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: HashMap<String, Value>,
    /// All values that a variable had.
    history: HashMap<String, Vec<String>>,
    moments: HashMap<String, Duration>,
}

impl Variables {
    /// A variable gets a value.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        self.history.entry(name.to_owned()).or_default().push(value.text().into_owned());
        self.values.insert(name.to_owned(), value);
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// All values that a variable had so far.
    pub(super) fn history(&self, name: &str) -> &[String] {
        self.history.get(name).map_or(&[], Vec::as_slice)
    }

    /// A value that is there for a moment and has no history; none takes it away.
    pub(super) fn lend(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => self.values.insert(name.to_owned(), value),
            None => self.values.remove(name),
        };
    }

    /// A named step was done.
    pub(super) fn mark(&mut self, name: &str, at: Duration) {
        self.moments.insert(name.to_owned(), at);
    }

    /// When a named step was done.
    pub(super) fn moment(&self, name: &str) -> Option<Duration> {
        self.moments.get(name).copied()
    }
}
