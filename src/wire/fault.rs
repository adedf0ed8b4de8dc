//! What was done on purpose to what passes: a fact for the trace.

use serde::{Deserialize, Serialize};

use super::Side;

/// A fault was applied to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedFault {
    /// The name of the fault, or its text: `WHEN: WHAT`.
    pub fault: String,
    /// What was done, such as `dropped the request with rid 7: the server never sees it`.
    pub did: String,
    /// Who had sent the message.
    pub from: Side,
    /// The rid of the request, or of the request that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<u64>,
}
