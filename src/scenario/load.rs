//! Files of scenarios, with the shared ones they use.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::check::check;
use super::model::{Actor, CLIENT, Scenario, Session};
use super::read::{File, FileKind, Said, read};
use super::source::{Located, Place, Source};
use crate::diag::Diagnostic;

/// What was found in files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The scenarios, in the order of the paths given and within a folder by name. One with a mistake is left out.
    pub scenarios: Vec<Scenario>,
    /// How many shared files were read.
    pub shared: usize,
    /// All mistakes of all files, by file and place.
    pub mistakes: Vec<Diagnostic>,
}

/// Why files can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system says no.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Something is named that holds none.
    #[error("no scenarios (*.yaml) in {}", .0.display())]
    Nothing(PathBuf),
}

/// Longer files are refused.
const LONGEST: u64 = 1024 * 1024;

/// Reads files, and all `*.yaml` and `*.yml` of folders and of what is in them.
pub fn load(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        find(path, true, &mut files)?;
        if files.len() == before {
            return Err(LoadError::Nothing(path.clone()));
        }
    }
    let mut texts = Vec::new();
    for path in files {
        let text =
            text(&path).map_err(|error| LoadError::Unreadable { path: path.clone(), error })?;
        texts.push((path, text));
    }
    Ok(load_texts(texts, &text))
}

/// The same for texts that were read otherwise. `other` reads the shared files that are not among them.
pub fn load_texts(
    texts: impl IntoIterator<Item = (PathBuf, String)>,
    other: &dyn Fn(&Path) -> io::Result<String>,
) -> Loaded {
    let mut library = Library { other, files: BTreeMap::new(), loaded: Loaded::default() };
    let mut order = Vec::new();
    for (path, text) in texts {
        let key = plain(&path);
        if !library.files.contains_key(&key) {
            library.add(key.clone(), path, text);
            order.push(key);
        }
    }
    for key in order {
        library.finish(&key);
    }
    let mut loaded = library.loaded;
    loaded.mistakes.sort_by(|a, b| (&a.name, a.span.start).cmp(&(&b.name, b.span.start)));
    loaded
}

fn find(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), LoadError> {
    let unreadable = |error| LoadError::Unreadable { path: path.to_owned(), error };
    let folder = fs::metadata(path).map_err(unreadable)?.is_dir();
    if folder {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries: Vec<_> =
            entries.map_err(unreadable)?.into_iter().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            find(&entry, false, files)?;
        }
    } else if named || path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
        files.push(path.to_owned());
    }
    Ok(())
}

fn text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > LONGEST {
        return Err(io::Error::other(format!("larger than {LONGEST} bytes")));
    }
    fs::read_to_string(path)
}

struct Library<'a> {
    other: &'a dyn Fn(&Path) -> io::Result<String>,
    files: BTreeMap<PathBuf, Entry>,
    loaded: Loaded,
}

struct Entry {
    source: Arc<Source>,
    file: Option<File>,
    /// Whether there were mistakes.
    sound: bool,
}

impl Library<'_> {
    fn add(&mut self, key: PathBuf, path: PathBuf, text: String) {
        let source = Arc::new(Source { path, text });
        let (file, mistakes) = read(&source);
        if matches!(file.as_ref().map(|file| &file.kind), Some(FileKind::Shared)) {
            self.loaded.shared += 1;
        }
        self.files.insert(key, Entry { source, file, sound: mistakes.is_empty() });
        self.loaded.mistakes.extend(mistakes);
    }

    /// Checks one of the files as a whole, with what it uses.
    fn finish(&mut self, key: &Path) {
        let Some(Entry { file: Some(file), .. }) = self.files.get(key) else { return };
        let named = file.uses.clone();
        let folder = key.parent().unwrap_or(Path::new("")).to_owned();
        let mut used = Vec::new();
        let mut sound = true;
        for path in &named {
            let key = plain(&folder.join(&path.value));
            sound &= self.need(&key, path);
            used.push(key);
        }
        let Some(entry) = self.files.get(key) else { return };
        let Some(file) = &entry.file else { return };
        sound &= entry.sound;
        let shared: Vec<_> = used
            .iter()
            .filter_map(|key| self.files.get(key))
            .inspect(|entry| sound &= entry.sound)
            .filter_map(|entry| entry.file.as_ref())
            .collect();
        let is_scenario = matches!(file.kind, FileKind::Scenario(_));
        let scenario = assemble(&entry.source, file, &shared);
        // A shared file may set what only its users need.
        let mistakes = check(&scenario, sound && is_scenario);
        if is_scenario && sound && mistakes.is_empty() {
            self.loaded.scenarios.push(scenario);
        }
        for mistake in mistakes {
            // What is wrong in a shared file is found with each of its users.
            if !self.loaded.mistakes.contains(&mistake) {
                self.loaded.mistakes.push(mistake);
            }
        }
    }

    /// Sees that a shared file was read. Whether it can be used.
    fn need(&mut self, key: &Path, named: &Located<PathBuf>) -> bool {
        if !self.files.contains_key(key) {
            match (self.other)(key) {
                Ok(text) => self.add(key.to_owned(), key.to_owned(), text),
                Err(error) => {
                    let message = format!("cannot read `{}`: {error}", named.value.display());
                    self.loaded.mistakes.push(named.place.mistake(message, ""));
                    return false;
                }
            }
        }
        let scenario = matches!(
            self.files.get(key).and_then(|entry| entry.file.as_ref()).map(|file| &file.kind),
            Some(FileKind::Scenario(_))
        );
        if scenario {
            let mut mistake = named.place.mistake("this is a scenario, not a shared file", "");
            mistake.help = Some("a shared file begins with `shared:`".to_owned());
            self.loaded.mistakes.push(mistake);
        }
        !scenario
    }
}

/// A path without `.` and `..`, as far as that is seen from its text.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// A scenario of its own file and the shared ones. A shared file by itself makes one too, to be checked.
fn assemble(source: &Arc<Source>, file: &File, shared: &[&File]) -> Scenario {
    let whole = Place { source: Arc::clone(source), span: 0..source.text.len() };
    let mut scenario = match &file.kind {
        FileKind::Scenario(scenario) => (**scenario).clone(),
        FileKind::Shared => Scenario::unnamed(whole.clone()),
    };
    let start = whole.part(0..0);
    let said = [file].into_iter().chain(shared.iter().rev().copied()).map(|file| &file.session);
    let session = match said.into_iter().find(|said| !matches!(said, Said::Nothing)) {
        Some(Said::Session(session)) => Some((**session).clone()),
        Some(Said::None) => None,
        Some(Said::Nothing) | None => Some(Session::usual(&start)),
    };
    let place = session.as_ref().map_or(start, |session| session.place.clone());
    let name = Located::new(CLIENT.to_owned(), place);
    scenario.actors.push(Actor { name, count: None, session });
    for one in shared.iter().copied().chain([file]) {
        scenario.needs.extend(one.needs.iter().cloned());
        scenario.actors.extend(one.actors.iter().cloned());
        scenario.set.extend(one.set.iter().cloned());
    }
    scenario.setup = shared.iter().flat_map(|file| file.steps.iter().cloned()).collect();
    scenario.steps.clone_from(&file.steps);
    scenario
}
