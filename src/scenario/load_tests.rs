//! Which files are read, and what is shown of those that are none of ours.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::load::{Loaded, load, load_texts};
use super::{LoadError, limits, schema};
use crate::diag::{Mistakes, name};

const SCENARIO: &str = "name: a\ncovers: [bosh-long-polling]\nsteps: []\n";
const SHARED: &str = "shared: a\nsteps:\n  - note: x\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Loaded {
    load(&[folder.to_owned()]).unwrap()
}

fn rendered(mistakes: &Mistakes) -> String {
    mistakes.iter().map(|mistake| mistake.render(false) + "\n").collect()
}

#[test]
fn links_that_lead_round_in_a_circle_are_skipped_and_named() {
    let folder = folder(&[("a.yaml", SCENARIO), ("b/c.yaml", SCENARIO), ("d/e.yaml", SCENARIO)]);
    let path = folder.path();
    symlink("..", path.join("b/up")).unwrap();
    symlink(path, path.join("b/whole")).unwrap();
    symlink("../d", path.join("b/other")).unwrap();
    symlink("../b", path.join("d/other")).unwrap();
    symlink("self", path.join("self")).unwrap();
    symlink("self.yaml", path.join("self.yaml")).unwrap();
    symlink("nowhere", path.join(".#lock")).unwrap();
    let loaded = read(path);
    assert_eq!(rendered(&loaded.mistakes), "");
    // Each once, and what is reached by a link again.
    assert_eq!(loaded.scenarios.len(), 5);
    let inside = |path: &PathBuf| name(path.strip_prefix(folder.path()).unwrap()).to_string();
    let skipped: Vec<String> = loaded.skipped.iter().map(|(path, _)| inside(path)).collect();
    let expected = [
        "b/other/other",
        "b/up",
        "b/whole",
        "d/other/other",
        "d/other/up",
        "d/other/whole",
        "self",
        "self.yaml",
    ];
    assert_eq!(skipped, expected);
}

#[test]
fn a_link_that_leads_nowhere_is_an_error_if_it_should_be_a_scenario() {
    let folder = folder(&[("a.yaml", SCENARIO)]);
    symlink("nowhere", folder.path().join("b.yaml")).unwrap();
    let error = load(&[folder.path().to_owned()]).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }), "{error}");
}

#[test]
fn a_socket_in_a_folder_is_skipped() {
    let folder = folder(&[("a.yaml", SCENARIO)]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("b.yaml")).unwrap();
    assert_eq!(read(folder.path()).skipped[0].1, "it is not a regular file");
}

#[test]
fn no_line_is_shown_of_a_file_that_a_foreign_scenario_uses_or_a_foreign_folder_links_to() {
    let secret = folder(&[("key", "SECRET: KEY\n"), ("key.yaml", "kind: SECRET\ndata: KEY\n")]);
    let at = |file: &str| name(&secret.path().join(file)).to_string();
    let uses =
        |path: &str| format!("name: a\ncovers: [bosh-long-polling]\nuse: {path}\nsteps: []\n");
    let files = [
        ("a.yaml", uses(&at("key"))),
        ("b.yaml", uses(&at("key.yaml"))),
        ("c.yaml", uses("/dev/zero")),
        ("d.yaml", uses("/proc/self/environ")),
        ("e.yaml", uses("/no/such")),
    ];
    let foreign = folder(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    symlink(at("key"), foreign.path().join("f.yaml")).unwrap();
    symlink(at("key.yaml"), foreign.path().join("g.yaml")).unwrap();
    let loaded = read(foreign.path());
    let text = rendered(&loaded.mistakes);
    assert!(!text.contains("SECRET") && !text.contains("KEY"), "{text}");
    assert_eq!(loaded.mistakes.len(), 7, "{text}");
    for (words, times) in [
        ("is not a shared file", 3),
        ("it is not a regular file", 1),
        ("cannot read `/no/such`", 1),
        ("not a scenario: it has no `name:`", 2),
        ("so its text is not shown", 2),
    ] {
        assert_eq!(text.matches(words).count(), times, "{words}: {text}");
    }
    // Those that are what they are used as are shown as any.
    let sound = folder(&[("x/s.yaml", SHARED), ("y/a.yaml", &uses("../x/s.yaml"))]);
    symlink(sound.path().join("y/a.yaml"), foreign.path().join("x.yaml")).unwrap();
    let loaded = read(&sound.path().join("y"));
    assert_eq!((rendered(&loaded.mistakes), loaded.shared), (String::new(), 1));
}

#[test]
fn a_file_that_is_too_large_and_one_that_has_no_length_are_named() {
    let large = folder(&[("a.yaml", &"#".repeat(limits::FILE as usize + 1))]);
    for path in [large.path().join("a.yaml"), "/dev/zero".into()] {
        let error = load(std::slice::from_ref(&path)).unwrap_err().to_string();
        let expected = format!("cannot read {}: it is larger than 1 MiB", name(&path));
        assert!(error.starts_with(&expected), "{error}");
    }
}

/// A small file each, which would be put together with a large one each.
#[test]
fn scenarios_are_put_together_up_to_a_limit() {
    let shared = format!("{SHARED}{}", "#\n".repeat(400_000));
    let mut texts = vec![("s.yaml".into(), shared)];
    for n in 0..100 {
        let text = "name: a\ncovers: [bosh-long-polling]\nuse: s.yaml\nsteps: []\n".to_owned();
        texts.push((format!("{n}.yaml").into(), text));
    }
    let loaded = load_texts(texts, &|_| unreachable!("it is among them"));
    assert_eq!(loaded.scenarios.len(), 19);
    assert_eq!(loaded.mistakes.len(), 1);
    assert!(loaded.mistakes[0].message.contains("larger than 16 MiB"));
}

/// The mistakes of a scenario; what each is made of once took memory or time by the square of the file's size.
#[test]
fn what_a_shared_file_sets_a_scenario_may_sweep() {
    let shared = "shared: a\nset: { kind: none, other: x }\nsteps:\n  - note: ${kind} ${other}\n";
    let scenario = "name: a\ncovers: [bosh-long-polling]\nuse: [shared.yaml]\nsweep: { kind: [one, two] }\nsteps: []\n";
    let folder = folder(&[("shared.yaml", shared), ("a.yaml", scenario)]);
    let loaded = read(folder.path());
    assert_eq!(rendered(&loaded.mistakes), "");
    let set: Vec<_> = loaded.scenarios[0].set.iter().map(|set| &set.name.value).collect();
    assert_eq!(set, ["other"]);
}

fn many(head: &str, steps: &str) -> Mistakes {
    let text = format!("name: a\ncovers: [bosh-long-polling]\n{head}steps:\n{steps}");
    let loaded =
        load_texts([("a.yaml".into(), text)], &|_| Err(std::io::Error::other("not there")));
    assert!(loaded.scenarios.is_empty());
    loaded.mistakes
}

#[test]
fn of_many_mistakes_a_hundred_are_kept() {
    let lines = |line: &str, count| line.repeat(count);
    let all = |lines: Vec<String>| lines.concat();
    let keys = all((0..4000).map(|n| format!("kexy{n}: 1\n")).collect());
    let known = all((0..500).map(|n| format!("  abcdefghijklmnopqrs{n}: 1\n")).collect());
    let unknown =
        all((0..1900).map(|n| format!("  - note: ${{abcdefghijklmnopqsr{n}}}\n")).collect());
    for (head, steps) in [
        (keys, String::new()),
        (String::new(), lines("  - unknwn: a\n", 5000)),
        (String::new(), lines("  - request: a\n", 10_000)),
        (format!("needs: [{}]\n", lines("acount, ", 10_000)), String::new()),
        (format!("set:\n{known}"), unknown),
    ] {
        let mistakes = many(&head, &steps);
        assert_eq!((mistakes.len(), mistakes.has_more()), (Mistakes::MOST, true));
        assert!(mistakes[0].help.is_some() && rendered(&mistakes).len() < 100_000);
        let first = &mistakes[0].source;
        assert!(mistakes.iter().all(|one| std::sync::Arc::ptr_eq(&one.source, first)));
    }
}

#[test]
fn what_is_too_much_is_told_at_its_place() {
    let one = |head: &str, steps: &str| {
        let mistakes = many(head, steps);
        let one = &mistakes[0];
        format!("{}: {}", &one.source[one.span.clone()], one.message)
    };
    let named: Vec<String> = (0..1001).map(|n| format!("a{n}: none, ")).collect();
    for (head, steps, expected) in [
        ("", "  - wait: 25h\n", "25h: `25h` is longer than a day"),
        ("", "  - alive:\n    within: 99999999999999999999s\n", "99999999999999999999s: `9999"),
        ("", "  - raw: a\n    send: [{ pause: 2days }]\n", "2days: `2days` is longer than a day"),
        ("", "  - request: a\n    cut: { after: 25h }\n", "25h: `25h` is longer than a day"),
        ("", "  - request: a\n    chunks: 1000001\n", "1000001: 1000001 is too many"),
        ("", "  - repeat: 100001\n    steps: []\n", "100001: 100001 is too many: at most 100000"),
        ("", "  - repeat: 99999999999999999999\n    steps: []\n", "99999999999999999999: "),
        ("actors: { a: { count: 1001 } }\n", "  - note: a\n", "1001: 1001 is too many"),
        ("session: { keys: 1001 }\n", "  - note: a\n", "1001: 1001 is too many"),
        ("session: { wait: 65536 }\n", "  - note: a\n", "65536: `wait` is at most 65535"),
        ("session: { hold: 99999999999999999999999 }\n", "  - note: a\n", "999999"),
    ] {
        let told = one(head, steps);
        assert!(told.starts_with(expected), "{told}");
    }
    let twice = rendered(&many("use: [a, a]\n", "  - note: a\n"));
    assert!(twice.contains("`a` is used twice"), "{twice}");
    let told = one(&format!("actors: {{ {} }}\n", named.concat()), "  - note: a\n");
    assert!(told.ends_with("a scenario has at most 1000 actors"), "{told}");
    let told = one("", &"  - note: a\n".repeat(2001));
    assert_eq!(told, "note: a: a file has at most 2000 steps");
    let told = one(&format!("sweep: {{ a: [{}] }}\n", "1, ".repeat(1001)), "  - note: ${a}\n");
    assert_eq!(told, "1: a sweep has at most 1000 rows");
    let uses = rendered(&many(&format!("use: [{}]\n", "a, ".repeat(20_000)), "  - note: a\n"));
    assert!(uses.contains("a scenario uses at most 20 files"), "{uses}");
    let told = one("", &"  - value: a\n    matches: a\n".repeat(1001));
    assert!(told.ends_with("a file has at most 1000 regular expressions"), "{told}");
    let told = one("", "  - value: a\n    matches: (a{900}){9}\n");
    assert!(told.contains("not a regular expression"), "{told}");
}

/// The schema says the same as the reader.
#[test]
fn the_schema_names_the_limits() {
    let schema = schema();
    let all = schema.to_string();
    assert!(all.contains("at most a day"), "{all}");
    assert_eq!(schema["oneOf"][0]["properties"]["use"]["anyOf"][1]["maxItems"], limits::USES);
    assert_eq!(schema["$defs"]["steps"]["maxItems"], limits::STEPS);
}
