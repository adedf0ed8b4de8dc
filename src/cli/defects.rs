//! The defects of the built-in server by name, for the commands that switch them on.

use super::Failure;
use super::console::{out_is_terminal, print, width};
use crate::defects::{self, Defect};
use crate::diag::nearest;
use crate::ui::wrapped;

/// The defects of these names.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static Defect>, Failure> {
    let one = |name: &String| {
        if let Some(defect) = defects::find(name) {
            return Ok(defect);
        }
        let variants: Vec<_> = defects::of(name).map(|defect| defect.name).collect();
        let near = || nearest(name, defects::all().map(|defect| defect.name));
        let hint = match (variants.is_empty(), near()) {
            (false, _) => format!(
                "this requirement has several defects; choose one of {}",
                variants.join(", ")
            ),
            (true, Some(near)) => format!("no such defect; did you mean {near}?"),
            (true, None) => "no such defect".to_owned(),
        };
        Err(Failure::Usage(format!(
            "--defect {name}: {hint} (list: `xmppscope cm --list-defects`)"
        )))
    };
    names.iter().map(one).collect()
}

/// Lists all of them.
pub(super) fn list_defects() -> Result<u8, Failure> {
    let mut text = String::new();
    for defect in defects::all() {
        text += &format!("{}\n    {}\n", defect.name, defect.says);
    }
    print(&wrapped(&text, width(out_is_terminal())))
}
