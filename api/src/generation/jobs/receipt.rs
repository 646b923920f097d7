//! `GET /v1/jobs/{id}/receipt`: why a job costs what it costs: the frozen version and parameters, the usage as it was received, and
//! the lines that add up to the charge, to the last micro-credit.

use axum::extract::State;
use domain::{
    Credits,
    job::{Job, Usage},
    pricing::{Charge, ChargeLine, PricedParams},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    caller::Caller,
    error::{ApiError, ApiResult},
    generation::watch::job_of,
    request::Path,
    state::AppState,
};

/// Why a job costs what it costs.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// `receipt`
    object: &'static str,
    /// `job_…`
    job_id: String,
    /// The model.
    model: String,
    /// What it was asked to do.
    capability: &'static str,
    /// The version whose price holds.
    price_version: u32,
    /// What the price read of the request, as it was frozen.
    #[schema(value_type = Object)]
    priced_params: PricedParams,
    /// What was set aside.
    #[schema(value_type = String)]
    held: Credits,
    /// What was counted, as the provider said.
    #[schema(value_type = Object)]
    usage: Usage,
    /// What the usage costs by the frozen price.
    #[schema(value_type = String)]
    cost: Credits,
    /// What that adds up from. Empty while the job runs, and when it cost nothing by its usage.
    #[schema(value_type = Vec<Object>)]
    breakdown: Vec<ChargeLine>,
    /// What was taken from the account; less than the cost where the platform bore a part.
    #[schema(value_type = String)]
    charged: Credits,
    /// What was given back of it.
    #[schema(value_type = String)]
    refunded: Credits,
}

/// Explains a charge.
#[utoipa::path(get, path = "/v1/jobs/{id}/receipt", tag = "jobs", security(("api_key" = []), ("token" = [])),
    params(("id" = String, Path)), responses((status = 200, body = Receipt), (status = 404)))]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> ApiResult<axum::Json<Receipt>> {
    let (row, _) = job_of(&state, &caller, &id).await?;
    let job: Job = state.store.read(&row.job_id).await?;
    let submission = job.submission().ok_or_else(|| ApiError::not_found("job"))?;
    Ok(axum::Json(Receipt {
        object: "receipt",
        job_id: row.job_id,
        model: submission.model.clone(),
        capability: submission.capability.name(),
        price_version: submission.price_version,
        priced_params: submission.priced_params.clone(),
        held: submission.hold,
        usage: job.usage().clone(),
        cost: job.cost(),
        breakdown: explained(&state, &job).map(|charge| charge.lines).unwrap_or_default(),
        charged: Credits::from_micro(row.charged),
        refunded: Credits::from_micro(row.refunded),
    }))
}

/// How the cost of a job adds up, computed again from what it froze; only where that gives what it cost.
pub fn explained(state: &AppState, job: &Job) -> Option<Charge> {
    let submission = job.submission()?;
    let catalog = state.live.catalog();
    let frozen = catalog.version(&submission.model, submission.capability, submission.price_version)?;
    let charge = frozen.capability.charge(&submission.priced_params, job.usage()).ok()?;
    (charge.amount == job.cost() && job.cost() > Credits::ZERO).then_some(charge)
}
