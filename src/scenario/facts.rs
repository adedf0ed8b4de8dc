//! What variables may name in a scenario that tests a client: facts of the server and of the account, and what the scenario
//! sets itself.

use std::collections::BTreeMap;

use super::model::{Carrier, Scenario, Transport};
use super::source::Located;
use super::vars::{Environment, Unresolved, Value};

/// The facts: the server's domain, the URL of the carrier, the client's bare JID and user name, and the bare JID of the
/// other user.
pub const CLIENT_FACTS: [&str; 5] = ["domain", "url", "jid", "user", "peer"];

/// The values of variables.
#[derive(Debug, Clone, Default)]
pub struct ClientVariables {
    values: BTreeMap<String, Value>,
}

impl ClientVariables {
    /// Those of a scenario, in this row of its sweep, with these facts.
    ///
    /// # Errors
    /// A value that names what there is not.
    pub fn of(
        scenario: &Scenario,
        row: Option<usize>,
        facts: &[(&str, String)],
    ) -> Result<Self, Unresolved> {
        let facts =
            facts.iter().map(|(name, text)| ((*name).to_owned(), Value::Text(text.clone())));
        let mut variables = Self { values: facts.collect() };
        let row = row.and_then(|row| scenario.sweep.get(row));
        let own = row.into_iter().flat_map(|row| &row.values);
        for one in own.chain(&scenario.set) {
            let value = one.value.value(&variables)?;
            variables.values.insert(one.name.value.clone(), value);
        }
        Ok(variables)
    }

    /// The carrier of the client's session.
    ///
    /// # Errors
    /// It is none of those there are.
    pub fn carrier(&self, carrier: &Located<Carrier>) -> Result<Transport, Unresolved> {
        let text = match &carrier.value {
            Carrier::Fixed(transport) => return Ok(*transport),
            Carrier::Computed(template) => template.text(self)?,
        };
        let found = Transport::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, transport)| transport).ok_or_else(|| Unresolved {
            place: carrier.place.clone(),
            message: format!("`{text}` is not a carrier: bosh, websocket or tcp"),
        })
    }
}

impl Environment for ClientVariables {
    fn value(&self, base: &str, nth: Option<u64>, fields: &[String]) -> Option<Value> {
        if nth.is_some() || !fields.is_empty() {
            return None;
        }
        self.values.get(base).cloned()
    }

    fn random(&self, length: usize) -> String {
        "x".repeat(length)
    }
}
