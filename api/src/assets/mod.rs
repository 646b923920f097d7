//! Files of a tenant: brought by people, or made by jobs.
//!
//! | file | route |
//! |---|---|
//! | `upload` | `POST /v1/assets` |
//! | `list` | `GET /v1/assets` |
//! | `show` | `GET /v1/assets/{id}` |
//! | `delete` | `DELETE /v1/assets/{id}` |
//! | `content` | `GET /v1/assets/{id}/content` |
//! | `link` | `GET /a/{asset}?exp=…&sig=…`, and the making of such links |
//! | `deliver` | bytes with ranges, for both of them |
//! | `sniff` | what a file is, by its first bytes |

pub mod content;
pub mod delete;
pub mod deliver;
pub mod link;
pub mod list;
pub mod show;
mod sniff;
pub mod upload;

use chrono::{DateTime, Utc};
use domain::id::{AssetId, JobId};
use serde::Serialize;
use store::assets::Asset;
use utoipa::ToSchema;

use crate::{
    error::{ApiError, ApiResult},
    state::AppState,
};

/// A stored file, as answers show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssetView {
    /// `ast_…`
    pub id: String,
    /// `asset`
    pub object: &'static str,
    /// `output` or `upload`
    pub kind: &'static str,
    /// The job that made it.
    pub job_id: Option<String>,
    /// Its media type.
    pub content_type: String,
    /// Its length.
    pub bytes: u64,
    /// The hash of its bytes, in hex.
    pub sha256: String,
    /// Pixels across.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
    /// Of videos and sounds.
    pub duration_ms: Option<u64>,
    /// The file's name, as it was brought.
    pub name: Option<String>,
    /// A link that anybody may open until `url_expires_at`.
    pub url: String,
    /// Until when the link is good; asking again gives another.
    pub url_expires_at: DateTime<Utc>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
    /// When it goes by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An asset with a fresh link.
#[must_use]
pub fn view(state: &AppState, asset: &Asset) -> AssetView {
    let link = link::sign(state, &asset.id);
    AssetView {
        id: asset.id.to_string(),
        object: "asset",
        kind: asset.kind.as_str(),
        job_id: asset.job_id.as_ref().map(JobId::to_string),
        content_type: asset.content_type.clone(),
        bytes: asset.bytes,
        sha256: hex::encode(asset.sha256),
        width: asset.width,
        height: asset.height,
        duration_ms: asset.duration_ms,
        name: asset.name.clone(),
        url: link.url,
        url_expires_at: link.expires_at,
        created_at: asset.created_at,
        expires_at: asset.expires_at,
    }
}

/// The id of a file.
///
/// # Errors
/// `not_found` for a text that is none.
pub fn parse(id: &str) -> ApiResult<AssetId> {
    id.parse().map_err(|_| ApiError::not_found("asset"))
}
