//! Reading a body strictly: null is absent, and everything that is wrong becomes an issue, all of them in one answer.

use serde_json::{Value, json};

use super::refusal::invalid;
use crate::calls::Refusal;

/// The most UTF-16 code units of a prompt.
const MAX_PROMPT: usize = 1_000;
/// The longest data URI.
const MAX_DATA_URI: usize = 5 << 20;
/// The largest seed.
const MAX_SEED: u64 = 4_294_967_295;

/// A body, and what is wrong with it so far.
pub struct Reading<'a> {
    body: &'a Value,
    issues: Vec<Value>,
}

impl<'a> Reading<'a> {
    /// Nothing is wrong yet.
    pub fn of(body: &'a Value) -> Self {
        Self { body, issues: Vec::new() }
    }

    /// Notes that a field is wrong.
    pub fn note(&mut self, path: &[&str], why: &str) {
        self.issues.push(json!({ "code": "custom", "path": path, "message": why }));
    }

    /// Refuses when anything is wrong.
    pub fn end(self) -> Result<(), Refusal> {
        if self.issues.is_empty() { Ok(()) } else { Err(invalid(self.issues)) }
    }

    fn present(&self, field: &str) -> Option<&'a Value> {
        self.body.get(field).filter(|value| !value.is_null())
    }

    fn missing(&mut self, field: &str) {
        self.note(&[field], "Required");
    }

    /// A prompt of at most 1000 UTF-16 code units.
    pub fn prompt(&mut self, required: bool) -> &'a str {
        let field = "promptText";
        match self.present(field).map(|value| value.as_str()) {
            None if required => self.missing(field),
            None => {}
            Some(Some(text)) if !text.is_empty() && text.encode_utf16().count() <= MAX_PROMPT => return text,
            Some(Some(_)) => self.note(&[field], "String must contain 1 to 1000 UTF-16 code units"),
            Some(None) => self.note(&[field], "Expected a string"),
        }
        ""
    }

    /// One of a few words, which must be there.
    pub fn word(&mut self, field: &str, allowed: &[&str]) -> &'a str {
        match self.present(field).map(Value::as_str) {
            None => self.missing(field),
            Some(Some(word)) if allowed.contains(&word) => return word,
            Some(_) => self.note(&[field], &format!("Expected one of: {}", allowed.join(", "))),
        }
        ""
    }

    /// One of a few numbers.
    pub fn number(&mut self, field: &str, allowed: &[u64], usual: Option<u64>) -> u64 {
        match (self.present(field).map(Value::as_u64), usual) {
            (None, Some(usual)) => return usual,
            (None, None) => self.missing(field),
            (Some(Some(number)), _) if allowed.contains(&number) => return number,
            (Some(_), _) => self.note(&[field], &format!("Expected one of: {allowed:?}")),
        }
        0
    }

    /// True or false.
    pub fn flag(&mut self, field: &str) -> Option<bool> {
        let value = self.present(field)?;
        if !value.is_boolean() {
            self.note(&[field], "Expected a boolean");
        }
        value.as_bool()
    }

    /// A field that the model does not know.
    pub fn unknown(&mut self, field: &str) {
        if self.present(field).is_some() {
            self.note(&[field], "The model does not support this field");
        }
    }

    /// A seed, where there is one.
    pub fn seed(&mut self) {
        if self.present("seed").is_some_and(|seed| seed.as_u64().is_none_or(|seed| seed > MAX_SEED)) {
            self.note(&["seed"], "Expected an integer from 0 to 4294967295");
        }
    }

    /// The first frame, and the last where the model takes one: how many pictures there are.
    pub fn prompt_image(&mut self, last_frame: bool) -> usize {
        let field = "promptImage";
        match self.present(field) {
            None => self.missing(field),
            Some(Value::String(uri)) => self.uri(field, uri),
            Some(Value::Array(frames)) if (1..=2).contains(&frames.len()) => {
                for frame in frames {
                    match frame["position"].as_str() {
                        Some("first") => {}
                        Some("last") if last_frame => {}
                        _ => self.note(&[field, "position"], "The model does not take a frame at this position"),
                    }
                    self.uri(field, frame["uri"].as_str().unwrap_or_default());
                }
                return frames.len();
            }
            Some(_) => self.note(&[field], "Expected a URI, or one or two frames"),
        }
        1
    }

    /// Pictures to refer to, each with a tag or without: how many there are.
    pub fn references(&mut self, (least, most): (usize, usize)) -> usize {
        let field = "referenceImages";
        let none = Vec::new();
        let references = match self.present(field) {
            None => &none,
            Some(Value::Array(references)) => references,
            Some(_) => {
                self.note(&[field], "Expected an array");
                return 0;
            }
        };
        if !(least..=most).contains(&references.len()) {
            self.note(&[field], &format!("Expected {least} to {most} reference images"));
        }
        for reference in references {
            self.uri(field, reference["uri"].as_str().unwrap_or_default());
            let tag = reference.get("tag").filter(|tag| !tag.is_null());
            if tag.is_some_and(|tag| tag.as_str().is_none_or(|tag| !(3..=16).contains(&tag.len()))) {
                self.note(&[field, "tag"], "A tag has 3 to 16 characters");
            }
        }
        references.len()
    }

    fn uri(&mut self, field: &str, uri: &str) {
        let picture = |data: &str| data.starts_with("image/") && data.contains(";base64,") && uri.len() <= MAX_DATA_URI;
        let good = match uri.strip_prefix("data:") {
            Some(data) => picture(data),
            None => uri.starts_with("https://") || uri.starts_with("runway://"),
        };
        if !good {
            self.note(&[field], "Expected an HTTPS URL, a runway:// URI, or a data URI of at most 5 MB");
        }
    }
}
