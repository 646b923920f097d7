//! The key pool as a fleet of processes over Redis, as its operators and upstream see it: shares, limits, fairness, broken
//! keys that come back by themselves, killed holders. The simulator's request log is the judge.

mod broken;
mod fleet;
mod killed;
mod probed;
mod routes;
mod shares;

use serde_json::{Value, json};

/// A model at one credit a call.
const MODEL: &str = "demo-flat-chat";

/// A question, as chats take it.
fn question() -> Value {
    let messages = json!([{ "role": "user", "content": "Say yes." }]);
    json!({ "model": MODEL, "messages": messages, "max_completion_tokens": 20, "thinking": { "type": "disabled" } })
}

/// The same, as jobs take it.
fn job() -> Value {
    let mut params = question();
    params.as_object_mut().map(|params| params.remove("model"));
    json!({ "model": MODEL, "capability": "chat", "params": params })
}
