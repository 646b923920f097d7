//! The customers in the console: tenants, one of them with its recharge, people, and all recharges.

pub mod recharges;
pub mod tenant;
pub mod tenants;
pub mod user;
pub mod users;
