//! Logs, access logs and packets, as programs write them: what `show` makes of each, and that no secret of it is in any output.

use std::fs;
use std::path::PathBuf;

use crate::rig;

/// The passwords in the files, as they are sent with PLAIN and as they are.
const SECRETS: [&str; 3] = ["s3cretp4ss", "AGFsaWNlAHMzY3JldHA0c3M", "czNjcmV0cDRzcw"];

fn files() -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir("fixtures/logs").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 6, "{paths:?}");
    paths
}

#[test]
fn each_file_is_shown_as_what_it_is() {
    for path in files() {
        let (status, out, err) =
            rig::run(&["show", "--color", "never", "--format", "compact", path.to_str().unwrap()]);
        assert_eq!((status, &*err), (Some(0), ""), "{}", path.display());
        assert!(out.contains("# read from "), "{out}");
        let name = path.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        insta::assert_snapshot!(format!("logs_{name}"), out);
    }
}

#[test]
fn no_secret_of_a_file_is_in_any_output() {
    let mut with_secrets = 0;
    for path in files() {
        let text = fs::read(&path).unwrap();
        let holds = |text: &[u8], secret: &str| {
            text.windows(secret.len()).any(|at| at == secret.as_bytes())
        };
        with_secrets += u32::from(holds(&text, SECRETS[1]));
        let path = path.to_str().unwrap();
        for format in ["pretty", "compact", "json", "transcript"] {
            let (status, out, err) = rig::run(&["show", "--format", format, path]);
            assert_eq!(status, Some(0), "{path}: {err}");
            for secret in SECRETS {
                assert!(!holds(out.as_bytes(), secret), "{path} {format}: {secret}");
            }
        }
        let (status, page, err) = rig::run(&["report", path]);
        assert_eq!(status, Some(0), "{path}: {err}");
        for secret in SECRETS {
            assert!(!holds(page.as_bytes(), secret), "{path}: {secret}");
        }
    }
    assert_eq!(with_secrets, 3, "the logs and packets of the servers hold a password");
}
