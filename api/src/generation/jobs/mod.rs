//! `/v1/jobs`: work that a worker carries out, submitted, listed, shown, stopped and followed.

pub mod cancel;
pub mod create;
pub mod events;
pub mod list;
pub mod receipt;
pub mod show;

use projections::{
    published::{JobView, Presentation},
    rows::JobRow,
};
use serde_json::Value;

use crate::{assets::link, error::ApiResult, state::AppState};

/// What a person reads for a code that a job failed with.
#[must_use]
pub fn in_words(code: &str) -> String {
    let words = match code {
        "invalid_request" => "The provider refuses the parameters. Nothing was charged.",
        "content_policy_violation" => {
            "The provider's safety filter refused the input or the output. Nothing was charged; change the prompt or try again."
        }
        "upstream_rate_limited" | "upstream_overloaded" | "upstream_quota" => {
            "The provider takes no more work now. Nothing was charged; try again later."
        }
        "outcome_unknown" => {
            "The provider never told what became of the work. Nothing was charged, and the held credits are back."
        }
        "invalid_usage" => "The provider reported a usage that can't be charged. Nothing was charged.",
        "output_not_kept" => "The result could not be stored. Nothing was charged.",
        "inputs_erased" => "The inputs were erased before the work began. Nothing was charged.",
        "input_asset_not_found" => "An input asset does not exist. Nothing was charged.",
        "input_unreadable" | "input_too_large" | "too_many_inputs" | "input_malformed" => {
            "An input file can't be used. Nothing was charged."
        }
        _ => "The provider failed. Nothing was charged; try again.",
    };
    words.to_owned()
}

/// A job as its client sees it, with its parameters and the progress that was heard of last.
///
/// # Errors
/// When the database is out of reach.
pub async fn view(state: &AppState, row: &JobRow) -> ApiResult<JobView> {
    let parts = state.parts.dispatcher.parts();
    let params = match row.job_id.parse() {
        Ok(job_id) => parts.contents.job_inputs(&job_id).await?.map(|inputs| inputs.params),
        Err(_) => None,
    };
    Ok(present(state, row, params.unwrap_or(Value::Null)))
}

/// A job with parameters that are at hand.
#[must_use]
pub fn present(state: &AppState, row: &JobRow, params: Value) -> JobView {
    let progress = state.frames.latest(&row.job_id).filter(|_| !row.status.is_final());
    let progress = progress.and_then(|frame| serde_json::from_slice::<Value>(&frame.payload).ok());
    let progress = progress.and_then(|frame| frame["progress"].as_u64()).and_then(|percent| percent.try_into().ok());
    let sign = |asset_id: &str| asset_id.parse().map(|id| link::sign(state, &id).url).unwrap_or_default();
    JobView::of(row, Presentation { params, progress, sign: &sign, message: &in_words })
}
