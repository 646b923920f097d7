//! The published description of the API (OpenAPI 3.1), and the page that shows it. Error codes come from their one table.

use std::sync::{Arc, LazyLock};

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::Config;

use crate::{
    account, admin, assets, auth, catalog,
    error::{ApiError, ApiResult, ErrorCode},
    generation, keys,
    request::Path,
};

/// The viewer styles itself through the object model, which a strict policy allows; its icons are data URIs.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(OpenApi)]
#[openapi(
    info(title = "Zephyr", description = "One API for text, image and video generation, on prepaid credits."),
    modifiers(&Security, &Codes),
    paths(
        auth::register::register, auth::login::login, auth::refresh::refresh, auth::logout::logout, auth::me::me,
        catalog::models::list, catalog::models::show, catalog::show::all, catalog::show::one,
        catalog::estimates::estimate, account::show::show, account::ledger::list, account::export::stream,
        keys::list::list, keys::create::create,
        keys::change::change, keys::revoke::revoke, assets::list::list, assets::upload::upload,
        assets::show::show, assets::delete::delete, assets::content::content, admin::recharges::create, admin::recharges::list,
        admin::tenants::list::list, admin::tenants::create::create, admin::tenants::show::show,
        admin::tenants::suspend::suspend, admin::tenants::suspend::resume, admin::tenants::limits::show,
        admin::tenants::limits::set, admin::tenants::limits::keys, admin::users::list::list,
        admin::users::list::show, admin::users::create::create, admin::users::change::disable,
        admin::users::change::enable, admin::users::change::set_role, admin::users::change::set_password,
        admin::users::change::end_sessions, admin::jobs::list::list, admin::jobs::show::show,
        admin::jobs::act::cancel, admin::jobs::act::reconcile, admin::health::show,
        admin::vault::show, admin::vault::rotate,
        admin::catalog::models::list, admin::catalog::models::show, admin::catalog::models::register,
        admin::catalog::models::enable, admin::catalog::models::disable, admin::catalog::publish::publish,
        admin::catalog::publish::roll_back, admin::catalog::publish::retire, admin::catalog::publish::change_routes,
        admin::catalog::publish::deprecate, admin::catalog::publish::withdraw_deprecation,
        admin::catalog::versions::list, admin::catalog::versions::show, admin::catalog::versions::diff,
        admin::catalog::rehearse::rehearse, admin::catalog::transfer::export, admin::catalog::transfer::import, admin::providers::list,
        admin::providers::show, admin::providers::register, admin::providers::change, admin::providers::pause,
        admin::providers::resume, admin::provider_keys::list::list, admin::provider_keys::list::show,
        admin::provider_keys::create::create, admin::provider_keys::change::change,
        admin::provider_keys::change::revoke, admin::routing::flight, admin::routing::dry_run,
        generation::chat::create, generation::embeddings::create, generation::images::create,
        generation::edits::create, generation::videos::create::create, generation::videos::list::list,
        generation::videos::show::show, generation::videos::content::content, generation::videos::delete::delete,
        generation::jobs::create::create, generation::jobs::list::list, generation::jobs::show::show,
        generation::jobs::cancel::cancel, generation::jobs::events::events, generation::jobs::receipt::show,
        generation::ws::open,
    )
)]
struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, text) in [("api_key", "an API key, `zk_live_…`"), ("token", "an access token from `/auth/login`")]
        {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

struct Codes;

impl Modify for Codes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let rows = ErrorCode::ALL.iter().map(|code| {
            let retry = if code.is_retryable() { "yes" } else { "no" };
            format!("| `{}` | {} | {retry} | {} |", code.name(), code.status().as_u16(), code.meaning().trim())
        });
        let table = rows.collect::<Vec<_>>().join("\n");
        let about = document.info.description.clone().unwrap_or_default();
        document.info.description = Some(format!(
            "{about}\n\n## Errors\n\nEvery error is `{{\"error\":{{message,type,code,param,request_id}}}}`. \
             On OpenAI-compatible routes bad parameters are 400 instead of 422.\n\n\
             | code | status | retry | meaning |\n|---|---|---|---|\n{table}"
        ));
    }
}

static JSON: LazyLock<String> =
    LazyLock::new(|| Document::openapi().to_json().expect("a description of plain data is JSON"));

/// `GET /openapi.json`
pub async fn document() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str())
}

/// `GET /docs`: to the page itself, whose files are relative to it.
pub async fn docs() -> Redirect {
    Redirect::to("/docs/index.html")
}

/// `GET /docs/{file}`: the page that shows the description, and its files.
pub async fn file(Path(name): Path<String>) -> ApiResult<Response> {
    let config = Arc::new(Config::from("/openapi.json"));
    let found = utoipa_swagger_ui::serve(&name, config).map_err(|error| ApiError::internal(&error))?;
    let found = found.ok_or_else(|| ApiError::not_found("file"))?;
    let content_type = HeaderValue::from_str(&found.content_type).map_err(|error| ApiError::internal(&error))?;
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_SECURITY_POLICY, DOCS_POLICY)];
    Ok((headers, found.bytes.into_owned()).into_response())
}
