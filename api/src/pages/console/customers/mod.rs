//! The customers in the console: tenants, their recharges, and the people who can log in.
//!
//! | file | route |
//! |---|---|
//! | `tenants` | `GET|POST /admin/tenants` |
//! | `tenant` | `GET /admin/tenants/{id}`, `POST …/recharge`, `POST …/state` |
//! | `users` | `GET|POST /admin/users`, `GET|POST /admin/users/{id}` |
//! | `recharges` | `GET /admin/recharges` |

pub mod recharges;
pub mod tenant;
pub mod tenants;
pub mod users;

use chrono::{Days, NaiveDate};

use crate::state::AppState;

/// For how many days the console says what was spent.
const SPENT_DAYS: u64 = 30;

/// The first and the last of the days of which it is said what was spent.
fn spent_days(state: &AppState) -> (NaiveDate, NaiveDate) {
    let today = state.parts.store.now().date_naive();
    (today.checked_sub_days(Days::new(SPENT_DAYS)).unwrap_or(today), today)
}
