//! One requirement, with all that is known of it.

use crate::cm::keeps::Keeps;
use crate::report::requirements::Checked;
use crate::spec::{Catalogue, Mode, Observable, Requirement};
use crate::ui::line::Page;
use crate::ui::styles::Styles;
use crate::xml::Ink;

/// Where the text begins, beside its label.
const TEXT: usize = 12;

/// A page about a requirement.
pub fn one(
    catalogue: &Catalogue,
    checked: &Checked<'_>,
    styles: &Styles,
    width: Option<usize>,
) -> String {
    let requirement = checked.requirement;
    let mut about = About { page: Page::new(width), styles };
    let (page, plain) = (&mut about.page, Ink::default());
    page.put(&styles.client, &requirement.id).end();
    page.put(&styles.strong, requirement.level.as_str()).plain(", ");
    page.plain(requirement.basis.in_words()).plain("; applies to ");
    page.prose(&plain, requirement.party.in_words(), 0).end().end();
    page.prose(&plain, &requirement.rule, 0).end().end();

    if let Some(specification) = catalogue.specification(&requirement.spec) {
        let section = &requirement.section;
        let name = specification.name();
        about.line("section", &format!("{name} §{} {}", section.number, section.title));
        about.line("", &specification.link(section));
    }
    match &requirement.observable {
        Observable::How(how) => about.line("observable", how),
        Observable::No(reason) => about.line("observable", &format!("no: {reason}")),
    }
    if !requirement.modes.is_empty() {
        about.line("tested", &ways(requirement));
    }
    for reading in catalogue.readings(&requirement.id) {
        about.line("reading", &format!("{}: {}", reading.title, reading.text));
    }
    if let Some(keeps) = checked.keeps {
        let text = match keeps {
            Keeps::Kept => "the built-in server meets it".to_owned(),
            Keeps::NotKept(why) => format!("the built-in server does not meet it: {why}"),
            Keeps::NotOffered(why) => format!("the built-in server does not offer this: {why}"),
            Keeps::NotApplicable(why) => format!("not applicable to the built-in server: {why}"),
        };
        about.line("cm", &text);
        let defects = checked.defects.iter().map(|d| format!("{}: {}", d.name, d.says));
        about.several("defects", &defects.collect::<Vec<_>>());
    }
    let scenarios = checked.scenarios.iter().map(ToString::to_string);
    match checked.uncovered {
        Some(why) => about.line("scenarios", &format!("none: {why}")),
        None => about.several("scenarios", &scenarios.collect::<Vec<_>>()),
    }
    let findings = match checked.unwatched {
        Some(why) => format!("none: {why}"),
        None if checked.rules.is_empty() => "none".to_owned(),
        None => checked.rules.join(", "),
    };
    about.line("findings", &findings);
    about.page.text
}

struct About<'a> {
    page: Page,
    styles: &'a Styles,
}

impl About<'_> {
    fn line(&mut self, label: &str, text: &str) {
        let page = &mut self.page;
        page.put(&self.styles.dim, label).to(TEXT).prose(&Ink::default(), text, TEXT).end();
    }

    /// Each on a line of its own.
    fn several(&mut self, label: &str, lines: &[String]) {
        if lines.is_empty() {
            self.line(label, "none yet");
        }
        for (index, text) in lines.iter().enumerate() {
            self.line(if index == 0 { label } else { "" }, text);
        }
    }
}

/// How it can be checked, and what that needs.
fn ways(requirement: &Requirement) -> String {
    let ways = requirement.modes.iter().map(|mode| match mode {
        Mode::Active => "by a client",
        Mode::Lint if requirement.passive => "in real traffic",
        Mode::Lint => "in real traffic, not reliably",
        Mode::Inject => "by altering traffic",
    });
    let mut text = ways.collect::<Vec<_>>().join(", or ");
    if !requirement.needs.is_empty() {
        let needs: Vec<_> = requirement.needs.iter().map(|need| need.as_str()).collect();
        text += &format!("; needs {}", needs.join(", "));
    }
    text
}
