//! A request becomes a job that may be submitted: its capability found, its parameters resolved, its price asked.
//! Nothing is read from the database here, and nothing is held yet.

use std::sync::Arc;

use axum::{http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use dispatch::{Prepared, StartError, Started};
use domain::{
    account::{Allowance, BudgetTerms},
    capability::CapabilityKind,
    id::JobId,
    job::{Mode, Submission},
    tenant::ApiKey,
    unit::OnceKey,
};
use projections::live::Callable;
use serde_json::{Map, Value};
use store::JobInputsRow;
use uuid::Uuid;

use super::idempotency;
use crate::{
    caller::Caller,
    catalog::{
        estimates::{callable, digest, unpriced},
        quote::{self, Terms},
    },
    error::{ApiError, ApiResult, ErrorCode},
    metering::tokens,
    state::AppState,
};

/// The largest metadata of a job, as JSON.
pub const METADATA_MAX_BYTES: usize = 16 * 1024;

/// What a client asks for, as a route has parsed it.
pub struct Asked {
    /// The public name of the model.
    pub model: String,
    /// What the model is asked to do.
    pub kind: CapabilityKind,
    /// The parameters, unresolved.
    pub params: Value,
    /// The route, such as `/v1/jobs`.
    pub route: &'static str,
    /// Where the job runs.
    pub mode: Mode,
    /// What the client attached.
    pub metadata: Option<Value>,
    /// Where the client wants to hear of it.
    pub webhook_url: Option<String>,
    /// The once-only key of the request.
    pub once: Option<OnceKey>,
    /// The quote that the client was given for it.
    pub quote: Option<String>,
}

impl Asked {
    /// A request on a compatible route, whose caller waits.
    #[must_use]
    pub fn waiting(
        (model, kind): (String, CapabilityKind),
        params: Value,
        route: &'static str,
        once: Option<OnceKey>,
    ) -> Self {
        Self {
            model,
            kind,
            params,
            route,
            mode: Mode::Interactive,
            metadata: None,
            webhook_url: None,
            once,
            quote: None,
        }
    }

    /// The same, with the quote that its headers bring.
    ///
    /// # Errors
    /// `quote_invalid`.
    pub fn quoted(mut self, headers: &HeaderMap) -> ApiResult<Self> {
        self.quote = quote::of_headers(headers)?;
        Ok(self)
    }
}

/// Validates and prices what was asked for, and reserves the tokens that it is likely to use, if they are limited.
///
/// # Errors
/// What is wrong with it, by parameter.
pub async fn prepare(state: &AppState, caller: &Caller, asked: Asked) -> ApiResult<Prepared> {
    let now = state.parts.store.now();
    let (callable, terms) = priced_by(state, caller, &asked)?;
    let params = callable.schema.resolve_or_explain(asked.params)?;
    let moment = terms.as_ref().map_or(now, |terms| terms.moment);
    let quote = callable.capability.quote(&params, moment).map_err(|error| unpriced(&error))?;
    let params = params.to_string();
    let inputs_sha256 = digest(&params);
    terms.map_or(Ok(()), |terms| terms.check_params(&inputs_sha256))?;
    let submission = Submission {
        tenant_id: caller.tenant_id.clone(),
        user_id: caller.user_id.clone(),
        api_key_id: caller.api_key_id().cloned(),
        model: asked.model,
        capability: asked.kind,
        price_version: callable.version,
        priced_params: quote.priced,
        inputs_sha256,
        hold: quote.hold.amount,
        mode: asked.mode,
        expires_at: now + state.parts.dispatcher.parts().ages.expire_after,
    };
    let job_id = JobId::from_uuid(Uuid::now_v7());
    tracing::Span::current().record("job_id", job_id.as_str());
    let inputs = JobInputsRow {
        job_id: job_id.to_string(),
        route: asked.route.to_owned(),
        params,
        metadata: asked.metadata.map(bounded_metadata).transpose()?,
        webhook_url: asked.webhook_url,
    };
    tokens::reserve(state, caller, &job_id, tokens::tokens_of(&quote.expected_quantities)).await?;
    let allowance = allowance(state, caller, now);
    Ok(Prepared { job_id, submission, callable, inputs, once: asked.once, allowance, context: caller.context() })
}

/// What the limits of the key and of the tenant allow, as they stand in memory. The account decides by them.
fn allowance(state: &AppState, caller: &Caller, now: DateTime<Utc>) -> Allowance {
    let tenants = state.live.tenants();
    let of_tenant = tenants.tenant(&caller.tenant_id).map(|entry| &entry.limits);
    let key = caller.api_key.as_ref();
    let budgets = BudgetTerms {
        day: now.date_naive(),
        key: key.map(ApiKey::budgets),
        tenant: of_tenant.map(|limits| limits.budget),
    };
    Allowance {
        budgets: Some(budgets),
        key_jobs: key.and_then(|key| key.concurrent_jobs),
        tenant_jobs: of_tenant.and_then(|limits| limits.concurrent_jobs),
    }
}

/// What may be called now, or the version of it that a quote was made by.
fn priced_by(state: &AppState, caller: &Caller, asked: &Asked) -> ApiResult<(Arc<Callable>, Option<Terms>)> {
    let current = callable(state, caller, &asked.model, asked.kind)?;
    let Some(quote) = &asked.quote else { return Ok((current, None)) };
    let terms = Terms::open(quote, &state.secrets)?;
    terms.check(&caller.tenant_id, &asked.model, asked.kind, state.parts.store.now())?;
    let quoted = state.live.catalog().version(&asked.model, asked.kind, terms.price_version);
    let unknown = || ApiError::new(ErrorCode::QuoteInvalid, "the quoted price is not in the catalog").of("quote");
    Ok((quoted.ok_or_else(unknown)?, Some(terms)))
}

fn bounded_metadata(metadata: Value) -> ApiResult<String> {
    let text = metadata.to_string();
    if !metadata.is_object() || text.len() > METADATA_MAX_BYTES {
        let message = format!("metadata is an object of at most {METADATA_MAX_BYTES} bytes");
        return Err(ApiError::parameter("metadata", message));
    }
    Ok(text)
}

/// The model that a compatible body names, and everything else of it as parameters.
///
/// # Errors
/// The body is no object, or names no model.
pub fn model_and_params(body: Value) -> ApiResult<(String, Map<String, Value>)> {
    let Value::Object(mut params) = body else {
        return Err(ApiError::new(ErrorCode::InvalidParameter, "the body must be an object"));
    };
    match params.remove("model") {
        Some(Value::String(model)) if !model.is_empty() => Ok((model, params)),
        _ => Err(ApiError::parameter("model", "model is required: the name of a model")),
    }
}

/// What became of a request whose caller waits.
pub enum Begun {
    /// Its job's first attempt is under way here, with these parameters.
    Started(Box<Started>, Value),
    /// It was made before: this is what was answered then.
    Replayed(Response),
}

/// Prepares and starts what a caller waits for, or finds what the same request was answered before.
///
/// # Errors
/// What is wrong with the request, or why it can't be started.
pub async fn begin(state: &AppState, caller: &Caller, asked: Asked) -> ApiResult<Begun> {
    let once = asked.once.clone();
    let prepared = prepare(state, caller, asked).await?;
    let params = serde_json::from_str(&prepared.inputs.params).map_err(|error| ApiError::internal(&error))?;
    match state.parts.dispatcher.start(prepared).await {
        Ok(started) => {
            // Whatever was appended for it lies after what this process has seen of the log.
            state.written.note(&caller.tenant_id, state.parts.follower.position() + 1);
            Ok(Begun::Started(Box::new(started), params))
        }
        Err(error) => match (once, &error) {
            (Some(once), StartError::Execute(refused)) => match idempotency::replayed(refused) {
                Some(job_id) => idempotency::replay(state, &once, &job_id).await.map(Begun::Replayed),
                None => Err(error.into()),
            },
            _ => Err(error.into()),
        },
    }
}
