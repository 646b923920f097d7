//! The parameters of a video as Ark wants them: texts and files become `content`, everything else keeps its name.

use serde_json::{Map, Value, json};

use crate::{Call, UpstreamError, wire::body_of};

/// Which of our parameters become files of the content: the name, Ark's type, its role.
const FILES: [(&str, &str, &str); 8] = [
    ("image", "image_url", "first_frame"),
    ("first_frame", "image_url", "first_frame"),
    ("first_frame_image", "image_url", "first_frame"),
    ("last_frame_image", "image_url", "last_frame"),
    ("last_frame", "image_url", "last_frame"),
    ("reference_images", "image_url", "reference_image"),
    ("reference_videos", "video_url", "reference_video"),
    ("reference_audios", "audio_url", "reference_audio"),
];
/// The longest `safety_identifier`.
const MAX_IDENTIFIER: usize = 64;

/// The body of a create call. The attempt's id stands in `safety_identifier`, which upstream echoes: so a task can be found again.
pub fn body(call: &Call) -> Result<Value, UpstreamError> {
    let mut body = body_of(call)?;
    let mut content = match body.remove("content") {
        Some(Value::Array(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    if let Some(text) = body.remove("prompt") {
        content.push(json!({ "type": "text", "text": text }));
    }
    for (name, kind, role) in FILES {
        for url in files(&mut body, name) {
            content.push(json!({ "type": kind, kind: { "url": url }, "role": role }));
        }
    }
    if let Some(id) = body.remove("draft_task_id") {
        content.push(json!({ "type": "draft_task", "draft_task": { "id": id } }));
    }
    body.insert("content".to_owned(), content.into());
    if let Some(url) = &call.callback_url {
        body.insert("callback_url".to_owned(), url.clone().into());
    }
    body.insert("safety_identifier".to_owned(), identifier(call.attempt_id.as_str()).into());
    Ok(body.into())
}

/// What stands in `safety_identifier` for an attempt.
pub fn identifier(attempt: &str) -> &str {
    attempt.get(..MAX_IDENTIFIER).unwrap_or(attempt)
}

fn files(body: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match body.remove(name) {
        None => Vec::new(),
        Some(Value::Array(urls)) => urls,
        Some(url) => vec![url],
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use domain::{capability::CapabilityKind, id::AttemptId};

    use super::*;

    #[test]
    fn texts_and_files_become_content() {
        let params = json!({
            "prompt": "p", "image": "data:image/png;base64,a", "last_frame_image": "b", "reference_images": ["c", "d"],
            "resolution": "720p", "duration": 5, "generate_audio": false, "service_tier": null, "unheard_of": { "x": 1 },
        });
        let call = Call {
            attempt_id: AttemptId::from_uuid(Default::default()),
            upstream_model: "m".to_owned(),
            capability: CapabilityKind::ImageToVideo,
            params,
            callback_url: Some("https://gateway/u".to_owned()),
            end_user_hash: None,
        };
        let file = |url: &str, role: &str| json!({ "type": "image_url", "image_url": { "url": url }, "role": role });
        let content = json!([
            { "type": "text", "text": "p" },
            file("data:image/png;base64,a", "first_frame"),
            file("b", "last_frame"),
            file("c", "reference_image"),
            file("d", "reference_image"),
        ]);
        let wire = json!({
            "model": "m", "content": content, "resolution": "720p", "duration": 5, "generate_audio": false,
            "unheard_of": { "x": 1 }, "callback_url": "https://gateway/u", "safety_identifier": call.attempt_id.as_str(),
        });
        assert_eq!(body(&call).unwrap(), wire);
        assert!(call.attempt_id.as_str().is_ascii() && call.attempt_id.as_str().len() <= MAX_IDENTIFIER);
    }
}
