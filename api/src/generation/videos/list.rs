//! `GET /v1/videos`: the tenant's videos, the newest first unless asked otherwise.

use std::collections::HashMap;

use axum::extract::State;
use projections::queries::JobQuery;
use serde::{Deserialize, Serialize};
use store::contents::JobInputs;
use utoipa::{IntoParams, ToSchema};

use super::{KINDS, VideoView, view};
use crate::{
    account::ledger::lag_of,
    caller::Caller,
    error::{ApiError, ApiResult},
    page::page_size,
    request::Query,
    state::AppState,
};

/// Which videos.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct Filter {
    /// The last video of the page before.
    after: Option<String>,
    /// How many, at most 100.
    limit: Option<u32>,
    /// `desc`, the newest first, or `asc`.
    order: Option<String>,
}

/// A page of videos.
#[derive(Debug, Serialize, ToSchema)]
pub struct Videos {
    /// `list`
    object: &'static str,
    /// The videos; a page may hold fewer than asked for, since deleted ones are left out.
    data: Vec<VideoView>,
    /// Of this page.
    first_id: Option<String>,
    /// What to send as `after` for the next page.
    last_id: Option<String>,
    /// Whether there are more after them.
    has_more: bool,
}

/// Lists videos.
///
/// # Errors
/// When a filter is malformed or the database out of reach.
#[utoipa::path(get, path = "/v1/videos", tag = "compatible", params(Filter), security(("api_key" = []), ("token" = [])),
    responses((status = 200, body = Videos)))]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> ApiResult<axum::Json<Videos>> {
    page(&state, &caller, filter).await.map(axum::Json).map_err(ApiError::openai)
}

async fn page(state: &AppState, caller: &Caller, filter: Filter) -> ApiResult<Videos> {
    let query = JobQuery {
        tenant_id: Some(caller.tenant_id.to_string()),
        capabilities: KINDS.iter().map(|kind| kind.name().to_owned()).collect(),
        after: filter.after,
        oldest_first: oldest_first(filter.order.as_deref())?,
        limit: page_size(filter.limit)?,
        ..JobQuery::default()
    };
    // What this client wrote is seen: the list waits for it.
    lag_of(state, caller).await?;
    let page = state.reads.jobs(&query).await?;
    let ids: Vec<String> = page.rows.iter().map(|row| row.job_id.clone()).collect();
    let inputs = state.parts.dispatcher.parts().contents.inputs_of(&ids).await?;
    let mut inputs: HashMap<String, JobInputs> =
        inputs.into_iter().map(|inputs| (inputs.job_id.to_string(), inputs)).collect();
    let views = page.rows.iter().filter_map(|row| Some(view(state, row, inputs.remove(&row.job_id)?)));
    let data: Vec<VideoView> = views.collect();
    let (first_id, last_id) = (data.first().map(|video| video.id.clone()), ids.last().cloned());
    Ok(Videos { object: "list", data, first_id, last_id, has_more: page.has_more })
}

fn oldest_first(order: Option<&str>) -> ApiResult<bool> {
    match order {
        None | Some("desc") => Ok(false),
        Some("asc") => Ok(true),
        Some(_) => Err(ApiError::parameter("order", "order is asc or desc")),
    }
}
