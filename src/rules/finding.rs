//! What rules report.

/// Who is to look at a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The client broke a rule.
    Client,
    /// The connection manager, or the server behind it, broke a rule.
    Server,
    /// Something between the two: a reverse proxy, a load balancer, the network.
    Between,
    /// Nobody: it is a fact worth knowing.
    Nobody,
}

impl Party {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Between => "between",
            Self::Nobody => "nobody",
        }
    }
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Not normal, but nobody's fault, or nothing is lost by it.
    Note,
    /// A SHOULD is not kept, or a problem is likely.
    Warning,
    /// A MUST is not kept, or something failed.
    Error,
}

impl Level {
    /// Its name, as reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is not normal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Short name of the kind of finding, such as `rid-repeat`.
    pub name: &'static str,
    /// The id of the requirement in the catalogue, where there is one.
    pub requirement: Option<&'static str>,
    /// How serious it is.
    pub level: Level,
    /// Who is to look at it.
    pub party: Party,
    /// What happened, what it means and what to do, in words.
    pub words: String,
}

/// Where findings go.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds a finding.
    pub fn add(
        &mut self,
        name: &'static str,
        requirement: impl Into<Option<&'static str>>,
        level: Level,
        party: Party,
        words: impl Into<String>,
    ) {
        let (requirement, words) = (requirement.into(), words.into());
        self.0.push(Finding { name, requirement, level, party, words });
    }

    /// All that was added.
    pub(super) fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}
