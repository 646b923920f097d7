//! The account of a tenant: prepaid credits, the holds on them, and what became of each hold.
//!
//! | file | what it holds |
//! |---|---|
//! | `budget` | what may be spent in a day, a month or in all, and what counts against it |
//! | `command` | what may be asked of an account |
//! | `event` | what happened to it: the ledger itself |
//! | `state` | the fold: posted, held, the open holds only |
//! | `decide` | the rules, one function a command |
//! | `error` | the refusals |
//!
//! It never looks at a clock, a price or a job: those facts come in the command.

mod budget;
#[cfg(test)]
mod budget_tests;
mod command;
mod decide;
mod error;
mod event;
mod state;
#[cfg(test)]
mod tests;

pub use budget::{Budget, BudgetPeriod, BudgetTerms, Limited, Spending, Tally};
pub use command::{AccountCommand, Allowance};
pub use error::AccountError;
pub use event::{AccountEvent, ReleaseReason};
pub use state::{Account, OpenHold, PendingAdjustment};

/// What happens to the part of a cost that lies above its hold (MONEY, invariant 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "policy", deny_unknown_fields)]
pub enum Overrun {
    /// Taken from what is available; the rest is the platform's cost.
    FromBalance,
    /// Taken even below zero, down to a debt of `max`; the rest is the platform's cost.
    Debt {
        /// The largest debt that an overrun may leave behind.
        max: crate::Credits,
    },
    /// All of it is the platform's cost.
    Absorb,
}
