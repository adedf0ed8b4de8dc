//! Every defect can be seen, and is named after a requirement.

use std::collections::{BTreeMap, BTreeSet};

use super::rig::{Rig, Tour};
use super::{Defect, all, tours};
use super::{
    acks, creation, ending, holding, http, inactivity, keys, pace, rids, security, streams,
    wrapper, xmpp,
};
use crate::spec::catalogue;

/// Defects, and the tours on which they are to be seen.
type Family = (&'static [Defect], &'static [(&'static str, Tour)]);

/// The tours of each family. A defect has to be seen on a tour of its own family.
const FAMILIES: &[Family] = &[
    (http::DEFECTS, tours::http::TOURS),
    (wrapper::DEFECTS, tours::wrapper::TOURS),
    (creation::REQUEST, tours::creation::TOURS),
    (creation::IDS, tours::creation::TOURS),
    (creation::TERMS, tours::creation::TOURS),
    (creation::RESPONSE, tours::creation::TOURS),
    (creation::CODING, tours::creation::TOURS),
    (holding::DEFECTS, tours::holding::TOURS),
    (acks::DEFECTS, tours::acks::TOURS),
    (inactivity::DEFECTS, tours::inactivity::TOURS),
    (pace::ACTIVE, tours::pace::TOURS),
    (pace::POLLING, tours::pace::TOURS),
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
    for &(defects, tours) in FAMILIES {
        let strict: Vec<String> = tours.iter().map(|(_, tour)| log(*tour, &[])).collect();
        for defect in defects {
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
    for (_, tours) in FAMILIES {
        for (name, tour) in *tours {
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
