//! `POST /embeddings`: numbers or base64, as the caller asks; every vector is read, and written as it was asked for.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::OpenAi;
use crate::{
    Call, EmbeddingsAnswer, Endpoint, UpstreamError, usage,
    wire::{Request, Work, body_of, malformed},
};

const PATH: &str = "/embeddings";
/// A float in base64 is so long, and little-endian.
const FLOAT_BYTES: usize = 4;

impl OpenAi {
    pub(super) async fn embed(&self, endpoint: &Endpoint, call: &Call) -> Result<EmbeddingsAnswer, UpstreamError> {
        let mut request = body_of(call)?;
        if let Some(hash) = &call.end_user_hash {
            request.entry("user").or_insert_with(|| hash.clone().into());
        }
        let base64 = request.get("encoding_format").is_some_and(|format| format == "base64");
        let mut body = self.wire.json(endpoint, Request::post(PATH, call, &request.into(), Work::Paid)).await?;
        rewrite(&mut body, base64).ok_or_else(|| malformed(Work::Paid))?;
        let usage = usage::embeddings(&body["usage"])?;
        Ok(EmbeddingsAnswer { body, usage })
    }
}

/// Writes every vector as it was asked for. `None` when one of them is no vector.
fn rewrite(body: &mut Value, base64: bool) -> Option<()> {
    for item in body.get_mut("data")?.as_array_mut()? {
        let written = match (item.get("embedding")?, base64) {
            (Value::String(text), true) => floats(text).map(|_| None)?,
            (Value::String(text), false) => Some(Value::from(floats(text)?)),
            (Value::Array(numbers), true) => Some(STANDARD.encode(bytes(numbers)?).into()),
            (Value::Array(numbers), false) => bytes(numbers).map(|_| None)?,
            _ => return None,
        };
        if let Some(written) = written {
            item["embedding"] = written;
        }
    }
    Some(())
}

fn floats(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (floats, rest) = bytes.as_chunks::<FLOAT_BYTES>();
    rest.is_empty().then(|| floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
}

fn bytes(numbers: &[Value]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(numbers.len() * FLOAT_BYTES);
    for number in numbers {
        #[expect(clippy::cast_possible_truncation, reason = "vectors are told in single precision")]
        bytes.extend_from_slice(&(number.as_f64()? as f32).to_le_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn vectors_are_written_as_they_were_asked_for() {
        let answer = |vector: Value| json!({ "data": [{ "index": 0, "embedding": vector }] });
        let (numbers, text) = (json!([0.5, -2.0]), json!("AAAAPwAAAMA="));
        for told in [&numbers, &text] {
            for (base64, wanted) in [(false, &numbers), (true, &text)] {
                let mut body = answer(told.clone());
                rewrite(&mut body, base64).unwrap();
                assert_eq!(&body["data"][0]["embedding"], wanted);
            }
        }
    }

    #[test]
    fn what_is_no_vector_is_no_answer() {
        for nonsense in [json!(null), json!("AAA"), json!("AAAAPwA="), json!(["x"]), json!(3)] {
            for base64 in [false, true] {
                assert_eq!(rewrite(&mut json!({ "data": [{ "embedding": nonsense }] }), base64), None);
            }
        }
        assert_eq!(rewrite(&mut json!({}), false), None);
    }
}
