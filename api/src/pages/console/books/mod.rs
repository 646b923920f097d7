//! The books in the console. Auditors see all of it; nothing here changes anything.
//!
//! | file | route |
//! |---|---|
//! | `ledger` | `GET /admin/ledger`, `GET /admin/ledger/check` |
//! | `export` | `GET /admin/ledger/export`, `GET /admin/ledger/books` |
//! | `audit` | `GET /admin/audit` |

pub mod audit;
pub mod export;
pub mod ledger;
