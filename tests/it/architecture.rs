//! The shape of the source: imports only point down the list of rooms, no files import each other in a circle, and a
//! `mod.rs` says what its folder is for and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// From top to bottom, as in `src/lib.rs`.
const ROOMS: [&str; 27] = [
    "cli", "ui", "report", "replay", "record", "snapshot", "trial", "runner", "defects",
    "scenario", "doctor", "proxy", "fault", "cm", "client", "rules", "trace", "wire", "bosh",
    "xmpp", "xml", "spec", "bundle", "clock", "random", "files", "diag",
];

#[test]
fn imports_only_point_down() {
    let source = source();
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
    for entry in fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(ROOMS.contains(&name.as_str()), "src/{name} is missing in the list of rooms");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let read = Crate::read(&source());
    let imports = read.imports();
    let arrows: usize = imports.values().map(BTreeSet::len).sum();
    assert!(arrows > 500, "the test found only {arrows} imports: does it still read the code?");
    let circles: Vec<String> = circles(&imports).iter().map(|circle| circle.join(" ")).collect();
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

#[test]
fn a_circle_is_found_through_a_re_export() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let read = Crate::parse(vec![
        file("lib.rs", "mod a;"),
        file("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C as D;"),
        file("a/b.rs", "use super::D; pub struct B(D);"),
        file(
            "a/c.rs",
            "pub struct C; fn f(_: crate::a::B) {} #[cfg(test)] mod tests { use super::*; }",
        ),
    ]);
    assert_eq!(circles(&read.imports()), [["a/b.rs", "a/c.rs"]]);
}

#[test]
fn a_mod_file_holds_documentation_and_re_exports_alone() {
    let mut wrong = Vec::new();
    let read = Crate::read(&source());
    for (path, file) in &read.files {
        if !path.ends_with("mod.rs") {
            continue;
        }
        let logic = file.items.iter().find(|item| match item {
            syn::Item::Use(_) => false,
            syn::Item::Mod(module) => module.content.is_some(),
            _ => true,
        });
        if logic.is_some() {
            wrong.push(path.as_str());
        }
    }
    assert!(wrong.is_empty(), "more than documentation, `mod` and `use`:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_is_part_of_the_program() {
    let read = Crate::read(&source());
    let declared: BTreeSet<Names> = read
        .files
        .iter()
        .flat_map(|(path, file)| {
            let here = module(path);
            file.items.iter().filter_map(move |item| match item {
                syn::Item::Mod(item) => Some([&here[..], &[item.ident.to_string()]].concat()),
                _ => None,
            })
        })
        .collect();
    // What a `#[path]` names is a test, and ends so.
    let known = |path: &str| {
        matches!(path, "lib.rs" | "main.rs")
            || path.ends_with("_tests.rs")
            || declared.contains(&module(path))
    };
    let stray: Vec<&str> = read.files.keys().map(String::as_str).filter(|p| !known(p)).collect();
    assert!(stray.is_empty(), "no `mod` names these files:\n{}", stray.join("\n"));
}

#[test]
fn one_room_opens_files_for_writing() {
    let stray = writers(&Crate::read(&source()));
    assert!(stray.is_empty(), "use `crate::files` instead:\n{}", stray.join("\n"));
}

#[test]
fn a_file_that_is_opened_for_writing_elsewhere_is_found() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let read = Crate::parse(vec![
        file("lib.rs", "mod a; mod files;"),
        file(
            "a.rs",
            "fn f() { std::fs::write(\"x\", \"\"); } #[cfg(test)] mod tests { fn f() { File::create(); } }",
        ),
        file("files/mod.rs", "mod b;"),
        file("files/b.rs", "fn f() { File::create(\"x\"); }"),
    ]);
    assert_eq!(writers(&read), ["a.rs: fs::write"]);
}

/// Calls that open files for writing, outside of the room that does so and of tests.
fn writers(read: &Crate) -> Vec<String> {
    const CALLS: [&str; 7] = [
        "File::create",
        "File::create_new",
        "File::options",
        "OpenOptions::new",
        "fs::write",
        "fs::copy",
        "NamedTempFile::new",
    ];
    let mut found = Vec::new();
    let others = read
        .files
        .iter()
        .filter(|(path, _)| !path.starts_with("files/") && !path.ends_with("_tests.rs"));
    for (path, file) in others {
        let mut paths = Paths::default();
        paths.visit_file(file);
        let ends = paths.0.iter().map(|names| names[names.len() - 2..].join("::"));
        found
            .extend(ends.filter(|end| CALLS.contains(&&**end)).map(|end| format!("{path}: {end}")));
    }
    found
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

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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

/// A path of modules or of an item, from the root of the crate.
type Names = Vec<String>;

/// The source of the library, without its tests.
struct Crate {
    /// By path within `src`.
    files: BTreeMap<String, syn::File>,
    /// The file of each module.
    modules: BTreeMap<Names, String>,
    /// What each module imports: the name it has there, and where it comes from.
    uses: BTreeMap<Names, Vec<(String, Names)>>,
}

impl Crate {
    fn read(source: &Path) -> Self {
        let read = |path: PathBuf| {
            let name = path.strip_prefix(source).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        };
        Self::parse(files(source).into_iter().map(read).collect())
    }

    fn parse(sources: Vec<(String, String)>) -> Self {
        let parsed = sources.into_iter().map(|(path, text)| {
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path, file)
        });
        let mut files: BTreeMap<String, syn::File> = parsed.collect();
        let tests: Vec<Names> =
            files.iter().flat_map(|(path, file)| tests_of(path, file)).collect();
        files.retain(|path, _| !tests.iter().any(|test| module(path).starts_with(test)));
        let modules: BTreeMap<Names, String> =
            files.keys().map(|path| (module(path), path.clone())).collect();
        let uses = files.iter().map(|(path, file)| {
            let here = module(path);
            let mut found = Vec::new();
            for item in &file.items {
                if let syn::Item::Use(item) = item {
                    flatten(&item.tree, &mut Vec::new(), &mut found);
                }
            }
            let known = |names: &Names| modules.contains_key(names);
            let found =
                found.into_iter().map(|(name, path)| (name, absolute(&path, &here, &known)));
            (here.clone(), found.collect())
        });
        let uses = uses.collect();
        Self { files, modules, uses }
    }

    /// Which files each file imports something from.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut all = BTreeMap::new();
        for (path, file) in &self.files {
            let here = module(path);
            let mut paths = Paths::default();
            paths.visit_file(file);
            let imported = self.uses[&here].iter().map(|(_, path)| path.clone());
            let named = paths.0.iter().filter_map(|names| self.local(names, &here));
            let from: BTreeSet<&str> = imported
                .chain(named)
                .filter_map(|names| self.definition(&names, 0))
                .filter(|file| file != path)
                .collect();
            all.insert(path.as_str(), from);
        }
        all
    }

    /// A path in an expression or a type, from the root of the crate; none where it leads out of it.
    fn local(&self, names: &Names, here: &Names) -> Option<Names> {
        let known = |names: &Names| self.modules.contains_key(names);
        if matches!(names[0].as_str(), "crate" | "self" | "super") {
            return Some(absolute(names, here, &known));
        }
        let imported = self.uses[here].iter().find(|(name, _)| *name == names[0]);
        let start = match imported {
            Some((_, path)) => path.clone(),
            None => [&here[..], &names[..1]].concat(),
        };
        known(&start).then(|| [&start[..], &names[1..]].concat())
    }

    /// The file that defines what a path names. A module by itself is nothing that could be defined elsewhere.
    fn definition(&self, names: &Names, depth: u32) -> Option<&str> {
        let mut module: Names = Vec::new();
        if names[0] == ELSEWHERE {
            return None;
        }
        for (place, name) in names.iter().enumerate() {
            module.push(name.clone());
            if self.modules.contains_key(&module) {
                continue;
            }
            module.pop();
            let reached = self.uses[&module].iter().find(|(known, _)| known == name);
            if let Some((_, path)) = reached.filter(|_| depth < 8) {
                let path = [&path[..], &names[place + 1..]].concat();
                return self.definition(&path, depth + 1);
            }
            return self.modules.get(&module).map(String::as_str);
        }
        None
    }
}

/// The modules of a file that only tests see.
fn tests_of(path: &str, file: &syn::File) -> Vec<Names> {
    let here = module(path);
    let tests = file.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) if item.content.is_none() && is_test(&item.attrs) => {
            Some([&here[..], &[item.ident.to_string()]].concat())
        }
        _ => None,
    });
    tests.collect()
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// The module that a file is.
fn module(path: &str) -> Names {
    let path = path.trim_end_matches(".rs");
    let names = path.split('/').filter(|name| !matches!(*name, "mod" | "lib"));
    names.map(str::to_owned).collect()
}

/// All that a `use` brings, by the name it has from then on. A glob brings the module itself, by no name.
fn flatten(tree: &syn::UseTree, before: &mut Names, found: &mut Vec<(String, Names)>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        syn::UseTree::Name(name) => {
            let name = name.ident.to_string();
            found.push((name.clone(), [&before[..], &[name]].concat()));
        }
        syn::UseTree::Rename(rename) => {
            let path = [&before[..], &[rename.ident.to_string()]].concat();
            found.push((rename.rename.to_string(), path));
        }
        syn::UseTree::Glob(_) => {
            found.push((String::new(), [&before[..], &["*".to_owned()]].concat()));
        }
    }
}

/// What begins a path into another crate.
const ELSEWHERE: &str = "::";

/// A path from the root of the crate, or one that begins with [`ELSEWHERE`].
fn absolute(names: &Names, here: &Names, known: &impl Fn(&Names) -> bool) -> Names {
    let mut start = here.clone();
    let mut rest = &names[..];
    match names[0].as_str() {
        "crate" => {
            start.clear();
            rest = &rest[1..];
        }
        "self" => rest = &rest[1..],
        "super" => {
            while rest.first().is_some_and(|name| name == "super") {
                start.pop();
                rest = &rest[1..];
            }
        }
        first => {
            let child = [&here[..], &[first.to_owned()]].concat();
            if !known(&child) {
                return [&[ELSEWHERE.to_owned()], names.as_slice()].concat();
            }
        }
    }
    [&start[..], rest].concat()
}

/// Paths of more than one name, in all that is not a test.
#[derive(Default)]
struct Paths(Vec<Names>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

/// Files that reach each other, each group of them once.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let reach = |from: &'a str| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&str> = imports[from].iter().copied().collect();
        while let Some(file) = next.pop() {
            if reached.insert(file) {
                next.extend(&imports[file]);
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|&file| (file, reach(file))).collect();
    let circle = |file: &str| -> Vec<&'a str> {
        let others = reached[file].iter().copied();
        others.filter(|other| reached[other].contains(file)).collect()
    };
    let all: BTreeSet<Vec<&str>> = imports.keys().map(|&file| circle(file)).collect();
    all.into_iter().filter(|circle| !circle.is_empty()).collect()
}
