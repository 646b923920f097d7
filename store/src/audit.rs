//! Who did what to whom, read from the log itself, the newest first: acts of people, without the course of jobs and their holds.
//!
//! Every page is bounded by the positions that it looks through, however few of them it finds; it says how far it looked.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::{load::LoadError, log::read_event, work::Recorded};

/// The most acts of one page.
pub const ACTS_AT_MOST: i64 = 100;
/// How many positions one page looks through.
pub const POSITIONS_A_PAGE: i64 = 50_000;

/// The types of streams that are short: their events are found by their key.
const SHORT: [&str; 4] = ["job", "model", "provider", "provider_key"];
/// What the ids begin with whose streams are long: a tenant's account has an event for every hold.
const LONG: &str = "ten_";

/// Which acts.
#[derive(Clone, Debug, Default)]
pub struct ActQuery {
    /// Before this position; else from the end.
    pub before: Option<i64>,
    /// Only by this person or key.
    pub actor: Option<String>,
    /// Only on this aggregate.
    pub target: Option<String>,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only of this request.
    pub request_id: Option<String>,
    /// Only recorded at or after this.
    pub from: Option<DateTime<Utc>>,
    /// Only recorded before this.
    pub to: Option<DateTime<Utc>>,
    /// Also the course of jobs and their holds.
    pub everything: bool,
    /// How many; at most [`ACTS_AT_MOST`].
    pub limit: i64,
}

/// Some acts, and where to go on.
#[derive(Clone, Debug)]
pub struct Acts {
    /// The acts, the newest first.
    pub acts: Vec<Recorded>,
    /// All positions from this one on were looked through. Nothing is left when it is one or less.
    pub looked_from: i64,
}

/// The next page of acts.
///
/// # Errors
/// When the database is out of reach, or an event can't be understood.
pub async fn acts(pool: &PgPool, query: &ActQuery) -> Result<Acts, LoadError> {
    let head = crate::log::head(pool).await?;
    let before = query.before.map_or(head + 1, |before| before.min(head + 1));
    // A short stream is found by its key, however old; an account's may be as long as the log, so positions bound it.
    let keyed = query.target.as_ref().is_some_and(|target| !target.starts_with(LONG));
    let start = if keyed { 1 } else { (before - POSITIONS_A_PAGE).max(1) };
    let of_target = if keyed {
        "aggregate_type = any($11) and aggregate_id = $4"
    } else {
        "($4::text is null or aggregate_id = $4) and $11::text[] is not null"
    };
    let limit = query.limit.clamp(1, ACTS_AT_MOST);
    let sql = format!(
        "select position, aggregate_type, aggregate_id, sequence, payload::text, metadata::text, recorded_at
                 from events
                where position < $1 and position >= $2
                  and ($3::text is null or metadata->>'actor' = $3) and {of_target}
                  and ($5::text is null or event_type = $5) and ($6::text is null or metadata->>'request_id' = $6)
                  and ($7::timestamptz is null or recorded_at >= $7) and ($8::timestamptz is null or recorded_at < $8)
                  and ($9 or (aggregate_type not in ('job', 'once') or event_type = 'JobCancelRequested')
                             and event_type not in ('CreditsHeld', 'HoldSettled', 'OverrunSettled', 'HoldReleased')
                             and coalesce(metadata->>'actor', '') <> '')
                order by position desc limit $10"
    );
    let asked = sqlx::query(&sql).bind(before).bind(start).bind(&query.actor).bind(&query.target);
    let asked = asked.bind(&query.event_type).bind(&query.request_id).bind(query.from).bind(query.to);
    let rows = asked.bind(query.everything).bind(limit).bind(&SHORT[..]).fetch_all(pool).await?;
    let acts = rows.iter().map(read_event).collect::<Result<Vec<_>, _>>()?;
    let full = i64::try_from(acts.len()).is_ok_and(|found| found == limit);
    let looked_from = acts.last().filter(|_| full).map_or(start, |last| last.position);
    Ok(Acts { acts, looked_from })
}
