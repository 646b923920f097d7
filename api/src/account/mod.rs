//! The tenant's credits.
//!
//! | file | route |
//! |---|---|
//! | `show` | `GET /v1/account` |
//! | `ledger` | `GET /v1/ledger` |
//! | `export` | `GET /v1/ledger/export` |

pub mod export;
pub mod ledger;
pub mod show;
