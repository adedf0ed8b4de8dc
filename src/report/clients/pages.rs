//! Pages about one deviation each, for the authors of a client: which client and scenario they are about.

use crate::diag::sanitise::one_line;

/// A page about a deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviationPage {
    /// The name of its file.
    pub(super) file: String,
    /// What it says, without the client's name.
    pub(super) title: String,
    /// Its title and the paragraph that says which clients and versions it is about.
    about: String,
    /// The name of the scenario that shows it.
    scenario: String,
}

impl DeviationPage {
    /// Reads a page; nothing if it is something else.
    pub fn read(file: &str, text: &str) -> Option<Self> {
        let title = text.lines().next()?.strip_prefix("# ")?;
        let mut paragraphs = text.split("\n\n");
        let version = paragraphs.find(|paragraph| paragraph.starts_with("**Version:**"))?;
        let scenario = text.lines().find_map(|line| line.strip_prefix("name: "))?;
        let (_, what) = title.split_once(": ").unwrap_or(("", title));
        Some(Self {
            file: file.to_owned(),
            title: one_line(what).into(),
            about: one_line(&format!("{title} {version}")).into(),
            scenario: scenario.trim().to_owned(),
        })
    }

    /// Whether it is about what this client does in the scenario of this name. It holds for other versions, too, if these fail.
    pub(super) fn is_about(&self, client: &str, scenario: &str) -> bool {
        let name = client.rsplit_once(' ').map_or(client, |(name, _)| name);
        self.scenario == scenario && self.about.split([' ', ':', ',']).any(|word| word == name)
    }
}
