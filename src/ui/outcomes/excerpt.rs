//! Which part of a trace is printed, and the replay that prints it.

use std::collections::{BTreeSet, HashMap};

use crate::rules::{Judge, Observation};
use crate::trace::{Event, Fact};

/// Which events of a trace are printed.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    pub(super) shown: BTreeSet<usize>,
    /// Of those wanted, what is in the middle of too many.
    pub(super) left_out: BTreeSet<usize>,
}

impl Excerpt {
    /// Those wanted, each request with its response and each response with its request; not many more than `most`. The
    /// beginning says what it is about, the end what went wrong.
    pub(super) fn of(
        events: &[Event],
        within: &dyn Fn(usize, &Event) -> bool,
        most: usize,
    ) -> Self {
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        let mut asked: HashMap<u64, usize> = HashMap::new();
        let mut partners: HashMap<usize, usize> = HashMap::new();
        // What was answered before it was complete is told after its answer.
        let mut early: HashMap<(u64, u64), usize> = HashMap::new();
        let mut requests: HashMap<u64, u64> = HashMap::new();
        replay(events, |index, seen, _| {
            let event = &events[index];
            let exchange =
                seen.effect.message.as_ref().and_then(|message| message.exchange.as_ref());
            let partner = match &event.fact {
                Fact::Request(_) => {
                    let number = requests.entry(event.conn).or_default();
                    *number += 1;
                    asked.extend(exchange.map(|exchange| (exchange.number, index)));
                    early.remove(&(event.conn, *number - 1))
                }
                Fact::Response(response) => {
                    if let (None, Some(number)) = (exchange, response.answers) {
                        early.insert((event.conn, number), index);
                    }
                    exchange.and_then(|exchange| asked.get(&exchange.number).copied())
                }
                Fact::Frame(_)
                | Fact::Part(_)
                | Fact::Secured(_)
                | Fact::Raw(_)
                | Fact::Lost { .. } => None,
                _ => return,
            };
            if let Some(partner) = partner {
                partners.insert(partner, index);
                partners.insert(index, partner);
            }
            if within(index, event) {
                wanted.insert(index);
            }
        });
        let whole = |mut set: BTreeSet<usize>| {
            let partners: Vec<usize> =
                set.iter().filter_map(|index| partners.get(index).copied()).collect();
            set.extend(partners);
            set
        };
        // The response to a request that was asked within comes later than what is wanted: it is no part of that.
        let requested: BTreeSet<usize> = wanted
            .iter()
            .filter(|index| matches!(events[**index].fact, Fact::Response(_)))
            .filter_map(|index| partners.get(index).copied())
            .collect();
        wanted.extend(requested);
        let first = wanted.iter().take(most / 3).copied();
        let last = wanted.iter().rev().take(most - most / 3).copied();
        let ends: BTreeSet<usize> = first.chain(last).collect();
        let shown: BTreeSet<usize> = whole(ends).intersection(&wanted).copied().collect();
        let left_out = wanted.difference(&shown).copied().collect();
        Self { shown, left_out }
    }
}

/// Tells each event, with what it means.
pub(super) fn replay(events: &[Event], mut tell: impl FnMut(usize, &Observation, &Judge)) -> Judge {
    let mut judge = Judge::default();
    let mut all = Vec::new();
    for (index, event) in events.iter().enumerate() {
        judge.take(event.clone(), &mut all);
        for mut seen in all.drain(..) {
            // What is judged here is the scenario's to say.
            seen.findings.clear();
            tell(index, &seen, &judge);
        }
    }
    judge
}
