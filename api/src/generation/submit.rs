//! Submits what a worker is to carry out, once: the same request again finds the job that it led to.

use dispatch::Prepared;

use super::{
    idempotency,
    prepare::{Asked, prepare},
};
use crate::{caller::Caller, error::ApiResult, state::AppState};

/// A job that was submitted now or before.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The job.
    pub job_id: String,
    /// Whether it was submitted before, by the same request.
    pub replayed: bool,
}

/// Validates, prices, holds and submits.
///
/// # Errors
/// What is wrong with the request, or why its credits can't be held.
pub async fn submit(state: &AppState, caller: &Caller, asked: Asked) -> ApiResult<Submitted> {
    let prepared: Prepared = prepare(state, caller, asked).await?;
    let job_id = prepared.job_id.to_string();
    match state.parts.dispatcher.submit(prepared).await {
        Ok(committed) => {
            state.written.note(&caller.tenant_id, committed.position);
            Ok(Submitted { job_id, replayed: false })
        }
        Err(error) => match idempotency::replayed(&error) {
            Some(job_id) => Ok(Submitted { job_id, replayed: true }),
            None => Err(error.into()),
        },
    }
}
