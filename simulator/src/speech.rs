//! What the pretended model says to a conversation: reasoning, text or a call of a function, cut where the caller wants.
//! It knows no provider's JSON beyond what OpenAI's shape of a chat has in common.

use serde_json::{Map, Value, json};

use crate::calls::Refusal;
use crate::chance::{base36, digest, mix};
use crate::fields::{invalid, missing, present, text, word};
use crate::messages::Conversation;
use crate::wording;

/// How many characters of a tool call's arguments go into one chunk.
const ARGUMENT_PIECE: usize = 8;
/// What the model counts for calling a function, besides its arguments.
pub const CALL_TOKENS: usize = 12;

/// What the model is asked.
#[derive(Debug)]
pub struct Prompt {
    /// What was said.
    pub conversation: Conversation,
    /// Whether the model thinks first.
    pub thinks: bool,
    /// Most tokens of the answer.
    pub max_tokens: Option<usize>,
    /// Most tokens of answer and reasoning.
    pub max_completion_tokens: Option<usize>,
    /// The answer ends before any of these.
    pub stops: Vec<String>,
    /// The function to call, when one is to be called.
    pub tool: Option<Value>,
    /// The schema of the answer: `{}` for any JSON object, none for text.
    pub json_schema: Option<Value>,
}

/// One choice before it is put on the wire.
pub struct Choice {
    /// What it thinks first, in tokens.
    pub reasoning: Vec<String>,
    /// What it says, in tokens.
    pub content: Vec<String>,
    /// The function that it calls instead.
    pub call: Option<ToolCall>,
    /// Why it ended.
    pub finish: &'static str,
}

/// A call of a function.
pub struct ToolCall {
    /// Its id.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// JSON.
    pub arguments: String,
}

/// One of the choices.
pub fn choose(asked: &Prompt, index: u64) -> Choice {
    let question = &asked.conversation.question;
    let mut reasoning = if asked.thinks { wording::reasoning(question) } else { Vec::new() };
    let most = asked.max_completion_tokens.unwrap_or(usize::MAX);
    reasoning.truncate(most);
    let room = asked.max_tokens.unwrap_or(most - reasoning.len());
    if let Some(function) = &asked.tool {
        return Choice {
            reasoning,
            content: Vec::new(),
            call: Some(call(function, question, index)),
            finish: "tool_calls",
        };
    }
    let mut content = say(asked, index);
    let stopped = stop(&mut content, &asked.stops);
    let finish = if content.len() > room { "length" } else { "stop" };
    content.truncate(room);
    Choice { reasoning, content, call: None, finish: if stopped { "stop" } else { finish } }
}

fn say(asked: &Prompt, index: u64) -> Vec<String> {
    let Conversation { question, tool_result, length, .. } = &asked.conversation;
    if let Some(schema) = &asked.json_schema {
        let value = match schema.as_object().is_some_and(Map::is_empty) {
            true => json!({ "question": question, "answer": wording::answer(question, index, None).concat() }),
            false => wording::sample(schema, question),
        };
        return wording::tokens(&value.to_string());
    }
    if let Some(result) = tool_result {
        return wording::tokens(&format!("The tool says: {result}. That answers the question “{question}”."));
    }
    wording::answer(question, index ^ (*length as u64) << 8, wording::asked_length(question))
}

fn call(function: &Value, question: &str, index: u64) -> ToolCall {
    let name = function["name"].as_str().unwrap_or_default();
    let arguments = wording::sample(&function["parameters"], question);
    let arguments = if arguments.is_object() { arguments } else { json!({}) };
    let id = base36(mix(digest(question.as_bytes()) ^ digest(name.as_bytes()) ^ index), 12);
    ToolCall { id: format!("call_{id}"), name: name.into(), arguments: arguments.to_string() }
}

/// Ends the text before the first stop word; true when there was one.
fn stop(content: &mut Vec<String>, stops: &[String]) -> bool {
    let text = content.concat();
    let ends = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop.as_str()));
    let Some(end) = ends.min() else { return false };
    *content = wording::tokens(&text[..end]);
    true
}

impl Choice {
    /// Everything that is counted.
    pub fn tokens(&self) -> usize {
        let called = self.call.as_ref().map_or(0, |call| CALL_TOKENS + wording::count(&call.arguments));
        self.reasoning.len() + self.content.len() + called
    }
}

impl ToolCall {
    /// As it stands in a whole message.
    pub fn body(&self) -> Value {
        json!({ "id": self.id, "type": "function", "function": { "name": self.name, "arguments": self.arguments } })
    }

    /// Its arguments in the pieces in which they are streamed.
    pub fn pieces(&self) -> Vec<String> {
        let letters: Vec<char> = self.arguments.chars().collect();
        letters.chunks(ARGUMENT_PIECE).map(|piece| piece.iter().collect()).collect()
    }
}

/// The texts that end an answer.
pub fn stops(body: &Value) -> Result<Vec<String>, Refusal> {
    let bad = || invalid("stop", "it must be a string or a list of at most 4 strings");
    match present(body, "stop") {
        None => Ok(Vec::new()),
        Some(Value::String(stop)) => Ok(vec![stop.clone()]),
        Some(Value::Array(list)) if list.len() <= 4 => {
            list.iter().map(|stop| stop.as_str().map(str::to_owned).ok_or_else(bad)).collect()
        }
        Some(_) => Err(bad()),
    }
}

/// The schema that an answer is to fit.
pub fn json_schema(body: &Value) -> Result<Option<Value>, Refusal> {
    let Some(format) = present(body, "response_format") else { return Ok(None) };
    match word(format, "type", &["text", "json_object", "json_schema"])? {
        Some("json_object") => Ok(Some(Value::Object(serde_json::Map::new()))),
        Some("json_schema") => {
            let schema = &format["json_schema"]["schema"];
            schema
                .is_object()
                .then(|| Some(schema.clone()))
                .ok_or_else(|| missing("response_format.json_schema.schema"))
        }
        Some(_) => Ok(None),
        None => Err(missing("response_format.type")),
    }
}

/// The function that the model will call: the named or only possible one, or under `auto` one that the question speaks of.
pub fn tool(body: &Value, conversation: &Conversation) -> Result<Option<Value>, Refusal> {
    let empty = Vec::new();
    let tools = match present(body, "tools") {
        None => &empty,
        Some(tools) => tools.as_array().ok_or_else(|| invalid("tools", "it must be a list"))?,
    };
    for tool in tools {
        if text(tool, "type")? != Some("function") || tool["function"]["name"].as_str().is_none_or(str::is_empty) {
            return Err(invalid("tools", "each must be a function with a name"));
        }
    }
    let function = |tool: Option<&Value>| tool.map(|tool| tool["function"].clone());
    match present(body, "tool_choice") {
        Some(Value::Object(choice)) => {
            let name = choice.get("function").map_or(&Value::Null, |function| &function["name"]);
            let named = tools.iter().find(|tool| tool["function"]["name"] == *name);
            named.map(|tool| function(Some(tool))).ok_or_else(|| invalid("tool_choice", "no tool has that name"))
        }
        Some(Value::String(choice)) if choice == "none" => Ok(None),
        Some(Value::String(choice)) if choice == "required" && tools.is_empty() => Err(missing("tools")),
        Some(Value::String(choice)) if choice == "required" => {
            Ok(function(tools.iter().find(|tool| speaks_of(conversation, tool)).or(tools.first())))
        }
        Some(Value::String(choice)) if choice != "auto" => {
            Err(invalid("tool_choice", "it must be none, auto, required or a function"))
        }
        None | Some(Value::String(_)) => Ok(function(tools.iter().find(|tool| speaks_of(conversation, tool)))),
        Some(_) => Err(invalid("tool_choice", "it must be a string or an object")),
    }
}

/// Whether the question has a word (of four letters or more) of the function's name or description.
fn speaks_of(conversation: &Conversation, tool: &Value) -> bool {
    if conversation.tool_result.is_some() {
        return false;
    }
    let question = conversation.question.to_lowercase();
    let said = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.chars().count() > 3).any(|word| question.contains(&word))
    };
    let function = &tool["function"];
    function["name"].as_str().is_some_and(said) || function["description"].as_str().is_some_and(said)
}
