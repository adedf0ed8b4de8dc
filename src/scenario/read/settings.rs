//! `xmppscope.yaml` (docs/reference/transcript.md).

use std::path::Path;
use std::sync::Arc;

use super::reader::Reader;
use super::values::items;
use crate::diag::Mistakes;
use crate::scenario::settings::{Replacement, Settings, Varies};
use crate::scenario::source::Source;
use crate::scenario::yaml::{self, Yaml};

/// Names that the protocol gives.
const TAKEN: [&str; 9] = ["rid", "sid", "stream", "key", "time", "id", "res", "user", "port"];

/// Reads a file; with a mistake in it, all mistakes.
pub fn read_settings(path: &Path, text: String) -> Result<Settings, Mistakes> {
    let source = &Arc::new(Source { path: path.to_owned(), text: text.into() });
    let mut reader = Reader::default();
    let yaml = yaml::read(source, &mut reader.mistakes);
    let settings = yaml.and_then(|yaml| reader.settings(&yaml));
    reader.whole(source, settings, "expected `transcript:`")
}

impl Reader {
    fn settings(&mut self, yaml: &Yaml) -> Option<Settings> {
        let mut fields = self.fields(yaml, "the settings")?;
        let mut settings = Settings::default();
        if let Some(yaml) = fields.take("transcript")
            && let Some(mut fields) = self.fields(yaml, "`transcript`")
        {
            if let Some(yaml) = fields.take("replace") {
                for item in items(yaml) {
                    settings.replace.extend(self.replacement(item));
                }
            }
            self.finish(&fields);
        }
        self.finish(&fields);
        Some(settings)
    }

    fn replacement(&mut self, yaml: &Yaml) -> Option<Replacement> {
        let mut fields = self.fields(yaml, "a replacement")?;
        let at = fields.take("at");
        let like = fields.take("like");
        let name = self.required(&mut fields, "name");
        self.finish(&fields);
        let name = self.replacement_name(name?)?;
        let what = match (at, like) {
            (Some(at), None) => self.varies_at(at)?,
            (None, Some(like)) => Varies::Like(self.pattern(like)?.value),
            _ => {
                self.wrong(&yaml.place, "a replacement needs either `at` or `like`", "");
                return None;
            }
        };
        Some(Replacement { what, name })
    }

    fn replacement_name(&mut self, yaml: &Yaml) -> Option<String> {
        let name = self.string(yaml)?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            self.wrong(&name.place, "a name may contain only the letters a to z", "");
            return None;
        }
        if TAKEN.contains(&&**name) {
            let message = format!("`{}` is a reserved name", name.value);
            self.wrong(&name.place, message, "choose another name");
            return None;
        }
        Some(name.value)
    }

    /// `message/body`, `iq/query/@ver`
    fn varies_at(&mut self, yaml: &Yaml) -> Option<Varies> {
        let text = self.string(yaml)?;
        let mut elements: Vec<String> = text.split('/').map(str::to_owned).collect();
        let attribute = elements.last().and_then(|last| last.strip_prefix('@')).map(str::to_owned);
        if attribute.is_some() {
            elements.pop();
        }
        let fits = |name: &String| !name.is_empty() && !name.contains(['@', '[', ' ', '<']);
        if elements.is_empty() || !elements.iter().chain(&attribute).all(fits) {
            let help = "write element names separated by `/`, `*` for any element, and `@name` at the end for an attribute";
            let message = format!("`{}` is not a valid place in a stanza", text.value);
            self.wrong_with_help(&text.place, message, "", help);
            return None;
        }
        Some(Varies::At { elements, attribute })
    }
}
