use std::collections::HashSet;

use super::*;
use crate::diag::nearest;

#[test]
fn every_entry_is_sound() {
    let mut ids = HashSet::new();
    for requirement in catalogue().iter() {
        let id = &requirement.id;
        assert!(ids.insert(id), "{id} twice");
        let kebab = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(id.contains('-') && id.split('-').all(kebab), "{id} is no kebab case");
        assert!(requirement.rule.len() > 20 && requirement.rule.ends_with('.'), "{id}: rule");
        let (Observable::How(text) | Observable::No(text)) = &requirement.observable;
        assert!(!text.is_empty(), "{id}: how it is seen");
        let unseen = matches!(requirement.observable, Observable::No(_));
        assert_eq!(unseen, requirement.modes.is_empty(), "{id}: modes");
        for text in [&requirement.rule, text] {
            assert!(!text.contains("  ") && !text.contains('\n'), "{id}: white space in {text:?}");
        }
        assert!(requirement.party != Party::Server || !requirement.spec.starts_with("xep-0124"));
    }
}

#[test]
fn requirements_stand_in_the_order_of_their_sections() {
    let catalogue = catalogue();
    let place = |requirement: &Requirement| {
        let specs = catalogue.specifications();
        let spec = specs.iter().position(|s| s.id == requirement.spec).unwrap();
        let section = specs[spec].sections.iter().position(|s| *s == requirement.section).unwrap();
        (spec, section)
    };
    assert!(catalogue.iter().is_sorted_by_key(place));
}

/// Ids never change; a requirement that is added belongs here too, and into `spec/README.md`.
#[test]
fn so_many_requirements_bind_so_many() {
    let count = |specs: &[&str], party: Option<Party>| {
        let of = |r: &&Requirement| specs.contains(&r.spec.as_str());
        catalogue().iter().filter(of).filter(|r| party.is_none_or(|party| party == r.party)).count()
    };
    let bosh = ["xep-0124", "xep-0206"];
    assert_eq!(count(&bosh, None), 352);
    assert_eq!(count(&bosh, Some(Party::Cm)), 202);
    assert_eq!(count(&bosh, Some(Party::Client)), 87);
    assert_eq!(count(&bosh, Some(Party::Both)), 63);
    assert_eq!(count(&["rfc7395", "rfc6455", "xep-0156"], None), 68);
    assert_eq!(count(&["xep-0198", "xep-0388", "xep-0386"], None), 32);
    assert_eq!(
        count(&["rfc6120", "rfc6121", "rfc5802", "rfc7622", "rfc7590", "xep-0368"], None),
        112
    );
    assert_eq!(catalogue().iter().count(), 352 + 212);
}

#[test]
fn every_requirement_has_been_compared_with_its_text() {
    let unverified: Vec<_> =
        catalogue().iter().filter(|r| r.basis == Basis::Unverified).map(|r| &r.id).collect();
    assert!(unverified.is_empty(), "{unverified:?}");
}

#[test]
fn readings_concern_requirements_that_exist() {
    let readings = &catalogue().readings;
    assert!(readings.len() > 20, "{}", readings.len());
    for reading in readings {
        assert!(!reading.concerns.is_empty() && reading.text.len() > 40, "{reading:?}");
        for id in &reading.concerns {
            assert!(catalogue().get(id).is_some(), "{}: {id}", reading.title);
        }
    }
    let of_window: Vec<_> = catalogue().readings("bosh-rid-window").collect();
    assert_eq!(of_window.len(), 1);
    assert_eq!(of_window[0].title, "Base and size of the rid window");
    assert!(of_window[0].text.ends_with("r + requests + 1 outside."));
}

fn found(text: &str) -> (&'static str, usize) {
    match catalogue().find(text).unwrap() {
        Matches::One(_) => ("one", 1),
        Matches::Section(found) => ("section", found.len()),
        Matches::Specification(found) => ("specification", found.len()),
    }
}

#[test]
fn it_is_found_by_what_a_person_types() {
    assert_eq!(found("bosh-rid-window"), ("one", 1));
    assert_eq!(found(" BOSH-rid-Window "), ("one", 1));
    assert_eq!(found("14.3"), ("section", 13));
    for text in ["xep-0124#14.3", "XEP-0124 §14.3", "124#rids-broken", "rids-broken"] {
        assert_eq!(found(text), ("section", 13), "{text}");
    }
    assert_eq!(found("14"), ("section", 23));
    assert_eq!(found("rids"), ("section", 23));
    assert_eq!(found("xep-0206"), ("specification", 51));
    assert_eq!(found("xep0206"), ("specification", 51));
    assert_eq!(found("rfc7395#3.6"), ("section", 8));
    assert_eq!(found("rfc7395#A"), ("section", 1));
    assert_eq!(found("appendix-A"), ("section", 1));
    assert_eq!(found("xep-0124#1"), ("section", 0));
    assert_eq!(catalogue().in_section("xep-0124", "14.3").count(), 13);
    // Section 2 is one of several specifications.
    let has_two = |spec: &&Specification| spec.sections.iter().any(|s| s.number == "2");
    let each = catalogue().specifications().iter().filter(has_two);
    assert_eq!(each.map(|s| found(&format!("{}#2", s.id)).1).sum::<usize>(), found("2").1);
}

#[test]
fn what_is_misspelt_is_told() {
    let error = |text| catalogue().find(text).unwrap_err().to_string();
    assert_eq!(
        error("bosh-rid-widow"),
        "no requirement or section \"bosh-rid-widow\"; did you mean bosh-rid-window?"
    );
    assert!(error("rids-brokn").ends_with("did you mean rids-broken?"));
    assert!(error("xep-0124#rids-brokn").ends_with("did you mean xep-0124#rids-broken?"));
    assert!(error("window").contains("bosh-rid-window"), "{}", error("window"));
    assert!(error("xep-0124#14.9").ends_with("lists them"));
    assert!(error("ünknöwn zzzzzzzzzzzz").ends_with("lists them"));
    let ids = || catalogue().iter().map(|requirement| requirement.id.as_str());
    for id in ids() {
        assert_eq!(nearest(&format!("{id}x"), ids()), Some(id));
    }
}

#[test]
fn links_lead_to_the_section() {
    let link = |id: &str| {
        let requirement = catalogue().get(id).unwrap();
        let specification = catalogue().specification(&requirement.spec).unwrap();
        (specification.name(), specification.link(&requirement.section))
    };
    let url = "https://xmpp.org/extensions/xep-0124.html#rids-order";
    assert_eq!(link("bosh-rid-window"), ("XEP-0124".into(), url.into()));
    let url = "https://www.rfc-editor.org/rfc/rfc7395.html#section-3.3.3";
    assert_eq!(link("ws-first-char-lt"), ("RFC 7395".into(), url.into()));
}

#[test]
fn mistakes_in_a_file_are_told() {
    let file = |change: (&str, &str)| {
        let text = "\
specifications:
- {id: x, title: X, version: '1', url: u, sections: [1 a A]}
requirements:
- {id: a-b, spec: x, section: 1 a, level: MUST NOT, party: cm, rule: r, observable: o,
   passive: true, needs: [], basis: schema, mode: [lint]}
";
        let text = text.replace(change.0, change.1);
        Catalogue::read(&[&text], "").map(|c| c.requirements.len()).map_err(|e| e.to_string())
    };
    assert_eq!(file(("", "")), Ok(1));
    assert_eq!(
        file(("1 a, ", "2 b, ")),
        Err("a-b: there is no section \"2 b\" in the list of \"x\"".to_owned())
    );
    assert_eq!(
        file((", observable: o", "")),
        Err("a-b: needs either `observable` or `unobservable`".to_owned())
    );
    assert!(file(("MUST NOT", "NEVER")).unwrap_err().starts_with("not a file of the catalogue"));
    assert!(file(("mode:", "modus:")).is_err());
}
