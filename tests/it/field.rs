//! Situations that people reported, rebuilt by hand: what `show` prints of each names the cause, the side and what to do.

use std::fs;

use crate::rig;

#[test]
fn what_people_reported_is_explained() {
    let mut paths: Vec<_> = fs::read_dir("fixtures/field")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "ndjson"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 19, "{paths:?}");
    for path in paths {
        let (status, out, err) = rig::run(&["show", "--color", "never", path.to_str().unwrap()]);
        assert_eq!((status, &*err), (Some(0), ""), "{}", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        insta::assert_snapshot!(format!("field_{name}"), out);
    }
}
