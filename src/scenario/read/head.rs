//! The head of a file: what the scenario is called, covers, needs, and who acts.

use std::path::PathBuf;

use super::file::{File, FileKind, Said};
use super::reader::Reader;
use super::values::items;
use crate::scenario::limits;
use crate::scenario::model::{Need, Provision, Row, Scenario};
use crate::scenario::source::Located;
use crate::scenario::yaml::{Value, Yaml};
use crate::spec::catalogue;

pub(in super::super) const PROVISIONS: [(&str, Provision); 16] = [
    ("anonymous", Provision::Anonymous),
    ("account", Provision::Account),
    ("accounts", Provision::Accounts),
    ("rooms", Provision::Rooms),
    ("tls", Provision::Tls),
    ("plain", Provision::Plain),
    ("bosh", Provision::Bosh),
    ("http", Provision::Http),
    ("websocket", Provision::WebSocket),
    ("tcp", Provision::Tcp),
    ("direct-tls", Provision::DirectTls),
    ("certificates", Provision::Certificates),
    ("compression", Provision::Compression),
    ("upstream", Provision::Upstream),
    ("control", Provision::Control),
    ("slow", Provision::Slow),
];

impl Reader {
    pub(super) fn file(&mut self, yaml: &Yaml) -> Option<File> {
        let mut fields = self.fields(yaml, "a scenario")?;
        if fields.left().any(|name| name.value == "client") {
            return self.client_file(yaml, &mut fields);
        }
        let shared = fields.take("shared");
        let about = fields.take("about").and_then(|about| self.string(about));
        let needs = fields.take("needs").map_or(Vec::new(), |needs| self.needs(needs));
        let session = fields.take("session").map_or(Said::Nothing, |session| self.session(session));
        let actors = fields.take("actors").map_or(Vec::new(), |actors| self.actors(actors));
        let set = fields.take("set").map_or(Vec::new(), |set| self.assignments(set));
        let kind;
        let mut uses = Vec::new();
        if let Some(shared) = shared {
            self.string(shared);
            fields.rename("a shared file");
            kind = FileKind::Shared;
        } else {
            let name = self.required(&mut fields, "name").and_then(|name| self.string(name));
            let covers = self.required(&mut fields, "covers");
            let covers = covers.map_or(Vec::new(), |covers| self.covers(covers));
            let sweep = fields.take("sweep").map_or(Vec::new(), |sweep| self.sweep(sweep));
            for item in fields.take("use").map_or(&[][..], |uses| items(uses)) {
                uses.extend(self.string(item).map(|path| path.map(PathBuf::from)));
                if uses.len() > limits::USES {
                    let message = format!("a scenario uses at most {} files", limits::USES);
                    self.wrong(&item.place, message, "");
                    break;
                }
            }
            let mut scenario = Scenario::unnamed(yaml.place.clone());
            if let Some(name) = name {
                scenario.name = name;
            }
            kind = FileKind::Scenario(Box::new(Scenario { covers, about, sweep, ..scenario }));
        }
        let steps = self.required(&mut fields, "steps").map_or(Vec::new(), |all| self.steps(all));
        self.finish(&fields);
        Some(File { kind, uses, needs, session, actors, set, steps })
    }

    /// Ids of requirements.
    pub(super) fn covers(&mut self, yaml: &Yaml) -> Vec<Located<String>> {
        let mut covers: Vec<Located<String>> = Vec::new();
        for item in items(yaml) {
            let Some(id) = self.string(item) else { continue };
            if catalogue().get(&id).is_none() {
                let ids = catalogue().iter().map(|requirement| requirement.id.as_str());
                let otherwise = || "`xmppscope spec` lists them".to_owned();
                let help = self.mistakes.suggest(&id, ids, otherwise);
                let message = format!("unknown requirement `{}`", id.value);
                self.wrong_with_help(&id.place, message, "", help);
            } else if covers.contains(&id) {
                self.wrong(&id.place, format!("`{}` is listed twice", id.value), "");
            } else {
                covers.push(id);
            }
        }
        if covers.is_empty() && items(yaml).is_empty() {
            self.wrong(&yaml.place, "a scenario must cover at least one requirement", "");
        }
        covers
    }

    fn needs(&mut self, yaml: &Yaml) -> Vec<Located<Need>> {
        let mut needs = Vec::new();
        for item in items(yaml) {
            if matches!(item.value, Value::Map(_)) {
                needs.extend(
                    self.condition(item)
                        .map(|condition| condition.map(|one| Need::Condition(Box::new(one)))),
                );
            } else {
                let word = self.word(item, "target capability", &PROVISIONS);
                needs.extend(word.map(|word| word.map(Need::Provided)));
            }
        }
        needs
    }

    /// `{ wait: [0, 1] }`, or a list of rows that all set the same variables.
    pub(super) fn sweep(&mut self, yaml: &Yaml) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        match &yaml.value {
            Value::List(items) => {
                for item in items {
                    let values = self.assignments(item);
                    let names = |row: &[crate::scenario::model::Assignment]| {
                        let mut names: Vec<_> =
                            row.iter().map(|one| one.name.value.clone()).collect();
                        names.sort();
                        names
                    };
                    if rows.first().is_some_and(|first| names(&first.values) != names(&values)) {
                        let message = "this row does not set the same variables as the first";
                        self.wrong(&item.place, message, "");
                    }
                    rows.push(Row { place: item.place.clone(), values });
                }
            }
            Value::Map(pairs) if pairs.len() == 1 => {
                for (name, values) in pairs {
                    for value in items(values) {
                        let Some(template) = self.template(value) else { continue };
                        let assignment = crate::scenario::model::Assignment {
                            name: name.clone(),
                            value: template,
                        };
                        let place = value.place.clone();
                        rows.push(Row { place, values: vec![assignment] });
                    }
                }
            }
            _ => {
                let help = "write { wait: [0, 1] }, or a list of rows: - { wait: 0, hold: 1 }";
                let message = "a sweep needs one variable, or a list of rows";
                self.wrong_with_help(&yaml.place, message, "", help);
            }
        }
        if rows.len() > limits::ROWS {
            let message = format!("a sweep has at most {} rows", limits::ROWS);
            self.wrong(&rows[limits::ROWS].place, message, "");
        }
        rows
    }
}
