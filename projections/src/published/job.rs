//! The JSON of a job, from its row. Signing links and wording errors are the caller's: they are arguments.

use chrono::{DateTime, Utc};
use domain::Credits;
use serde::Serialize;
use serde_json::Value;

use crate::rows::{JobRow, JobStage, JobStatus, OutputRow};

/// What a job's row does not know.
pub struct Presentation<'a> {
    /// The resolved parameters; `Null` when they were erased.
    pub params: Value,
    /// How far the job is, in percent, if the provider says so.
    pub progress: Option<u8>,
    /// The signed link to an asset, by its id.
    pub sign: &'a dyn Fn(&str) -> String,
    /// What a person reads for an error code.
    pub message: &'a dyn Fn(&str) -> String,
}

/// A job as clients see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// Always `job`.
    pub object: &'static str,
    /// The public name of the model.
    pub model: String,
    /// What the model is asked to do.
    pub capability: String,
    /// Where it stands.
    pub status: JobStatus,
    /// What it is at, unless it is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<JobStage>,
    /// How far it is, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<u8>,
    /// The resolved parameters.
    pub params: Value,
    /// What can be fetched.
    pub outputs: Vec<OutputView>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
    /// What it holds and costs.
    pub cost: CostView,
    /// The version of the capability that it froze.
    pub price_version: u32,
    /// When it was submitted.
    pub created_at: DateTime<Utc>,
    /// When its first attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// Where to go on.
    pub urls: UrlsView,
}

/// An output as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputView {
    /// Its id.
    pub asset_id: String,
    /// A signed link.
    pub url: String,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// Pixels across.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorView {
    /// Our stable code.
    pub code: String,
    /// What a person reads.
    pub message: String,
}

/// What a job holds and costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CostView {
    /// What was held at its submission.
    pub held: Credits,
    /// What was charged.
    pub charged: Credits,
    /// What was given back of that.
    pub refunded: Credits,
}

/// Where to go on from a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UrlsView {
    /// The job itself.
    #[serde(rename = "self")]
    pub itself: String,
    /// Its events.
    pub events: String,
    /// To stop it.
    pub cancel: String,
}

impl JobView {
    /// The view of a row.
    #[must_use]
    pub fn of(row: &JobRow, with: Presentation<'_>) -> Self {
        let path = format!("/v1/jobs/{}", row.job_id);
        let error = |code: &String| ErrorView { code: code.clone(), message: (with.message)(code) };
        Self {
            id: row.job_id.clone(),
            object: "job",
            model: row.model.clone(),
            capability: row.capability.clone(),
            status: row.status,
            stage: row.stage,
            progress: with.progress,
            outputs: row.outputs.iter().map(|output| view_output(output, with.sign)).collect(),
            error: row.error_code.as_ref().map(error),
            params: with.params,
            cost: CostView {
                held: Credits::from_micro(row.held),
                charged: Credits::from_micro(row.charged),
                refunded: Credits::from_micro(row.refunded),
            },
            price_version: row.price_version,
            created_at: row.created_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            urls: UrlsView { events: format!("{path}/events"), cancel: format!("{path}/cancel"), itself: path },
        }
    }
}

fn view_output(output: &OutputRow, sign: &dyn Fn(&str) -> String) -> OutputView {
    OutputView {
        url: sign(&output.asset_id),
        asset_id: output.asset_id.clone(),
        content_type: output.content_type.clone(),
        bytes: output.bytes,
        width: output.width,
        height: output.height,
    }
}
