//! `GET /a/{asset}?exp=…&sig=…`: a file for whoever holds a link that we signed, until it expires.

use std::time::Duration;

use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use domain::id::AssetId;
use serde::Deserialize;

use super::{deliver::deliver, parse};
use crate::{
    error::{ApiError, ApiResult},
    request::{Path, Query},
    state::AppState,
};

/// How long a link is good at least.
pub const LINK_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Links end at the full hour, so that the same file has the same link for a while and browsers can keep it.
const STEP_SECONDS: i64 = 3600;

/// A signed link.
#[derive(Clone, Debug)]
pub struct Link {
    /// The whole URL.
    pub url: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Signs a link to a file.
#[must_use]
pub fn sign(state: &AppState, asset_id: &AssetId) -> Link {
    let earliest = (state.store.now() + LINK_LIFETIME).timestamp();
    let expires = (earliest / STEP_SECONDS + 1) * STEP_SECONDS;
    let signature = state.secrets.link_signature(asset_id.as_str(), expires);
    Link {
        url: format!("{}/a/{asset_id}?exp={expires}&sig={signature}", state.settings.public_url),
        expires_at: DateTime::from_timestamp(expires, 0).unwrap_or_default(),
    }
}

/// What a link says beside the file.
#[derive(Deserialize)]
pub struct LinkQuery {
    exp: i64,
    sig: String,
}

/// Sends the bytes of a file to the holder of a link. A wrong link and a file that is gone answer alike.
pub async fn open(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(LinkQuery { exp, sig }): Query<LinkQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (asset_id, now) = (parse(&id)?, state.store.now());
    if !state.secrets.is_link_signature(asset_id.as_str(), exp, &sig) || exp <= now.timestamp() {
        return Err(ApiError::not_found("asset"));
    }
    let asset = state.assets.by_link(&asset_id, now).await?;
    deliver(&state, &asset, &headers).await
}
