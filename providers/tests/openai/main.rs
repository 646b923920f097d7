//! OpenAI's translation against the simulator, through real HTTP.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod answers;
mod errors;
mod sim;
