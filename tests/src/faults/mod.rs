//! Kill −9 at a random moment with twenty jobs in flight, start again, drive everything to its end, and look whether
//! the promises of the ledger hold.
//!
//! | phase | file | what happens |
//! |---|---|---|
//! | 1 plan | `plan` | a seed decides the mode, the errands, the provider's faults, who is killed and when |
//! | 2 run | `errand` | clients ask for texts, images and videos; some cancel, some hang up |
//! | 3 kill | `kill` | at the n-th call upstream, or the n-th event of the ledger, processes are killed and started again |
//! | 4 end | `ending` | everything that was kept is sent again; then all jobs end, within a bound |
//! | 5 judge | `history`, `invariants` | log, API and the provider's own log are compared, without asking the gateway's code |
//!
//! `run` does these for one seed, `lanes` for many.

pub mod ending;
pub mod errand;
pub mod history;
pub mod invariants;
pub mod kill;
pub mod lanes;
pub mod plan;
pub mod run;
