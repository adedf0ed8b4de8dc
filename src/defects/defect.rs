//! One deviation from one requirement.

use crate::cm::parts::Parts;

/// A way in which the reference connection manager can be made to break a requirement.
#[derive(Clone, Copy)]
pub struct Defect {
    /// The requirement's id, with `/variant` where it has several.
    pub name: &'static str,
    /// What goes wrong, in one line.
    pub says: &'static str,
    change: fn(&mut Parts),
}

impl std::fmt::Debug for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Defect").field(&self.name).finish()
    }
}

impl Defect {
    /// The requirement that it breaks.
    pub fn requirement(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }

    /// Switches it on in a connection manager that is not put together yet.
    pub fn apply(&self, parts: &mut Parts) {
        (self.change)(parts);
    }
}

/// The defects of one subject, one slice for each file.
pub(super) type Family = &'static [&'static [Defect]];

pub(super) const fn defect(
    name: &'static str,
    says: &'static str,
    change: fn(&mut Parts),
) -> Defect {
    Defect { name, says, change }
}
