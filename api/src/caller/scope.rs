//! What an API key may be given to do, and what each route needs of it. In one table, checked before a handler begins.

use axum::http::Method;

use super::Caller;
use crate::error::{ApiError, ApiResult, ErrorCode};

/// The scopes that an API key may be given.
pub const SCOPES: [&str; 6] = ["generate", "jobs", "assets", "account", "ledger", "models"];

/// What a route needs of the API key that calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: anybody may call it.
    Nothing,
    /// One of these scopes.
    OneOf(&'static [&'static str]),
    /// A person: no API key may call it.
    Person,
}

const GENERATE: Need = Need::OneOf(&["generate"]);
const JOBS: Need = Need::OneOf(&["jobs"]);
const ASSETS: Need = Need::OneOf(&["assets"]);
const ACCOUNT: Need = Need::OneOf(&["account"]);
const LEDGER: Need = Need::OneOf(&["ledger"]);
const MODELS: Need = Need::OneOf(&["models"]);

/// The routes of the API, by path and method. A route that is missing needs every scope.
pub const ROUTES: &[(&str, Method, Need)] = &[
    ("/v1/models", Method::GET, MODELS),
    ("/v1/models/{id}", Method::GET, MODELS),
    ("/v1/chat/completions", Method::POST, GENERATE),
    ("/v1/embeddings", Method::POST, GENERATE),
    ("/v1/images/generations", Method::POST, GENERATE),
    ("/v1/images/edits", Method::POST, GENERATE),
    ("/v1/videos", Method::POST, GENERATE),
    ("/v1/videos", Method::GET, JOBS),
    ("/v1/videos/{id}", Method::GET, JOBS),
    ("/v1/videos/{id}", Method::DELETE, GENERATE),
    ("/v1/videos/{id}/content", Method::GET, JOBS),
    ("/v1/catalog", Method::GET, Need::Nothing),
    ("/v1/catalog/{model}", Method::GET, Need::Nothing),
    ("/v1/estimates", Method::POST, Need::OneOf(&["models", "generate"])),
    ("/v1/jobs", Method::GET, JOBS),
    ("/v1/jobs", Method::POST, GENERATE),
    ("/v1/jobs/{id}", Method::GET, JOBS),
    ("/v1/jobs/{id}/cancel", Method::POST, GENERATE),
    ("/v1/jobs/{id}/events", Method::GET, JOBS),
    ("/v1/jobs/{id}/receipt", Method::GET, JOBS),
    ("/v1/ws", Method::GET, JOBS),
    ("/v1/account", Method::GET, ACCOUNT),
    ("/v1/ledger", Method::GET, LEDGER),
    ("/v1/ledger/export", Method::GET, LEDGER),
    ("/v1/keys", Method::GET, ACCOUNT),
    ("/v1/keys", Method::POST, Need::Person),
    ("/v1/keys/{id}", Method::PATCH, Need::Person),
    ("/v1/keys/{id}", Method::DELETE, Need::Person),
    ("/v1/assets", Method::GET, ASSETS),
    ("/v1/assets", Method::POST, ASSETS),
    ("/v1/assets/{id}", Method::GET, ASSETS),
    ("/v1/assets/{id}", Method::DELETE, ASSETS),
    ("/v1/assets/{id}/content", Method::GET, ASSETS),
];

impl Caller {
    /// Whether the caller may call a route: a person may, and an API key without scopes all that is for clients.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn may_call(&self, method: &Method, route: &str) -> ApiResult<()> {
        let Some(key) = &self.api_key else { return Ok(()) };
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let listed = ROUTES.iter().find(|(path, of, _)| *path == route && of == method);
        let lacks = |what: String| Err(ApiError::new(ErrorCode::Forbidden, format!("the API key lacks {what}")));
        match listed.map(|(_, _, need)| need) {
            Some(Need::Nothing) => Ok(()),
            Some(Need::Person) => Err(ApiError::new(ErrorCode::Forbidden, "only a person may do this, not an API key")),
            Some(Need::OneOf(_)) | None if key.scopes.is_empty() => Ok(()),
            Some(Need::OneOf(scopes)) if scopes.iter().any(|scope| key.scopes.iter().any(|given| given == scope)) => {
                Ok(())
            }
            Some(Need::OneOf(scopes)) => lacks(format!("the scope {}", scopes.join(" or "))),
            None if SCOPES.iter().all(|scope| key.scopes.iter().any(|given| given == scope)) => Ok(()),
            None => lacks("a scope".to_owned()),
        }
    }
}
