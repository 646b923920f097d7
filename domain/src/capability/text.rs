//! Measures how many tokens a text input can have at most, from its bytes. A byte-level tokenizer never makes more tokens than bytes.
//!
//! Counts the compact JSON of the parameters: roles, names and escapes pay for what the chat template adds. Media parts count by
//! their declared bound, and a kind of media without one is refused. Never keeps any of the text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pricing::{MAX_READ_BYTES, PriceError, at};

/// Types of parts, of tools and of forms that are sent as text. Any other part stands for media.
const TEXT_PARTS: [&str; 6] = ["text", "function", "custom", "refusal", "thinking", "json_schema"];

/// How the text of some parameters is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextMeasure {
    /// The parameters that are sent as text.
    pub params: Vec<String>,
    /// Tokens that every request has on top.
    #[serde(default)]
    pub base: u64,
    /// Tokens that every item of a list has on top, such as a message.
    #[serde(default)]
    pub per_item: u64,
    /// How many bytes one token stands for: 1 for a bound, 3 or so for a likely count.
    #[serde(default = "default_bytes_per_token")]
    pub bytes_per_token: u64,
    /// The most tokens of one media part, by its key, such as `image_url`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub media: BTreeMap<String, u64>,
}

const fn default_bytes_per_token() -> u64 {
    1
}

/// What was counted so far.
#[derive(Default)]
struct Tally {
    bytes: u64,
    tokens: u64,
}

impl TextMeasure {
    /// The number of tokens.
    pub(super) fn tokens(&self, params: &Value) -> Result<u64, PriceError> {
        let mut tally = Tally { bytes: 0, tokens: self.base };
        for path in &self.params {
            let Some(value) = at(params, path) else { continue };
            let items = value.as_array().map_or(1, |items| items.len() as u64);
            tally.add_tokens(items.checked_mul(self.per_item))?;
            self.measure(value, &mut tally)?;
        }
        tally.add_tokens(Some(tally.bytes.div_ceil(self.bytes_per_token.max(1))))?;
        Ok(tally.tokens)
    }

    /// Adds the length of the value's compact JSON, media parts by their bound.
    fn measure(&self, value: &Value, tally: &mut Tally) -> Result<(), PriceError> {
        match value {
            Value::Object(fields) => {
                tally.add_bytes(2)?;
                for (key, value) in fields {
                    tally.add_bytes(json_length(key)? + 2)?;
                    match self.media_bound(key, value, fields)? {
                        Some(bound) => tally.add_tokens(Some(bound))?,
                        None => self.measure(value, tally)?,
                    }
                }
                Ok(())
            }
            Value::Array(items) => {
                tally.add_bytes(2 + items.len() as u64)?;
                items.iter().try_for_each(|item| self.measure(item, tally))
            }
            Value::String(text) => tally.add_bytes(json_length(text)?),
            scalar => tally.add_bytes(scalar.to_string().len() as u64),
        }
    }

    /// The bound of a media part; `None` for text. A part carries what it is under the name of its `type`.
    fn media_bound(
        &self,
        key: &str,
        value: &Value,
        part: &serde_json::Map<String, Value>,
    ) -> Result<Option<u64>, PriceError> {
        let named = part.get("type").and_then(Value::as_str) == Some(key);
        if !named || value.is_null() || TEXT_PARTS.contains(&key) {
            return Ok(None);
        }
        let kind = || key.chars().take(MAX_READ_BYTES).collect();
        self.media.get(key).copied().map(Some).ok_or_else(|| PriceError::Unbounded(kind()))
    }
}

impl Tally {
    fn add_bytes(&mut self, bytes: u64) -> Result<(), PriceError> {
        self.bytes = self.bytes.checked_add(bytes).ok_or(PriceError::OutOfRange)?;
        Ok(())
    }

    fn add_tokens(&mut self, tokens: Option<u64>) -> Result<(), PriceError> {
        self.tokens = tokens.and_then(|tokens| self.tokens.checked_add(tokens)).ok_or(PriceError::OutOfRange)?;
        Ok(())
    }
}

/// The length of a text as JSON, quotes and escapes included.
fn json_length(text: &str) -> Result<u64, PriceError> {
    let escapes = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
    u64::try_from(text.len() + escapes + 2).map_err(|_| PriceError::OutOfRange)
}
