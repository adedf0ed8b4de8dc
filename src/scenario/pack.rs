//! The conformance pack, compiled in: what `xmppscope run` runs if nothing is named, and what `xmppscope spec` knows of.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use include_dir::{Dir, File, include_dir};

use super::load::{Loaded, load_texts};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The folders of `scenarios/` that make up the pack; what else is there is an example.
const FOLDERS: [&str; 2] = ["xep-0124", "xep-0206"];

/// The pack, in the order of the specifications and their sections; read at the first use.
pub fn pack() -> &'static Loaded {
    static PACK: LazyLock<Loaded> = LazyLock::new(|| {
        let mut texts: Vec<(PathBuf, String)> = Vec::new();
        for folder in FOLDERS {
            if let Some(folder) = FILES.get_dir(folder) {
                collect(folder, &mut texts);
            }
        }
        texts.sort_by_key(|(path, _)| order(path));
        load_texts(texts, &other)
    });
    &PACK
}

/// `14.10` comes behind `14.9`.
fn order(path: &Path) -> Vec<(u64, String)> {
    path.to_string_lossy()
        .split(['/', '.', '-'])
        .map(|part| match part.parse() {
            Ok(number) => (number, String::new()),
            Err(_) => (u64::MAX, part.to_owned()),
        })
        .collect()
}

fn collect(folder: &Dir<'_>, texts: &mut Vec<(PathBuf, String)>) {
    for file in folder.files() {
        let is_yaml = file.path().extension().is_some_and(|end| end == "yaml");
        if let Some(text) = file.contents_utf8().filter(|_| is_yaml) {
            texts.push((Path::new("scenarios").join(file.path()), text.to_owned()));
        }
    }
    for folder in folder.dirs() {
        collect(folder, texts);
    }
}

/// Shared files beside the pack are compiled in as well.
fn other(path: &Path) -> io::Result<String> {
    let inside = path.strip_prefix("scenarios").unwrap_or(path);
    let text = FILES.get_file(inside).and_then(File::contents_utf8);
    text.map(str::to_owned).ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_in_their_order() {
        assert!(order(Path::new("xep-0124/9.2-x/a")) < order(Path::new("xep-0124/10-x/a")));
        assert!(order(Path::new("xep-0124/14.2-x/a")) < order(Path::new("xep-0124/14.10-x/a")));
        assert!(order(Path::new("xep-0124/22-x/a")) < order(Path::new("xep-0206/2-x/a")));
    }

    #[test]
    fn the_pack_has_no_mistakes() {
        let mistakes = &pack().mistakes;
        assert!(
            mistakes.is_empty(),
            "{}",
            mistakes.first().map_or_else(String::new, |one| one.render(false))
        );
        assert!(pack().scenarios.len() > 150, "{}", pack().scenarios.len());
    }
}
