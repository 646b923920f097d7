//! `POST /admin/api/models/{id}/capabilities/{kind}/rehearse`: the jobs of the last days under another price and schema, before it
//! is published. Reads page by page, holds no snapshot, and changes nothing.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    Credits,
    capability::{Capability, CapabilityKind, LintIssue, Past, Rehearsal, Rehearsed},
    pricing::{Exact, PricedParams},
    schema::CompiledSchema,
};
use projections::{
    live::Callable,
    past_jobs::{PAGE, PastJob, PastJobs},
    rows::JobStatus,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{kind, model};
use crate::{
    caller::AuditorCaller,
    error::{ApiError, ApiResult},
    request::{Json, Path},
    state::AppState,
};

/// The most days that are rehearsed.
pub const DAYS_MAX: u32 = 90;
/// The days that are rehearsed unless told otherwise.
pub const DAYS: u32 = 30;
/// The most jobs that are replayed.
pub const JOBS_MAX: u64 = 100_000;
/// How long a rehearsal may take; then it tells how far it came.
const WITHIN: Duration = Duration::from_secs(60);
/// How many jobs are named that would not be taken, or would be below their cost.
const EXAMPLES_MAX: usize = 20;

/// What to rehearse.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rehearse {
    /// What might be published; without it, what holds now.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub capability: Option<Capability>,
    /// The jobs of how many days, at most 90.
    #[serde(default)]
    pub days: Option<u32>,
}

/// What a rehearsal found. Amounts are credits.
#[derive(Debug, Serialize, ToSchema)]
pub struct RehearsalView {
    /// `rehearsal`
    object: &'static str,
    /// From when on jobs were replayed.
    pub from: DateTime<Utc>,
    /// Whether all of them were; else there were too many, or it took too long.
    pub complete: bool,
    /// Counts and sums: jobs, charged, rejected, unpriced, below_cost, unread, revenue and cost before and after.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub sums: Rehearsal,
    /// What would be charged more; negative when less.
    #[schema(value_type = String)]
    pub revenue_change: Exact,
    /// What remained after our costs.
    #[schema(value_type = String)]
    pub margin_before: Exact,
    /// What would remain.
    #[schema(value_type = String)]
    pub margin_after: Exact,
    /// What is wrong with what was rehearsed: with anything in here it can't be published.
    #[schema(value_type = Vec<Object>)]
    issues: Vec<LintIssue>,
    /// Some jobs that would be rejected, unpriced or below their cost.
    #[schema(value_type = Vec<Object>)]
    pub examples: Vec<ReplayedJob>,
}

/// What would become of one job.
#[derive(Debug, Serialize)]
pub struct ReplayedJob {
    /// `job_…`
    pub job_id: String,
    /// What would become of it.
    #[serde(flatten)]
    pub outcome: Rehearsed,
}

/// Rehearses a capability.
#[utoipa::path(post, path = "/admin/api/models/{id}/capabilities/{kind}/rehearse", tag = "admin", request_body = Rehearse,
    params(("id" = String, Path), ("kind" = String, Path)), security(("token" = [])),
    responses((status = 200, body = RehearsalView), (status = 404), (status = 422, description = "capability_unfit")))]
pub async fn rehearse(
    State(state): State<AppState>,
    _: AuditorCaller,
    Path((id, named)): Path<(String, String)>,
    Json(wanted): Json<Rehearse>,
) -> ApiResult<axum::Json<RehearsalView>> {
    Ok(axum::Json(play(&state, &id, kind(&named)?, wanted).await?))
}

/// Rehearses a capability of a model.
///
/// # Errors
/// `model_not_found`, `not_found`, `invalid_parameter`, `capability_unfit`.
pub async fn play(
    state: &AppState,
    id: &str,
    kind: CapabilityKind,
    Rehearse { capability, days }: Rehearse,
) -> ApiResult<RehearsalView> {
    let days = days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::parameter("days", format!("days is from 1 to {DAYS_MAX}")));
    }
    let entry = model(state, id)?;
    let held = || entry.model.capabilities().get(&kind).map(|published| Capability::clone(&published.capability));
    let capability = capability.or_else(held).ok_or_else(|| ApiError::not_found("capability"))?;
    if capability.kind != kind {
        return Err(ApiError::parameter("capability.kind", "the path names another kind"));
    }
    let mut issues = [capability.lint(), capability.lint_costs()].concat();
    issues.extend(state.parts.dispatcher.lint_routes(kind, &capability.routes));
    // Without a schema or a price there is nothing to rehearse by.
    let schema = CompiledSchema::new(&capability.param_schema).map_err(|_| ApiError::unfit(&issues))?;
    capability.pricing.validate().map_err(|_| ApiError::unfit(&issues))?;
    let name = entry.identity().map(|identity| identity.name.clone()).unwrap_or_default();
    let from = state.store.now() - TimeDelta::days(days.into());
    let jobs = PastJobs { model: name, capability: kind.name().to_owned(), from, after: None };
    let mut stage =
        Stage { rehearsed: Arc::new((capability, schema)), sums: Rehearsal::default(), examples: Vec::new() };
    let complete = stage.play(state, jobs).await?;
    let Stage { sums, examples, .. } = stage;
    let figures = sums.revenue_change().and_then(|change| Ok((change, sums.margins()?)));
    let (revenue_change, (margin_before, margin_after)) = figures.map_err(|error| ApiError::internal(&error))?;
    Ok(RehearsalView {
        object: "rehearsal",
        from,
        complete,
        sums,
        revenue_change,
        margin_before,
        margin_after,
        issues,
        examples,
    })
}

/// Where jobs are replayed, and what was found so far.
struct Stage {
    rehearsed: Arc<(Capability, CompiledSchema)>,
    sums: Rehearsal,
    examples: Vec<ReplayedJob>,
}

impl Stage {
    /// Replays page after page; tells whether all jobs were.
    async fn play(&mut self, state: &AppState, mut jobs: PastJobs) -> ApiResult<bool> {
        let ends = Instant::now() + WITHIN;
        loop {
            let page = state.reads.past_jobs(&jobs).await?;
            let is_last = i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE;
            jobs.after = page.last().map(|job| job.job_id.clone()).or(jobs.after);
            let versioned = page.into_iter().map(|job| {
                let version = job.submission().map_or(0, |submission| submission.price_version);
                let kind = job.submission().map(|submission| submission.capability);
                let known = kind.and_then(|kind| state.live.catalog().version(&jobs.model, kind, version));
                (job, known)
            });
            self.replay(versioned.collect()).await?;
            if is_last {
                return Ok(true);
            }
            if self.sums.jobs >= JOBS_MAX || Instant::now() >= ends {
                return Ok(false);
            }
        }
    }

    /// Replays one page beside the threads that serve requests.
    async fn replay(&mut self, page: Vec<(PastJob, Option<Arc<Callable>>)>) -> ApiResult<()> {
        let (rehearsed, mut sums) = (self.rehearsed.clone(), std::mem::take(&mut self.sums));
        let replaying = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            for (job, version) in page {
                let outcome = replay(&mut sums, &job, version.as_deref(), &rehearsed)?;
                let below = matches!(&outcome, Rehearsed::Charged { amount, cost: Some(cost) } if amount < cost);
                if below || !matches!(outcome, Rehearsed::Charged { .. }) {
                    found.push(ReplayedJob { job_id: job.job_id.to_string(), outcome });
                }
            }
            Ok::<_, domain::pricing::NotExact>((sums, found))
        });
        let replayed = replaying.await.map_err(|error| ApiError::internal(&error))?;
        let (sums, found) = replayed.map_err(|error| ApiError::internal(&error))?;
        self.sums = sums;
        let room = EXAMPLES_MAX - self.examples.len();
        self.examples.extend(found.into_iter().take(room));
        Ok(())
    }
}

fn replay(
    sums: &mut Rehearsal,
    job: &PastJob,
    version: Option<&Callable>,
    (capability, schema): &(Capability, CompiledSchema),
) -> Result<Rehearsed, domain::pricing::NotExact> {
    let unknown = PricedParams::default();
    let priced = job.submission().map_or(&unknown, |submission| &submission.priced_params);
    let charged = Credits::from_micro(job.charged);
    let by_usage = match job.status {
        JobStatus::Succeeded => true,
        JobStatus::Canceled => charged > Credits::ZERO,
        _ => false,
    };
    let past = Past {
        params: job.params.as_ref(),
        priced,
        moment: priced.moment.unwrap_or(job.created_at),
        usage: by_usage.then_some(&job.usage),
        charged,
        route: job.provider.as_deref().zip(job.upstream_model.as_deref()),
        version: version.map(|known| (&*known.capability, &known.schema)),
    };
    sums.add(&past, (capability, schema))
}
