//! Scenarios that test a client: everything but what is known only while they run is tried with every row of the sweep.

use std::collections::BTreeSet;

use crate::bosh::Condition;
use crate::diag::{Diagnostic, Mistakes, nearest};
use crate::fault::Fault;
use crate::rules;
use crate::scenario::facts::{CLIENT_FACTS, ClientVariables};
use crate::scenario::limits;
use crate::scenario::model::{
    ClientStep, ClientStepKind, ClientTest, Count, Scenario, ServerAct, Template, TermKind,
    Timespan, Xml,
};
use crate::scenario::source::{Located, Place};
use crate::scenario::vars::Unresolved;
use crate::spec::{Party, catalogue};
use crate::trace::filter::Filter;

/// The mistakes of a scenario that tests a client.
pub(super) fn check_client(scenario: &Scenario, test: &ClientTest) -> Mistakes {
    let mut found = Vec::new();
    for id in scenario.covers.iter().chain(test.steps.iter().flat_map(|step| &step.covers)) {
        // Some requirements on a connection manager say what a client has to keep to.
        let is_reported = rules::about(id).next().is_some();
        if catalogue().get(id).is_some_and(|known| !binds_clients(known.party) && !is_reported) {
            let message = format!("`{}` does not bind clients", id.value);
            found.push(id.place.mistake(message, ""));
        }
    }
    names(test, &mut found);
    let rows = scenario.sweep.len();
    let rows: Vec<_> = if rows == 0 { vec![None] } else { (0..rows).map(Some).collect() };
    let facts = CLIENT_FACTS.map(|name| (name, "x".to_owned()));
    for row in rows {
        match ClientVariables::of(scenario, row, &facts) {
            Ok(variables) => Row { variables: &variables, found: &mut found }.test(test),
            Err(wrong) => found.push(wrong.place.mistake(wrong.message, "")),
        }
    }
    // What is wrong in each row is told once.
    let mut mistakes = Mistakes::default();
    let mut told: Vec<Diagnostic> = Vec::new();
    for mistake in found {
        if !told.contains(&mistake) {
            told.push(mistake.clone());
            mistakes.push(mistake);
        }
    }
    mistakes
}

fn binds_clients(party: Party) -> bool {
    matches!(party, Party::Client | Party::Both)
}

/// Steps that `since` names stand before it.
fn names(test: &ClientTest, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for step in &test.steps {
        let since = match &step.kind {
            ClientStepKind::Sent(sent) => sent.since.as_ref(),
            ClientStepKind::Unsent { since, .. } => since.as_ref(),
            _ => None,
        };
        if let Some(since) = since.filter(|since| !known.contains(since.as_str())) {
            let message = format!("no step before this is named `{}`", since.value);
            let mut mistake = since.place.mistake(message, "");
            mistake.help = Some("give it a name: - tell: send hello\n  name: asked".to_owned());
            found.push(mistake);
        }
        if let Some(name) = &step.name
            && !known.insert(name)
        {
            found.push(name.place.mistake(format!("`{}` names another step", name.value), ""));
        }
    }
}

/// What is tried with the variables of one row.
struct Row<'a> {
    variables: &'a ClientVariables,
    found: &'a mut Vec<Diagnostic>,
}

impl Row<'_> {
    fn test(&mut self, client: &ClientTest) {
        let carrier = self.variables.carrier(&client.carrier);
        self.noted(carrier);
        for setting in &client.server {
            let Some(text) = self.text(&setting.value) else { continue };
            let value = crate::scenario::vars::Value::Text(text.clone());
            let wrong = match setting.term.kind() {
                TermKind::Time => value.time().err(),
                TermKind::Number => value.count().err(),
                TermKind::Switch if matches!(text.as_str(), "true" | "false") => None,
                TermKind::Switch => Some(format!("`{text}` is neither `true` nor `false`")),
                TermKind::Word(words) if words.contains(&&*text) => None,
                TermKind::Word(words) => {
                    Some(format!("`{text}` is not one of: {}", words.join(", ")))
                }
            };
            if let Some(wrong) = wrong {
                self.wrong(&setting.value.place, wrong);
            }
        }
        for defect in &client.defects {
            self.text(defect);
        }
        for fault in &client.faults {
            self.fault(fault);
        }
        for step in &client.steps {
            self.step(step);
        }
        if client.steps.is_empty() {
            let message = "a scenario without steps tests nothing".to_owned();
            self.wrong(&client.carrier.place, message);
        }
    }

    fn step(&mut self, step: &ClientStep) {
        if let Some(says) = &step.says {
            self.text(says);
        }
        match &step.kind {
            ClientStepKind::Start => {}
            ClientStepKind::Login { within } | ClientStepKind::Left { within } => {
                self.times(within.as_slice());
            }
            ClientStepKind::Tell(text) => {
                if self.text(text).is_some_and(|text| text.contains('\n') || text.trim().is_empty())
                {
                    self.wrong(&text.place, "a client is told one line".to_owned());
                }
            }
            ClientStepKind::Fault(fault) => self.fault(fault),
            ClientStepKind::Note(text) => _ = self.text(text),
            ClientStepKind::Wait(time) => self.times(std::slice::from_ref(time)),
            ClientStepKind::Sent(sent) => {
                self.filter(&sent.filter);
                self.times(sent.within.as_slice());
                self.times(sent.after.as_slice());
                if let Some(times) = &sent.times
                    && self.count(times) == Some(0)
                {
                    let message = "what is sent 0 times is an `unsent` step".to_owned();
                    self.wrong(&times.place, message);
                }
            }
            ClientStepKind::Unsent { filter, during, .. } => {
                self.filter(filter);
                self.times(std::slice::from_ref(during));
            }
            ClientStepKind::Needs { filter, within } => {
                self.filter(filter);
                self.times(within.as_slice());
            }
            ClientStepKind::Received { text, times, within } => {
                self.text(text);
                self.times(within.as_slice());
                if let Some(times) = times {
                    let _ = self.count(times); // 0 is a demand, too
                }
            }
            ClientStepKind::Send(xml) => self.elements(xml),
            ClientStepKind::Server(act) => match act {
                ServerAct::Say(xml) => self.elements(xml),
                ServerAct::Error { condition, text } => {
                    for one in text.iter().chain([condition]) {
                        self.text(one);
                    }
                }
                ServerAct::Terminate(Some(condition)) => self.condition(condition),
                ServerAct::Terminate(None) | ServerAct::Close => {}
            },
        }
    }

    fn condition(&mut self, condition: &Located<Template>) {
        let Some(text) = self.text(condition) else { return };
        if text.parse::<Condition>().is_err() {
            let known: Vec<&str> = Condition::all().map(Condition::as_str).collect();
            let message = format!("`{text}` is not a condition of XEP-0124");
            let mut mistake = condition.place.mistake(message, "");
            mistake.help = Some(match nearest(&text, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the conditions are {}", known.join(", ")),
            });
            self.found.push(mistake);
        }
    }

    fn fault(&mut self, fault: &Located<Template>) {
        let Some(text) = self.text(fault).filter(|text| text != "none") else { return };
        if let Err(wrong) = Fault::parse("fault", &text) {
            let mut mistake = fault.place.mistake(format!("not a fault: {}", wrong.message), "");
            mistake.help.clone_from(&wrong.help);
            self.found.push(mistake);
        }
    }

    fn filter(&mut self, filter: &Located<Template>) {
        let Some(text) = self.text(filter) else { return };
        if let Err(wrong) = Filter::parse(&text) {
            let mut mistake = filter.place.mistake(format!("not a filter: {}", wrong.message), "");
            mistake.help.clone_from(&wrong.help);
            self.found.push(mistake);
        }
    }

    fn count(&mut self, count: &Located<Count>) -> Option<u64> {
        let count = count.resolve(self.variables, limits::REPEAT);
        self.noted(count)
    }

    fn elements(&mut self, xml: &Located<Xml>) {
        let text = xml.text.text(self.variables);
        if self.noted(text).is_some_and(|text| !text.contains('<')) {
            self.wrong(&xml.place, "there is no element here, so nothing would be sent".to_owned());
        }
    }

    fn times(&mut self, times: &[Located<Timespan>]) {
        for time in times {
            let time = time.resolve(self.variables);
            self.noted(time);
        }
    }

    fn text(&mut self, text: &Located<Template>) -> Option<String> {
        let text = text.text(self.variables);
        self.noted(text)
    }

    fn noted<T>(&mut self, value: Result<T, Unresolved>) -> Option<T> {
        value.map_err(|wrong| self.wrong(&wrong.place, wrong.message)).ok()
    }

    fn wrong(&mut self, place: &Place, message: String) {
        self.found.push(place.mistake(message, ""));
    }
}
