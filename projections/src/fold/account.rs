//! The fold of an account's events into its balance and the lines of its statement.

use domain::account::{AccountEvent, ReleaseReason};
use serde::Deserialize;
use store::Recorded;

use crate::rows::{AdjustmentRow, BalanceRow, LedgerRow, LedgerType};

/// What the metadata of an event says.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) actor: String,
    pub(crate) occurred_at: chrono::DateTime<chrono::Utc>,
    pub(crate) request_id: String,
    pub(crate) unit_id: String,
}

/// A line before it meets the balance.
struct Line<'a> {
    entry_type: LedgerType,
    amount: i64,
    posted_change: i64,
    held_change: i64,
    job_id: Option<&'a str>,
    api_key_id: Option<&'a str>,
    model: Option<&'a str>,
    reference: Option<&'a str>,
    note: Option<String>,
}

impl Line<'_> {
    const fn of(entry_type: LedgerType, amount: i64, posted_change: i64, held_change: i64) -> Self {
        let (job_id, api_key_id, model, reference, note) = (None, None, None, None, None);
        Self { entry_type, amount, posted_change, held_change, job_id, api_key_id, model, reference, note }
    }
}

/// Moves a balance on by one event, and gives the lines that the event adds to the statement.
pub(crate) fn fold(
    balance: &mut BalanceRow,
    recorded: &Recorded,
    event: &AccountEvent,
    metadata: &Metadata,
    adjustment: Option<&AdjustmentRow>,
) -> Vec<LedgerRow> {
    match event {
        AccountEvent::CreditLimitSet { limit } => balance.credit_limit = limit.micro(),
        AccountEvent::AccountFrozen { reason } => balance.frozen = Some(reason.clone()),
        AccountEvent::AccountUnfrozen {} => balance.frozen = None,
        _ => {}
    }
    balance.tenant_id = recorded.aggregate_id.to_string();
    balance.last_position = recorded.position;
    let lines = lines_of(event, adjustment);
    lines.into_iter().zip(0..).map(|(line, part)| balance.take(line, part, recorded, metadata)).collect()
}

impl BalanceRow {
    fn take(&mut self, line: Line<'_>, part: i64, recorded: &Recorded, metadata: &Metadata) -> LedgerRow {
        match line.entry_type {
            LedgerType::Recharge => self.recharged += line.posted_change,
            LedgerType::Consume => self.charged -= line.posted_change,
            LedgerType::Refund => self.refunded += line.posted_change,
            LedgerType::Adjustment => self.adjusted += line.posted_change,
            LedgerType::Hold | LedgerType::Release => {}
        }
        self.posted += line.posted_change;
        self.held += line.held_change;
        LedgerRow {
            entry_id: recorded.position * 2 + part,
            position: recorded.position,
            tenant_id: self.tenant_id.clone(),
            sequence: recorded.sequence,
            occurred_at: metadata.occurred_at,
            recorded_at: recorded.recorded_at,
            entry_type: line.entry_type,
            amount: line.amount,
            posted_change: line.posted_change,
            held_change: line.held_change,
            posted_after: self.posted,
            held_after: self.held,
            available_after: self.available(),
            job_id: line.job_id.map(str::to_owned),
            api_key_id: line.api_key_id.map(str::to_owned),
            model: line.model.map(str::to_owned),
            reference: line.reference.map(str::to_owned),
            note: line.note,
            unit_id: metadata.unit_id.clone(),
            request_id: metadata.request_id.clone(),
            actor: metadata.actor.clone(),
        }
    }
}

fn lines_of<'a>(event: &'a AccountEvent, adjustment: Option<&AdjustmentRow>) -> Vec<Line<'a>> {
    match event {
        AccountEvent::CreditsRecharged { amount, source, reference } => {
            let line = Line::of(LedgerType::Recharge, amount.micro(), amount.micro(), 0);
            vec![Line { reference: Some(reference), note: Some(source.clone()), ..line }]
        }
        AccountEvent::CreditsHeld { job_id, amount, api_key_id, model, .. } => {
            let line = Line::of(LedgerType::Hold, -amount.micro(), 0, amount.micro());
            let api_key_id = api_key_id.as_ref().map(|id| id.as_str());
            vec![Line { job_id: Some(job_id.as_str()), api_key_id, model: Some(model), ..line }]
        }
        AccountEvent::HoldSettled { job_id, held, charged, api_key_id, model } => {
            let (charged, rest) = (charged.micro(), (*held - *charged).micro());
            let (api_key_id, model) = (api_key_id.as_ref().map(|id| id.as_str()), Some(model.as_str()));
            let about = |line| Line { job_id: Some(job_id.as_str()), api_key_id, model, ..line };
            let mut lines = vec![about(Line::of(LedgerType::Consume, -charged, -charged, -charged))];
            if rest > 0 {
                lines.push(about(Line::of(LedgerType::Release, rest, 0, -rest)));
            }
            lines
        }
        AccountEvent::OverrunSettled { job_id, taken, absorbed, api_key_id, model, .. } => {
            let line = Line::of(LedgerType::Consume, -taken.micro(), -taken.micro(), 0);
            let api_key_id = api_key_id.as_ref().map(|id| id.as_str());
            let note = Some(format!("cost above the hold; the platform bore {absorbed}"));
            vec![Line { job_id: Some(job_id.as_str()), api_key_id, model: Some(model), note, ..line }]
        }
        AccountEvent::HoldReleased { job_id, amount, reason, api_key_id, model } => {
            let line = Line::of(LedgerType::Release, amount.micro(), 0, -amount.micro());
            let api_key_id = api_key_id.as_ref().map(|id| id.as_str());
            let note = Some(words_of(*reason).to_owned());
            vec![Line { job_id: Some(job_id.as_str()), api_key_id, model: Some(model), note, ..line }]
        }
        AccountEvent::CreditsRefunded { job_id, amount, model, reason } => {
            let line = Line::of(LedgerType::Refund, amount.micro(), amount.micro(), 0);
            vec![Line { job_id: Some(job_id.as_str()), model: Some(model), note: Some(reason.clone()), ..line }]
        }
        AccountEvent::BalanceAdjusted { adjustment_id, amount } => {
            let line = Line::of(LedgerType::Adjustment, amount.micro(), amount.micro(), 0);
            let note = adjustment.map(|adjustment| adjustment.reason.clone());
            vec![Line { reference: Some(adjustment_id), note, ..line }]
        }
        AccountEvent::AccountOpened {}
        | AccountEvent::AdjustmentRequested { .. }
        | AccountEvent::AdjustmentApproved { .. }
        | AccountEvent::AdjustmentRejected { .. }
        | AccountEvent::CreditLimitSet { .. }
        | AccountEvent::AccountFrozen { .. }
        | AccountEvent::AccountUnfrozen {} => vec![],
    }
}

const fn words_of(reason: ReleaseReason) -> &'static str {
    match reason {
        ReleaseReason::Failed => "failed",
        ReleaseReason::Canceled => "canceled",
        ReleaseReason::Expired => "expired",
        ReleaseReason::UnknownPastPolicy => "unknown_past_policy",
    }
}
