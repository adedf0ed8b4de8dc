//! The conformance pack: what `xmppscope run` runs if nothing is named, and what `xmppscope spec` knows of; and the
//! examples beside it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::load::{Loaded, load_texts};
use crate::bundle;
use crate::diag::name;

/// The folder whose files are part of the program, as the paths of scenarios begin.
const FOLDER: &str = "scenarios";
/// The folders in there that make up the pack.
const PACK: [&str; 14] = [
    "xep-0124", "xep-0206", "rfc7395", "rfc6455", "rfc6120", "rfc5802", "rfc7622", "rfc7590",
    "xep-0198", "xep-0156", "xep-0368", "xep-0388", "xep-0386", "rfc6121",
];
/// The folder of scenarios that test clients.
const CLIENT_PACK: &str = "client";
/// The folder of examples.
const EXAMPLES: &str = "examples";

/// The pack, in the order of the specifications and their sections; read at the first use.
pub fn pack() -> &'static Loaded {
    static LOADED: LazyLock<Loaded> = LazyLock::new(|| read(&PACK));
    &LOADED
}

/// The pack for clients, in the same way.
pub fn client_pack() -> &'static Loaded {
    static LOADED: LazyLock<Loaded> = LazyLock::new(|| read(&[CLIENT_PACK]));
    &LOADED
}

/// The examples that are part of the program, in the same way.
pub fn examples() -> &'static Loaded {
    static LOADED: LazyLock<Loaded> = LazyLock::new(|| read(&[EXAMPLES]));
    &LOADED
}

/// Whether a scenario, or a folder of them, with this path is part of the program.
pub fn is_built_in(path: &Path) -> bool {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.starts_with(FOLDER) && built_in().iter().any(|(known, _)| known.starts_with(path))
}

/// Every file, with its path.
fn built_in() -> Vec<(PathBuf, &'static str)> {
    let files = bundle::scenarios().into_iter();
    files.map(|file| (Path::new(FOLDER).join(file.path), file.text)).collect()
}

fn read(folders: &[&str]) -> Loaded {
    let files = built_in();
    let within =
        |path: &Path| folders.iter().any(|it| path.starts_with(Path::new(FOLDER).join(it)));
    let mut texts: Vec<_> = files
        .iter()
        .filter(|(path, _)| within(path))
        .map(|(path, text)| (path.clone(), (*text).to_owned()))
        .collect();
    texts.sort_by_key(|(path, _)| order(path));
    // Shared files stand beside them.
    load_texts(texts, &|path| {
        let found = files.iter().find(|(known, _)| known == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
    })
}

/// `14.10` comes behind `14.9`.
fn order(path: &Path) -> Vec<(u64, String)> {
    name(path)
        .to_string()
        .split(['/', '.', '-'])
        .map(|part| match part.parse() {
            Ok(number) => (number, String::new()),
            Err(_) => (u64::MAX, part.to_owned()),
        })
        .collect()
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
    fn the_pack_and_the_examples_have_no_mistakes() {
        for (loaded, least) in [(pack(), 150), (client_pack(), 5), (examples(), 10)] {
            let mistakes = &loaded.mistakes;
            assert!(
                mistakes.is_empty(),
                "{}",
                mistakes.first().map_or_else(String::new, |one| one.render(false))
            );
            assert!(loaded.scenarios.len() >= least, "{}", loaded.scenarios.len());
        }
    }

    /// A specification whose folder is not in the list would be tested by nobody.
    #[test]
    fn every_folder_is_part_of_the_program() {
        let others = [CLIENT_PACK, EXAMPLES, "shared"];
        for file in bundle::scenarios() {
            let first = file.path.components().next().map(|part| part.as_os_str().to_owned());
            let known =
                PACK.iter().chain(&others).any(|known| first.as_deref() == Some(known.as_ref()));
            assert!(known, "{}", name(&file.path));
        }
    }

    #[test]
    fn files_and_folders_of_the_program_are_known() {
        for path in
            ["scenarios", "scenarios/", "./scenarios/xep-0124", "scenarios/examples/room.yaml"]
        {
            assert!(is_built_in(Path::new(path)), "{path}");
        }
        for path in ["", ".", "xep-0124", "scenarios/xep-0", "scenarios/mine.yaml", "/scenarios"] {
            assert!(!is_built_in(Path::new(path)), "{path}");
        }
    }
}
