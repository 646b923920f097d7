//! Whole flows through a running gateway, as its clients see them: what is asked, held, made, charged and told.
//!
//! Upstream is the simulator. Nothing here looks into the gateway's database.

mod assets;
mod budgets;
mod cancel;
mod crash;
mod crowd;
mod disconnect;
mod everything;
mod following;
mod journey;
mod once;
mod operations;
mod outage;
mod rates;
mod refusals;
mod runway;
mod secrets;
mod two_processes;
mod wrong_usage;

use serde_json::{Value, json};
use tests::{answer, statement, world};

/// A model priced by tokens.
pub const CHAT: &str = "doubao-seed-2-0-mini";
/// A model at one credit a call.
pub const FLAT: &str = "demo-flat-chat";
/// A model of images.
pub const IMAGE: &str = "doubao-seedream-4-0";
/// A model of videos.
pub const VIDEO: &str = "doubao-seedance-1-0-pro";

/// A question, as chats take it.
pub fn question(model: &str) -> Value {
    let messages = json!([{ "role": "user", "content": "Why is the sea salty and the river is not?" }]);
    json!({ "model": model, "messages": messages, "max_completion_tokens": 100, "thinking": { "type": "disabled" } })
}

/// A video, as jobs take it.
pub fn video() -> Value {
    let params = json!({ "prompt": "A boat leaves the harbour", "resolution": "480p", "duration": 2 });
    json!({ "model": VIDEO, "capability": "text_to_video", "params": params })
}

/// An image, as jobs take it.
pub fn picture() -> Value {
    let params = json!({ "prompt": "A lighthouse at dusk", "size": "1024x1024" });
    json!({ "model": IMAGE, "capability": "text_to_image", "params": params })
}
