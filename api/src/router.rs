//! The whole route table, with a word on who calls each group.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    routing::{delete, get, patch, post, put},
};
use templates_maud::paths;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowHeaders, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use crate::{
    account,
    admin::{self, provider_keys},
    assets, auth,
    caller::{renew::renew_session, view::read_only},
    catalog,
    error::SHOULD_RETRY,
    generation::{self, jobs, videos},
    health, keys, metering, openapi, pages,
    request::{ASSET_BODY_MAX_BYTES, JSON_BODY_MAX_BYTES, observe, throttle},
    state::AppState,
};

/// Every route of the API and of the pages.
pub fn router(state: AppState) -> Router {
    let asset_body = DefaultBodyLimit::max(ASSET_BODY_MAX_BYTES);
    Router::new()
        // Load balancers, orchestrators, Prometheus. Not for the internet: the proxy keeps /metrics inside.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        // People who read how to call us.
        .route("/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::docs))
        .route("/docs/{*file}", get(openapi::file))
        // Clients that log in as a person.
        .route("/auth/register", post(auth::register::register))
        .route("/auth/login", post(auth::login::login))
        .route("/auth/refresh", post(auth::refresh::refresh))
        .route("/auth/logout", post(auth::logout::logout))
        .route("/auth/me", get(auth::me::me))
        // API clients: any OpenAI SDK.
        .merge(compatible())
        // API clients: our own.
        .route("/v1/catalog", get(catalog::show::all))
        .route("/v1/catalog/{model}", get(catalog::show::one))
        .route("/v1/estimates", post(catalog::estimates::estimate))
        .route("/v1/jobs", get(jobs::list::list).post(jobs::create::create))
        .route("/v1/jobs/{id}", get(jobs::show::show))
        .route("/v1/jobs/{id}/cancel", post(jobs::cancel::cancel))
        .route("/v1/jobs/{id}/events", get(jobs::events::events))
        .route("/v1/jobs/{id}/receipt", get(jobs::receipt::show))
        .route("/v1/ws", get(generation::ws::open))
        .route("/v1/account", get(account::show::show))
        .route("/v1/ledger", get(account::ledger::list))
        .route("/v1/ledger/export", get(account::export::stream))
        .route("/v1/keys", get(keys::list::list).post(keys::create::create))
        .route("/v1/keys/{id}", patch(keys::change::change).delete(keys::revoke::revoke))
        .route("/v1/assets", get(assets::list::list).post(assets::upload::upload).layer(asset_body))
        .route("/v1/assets/{id}", get(assets::show::show).delete(assets::delete::delete))
        .route("/v1/assets/{id}/content", get(assets::content::content))
        // Whoever holds a link: browsers, and providers that fetch an input.
        .route("/a/{asset}", get(assets::link::open))
        // Providers that say that a task has changed.
        .route("/upstream/{provider}/{attempt}/{token}", post(generation::callback::heard))
        // Those who run the platform, by script.
        .merge(admin_keys())
        .merge(admin_catalog())
        .merge(admin_operations())
        // Browsers.
        .merge(browsers())
        // Browsers of those who run the platform.
        .merge(console_operations())
        .merge(console_catalog())
        .merge(console_customers())
        .layer(middleware::from_fn_with_state(state.clone(), metering::requests::admit))
        .layer(middleware::from_fn_with_state(state.clone(), read_only))
        .layer(middleware::from_fn_with_state(state.clone(), renew_session))
        .layer(DefaultBodyLimit::max(JSON_BODY_MAX_BYTES))
        .layer(cors(&state))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(SetResponseHeaderLayer::if_not_present(
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("same-origin"),
        ))
        .layer(CatchPanicLayer::custom(observe::on_panic))
        .layer(middleware::from_fn_with_state(state.clone(), observe::observe))
        .with_state(state)
}

/// The pages, and what they are made of.
fn browsers() -> Router<AppState> {
    let asset_body = DefaultBodyLimit::max(ASSET_BODY_MAX_BYTES);
    Router::new()
        .route(paths::OVERVIEW, get(pages::overview::show))
        .route(paths::LOGIN, get(pages::login::show).post(pages::login::submit))
        .route(paths::REGISTER, get(pages::register::show).post(pages::register::submit))
        .route(paths::LOGOUT, post(pages::logout::submit))
        .route(paths::PREFERENCES, post(pages::preferences::submit))
        .route(paths::MARKET, get(pages::market::show))
        .route(paths::MODEL, get(pages::model::show))
        .route(paths::PRICE, post(pages::model::price))
        .route(paths::RUN, post(pages::model::run).layer(asset_body))
        .route(paths::JOBS, get(pages::jobs::show))
        .route(paths::JOBS_EXPORT, get(pages::jobs::export))
        .route(paths::JOBS_CANCEL, post(pages::jobs::stop))
        .route(paths::JOB, get(pages::job::show))
        .route(paths::JOB_STATE, get(pages::job::part))
        .route(paths::JOB_ANSWER, get(pages::job::answer))
        .route(paths::TRAY, get(pages::tray::show))
        .route(paths::JOB_CARD, get(pages::job::card))
        .route(paths::JOB_RETRY, post(pages::job::again))
        .route(paths::JOB_CANCEL, post(pages::job::stop))
        .route(paths::ASSETS, get(pages::assets::show).post(pages::assets::upload).layer(asset_body))
        .route(paths::ASSETS_DELETE, post(pages::assets::delete_several))
        .route(paths::ASSET_DELETE, post(pages::assets::delete))
        .route(paths::BILLING, get(pages::billing::show))
        .route(paths::LEDGER, get(pages::ledger::show))
        .route(paths::KEYS, get(pages::keys::show).post(pages::keys::create))
        .route(paths::KEY_ROTATE, post(pages::keys::rotate))
        .route(paths::KEY_REVOKE, post(pages::keys::end))
        .route(paths::QUICKSTART, get(pages::quickstart::show))
        .route(paths::SETTINGS, get(pages::settings::show))
        .route(paths::SETTINGS_PROFILE, post(pages::settings::profile))
        .route(paths::SETTINGS_PASSWORD, post(pages::settings::password))
        .route(paths::SETTINGS_SESSIONS, post(pages::settings::end_all_others))
        .route(paths::SETTINGS_SESSION, post(pages::settings::end_one))
        .route(paths::SERVICE_WORKER, get(pages::files::worker))
        .route(paths::OFFLINE, get(pages::files::offline))
        .route(paths::STYLEGUIDE, get(pages::files::styles))
        .route("/static/{file}", get(pages::files::show))
}

/// The console: customers and the books.
fn console_customers() -> Router<AppState> {
    use pages::console::{
        books::{audit, export, ledger},
        customers::{recharges, tenant, tenants, users},
    };
    Router::new()
        .route(paths::CONSOLE_TENANTS, get(tenants::show).post(tenants::create))
        .route(paths::CONSOLE_TENANT, get(tenant::show))
        .route(paths::CONSOLE_RECHARGE, post(tenant::recharge))
        .route(paths::CONSOLE_TENANT_STATE, post(tenant::switch))
        .route(paths::CONSOLE_VIEW, post(pages::console::view::enter))
        .route(paths::CONSOLE_VIEW_LEAVE, post(pages::console::view::leave))
        .route(paths::CONSOLE_USERS, get(users::list).post(users::create))
        .route(paths::CONSOLE_USER, get(users::show).post(users::change))
        .route(paths::CONSOLE_RECHARGES, get(recharges::show))
        .route(paths::CONSOLE_LEDGER, get(ledger::show))
        .route(paths::CONSOLE_LEDGER_CHECK, get(ledger::check))
        .route(paths::CONSOLE_LEDGER_EXPORT, get(export::entries))
        .route(paths::CONSOLE_BOOKS, get(export::books))
        .route(paths::CONSOLE_AUDIT, get(audit::show))
}

/// The console: the catalog.
fn console_catalog() -> Router<AppState> {
    use pages::console::models::{editor, import, lifecycle, list, model, new};
    Router::new()
        .route(paths::CONSOLE_MODELS, get(list::show))
        .route(paths::CONSOLE_NEW_MODEL, get(new::show).post(new::create))
        .route(paths::CONSOLE_IMPORT, get(import::show).post(import::submit))
        .route(paths::CONSOLE_MODEL, get(model::show).post(model::describe))
        .route(paths::CONSOLE_MODEL_STATE, post(model::switch))
        .route(paths::CONSOLE_CAPABILITY, get(editor::show).post(editor::publish))
        .route(paths::CONSOLE_PREVIEW, post(editor::preview))
        .route(paths::CONSOLE_REHEARSE, post(editor::rehearse))
        .route(paths::CONSOLE_HISTORY, get(lifecycle::history))
        .route(paths::CONSOLE_ROLLBACK, post(lifecycle::roll_back))
        .route(paths::CONSOLE_DEPRECATE, post(lifecycle::deprecate))
        .route(paths::CONSOLE_RETIRE, post(lifecycle::retire))
}

/// The console: how the platform runs.
fn console_operations() -> Router<AppState> {
    use pages::console::{job, jobs, limits, overview, provider_keys as pool, providers, requests, settings, system};
    Router::new()
        .route(paths::CONSOLE, get(overview::show))
        .route(paths::PROVIDER_KEYS, get(pool::show).post(pool::add))
        .route(paths::PROVIDER_KEYS_PART, get(pool::part))
        .route(paths::PROVIDER_KEY, get(pool::one))
        .route(paths::PROVIDER_KEY_CHANGE, post(pool::alter))
        .route(paths::PROVIDER_KEY_DISABLE, post(pool::disable))
        .route(paths::PROVIDER_KEY_ENABLE, post(pool::enable))
        .route(paths::PROVIDER_KEY_REVOKE, post(pool::revoke))
        .route(paths::PROVIDER_KEY_TEST, post(pool::test))
        .route(paths::CONSOLE_PROVIDERS, get(providers::show).post(providers::add))
        .route(paths::CONSOLE_PROVIDER, get(providers::one).post(providers::change))
        .route(paths::CONSOLE_PROVIDER_PAUSE, post(providers::pause))
        .route(paths::CONSOLE_PROVIDER_RESUME, post(providers::resume))
        .route(paths::CONSOLE_PROVIDER_TEST, post(providers::test))
        .route(paths::CONSOLE_LIMITS, get(limits::show))
        .route(paths::CONSOLE_LIMITS_OF, get(limits::one).post(limits::set))
        .route(paths::CONSOLE_SYSTEM, get(system::show))
        .route(paths::CONSOLE_SETTINGS, get(settings::show))
        .route(paths::CONSOLE_ROTATE, post(settings::rotate))
        .route(paths::CONSOLE_REQUESTS, get(requests::show))
        .route(paths::CONSOLE_REQUESTS_PART, get(requests::part))
        .route(paths::CONSOLE_REQUESTS_NEWS, get(requests::newer))
        .route(paths::CONSOLE_JOBS, get(jobs::show))
        .route(paths::CONSOLE_JOBS_PART, get(jobs::part))
        .route(paths::CONSOLE_JOB, get(job::show))
        .route(paths::CONSOLE_JOB_CANCEL, post(job::cancel))
        .route(paths::CONSOLE_JOB_RECONCILE, post(job::reconcile))
}

/// What OpenAI's SDKs call.
fn compatible() -> Router<AppState> {
    let forms = DefaultBodyLimit::max(ASSET_BODY_MAX_BYTES);
    Router::new()
        .route("/v1/models", get(catalog::models::list))
        .route("/v1/models/{id}", get(catalog::models::show))
        .route("/v1/chat/completions", post(generation::chat::create))
        .route("/v1/embeddings", post(generation::embeddings::create))
        .route("/v1/images/generations", post(generation::images::create))
        .route("/v1/images/edits", post(generation::edits::create).layer(forms))
        .route("/v1/videos", get(videos::list::list).post(videos::create::create).layer(forms))
        .route("/v1/videos/{id}", get(videos::show::show).delete(videos::delete::delete))
        .route("/v1/videos/{id}/content", get(videos::content::content))
}

/// People, tenants, credits, jobs, and how the installation is.
fn admin_operations() -> Router<AppState> {
    Router::new()
        .route("/admin/api/recharges", get(admin::recharges::list).post(admin::recharges::create))
        .route("/admin/api/tenants", get(admin::tenants::list::list).post(admin::tenants::create::create))
        .route("/admin/api/tenants/{id}", get(admin::tenants::show::show))
        .route("/admin/api/tenants/{id}/suspend", post(admin::tenants::suspend::suspend))
        .route("/admin/api/tenants/{id}/resume", post(admin::tenants::suspend::resume))
        .route("/admin/api/tenants/{id}/limits", get(admin::tenants::limits::show).put(admin::tenants::limits::set))
        .route("/admin/api/tenants/{id}/limits/keys", get(admin::tenants::limits::keys))
        .route("/admin/api/users", get(admin::users::list::list).post(admin::users::create::create))
        .route("/admin/api/users/{id}", get(admin::users::list::show))
        .route("/admin/api/users/{id}/disable", post(admin::users::change::disable))
        .route("/admin/api/users/{id}/enable", post(admin::users::change::enable))
        .route("/admin/api/users/{id}/role", put(admin::users::change::set_role))
        .route("/admin/api/users/{id}/password", put(admin::users::change::set_password))
        .route("/admin/api/users/{id}/sessions", delete(admin::users::change::end_sessions))
        .route("/admin/api/jobs", get(admin::jobs::list::list))
        .route("/admin/api/jobs/{id}", get(admin::jobs::show::show))
        .route("/admin/api/jobs/{id}/cancel", post(admin::jobs::act::cancel))
        .route("/admin/api/jobs/{id}/reconcile", post(admin::jobs::act::reconcile))
        .route("/admin/api/health", get(admin::health::show))
}

/// Those who keep the catalog, by script.
fn admin_catalog() -> Router<AppState> {
    use admin::catalog::{models, publish, rehearse, transfer, versions};
    use admin::providers;
    Router::new()
        .route("/admin/api/models", get(models::list).post(models::register))
        .route("/admin/api/models/{id}", get(models::show))
        .route("/admin/api/models/{id}/enable", post(models::enable))
        .route("/admin/api/models/{id}/disable", post(models::disable))
        .route("/admin/api/models/{id}/capabilities", post(publish::publish))
        .route("/admin/api/models/{id}/capabilities/{kind}/versions", get(versions::list))
        .route("/admin/api/models/{id}/capabilities/{kind}/versions/{version}", get(versions::show))
        .route("/admin/api/models/{id}/capabilities/{kind}/diff", get(versions::diff))
        .route("/admin/api/models/{id}/capabilities/{kind}/rollback", post(publish::roll_back))
        .route("/admin/api/models/{id}/capabilities/{kind}/rehearse", post(rehearse::rehearse))
        .route("/admin/api/models/{id}/capabilities/{kind}/retire", post(publish::retire))
        .route("/admin/api/models/{id}/capabilities/{kind}/routes", post(publish::change_routes))
        .route(
            "/admin/api/models/{id}/capabilities/{kind}/deprecate",
            post(publish::deprecate).delete(publish::withdraw_deprecation),
        )
        .route("/admin/api/catalog/export", get(transfer::export))
        .route("/admin/api/catalog/import", post(transfer::import))
        .route("/admin/api/providers", get(providers::list).post(providers::register))
        .route("/admin/api/providers/{id}", get(providers::show))
        .route("/admin/api/providers/{id}/settings", post(providers::change))
        .route("/admin/api/providers/{id}/pause", post(providers::pause))
        .route("/admin/api/providers/{id}/resume", post(providers::resume))
        .route("/admin/api/vault", get(admin::vault::show))
        .route("/admin/api/vault/rotate", post(admin::vault::rotate))
}

/// Those who keep the provider keys, by script.
fn admin_keys() -> Router<AppState> {
    Router::new()
        .route("/admin/api/provider-keys", get(provider_keys::list::list).post(provider_keys::create::create))
        .route(
            "/admin/api/provider-keys/{id}",
            get(provider_keys::list::show).patch(provider_keys::change::change).delete(provider_keys::change::revoke),
        )
        .route("/admin/api/jobs/{id}/flight", get(admin::routing::flight))
        .route("/admin/api/route", post(admin::routing::dry_run))
}

/// Other origins' scripts may call with a bearer token; never with cookies.
fn cors(state: &AppState) -> CorsLayer {
    let origins = state.settings.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        // Whatever headers a script's library sends along: origins are listed, and no cookie comes with them.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(
            [
                catalog::deprecation::DEPRECATION,
                catalog::deprecation::SUNSET,
                observe::REQUEST_ID,
                header::LOCATION,
                header::RETRY_AFTER,
                account::ledger::LAG,
                generation::COST,
                generation::JOB_ID,
                HeaderName::from_static(generation::idempotency::REPLAYED),
                HeaderName::from_static("preference-applied"),
                SHOULD_RETRY,
            ]
            .into_iter()
            .chain(throttle::REQUESTS)
            .chain(throttle::TOKENS)
            .collect::<Vec<_>>(),
        )
}
