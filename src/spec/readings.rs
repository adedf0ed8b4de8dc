//! How contested requirements are read: the sections of `spec/readings.md` that begin with `Concerns:`.

/// One reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it is about.
    pub title: String,
    /// The ids of the requirements that it concerns.
    pub concerns: Vec<String>,
    /// How they are read.
    pub text: String,
}

pub(super) fn read(document: &str) -> Vec<Reading> {
    document.split("\n## ").skip(1).filter_map(reading).collect()
}

fn reading(section: &str) -> Option<Reading> {
    let mut paragraphs = section.split("\n\n").map(joined);
    let title = paragraphs.next()?.replace('`', "");
    let concerns = paragraphs.next()?;
    let ids = concerns.strip_prefix("Concerns:")?.split('`').skip(1).step_by(2);
    let concerns = ids.map(str::to_owned).collect();
    Some(Reading { title, concerns, text: paragraphs.next()? })
}

fn joined(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
