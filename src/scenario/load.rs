//! Files of scenarios, with the shared ones they use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::check::check;
use super::find::{Found, LoadError};
use super::limits;
use super::model::{Actor, CLIENT, Scenario, Session};
use super::read::{File, FileKind, Said, read};
use super::source::{Located, Place, Source};
use crate::diag::{Mistakes, name};
use crate::files::text as read_text;

/// What was found in files.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The scenarios, in the order of the paths given and within a folder by name. One with a mistake is left out.
    pub scenarios: Vec<Scenario>,
    /// All files that were read.
    pub files: Vec<PathBuf>,
    /// How many shared files were read.
    pub shared: usize,
    /// The mistakes of all files, by file and place.
    pub mistakes: Mistakes,
    /// What was found in folders and not looked at, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
}

/// Reads files, and all `*.yaml` and `*.yml` of folders and of what is in them.
pub fn load(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut found = Found::default();
    for path in paths {
        let before = found.files.len();
        found.look(path)?;
        if found.files.len() == before {
            return Err(LoadError::Nothing(path.clone()));
        }
    }
    let mut texts = Vec::new();
    let mut foreign = Mistakes::default();
    let mut size = 0;
    for file in found.files {
        let path = file.path;
        let text = read_text(&path, limits::FILE)
            .map_err(|error| LoadError::Unreadable { path: path.clone(), error })?;
        size += text.len() as u64;
        // What is found through a link may be anything: no line of it is shown before it is known to be a scenario.
        if file.foreign && !is_recognised(&text) {
            let source = Arc::new(Source { path, text: "".into() });
            let message = "not a scenario: it has no `name:` and `covers:`, and no `shared:`";
            let mut mistake = Place { source, span: 0..0 }.mistake(message, "");
            let help = "a link leads to it out of the folder, so its text is not shown";
            mistake.help = Some(help.to_owned());
            foreign.push(mistake);
            continue;
        }
        texts.push((path, text));
        if size > limits::ALL_FILES {
            break; // which is noted as a mistake when they are put together
        }
    }
    let mut loaded = load_texts(texts, &shared_text);
    foreign.append(loaded.mistakes);
    foreign.sort();
    loaded.mistakes = foreign;
    loaded.skipped = found.skipped;
    Ok(loaded)
}

/// Whether a text is a scenario or a shared file, as far as that is seen without reading it.
fn is_recognised(text: &str) -> bool {
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("shared:") || has("name:") && has("covers:")
}

/// The same for texts that were read otherwise. `other` reads the shared files that are not among them.
pub fn load_texts(
    texts: impl IntoIterator<Item = (PathBuf, String)>,
    other: &dyn Fn(&Path) -> io::Result<String>,
) -> Loaded {
    let loaded = Loaded::default();
    let room = Some(limits::ALL_FILES);
    let mut library = Library { other, files: BTreeMap::new(), room, loaded };
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
    let Library { files, mut loaded, .. } = library;
    loaded.files = files.into_values().map(|entry| entry.source.path.clone()).collect();
    loaded.mistakes.sort();
    loaded
}

/// The text of a shared file. A scenario may name any file: nothing that could be waited for.
fn shared_text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    read_text(path, limits::FILE)
}

struct Library<'a> {
    other: &'a dyn Fn(&Path) -> io::Result<String>,
    files: BTreeMap<PathBuf, Entry>,
    /// How many bytes of scenarios may be put together yet; none if there were too many.
    room: Option<u64>,
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
        let source = Arc::new(Source { path, text: text.into() });
        let (file, mistakes) = read(&source);
        if matches!(file.as_ref().map(|file| &file.kind), Some(FileKind::Shared)) {
            self.loaded.shared += 1;
        }
        self.files.insert(key, Entry { source, file, sound: mistakes.is_empty() });
        self.loaded.mistakes.append(mistakes);
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
            if used.contains(&key) {
                let message = format!("`{}` is used twice", name(&path.value));
                self.loaded.mistakes.push(path.place.mistake(message, ""));
                return;
            }
            sound &= self.need(&key, path);
            used.push(key);
        }
        if !self.has_room(key, &used) {
            return;
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
        let mut mistakes = check(&scenario, sound && is_scenario);
        if is_scenario && sound && mistakes.is_empty() {
            self.loaded.scenarios.push(scenario);
        }
        // What is wrong in a shared file is found with each of its users.
        mistakes.retain(|mistake| !self.loaded.mistakes.contains(mistake));
        self.loaded.mistakes.append(mistakes);
    }

    /// Whether there is room for one more scenario, put together of these files. That there is none is a mistake, once.
    fn has_room(&mut self, key: &Path, used: &[PathBuf]) -> bool {
        let Some(room) = self.room else { return false };
        let own = [key].into_iter().chain(used.iter().map(PathBuf::as_path));
        let texts = own.filter_map(|key| self.files.get(key)).map(|entry| &entry.source.text);
        self.room = room.checked_sub(texts.map(|text| text.len() as u64).sum());
        if self.room.is_none()
            && let Some(entry) = self.files.get(key)
        {
            let place = Place { source: Arc::clone(&entry.source), span: 0..0 };
            let message = format!(
                "all scenarios, each with its shared files, are larger than {} MiB, the limit",
                limits::ALL_FILES >> 20
            );
            let mut mistake = place.mistake(message, "this one is too many");
            mistake.help = Some("name fewer files, or one folder after the other".to_owned());
            self.loaded.mistakes.push(mistake);
        }
        self.room.is_some()
    }

    /// Sees that a shared file was read. Whether it can be used.
    fn need(&mut self, key: &Path, named: &Located<PathBuf>) -> bool {
        if !self.files.contains_key(key) {
            match (self.other)(key) {
                Ok(text) if is_recognised(&text) => self.add(key.to_owned(), key.to_owned(), text),
                // Whoever wrote the scenario may not be allowed to see the file: no line of it is shown.
                Ok(_) => {
                    let message = format!("`{}` is not a shared file", name(&named.value));
                    let mut mistake = named.place.mistake(message, "");
                    mistake.help = Some("a shared file begins with `shared:`".to_owned());
                    self.loaded.mistakes.push(mistake);
                    return false;
                }
                Err(error) => {
                    let message = format!("cannot read `{}`: {error}", name(&named.value));
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
    if scenario.client.is_some() {
        scenario.set.clone_from(&file.set);
        return scenario;
    }
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
    // What a shared file sets, a scenario may sweep.
    let swept: BTreeSet<String> = scenario
        .sweep
        .iter()
        .flat_map(|row| row.values.iter().map(|value| value.name.value.clone()))
        .collect();
    scenario.set.retain(|set| {
        Arc::ptr_eq(&set.name.place.source, source) || !swept.contains(&set.name.value)
    });
    scenario.setup = shared.iter().flat_map(|file| file.steps.iter().cloned()).collect();
    scenario.steps.clone_from(&file.steps);
    scenario
}
