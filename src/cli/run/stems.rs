//! What the captures and snapshots of runs are called.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::cli::Failure;
use crate::diag::name;
use crate::runner::Job;
use crate::ui::outcomes::IN_FOLDER;

/// A name for each run: the path of its scenario without the ending, and the row, as in `xep-0124/11/hold.2`. It does not
/// depend on which of them are run, nor on what is done first; it is relative, and stays in its folder.
pub(in crate::cli) fn stems(jobs: &[Job]) -> Vec<PathBuf> {
    let folder = std::env::current_dir().ok();
    jobs.iter()
        .map(|job| {
            let path = &job.scenario.place.source.path;
            let path = from(folder.as_deref(), path).with_extension("");
            let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
            let mut name = parts.collect::<PathBuf>().into_os_string();
            if let Some(row) = job.row {
                name.push(format!(".{}", row + 1));
            }
            PathBuf::from(name)
        })
        .collect()
}

/// A path as it is from a folder, if it is in there: the same on every machine, whether it was given from the root or from
/// here.
pub(super) fn from<'p>(folder: Option<&Path>, path: &'p Path) -> &'p Path {
    folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path)
}

/// Two runs of one name would overwrite each other's files, and one would that of the file beside captures.
pub(in crate::cli) fn distinct(
    jobs: &[Job],
    stems: &[PathBuf],
    captures: bool,
) -> Result<(), Failure> {
    let path = |job: &Job| name(&job.scenario.place.source.path).to_string();
    let beside = Path::new(IN_FOLDER).with_extension("");
    let mut known: BTreeMap<&Path, &Job> = BTreeMap::new();
    for (job, stem) in jobs.iter().zip(stems) {
        if captures && *stem == beside {
            return Err(Failure::Usage(format!(
                "{}: its capture would overwrite {IN_FOLDER}; rename the scenario file",
                path(job)
            )));
        }
        if let Some(other) = known.insert(stem, job) {
            return Err(Failure::Usage(format!(
                "{} and {} would both write {}; rename one of the scenario files",
                path(other),
                path(job),
                name(stem)
            )));
        }
    }
    Ok(())
}
