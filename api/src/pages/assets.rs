//! `GET|POST /assets`, `POST /assets/delete` and `POST /assets/{id}/delete`: the tenant's files.

use axum::{
    Form,
    extract::{Multipart, State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::id::{AssetId, JobId};
use serde::Deserialize;
use store::assets::{Asset, AssetKind, AssetQuery, AssetsError};
use templates_maud::{
    paths,
    portal::{
        assets::{AssetsPage, Shown, Use},
        job::Media,
    },
};

use super::{
    Confirmed, answer,
    desk::{Desk, bounded, cursor_of},
    fields,
    filled::Filled,
    selection::{Selection, selected},
};
use crate::{
    assets::{link, parse},
    error::{ApiError, ApiResult},
    page::{PAGE_DEFAULT, cursor},
    request::{Path, Query},
    state::AppState,
};

/// How many forms a file is offered to.
const USES_AT_MOST: usize = 12;

/// Which files.
#[derive(Default, Deserialize)]
pub struct Wanted {
    kind: Option<String>,
    after: Option<String>,
}

/// Shows the files.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    page(&state, &desk, wanted, None).await
}

/// Takes a file.
pub async fn upload(State(state): State<AppState>, desk: Desk, form: Multipart) -> Response {
    let taken = async {
        let filled = Filled::take(&state, &desk, form).await?;
        let brought = filled.sent.iter().any(|(name, _)| name == "file");
        if brought { Ok(()) } else { Err(ApiError::parameter("file", "choose a file first")) }
    };
    match taken.await {
        Ok(()) => answer::see(paths::ASSETS),
        Err(error) => page(&state, &desk, Wanted::default(), Some(&error)).await,
    }
}

/// Deletes a file.
pub async fn delete(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let deleted = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        Ok(state.assets.delete(&desk.caller.tenant_id, &parse(&id)?, state.store.now()).await?)
    };
    match deleted.await {
        Ok(_) => answer::see(paths::ASSETS),
        Err(error) => {
            let error: ApiError = error;
            desk.failed(&error)
        }
    }
}

/// Deletes the selected files. One that is gone already stays gone.
pub async fn delete_several(State(state): State<AppState>, desk: Desk, form: Selection) -> Response {
    desk.answered(delete_all(&state, &desk, form).await)
}

async fn delete_all(state: &AppState, desk: &Desk, form: Selection) -> ApiResult<Response> {
    for id in selected(state, desk, form, "asset")? {
        match state.assets.delete(&desk.caller.tenant_id, &parse(&id)?, state.store.now()).await {
            Ok(()) | Err(AssetsError::Missing) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answer::see(paths::ASSETS))
}

/// The forms that take files.
fn uses(state: &AppState) -> Vec<Use> {
    let catalog = state.live.catalog();
    let callables = catalog.models().flat_map(|entry| {
        let name = entry.model.identity().map(|identity| identity.display_name.clone()).unwrap_or_default();
        entry.callables().map(move |found| (name.clone(), found))
    });
    let callables = callables.filter(|(_, found)| catalog.callable(&found.model, found.kind).is_ok());
    callables.filter_map(|(name, found)| Use::of(&found.model, &name, &found.capability)).take(USES_AT_MOST).collect()
}

async fn page(state: &AppState, desk: &Desk, wanted: Wanted, error: Option<&ApiError>) -> Response {
    desk.answered(render(state, desk, wanted, error).await)
}

async fn render(state: &AppState, desk: &Desk, wanted: Wanted, error: Option<&ApiError>) -> ApiResult<Response> {
    let after = cursor_of("after", wanted.after)?;
    let kind = bounded("kind", wanted.kind)?;
    let query = AssetQuery {
        kind: [AssetKind::Output, AssetKind::Upload].into_iter().find(|known| known.as_str() == kind),
        before: cursor::<AssetId>(after.as_deref())?,
        limit: PAGE_DEFAULT + 1,
        ..AssetQuery::default()
    };
    let mut assets = state.assets.list(&desk.caller.tenant_id, &query, state.store.now()).await?;
    let has_more = assets.len() > PAGE_DEFAULT as usize;
    assets.truncate(PAGE_DEFAULT as usize);
    let next = assets.last().filter(|_| has_more).map(|asset| asset.id.to_string());
    let shown: Vec<Shown> = assets.iter().map(|asset| shown(state, asset)).collect();
    let markup = AssetsPage {
        look: &desk.look,
        visitor: &desk.visitor,
        kind: &kind,
        assets: &shown,
        uses: &uses(state),
        failure: error.map(|error| error.message.as_ref()),
        after: after.as_deref(),
        next: next.as_deref(),
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render()))
}

fn shown(state: &AppState, asset: &Asset) -> Shown {
    Shown {
        media: Media {
            asset_id: asset.id.to_string(),
            url: link::sign(state, &asset.id).url,
            content_type: asset.content_type.clone(),
            bytes: asset.bytes,
            size: asset.width.zip(asset.height),
        },
        name: asset.name.clone(),
        job_id: asset.job_id.as_ref().map(JobId::to_string),
        created_at: asset.created_at,
    }
}
