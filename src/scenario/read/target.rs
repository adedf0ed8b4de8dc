//! Files of targets (docs/reference/targets.md).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::ServerName;

use super::fields::Fields;
use super::head::PROVISIONS;
use super::reader::Reader;
use super::steps::ACTION;
use super::values::items;
use crate::clock::words;
use crate::diag::{self, Mistakes};
use crate::scenario::limits;
use crate::scenario::model::{ACCOUNTS, Action, Provision};
use crate::scenario::source::{Located, Place, Source};
use crate::scenario::target::{Account, Deviation, Skip, Target, Tolerance, What};
use crate::scenario::template;
use crate::scenario::yaml::{self, Text, Value, Yaml};
use crate::spec::catalogue;
use crate::wire::address::{Address, AddressError};

/// What variables of the environment are written with.
const ENVIRONMENT: &str = "env.";
/// Stands for a value that is not known. It may be a port, a name, a password: no second mistake is told of it.
const STAND_IN: &str = "1";
/// The values of variables of the environment may have so many bytes in all.
const VALUES: usize = 1 << 20;
/// Attributes of a creation request that are chosen for each session, and what chooses them.
const OF_THE_RUN: [(&str, &str); 5] = [
    ("to", "the domain is `domain`, or `anonymous` for an anonymous login"),
    ("rid", RANDOM),
    ("sid", "a session has none before it is created"),
    ("key", "a scenario that uses keys has `keys`"),
    ("newkey", "a scenario that uses keys has `keys`"),
];
const RANDOM: &str = "it is chosen at random for each session, unless a scenario sets it";
/// Stands for an address that is none.
const NOWHERE: &str = "http://localhost/";

/// Reads what a file says of a target. `usual` is how exactly times are judged if it says nothing, `environment` knows
/// the variables of the environment. With a mistake in it, all mistakes.
pub fn read_target(
    path: &Path,
    text: String,
    usual: Tolerance,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Target, Mistakes> {
    let source = &Arc::new(Source { path: path.to_owned(), text: text.into() });
    let mut reader = Reader::default();
    let target = yaml::read(source, &mut reader.mistakes).and_then(|mut yaml| {
        reader.environment(&mut yaml, environment, &mut { VALUES });
        let target = reader.target(&yaml, usual);
        if !reader.mistakes.is_empty() {
            reader.mistakes.show(&source.text, &without_passwords(&source.text, &yaml));
        }
        target
    });
    reader.whole(source, target, "a target needs `url:` and `domain:`")
}

/// The text with stars for all that may be a password: what is wrong is shown, and whatever is written under `accounts` may be
/// one, however wrong the place is where it stands.
fn without_passwords(text: &Arc<str>, yaml: &Yaml) -> Arc<str> {
    let mut bytes = text.as_bytes().to_vec();
    if let Value::Map(pairs) = &yaml.value {
        for (_, accounts) in pairs.iter().filter(|(key, _)| key.value == "accounts") {
            cover(accounts, &mut bytes);
        }
    }
    String::from_utf8(bytes).map_or_else(|_| Arc::clone(text), Arc::from)
}

fn cover(yaml: &Yaml, bytes: &mut [u8]) {
    match &yaml.value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| cover(item, bytes)),
        Value::Map(pairs) => {
            let values = pairs.iter().filter(|(key, _)| key.value != "user");
            values.for_each(|(_, value)| cover(value, bytes));
        }
        // The name of a variable may be seen.
        Value::Text(_) if yaml.place.text().trim_start_matches(['"', '\'']).starts_with("${") => {}
        Value::Text(_) => {
            let written = bytes[yaml.place.span.clone()].iter_mut();
            written.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
        }
    }
}

impl Reader {
    /// Puts the values of variables of the environment into all texts, as far as there is room for them.
    fn environment(
        &mut self,
        yaml: &mut Yaml,
        of: &dyn Fn(&str) -> Option<String>,
        room: &mut usize,
    ) {
        match &mut yaml.value {
            Value::Null => {}
            Value::List(items) => {
                for item in items {
                    self.environment(item, of, room);
                }
            }
            Value::Map(pairs) => {
                for (_, value) in pairs {
                    self.environment(value, of, room);
                }
            }
            Value::Text(text) => {
                if let Some(filled) = self.filled(text, of, room) {
                    text.value = filled;
                }
            }
        }
    }

    fn filled(
        &mut self,
        text: &Text,
        of: &dyn Fn(&str) -> Option<String>,
        room: &mut usize,
    ) -> Option<String> {
        let holes = match template::holes(&text.value) {
            Ok(holes) => holes,
            Err(wrong) => {
                self.wrong(&text.place(wrong.at), wrong.message, "");
                return None;
            }
        };
        let plain = |piece: &str| piece.replace("$${", "${");
        let mut filled = String::new();
        let mut from = 0;
        for (whole, inside) in holes {
            filled += &plain(&text.value[from..whole.start]);
            from = whole.end;
            let place = text.place(whole);
            let Some(name) = text.value[inside].trim().strip_prefix(ENVIRONMENT) else {
                let help = "write ${env.NAME}, or $${ for a literal ${";
                let message = "only environment variables can be used here";
                self.wrong_with_help(&place, message, "", help);
                filled += STAND_IN;
                continue;
            };
            if let Some(value) = of(name) {
                let Some(left) = room.checked_sub(value.len()) else {
                    let message = "the values of all variables are longer than 1 MiB, the limit";
                    self.wrong(&place, message, "");
                    return None;
                };
                *room = left;
                filled += &value;
            } else {
                let message = format!("environment variable `{name}` is not set");
                let help = format!("set it: {name}=… xmppscope run …");
                self.wrong_with_help(&place, message, "", help);
                filled += STAND_IN;
            }
        }
        Some(filled + &plain(&text.value[from..]))
    }

    fn target(&mut self, yaml: &Yaml, usual: Tolerance) -> Option<Target> {
        let mut fields = self.fields(yaml, "a target")?;
        let name = fields.take("name").and_then(|name| self.filled_in(name));
        let about = fields.take("about").and_then(|about| self.filled_in(about));
        let url = fields.take("url").map(|url| self.address(url));
        let tls = fields.take("tls").and_then(|url| Some((self.address(url)?, &url.place)));
        let websocket = fields.take("websocket").map(|url| self.address_of(url, "websocket"));
        let tcp = fields.take("tcp").map(|url| self.address_of(url, "tcp"));
        let direct_tls = fields.take("direct-tls").map(|url| self.address_of(url, "direct-tls"));
        if [&url, &websocket, &tcp, &direct_tls].iter().all(|address| address.is_none()) {
            let message = "a target needs `url`, `websocket`, `tcp` or `direct-tls`";
            let line = fields.place.text().find('\n').unwrap_or(fields.place.span.len());
            self.wrong(&fields.place.part(0..line), message, "there is no address");
        }
        let bosh = url.is_some();
        let (url, websocket, tcp) = (url.flatten(), websocket.flatten(), tcp.flatten());
        let direct_tls = direct_tls.flatten();
        let ca_file = fields.take("ca-file").and_then(|path| self.filled_in(path));
        // As other paths in files, it begins where the file is.
        let folder = yaml.place.source.path.parent().unwrap_or(Path::new(""));
        let ca_file = ca_file.map(|path| folder.join(path));
        let domain = self.required(&mut fields, "domain").and_then(|name| self.filled_in(name));
        let anonymous = fields.take("anonymous").and_then(|name| self.filled_in(name));
        let accounts = fields.take("accounts").map_or(Vec::new(), |all| self.accounts(all));
        let hosts = fields.take("hosts").map_or(Vec::new(), |all| {
            items(all).iter().filter_map(|name| self.host(name)).collect()
        });
        let rooms = fields.take("rooms").and_then(|name| self.filled_in(name));
        let create = fields.take("create").map_or(Vec::new(), |create| self.create(create));
        let provides = fields.take("provides");
        let tolerance =
            fields.take("tolerance").map_or(usual, |tolerance| self.tolerance(tolerance, usual));
        let jobs = fields.take("jobs").and_then(|jobs| self.jobs(jobs));
        let control = fields.take("control").map_or(BTreeMap::new(), |all| self.control(all));
        let skip = self.each(&mut fields, "skip", Self::skip);
        let deviations = self.each(&mut fields, "deviations", Self::deviation);
        self.finish(&fields);

        // With a mistake nobody uses the target; it is made to find the other mistakes.
        let address = url
            .or_else(|| websocket.clone())
            .or_else(|| tcp.clone())
            .or_else(|| direct_tls.clone())
            .or_else(|| NOWHERE.parse().ok())?;
        if let Some((tls, place)) = &tls {
            if !tls.is_tls() {
                self.wrong(place, "`tls` must begin with https://", "");
            } else if address.is_tls() {
                let message = "`url` already uses TLS, so `tls` has no effect";
                self.wrong_with_help(
                    place,
                    message,
                    "",
                    "with `tls`, `url` is the address without TLS",
                );
            }
        }
        let file = yaml.place.source.path.file_stem();
        let stem = file.map_or_else(String::new, |stem| diag::name(stem).to_string());
        let mut accounts = accounts.into_iter();
        let mut target = Target {
            name: name.unwrap_or(stem),
            about: about.as_deref().map(one_line),
            address,
            tls: tls.map(|(address, _)| address),
            websocket,
            tcp,
            direct_tls,
            ca_file,
            domain: domain.unwrap_or_default(),
            anonymous,
            accounts: accounts.next().unwrap_or_default(),
            more_accounts: accounts.collect(),
            hosts,
            rooms,
            create,
            provides: Vec::new(),
            jobs,
            tolerance,
            control,
            skip,
            deviations,
        };
        target.provides = follows(&target, bosh);
        if let Some(provides) = provides {
            self.provides(provides, &mut target.provides);
        }
        Some(target)
    }

    /// How many scenarios run at a time.
    fn jobs(&mut self, yaml: &Yaml) -> Option<usize> {
        let text = self.string(yaml)?;
        let jobs = text.parse().ok().filter(|jobs| (1..=limits::JOBS).contains(jobs));
        if jobs.is_none() {
            let message = format!("`jobs` must be a number from 1 to {}", limits::JOBS);
            self.wrong(&yaml.place, message, "");
        }
        jobs
    }

    /// Attributes with which sessions are asked for.
    fn create(&mut self, yaml: &Yaml) -> Vec<(String, Option<String>)> {
        let Some(mut fields) = self.fields(yaml, "`create`") else { return Vec::new() };
        let attributes = self.required(&mut fields, "attributes");
        self.finish(&fields);
        let pairs = attributes.map_or(&[][..], |yaml| self.pairs(yaml, "attributes"));
        let declared: Vec<_> =
            pairs.iter().filter_map(|(name, _)| name.strip_prefix("xmlns:")).collect();
        let mut create = Vec::new();
        for (name, value) in pairs {
            match OF_THE_RUN.iter().find(|(own, _)| *own == name.value) {
                Some((_, help)) => {
                    let message = format!("`{}` cannot be set here", name.value);
                    self.wrong_with_help(&name.place, message, "", *help);
                }
                None => self.attribute_name(name, &declared),
            }
            let value = match value.value {
                Value::Null => None,
                _ => self.string(value).map(|value| value.value),
            };
            create.push((name.value.clone(), value));
        }
        create
    }

    /// A text that is not empty.
    fn filled_in(&mut self, yaml: &Yaml) -> Option<String> {
        let text = self.string(yaml)?;
        if text.trim().is_empty() {
            self.wrong(&yaml.place, "must not be empty", "");
            return None;
        }
        Some(text.value)
    }

    /// The name of a host, or its IP address.
    fn host(&mut self, yaml: &Yaml) -> Option<String> {
        let text = self.filled_in(yaml)?;
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Some(bare.to_owned());
        }
        if ServerName::try_from(text.as_str()).is_err() {
            let message = format!("`{text}` is not the name of a host");
            self.wrong(&yaml.place, message, "write it without a scheme, a port and a path");
            return None;
        }
        Some(text)
    }

    fn address(&mut self, yaml: &Yaml) -> Option<Address> {
        let url = self.string(yaml)?;
        match Address::of_bosh(&url.value) {
            Ok(address) => Some(address),
            Err(error) => {
                self.wrong(&url.place, error.to_string(), "");
                None
            }
        }
    }

    /// The address of a carrier, with a scheme that fits.
    fn address_of(&mut self, yaml: &Yaml, key: &str) -> Option<Address> {
        let url = self.string(yaml)?;
        let schemes: &[&str] = match key {
            "websocket" => &["ws://", "wss://"],
            "tcp" => &["xmpp://"],
            _ => &["xmpps://"],
        };
        if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            let message = format!("`{key}` must begin with {}", schemes.join(" or "));
            self.wrong(&url.place, message, "");
            return None;
        }
        let read = url.parse().map_err(|error: AddressError| error.to_string());
        read.map_err(|message| self.wrong(&url.place, message, "")).ok()
    }

    /// Several sets, or one; each has the same names.
    fn accounts(&mut self, yaml: &Yaml) -> Vec<BTreeMap<String, Account>> {
        let mut sets: Vec<BTreeMap<String, Account>> = Vec::new();
        let (mut users, mut names) = (BTreeSet::new(), None);
        if let Some(one) = items(yaml).get(limits::JOBS) {
            let message = format!("there are at most {} sets of accounts", limits::JOBS);
            self.wrong(&one.place, message, "");
            return sets;
        }
        for item in items(yaml) {
            let Some(mut fields) = self.fields(item, "a set of accounts") else { continue };
            let (mut set, mut given) = (BTreeMap::new(), Vec::new());
            for name in ACCOUNTS {
                let Some(account) = fields.take(name) else { continue };
                given.push(name);
                let Some(read) = self.login_of(account, name) else { continue };
                if !users.insert(read.user.clone()) {
                    let message = format!("account `{}` is listed twice", read.user);
                    let help = "scenarios must not affect each other, so each account may be listed only once";
                    self.wrong_with_help(&account.place, message, "", help);
                }
                set.insert(name.to_owned(), read);
            }
            if given.first() != Some(&ACCOUNTS[0]) {
                self.wrong(&item.place, "a set of accounts needs `alice`", "");
            } else if names.get_or_insert_with(|| given.clone()) != &given {
                self.wrong(&item.place, "this set does not have the same names as the first", "");
            }
            self.finish(&fields);
            sets.push(set);
        }
        sets
    }

    fn login_of(&mut self, yaml: &Yaml, name: &str) -> Option<Account> {
        let mut fields = self.fields(yaml, "an account")?;
        let user = fields.take("user").map(|user| self.filled_in(user));
        let password = self.required(&mut fields, "password").and_then(|one| self.filled_in(one));
        self.finish(&fields);
        Some(Account { user: user.unwrap_or_else(|| Some(name.to_owned()))?, password: password? })
    }

    /// Words, beside those that follow from other keys.
    fn provides(&mut self, yaml: &Yaml, provided: &mut Vec<Provision>) {
        for item in items(yaml) {
            let word = self.word(item, "target capability", &PROVISIONS);
            let Some(Located { value: provision, place }) = word else { continue };
            if provided.contains(&provision) {
                continue;
            }
            match said_by(provision) {
                Some(key) => {
                    let message = format!("to provide this, the target needs `{key}`");
                    self.wrong(&place, message, "");
                }
                None => provided.push(provision),
            }
        }
    }

    fn tolerance(&mut self, yaml: &Yaml, usual: Tolerance) -> Tolerance {
        let Some(mut fields) = self.fields(yaml, "a tolerance") else { return usual };
        let mut time = |fields: &mut Fields<'_>, key, usual| {
            let Some(yaml) = fields.take(key) else { return usual };
            let Some(text) = self.string(yaml) else { return usual };
            let time = template::duration(&text).and_then(|time| {
                let words = || format!("a tolerance is at most {}", words(limits::TOLERANCE));
                if time <= limits::TOLERANCE { Ok(time) } else { Err(words()) }
            });
            time.unwrap_or_else(|message| {
                self.wrong(&text.place, message, "");
                usual
            })
        };
        let early = time(&mut fields, "early", usual.early);
        let late = time(&mut fields, "late", usual.late);
        self.finish(&fields);
        Tolerance { early, late }
    }

    /// Commands: a program with its arguments.
    fn control(&mut self, yaml: &Yaml) -> BTreeMap<Action, Vec<String>> {
        let Some(mut fields) = self.fields(yaml, "the control of a target") else {
            return BTreeMap::new();
        };
        let mut control = BTreeMap::new();
        for (name, action) in ACTION {
            let Some(command) = fields.take(name) else { continue };
            let words: Vec<String> =
                items(command).iter().filter_map(|word| self.filled_in(word)).collect();
            if words.is_empty() {
                self.wrong(
                    &command.place,
                    "a command must be a list: the program, followed by its arguments",
                    "",
                );
            }
            control.insert(action, words);
        }
        self.finish(&fields);
        control
    }

    fn each<T>(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        read: fn(&mut Self, &Yaml) -> Option<T>,
    ) -> Vec<T> {
        let Some(yaml) = fields.take(key) else { return Vec::new() };
        items(yaml).iter().filter_map(|item| read(self, item)).collect()
    }

    fn skip(&mut self, yaml: &Yaml) -> Option<Skip> {
        let mut fields = self.fields(yaml, "a skip")?;
        let what = self.what(&mut fields);
        let why = self.required(&mut fields, "why").and_then(|why| self.filled_in(why));
        self.finish(&fields);
        Some(Skip { what, why: one_line(&why?) })
    }

    fn deviation(&mut self, yaml: &Yaml) -> Option<Deviation> {
        let mut fields = self.fields(yaml, "a deviation")?;
        let what = self.what(&mut fields);
        let seen = fields.take("seen").and_then(|seen| self.filled_in(seen));
        let sometimes = fields.take("sometimes").and_then(|yaml| self.boolean(yaml));
        let why = self.required(&mut fields, "why").and_then(|why| self.filled_in(why));
        self.finish(&fields);
        let sometimes = sometimes.unwrap_or_default();
        Some(Deviation { what, seen, sometimes, why: one_line(&why?) })
    }

    fn what(&mut self, fields: &mut Fields<'_>) -> Vec<What> {
        let Some(yaml) = self.required(fields, "what") else { return Vec::new() };
        let mut all = Vec::new();
        for item in items(yaml) {
            let Some(text) = self.string(item) else { continue };
            let path = text.contains('/') || text.ends_with(".yaml") || text.ends_with(".yml");
            if path {
                all.push(What::Path(PathBuf::from(text.value)));
            } else if catalogue().get(&text).is_some() {
                all.push(What::Requirement(text.value));
            } else {
                self.unknown(&text.value, &text.place);
            }
        }
        if items(yaml).is_empty() {
            self.wrong(&yaml.place, "must not be empty", "");
        }
        all
    }

    fn unknown(&mut self, id: &str, place: &Place) {
        let ids = catalogue().iter().map(|requirement| requirement.id.as_str());
        let help = self.mistakes.suggest(id, ids, || {
            "`xmppscope spec` lists them; a path contains a `/` or ends with .yaml".to_owned()
        });
        self.wrong_with_help(place, format!("unknown requirement `{id}`"), "", help);
    }
}

/// What follows from the other keys.
fn follows(target: &Target, bosh: bool) -> Vec<Provision> {
    let has = |name| target.accounts.contains_key(name);
    let control = |action| target.control.contains_key(&action);
    [
        (Provision::Anonymous, target.anonymous.is_some()),
        (Provision::Account, has(ACCOUNTS[0])),
        (Provision::Accounts, ACCOUNTS.into_iter().all(has)),
        (Provision::Rooms, target.rooms.is_some()),
        (Provision::Tls, target.address.is_tls() || target.tls.is_some()),
        (Provision::Plain, !target.address.is_tls()),
        (Provision::Bosh, bosh),
        (Provision::WebSocket, target.websocket.is_some()),
        (Provision::Tcp, target.tcp.is_some()),
        (Provision::DirectTls, target.direct_tls.is_some()),
        (Provision::Control, control(Action::Stop) && control(Action::Start)),
    ]
    .into_iter()
    .filter_map(|(provision, follows)| follows.then_some(provision))
    .collect()
}

/// The key that says where something is that a target provides.
fn said_by(provision: Provision) -> Option<&'static str> {
    match provision {
        Provision::Anonymous => Some("anonymous"),
        Provision::Account | Provision::Accounts => Some("accounts"),
        Provision::Rooms => Some("rooms"),
        Provision::Tls => Some("tls"),
        Provision::Plain | Provision::Bosh | Provision::Http => Some("url"),
        Provision::DirectTls => Some("direct-tls"),
        Provision::WebSocket => Some("websocket"),
        Provision::Tcp => Some("tcp"),
        Provision::Control => Some("control"),
        Provision::Certificates
        | Provision::Compression
        | Provision::Upstream
        | Provision::Slow => None,
    }
}

/// Reasons are folded in the file as its author likes.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
