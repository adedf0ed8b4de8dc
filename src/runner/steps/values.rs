//! `value`, `distinct`, `set`: values of variables.

use crate::runner::compare::mismatch;
use crate::runner::run::Run;
use crate::runner::stop::Done;
use crate::scenario::limits;
use crate::scenario::matching::{self, FailureKind};
use crate::scenario::{Assignment, Count, Located, Template, ValueMatch};

/// A value is as demanded.
pub(super) fn value(run: &mut Run, value: &Located<Template>, expected: &ValueMatch) -> Done {
    for found in matching::compare_value(value, expected, run)? {
        mismatch(run, &found, &value.place, None)?;
    }
    Ok(())
}

/// The values that a variable had so far can't be guessed.
pub(super) fn distinct(
    run: &mut Run,
    variable: &Located<String>,
    bits: Option<&Located<Count>>,
) -> Done {
    let bits = bits.map(|bits| bits.resolve(run, limits::BITS)).transpose()?;
    for seen in matching::distinct(run.variables.history(&variable.value), bits) {
        let wanted = format!("values of `{}` that can't be guessed", variable.value);
        run.fail(FailureKind::Distinct, &variable.place, wanted, seen)?;
    }
    Ok(())
}

/// Variables get values.
pub(super) fn set(run: &mut Run, assignments: &[Assignment]) -> Done {
    for assignment in assignments {
        let value = assignment.value.value.value(run)?;
        run.variables.assign(&assignment.name.value, value);
    }
    Ok(())
}
