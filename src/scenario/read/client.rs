//! Files that test a client (docs/reference/client-scenario.md).

use super::fields::Fields;
use super::file::{File, FileKind, Said};
use super::reader::Reader;
use super::values::items;
use crate::scenario::limits;
use crate::scenario::model::{
    Assignment, Carrier, ClientStep, ClientStepKind, ClientTest, Expr, Name, Part, Row, Scenario,
    Sent, ServerAct, Setting, Template, Term, Transport,
};
use crate::scenario::source::Located;
use crate::scenario::yaml::{Value, Yaml};

/// The kinds of steps, and whether each demands something: those may have `covers`, `level` and `says`.
pub(in super::super) const CLIENT_KINDS: [(&str, bool); 13] = [
    ("start", false),
    ("login", true),
    ("tell", false),
    ("sent", true),
    ("unsent", true),
    ("needs", false),
    ("received", true),
    ("send", false),
    ("server", false),
    ("fault", false),
    ("left", true),
    ("wait", false),
    ("note", false),
];
/// What the server does by itself.
pub(in super::super) const SERVER_ACTS: [&str; 4] = ["terminate", "error", "close", "say"];
/// The variable of a scenario that lists several carriers.
const OVER: &str = "over";

impl Reader {
    /// A file whose first key says that it tests a client.
    pub(super) fn client_file(&mut self, yaml: &Yaml, fields: &mut Fields<'_>) -> Option<File> {
        fields.rename("a scenario that tests a client");
        let carrier = fields.take("client")?;
        let name = self.required(fields, "name").and_then(|name| self.string(name));
        let covers = self.required(fields, "covers");
        let covers = covers.map_or(Vec::new(), |covers| self.covers(covers));
        let about = fields.take("about").and_then(|about| self.string(about));
        let set = fields.take("set").map_or(Vec::new(), |set| self.assignments(set));
        let mut sweep = fields.take("sweep").map_or(Vec::new(), |sweep| self.sweep(sweep));
        let carrier = self.client_carrier(carrier, &mut sweep);
        let server = fields.take("server").map_or(Vec::new(), |terms| self.settings_of(terms));
        let defects = fields.take("defects");
        let defects = defects.map_or(&[][..], items);
        let defects = defects.iter().filter_map(|defect| self.template(defect)).collect();
        let faults = fields.take("faults");
        let faults = faults.map_or(&[][..], items);
        let faults = faults.iter().filter_map(|fault| self.template(fault)).collect();
        let steps = self.required(fields, "steps");
        let steps = steps.map_or(Vec::new(), |steps| self.client_steps(steps));
        self.finish(fields);
        let mut scenario = Scenario::unnamed(yaml.place.clone());
        if let Some(name) = name {
            scenario.name = name;
        }
        let client =
            Some(Box::new(ClientTest { carrier: carrier?, server, defects, faults, steps }));
        let scenario = Scenario { covers, about, sweep, client, ..scenario };
        let kind = FileKind::Scenario(Box::new(scenario));
        let (uses, needs, actors, steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Some(File { kind, uses, needs, session: Said::None, actors, set, steps })
    }

    /// `bosh`, a list of carriers, each of which is a run of its own, or a variable of the sweep.
    fn client_carrier(&mut self, yaml: &Yaml, sweep: &mut Vec<Row>) -> Option<Located<Carrier>> {
        if let Value::List(all) = &yaml.value {
            if let Some(row) = sweep.first() {
                let help = "write `client: ${over}`, and `over:` in each row of the sweep";
                let message = "a scenario has several carriers, or a sweep, but not both";
                self.wrong_with_help(&row.place.clone(), message, "", help);
            }
            for one in all {
                let word = self.word(one, "carrier", &Transport::ALL)?;
                let text = one.place.text().to_owned();
                let name = Located::new(OVER.to_owned(), word.place.clone());
                let value = Located::new(Template::plain(text), word.place.clone());
                let place = word.place.clone();
                sweep.push(Row { place, values: vec![Assignment { name, value }] });
            }
            let name = Name { base: OVER.to_owned(), nth: None, fields: Vec::new() };
            let expr = Located::new(Expr::Name(name), yaml.place.clone());
            let template = Template { parts: vec![Part::Value(expr)] };
            return Some(Located::new(Carrier::Computed(template), yaml.place.clone()));
        }
        let template = self.template(yaml)?;
        if template.as_plain().is_none() {
            return Some(Located::new(Carrier::Computed(template.value), template.place));
        }
        let word = self.word(yaml, "carrier", &Transport::ALL)?;
        Some(word.map(Carrier::Fixed))
    }

    fn settings_of(&mut self, yaml: &Yaml) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (name, value) in self.pairs(yaml, "settings of the server") {
            let Some((_, term)) = Term::ALL.into_iter().find(|(word, _)| *word == name.value)
            else {
                let words = Term::ALL.map(|(word, _)| word);
                let help = self.mistakes.suggest(&name.value, words, || {
                    format!("the settings are {}", words.join(", "))
                });
                let message = format!("`{}` is not a setting of the server", name.value);
                self.wrong_with_help(&name.place, message, "", help);
                continue;
            };
            let Some(value) = self.template(value) else { continue };
            settings.push(Setting { term: Located::new(term, name.place.clone()), value });
        }
        settings
    }

    fn client_steps(&mut self, yaml: &Yaml) -> Vec<ClientStep> {
        let many = "write several scenarios";
        self.each_step(yaml, "- tell: send hello", many, Self::client_step)
    }

    fn client_step(&mut self, yaml: &Yaml) -> Option<ClientStep> {
        // `- login` stands for `- login:`.
        if let Value::Text(text) = &yaml.value {
            let kind = match text.value.as_str() {
                "start" => Some(ClientStepKind::Start),
                "login" => Some(ClientStepKind::Login { within: None }),
                "left" => Some(ClientStepKind::Left { within: None }),
                _ => None,
            };
            if let Some(kind) = kind {
                return Some(ClientStep {
                    place: yaml.place.clone(),
                    kind,
                    covers: Vec::new(),
                    level: None,
                    says: None,
                    name: None,
                });
            }
        }
        let mut fields = self.fields(yaml, "a step")?;
        let (head, value) = fields.take_first()?;
        let Some(&(name, demands)) = CLIENT_KINDS.iter().find(|(name, _)| *name == head.value)
        else {
            let words = CLIENT_KINDS.map(|(word, _)| word);
            let help = self
                .mistakes
                .suggest(&head.value, words, || format!("the steps are {}", words.join(", ")));
            let message =
                format!("`{}` is not a step of a scenario that tests a client", head.value);
            self.wrong_with_help(&head.place, message, "", help);
            return None;
        };
        fields.rename(format!("a `{name}` step"));
        let (mut covers, mut level, mut says, mut named) = (Vec::new(), None, None, None);
        if demands {
            covers = fields.take("covers").map_or(Vec::new(), |yaml| self.covers(yaml));
            level = self.level(&mut fields);
        }
        if demands || name == "needs" {
            says = fields.take("says").and_then(|says| self.template(says));
        }
        if name != "note" {
            named = fields.take("name").and_then(|name| self.name(name));
        }
        let kind = self.client_step_kind(name, value, &mut fields);
        self.finish(&fields);
        Some(ClientStep {
            place: yaml.place.clone(),
            kind: kind?,
            covers,
            level,
            says,
            name: named,
        })
    }

    fn client_step_kind(
        &mut self,
        name: &str,
        value: &Yaml,
        fields: &mut Fields<'_>,
    ) -> Option<ClientStepKind> {
        let within = |reader: &mut Self, fields: &mut Fields<'_>| {
            fields.take("within").and_then(|within| reader.timespan(within))
        };
        let since = |reader: &mut Self, fields: &mut Fields<'_>| {
            fields.take("since").and_then(|since| reader.name(since))
        };
        if matches!(name, "start" | "login" | "left") && !matches!(value.value, Value::Null) {
            let message = format!("`{name}` has no value");
            self.wrong_with_help(&value.place, message, "", format!("write `- {name}:`"));
            return None;
        }
        Some(match name {
            "start" => ClientStepKind::Start,
            "login" => ClientStepKind::Login { within: within(self, fields) },
            "left" => ClientStepKind::Left { within: within(self, fields) },
            "tell" => ClientStepKind::Tell(self.template(value)?),
            "note" => ClientStepKind::Note(self.template(value)?),
            "wait" => ClientStepKind::Wait(self.timespan(value)?),
            "fault" => ClientStepKind::Fault(self.template(value)?),
            "send" => ClientStepKind::Send(self.xml(value)?),
            "sent" => {
                let filter = self.template(value);
                let times = fields.take("times");
                let times = times.and_then(|times| self.count(times, limits::REPEAT));
                let after = fields.take("after").and_then(|after| self.timespan(after));
                let (within, since) = (within(self, fields), since(self, fields));
                ClientStepKind::Sent(Box::new(Sent {
                    filter: filter?,
                    times,
                    within,
                    after,
                    since,
                }))
            }
            "unsent" => {
                let filter = self.template(value);
                let during = self.required(fields, "for").and_then(|one| self.timespan(one));
                let since = since(self, fields);
                ClientStepKind::Unsent { filter: filter?, during: during?, since }
            }
            "needs" => {
                let filter = self.template(value);
                ClientStepKind::Needs { filter: filter?, within: within(self, fields) }
            }
            "received" => {
                let text = self.template(value);
                let times = fields.take("times");
                let times = times.and_then(|times| self.count(times, limits::REPEAT));
                ClientStepKind::Received { text: text?, times, within: within(self, fields) }
            }
            _ => ClientStepKind::Server(self.server_act(value, fields)?),
        })
    }

    fn server_act(&mut self, yaml: &Yaml, fields: &mut Fields<'_>) -> Option<ServerAct> {
        let words = SERVER_ACTS.map(|word| (word, word));
        let word = self.word(yaml, "action of the server", &words)?;
        Some(match word.value {
            "terminate" => {
                let condition = fields.take("condition").and_then(|one| self.template(one));
                ServerAct::Terminate(condition)
            }
            "error" => {
                let condition = self.required(fields, "condition");
                let condition = condition.and_then(|one| self.template(one));
                let text = fields.take("text").and_then(|text| self.template(text));
                ServerAct::Error { condition: condition?, text }
            }
            "say" => ServerAct::Say(self.required(fields, "stanza").and_then(|xml| self.xml(xml))?),
            _ => ServerAct::Close,
        })
    }
}
