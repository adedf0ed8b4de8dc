//! Reading the files. The only place that knows they are YAML.

use std::collections::HashMap;

use serde::Deserialize;

use super::catalogue::Catalogue;
use super::readings;
use super::requirement::{Observable, Requirement, Section, Specification};
use super::words::{Basis, Level, Mode, Need, Party};

/// Why a catalogue can't be read.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// It is no YAML, or has other fields.
    #[error("not a file of the catalogue: {0}")]
    Format(String),
    /// A specification or section is named that is not listed.
    #[error("{id}: there is no section {section:?} in the list of {spec:?}")]
    Section {
        /// The requirement.
        id: String,
        /// The specification it names.
        spec: String,
        /// The section it names.
        section: String,
    },
    /// It has to be said either how it is seen or why not.
    #[error("{0}: needs either `observable` or `unobservable`")]
    Observable(String),
    /// Two have the same id.
    #[error("{0} is listed twice")]
    Twice(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    specifications: Vec<RawSpecification>,
    requirements: Vec<RawRequirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpecification {
    id: String,
    title: String,
    version: String,
    url: String,
    /// `NUMBER ANCHOR TITLE`
    sections: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequirement {
    id: String,
    spec: String,
    /// `NUMBER ANCHOR`
    section: String,
    level: Level,
    party: Party,
    rule: String,
    observable: Option<String>,
    unobservable: Option<String>,
    passive: bool,
    needs: Vec<Need>,
    basis: Basis,
    mode: Vec<Mode>,
}

impl Catalogue {
    /// Reads files of the catalogue, and how the contested requirements are read.
    pub fn read(files: &[&str], contested: &str) -> Result<Self, SpecError> {
        let (mut specifications, mut requirements) = (Vec::new(), Vec::new());
        for file in files {
            let file: File = serde_saphyr::from_str(file)
                .map_err(|error| SpecError::Format(error.to_string()))?;
            specifications.extend(file.specifications.into_iter().map(specification));
            for raw in file.requirements {
                requirements.push(requirement(raw, &specifications)?);
            }
        }
        let mut places = HashMap::new();
        for (place, requirement) in requirements.iter().enumerate() {
            if places.insert(requirement.id.clone(), place).is_some() {
                return Err(SpecError::Twice(requirement.id.clone()));
            }
        }
        Ok(Self { specifications, requirements, places, readings: readings::read(contested) })
    }
}

fn specification(raw: RawSpecification) -> Specification {
    let sections = raw.sections.iter().map(|text| section(text)).collect();
    Specification { id: raw.id, title: raw.title, version: raw.version, url: raw.url, sections }
}

fn section(text: &str) -> Section {
    let mut words = text.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    Section { number: next(), anchor: next(), title: next() }
}

fn requirement(
    raw: RawRequirement,
    specifications: &[Specification],
) -> Result<Requirement, SpecError> {
    let named = section(&raw.section);
    let sections = specifications.iter().find(|known| known.id == raw.spec);
    let listed = sections.into_iter().flat_map(|known| &known.sections);
    let found = listed
        .into_iter()
        .find(|known| known.number == named.number && known.anchor == named.anchor)
        .cloned();
    let Some(section) = found else {
        return Err(SpecError::Section { id: raw.id, spec: raw.spec, section: raw.section });
    };
    let observable = match (raw.observable, raw.unobservable) {
        (Some(how), None) => Observable::How(how),
        (None, Some(reason)) => Observable::No(reason),
        _ => return Err(SpecError::Observable(raw.id)),
    };
    Ok(Requirement {
        id: raw.id,
        spec: raw.spec,
        section,
        level: raw.level,
        party: raw.party,
        rule: raw.rule,
        observable,
        passive: raw.passive,
        needs: raw.needs,
        basis: raw.basis,
        modes: raw.mode,
    })
}
