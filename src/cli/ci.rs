//! Continuous integration.

/// Whether the variable is set that continuous integration sets.
pub(super) fn in_ci() -> bool {
    #[allow(clippy::disallowed_methods)] // cli reads the environment
    let value = std::env::var_os("CI");
    value.is_some_and(|value| !value.is_empty() && value != "false")
}
