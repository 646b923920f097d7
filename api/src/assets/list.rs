//! `GET /v1/assets`: the tenant's files, the newest first.

use axum::extract::State;
use domain::id::{AssetId, JobId};
use serde::Deserialize;
use store::assets::{ASSETS_LISTED, AssetKind, AssetQuery};
use utoipa::IntoParams;

use super::{AssetView, view};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    page::{List, cursor, page_size},
    request::Query,
    state::AppState,
};

/// Which files.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct AssetFilter {
    /// The last file of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
    /// `output` or `upload`.
    kind: Option<String>,
    /// How its media type begins, such as `image/`.
    #[serde(rename = "type")]
    content_type: Option<String>,
    /// Only those of this job.
    job: Option<String>,
}

/// Lists files.
#[utoipa::path(get, path = "/v1/assets", tag = "assets", params(AssetFilter), security(("token" = []), ("api_key" = [])),
    responses((status = 200, body = List<AssetView>)))]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(filter): Query<AssetFilter>,
) -> ApiResult<axum::Json<List<AssetView>>> {
    let limit = page_size(filter.limit)?.min(ASSETS_LISTED - 1);
    let query = AssetQuery {
        kind: filter.kind.as_deref().map(kind).transpose()?,
        content_type_prefix: filter.content_type,
        job_id: filter.job.map(|id| id.parse::<JobId>()).transpose().map_err(|_| ApiError::not_found("job"))?,
        before: cursor::<AssetId>(filter.after.as_deref())?,
        limit: limit + 1,
    };
    let assets = state.assets.list(&caller.tenant_id, &query, state.store.now()).await?;
    let views = assets.iter().map(|asset| view(&state, asset)).collect();
    Ok(axum::Json(List::cut(views, limit, |asset: &AssetView| asset.id.clone())))
}

fn kind(text: &str) -> ApiResult<AssetKind> {
    let known = [AssetKind::Output, AssetKind::Upload].into_iter().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| ApiError::parameter("kind", "kind is output or upload"))
}
