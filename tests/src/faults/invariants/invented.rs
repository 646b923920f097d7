//! The judges on invented histories: a good one has nothing to find, and each way to break it is found.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::judge;
use crate::{
    api_client::AccountView,
    faults::{
        errand::Told,
        history::{History, LogEvent},
    },
    upstream::UpstreamCall,
};

const TENANT: &str = "ten_1";

/// One job that failed once, was tried again, and cost 3 of the 5 credits that were held.
fn good() -> History {
    let mut history = History::default();
    push(&mut history, ("account", TENANT), "CreditsRecharged", json!({ "amount": "100" }), "u0");
    push(&mut history, ("job", "job_1"), "JobSubmitted", json!({}), "u1");
    push(&mut history, ("account", TENANT), "CreditsHeld", json!({ "job_id": "job_1", "amount": "5" }), "u1");
    push(&mut history, ("job", "job_1"), "AttemptStarted", json!({ "attempt": { "attempt_id": "att_1" } }), "u2");
    push(&mut history, ("job", "job_1"), "AttemptFailed", json!({ "attempt_id": "att_1" }), "u3");
    push(&mut history, ("job", "job_1"), "AttemptStarted", json!({ "attempt": { "attempt_id": "att_2" } }), "u4");
    push(&mut history, ("job", "job_1"), "JobSucceeded", json!({ "cost": "3" }), "u5");
    let settled = json!({ "job_id": "job_1", "held": "5", "charged": "3" });
    push(&mut history, ("account", TENANT), "HoldSettled", settled, "u5");
    history.calls = vec![call(1, "att_1", false, 429), call(2, "att_2", true, 200)];
    history.told = vec![Told { errand: 0, job_id: "job_1".into(), had_result: true }];
    history.shown.insert("job_1".into(), "succeeded".into());
    let [available, held] = ["97", "0"].map(|text| text.parse().expect("an amount"));
    history.account = Some(AccountView { tenant_id: TENANT.into(), available, held });
    history
}

fn push(history: &mut History, (kind, id): (&str, &str), event_type: &str, body: Value, unit_id: &str) {
    let sequence = history.events.iter().filter(|event| event.aggregate_id == id).count() + 1;
    let position = i64::try_from(history.events.len()).expect("a few") + 1;
    history.events.push(LogEvent {
        position,
        aggregate_type: kind.into(),
        aggregate_id: id.into(),
        sequence: i64::try_from(sequence).expect("a few"),
        event_type: event_type.into(),
        body,
        unit_id: unit_id.into(),
        recorded_at: at(position),
    });
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn call(seq: u64, attempt_id: &str, accepted: bool, status: u16) -> UpstreamCall {
    UpstreamCall {
        seq,
        ended_at: None,
        key: String::new(),
        at: at(100),
        op: "images".into(),
        client_request_id: Some(attempt_id.into()),
        safety_identifier: None,
        accepted,
        status: Some(status),
        outcome: "answered".into(),
    }
}

/// The names of the invariants that a change of the good history breaks.
fn broken_by(change: impl FnOnce(&mut History)) -> Vec<&'static str> {
    let mut history = good();
    change(&mut history);
    judge(&history).into_iter().map(|violation| violation.invariant).collect()
}

#[test]
fn a_good_history_has_nothing_to_find() {
    assert_eq!(judge(&good()), vec![]);
}

#[test]
fn a_lost_event_is_found() {
    let broken = broken_by(|history| drop(history.events.remove(4)));
    assert!(broken.contains(&"positions have no gap"), "{broken:?}");
    assert!(broken.contains(&"sequences have no gap"), "{broken:?}");
    assert!(broken.contains(&"an attempt follows a definite failure only"), "{broken:?}");
}

#[test]
fn a_second_end_is_found() {
    let end = |history: &mut History| push(history, ("job", "job_1"), "JobFailed", json!({ "cost": "0" }), "u6");
    assert_eq!(broken_by(end), ["every job ends exactly once"]);
}

#[test]
fn a_hold_that_ends_twice_is_found() {
    let release = json!({ "job_id": "job_1", "amount": "5" });
    let broken = broken_by(|history| push(history, ("account", TENANT), "HoldReleased", release, "u6"));
    assert!(broken.contains(&"every hold ends exactly once"), "{broken:?}");
    assert!(broken.contains(&"nothing is held at the end"), "{broken:?}");
}

#[test]
fn a_hold_that_never_ends_is_found() {
    let broken = broken_by(|history| drop(history.events.pop()));
    assert!(broken.contains(&"every hold ends exactly once"), "{broken:?}");
    assert!(broken.contains(&"available + held is recharges - charges"), "{broken:?}");
}

#[test]
fn a_hold_above_what_is_available_is_found() {
    let broken = broken_by(|history| history.events[0].body = json!({ "amount": "4" }));
    assert!(broken.contains(&"no hold takes available below zero"), "{broken:?}");
}

#[test]
fn a_job_that_ends_without_its_hold_is_found() {
    assert_eq!(broken_by(|history| history.events[7].unit_id = "u6".into()), ["a job and its hold end in one unit"]);
}

#[test]
fn another_cost_than_the_charge_is_found() {
    let dearer = |history: &mut History| history.events[6].body = json!({ "cost": "4" });
    assert_eq!(broken_by(dearer), ["a job costs what the account was charged"]);
}

#[test]
fn an_account_that_shows_too_much_is_found() {
    let richer = |history: &mut History| {
        let account = history.account.as_mut().expect("it is shown");
        account.available = "98".parse().expect("an amount");
    };
    assert_eq!(broken_by(richer), ["available + held is recharges - charges"]);
}

#[test]
fn a_second_paid_call_is_found() {
    let second = "no second paid call without a definite refusal of the first";
    assert_eq!(broken_by(|history| history.calls[0].accepted = true), [second]);
    assert_eq!(broken_by(|history| history.calls[0].outcome = "lost".into()), [second]);
    assert_eq!(broken_by(|history| history.calls[0].status = Some(200)), [second]);
}

#[test]
fn a_call_made_twice_is_found() {
    let twice = |history: &mut History| history.calls.push(call(3, "att_2", false, 500));
    assert!(broken_by(twice).contains(&"an attempt is one call"));
}

#[test]
fn a_call_without_an_attempt_is_found() {
    let strange = |history: &mut History| history.calls.push(call(3, "att_9", true, 200));
    assert_eq!(broken_by(strange), ["an attempt is recorded before its call"]);
    let early = |history: &mut History| history.calls[0].at = at(1);
    assert_eq!(broken_by(early), ["an attempt is recorded before its call"]);
}

#[test]
fn what_clients_were_told_is_held_against_the_log() {
    let told = |errand, job_id: &str| Told { errand, job_id: job_id.into(), had_result: false };
    let lost = broken_by(|history| history.told.push(told(1, "job_9")));
    assert_eq!(lost, ["a job that was answered is in the log"]);
    let shown = |history: &mut History| drop(history.shown.insert("job_1".into(), "running".into()));
    assert_eq!(broken_by(shown), ["the API shows what the log says"]);
    let doubled = broken_by(|history| {
        history.told.push(told(1, "job_1"));
        history.told.push(told(1, "job_2"));
    });
    assert_eq!(doubled, ["a job that was answered is in the log", "a key is one job"]);
}

#[test]
fn what_is_left_is_told() {
    assert_eq!(broken_by(|history| history.left.push("a duty is left".into())), ["everything ends"]);
}
