//! `GET /auth/me`: who the bearer of a token is.

use axum::extract::State;

use super::{UserView, view};
use crate::{caller::Person, state::AppState};

/// The person who is logged in.
#[utoipa::path(get, path = "/auth/me", tag = "auth", security(("token" = [])),
    responses((status = 200, body = UserView), (status = 401, description = "unauthenticated")))]
pub async fn me(State(state): State<AppState>, person: Person) -> axum::Json<UserView> {
    axum::Json(view(&state, &person.session.user))
}
