//! What the provider saw against what the log says. The rule that costs real money when it breaks: no second paid call
//! for a job whose earlier attempt was not definitely refused.

use std::collections::BTreeMap;

use super::{Violation, broken};
use crate::{
    faults::history::{History, LogEvent},
    upstream::UpstreamCall,
};

/// The operations that a provider charges for.
const PAID: [&str; 4] = ["chat", "images", "video_create", "embeddings"];
/// From this status on, an answer is a refusal.
const REFUSAL: u16 = 400;

pub(super) fn judge(history: &History, violations: &mut Vec<Violation>) {
    let attempts = attempts(history);
    let mut by_attempt: BTreeMap<&str, Vec<&UpstreamCall>> = BTreeMap::new();
    let mut by_job: BTreeMap<&str, Vec<&UpstreamCall>> = BTreeMap::new();
    for call in history.calls.iter().filter(|call| PAID.contains(&call.op.as_str())) {
        let attempt_id = call.client_request_id.as_deref().unwrap_or_default();
        let Some(start) = attempts.get(attempt_id) else {
            broken(
                violations,
                "an attempt is recorded before its call",
                format!("call {} of {attempt_id:?}", call.seq),
            );
            continue;
        };
        if call.at.timestamp_millis() < start.recorded_at.timestamp_millis() {
            broken(
                violations,
                "an attempt is recorded before its call",
                format!("{attempt_id} of {}", start.aggregate_id),
            );
        }
        by_attempt.entry(attempt_id).or_default().push(call);
        by_job.entry(&start.aggregate_id).or_default().push(call);
    }
    for (attempt_id, calls) in by_attempt.iter().filter(|(_, calls)| calls.len() > 1) {
        broken(violations, "an attempt is one call", format!("{attempt_id}: {}", list(calls)));
    }
    for (job_id, calls) in &by_job {
        no_second_paid_call(job_id, calls, violations);
    }
    for (job_id, events) in history.streams("job") {
        let given_up = events.iter().any(|event| event.text("/code") == "outcome_unknown");
        let kept = |call: &&&UpstreamCall| call.op == "video_create" && call.accepted;
        if let (true, Some(call)) = (given_up, by_job.get(job_id).and_then(|calls| calls.iter().find(kept))) {
            broken(violations, "a task that the provider has is found", format!("{job_id}: {}", list(&[*call])));
        }
        failures_between_attempts(job_id, &events, violations);
    }
}

/// The start of every attempt, by its id.
fn attempts(history: &History) -> BTreeMap<&str, &LogEvent> {
    let starts = history.events.iter().filter(|event| event.event_type == "AttemptStarted");
    starts.map(|event| (event.text("/attempt/attempt_id"), event)).collect()
}

fn no_second_paid_call(job_id: &str, calls: &[&UpstreamCall], violations: &mut Vec<Violation>) {
    let earlier = calls.split_last().map_or(&[][..], |(_, earlier)| earlier);
    let refused = |call: &&UpstreamCall| {
        !call.accepted && call.outcome == "answered" && call.status.is_some_and(|status| status >= REFUSAL)
    };
    if !earlier.iter().all(refused) {
        let invariant = "no second paid call without a definite refusal of the first";
        broken(violations, invariant, format!("{job_id}: {}", list(calls)));
    }
}

/// Between two attempts of a job the log names the definite failure of the first.
fn failures_between_attempts(job_id: &str, events: &[&LogEvent], violations: &mut Vec<Violation>) {
    let mut open: Option<&str> = None;
    for event in events {
        match event.event_type.as_str() {
            "AttemptStarted" => {
                if let Some(earlier) = open {
                    let found = format!("{job_id}: a new attempt after {earlier}");
                    broken(violations, "an attempt follows a definite failure only", found);
                }
                open = Some(event.text("/attempt/attempt_id"));
            }
            "AttemptFailed" => open = None,
            _ => {}
        }
    }
}

fn list(calls: &[&UpstreamCall]) -> String {
    let each = calls.iter().map(|call| {
        let UpstreamCall { seq, op, client_request_id, status, outcome, accepted, .. } = call;
        let attempt = client_request_id.as_deref().unwrap_or_default();
        format!("call {seq} ({op}, {attempt}, {status:?}, {outcome}, accepted: {accepted})")
    });
    each.collect::<Vec<_>>().join(", ")
}
