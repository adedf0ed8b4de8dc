//! Imports only point down the list of rooms.

use std::fs;
use std::path::{Path, PathBuf};

/// From top to bottom, as in `src/lib.rs`.
const ROOMS: [&str; 19] = [
    "cli", "ui", "report", "snapshot", "runner", "defects", "scenario", "proxy", "cm", "client",
    "rules", "trace", "wire", "bosh", "xmpp", "xml", "spec", "clock", "diag",
];

#[test]
fn imports_only_point_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (level, room) in ROOMS.iter().enumerate() {
        for file in files(&source.join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                for other in named(line) {
                    checked += 1;
                    let below = ROOMS.iter().position(|name| *name == other);
                    if below.is_none_or(|below| below < level) {
                        let place = file.strip_prefix(&source).unwrap().display();
                        wrong.push(format!("{place}:{}: {room} imports {other}", number + 1));
                    }
                }
            }
        }
    }
    assert!(checked > 20, "the test found only {checked} imports: does it still read the code?");
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(ROOMS.contains(&name.as_str()), "src/{name} is missing in the list of rooms");
        }
    }
}

/// The rooms that a line of code names: `crate::room`, outside of comments.
fn named(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|name| !name.is_empty())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
