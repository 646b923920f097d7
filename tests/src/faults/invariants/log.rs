//! The log is dense, nothing is left to do, and what clients were told is true.

use std::collections::BTreeMap;

use super::{Violation, broken};
use crate::faults::{errand::Told, history::History};

pub(super) fn judge(history: &History, violations: &mut Vec<Violation>) {
    dense(history, violations);
    for left in &history.left {
        broken(violations, "everything ends", left);
    }
    told_is_true(history, violations);
    one_job_a_key(history, violations);
}

fn dense(history: &History, violations: &mut Vec<Violation>) {
    for (event, expected) in history.events.iter().zip(1..) {
        if event.position != expected {
            broken(violations, "positions have no gap", format!("{} stands where {expected} should", event.position));
            break;
        }
    }
    let mut last: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for event in &history.events {
        let last = last.entry((&event.aggregate_type, &event.aggregate_id)).or_default();
        if event.sequence != *last + 1 {
            let found = format!("{} has {} after {last}", event.aggregate_id, event.sequence);
            broken(violations, "sequences have no gap", found);
        }
        *last = event.sequence;
    }
}

fn told_is_true(history: &History, violations: &mut Vec<Violation>) {
    let jobs = history.streams("job");
    for Told { errand, job_id, had_result } in &history.told {
        let Some(end) = jobs.get(job_id.as_str()).map(|events| events.iter().find(|event| event.ends_job())) else {
            broken(violations, "a job that was answered is in the log", format!("errand {errand}: {job_id}"));
            continue;
        };
        let end = end.map_or("none", |event| event.event_type.as_str());
        if *had_result && end != "JobSucceeded" {
            let found = format!("errand {errand}: {job_id} ended with {end}");
            broken(violations, "a result that was given is settled", found);
        }
        let status = match end {
            "JobSucceeded" => "succeeded",
            "JobFailed" => "failed",
            "JobCanceled" => "canceled",
            "JobExpired" => "expired",
            _ => continue,
        };
        if let Some(shown) = history.shown.get(job_id).filter(|shown| *shown != status) {
            broken(violations, "the API shows what the log says", format!("{job_id} is {status}, shown as {shown}"));
        }
    }
}

/// An errand that was sent twice with one key is one job.
fn one_job_a_key(history: &History, violations: &mut Vec<Violation>) {
    let mut jobs: BTreeMap<usize, &str> = BTreeMap::new();
    for Told { errand, job_id, .. } in &history.told {
        let first = jobs.entry(*errand).or_insert(job_id);
        if *first != job_id {
            broken(violations, "a key is one job", format!("errand {errand}: {first} and {job_id}"));
        }
    }
}
