//! A scenario without what nothing in it needs any more.

use super::script::{Script, Step};
use super::write::step;

/// Takes out variables that nothing names, and actors who do nothing.
pub(super) fn tidy(script: &mut Script) {
    let texts: Vec<String> = script.steps.iter().map(step).collect();
    let named = |variable: &str| {
        let name = format!("${{{variable}}}");
        texts.iter().any(|text| text.contains(&name))
    };
    for step in &mut script.steps {
        if let Step::Expect { capture, .. } = step {
            capture.retain(|(variable, _)| named(variable));
        }
    }
    script.set.retain(|(variable, _)| named(variable));
    if script.set.is_empty() {
        script.needs.retain(|need| *need != "rooms");
    }
    if script.actors.len() > 1 {
        let acts = |name: &str| script.steps.iter().any(|step| step.actor() == Some(name));
        script.actors.retain(|(name, _)| acts(name) || named_in(&texts, name));
    }
}

/// Whether a value of an actor is named.
fn named_in(texts: &[String], actor: &str) -> bool {
    let name = format!("${{{actor}.");
    texts.iter().any(|text| text.contains(&name))
}
