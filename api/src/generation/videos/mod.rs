//! `/v1/videos`: OpenAI's shapes over jobs that make videos. The id of a video *is* the id of its job.
//!
//! | file | route |
//! |---|---|
//! | `create` | `POST /v1/videos` |
//! | `list` | `GET /v1/videos` |
//! | `show` | `GET /v1/videos/{id}` |
//! | `content` | `GET /v1/videos/{id}/content` |
//! | `delete` | `DELETE /v1/videos/{id}` |
//! | `params` | `seconds`, `size` and `input_reference` in the words of a capability, and back |

pub mod content;
pub mod create;
pub mod delete;
pub mod list;
mod params;
pub mod show;

use chrono::{DateTime, Utc};
use domain::capability::CapabilityKind;
use projections::{
    published::JobView,
    rows::{JobRow, JobStatus},
};
use serde::Serialize;
use serde_json::Value;
use store::contents::JobInputs;
use utoipa::ToSchema;

use super::{jobs::present, watch::job_of};
use crate::{
    caller::Caller,
    error::{ApiError, ApiResult, ErrorCode},
    state::AppState,
};

/// What makes videos.
const KINDS: [CapabilityKind; 2] = [CapabilityKind::TextToVideo, CapabilityKind::ImageToVideo];

/// A video as OpenAI's SDKs read it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VideoView {
    /// The job's id.
    pub id: String,
    /// `video`
    object: &'static str,
    /// `queued`, `in_progress`, `completed` or `failed`
    status: &'static str,
    /// In percent.
    progress: u8,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds.
    completed_at: Option<i64>,
    /// Unix seconds; ours do not expire.
    expires_at: Option<i64>,
    /// The public name of the model.
    model: String,
    /// What was asked for.
    prompt: Option<String>,
    /// How long.
    seconds: String,
    /// Pixels, as they were asked for.
    size: String,
    /// Never set.
    remixed_from_video_id: Option<String>,
    /// Why there is none.
    error: Option<VideoError>,
}

/// Why there is no video.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VideoError {
    /// Our stable code.
    code: String,
    /// What a person reads.
    message: String,
}

/// A video of the caller's tenant, with what it was submitted with. One that was deleted is not found.
///
/// # Errors
/// `not_found`, also for jobs that make something else.
async fn video_of(state: &AppState, caller: &Caller, id: &str) -> ApiResult<(JobRow, JobInputs)> {
    let missing = || ApiError::not_found("video");
    let not_ours = |error: ApiError| if error.code == ErrorCode::NotFound { missing() } else { error };
    let (row, _) = job_of(state, caller, id).await.map_err(not_ours)?;
    if !KINDS.iter().any(|kind| row.capability == kind.name()) {
        return Err(missing());
    }
    let job_id = id.parse().map_err(|_| missing())?;
    let inputs = state.parts.dispatcher.parts().contents.job_inputs(&job_id).await?;
    Ok((row, inputs.ok_or_else(missing)?))
}

/// A job as a video.
fn view(state: &AppState, row: &JobRow, inputs: JobInputs) -> VideoView {
    let (seconds, size) = params::asked(&inputs);
    let prompt = inputs.params["prompt"].as_str().map(str::to_owned);
    let job = present(state, row, Value::Null);
    VideoView {
        object: "video",
        status: status(row.status),
        progress: progress(&job),
        created_at: job.created_at.timestamp(),
        completed_at: job.completed_at.map(|at: DateTime<Utc>| at.timestamp()),
        expires_at: None,
        prompt,
        seconds,
        size,
        remixed_from_video_id: None,
        error: error(&job),
        id: job.id,
        model: job.model,
    }
}

const fn status(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "in_progress",
        JobStatus::Succeeded => "completed",
        JobStatus::Failed | JobStatus::Canceled | JobStatus::Expired => "failed",
    }
}

fn progress(job: &JobView) -> u8 {
    if job.status == JobStatus::Succeeded { 100 } else { job.progress.unwrap_or(0) }
}

fn error(job: &JobView) -> Option<VideoError> {
    let told = job.error.as_ref().map(|error| (error.code.clone(), error.message.clone()));
    let silent = match job.status {
        JobStatus::Canceled => Some(("canceled", "The video was canceled.")),
        JobStatus::Expired => Some(("expired", "The video was not made in time. Nothing was charged.")),
        _ => None,
    };
    let (code, message) = told.or_else(|| silent.map(|(code, why)| (code.to_owned(), why.to_owned())))?;
    Some(VideoError { code, message })
}
