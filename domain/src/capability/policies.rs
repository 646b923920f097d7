//! What a capability does when something does not go as usual. Declared, and applied the same way every time.

use serde::{Deserialize, Serialize};

pub use crate::account::Overrun;

/// The declared policies of a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// What a client that goes away mid-answer pays.
    #[serde(default)]
    pub disconnect: Disconnect,
    /// Who pays what exceeds the hold. The balance, when nothing is said.
    #[serde(default = "from_balance")]
    pub overrun: Overrun,
    /// When an unknown outcome ends.
    #[serde(default)]
    pub unknown: Unknown,
    /// Whether upstream answers at once, so that the caller may wait for it.
    pub interactive: bool,
}

const fn from_balance() -> Overrun {
    Overrun::FromBalance
}

/// What a client that goes away mid-answer pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disconnect {
    /// The upstream call is cancelled, and what was used until then is charged. Known usage counts; what is not known is counted from the text received.
    #[default]
    ChargeUsageSoFar,
    /// The upstream call goes on to its end, and its usage is charged as always.
    ChargeFullUsage,
    /// The upstream call is cancelled and nothing is charged: the platform bears it.
    ChargeNothing,
}

/// When an unknown outcome ends if no verdict comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Unknown {
    /// The hold is released after this age.
    ReleaseAfter {
        /// How long the provider is asked for a verdict.
        seconds: u64,
    },
}

impl Unknown {
    /// The longest age that a capability may declare: a week, as long as providers remember their tasks.
    pub const MAX_SECONDS: u64 = 7 * 24 * 3600;
}

/// A day: longer than any provider works on one task.
impl Default for Unknown {
    fn default() -> Self {
        Self::ReleaseAfter { seconds: 24 * 3600 }
    }
}
