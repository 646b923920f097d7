//! One step: reads some events, gathers the rows that they touch, folds, and writes rows and checkpoint.
//!
//! It runs inside the caller's transaction; whoever calls it holds the lock on moving the read models, or owns the schema.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::{
    account::AccountEvent,
    id::JobId,
    job::{JobEvent, Usage},
    stream::Event,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use store::{Recorded, log};

use super::account::{self, Metadata};
use crate::{
    generation::{checkpoint, move_checkpoint},
    published::published_row,
    rows::{AdjustmentRow, AttemptRow, BalanceRow, JobEventRow, JobRow, LedgerRow, UsageRow},
    table::{ReadError, select_by_keys, upsert},
};

type UsageKey = (NaiveDate, String, String, String);

/// The rows that a step touches.
#[derive(Default)]
struct Touched {
    balances: BTreeMap<String, BalanceRow>,
    adjustments: BTreeMap<(String, String), AdjustmentRow>,
    jobs: BTreeMap<String, Option<JobRow>>,
    attempts: BTreeMap<String, AttemptRow>,
    ledger: Vec<LedgerRow>,
    job_events: Vec<JobEventRow>,
    /// What the step adds; the rows themselves are read when it is known which they are.
    usage: BTreeMap<UsageKey, UsageRow>,
}

/// Moves a schema on by at most `limit` events, to `until` at most. Gives the position that it reached, and how many events were read.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    schema: &str,
    limit: i64,
    until: i64,
) -> Result<(i64, usize), ReadError> {
    let position = checkpoint(&mut *connection, schema).await?;
    let limit = limit.min(until - position);
    if limit <= 0 {
        return Ok((position, 0));
    }
    let events = log::read_after(&mut *connection, position, limit).await?;
    let Some(last) = events.last() else { return Ok((position, 0)) };
    let mut touched = Touched::gather(connection, schema, &events).await?;
    for recorded in &events {
        touched.fold(recorded)?;
    }
    touched.write(connection, schema).await?;
    move_checkpoint(connection, schema, last.position).await?;
    Ok((last.position, events.len()))
}

impl Touched {
    async fn gather(connection: &mut PgConnection, schema: &str, events: &[Recorded]) -> Result<Self, ReadError> {
        let (mut accounts, mut jobs, mut adjustments) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for recorded in events {
            match &recorded.event {
                Event::Account(event) => {
                    accounts.insert(&*recorded.aggregate_id);
                    jobs.extend(job_of(event).map(JobId::as_str));
                    adjustments.extend(adjustment_of(event).map(|adjustment| (&*recorded.aggregate_id, adjustment)));
                }
                Event::Job(_) => {
                    jobs.insert(&*recorded.aggregate_id);
                }
                _ => {}
            }
        }
        let keys: Vec<Value> = accounts.iter().map(|id| json!({"tenant_id": id})).collect();
        let balances: Vec<BalanceRow> = select_by_keys(&mut *connection, schema, &keys).await?;
        let keys: Vec<Value> = jobs.iter().map(|id| json!({"job_id": id})).collect();
        let jobs: Vec<JobRow> = select_by_keys(&mut *connection, schema, &keys).await?;
        let current = jobs.iter().filter_map(|job| job.attempt_id.as_ref());
        let keys: Vec<Value> = current.map(|id| json!({"attempt_id": id})).collect();
        let attempts: Vec<AttemptRow> = select_by_keys(&mut *connection, schema, &keys).await?;
        let keys = adjustments.iter().map(|(tenant, id)| json!({"tenant_id": tenant, "adjustment_id": id}));
        let adjustments: Vec<AdjustmentRow> =
            select_by_keys(&mut *connection, schema, &keys.collect::<Vec<_>>()).await?;
        Ok(Self {
            balances: balances.into_iter().map(|row| (row.tenant_id.clone(), row)).collect(),
            adjustments: adjustments
                .into_iter()
                .map(|row| ((row.tenant_id.clone(), row.adjustment_id.clone()), row))
                .collect(),
            jobs: jobs.into_iter().map(|row| (row.job_id.clone(), Some(row))).collect(),
            attempts: attempts.into_iter().map(|row| (row.attempt_id.clone(), row)).collect(),
            ..Self::default()
        })
    }

    fn fold(&mut self, recorded: &Recorded) -> Result<(), ReadError> {
        match &recorded.event {
            Event::Account(event) => self.fold_account(recorded, event)?,
            Event::Job(event) => self.fold_job(recorded, event),
            _ => {}
        }
        Ok(())
    }

    fn fold_account(&mut self, recorded: &Recorded, event: &AccountEvent) -> Result<(), ReadError> {
        let metadata: Metadata = serde_json::from_str(&recorded.metadata)?;
        self.fold_adjustment(recorded, event);
        let key = |id: &str| (recorded.aggregate_id.to_string(), id.to_owned());
        let adjustment = adjustment_of(event).and_then(|id| self.adjustments.get(&key(id)));
        let balance = self.balances.entry(recorded.aggregate_id.to_string()).or_default();
        let mut lines = account::fold(balance, recorded, event, &metadata, adjustment);
        match event {
            AccountEvent::HoldSettled { charged, api_key_id, model, .. } => {
                let api_key_id = api_key_id.as_ref().map(ToString::to_string);
                self.used(recorded, model, api_key_id).charged += charged.micro();
            }
            AccountEvent::OverrunSettled { job_id, taken, api_key_id, model, .. } => {
                let api_key_id = api_key_id.as_ref().map(ToString::to_string);
                self.used(recorded, model, api_key_id).charged += taken.micro();
                if let Some(Some(job)) = self.jobs.get_mut(job_id.as_str()) {
                    job.charged += taken.micro();
                }
            }
            AccountEvent::CreditsRefunded { job_id, amount, model, .. } => {
                let job = self.jobs.get(job_id.as_str()).and_then(Option::as_ref);
                let api_key_id = job.and_then(|job| job.api_key_id.clone());
                lines.iter_mut().for_each(|line| line.api_key_id.clone_from(&api_key_id));
                self.used(recorded, model, api_key_id).refunded += amount.micro();
            }
            _ => {}
        }
        self.ledger.extend(lines);
        Ok(())
    }

    fn fold_adjustment(&mut self, recorded: &Recorded, event: &AccountEvent) {
        let Some(id) = adjustment_of(event) else { return };
        let key = (recorded.aggregate_id.to_string(), id.to_owned());
        if let AccountEvent::AdjustmentRequested { adjustment_id, amount, reason, by } = event {
            let requested = AdjustmentRow {
                tenant_id: recorded.aggregate_id.to_string(),
                adjustment_id: adjustment_id.clone(),
                amount: amount.micro(),
                reason: reason.clone(),
                status: "requested".to_owned(),
                requested_by: by.to_string(),
                decided_by: None,
                requested_at: recorded.recorded_at,
                decided_at: None,
            };
            self.adjustments.insert(key, requested);
            return;
        }
        let (status, by) = match event {
            AccountEvent::AdjustmentApproved { by, .. } => ("approved", by),
            AccountEvent::AdjustmentRejected { by, .. } => ("rejected", by),
            _ => return,
        };
        if let Some(row) = self.adjustments.get_mut(&key) {
            row.status = status.to_owned();
            row.decided_by = Some(by.to_string());
            row.decided_at = Some(recorded.recorded_at);
        }
    }

    fn fold_job(&mut self, recorded: &Recorded, event: &JobEvent) {
        let at = recorded.recorded_at;
        let row = self.jobs.entry(recorded.aggregate_id.to_string()).or_default();
        let current = row.as_ref().and_then(|row| row.attempt_id.clone());
        JobRow::fold(row, recorded, event);
        self.job_events.extend(published_row(recorded));
        let Some(row) = row.clone() else { return };
        if let JobEvent::AttemptStarted { number, attempt } = event {
            let started = AttemptRow::started(&row, *number, attempt, at);
            self.attempts.insert(started.attempt_id.clone(), started);
        } else if let Some(attempt) = current.and_then(|id| self.attempts.get_mut(&id)) {
            attempt.step(event, at);
        }
        self.count(recorded, event, &row);
    }

    fn count(&mut self, recorded: &Recorded, event: &JobEvent, row: &JobRow) {
        let day = recorded.recorded_at.date_naive();
        let key = (day, row.tenant_id.clone(), row.model.clone(), row.api_key_id.clone().unwrap_or_default());
        match event {
            JobEvent::JobSubmitted(_) => self.usage_of(key).jobs += 1,
            JobEvent::JobSucceeded { usage, .. } => {
                let used = self.usage_of(key);
                used.succeeded += 1;
                add(&mut used.quantities, usage);
            }
            JobEvent::JobCanceled { usage, .. } => add(&mut self.usage_of(key).quantities, usage),
            JobEvent::JobFailed { .. } | JobEvent::JobExpired {} => self.usage_of(key).failed += 1,
            _ => {}
        }
    }

    fn used(&mut self, recorded: &Recorded, model: &str, api_key_id: Option<String>) -> &mut UsageRow {
        let day = recorded.recorded_at.date_naive();
        self.usage_of((day, recorded.aggregate_id.to_string(), model.to_owned(), api_key_id.unwrap_or_default()))
    }

    fn usage_of(&mut self, key: UsageKey) -> &mut UsageRow {
        let (day, tenant_id, model, api_key_id) = key.clone();
        let (jobs, succeeded, failed, charged, refunded, quantities) = (0, 0, 0, 0, 0, Usage::new());
        self.usage.entry(key).or_insert(UsageRow {
            day,
            tenant_id,
            model,
            api_key_id,
            jobs,
            succeeded,
            failed,
            charged,
            refunded,
            quantities,
        })
    }

    async fn write(mut self, connection: &mut PgConnection, schema: &str) -> Result<(), ReadError> {
        self.add_earlier_usage(connection, schema).await?;
        upsert(connection, schema, self.balances.values()).await?;
        upsert(connection, schema, &self.ledger).await?;
        upsert(connection, schema, self.adjustments.values()).await?;
        upsert(connection, schema, self.jobs.values().flatten()).await?;
        upsert(connection, schema, &self.job_events).await?;
        upsert(connection, schema, self.usage.values()).await?;
        upsert(connection, schema, self.attempts.values()).await
    }

    async fn add_earlier_usage(&mut self, connection: &mut PgConnection, schema: &str) -> Result<(), ReadError> {
        let keys = self.usage.keys().map(|(day, tenant_id, model, api_key_id)| {
            json!({"day": day, "tenant_id": tenant_id, "model": model, "api_key_id": api_key_id})
        });
        let earlier: Vec<UsageRow> = select_by_keys(connection, schema, &keys.collect::<Vec<_>>()).await?;
        for row in earlier {
            let key = (row.day, row.tenant_id.clone(), row.model.clone(), row.api_key_id.clone());
            let sum = self.usage_of(key);
            sum.jobs += row.jobs;
            sum.succeeded += row.succeeded;
            sum.failed += row.failed;
            sum.charged += row.charged;
            sum.refunded += row.refunded;
            add(&mut sum.quantities, &row.quantities);
        }
        Ok(())
    }
}

fn add(sum: &mut Usage, usage: &Usage) {
    for (meter, quantity) in usage.iter() {
        let before = sum.get(meter).unwrap_or_default();
        *sum = std::mem::take(sum).with(meter, before.saturating_add(quantity));
    }
}

const fn job_of(event: &AccountEvent) -> Option<&JobId> {
    match event {
        AccountEvent::CreditsHeld { job_id, .. }
        | AccountEvent::HoldSettled { job_id, .. }
        | AccountEvent::OverrunSettled { job_id, .. }
        | AccountEvent::HoldReleased { job_id, .. }
        | AccountEvent::CreditsRefunded { job_id, .. } => Some(job_id),
        _ => None,
    }
}

fn adjustment_of(event: &AccountEvent) -> Option<&str> {
    match event {
        AccountEvent::AdjustmentRequested { adjustment_id, .. }
        | AccountEvent::AdjustmentApproved { adjustment_id, .. }
        | AccountEvent::AdjustmentRejected { adjustment_id, .. }
        | AccountEvent::BalanceAdjusted { adjustment_id, .. } => Some(adjustment_id),
        _ => None,
    }
}
