//! What people see at a terminal: styles, the traffic printer, the summary; and the sanitising of everything that
//! comes from the wire before it gets there. The outcomes of runs are written here for programs too: one folder for all
//! their formats.

mod block;
mod brief;
pub mod curl;
pub mod difference;
pub mod doctor;
mod line;
mod look;
pub mod outcomes;
mod pings;
mod printer;
mod progress;
pub mod requirements;
mod run;
mod shell;
mod styles;
mod summary;

use crate::diag::sanitise;
pub use line::wrapped;
pub use look::Look;
pub use printer::Printer;
pub use progress::{Progress, Unit};
pub use sanitise::sanitise;
pub use shell::quoted;
pub use styles::Styles;
