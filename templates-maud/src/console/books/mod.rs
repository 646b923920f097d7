//! The books in the console: the ledger of all tenants, whether it holds together, and who did what.

pub mod audit;
pub mod invariants;
pub mod ledger;
