//! The messages of a chat: checked, and read for what is being asked.

use serde_json::Value;

use crate::calls::Refusal;
use crate::fields::{invalid, media_url, missing, present};
use crate::wording;

/// What every message costs besides its text, in tokens.
const PER_MESSAGE: usize = 4;
/// What a picture costs by its detail, in tokens (the real count depends on its pixels).
const PICTURE_LOW: usize = 169;
const PICTURE_HIGH: usize = 1_312;
/// What a video or sound costs, in tokens.
const CLIP: usize = 2_048;

/// A conversation as the pretended model understands it.
#[derive(Debug)]
pub struct Conversation {
    /// The last thing that the user said.
    pub question: String,
    /// What a tool answered, when that is the last message.
    pub tool_result: Option<String>,
    /// All input tokens.
    pub tokens: usize,
    /// How many messages.
    pub length: usize,
}

/// Reads and checks `messages`.
pub fn read(body: &Value) -> Result<Conversation, Refusal> {
    let messages = present(body, "messages").ok_or_else(|| missing("messages"))?;
    let messages = messages.as_array().filter(|list| !list.is_empty());
    let messages = messages.ok_or_else(|| invalid("messages", "it must be a list with at least one message"))?;
    let mut conversation =
        Conversation { question: String::new(), tool_result: None, tokens: 0, length: messages.len() };
    for message in messages {
        let (text, tokens) = content(message)?;
        conversation.tokens += tokens + PER_MESSAGE;
        conversation.tool_result = None;
        match message["role"].as_str() {
            Some("user") => conversation.question = text,
            Some("tool") if message["tool_call_id"].is_string() => conversation.tool_result = Some(text),
            Some("tool") => return Err(missing("messages.tool_call_id")),
            Some("system" | "assistant" | "developer") => {}
            _ => return Err(invalid("messages.role", "it must be system, user, assistant or tool")),
        }
    }
    Ok(conversation)
}

/// A message's text and tokens.
fn content(message: &Value) -> Result<(String, usize), Refusal> {
    match &message["content"] {
        Value::String(text) => Ok((text.clone(), wording::count(text))),
        Value::Null if message["tool_calls"].is_array() => Ok((String::new(), 0)),
        Value::Null => Err(missing("messages.content")),
        Value::Array(parts) => parts.iter().try_fold((String::new(), 0), |(mut text, mut tokens), part| {
            tokens += part_tokens(part)?;
            if let Some(words) = part["text"].as_str() {
                text.push_str(words);
            }
            Ok((text, tokens))
        }),
        _ => Err(invalid("messages.content", "it must be a string or a list of parts")),
    }
}

fn part_tokens(part: &Value) -> Result<usize, Refusal> {
    match part["type"].as_str() {
        Some("text") => {
            let text = part["text"].as_str().ok_or_else(|| missing("messages.content.text"))?;
            Ok(wording::count(text))
        }
        Some("image_url") => {
            let url = part["image_url"]["url"].as_str().or(part["image_url"].as_str()).unwrap_or("");
            media_url("messages.content.image_url", url, &["image/"])?;
            Ok(if part["image_url"]["detail"] == "low" { PICTURE_LOW } else { PICTURE_HIGH })
        }
        Some("video_url" | "input_audio") => Ok(CLIP),
        _ => Err(invalid("messages.content.type", "it must be text, image_url, video_url or input_audio")),
    }
}
