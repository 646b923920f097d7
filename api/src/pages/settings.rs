//! `GET /settings`, and its forms: what one is called, the password, and where one is logged in.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::{id::UserId, tenant::Role};
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::{IdentityError, Session, SessionId, User};
use templates_maud::{
    Words, paths,
    portal::settings::{MemberShown, SessionShown, SettingsPage},
};

use super::{
    Confirmed, answer,
    desk::{Desk, bounded},
    fields,
};
use crate::{
    auth::logout::end,
    error::{ApiError, ApiResult, ErrorCode},
    request::{ClientAddress, Path, Query, throttle},
    state::AppState,
};

/// The longest name of a person.
const NAME_MAX_CHARS: usize = 100;
/// How many members are shown, and how many sessions.
const SHOWN_AT_MOST: usize = 50;

/// What was just done.
#[derive(Default, Deserialize)]
pub struct Wanted {
    done: Option<String>,
}

/// The form of the profile.
#[derive(Deserialize)]
pub struct Profile {
    csrf_token: String,
    display_name: String,
}

/// The form of the password.
#[derive(Deserialize)]
pub struct NewPassword {
    csrf_token: String,
    password_now: SecretString,
    password_new: SecretString,
}

/// Shows the settings.
pub async fn show(State(state): State<AppState>, desk: Desk, Query(wanted): Query<Wanted>) -> Response {
    let done = bounded("done", wanted.done).unwrap_or_default();
    desk.answered(render(&state, &desk, &done, None).await)
}

/// Changes what one is called.
pub async fn profile(
    State(state): State<AppState>,
    desk: Desk,
    form: Result<Form<Profile>, FormRejection>,
) -> Response {
    let changed = async {
        let Profile { csrf_token, display_name } = fields(form)?;
        desk.check_form(&state, &csrf_token)?;
        let name = display_name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
            return Err(ApiError::parameter("display_name", format!("a name has 1 to {NAME_MAX_CHARS} characters")));
        }
        let user = person(&state, &desk).await?;
        state.identity.set_profile(&user.id, name, desk.look.words.lang).await?;
        forget_session(&state, &desk);
        Ok("saved")
    };
    let changed = changed.await;
    back(&state, &desk, changed).await
}

/// Changes the password of who knows the one until now, and ends all other sessions.
pub async fn password(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    desk: Desk,
    form: Result<Form<NewPassword>, FormRejection>,
) -> Response {
    let changed = async {
        let NewPassword { csrf_token, password_now, password_new } = fields(form)?;
        desk.check_form(&state, &csrf_token)?;
        let user = person(&state, &desk).await?;
        throttle::take_auth(&state.limits, address, Some(&user.email)).await?;
        state.identity.verify_password(&user.email, &password_now).await.map_err(wrong_password)?;
        state.identity.set_password(&user.id, &password_new).await?;
        end_others(&state, &desk, &user).await?;
        Ok("password")
    };
    let changed = changed.await;
    back(&state, &desk, changed).await
}

/// Ends one session of the person.
pub async fn end_one(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let ended = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        let id: SessionId = id.parse().map_err(|_| ApiError::not_found("session"))?;
        let session = state.identity.session(&id).await?;
        let user = person(&state, &desk).await?;
        session.filter(|session| session.user_id == user.id).ok_or_else(|| ApiError::not_found("session"))?;
        end(&state, &id).await?;
        Ok("sessions")
    };
    let ended = ended.await;
    back(&state, &desk, ended).await
}

/// Ends every session of the person but this one.
pub async fn end_all_others(
    State(state): State<AppState>,
    desk: Desk,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Response {
    let ended = async {
        desk.check_form(&state, &fields(form)?.csrf_token)?;
        end_others(&state, &desk, &person(&state, &desk).await?).await?;
        Ok("sessions")
    };
    let ended = ended.await;
    back(&state, &desk, ended).await
}

/// The page again: elsewhere than the form, so that to reload it sends nothing twice; or with what was wrong.
async fn back(state: &AppState, desk: &Desk, done: ApiResult<&str>) -> Response {
    match done {
        Ok(done) => answer::see(&paths::with_query(paths::SETTINGS, &[("done", done)])),
        Err(error) => desk.answered(render(state, desk, "", Some(&error)).await),
    }
}

async fn person(state: &AppState, desk: &Desk) -> ApiResult<User> {
    let nobody = || ApiError::new(ErrorCode::Forbidden, "settings are those of a person");
    let id = desk.caller.user_id.as_ref().ok_or_else(nobody)?;
    state.identity.user_by_id(id).await?.ok_or_else(nobody)
}

fn forget_session(state: &AppState, desk: &Desk) {
    if let Some(id) = &desk.caller.session_id {
        state.sessions.forget(id);
    }
}

async fn end_others(state: &AppState, desk: &Desk, user: &User) -> ApiResult<()> {
    let now = state.store.now();
    for session in state.identity.sessions_of(&user.id, now).await? {
        if Some(session.id) != desk.caller.session_id {
            state.sessions.forget(&session.id);
        }
    }
    state.identity.revoke_sessions_of(&user.id, desk.caller.session_id.as_ref(), now).await?;
    Ok(())
}

/// Who is logged in hears that a password is wrong without being sent to the door.
fn wrong_password(error: IdentityError) -> ApiError {
    match error {
        IdentityError::WrongCredentials => ApiError::parameter("password_now", "this is not the password until now"),
        other => other.into(),
    }
}

async fn render(state: &AppState, desk: &Desk, done: &str, error: Option<&ApiError>) -> ApiResult<Response> {
    let user = person(state, desk).await?;
    let now = state.store.now();
    let found = state.identity.sessions_of(&user.id, now).await?;
    let all_sessions = found.len();
    let mut sessions: Vec<SessionShown> = found.into_iter().map(|session| shown(desk, session)).collect();
    sessions.sort_by_key(|session| !session.here);
    sessions.truncate(SHOWN_AT_MOST);
    let (members, all_members) = members(state, desk).await?;
    let markup = SettingsPage {
        look: &desk.look,
        visitor: &desk.visitor,
        email: &user.email,
        sessions: &sessions,
        all_sessions,
        members: (desk.caller.role == Role::Owner).then_some(&members[..]),
        all_members,
        done: told(desk.look.words, done),
        failure: error.map(|error| error.message.as_ref()),
        now,
    };
    Ok(answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render()))
}

fn told(words: &Words, done: &str) -> Option<&'static str> {
    match done {
        "saved" => Some(words.portal.saved),
        "password" => Some(words.portal.password_changed),
        "sessions" => Some(words.portal.sessions_ended),
        _ => None,
    }
}

fn shown(desk: &Desk, session: Session) -> SessionShown {
    SessionShown {
        here: Some(session.id) == desk.caller.session_id,
        id: session.id.to_string(),
        client: session.user_agent,
        since: session.created_at,
    }
}

/// The first members of the tenant for its owners, and how many there are.
async fn members(state: &AppState, desk: &Desk) -> ApiResult<(Vec<MemberShown>, usize)> {
    let tenants = state.live.tenants();
    let tenant = tenants.tenant(&desk.caller.tenant_id).filter(|_| desk.caller.role == Role::Owner);
    let Some(tenant) = tenant else { return Ok((vec![], 0)) };
    let first: Vec<_> = tenant.members.iter().take(SHOWN_AT_MOST).collect();
    let ids: Vec<_> = first.iter().map(|(id, _)| (*id).clone()).collect();
    let mut users = state.identity.users_by_ids(&ids).await?;
    let member = |(id, role): (&UserId, &Role)| {
        let user = users.remove(id)?;
        Some(MemberShown { name: user.display_name, email: user.email, owner: *role == Role::Owner })
    };
    Ok((first.into_iter().filter_map(member).collect(), tenant.members.len()))
}
