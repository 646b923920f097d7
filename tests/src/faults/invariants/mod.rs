//! What must hold after every run, whatever was killed when. Each judge reads a history and names what it finds broken,
//! with the ids concerned; none of them asks the gateway's own code.
//!
//! | file | what it judges |
//! |---|---|
//! | `log` | positions and sequences without gaps; nothing left to do; what clients were told is true |
//! | `holds` | every job and every hold ends once, in one unit; the account is the sum of its events |
//! | `upstream` | no call without a recorded attempt, and never a second paid one without a definite refusal |

mod holds;
#[cfg(test)]
mod invented;
mod log;
mod upstream;

use std::fmt;

use super::history::History;

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What must hold.
    pub invariant: &'static str,
    /// What was found instead, with ids.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.found)
    }
}

/// All that does not hold in a history.
#[must_use]
pub fn judge(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    log::judge(history, &mut violations);
    holds::judge(history, &mut violations);
    upstream::judge(history, &mut violations);
    violations
}

fn broken(violations: &mut Vec<Violation>, invariant: &'static str, found: impl Into<String>) {
    violations.push(Violation { invariant, found: found.into() });
}
