//! Each file with the path that it has in the project.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");
static TARGETS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/targets");

/// A recording, by its path in the project.
macro_rules! recording {
    ($path:literal) => {
        ($path, include_str!(concat!("../../", $path)))
    };
}

/// The recordings that README and `docs/` show; a test compares.
const RECORDINGS: [(&str, &str); 9] = [
    recording!("fixtures/broken.ndjson"),
    recording!("fixtures/converse.ndjson"),
    recording!("fixtures/field/gone-without-close.ndjson"),
    recording!("fixtures/field/idle-cut-after-50-s.ndjson"),
    recording!("fixtures/field/resume-failed-no-bind.ndjson"),
    recording!("fixtures/gloox-http10.ndjson"),
    recording!("fixtures/import/chrome-websocket.har"),
    recording!("fixtures/strophe-login-chat.ndjson"),
    recording!("fixtures/strophe-reload-resend.ndjson"),
];

/// A text file that is part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// Its path in its folder of the project, as in `xep-0124/11-overactivity/polls.yaml`.
    pub path: PathBuf,
    /// What it contains.
    pub text: &'static str,
}

/// All files of `scenarios/`, by path.
pub fn scenarios() -> Vec<Bundled> {
    all(&SCENARIOS)
}

/// All target files of `targets/`, by path. What starts the servers is not one.
pub fn targets() -> Vec<Bundled> {
    let is_target = |file: &Bundled| file.path.extension().is_some_and(|ending| ending == "yaml");
    all(&TARGETS).into_iter().filter(is_target).collect()
}

/// The names of all target files.
pub fn target_names() -> Vec<&'static str> {
    let paths = TARGETS.files().filter_map(|file| file.path().to_str());
    let mut names: Vec<_> = paths.filter_map(|path| path.strip_suffix(".yaml")).collect();
    names.sort_unstable();
    names
}

/// The target file of this name, which is its path without the ending.
pub fn target(name: &str) -> Option<Bundled> {
    targets().into_iter().find(|file| file.path.with_extension("").as_os_str() == name)
}

/// The recording that has this path in the project.
pub fn recording(path: &Path) -> Option<&'static str> {
    let path = path.strip_prefix(".").unwrap_or(path);
    RECORDINGS.iter().find(|(known, _)| path == Path::new(known)).map(|(_, text)| *text)
}

fn all(folder: &'static Dir<'static>) -> Vec<Bundled> {
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        folders.extend(folder.dirs());
        let texts = folder.files().filter_map(|file| Some((file.path(), file.contents_utf8()?)));
        found.extend(texts.map(|(path, text)| Bundled { path: path.to_owned(), text }));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The files below a folder of the project.
    fn on_disk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                on_disk(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn nothing_is_missing_and_nothing_is_old() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (folder, files) in [("scenarios", scenarios()), ("targets", targets())] {
            let mut expected = Vec::new();
            on_disk(&root.join(folder), &mut expected);
            expected.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
            expected.sort();
            let paths: Vec<_> =
                files.iter().map(|file| root.join(folder).join(&file.path)).collect();
            assert_eq!(paths, expected, "touch src/bundle/files.rs: a new file is not noticed");
            for (path, file) in paths.iter().zip(&files) {
                assert_eq!(fs::read_to_string(path).unwrap(), file.text, "{path:?}");
            }
        }
    }

    #[test]
    fn targets_have_names_and_recordings_have_paths() {
        assert_eq!(target_names().len(), targets().len());
        assert!(target_names().iter().all(|name| target(name).is_some()));
        assert!(target("prosody").unwrap().text.contains("name: Prosody"));
        assert_eq!(target("prosody.yaml"), None);
        assert_eq!(target(""), None);
        let path = Path::new("fixtures/broken.ndjson");
        assert!(recording(path).unwrap().starts_with("{\"xmppscope\":\"capture\""));
        assert_eq!(recording(&Path::new(".").join(path)), recording(path));
        assert_eq!(recording(Path::new("broken.ndjson")), None);
    }
}
