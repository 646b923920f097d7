//! `/admin/tenants/{id}`: a tenant, its recharge, and whether it may work.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::{
    account::Account,
    id::{TenantId, UserId},
    tenant::{ApiKey, Tenant, TenantCommand},
};
use projections::{live::TenantEntry, queries::LedgerQuery, rows::LedgerRow, spending::SpendingQuery};
use serde::Deserialize;
use templates_maud::{
    console::customers::{
        tenant::{KeyLine, Person, RechargeTyped, Recharged, TenantPage, Totals},
        tenants::TenantLine,
    },
    paths,
};
use uuid::Uuid;

use super::spent_days;
use crate::{
    admin::{
        recharges::{Recharge, credit},
        tenants::{command, known, said},
    },
    error::{ApiError, ApiResult},
    freshness::PATIENCE,
    page::made_at,
    pages::{answer, console::Seat, fields},
    request::{Path, Query},
    state::AppState,
};

/// How many of its entries the page shows.
const ENTRIES: u32 = 10;
/// How many of its people and keys the page shows.
const SHOWN_AT_MOST: usize = 50;
/// The longest once-only token of a form.
const ONCE_MAX_CHARS: usize = 40;

/// What was just done.
#[derive(Default, Deserialize)]
pub struct Wanted {
    recharged: Option<String>,
}

/// What the form of a recharge sends.
#[derive(Deserialize)]
pub struct RechargeForm {
    csrf_token: String,
    once: String,
    amount: String,
    source: String,
    reference: String,
    #[serde(default)]
    keyed_by: String,
}

/// What the switch sends.
#[derive(Deserialize)]
pub struct Switched {
    csrf_token: String,
    state: String,
    #[serde(default)]
    reason: String,
}

/// Shows a tenant.
pub async fn show(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let recharged = wanted.recharged.map(|told| if told == "before" { Recharged::Before } else { Recharged::Now });
    page(&state, &seat, &id, None, recharged, None).await
}

/// Recharges a tenant: once for each form, or for each payment.
pub async fn recharge(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<RechargeForm>, FormRejection>,
) -> Response {
    let (form, admin) = match fields(form).and_then(|form| Ok((seat.act(&state, &form.csrf_token)?, form))) {
        Ok((admin, form)) => (form, admin),
        Err(error) => return seat.failed(&error),
    };
    let done = async {
        let wanted = wanted(&id, &form)?;
        credit(&state, &admin, wanted).await
    };
    match done.await {
        Ok((_, replayed)) => {
            let told = if replayed { "before" } else { "now" };
            let path = paths::fill(paths::CONSOLE_TENANT, &[&id]);
            answer::see(&paths::with_query(&path, &[("recharged", told)]))
        }
        Err(error) => {
            let RechargeForm { once, amount, source, reference, keyed_by, .. } = form;
            let typed = RechargeTyped { once, amount, source, reference, by_payment: keyed_by == "payment" };
            page(&state, &seat, &id, Some(typed), None, Some(&error)).await
        }
    }
}

/// The recharge that a form asks for. One that gives a reason is keyed by the form, one that names a payment by that.
fn wanted(id: &str, form: &RechargeForm) -> ApiResult<Recharge> {
    let amount = form.amount.trim().parse();
    let amount = amount.map_err(|_| ApiError::parameter("amount", "credits are an amount such as 12.5"))?;
    let (once, reference) = (form.once.trim(), said("reference", &form.reference)?);
    if once.is_empty() || once.chars().count() > ONCE_MAX_CHARS {
        return Err(ApiError::parameter("once", "the form lacks its token; load the page again"));
    }
    let by_payment = form.keyed_by == "payment";
    let reference = if by_payment { reference } else { format!("{reference} · {once}") };
    Ok(Recharge { tenant_id: id.to_owned(), amount, source: form.source.trim().to_owned(), reference })
}

/// Suspends or resumes a tenant.
pub async fn switch(
    State(state): State<AppState>,
    seat: Seat,
    Path(id): Path<String>,
    form: Result<Form<Switched>, FormRejection>,
) -> Response {
    let done: ApiResult<()> = async {
        let form = fields(form)?;
        let admin = seat.act(&state, &form.csrf_token)?;
        let (tenant_id, _) = known(&state, &id)?;
        let wish = match form.state.as_str() {
            "working" => TenantCommand::ResumeTenant,
            _ => TenantCommand::SuspendTenant { reason: said("reason", &form.reason)? },
        };
        command(&state, &admin, &tenant_id, wish).await
    }
    .await;
    match done {
        Ok(()) => answer::see(&paths::fill(paths::CONSOLE_TENANT, &[&id])),
        Err(error) => page(&state, &seat, &id, None, None, Some(&error)).await,
    }
}

async fn page(
    state: &AppState,
    seat: &Seat,
    id: &str,
    typed: Option<RechargeTyped>,
    recharged: Option<Recharged>,
    error: Option<&ApiError>,
) -> Response {
    let found = match Found::read(state, id).await {
        Ok(found) => found,
        Err(error) => return seat.failed(&error),
    };
    let fresh = || RechargeTyped { once: Uuid::now_v7().simple().to_string(), ..RechargeTyped::default() };
    let markup = TenantPage {
        look: &seat.look,
        operator: &seat.operator,
        tenant: &found.line,
        totals: found.totals,
        people: &found.people,
        keys: &found.keys,
        lines: &found.entries,
        typed: &typed.unwrap_or_else(fresh),
        recharged,
        failure: error.map(|error| error.message.as_ref()),
    };
    answer::page(error.map_or(StatusCode::OK, |error| error.status), markup.render())
}

/// All that is shown of a tenant.
struct Found {
    line: TenantLine,
    totals: Totals,
    people: Vec<Person>,
    keys: Vec<KeyLine>,
    entries: Vec<LedgerRow>,
}

impl Found {
    async fn read(state: &AppState, id: &str) -> ApiResult<Self> {
        let (id, entry) = known(state, id)?;
        let written = state.written.of(&id);
        state.reads.wait_for(written, PATIENCE).await?;
        let tenant: Tenant = state.store.read(id.as_str()).await?;
        let account: Account = state.store.read(id.as_str()).await?;
        let tenant_id = id.to_string();
        let (from, to) = spent_days(state);
        let usage = SpendingQuery { tenant_id: tenant_id.clone(), from, to };
        let latest =
            LedgerQuery { tenant_id: Some(tenant_id), newest_first: true, limit: ENTRIES, ..LedgerQuery::default() };
        let newest = newest_keys(&tenant);
        let (whole, key_ids) =
            ([id.to_string()], newest.iter().map(|key| key.api_key_id.to_string()).collect::<Vec<_>>());
        let (spent, by_key, entries, balance) = tokio::try_join!(
            state.reads.spent_by(&whole, from, to),
            state.reads.spent_by_key(&usage, &key_ids),
            state.reads.ledger(&latest),
            state.reads.balance(id.as_str())
        )?;
        let of_key = |key: &ApiKey| by_key.get(key.api_key_id.as_str()).copied().unwrap_or_default().spent;
        let keys = newest.into_iter().map(|key| KeyLine { spent: of_key(&key), key }).collect();
        let balance = balance.unwrap_or_default();
        let totals = Totals {
            posted: account.posted().micro(),
            credit_limit: account.credit_limit().micro(),
            running: account.open_holds().count(),
            recharged: balance.recharged,
            charged: balance.charged,
        };
        Ok(Self {
            line: line(&id, &entry, &account, spent.get(id.as_str()).copied().unwrap_or_default()),
            totals,
            people: people(state, &entry).await?,
            keys,
            entries: entries.rows,
        })
    }
}

fn line(id: &TenantId, entry: &TenantEntry, account: &Account, spent: i64) -> TenantLine {
    TenantLine {
        id: id.to_string(),
        name: entry.name.clone(),
        available: account.available().micro(),
        held: account.held().micro(),
        spent,
        members: entry.members.len(),
        api_keys: entry.api_keys.len(),
        suspended: entry.suspended.clone(),
        frozen: account.frozen().map(str::to_owned),
        created_at: made_at(id.uuid()),
    }
}

async fn people(state: &AppState, entry: &TenantEntry) -> ApiResult<Vec<Person>> {
    let first: Vec<_> = entry.members.iter().take(SHOWN_AT_MOST).collect();
    let ids: Vec<_> = first.iter().map(|(id, _)| (*id).clone()).collect();
    let users = state.identity.users_by_ids(&ids).await?;
    let name = |id: &UserId| users.get(id).map(|user| user.display_name.clone());
    Ok(first.into_iter().map(|(id, role)| Person { id: id.to_string(), name: name(id), role: *role }).collect())
}

/// The newest keys of a tenant.
fn newest_keys(tenant: &Tenant) -> Vec<ApiKey> {
    let live: Vec<&ApiKey> = tenant.api_keys().collect();
    live.into_iter().rev().take(SHOWN_AT_MOST).cloned().collect()
}
