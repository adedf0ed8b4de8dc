//! What a comparison says: the model, and its words.

use serde::Serialize;

use crate::wire::Side;

/// What differs between two transcripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// The strands with differences.
    pub strands: Vec<StrandDiff>,
}

/// What differs in a strand: one that is in both, or one that is in one alone and then has nothing below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrandDiff {
    /// Its title in the old transcript, if it is there.
    pub old: Option<String>,
    /// In the new one.
    pub new: Option<String>,
    /// How many exchanges it has, the old one or, if there is none, the new one.
    pub length: usize,
    /// What is to be said of all of it.
    pub changes: Vec<Change>,
    /// The exchanges that differ.
    pub exchanges: Vec<ExchangeDiff>,
}

/// What differs in an exchange: one that is in both, or one that is in one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeDiff {
    /// Where it stands in the old transcript, if it does.
    pub old: Option<Place>,
    /// Where it stands in the new one.
    pub new: Option<Place>,
    /// What the request is, in words.
    pub request: String,
    /// What the response is, in words.
    pub response: String,
    /// What differs.
    pub changes: Vec<Change>,
}

/// Where an exchange stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Its number in its strand, counted from 1.
    pub number: usize,
    /// The rid of its request as the transcript names it, such as `[rid+3]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
}

impl Place {
    /// `[rid+3]`, or `#4` where there is no rid.
    pub fn label(&self) -> String {
        self.rid.clone().unwrap_or_else(|| format!("#{}", self.number))
    }
}

/// Whether something came, went or became something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// It is in the new transcript alone.
    Added,
    /// It is in the old transcript alone.
    Removed,
    /// It is in both, and differs.
    Changed,
}

impl Sign {
    /// Of what is in the old, in the new, or in both.
    pub fn of(old: bool, new: bool) -> Self {
        match (old, new) {
            (false, true) => Self::Added,
            (true, false) => Self::Removed,
            _ => Self::Changed,
        }
    }

    /// `+`, `-` or `~`.
    pub fn mark(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// Whose message it is about; none if about the whole exchange or strand.
    pub side: Option<Side>,
    /// Which stanza or element in the message, in words; empty for the message itself.
    pub subject: String,
    /// What of it.
    pub what: What,
    /// What was there.
    pub old: Option<String>,
    /// What is there now.
    pub new: Option<String>,
}

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// The title of a strand.
    Title,
    /// Where an exchange stands among the others.
    Place,
    /// The rid of a request, other than by what was added or left out before it.
    Rid,
    /// The status of HTTP.
    Status,
    /// When a response came.
    Timing,
    /// How a message was sent: again, cut, by which method.
    Manner,
    /// A header.
    Header(String),
    /// What kind of content a message has.
    Content,
    /// The name of the element that a message is.
    Root,
    /// An attribute.
    Attribute(String),
    /// A stanza.
    Stanza,
    /// An element in a stanza.
    Element,
    /// Character data, or a line of a content that is no XML.
    Text,
    /// The order of stanzas or elements.
    Order,
    /// In which message a stanza came.
    Moved,
    /// Which of two requests got which of two responses.
    Swapped,
    /// A name such as `[id-3]` that is not the one that it should be.
    Name(String),
    /// A difference without words of its own.
    Other,
}

impl What {
    /// The same in a word that does not change.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Place => "place",
            Self::Rid => "rid",
            Self::Status => "status",
            Self::Timing => "timing",
            Self::Manner => "manner",
            Self::Header(_) => "header",
            Self::Content => "content",
            Self::Root => "root",
            Self::Attribute(_) => "attribute",
            Self::Stanza => "stanza",
            Self::Element => "element",
            Self::Text => "text",
            Self::Order => "order",
            Self::Moved => "moved",
            Self::Swapped => "swapped",
            Self::Name(_) => "name",
            Self::Other => "other",
        }
    }

    /// The name of the header or attribute; of a name that is wrong, where it stands.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Header(name) | Self::Attribute(name) | Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// A difference in words: what is said of it, and the values. What the values are is said before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// What is said, without values.
    pub words: String,
    /// The old value, if it is not already said.
    pub old: Option<String>,
    /// The new one.
    pub new: Option<String>,
}

/// Whether it is said of a response that it came before one that was due earlier.
fn is_order(words: Option<&String>) -> bool {
    words.is_some_and(|words| words.starts_with("\"before that of "))
}

/// The old and the new, if they are two.
fn both(old: Option<String>, new: Option<String>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old != new => format!("{old} → {new}"),
        (old, new) => new.or(old).unwrap_or_default(),
    }
}

impl Phrase {
    /// What stands between the words and a value.
    pub fn glue(&self) -> &'static str {
        if self.words.ends_with(['=', ' ']) { "" } else { " " }
    }
}

impl Diff {
    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.strands.is_empty()
    }

    /// How many differences there are.
    pub fn count(&self) -> usize {
        self.strands.iter().map(StrandDiff::count).sum()
    }
}

impl StrandDiff {
    /// What it is called, or was and is.
    pub fn title(&self) -> String {
        both(self.old.clone(), self.new.clone())
    }

    /// Whether it came, went, or differs.
    pub fn sign(&self) -> Sign {
        Sign::of(self.old.is_some(), self.new.is_some())
    }

    /// How many differences there are.
    pub fn count(&self) -> usize {
        if self.sign() != Sign::Changed {
            return 1;
        }
        self.changes.len() + self.exchanges.iter().map(ExchangeDiff::count).sum::<usize>()
    }
}

impl ExchangeDiff {
    /// Where it stands: `[rid+3]`, or `[rid+3] → [rid+4]`.
    pub fn label(&self) -> String {
        let label = |place: &Option<Place>| place.as_ref().map(Place::label);
        both(label(&self.old), label(&self.new))
    }

    /// Whether it came, went, or differs.
    pub fn sign(&self) -> Sign {
        Sign::of(self.old.is_some(), self.new.is_some())
    }

    /// How many differences there are.
    pub fn count(&self) -> usize {
        self.changes.len() + usize::from(self.sign() != Sign::Changed)
    }
}

impl Change {
    /// Whether something came, went or became something else.
    pub fn sign(&self) -> Sign {
        match self.what {
            What::Moved | What::Swapped | What::Other => Sign::Changed,
            What::Manner if is_order(self.old.as_ref()) || is_order(self.new.as_ref()) => {
                Sign::Changed
            }
            _ => Sign::of(self.old.is_some(), self.new.is_some()),
        }
    }

    /// `request` or `response`.
    pub fn who(&self) -> &'static str {
        match self.side {
            Some(Side::Client) => "request",
            Some(Side::Server) => "response",
            None => "exchange",
        }
    }

    /// Says it.
    pub fn phrase(&self) -> Phrase {
        let Self { subject, what, old, new, .. } = self;
        let who = self.who();
        let at = if subject.is_empty() { who.to_owned() } else { format!("{who}: {subject}") };
        let verb = match self.sign() {
            Sign::Added => "gained ",
            Sign::Removed => "lost ",
            Sign::Changed => "",
        };
        let both = |words: String, mark: &str| {
            let value = |value: &Option<String>| value.as_ref().map(|v| format!("{mark}{v}{mark}"));
            Phrase { words, old: value(old), new: value(new) }
        };
        let said = |words: String| Phrase { words, old: None, new: None };
        let one = |value: &Option<String>| value.clone().unwrap_or_default();
        match what {
            What::Title => both("title".to_owned(), ""),
            What::Place => said(format!("comes {} instead of {}", one(new), one(old))),
            What::Rid => both("request rid".to_owned(), ""),
            What::Status => both(format!("{at} status"), ""),
            What::Manner if is_order(old.as_ref()) || is_order(new.as_ref()) => {
                let came = new.as_deref().unwrap_or("in the order of the requests");
                said(format!("{at} came {}", came.trim_matches('"')))
            }
            What::Timing | What::Manner => both(format!("{at} {verb}").trim_end().to_owned(), ""),
            What::Header(name) => both(format!("{at} {verb}header {name}:"), ""),
            What::Content => both(format!("{at} content"), ""),
            What::Root => both(format!("{at} is"), ""),
            What::Attribute(name) if self.sign() == Sign::Changed => {
                both(format!("{at} attribute {name}"), "'")
            }
            What::Attribute(name) => both(format!("{at} {verb}attribute {name}="), "'"),
            What::Stanza => said(match self.sign() {
                Sign::Removed => format!("{who}: {subject} no longer sent"),
                _ => format!("{who}: {subject} also sent"),
            }),
            What::Element => both(format!("{at} {verb}"), ""),
            What::Text => both(format!("{at} {verb}text "), "\""),
            What::Order => both(format!("{at} order"), ""),
            What::Moved => said(format!(
                "{subject} moved from the {who} {of}{} to that {of}{}",
                one(old),
                one(new),
                of = if self.side == Some(Side::Server) { "to " } else { "" }
            )),
            What::Swapped => {
                said(format!("responses to {} and {} are swapped", one(old), one(new)))
            }
            What::Name(part) if part == "id" => both(format!("{at} has the id of another:"), ""),
            What::Name(part) => both(format!("{at} names another in its {part}:"), ""),
            What::Other => said(format!("{who} differs")),
        }
    }

    /// All of it in a line, without its sign.
    pub fn words(&self) -> String {
        let phrase = self.phrase();
        let glue = phrase.glue();
        let Phrase { mut words, old, new } = phrase;
        match (old, new) {
            (Some(old), Some(new)) => {
                words += &format!("{glue}{old} → {new}");
            }
            (Some(value), None) | (None, Some(value)) => {
                words += &format!("{glue}{value}");
            }
            (None, None) => {}
        }
        words
    }
}
