//! What is known of a target, held against what came of scenarios: deviations that happened again, and those that are
//! gone.

use std::sync::Arc;

use super::outcome::{Failure, Outcome, Verdict};
use crate::scenario::Scenario;
use crate::scenario::matching::FailureKind;
pub use crate::scenario::target::{Account, Deviation, Skip, Target, Tolerance, What};
use crate::trace::redact::{Known, Redactor};

/// Judges outcomes by what is known of their target.
///
/// Whether a deviation is gone from a place that it names (a scenario, a folder, a requirement) shows only when all of
/// that place was run, so what passed although a deviation names it is held back until then.
#[derive(Debug)]
pub struct Knowledge {
    target: Arc<Target>,
    passwords: Known,
    /// What came of each place that a deviation names, in the order of the deviations and of their places.
    met: Vec<Vec<Met>>,
    held: Vec<(usize, Outcome)>,
}

/// What came of a deviation in one of the places that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    /// Nothing of that place was run.
    NotTried,
    /// All of that place passed.
    Gone,
    /// It was not to be seen, since something of that place ended otherwise.
    Unclear,
    /// It happened.
    Again,
}

/// The deviations that name a scenario, by their numbers.
#[derive(Debug, Default)]
struct Named {
    /// Those that happen at every run.
    steady: Vec<usize>,
    /// Those that happened.
    again: Vec<usize>,
}

impl Knowledge {
    /// Of this target; nothing was run yet.
    pub fn new(target: Arc<Target>) -> Self {
        let places = |deviation: &Deviation| vec![Met::NotTried; deviation.what.len()];
        let met = target.deviations.iter().map(places).collect();
        let passwords = Known::of(passwords(&target));
        Self { target, passwords, met, held: Vec::new() }
    }

    /// Takes an outcome, with its place among the jobs. It is given back with its verdict, unless that shows later.
    pub fn take(&mut self, place: usize, mut outcome: Outcome) -> Option<(usize, Outcome)> {
        let Named { steady, again } = self.judge(&mut outcome);
        let passed = outcome.verdict == Verdict::Passed;
        for &number in &steady {
            let met = match (again.contains(&number), passed) {
                (true, _) => Met::Again,
                (false, true) => Met::Gone,
                (false, false) => Met::Unclear,
            };
            let places = self.target.deviations[number].what.iter().zip(&mut self.met[number]);
            for (_, known) in places.filter(|(what, _)| what.names(&outcome.scenario)) {
                *known = met.max(*known);
            }
        }
        if passed && again.is_empty() && !steady.is_empty() {
            self.held.push((place, outcome));
            return None;
        }
        Some((place, outcome))
    }

    /// Judges an outcome by what is known, as it stands by itself: what is gone does not show in it.
    pub fn judged(&self, mut outcome: Outcome) -> Outcome {
        self.judge(&mut outcome);
        outcome
    }

    /// Says in an outcome what of it is known, and which deviations it is about.
    fn judge(&self, outcome: &mut Outcome) -> Named {
        hide(&self.passwords, outcome);
        let named: Vec<usize> = (0..self.target.deviations.len())
            .filter(|&number| {
                let deviation = &self.target.deviations[number];
                deviation.what.iter().any(|what| what.names(&outcome.scenario))
            })
            .collect();
        if named.is_empty() || outcome.verdict == Verdict::Skipped {
            return Named::default();
        }
        let deviation = |number: usize| &self.target.deviations[number];
        let sometimes = named.iter().filter(|&&number| deviation(number).sometimes);
        outcome.sometimes = sometimes.map(|&number| deviation(number).why.clone()).collect();
        let scenario = Arc::clone(&outcome.scenario);
        let explains =
            |number: &usize, failure: &Failure| explains(deviation(*number), failure, &scenario);
        let again: Vec<usize> = named
            .iter()
            .copied()
            .filter(|number| outcome.failures.iter().any(|failure| explains(number, failure)))
            .collect();
        let all = outcome
            .failures
            .iter()
            .all(|failure| again.iter().any(|number| explains(number, failure)));
        for failure in &mut outcome.failures {
            let known: Vec<usize> =
                again.iter().copied().filter(|number| explains(number, failure)).collect();
            failure.known = (!known.is_empty()).then(|| self.why(&known));
        }
        if outcome.verdict != Verdict::Passed && all && !again.is_empty() {
            outcome.verdict = Verdict::Known;
            outcome.reason = Some(self.why(&again));
        }
        let steady = named.into_iter().filter(|&number| !deviation(number).sometimes).collect();
        Named { steady, again }
    }

    /// What was held back, in order. A deviation is gone only if everything was run, which is `complete`.
    pub fn finish(mut self, complete: bool) -> Vec<(usize, Outcome)> {
        let mut held = std::mem::take(&mut self.held);
        held.sort_by_key(|(place, _)| *place);
        for (_, outcome) in held.iter_mut().filter(|_| complete) {
            let gone: Vec<usize> = (0..self.met.len())
                .filter(|&number| {
                    let places = self.target.deviations[number].what.iter().zip(&self.met[number]);
                    let gone = |(what, met): (&What, &Met)| {
                        *met == Met::Gone && what.names(&outcome.scenario)
                    };
                    places.into_iter().any(gone)
                })
                .collect();
            if !gone.is_empty() {
                outcome.verdict = Verdict::Gone;
                outcome.reason =
                    Some(format!("known deviation did not occur: {}", self.why(&gone)));
            }
        }
        held
    }

    /// What is said of these deviations.
    fn why(&self, numbers: &[usize]) -> String {
        let why = numbers.iter().map(|&number| self.target.deviations[number].why.as_str());
        why.collect::<Vec<_>>().join("; ")
    }
}

/// Whether a failure is what a deviation says. That a run could not be carried out is no behaviour of the server's, unless a
/// deviation says so in its `seen`.
fn explains(deviation: &Deviation, failure: &Failure, scenario: &Scenario) -> bool {
    let about = deviation.what.iter().any(|what| match what {
        What::Requirement(id) => failure.covers.contains(id),
        What::Path(_) => what.names(scenario),
    });
    let says = failure.says.as_deref().unwrap_or_default();
    let texts = [failure.expected.as_str(), failure.seen.as_str(), says];
    let seen = deviation.seen.as_deref();
    match seen {
        Some(seen) => about && texts.iter().any(|text| text.contains(seen)),
        None => about && failure.kind != FailureKind::NotCarriedOut,
    }
}

/// The users of a target and their passwords.
pub(super) fn passwords(target: &Target) -> impl Iterator<Item = (&str, &str)> {
    let sets = std::iter::once(&target.accounts).chain(&target.more_accounts);
    let accounts = sets.flat_map(|set| set.values());
    accounts.map(|account| (&*account.user, &*account.password))
}

/// Takes secrets out of what an outcome says: the passwords of accounts, and what is one by its place, such as the data
/// of a login.
fn hide(known: &Known, outcome: &mut Outcome) {
    let hidden = |text: &mut String| {
        if let Some(hidden) = known.hide(text) {
            *text = hidden;
        }
    };
    for failure in &mut outcome.failures {
        hidden(&mut failure.expected);
        hidden(&mut failure.seen);
        let places = Redactor::new().redact_body(failure.seen.as_bytes()).into_owned();
        failure.seen = String::from_utf8_lossy(&places).into_owned();
        failure.says.as_mut().map(hidden);
    }
    outcome.notes.iter_mut().for_each(|note| hidden(&mut note.text));
    outcome.reason.as_mut().map(hidden);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::{embedded_target, jobs, run_embedded};
    use crate::scenario::load_texts;

    /// Outcomes of scenarios that cover these requirements, of which those with a `!` fail.
    fn outcomes(scenarios: &[&str]) -> Vec<Outcome> {
        let text = |covers: &&str| {
            let says = if covers.starts_with('!') { 2 } else { 1 };
            let id = covers.trim_start_matches('!');
            format!(
                "name: a\ncovers: {id}\nsession: none\nset: {{ one: 1 }}\n\
                 steps:\n  - value: ${{one}}\n    equals: {says}\n"
            )
        };
        let files = scenarios
            .iter()
            .enumerate()
            .map(|(n, covers)| (format!("all/{n}.yaml").into(), text(covers)));
        let loaded = load_texts(files, &|_| Err(std::io::Error::other("not there")));
        assert!(loaded.mistakes.is_empty(), "{}", loaded.mistakes[0].render(false));
        let scenarios: Vec<_> = loaded.scenarios.into_iter().map(Arc::new).collect();
        let target = Arc::new(embedded_target());
        jobs(&scenarios).iter().map(|job| run_embedded(job, &target, &[])).collect()
    }

    /// The verdicts, with what is known, in order of the scenarios.
    fn judged(
        scenarios: &[&str],
        deviations: &[(&str, Option<&str>)],
    ) -> Vec<(Verdict, Option<String>)> {
        let deviations = deviations.iter().enumerate().map(|(n, (what, seen))| Deviation {
            what: vec![if what.contains('/') {
                What::Path(what.into())
            } else {
                What::Requirement((*what).to_owned())
            }],
            seen: seen.map(str::to_owned),
            sometimes: false,
            why: format!("reason {n}"),
        });
        let target = Target { deviations: deviations.collect(), ..embedded_target() };
        let mut knowledge = Knowledge::new(Arc::new(target));
        let mut all = Vec::new();
        for (place, outcome) in outcomes(scenarios).into_iter().enumerate() {
            all.extend(knowledge.take(place, outcome));
        }
        all.extend(knowledge.finish(true));
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, outcome)| (outcome.verdict, outcome.reason)).collect()
    }

    fn verdicts(scenarios: &[&str], deviations: &[(&str, Option<&str>)]) -> Vec<&'static str> {
        judged(scenarios, deviations).iter().map(|(verdict, _)| verdict.name()).collect()
    }

    const A: &str = "bosh-resp-wait";
    const BAD: &str = "!bosh-resp-wait";
    const OTHER: &str = "!bosh-resp-wait-bounded";

    #[test]
    fn a_known_failure_is_known() {
        assert_eq!(verdicts(&[BAD], &[]), ["failed"]);
        assert_eq!(judged(&[BAD], &[(A, None)]), [(Verdict::Known, Some("reason 0".to_owned()))]);
        assert_eq!(verdicts(&[BAD, OTHER], &[(A, None)]), ["known", "failed"]);
        assert_eq!(verdicts(&[BAD, OTHER], &[("all/0.yaml", None)]), ["known", "failed"]);
        assert_eq!(verdicts(&[BAD, OTHER], &[("./all/", None)]), ["known", "known"]);
    }

    #[test]
    fn what_is_known_stands_beside_the_failure() {
        let deviation = Deviation {
            what: vec![What::Requirement(A.to_owned())],
            seen: None,
            sometimes: false,
            why: "it waits".to_owned(),
        };
        let target = Target { deviations: vec![deviation], ..embedded_target() };
        let mut knowledge = Knowledge::new(Arc::new(target));
        let known: Vec<_> = outcomes(&[BAD, OTHER])
            .into_iter()
            .filter_map(|outcome| knowledge.take(0, outcome))
            .map(|(_, outcome)| outcome.failures[0].known.clone())
            .collect();
        assert_eq!(known, [Some("it waits".to_owned()), None]);
    }

    #[test]
    fn another_failure_of_the_same_requirement_is_none_that_is_known() {
        assert_eq!(verdicts(&[BAD], &[(A, Some("it is 1"))]), ["failed"]);
        assert_eq!(verdicts(&[BAD], &[(A, Some("1"))]), ["known"]);
    }

    #[test]
    fn a_run_that_was_not_carried_out_is_known_only_from_what_is_seen() {
        let judged = |seen: Option<&str>| {
            let deviation = Deviation { seen: seen.map(str::to_owned), ..of_all(false) };
            let target = Target { deviations: vec![deviation], ..embedded_target() };
            let mut broken = outcomes(&[BAD]).remove(0);
            broken.verdict = Verdict::Broken;
            broken.failures[0].kind = FailureKind::NotCarriedOut;
            broken.failures[0].seen = "cannot connect".to_owned();
            Knowledge::new(Arc::new(target)).judged(broken).verdict
        };
        assert_eq!(judged(None), Verdict::Broken);
        assert_eq!(judged(Some("cannot")), Verdict::Known);
        assert_eq!(judged(Some("another")), Verdict::Broken);
    }

    #[test]
    fn a_deviation_is_gone_when_nothing_that_it_names_shows_it() {
        let reason = "known deviation did not occur: reason 0".to_owned();
        assert_eq!(judged(&[A], &[(A, None)]), [(Verdict::Gone, Some(reason))]);
        assert_eq!(verdicts(&[A, BAD], &[(A, None)]), ["passed", "known"]);
        assert_eq!(verdicts(&[A, BAD], &[(A, Some("x"))]), ["passed", "failed"]);
        assert_eq!(verdicts(&[A, A], &[(A, None)]), ["gone", "gone"]);
        assert_eq!(verdicts(&[A], &[("bosh-resp-wait-bounded", None)]), ["passed"]);
        assert_eq!(verdicts(&[A], &[("ll/0.yaml", None)]), ["passed"]);
    }

    /// A deviation that names every scenario.
    fn of_all(sometimes: bool) -> Deviation {
        let what = vec![What::Path("all".into())];
        Deviation { what, seen: None, sometimes, why: "x".to_owned() }
    }

    #[test]
    fn what_happens_sometimes_is_known_when_it_does_and_no_news_when_it_does_not() {
        let target = Target { deviations: vec![of_all(true)], ..embedded_target() };
        let mut knowledge = Knowledge::new(Arc::new(target));
        let taken = outcomes(&[A, BAD]).into_iter().map(|outcome| knowledge.take(0, outcome));
        let judged: Vec<_> = taken
            .map(|taken| taken.expect("nothing is held back").1)
            .map(|outcome| (outcome.verdict, outcome.reason, outcome.sometimes))
            .collect();
        let why = || "x".to_owned();
        assert_eq!(
            judged,
            [(Verdict::Passed, None, vec![why()]), (Verdict::Known, Some(why()), vec![why()])]
        );
        assert!(knowledge.finish(true).is_empty());
    }

    #[test]
    fn a_deviation_is_gone_from_one_place_and_not_from_another() {
        let what = ["all/0.yaml", "all/1.yaml"].map(|path| What::Path(path.into())).to_vec();
        let deviation = Deviation { what, ..of_all(false) };
        let target = Target { deviations: vec![deviation], ..embedded_target() };
        let mut knowledge = Knowledge::new(Arc::new(target));
        for (place, outcome) in outcomes(&[A, BAD]).into_iter().enumerate() {
            let known = knowledge.take(place, outcome).map(|(_, outcome)| outcome.verdict);
            assert_eq!(known, (place == 1).then_some(Verdict::Known));
        }
        let held = knowledge.finish(true);
        assert_eq!((held[0].0, held[0].1.verdict), (0, Verdict::Gone));
    }

    #[test]
    fn what_was_not_all_run_says_nothing_of_what_is_gone() {
        let deviation = of_all(false);
        let target = Target { deviations: vec![deviation], ..embedded_target() };
        let mut knowledge = Knowledge::new(Arc::new(target));
        for outcome in outcomes(&[A]) {
            assert!(knowledge.take(0, outcome).is_none());
        }
        let held = knowledge.finish(false);
        assert_eq!(held[0].1.verdict, Verdict::Passed);
    }

    #[test]
    fn passwords_are_hidden() {
        let mut outcome = outcomes(&[BAD]).remove(0);
        outcome.failures[0].seen = "of wonderland: AGFsaWNlAHdvbmRlcmxhbmQ=".to_owned();
        hide(&Known::of(super::passwords(&embedded_target())), &mut outcome);
        assert_eq!(outcome.failures[0].seen, "of [hidden]: [hidden]");
        outcome.failures[0].seen = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/> \
            <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>dj1NZjkxZjJRaVVtR3I=</success>"
            .to_owned();
        hide(&Known::of([]), &mut outcome);
        assert_eq!(
            outcome.failures[0].seen,
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'/> \
             <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>[hidden 20 bytes]</success>"
        );
    }
}
