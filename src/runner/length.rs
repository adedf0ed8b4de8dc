//! How long a scenario waits, roughly: so that those that wait longest begin first, and nobody waits for them in the end.

use std::time::Duration;

use crate::scenario::{Count, Expr, Operator, Part, Scenario, Step, StepKind, Template, Timespan};

/// What a time counts that only the server knows, such as the inactivity that it grants: most grant a minute or less.
const UNKNOWN: f64 = 60.0;
/// No estimate is longer.
const LONGEST: f64 = 3600.0;

/// How long the steps of a scenario wait by themselves. What is waited for responses is left out: it depends on the server.
pub(super) fn length(scenario: &Scenario) -> Duration {
    Duration::from_secs_f64(all(&scenario.steps).clamp(0.0, LONGEST))
}

fn all(steps: &[Step]) -> f64 {
    steps.iter().map(one).sum()
}

fn one(step: &Step) -> f64 {
    match &step.kind {
        StepKind::Wait(during)
        | StepKind::Silent { during, .. }
        | StepKind::Unseen { during, .. }
        | StepKind::Connected { during: Some(during), .. } => span(&during.value),
        StepKind::Repeat { times, every, steps, .. } => {
            let times = match &times.value {
                Count::Fixed(times) => f64::from(u32::try_from(*times).unwrap_or(u32::MAX)),
                Count::Computed(_) => 1.0,
            };
            let every = every.as_ref().map_or(0.0, |every| span(&every.value));
            times * all(steps).max(every)
        }
        StepKind::If { steps, otherwise, .. } => all(steps).max(all(otherwise)),
        _ => 0.0,
    }
}

fn span(span: &Timespan) -> f64 {
    match span {
        Timespan::Fixed(time) => time.as_secs_f64(),
        Timespan::Computed(Template { parts }) => match parts.as_slice() {
            [Part::Value(value)] => number(&value.value).max(0.0),
            _ => UNKNOWN,
        },
    }
}

/// The value of an expression in seconds, or as a plain number where it counts something.
fn number(expr: &Expr) -> f64 {
    match expr {
        Expr::Number(number) => f64::from(i32::try_from(*number).unwrap_or(i32::MAX)),
        Expr::Time(time) => time.as_secs_f64(),
        Expr::Text(_) | Expr::Name(_) | Expr::Call(..) => UNKNOWN,
        Expr::Binary(operator, one, other) => {
            let (one, other) = (number(&one.value), number(&other.value));
            match operator {
                Operator::Add => one + other,
                Operator::Subtract => one - other,
                Operator::Multiply => one * other,
                Operator::Divide if other != 0.0 => one / other,
                Operator::Divide | Operator::Remainder => one,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load_texts;

    #[test]
    fn waits_are_added_up_and_what_only_the_server_knows_is_a_minute() {
        let length = |steps: &str| {
            let text = format!("name: a\ncovers: bosh-resp-wait\nsession: none\nsteps:\n{steps}");
            let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
            let loaded = load_texts([("a.yaml".into(), text)], &none);
            assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
            super::length(&loaded.scenarios[0])
        };
        let seconds = Duration::from_secs;
        assert_eq!(length("  - note: done\n"), seconds(0));
        assert_eq!(length("  - wait: 3s\n  - wait: 2m\n"), seconds(123));
        let set = "  - set: { long: 5s }\n";
        assert_eq!(length(&format!("{set}  - wait: ${{long / 2 - 2s}}\n")), seconds(28));
        let repeat = "  - repeat: 3\n    every: 10s\n    steps:\n      - wait: 4s\n";
        assert_eq!(length(repeat), seconds(30));
        let either =
            "  - if: { value: a, equals: b }\n    steps: [wait: 4s]\n    else: [wait: 6s]\n";
        assert_eq!(length(either), seconds(6));
        assert_eq!(length("  - repeat: 100000\n    steps: [wait: 1h]\n"), seconds(3600));
    }
}
