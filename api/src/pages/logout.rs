//! `POST /logout`: ends the browser's session.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::HeaderMap,
    response::Response,
};
use templates_maud::paths;

use super::{Confirmed, answer, as_page, desk::look, fields};
use crate::{
    auth::logout::end,
    caller::{Person, csrf, renew},
    error::ApiResult,
    request::RequestContext,
    state::AppState,
};

/// Ends the session and goes to the login. Without a session there is nothing to end.
pub async fn submit(
    State(state): State<AppState>,
    context: RequestContext,
    headers: HeaderMap,
    person: Result<Person, crate::error::ApiError>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let ended = async {
        if let Ok(person) = person {
            let session_id = person.session.session_id;
            csrf::check_origin(&headers, &state.settings)?;
            let Confirmed { csrf_token } = fields(form)?;
            csrf::check_token(&state.secrets, &session_id.to_string(), Some(&csrf_token))?;
            end(&state, &session_id).await?;
        }
        ApiResult::Ok(())
    };
    if let Err(error) = ended.await {
        return as_page(error, &look(&state, &headers, paths::LOGIN), &context.request_id);
    }
    let mut response = answer::see(paths::LOGIN);
    renew::clear(response.headers_mut(), state.settings.secure_cookies());
    response
}
