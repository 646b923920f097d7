//! Every job ends once, every hold ends once, both in one unit; and the account is the sum of its events.

use std::collections::BTreeMap;

use super::{Violation, broken};
use crate::faults::history::{History, LogEvent};

pub(super) fn judge(history: &History, violations: &mut Vec<Violation>) {
    let holds = holds(history);
    for (job_id, events) in history.streams("job") {
        one_end(job_id, &events, violations);
        match holds.get(job_id) {
            Some(hold) => hold_ends_with_job(job_id, &events, hold, violations),
            None => broken(violations, "every job has a hold", job_id),
        }
    }
    for (account_id, events) in history.streams("account") {
        account(history, account_id, &events, violations);
    }
}

/// The account's events about one job.
#[derive(Default)]
struct Hold<'a> {
    taken: Vec<&'a LogEvent>,
    ended: Vec<&'a LogEvent>,
    overruns: Vec<&'a LogEvent>,
}

fn holds(history: &History) -> BTreeMap<&str, Hold<'_>> {
    let mut holds: BTreeMap<&str, Hold<'_>> = BTreeMap::new();
    for event in history.events.iter().filter(|event| event.aggregate_type == "account") {
        let hold = || event.text("/job_id");
        match event.event_type.as_str() {
            "CreditsHeld" => holds.entry(hold()).or_default().taken.push(event),
            "HoldSettled" | "HoldReleased" => holds.entry(hold()).or_default().ended.push(event),
            "OverrunSettled" => holds.entry(hold()).or_default().overruns.push(event),
            _ => {}
        }
    }
    holds
}

fn one_end(job_id: &str, events: &[&LogEvent], violations: &mut Vec<Violation>) {
    let ends: Vec<&str> =
        events.iter().filter(|event| event.ends_job()).map(|event| event.event_type.as_str()).collect();
    if ends.len() != 1 {
        broken(violations, "every job ends exactly once", format!("{job_id} has the ends {ends:?}"));
    }
    let after = events.iter().skip_while(|event| !event.ends_job()).skip(1);
    for event in after.filter(|event| !event.ends_job() && event.event_type != "JobRefunded") {
        broken(violations, "nothing happens to a job after its end", format!("{job_id}: {}", event.event_type));
    }
}

fn hold_ends_with_job(job_id: &str, events: &[&LogEvent], hold: &Hold<'_>, violations: &mut Vec<Violation>) {
    let (&[taken], &[ended]) = (hold.taken.as_slice(), hold.ended.as_slice()) else {
        let found = format!("{job_id} has {} holds and {} ends of them", hold.taken.len(), hold.ended.len());
        return broken(violations, "every hold ends exactly once", found);
    };
    let settled = ended.event_type == "HoldSettled";
    let freed = ended.amount(if settled { "held" } else { "amount" });
    if freed != taken.amount("amount") || ended.amount("charged") > freed {
        broken(violations, "a hold ends with what it took", format!("{job_id}: {} after {}", ended.body, taken.body));
    }
    let Some(end) = events.iter().find(|event| event.ends_job()) else { return };
    if end.unit_id != ended.unit_id {
        broken(violations, "a job and its hold end in one unit", format!("{job_id} at {}", end.position));
    }
    let overrun: i64 = hold.overruns.iter().map(|event| event.amount("taken") + event.amount("absorbed")).sum();
    if end.amount("cost") != ended.amount("charged") + overrun {
        let found = format!("{job_id} cost {} by its end and {} by the account", end.body["cost"], ended.body);
        broken(violations, "a job costs what the account was charged", found);
    }
}

/// Recharges minus charges plus refunds, recomputed from the raw events.
fn account(history: &History, account_id: &str, events: &[&LogEvent], violations: &mut Vec<Violation>) {
    let (mut posted, mut held, mut limit) = (0, 0, 0);
    for event in events {
        match event.event_type.as_str() {
            "CreditsRecharged" | "CreditsRefunded" | "BalanceAdjusted" => posted += event.amount("amount"),
            "CreditLimitSet" => limit = event.amount("limit"),
            "CreditsHeld" => held += event.amount("amount"),
            "HoldReleased" => held -= event.amount("amount"),
            "OverrunSettled" => posted -= event.amount("taken"),
            "HoldSettled" => {
                held -= event.amount("held");
                posted -= event.amount("charged");
            }
            _ => {}
        }
        if event.event_type == "CreditsHeld" && posted - held < -limit {
            let found = format!("{account_id} at {}: {} available", event.position, posted - held);
            broken(violations, "no hold takes available below zero", found);
        }
    }
    if held != 0 {
        broken(violations, "nothing is held at the end", format!("{account_id} holds {held} micro-credits"));
    }
    let Some(view) = history.account.as_ref().filter(|view| view.tenant_id == account_id) else { return };
    let (available, shown_held) = (view.available.micro(), view.held.micro());
    if available + shown_held != posted || shown_held != held {
        let found =
            format!("{account_id}: {available} + {shown_held} shown, {posted} by the events, of it {held} held");
        broken(violations, "available + held is recharges - charges", found);
    }
}
