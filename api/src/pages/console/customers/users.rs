//! `/admin/users` and `/admin/users/{id}`: the people who can log in. For admins only: addresses are nobody else's business.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::id::UserId;
use secrecy::SecretString;
use serde::Deserialize;
use store::identity::PlatformRole;
use templates_maud::{
    console::customers::{
        user::UserPage,
        users::{NewUser, UserLine, UsersPage},
    },
    paths,
};

use crate::{
    admin::users::{
        UserRow,
        change::{Change, carry_out},
        create::{self, NewPerson},
        known,
        list::page as some,
    },
    error::{ApiError, ApiResult},
    page::cursor,
    pages::{answer, console::Seat, desk::cursor_of, fields},
    request::{Path, Query},
    state::AppState,
};

/// How many people a page shows.
const USERS_A_PAGE: u32 = 50;

/// Which page.
#[derive(Default, Deserialize)]
pub struct Wanted {
    after: Option<String>,
    done: Option<String>,
}

/// What the form of a new person sends.
#[derive(Deserialize)]
pub struct NewForm {
    csrf_token: String,
    email: String,
    #[serde(default)]
    display_name: String,
    password: SecretString,
    #[serde(default)]
    role: String,
}

/// What the forms of a person send.
#[derive(Deserialize)]
pub struct ChangeForm {
    csrf_token: String,
    act: String,
    #[serde(default)]
    role: String,
    password: Option<SecretString>,
}

/// Shows the people.
pub async fn list(State(state): State<AppState>, seat: Seat, Query(wanted): Query<Wanted>) -> Response {
    seat.answered(render(&state, &seat, wanted, None).await)
}

/// Makes a person, and goes there.
pub async fn create(State(state): State<AppState>, seat: Seat, form: Result<Form<NewForm>, FormRejection>) -> Response {
    let (form, _admin) = match fields(form).and_then(|form| Ok((seat.act(&state, &form.csrf_token)?, form))) {
        Ok((admin, form)) => (form, admin),
        Err(error) => return seat.failed(&error),
    };
    let NewForm { email, display_name, password, role, .. } = form;
    let typed = NewUser { email, display_name, role };
    let made = async {
        let new = NewPerson {
            email: typed.email.clone(),
            password,
            display_name: Some(typed.display_name.clone()),
            locale: None,
            platform_role: role_named(&typed.role)?,
        };
        create::make(&state, new).await
    };
    match made.await {
        Ok(user) => answer::see(&paths::fill(paths::CONSOLE_USER, &[user.id.as_str()])),
        Err(error) => {
            let page = render(&state, &seat, Wanted::default(), Some((&typed, &error))).await;
            page.unwrap_or_else(|error| seat.failed(&error))
        }
    }
}

async fn render(
    state: &AppState,
    seat: &Seat,
    wanted: Wanted,
    refused: Option<(&NewUser, &ApiError)>,
) -> ApiResult<Response> {
    seat.needs_admin()?;
    let after = cursor_of("after", wanted.after)?;
    let (rows, more) = some(state, cursor::<UserId>(after.as_deref())?.as_ref(), USERS_A_PAGE).await?;
    let users: Vec<UserLine> = rows.into_iter().map(line).collect();
    let markup = UsersPage {
        look: &seat.look,
        operator: &seat.operator,
        users: &users,
        after: after.as_deref(),
        next: users.last().filter(|_| more).map(|user| user.id.as_str()),
        refused: refused.map(|(typed, error)| (typed, error.message.as_ref())),
    };
    let status = refused.map_or(StatusCode::OK, |(_, error)| error.status);
    Ok(answer::page(status, markup.render()))
}

/// Shows a person.
pub async fn show(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    page(&state, &seat, &id, wanted.done.is_some(), None).await
}

/// Changes a person.
pub async fn change(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<ChangeForm>, FormRejection>,
) -> Response {
    let done: ApiResult<()> = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        carry_out(&state, &admin, &id, wish(form)?).await
    }
    .await;
    match done {
        Ok(()) => {
            let path = paths::fill(paths::CONSOLE_USER, &[&id]);
            answer::see(&paths::with_query(&path, &[("done", "true")]))
        }
        Err(error) => page(&state, &seat, &id, false, Some(&error)).await,
    }
}

fn wish(form: ChangeForm) -> ApiResult<Change> {
    match form.act.as_str() {
        "role" => Ok(Change::Role(role_named(&form.role)?)),
        "disable" => Ok(Change::Disable),
        "enable" => Ok(Change::Enable),
        "sessions" => Ok(Change::EndSessions),
        "password" => {
            let missing = || ApiError::parameter("password", "a password is needed");
            Ok(Change::Password(form.password.ok_or_else(missing)?))
        }
        _ => Err(ApiError::parameter("act", "act is one of role, disable, enable, sessions, password")),
    }
}

fn role_named(name: &str) -> ApiResult<Option<PlatformRole>> {
    match name {
        "" => Ok(None),
        "admin" => Ok(Some(PlatformRole::Admin)),
        "auditor" => Ok(Some(PlatformRole::Auditor)),
        _ => Err(ApiError::parameter("role", "role is admin, auditor or empty")),
    }
}

async fn page(state: &AppState, seat: &Seat, id: &str, done: bool, error: Option<&ApiError>) -> Response {
    let found = async {
        seat.needs_admin()?;
        Ok(UserRow::of(state, &known(state, id).await?))
    };
    let user = match found.await {
        Ok(row) => line(row),
        Err(missing) => return seat.failed(error.unwrap_or(&missing)),
    };
    let markup = UserPage {
        look: &seat.look,
        operator: &seat.operator,
        user: &user,
        oneself: user.id == seat.user_id().as_str(),
        done,
        failure: error.map(|error| error.message.as_ref()),
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render())
}

fn line(row: UserRow) -> UserLine {
    let tenants = row.tenants.into_iter().map(|tenant| (tenant.id, tenant.name, tenant.role));
    UserLine {
        id: row.id,
        email: row.email,
        display_name: row.display_name,
        locale: row.locale,
        role: row.platform_role.unwrap_or_default(),
        tenants: tenants.collect(),
        created_at: row.created_at,
        disabled_at: row.disabled_at,
    }
}
