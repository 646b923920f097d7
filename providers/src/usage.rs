//! Reads a usage with suspicion: a count is a whole number from zero to a bound, or there is none. Zero is not missing.

use domain::pricing::{Meter, Quantities};
use serde_json::Value;

use crate::{UpstreamError, Verdict, code};

/// The most of anything that one call may claim to have used.
pub const MAX_USAGE: u64 = 1_000_000_000;

/// The count at a JSON pointer, or `None` when it is absent or null.
fn optional(usage: &Value, pointer: &str) -> Result<Option<u64>, UpstreamError> {
    match usage.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) if count <= MAX_USAGE => Ok(Some(count)),
            _ => Err(invalid(&format!("{pointer} is not a whole number from 0 to {MAX_USAGE}"))),
        },
    }
}

fn required(usage: &Value, pointer: &str) -> Result<u64, UpstreamError> {
    optional(usage, pointer)?.ok_or_else(|| invalid(&format!("{pointer} is missing")))
}

fn invalid(why: &str) -> UpstreamError {
    UpstreamError::ours(
        Verdict::Fail,
        code::INVALID_USAGE,
        format!("The provider reported a usage that can't be right: {why}."),
    )
}

fn with_optional(
    quantities: Quantities,
    usage: &Value,
    meter: Meter,
    pointer: &str,
) -> Result<Quantities, UpstreamError> {
    Ok(match optional(usage, pointer)? {
        Some(count) => quantities.with(meter, count),
        None => quantities,
    })
}

/// Tokens of a chat. An upstream that names no cached tokens took none from a cache.
pub fn chat(usage: &Value) -> Result<Quantities, UpstreamError> {
    let input = required(usage, "/prompt_tokens")?;
    let cached = optional(usage, "/prompt_tokens_details/cached_tokens")?.unwrap_or(0);
    if cached > input {
        return Err(invalid("more tokens came from the cache than there are"));
    }
    let output = required(usage, "/completion_tokens")?;
    let known = Quantities::new()
        .with(Meter::InputToken, input)
        .with(Meter::CachedInputToken, cached)
        .with(Meter::OutputToken, output);
    with_optional(known, usage, Meter::ToolCall, "/tool_usage/web_search")
}

/// Tokens of embedded texts and images.
pub fn embeddings(usage: &Value) -> Result<Quantities, UpstreamError> {
    Ok(Quantities::new().with(Meter::InputToken, required(usage, "/prompt_tokens")?))
}

/// Images that upstream charges for, however many are listed.
pub fn images(usage: &Value) -> Result<Quantities, UpstreamError> {
    let known = Quantities::new().with(Meter::Image, required(usage, "/generated_images")?);
    let known = with_optional(known, usage, Meter::InputImage, "/input_images")?;
    let known = with_optional(known, usage, Meter::OutputToken, "/output_tokens")?;
    with_optional(known, usage, Meter::ToolCall, "/tool_usage/web_search")
}

/// Tokens of images that are charged by tokens: texts and images that were given, apart, and what was made.
pub fn image_tokens(usage: &Value, made: usize) -> Result<Quantities, UpstreamError> {
    let input = required(usage, "/input_tokens")?;
    let of_images = optional(usage, "/input_tokens_details/image_tokens")?.unwrap_or(0);
    let of_texts = input.checked_sub(of_images);
    let of_texts = of_texts.ok_or_else(|| invalid("more tokens came from images than there are"))?;
    let made = u64::try_from(made).unwrap_or(MAX_USAGE);
    Ok(Quantities::new()
        .with(Meter::InputToken, of_texts)
        .with(Meter::CachedInputToken, 0)
        .with(Meter::InputImageToken, of_images)
        .with(Meter::OutputToken, required(usage, "/output_tokens")?)
        .with(Meter::Image, made))
}

/// Tokens of a video task, and its seconds where the task says how many were made.
pub fn video(task: &Value) -> Result<Quantities, UpstreamError> {
    let known = Quantities::new().with(Meter::VideoToken, required(task, "/usage/completion_tokens")?);
    let known = with_optional(known, task, Meter::Second, "/duration")?;
    with_optional(known, task, Meter::ToolCall, "/usage/tool_usage/web_search")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn zero_is_a_count_and_nonsense_is_none() {
        let told = |count: Value| images(&json!({ "generated_images": count })).map_err(|error| error.code);
        assert_eq!(told(json!(0)), Ok(Quantities::new().with(Meter::Image, 0)));
        for nonsense in [json!(-1), json!(1.5), json!(1e18), json!("3"), json!(null), json!(MAX_USAGE + 1)] {
            assert_eq!(told(nonsense), Err(code::INVALID_USAGE));
        }
    }

    #[test]
    fn tokens_of_images_are_counted_apart_from_those_of_texts() {
        let usage = |input: u64| json!({ "input_tokens": input, "output_tokens": 272, "input_tokens_details": { "text_tokens": 9, "image_tokens": 30 } });
        let counted = image_tokens(&usage(39), 1).unwrap();
        let meters = [Meter::InputToken, Meter::InputImageToken, Meter::OutputToken, Meter::Image];
        assert_eq!(meters.map(|meter| counted.get(meter)), [Some(9), Some(30), Some(272), Some(1)]);
        assert_eq!(image_tokens(&usage(29), 1).unwrap_err().code, code::INVALID_USAGE);
        assert_eq!(image_tokens(&json!(null), 1).unwrap_err().code, code::INVALID_USAGE);
    }

    #[test]
    fn cached_tokens_are_part_of_the_input() {
        let usage = |cached: u64| json!({ "prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": { "cached_tokens": cached } });
        assert_eq!(chat(&usage(5)).unwrap().get(Meter::CachedInputToken), Some(5));
        assert_eq!(chat(&usage(6)).unwrap_err().code, code::INVALID_USAGE);
    }
}
