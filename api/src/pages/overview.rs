//! `GET /`: the balance, the latest jobs and the tail of the ledger of the person's tenant.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use maud::Markup;
use projections::queries::{JobQuery, LedgerQuery};
use templates_maud::{
    Visitor, paths,
    portal::overview::{Balance, Overview},
};

use super::{answer, as_page, desk::look};
use crate::{
    account::{ledger::lag_of, show::view},
    caller::Person,
    error::{ApiError, ApiResult, ErrorCode},
    request::RequestContext,
    state::AppState,
};

/// How many jobs and lines are shown.
const SHOWN: u32 = 10;

/// Shows the overview, or the way to the login.
pub async fn show(
    State(state): State<AppState>,
    context: RequestContext,
    headers: HeaderMap,
    person: Result<Person, ApiError>,
) -> Response {
    let failed = |error| as_page(error, &look(&state, &headers, paths::OVERVIEW), &context.request_id);
    let person = match person {
        Ok(person) => person,
        Err(error) if error.status == StatusCode::UNAUTHORIZED => return answer::see(paths::LOGIN),
        Err(error) => return failed(error),
    };
    match render(&state, &context, &headers, &person).await {
        Ok(markup) => answer::page(StatusCode::OK, markup),
        Err(error) => failed(error),
    }
}

async fn render(state: &AppState, context: &RequestContext, headers: &HeaderMap, person: &Person) -> ApiResult<Markup> {
    let session = &person.session;
    let form_token = state.secrets.form_token(&session.session_id.to_string());
    let console = session.user.platform_role.is_some();
    let mut visitor = Visitor { display_name: session.user.display_name.clone(), form_token, balance: None, console };
    let look = look(state, headers, paths::OVERVIEW);
    let caller = match person.caller(state, context.request_id.clone()) {
        Ok(caller) => caller,
        Err(error) if error.code == ErrorCode::Forbidden => {
            return Ok(Overview { look: &look, visitor: &visitor, credits: None, jobs: &[], ledger: &[] }.render());
        }
        Err(error) => return Err(error),
    };
    lag_of(state, &caller).await?;
    let tenant_id = Some(caller.tenant_id.to_string());
    let asked_jobs = JobQuery { tenant_id: tenant_id.clone(), limit: SHOWN, ..JobQuery::default() };
    let asked_lines = LedgerQuery { tenant_id, newest_first: true, limit: SHOWN, ..LedgerQuery::default() };
    let (account, jobs, ledger) =
        tokio::join!(view(state, &caller), state.reads.jobs(&asked_jobs), state.reads.ledger(&asked_lines));
    let (account, jobs, ledger) = (account?, jobs?.rows, ledger?.rows);
    let tenants = state.live.tenants();
    let credits = Balance {
        tenant: tenants.tenant(&caller.tenant_id).map_or(look.words.overview, |entry| &entry.name),
        available: account.available.micro(),
        held: account.held.micro(),
        posted: account.posted.micro(),
        credit_value: &state.settings.credit_value,
    };
    visitor.balance = Some((credits.available, credits.held));
    Ok(Overview { look: &look, visitor: &visitor, credits: Some(credits), jobs: &jobs, ledger: &ledger }.render())
}
