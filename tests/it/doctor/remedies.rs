//! The snippets that users are shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

/// All remedies, as they are shipped.
pub static REMEDIES: LazyLock<Vec<Remedy>> = LazyLock::new(|| {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor/remedies.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
});

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remedy {
    pub trouble: String,
    pub advice: String,
    #[serde(default)]
    pub snippets: BTreeMap<String, String>,
}

/// The snippet of a trouble for a program, with its placeholders.
pub fn snippet(trouble: &str, program: &str) -> &'static str {
    let remedy = REMEDIES.iter().find(|remedy| remedy.trouble == trouble);
    let remedy = remedy.unwrap_or_else(|| panic!("there is no remedy for {trouble}"));
    let snippet = remedy.snippets.get(program);
    snippet.unwrap_or_else(|| panic!("the remedy for {trouble} has no snippet for {program}"))
}
