//! Which requirements a recorded scenario observes: those that its expectations would see violated.

use super::acts::Carrier;
use super::script::Step;
use crate::bosh::Condition;

/// Of all steps, by what carries their sessions.
pub(super) fn covers(steps: &[Step], carriers: &[Carrier]) -> Vec<&'static str> {
    let mut ids = Vec::new();
    let mut add = |id: &'static str| {
        if !ids.contains(&id) {
            ids.push(id);
        }
    };
    let bosh = carriers.contains(&Carrier::Bosh);
    let expects = |name: &str| {
        steps.iter().any(|step| matches!(step, Step::Expect { stanza, .. } if stanza.name == name))
    };
    let any_expect = steps.iter().any(|step| matches!(step, Step::Expect { .. }));
    if bosh {
        if any_expect {
            // A stanza that is expected comes in a response of its session, in time, or the step fails.
            let ids = ["bosh-response-same-session", "bosh-forward-asap", "bosh-push-asap"];
            ids.into_iter().for_each(&mut add);
        }
        for step in steps {
            match step {
                Step::Response(response) => {
                    let condition = response.terminal.as_deref().and_then(condition);
                    add(condition.map_or("bosh-respond-200", Condition::requirement));
                }
                Step::Resend { .. } => add("bosh-resend-no-reprocessing"),
                Step::Silent { .. } => add("bosh-wait-not-much-early"),
                _ => {}
            }
        }
    }
    for carrier in carriers {
        match carrier {
            Carrier::Bosh => {}
            // Elements are seen only as far as each is a message of its own.
            Carrier::WebSocket => add("ws-one-element-per-message"),
            // Namespaces are compared.
            Carrier::Tcp => add("tcp-content-namespace"),
        }
    }
    if expects("enabled") || expects("failed") {
        add("sm-enable-answered");
    }
    if expects("resumed") {
        add("sm-resumed-attributes");
    }
    if expects("stream:error") {
        add(if carriers.contains(&Carrier::Tcp) {
            "tcp-stream-error-closes"
        } else {
            "ws-error-complete"
        });
    }
    if ids.is_empty() {
        ids.push("xbosh-bind-roundtrip");
    }
    ids
}

fn condition(name: &str) -> Option<Condition> {
    Condition::all().find(|condition| condition.as_str() == name)
}
