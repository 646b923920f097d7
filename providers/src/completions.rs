//! `POST /chat/completions` as OpenAI shaped it and others took it over: the body goes up as it is, and what comes back
//! goes down as it is. Usage is always asked for: whoever hangs up has still used something.

use std::collections::VecDeque;

use domain::pricing::Quantities;
use futures::stream;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::{
    Call, ChatAnswer, ChatEvent, ChatStream, Endpoint, UpstreamError, Verdict, code,
    http::Body,
    refusal::{Refused, words},
    sse::Decoder,
    usage,
    wire::{Judge, Request, Wire, Work, lost, malformed},
};

const PATH: &str = "/chat/completions";

/// Asks for a whole answer.
pub async fn whole(
    wire: &Wire,
    endpoint: &Endpoint,
    call: &Call,
    mut body: Map<String, Value>,
) -> Result<ChatAnswer, UpstreamError> {
    body.remove("stream");
    body.remove("stream_options");
    let answer = wire.json(endpoint, Request::post(PATH, call, &body.into(), Work::Paid)).await?;
    if let Some(error) = error_in(&answer) {
        return Err(told(wire.judge(), error, &endpoint.key));
    }
    if !answer["choices"].is_array() {
        return Err(malformed(Work::Paid));
    }
    let usage = usage::chat(&answer["usage"])?;
    Ok(ChatAnswer { body: answer, usage })
}

/// Asks for an answer as it comes, with these options of the stream, which make upstream tell the usage.
pub async fn streamed(
    wire: &Wire,
    endpoint: &Endpoint,
    call: &Call,
    (mut body, usage_options): (Map<String, Value>, &[&str]),
) -> Result<ChatStream, UpstreamError> {
    let asked = Asked::of(&body);
    body.insert("stream".to_owned(), true.into());
    let options = body.entry("stream_options").or_insert_with(|| json!({}));
    if !options.is_object() {
        *options = json!({});
    }
    for option in usage_options {
        options[*option] = true.into();
    }
    let answer = wire.send(endpoint, Request::post(PATH, call, &body.into(), Work::Paid)).await?;
    let reading = Reading {
        body: answer,
        decoder: Decoder::default(),
        waiting: VecDeque::new(),
        usage: None,
        started: false,
        asked,
        judge: wire.judge(),
        key: endpoint.key.clone(),
    };
    Ok(ChatStream::new(stream::unfold(Some(reading), |reading| async {
        let mut reading = reading?;
        let event = reading.next().await;
        let goes_on = matches!(event, Ok(ChatEvent::Chunk(_) | ChatEvent::Usage { .. }));
        Some((event, goes_on.then_some(reading)))
    })))
}

fn error_in(answer: &Value) -> Option<&Value> {
    answer.get("error").filter(|error| !error.is_null())
}

/// An error that came with a good status, after upstream began to work. It is an answer, but a charge may have begun.
fn told(judge: Judge, error: &Value, key: &SecretString) -> UpstreamError {
    let refused = Refused { status: None, error: Some(error), retry_after: None, work: Work::Paid };
    judge(&refused, key.expose_secret())
}

/// Which usage the client wants to see.
#[derive(Clone, Copy, Debug)]
struct Asked {
    at_the_end: bool,
    in_chunks: bool,
}

impl Asked {
    fn of(body: &Map<String, Value>) -> Self {
        let option = |name: &str| body.get("stream_options").is_some_and(|options| options[name] == true);
        Self { at_the_end: option("include_usage"), in_chunks: option("chunk_include_usage") }
    }
}

/// A stream that is being read.
struct Reading {
    body: Body,
    decoder: Decoder,
    waiting: VecDeque<String>,
    /// The last usage that upstream told, good or not.
    usage: Option<Result<Quantities, UpstreamError>>,
    /// Something of the answer has arrived: another attempt would begin it anew.
    started: bool,
    asked: Asked,
    judge: Judge,
    key: SecretString,
}

impl Reading {
    async fn next(&mut self) -> Result<ChatEvent, UpstreamError> {
        loop {
            if let Some(data) = self.waiting.pop_front() {
                return self.event(data.trim());
            }
            let piece = self.body.chunk().await.map_err(|error| lost(&error, Work::Paid))?.ok_or_else(cut)?;
            self.decoder.push(&piece, &mut self.waiting).map_err(|_| malformed(Work::Paid))?;
        }
    }

    fn event(&mut self, data: &str) -> Result<ChatEvent, UpstreamError> {
        if data == "[DONE]" {
            // The last word on usage decides; a stream without any has no usage, which is not zero.
            return match self.usage.take() {
                Some(usage) => usage.map(|_| ChatEvent::Done),
                None => Err(usage::chat(&Value::Null).err().unwrap_or_else(|| malformed(Work::Paid))),
            };
        }
        let chunk = serde_json::from_str(data).ok().filter(Value::is_object);
        let chunk: Value = chunk.ok_or_else(|| malformed(Work::Paid))?;
        if let Some(error) = error_in(&chunk) {
            let error = told(self.judge, error, &self.key);
            let repeats = self.started && error.fate == Verdict::Retry;
            return Err(if repeats { UpstreamError { fate: Verdict::Fail, ..error } } else { error });
        }
        self.started = true;
        Ok(self.chunk(chunk))
    }

    fn chunk(&mut self, mut chunk: Value) -> ChatEvent {
        let told = chunk.get("usage").filter(|usage| !usage.is_null()).map(usage::chat);
        let last = chunk["choices"].as_array().is_none_or(Vec::is_empty) && told.is_some();
        if !last && !self.asked.in_chunks {
            hide_usage(&mut chunk, self.asked.at_the_end);
        }
        let good = told.as_ref().and_then(|told| told.as_ref().ok()).cloned();
        self.usage = told.or_else(|| self.usage.take());
        match good {
            Some(usage) => ChatEvent::Usage { chunk, usage, forced: last && !self.asked.at_the_end },
            None => ChatEvent::Chunk(chunk),
        }
    }
}

/// A chunk as the client would have got it without our asking: a null beside an asked last chunk, else nothing.
fn hide_usage(chunk: &mut Value, as_null: bool) {
    if let Some(fields) = chunk.as_object_mut() {
        match as_null {
            true => drop(fields.insert("usage".to_owned(), Value::Null)),
            false => drop(fields.remove("usage")),
        }
    }
}

/// The stream ended before it said so: what it used is unknown.
fn cut() -> UpstreamError {
    UpstreamError::ours(Verdict::Unknown, code::UNAVAILABLE, words(code::UNAVAILABLE))
}
