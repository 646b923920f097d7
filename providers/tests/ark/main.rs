//! Ark's translation against the simulator, through real HTTP.

mod answers;
mod errors;
mod sim;
mod tasks;
