//! A multipart form of a page: its texts, and its files, which become assets on the way. The form's token comes first:
//! nothing is stored for a form that is not ours.

use axum::extract::Multipart;

use super::desk::Desk;
use crate::{
    assets::upload::{broken, store_field},
    error::{ApiError, ApiResult, ErrorCode},
    request::BODY_WITHIN,
    state::AppState,
};

/// The most inputs of a form.
const INPUTS_MAX: usize = 200;
/// The longest text of one input.
const TEXT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// What a form brought.
pub struct Filled {
    /// The once-only key of the form.
    pub once: Option<String>,
    /// The names and texts of its inputs; a file's text is the id of its asset.
    pub sent: Vec<(String, String)>,
}

impl Filled {
    /// Reads a form, and stores its files.
    ///
    /// # Errors
    /// `csrf_refused`, `payload_too_large`, `unsupported_media_type`, a form that broke off.
    pub async fn take(state: &AppState, desk: &Desk, form: Multipart) -> ApiResult<Self> {
        let late = |_| ApiError::new(ErrorCode::RequestTimeout, "the form did not arrive in time");
        tokio::time::timeout(BODY_WITHIN * 5, take(state, desk, form)).await.map_err(late)?
    }
}

async fn take(state: &AppState, desk: &Desk, mut form: Multipart) -> ApiResult<Filled> {
    let (mut filled, mut checked) = (Filled { once: None, sent: Vec::new() }, false);
    for _ in 0..INPUTS_MAX {
        let Some(field) = form.next_field().await.map_err(|error| broken(&error))? else {
            let unchecked = || ApiError::new(ErrorCode::CsrfRefused, "the form lacks its token");
            return if checked { Ok(filled) } else { Err(unchecked()) };
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "csrf_token" {
            desk.check_form(state, &text(field).await?)?;
            checked = true;
        } else if !checked {
            return Err(ApiError::new(ErrorCode::CsrfRefused, "the form's token must come first"));
        } else if field.file_name().is_some_and(|file| !file.is_empty()) {
            let asset = store_field(state, &desk.caller, field, None).await?;
            filled.sent.push((name, asset.id.to_string()));
        } else if field.file_name().is_none() {
            let text = text(field).await?;
            match name.as_str() {
                "once" => filled.once = Some(text).filter(|once| !once.is_empty()),
                _ => filled.sent.push((name, text)),
            }
        }
    }
    Err(ApiError::new(ErrorCode::PayloadTooLarge, format!("a form has at most {INPUTS_MAX} inputs")))
}

async fn text(mut field: axum::extract::multipart::Field<'_>) -> ApiResult<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > TEXT_MAX_BYTES {
            return Err(ApiError::new(ErrorCode::PayloadTooLarge, "a text of the form is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| ApiError::new(ErrorCode::InvalidRequest, "the form is not UTF-8"))
}
