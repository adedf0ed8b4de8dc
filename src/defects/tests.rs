//! Every defect can be seen, and every requirement that can be seen has a defect.

use std::collections::{BTreeMap, BTreeSet};

use super::defect::{Defect, Family};
use super::rig::{Rig, Tour};
use super::{WITHOUT, all, tours};
use super::{
    acks, creation, ending, holding, http, inactivity, keys, pace, rids, security, streams,
    wrapper, xmpp,
};
use crate::cm::keeps::{Keeps, keeps};
use crate::spec::{Mode, catalogue};

/// The tours of each family. A defect has to be seen on a tour of its own family.
const TOURS: [(Family, &[(&str, Tour)]); 13] = [
    (http::DEFECTS, tours::http::TOURS),
    (wrapper::DEFECTS, tours::wrapper::TOURS),
    (creation::DEFECTS, tours::creation::TOURS),
    (holding::DEFECTS, tours::holding::TOURS),
    (acks::DEFECTS, tours::acks::TOURS),
    (inactivity::DEFECTS, tours::inactivity::TOURS),
    (pace::DEFECTS, tours::pace::TOURS),
    (ending::DEFECTS, tours::ending::TOURS),
    (rids::DEFECTS, tours::rids::TOURS),
    (keys::DEFECTS, tours::keys::TOURS),
    (streams::DEFECTS, tours::streams::TOURS),
    (security::DEFECTS, tours::security::TOURS),
    (xmpp::DEFECTS, tours::xmpp::TOURS),
];

fn log(tour: Tour, defects: &[&Defect]) -> String {
    let mut rig = Rig::new(defects, |_| {});
    tour(&mut rig);
    rig.finish()
}

#[test]
fn every_defect_is_seen_on_a_tour() {
    let mut unseen = Vec::new();
    for (parts, tours) in TOURS {
        let strict: Vec<String> = tours.iter().map(|(_, tour)| log(*tour, &[])).collect();
        for defect in parts.iter().copied().flatten() {
            let seen = tours
                .iter()
                .zip(&strict)
                .any(|((_, tour), strict)| log(*tour, &[defect]) != *strict);
            if !seen {
                unseen.push(defect.name);
            }
        }
    }
    assert!(unseen.is_empty(), "nobody sees {unseen:?}");
}

#[test]
fn a_tour_sees_the_same_twice() {
    for (_, tours) in TOURS {
        for (name, tour) in tours {
            assert_eq!(log(*tour, &[]), log(*tour, &[]), "{name}");
        }
    }
}

#[test]
fn names_are_those_of_requirements() {
    let mut names = BTreeSet::new();
    let mut variants: BTreeMap<&str, usize> = BTreeMap::new();
    for defect in all() {
        assert!(catalogue().get(defect.requirement()).is_some(), "{}", defect.name);
        assert!(names.insert(defect.name), "{} is there twice", defect.name);
        let says = defect.says;
        assert!(
            says.len() > 15 && says.len() < 160 && !says.ends_with('.'),
            "{}: {says}",
            defect.name
        );
        assert!(!says.contains('\n'), "{}", defect.name);
        *variants.entry(defect.requirement()).or_default() += 1;
    }
    for (requirement, count) in variants {
        let plain = names.contains(requirement);
        assert!(!(count > 1 && plain), "{requirement} has several defects: each needs a /variant");
    }
}

#[test]
fn what_can_be_seen_has_a_defect_or_a_reason() {
    let mut missing = Vec::new();
    for requirement in catalogue().iter() {
        let Some(kept) = keeps(requirement) else { continue };
        let id = requirement.id.as_str();
        let defects = super::of(id).count();
        let reason = WITHOUT.iter().find(|(other, _)| *other == id);
        assert!(defects == 0 || reason.is_none(), "{id} has a defect and a reason for having none");
        let active = requirement.modes.contains(&Mode::Active);
        if active && defects == 0 && reason.is_none() && kept == Keeps::Kept {
            missing.push(id);
        }
    }
    assert!(missing.is_empty(), "{} without defect or reason: {missing:#?}", missing.len());
}
