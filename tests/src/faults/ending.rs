//! Waits until every job has ended and nothing is left to do, within a bound; says what is stuck otherwise.

use std::time::Duration;

use sqlx::PgConnection;

/// How long everything may take to end after the last kill.
pub const ENDS_WITHIN: Duration = Duration::from_secs(120);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is not done yet: each in words, with its id.
///
/// # Errors
/// When the database is out of reach.
pub async fn what_is_left(ledger: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let sql = "with jobs as (select aggregate_id as id from events where event_type = 'JobSubmitted'),
                    ended as (select aggregate_id as id from events where aggregate_type = 'job'
                              and event_type in ('JobSucceeded', 'JobFailed', 'JobCanceled', 'JobExpired'))
        select 'job ' || j.id || ' has not ended; its last event is ' ||
               (select e.event_type from events e where e.aggregate_type = 'job' and e.aggregate_id = j.id
                 order by e.sequence desc limit 1) || '; ' ||
               coalesce((select 'its duty is ' || t.kind || ', due ' || t.due || ', claimed until ' ||
                                coalesce(t.lease_until::text, '-') from timers t where t.ref = j.id), 'it has no duty')
          from jobs j where not exists (select from ended where ended.id = j.id)
        union all
        select 'a duty is left: ' || kind || ' of ' || ref || ', due ' || due from timers
        union all
        select 'a message is left: ' || topic || ' of ' || ref || ', leased until ' || coalesce(lease_until::text, '-')
          from outbox";
    Ok(sqlx::query_scalar(sql).fetch_all(ledger).await?)
}

/// Waits until nothing is left. Gives what is left when the bound is reached.
///
/// # Errors
/// When the database is out of reach.
pub async fn drive_to_end(ledger: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let nothing_left = async {
        loop {
            if what_is_left(ledger).await?.is_empty() {
                return anyhow::Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(ENDS_WITHIN, nothing_left).await {
        Ok(done) => done.map(|()| Vec::new()),
        Err(_) => what_is_left(ledger).await,
    }
}
