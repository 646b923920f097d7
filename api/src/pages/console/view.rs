//! `POST /admin/tenants/{id}/view` and `POST /admin/view/leave`: an admin sees the portal as a tenant does, and stops.
//!
//! Both are events of the tenant. Nothing can be changed in between: `caller::view` refuses it on every route.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use domain::tenant::TenantCommand;
use templates_maud::paths;

use super::Seat;
use crate::{
    admin::tenants::{command, known},
    caller::{
        cookie::Cookie,
        view::{VIEW_LIFETIME, View},
    },
    error::ApiResult,
    pages::{Confirmed, answer, fields},
    request::Path,
    state::AppState,
};

/// Enters.
pub async fn enter(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let secure = state.settings.secure_cookies();
    let entered: ApiResult<HeaderValue> = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        let (tenant_id, _) = known(&state, &id)?;
        let until = state.store.now() + VIEW_LIFETIME;
        command(&state, &admin, &tenant_id, TenantCommand::BeginView { until }).await?;
        let view = View { tenant_id, session_id: admin.session.session_id, until };
        Ok(Cookie::View.set_for(&view.seal(&state.secrets), VIEW_LIFETIME, secure))
    }
    .await;
    match entered {
        Ok(cookie) => with_cookie(answer::see(paths::OVERVIEW), cookie),
        Err(error) => seat.failed(&error),
    }
}

/// Leaves, and goes back to the tenant. Twice is once.
pub async fn leave(
    State(state): State<AppState>,
    seat: Seat,
    headers: HeaderMap,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let left: ApiResult<Option<View>> = async {
        let admin = seat.act(&state, &fields(form)?.csrf_token)?;
        let view = View::of(&headers, &state);
        if let Some(view) = &view {
            command(&state, &admin, &view.tenant_id, TenantCommand::EndView).await?;
        }
        Ok(view)
    }
    .await;
    let back = match left {
        Ok(Some(view)) => answer::see(&paths::fill(paths::CONSOLE_TENANT, &[view.tenant_id.as_str()])),
        Ok(None) => answer::see(paths::CONSOLE_TENANTS),
        Err(error) => return seat.failed(&error),
    };
    with_cookie(back, Cookie::View.clear(state.settings.secure_cookies()))
}

fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
