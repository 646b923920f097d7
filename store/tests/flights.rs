//! Flight records against a real database: the later of two with one name stays, and old ones go.

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use store::flights::{self, FlightRow};
use support::database;

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("it is a time")
}

fn row(attempt: &str, minutes: i64, body: &str) -> FlightRow {
    let recorded_at = now() + TimeDelta::minutes(minutes);
    FlightRow { job_id: "job_1".into(), attempt: attempt.into(), recorded_at, body: body.into() }
}

#[tokio::test]
async fn the_later_record_of_a_name_stays_and_old_ones_go() {
    let database = database().await;
    let pool = &database.pool;
    let other = FlightRow { job_id: "job_2".into(), ..row("att_1", 0, "{}") };
    let first = [row("waiting", 0, r#"{"n":1}"#), row("att_1", 2, "{}"), row("waiting", 1, r#"{"n":2}"#), other];
    for _ in 0..2 {
        flights::put(pool, &first).await.expect("they are kept");
    }
    let kept = flights::of_job(pool, "job_1").await.expect("it answers");
    assert_eq!(kept, [row("waiting", 1, r#"{"n":2}"#), row("att_1", 2, "{}")]);
    let later = row("waiting", 3, r#"{"n":3}"#);
    flights::put(pool, std::slice::from_ref(&later)).await.expect("it is kept");
    assert_eq!(flights::of_job(pool, "job_1").await.expect("it answers"), [row("att_1", 2, "{}"), later.clone()]);
    flights::put(pool, &[]).await.expect("nothing is kept");
    assert_eq!(flights::purge(pool, now() + TimeDelta::minutes(3)).await.expect("it answers"), 2);
    assert_eq!(flights::of_job(pool, "job_1").await.expect("it answers"), [later]);
}
