//! Which of a model's resolutions and ratios a size in pixels is. Read from the schema: a list of lines (`720p`), of shapes
//! (`16:9`), or of pixels (`1280:720`). Sizes of one resolution differ a little from model to model, hence the slack.

use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// By how many hundredths a picture's area may differ from that of its resolution.
const AREA_SLACK: u64 = 12;
/// By how many hundredths a picture's shape may differ from its ratio.
const SHAPE_SLACK: u64 = 3;
/// From here on, both numbers of a ratio are pixels.
const FEWEST_PIXELS: u64 = 100;
/// The longest side that is taken for a size.
const MOST_PIXELS: u64 = 16_384;

/// The parameters that stand for a size.
///
/// # Errors
/// `invalid_parameter`: it is no size, or none of the model's.
pub fn translate(size: &str, properties: &Value) -> ApiResult<Map<String, Value>> {
    let mut params = Map::new();
    if properties.get("size").is_some() {
        params.insert("size".to_owned(), size.into());
        return Ok(params);
    }
    let malformed = || ApiError::parameter("size", "size is width x height in pixels, such as 1280x720");
    let pixels = pair(size, 'x').ok_or_else(malformed)?;
    let mut known = false;
    for (name, fits) in [("resolution", is_resolution as Fits), ("ratio", is_ratio)] {
        let choices = choices(&properties[name]);
        if choices.is_empty() {
            continue;
        }
        known = true;
        let choice = nearest(&choices, pixels, fits).ok_or_else(|| unfit(size, name, &choices))?;
        params.insert(name.to_owned(), choice.into());
    }
    if known { Ok(params) } else { Err(ApiError::parameter("size", "this model takes no size")) }
}

/// How far a choice is from the pixels, in hundredths of what it means; `None` when it is not that size.
type Fits = fn(choice: &str, pixels: (u64, u64)) -> Option<u64>;

fn choices(property: &Value) -> Vec<&str> {
    property["enum"].as_array().map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

fn nearest<'a>(choices: &[&'a str], pixels: (u64, u64), fits: Fits) -> Option<&'a str> {
    let fitting = choices.iter().filter_map(|choice| Some((fits(choice, pixels)?, *choice)));
    fitting.min_by_key(|(distance, _)| *distance).map(|(_, choice)| choice)
}

/// `720p`: as many pixels as a picture of 16:9 with so many lines.
fn is_resolution(choice: &str, (width, height): (u64, u64)) -> Option<u64> {
    let lines: u64 = choice.strip_suffix(['p', 'P'])?.parse().ok()?;
    let meant = lines.checked_mul(lines)?.checked_mul(16)? / 9;
    close(width * height, meant, AREA_SLACK)
}

/// `1280:720`: exactly these pixels; `16:9`: this shape.
fn is_ratio(choice: &str, (width, height): (u64, u64)) -> Option<u64> {
    let (across, down) = pair(choice, ':')?;
    if across >= FEWEST_PIXELS && down >= FEWEST_PIXELS {
        return ((across, down) == (width, height)).then_some(0);
    }
    close(width * down, height * across, SHAPE_SLACK)
}

/// The difference of two numbers in hundredths of the second, if it is within the slack.
fn close(number: u64, meant: u64, slack: u64) -> Option<u64> {
    let hundredths = (number.abs_diff(meant) * 100).checked_div(meant)?;
    (hundredths < slack).then_some(hundredths)
}

fn pair(text: &str, sign: char) -> Option<(u64, u64)> {
    let (across, down) = text.split_once(sign)?;
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MOST_PIXELS).contains(side));
    Some((side(across)?, side(down)?))
}

fn unfit(size: &str, name: &str, choices: &[&str]) -> ApiError {
    let message = format!("{size} is no size of this model: its {name} is one of {}", choices.join(", "));
    ApiError::parameter("size", message)
}

/// The size that parameters stand for, as far as they say it; otherwise nothing.
pub fn of(params: &Value) -> String {
    let said = |name: &str| params[name].as_str();
    let ratio = said("ratio");
    let pixels = ratio.and_then(|ratio| pair(ratio, ':')).filter(|(across, _)| *across >= FEWEST_PIXELS);
    match (said("size"), pixels) {
        (Some(size), _) => size.to_owned(),
        (None, Some((width, height))) => format!("{width}x{height}"),
        (None, None) => said("resolution").or(ratio).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn translated(size: &str, properties: &Value) -> Option<Value> {
        translate(size, properties).ok().map(Value::Object)
    }

    #[test]
    fn a_size_becomes_lines_and_a_shape() {
        let lines = json!({ "enum": ["480p", "720p", "1080p"] });
        let shapes = json!({ "enum": ["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"] });
        let both = json!({ "resolution": lines, "ratio": shapes });
        for (size, resolution, ratio) in [
            ("1280x720", "720p", "16:9"),
            ("720x1280", "720p", "9:16"),
            ("1792x1024", "1080p", "16:9"),
            ("1024x1792", "1080p", "9:16"),
            ("960x960", "720p", "1:1"),
            ("1112x834", "720p", "4:3"),
            ("864x496", "480p", "16:9"),
        ] {
            let wanted = json!({ "resolution": resolution, "ratio": ratio });
            assert_eq!(translated(size, &both), Some(wanted), "{size}");
        }
        for nonsense in ["3840x2160", "1280x300", "100x100", "big", "1280", "0x720", "99999999999x1", "-1x1"] {
            assert_eq!(translated(nonsense, &both), None, "{nonsense}");
        }
        assert_eq!(translated("1280x720", &json!({ "resolution": lines })), Some(json!({ "resolution": "720p" })));
        assert_eq!(translated("1280x720", &json!({})), None);
    }

    #[test]
    fn a_size_becomes_pixels_where_the_model_counts_in_them() {
        let pixels = json!({ "ratio": { "enum": ["1280:720", "720:1280", "1104:832"] } });
        assert_eq!(translated("1280x720", &pixels), Some(json!({ "ratio": "1280:720" })));
        assert_eq!(translated("1279x720", &pixels), None);
        let own = json!({ "size": { "enum": ["1280x720"] }, "ratio": { "enum": ["1:1"] } });
        assert_eq!(translated("1280x720", &own), Some(json!({ "size": "1280x720" })));
    }

    #[test]
    fn a_size_is_told_as_far_as_it_is_known() {
        assert_eq!(of(&json!({ "ratio": "1280:720" })), "1280x720");
        assert_eq!(of(&json!({ "resolution": "720p", "ratio": "16:9" })), "720p");
        assert_eq!((of(&json!({ "size": "1x1" })), of(&json!({}))), ("1x1".to_owned(), String::new()));
    }
}
