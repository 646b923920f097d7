//! All that is known after a run: the log's raw rows, what the provider saw, what clients were told, what the API shows.
//! Read without the gateway's own folds, so that a bug there can't hide itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, Row as _};

use super::errand::Told;
use crate::{
    api_client::{AccountView, ApiClient},
    upstream::UpstreamCall,
};

/// An event as it stands in the log.
#[derive(Clone, Debug)]
pub struct LogEvent {
    /// Its place in the whole log.
    pub position: i64,
    /// The kind of its stream.
    pub aggregate_type: String,
    /// Its stream.
    pub aggregate_id: String,
    /// Its place there.
    pub sequence: i64,
    /// What happened.
    pub event_type: String,
    /// The body, without the variant's name around it.
    pub body: Value,
    /// The unit of work that it was written by.
    pub unit_id: String,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
}

impl LogEvent {
    /// A text of its body; empty when there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// An amount of its body, in micro-credits; zero when there is none.
    #[must_use]
    pub fn amount(&self, name: &str) -> i64 {
        self.body[name].as_str().and_then(|text| text.parse::<domain::Credits>().ok()).map_or(0, domain::Credits::micro)
    }

    /// Whether it ends its job.
    #[must_use]
    pub fn ends_job(&self) -> bool {
        matches!(self.event_type.as_str(), "JobSucceeded" | "JobFailed" | "JobCanceled" | "JobExpired")
    }
}

/// What is known after a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The whole log, by position.
    pub events: Vec<LogEvent>,
    /// What arrived at the provider, in that order.
    pub calls: Vec<UpstreamCall>,
    /// What clients were told.
    pub told: Vec<Told>,
    /// The account that the jobs were charged to, as the API shows it.
    pub account: Option<AccountView>,
    /// The status of each told job, as the API shows it.
    pub shown: BTreeMap<String, String>,
    /// What was not done at the end, in words.
    pub left: Vec<String>,
}

impl History {
    /// The events of each stream of a kind, in the order of the log.
    #[must_use]
    pub fn streams(&self, aggregate_type: &str) -> BTreeMap<&str, Vec<&LogEvent>> {
        let mut streams: BTreeMap<&str, Vec<&LogEvent>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event.aggregate_type == aggregate_type) {
            streams.entry(&event.aggregate_id).or_default().push(event);
        }
        streams
    }
}

/// Reads the whole log.
///
/// # Errors
/// When the database is out of reach, or a row is no event.
pub async fn read_log(ledger: &mut PgConnection) -> anyhow::Result<Vec<LogEvent>> {
    let sql = "select position, aggregate_type, aggregate_id, sequence, event_type, payload::text as payload,
                      metadata ->> 'unit_id' as unit_id, recorded_at
                 from events order by position";
    let rows = sqlx::query(sql).fetch_all(ledger).await?;
    rows.into_iter()
        .map(|row| {
            let event_type: String = row.try_get("event_type")?;
            let mut payload: Value = serde_json::from_str(row.try_get("payload")?)?;
            Ok(LogEvent {
                position: row.try_get("position")?,
                aggregate_type: row.try_get("aggregate_type")?,
                aggregate_id: row.try_get("aggregate_id")?,
                sequence: row.try_get("sequence")?,
                body: payload[event_type.as_str()].take(),
                event_type,
                unit_id: row.try_get::<Option<String>, _>("unit_id")?.unwrap_or_default(),
                recorded_at: row.try_get("recorded_at")?,
            })
        })
        .collect()
}

/// The status of each told job, as the API shows it.
///
/// # Errors
/// When one is not shown.
pub async fn shown(api: &ApiClient, told: &[Told]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut shown = BTreeMap::new();
    for Told { job_id, .. } in told {
        if !shown.contains_key(job_id) {
            let job: Value = api.get(&format!("/v1/jobs/{job_id}")).await?;
            shown.insert(job_id.clone(), job["status"].as_str().unwrap_or_default().to_owned());
        }
    }
    Ok(shown)
}
