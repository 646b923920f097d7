//! The bytes of a file: whole, a range of them, or not again when the client has them.
//!
//! Whatever the file is, a browser runs nothing in it: sandboxed, not sniffed, and inline only when it is a picture, video or sound.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use store::assets::Asset;

use super::sniff::extension;
use crate::{
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

const CSP: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'; style-src 'none'; script-src 'none'");
const INLINE: [&str; 8] =
    ["image/png", "image/jpeg", "image/webp", "image/gif", "video/mp4", "video/webm", "audio/wav", "audio/mpeg"];

/// Which bytes are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// From, to, both included.
    Part(u64, u64),
    Nothing,
}

/// Answers with the bytes of a file.
pub async fn deliver(state: &AppState, asset: &Asset, headers: &HeaderMap) -> ApiResult<Response> {
    let etag = format!("\"{}\"", hex::encode(asset.sha256));
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known.split(',').any(|tag| is_tag(tag, &etag))) {
        return Ok((StatusCode::NOT_MODIFIED, describing(asset, &etag)).into_response());
    }
    let same = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let wanted = text(header::RANGE).filter(|_| same).map_or(Wanted::All, |range| wanted(range, asset.bytes));
    match wanted {
        Wanted::All => {
            let object = state.objects.get(&asset.object_key).await?;
            let length = [(header::CONTENT_LENGTH, HeaderValue::from(asset.bytes))];
            Ok((describing(asset, &etag), length, Body::from_stream(object.body)).into_response())
        }
        Wanted::Part(start, end) => {
            let object = state.objects.get_range(&asset.object_key, start, end).await?;
            let range = format!("bytes {start}-{end}/{}", asset.bytes);
            let part =
                [(header::CONTENT_LENGTH, HeaderValue::from(object.size)), (header::CONTENT_RANGE, ascii(&range))];
            Ok((StatusCode::PARTIAL_CONTENT, describing(asset, &etag), part, Body::from_stream(object.body))
                .into_response())
        }
        Wanted::Nothing => Err(ApiError::new(ErrorCode::RangeNotSatisfiable, "the range lies outside the file")
            .with_header(header::CONTENT_RANGE, ascii(&format!("bytes */{}", asset.bytes)))),
    }
}

fn is_tag(given: &str, etag: &str) -> bool {
    let given = given.trim();
    given.strip_prefix("W/").unwrap_or(given) == etag
}

fn describing(asset: &Asset, etag: &str) -> HeaderMap {
    let inline = INLINE.contains(&asset.content_type.as_str());
    let content_type = HeaderValue::from_str(&asset.content_type);
    let disposition = format!(
        "{}; filename=\"{}{}\"",
        if inline { "inline" } else { "attachment" },
        asset.id,
        extension(&asset.content_type)
    );
    let pairs = [
        (header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_DISPOSITION, ascii(&disposition)),
        (header::ETAG, ascii(etag)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, CSP),
    ];
    pairs.into_iter().collect()
}

fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids, digits and hashes are ASCII")
}

/// One range is honoured; several, and other units, are answered with the whole file, as the RFC allows.
fn wanted(range: &str, total: u64) -> Wanted {
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::All;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(start), Ok(end)) if start <= end => part(start, end, total),
        (Ok(start), Err(_)) if last.is_empty() => part(start, u64::MAX, total),
        (Err(_), Ok(0)) if first.is_empty() => Wanted::Nothing,
        (Err(_), Ok(suffix)) if first.is_empty() => part(total.saturating_sub(suffix), u64::MAX, total),
        _ => Wanted::All,
    }
}

fn part(start: u64, end: u64, total: u64) -> Wanted {
    if start >= total { Wanted::Nothing } else { Wanted::Part(start, end.min(total - 1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (range, expected) in [
            ("bytes=0-4", Wanted::Part(0, 4)),
            ("bytes=5-", Wanted::Part(5, 9)),
            ("bytes=-3", Wanted::Part(7, 9)),
            ("bytes=-30", Wanted::Part(0, 9)),
            ("bytes=8-99", Wanted::Part(8, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,4-5", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes=a-b", Wanted::All),
        ] {
            assert_eq!(wanted(range, 10), expected, "{range}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Nothing);
    }
}
