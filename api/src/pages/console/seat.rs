//! Who sits at the console: an admin, who may act, or an auditor, who only looks. Nobody else gets a page.
//!
//! Who may only look is refused before a form is read. What changes something asks [`Seat::act`], which looks at the form's
//! token and at the role once more, whatever the page showed.

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use domain::id::{RequestId, UserId};
use store::identity::PlatformRole;
use templates_maud::{Look, console::shell::Operator, paths};

use crate::{
    caller::{AdminCaller, FoundSession, Person, csrf, lacks_role},
    error::{ApiError, ApiResult},
    pages::{as_page, desk},
    request::RequestContext,
    state::AppState,
};

/// The forms that change nothing: whoever may look may send them.
const LOOKS: [&str; 2] = [paths::CONSOLE_PREVIEW, paths::CONSOLE_REHEARSE];

/// Somebody at a page of the console.
#[derive(Clone, Debug)]
pub struct Seat {
    /// How the page is to look.
    pub look: Look,
    /// Who looks.
    pub operator: Operator,
    /// The request that asks.
    pub request_id: RequestId,
    session: FoundSession,
    headers: HeaderMap,
}

impl Seat {
    /// The admin who sent a form of this console.
    ///
    /// # Errors
    /// `csrf_refused`; `forbidden` for who may only look.
    pub fn act(&self, state: &AppState, token: &str) -> ApiResult<AdminCaller> {
        self.check_form(state, token)?;
        self.needs_admin()?;
        Ok(AdminCaller { session: self.session.clone(), request_id: self.request_id.clone() })
    }

    /// A form of this console came from our own page.
    ///
    /// # Errors
    /// `csrf_refused`.
    pub fn check_form(&self, state: &AppState, token: &str) -> ApiResult<()> {
        csrf::check_origin(&self.headers, &state.settings)?;
        csrf::check_token(&state.secrets, &self.session.session_id.to_string(), Some(token))
    }

    /// Who sits here.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.session.user.id
    }

    /// Whether an admin sits here, for what auditors have no business with.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn needs_admin(&self) -> ApiResult<()> {
        if self.operator.may_act { Ok(()) } else { Err(lacks_role()) }
    }

    /// Whether htmx asks for a part of a page.
    #[must_use]
    pub fn wants_fragment(&self) -> bool {
        desk::is_fragment(&self.headers)
    }

    /// What was made of a page, or why it could not be.
    #[must_use]
    pub fn answered(&self, made: ApiResult<Response>) -> Response {
        made.unwrap_or_else(|error| self.failed(&error))
    }

    /// An error as people read it: a page, or a part of the page that stays.
    #[must_use]
    pub fn failed(&self, error: &ApiError) -> Response {
        desk::failed(&self.headers, &self.look, &self.request_id, error)
    }
}

impl FromRequestParts<AppState> for Seat {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let look = desk::look(state, &parts.headers, desk::here(parts));
        let Ok(RequestContext { request_id }) = RequestContext::from_request_parts(parts, state).await;
        let session = match Person::from_request_parts(parts, state).await {
            Ok(person) => person.session,
            Err(error) if error.status == StatusCode::UNAUTHORIZED => return Err(desk::to_the_door(&parts.headers)),
            Err(error) => return Err(as_page(error, &look, &request_id)),
        };
        tracing::Span::current().record("user_id", session.user.id.as_str());
        let Some(role) = session.user.platform_role else {
            return Err(as_page(lacks_role(), &look, &request_id));
        };
        let operator = Operator {
            display_name: session.user.display_name.clone(),
            form_token: state.secrets.form_token(&session.session_id.to_string()),
            may_act: role == PlatformRole::Admin,
        };
        if !operator.may_act && changes_something(parts) {
            return Err(desk::failed(&parts.headers, &look, &request_id, &lacks_role()));
        }
        Ok(Self { look, operator, request_id, session, headers: parts.headers.clone() })
    }
}

fn changes_something(parts: &Parts) -> bool {
    let looks = parts.extensions.get::<MatchedPath>().is_some_and(|path| LOOKS.contains(&path.as_str()));
    !parts.method.is_safe() && !looks
}
