//! Requirements with what checks each, and `xmppscope spec --format json`: one JSON object a line, described in
//! `docs/reference/spec.md`. Fields may be added at any time; nothing is renamed, removed or given another meaning
//! without a new [`VERSION`].

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::json::write;
use crate::cm::keeps::Keeps;
use crate::spec::{Basis, Catalogue, Level, Mode, Need, Observable, Party, Requirement};

/// The version of the format.
pub const VERSION: u32 = 1;

/// A requirement, and what checks it.
#[derive(Debug, Clone)]
pub struct Checked<'a> {
    /// The requirement.
    pub requirement: &'a Requirement,
    /// Whether the reference connection manager keeps it; none if it binds no connection manager.
    pub keeps: Option<Keeps>,
    /// The names of findings that can report it.
    pub rules: Vec<&'a str>,
    /// If no finding can report it: why.
    pub unwatched: Option<&'a str>,
    /// The scenarios that cover it, by path.
    pub scenarios: Vec<&'a str>,
    /// If it binds a connection manager or server and no scenario covers it: why.
    pub uncovered: Option<&'a str>,
    /// The defects of the reference connection manager that break it.
    pub defects: Vec<Defect<'a>>,
}

/// A way in which the reference connection manager can be made to break a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Defect<'a> {
    /// The requirement's id, with `/variant` where there are several.
    pub name: String,
    /// What goes wrong.
    pub says: &'a str,
}

impl Checked<'_> {
    /// Whether a rule or a scenario would notice that it is not kept.
    pub fn is_checked(&self) -> bool {
        !self.rules.is_empty() || !self.scenarios.is_empty()
    }
}

/// How many requirements are what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// All of them.
    pub requirements: usize,
    /// Those that bind a connection manager alone.
    pub cm: usize,
    /// Those that bind a client alone.
    pub client: usize,
    /// Those that bind a server alone.
    pub server: usize,
    /// Those that bind both sides.
    pub both: usize,
    /// Those that a rule checks.
    pub rules: usize,
    /// Those that a scenario checks.
    pub scenarios: usize,
    /// Those that neither checks.
    pub unchecked: usize,
    /// Those that a defect breaks.
    pub defects: usize,
    /// Those that the reference connection manager keeps.
    pub kept: usize,
    /// Those that it does not keep, on purpose.
    pub not_kept: usize,
    /// Those that belong to what it does not offer.
    pub not_offered: usize,
    /// Those of which it has nothing to keep.
    pub not_applicable: usize,
}

impl Tally {
    /// Counts.
    pub fn of(list: &[Checked<'_>]) -> Self {
        let mut tally = Self::default();
        for checked in list {
            tally.requirements += 1;
            *match checked.requirement.party {
                Party::Cm => &mut tally.cm,
                Party::Client => &mut tally.client,
                Party::Server => &mut tally.server,
                Party::Both => &mut tally.both,
            } += 1;
            match checked.keeps {
                Some(Keeps::Kept) => tally.kept += 1,
                Some(Keeps::NotKept(_)) => tally.not_kept += 1,
                Some(Keeps::NotOffered(_)) => tally.not_offered += 1,
                Some(Keeps::NotApplicable(_)) => tally.not_applicable += 1,
                None => {}
            }
            tally.rules += usize::from(!checked.rules.is_empty());
            tally.scenarios += usize::from(!checked.scenarios.is_empty());
            tally.defects += usize::from(!checked.defects.is_empty());
            tally.unchecked += usize::from(!checked.is_checked());
        }
        tally
    }
}

#[derive(Serialize)]
struct Preface<'a> {
    xmppscope: &'static str,
    version: u32,
    tool: &'static str,
    specifications: Vec<Text<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    id: &'a str,
    title: &'a str,
    version: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    spec: &'a str,
    section: &'a str,
    anchor: &'a str,
    title: &'a str,
    url: String,
    level: Level,
    party: Party,
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observable: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unobservable: Option<&'a str>,
    passive: bool,
    needs: &'a [Need],
    basis: Basis,
    modes: &'a [Mode],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    readings: Vec<Read<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    rules: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    unwatched: Option<&'a str>,
    scenarios: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    uncovered: Option<&'a str>,
    defects: &'a [Defect<'a>],
}

#[derive(Serialize)]
struct Read<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Reference {
    keeps: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

#[derive(Serialize)]
struct Last {
    summary: Tally,
}

/// Writes requirements as JSON: what follows, each in a line, how many there were.
pub fn json(out: &mut impl Write, catalogue: &Catalogue, list: &[Checked<'_>]) -> io::Result<()> {
    let named: BTreeSet<_> = list.iter().map(|checked| &checked.requirement.spec).collect();
    let specifications =
        catalogue.specifications().iter().filter(|known| named.contains(&known.id));
    let specifications = specifications
        .map(|known| Text {
            id: &known.id,
            title: &known.title,
            version: &known.version,
            url: &known.url,
        })
        .collect();
    let tool = concat!("xmppscope ", env!("CARGO_PKG_VERSION"));
    write(out, &Preface { xmppscope: "requirements", version: VERSION, tool, specifications })?;
    for checked in list {
        write(out, &line(catalogue, checked))?;
    }
    write(out, &Last { summary: Tally::of(list) })
}

fn line<'a>(catalogue: &'a Catalogue, checked: &'a Checked<'a>) -> Line<'a> {
    let requirement = checked.requirement;
    let section = &requirement.section;
    let specification = catalogue.specification(&requirement.spec);
    let (observable, unobservable) = match &requirement.observable {
        Observable::How(how) => (Some(how.as_str()), None),
        Observable::No(reason) => (None, Some(reason.as_str())),
    };
    let readings = catalogue.readings(&requirement.id);
    let (keeps, why) = match checked.keeps {
        Some(Keeps::Kept) => (Some("kept"), None),
        Some(Keeps::NotKept(why)) => (Some("not-kept"), Some(why)),
        Some(Keeps::NotOffered(why)) => (Some("not-offered"), Some(why)),
        Some(Keeps::NotApplicable(why)) => (Some("not-applicable"), Some(why)),
        None => (None, None),
    };
    Line {
        id: &requirement.id,
        spec: &requirement.spec,
        section: &section.number,
        anchor: &section.anchor,
        title: &section.title,
        url: specification.map(|known| known.link(section)).unwrap_or_default(),
        level: requirement.level,
        party: requirement.party,
        rule: &requirement.rule,
        observable,
        unobservable,
        passive: requirement.passive,
        needs: &requirement.needs,
        basis: requirement.basis,
        modes: &requirement.modes,
        readings: readings.map(|read| Read { title: &read.title, text: &read.text }).collect(),
        reference: keeps.map(|keeps| Reference { keeps, why }),
        rules: &checked.rules,
        unwatched: checked.unwatched,
        scenarios: &checked.scenarios,
        uncovered: checked.uncovered,
        defects: &checked.defects,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::catalogue;

    fn checked(id: &str) -> Checked<'static> {
        let requirement = catalogue().get(id).unwrap();
        let keeps = crate::cm::keeps::keeps(requirement);
        let (rules, scenarios, defects) = (Vec::new(), Vec::new(), Vec::new());
        let (unwatched, uncovered) = (None, None);
        Checked { requirement, keeps, rules, unwatched, scenarios, uncovered, defects }
    }

    #[test]
    fn a_line_has_what_is_known_and_nothing_else() {
        let mut window = checked("bosh-rid-max");
        window.rules = vec!["rid-too-large"];
        let name = "bosh-rid-max/late".to_owned();
        window.defects = vec![Defect { name, says: "one too many" }];
        let mut out = Vec::new();
        json(&mut out, catalogue(), &[window, checked("bosh-https-alternatives")]).unwrap();
        let lines: Vec<serde_json::Value> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["specifications"][0]["id"], "xep-0124");
        assert_eq!(lines[0]["specifications"].as_array().map(Vec::len), Some(1));
        assert_eq!(lines[1]["url"], "https://xmpp.org/extensions/xep-0124.html#rids-syntax");
        assert_eq!(lines[1]["rules"][0], "rid-too-large");
        assert_eq!(lines[1]["defects"][0]["name"], "bosh-rid-max/late");
        assert!(lines[1].get("reference").is_none() && lines[1].get("readings").is_none());
        assert!(lines[2].get("observable").is_none() && lines[2]["unobservable"].is_string());
        assert_eq!(lines[2]["reference"]["keeps"], "not-offered");
        assert_eq!(lines[3]["summary"]["unchecked"], 1);
        assert_eq!(lines[3]["summary"]["defects"], 1);
    }
}
