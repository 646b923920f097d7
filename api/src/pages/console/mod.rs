//! The console's pages. What they change goes through the same functions as `/admin/api`.
//!
//! | file | route |
//! |---|---|
//! | `overview` | `GET /admin` |
//! | `seat` | who sits at the console, and whether they may act |

pub mod overview;
mod seat;

pub use seat::Seat;
