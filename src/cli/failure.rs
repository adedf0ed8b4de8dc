//! Why a command ended without its result.

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line, or a file named on it, can't be understood.
    #[error("{0}")]
    Usage(String),
    /// The environment does not let it be done.
    #[error("{0}")]
    Environment(String),
}
