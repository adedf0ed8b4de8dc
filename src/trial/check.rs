//! What the scenario language cannot know: whether the defects of a scenario exist.

use super::run::defects_of;
use crate::diag::Mistakes;
use crate::scenario::{CLIENT_FACTS, ClientVariables, Scenario};

/// The mistakes of scenarios that test clients.
pub fn check<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Mistakes {
    let facts = CLIENT_FACTS.map(|name| (name, "x".to_owned()));
    let mut mistakes = Mistakes::default();
    for scenario in scenarios {
        let Some(test) = &scenario.client else { continue };
        for row in 0..scenario.sweep.len().max(1) {
            let row = Some(row).filter(|_| !scenario.sweep.is_empty());
            let Ok(variables) = ClientVariables::of(scenario, row, &facts) else { continue };
            if let Err(wrong) = defects_of(test, &variables)
                && !mistakes.contains(&*wrong)
            {
                mistakes.push(*wrong);
            }
        }
    }
    mistakes
}
