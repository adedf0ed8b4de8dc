use super::*;
use crate::report::requirements::{Checked, Defect};
use crate::spec::{Catalogue, catalogue};
use crate::ui::Styles;

fn checked(id: &str) -> Checked<'static> {
    let requirement = catalogue().get(id).unwrap();
    Checked {
        requirement,
        keeps: crate::cm::keeps::keeps(requirement),
        rules: crate::rules::about(id).collect(),
        unwatched: crate::rules::unwatched(requirement),
        scenarios: Vec::new(),
        uncovered: None,
        defects: Vec::new(),
    }
}

fn section(catalogue: &'static Catalogue) -> Vec<Checked<'static>> {
    let mut all: Vec<_> =
        catalogue.in_section("xep-0124", "19.1").map(|found| checked(&found.id)).collect();
    all[0].scenarios = vec!["scenarios/x.yaml"];
    all[1].defects = vec![Defect { name: "a".to_owned(), says: "b" }];
    all
}

#[test]
fn a_list_fits_on_80_columns_and_uses_200() {
    let entries = section(catalogue());
    let printed = |detail, width| list(catalogue(), &entries, detail, &Styles::new(false), width);
    for (name, detail, width) in [
        ("lines_80", Detail::Line, 80),
        ("lines_200", Detail::Line, 200),
        ("rules_80", Detail::Rule, 80),
    ] {
        let text = printed(detail, Some(width));
        for line in text.lines() {
            assert!(line.chars().count() <= width, "longer than {width} columns: {line}");
        }
        insta::assert_snapshot!(name, text);
    }
    let piped = printed(Detail::Line, None);
    for entry in &entries {
        let line = piped.lines().find(|line| line.contains(&entry.requirement.id)).unwrap();
        assert!(line.ends_with(&entry.requirement.rule), "{line}");
    }
}

#[test]
fn every_line_of_the_whole_list_fits() {
    let all: Vec<_> = catalogue().iter().map(|requirement| checked(&requirement.id)).collect();
    let text = list(catalogue(), &all, Detail::Line, &Styles::new(false), Some(80));
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "longer than 80 columns: {line}");
    }
    for entry in &all {
        let page = one(catalogue(), entry, &Styles::new(false), Some(80));
        for line in page.lines().filter(|line| !line.contains("https://")) {
            let wide = line.chars().count();
            assert!(wide <= 80 || !line.trim().contains(' '), "longer than 80 columns: {line}");
        }
    }
    insta::assert_snapshot!(list(catalogue(), &[], Detail::Line, &Styles::new(false), None), @"No requirements.");
}

#[test]
fn a_page_has_all_that_is_known() {
    let mut known = checked("bosh-rid-window");
    known.scenarios = vec!["scenarios/rids/gap.yaml", "scenarios/rids/window.yaml"];
    let defect = |variant: &str, says| Defect { name: format!("bosh-rid-window/{variant}"), says };
    known.defects = vec![
        defect(
            "narrow",
            "the window is one rid narrower than `requests`, so that the last rid in it ends the session",
        ),
        defect("wide", "the window is one wider"),
    ];
    let page = |checked: &Checked<'_>| one(catalogue(), checked, &Styles::new(false), Some(80));
    insta::assert_snapshot!("page", page(&known));
    insta::assert_snapshot!("page_not_offered", page(&checked("bosh-https-alternatives")));
}

#[test]
fn colour_only_where_it_is_wanted() {
    let entries = section(catalogue());
    let plain = list(catalogue(), &entries, Detail::Line, &Styles::new(false), Some(100));
    assert!(!plain.contains('\x1b'));
    let coloured = list(catalogue(), &entries, Detail::Line, &Styles::new(true), Some(100));
    assert!(coloured.contains('\x1b'));
}
