//! The books while they are written: balances of every account, which accounts were opened, what was moved.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::DomainEvent as _;
use domain::{account::AccountEvent, id::TenantId, postings::postings};
use store::Recorded;

/// One side of an entry, with the balance after it.
pub(super) struct Side {
    pub(super) account: String,
    pub(super) amount: i128,
    pub(super) balance: i128,
}

/// An event as the books show it.
pub(super) struct Entry {
    pub(super) position: i64,
    pub(super) sequence: i64,
    pub(super) tenant_id: String,
    pub(super) event_type: String,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) job_id: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) sides: Vec<Side>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) events: u64,
    pub(super) postings: u64,
    pub(super) debits: i128,
    pub(super) credits: i128,
    pub(super) last_position: i64,
}

/// The books of one export.
#[derive(Default)]
pub(super) struct Book {
    balances: BTreeMap<String, i128>,
    /// The original names of what accounts are called after.
    names: BTreeMap<String, String>,
    declared: BTreeSet<String>,
    brought_forward: Option<DateTime<Utc>>,
    day: Option<NaiveDate>,
    touched: BTreeSet<String>,
    totals: Totals,
}

impl Book {
    /// Takes an event from before the range.
    pub(super) fn bring_forward(&mut self, tenant_id: &TenantId, event: &AccountEvent, recorded: &Recorded) {
        self.post(tenant_id, event);
        self.brought_forward = Some(recorded.recorded_at);
    }

    /// The entry of all that was brought forward, once. Its sides sum to zero, as each of its events did.
    pub(super) fn opening(&mut self) -> Option<Entry> {
        let recorded_at = self.brought_forward.take()?;
        let open = self.balances.iter().filter(|(_, balance)| **balance != 0);
        let side = |(account, balance): (&String, &i128)| Side {
            account: account.clone(),
            amount: *balance,
            balance: *balance,
        };
        let sides: Vec<_> = open.map(side).collect();
        self.day = Some(recorded_at.date_naive());
        self.touched.extend(sides.iter().map(|side| side.account.clone()));
        self.totals.postings += u64::try_from(sides.len()).unwrap_or(u64::MAX);
        self.sum(&sides);
        let (job_id, reference, event_type) = (None, None, "Opening".to_owned());
        Some(Entry {
            position: 0,
            sequence: 0,
            tenant_id: String::new(),
            event_type,
            recorded_at,
            job_id,
            reference,
            sides,
        })
    }

    /// Takes an event of the range.
    pub(super) fn enter(&mut self, tenant_id: &TenantId, event: &AccountEvent, recorded: &Recorded) -> Entry {
        let sides = self.post(tenant_id, event);
        self.touched.extend(sides.iter().map(|side| side.account.clone()));
        self.totals.events += 1;
        self.totals.postings += u64::try_from(sides.len()).unwrap_or(u64::MAX);
        self.totals.last_position = recorded.position;
        self.sum(&sides);
        let (job_id, reference) = about(event);
        Entry {
            position: recorded.position,
            sequence: recorded.sequence,
            tenant_id: tenant_id.to_string(),
            event_type: event.event_type(),
            recorded_at: recorded.recorded_at,
            job_id,
            reference,
            sides,
        }
    }

    /// Goes on to a day. Gives the day that is over by that, if one is.
    pub(super) fn turn_to(&mut self, day: NaiveDate) -> Option<NaiveDate> {
        let before = self.day.replace(day)?;
        (before != day).then_some(before)
    }

    /// The last day that was written on.
    pub(super) const fn close_day(&mut self) -> Option<NaiveDate> {
        self.day.take()
    }

    /// The balances of the accounts that moved since this was asked last.
    pub(super) fn take_touched(&mut self) -> Vec<(String, i128)> {
        let touched = std::mem::take(&mut self.touched);
        touched
            .into_iter()
            .map(|account| (self.balances.get(&account).copied().unwrap_or_default(), account))
            .map(|(balance, account)| (account, balance))
            .collect()
    }

    /// Whether an account stands in the books for the first time, and then what it is called after.
    pub(super) fn declare(&mut self, account: &str) -> Option<Option<String>> {
        self.declared.insert(account.to_owned()).then(|| self.names.get(account).cloned())
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    fn post(&mut self, tenant_id: &TenantId, event: &AccountEvent) -> Vec<Side> {
        let mut sides = Vec::new();
        for posting in postings(tenant_id, event) {
            if let Some(name) = original_name(&posting.account, tenant_id, event) {
                self.names.entry(posting.account.clone()).or_insert(name);
            }
            let amount = i128::from(posting.amount.micro());
            let balance = self.balances.entry(posting.account.clone()).or_default();
            *balance += amount;
            sides.push(Side { account: posting.account, amount, balance: *balance });
        }
        sides
    }

    fn sum(&mut self, sides: &[Side]) {
        self.totals.debits += sides.iter().map(|side| side.amount.max(0)).sum::<i128>();
        self.totals.credits += sides.iter().map(|side| side.amount.min(0)).sum::<i128>();
    }
}

/// An amount of micro-credits with all its six decimals.
pub(super) fn decimal(micro: i128) -> String {
    let (sign, magnitude) = (if micro < 0 { "-" } else { "" }, micro.unsigned_abs());
    format!("{sign}{}.{:06}", magnitude / 1_000_000, magnitude % 1_000_000)
}

fn original_name(account: &str, tenant_id: &TenantId, event: &AccountEvent) -> Option<String> {
    match (account.split(':').next()?, event) {
        ("Liabilities", _) => Some(tenant_id.to_string()),
        ("Assets", AccountEvent::CreditsRecharged { source, .. }) => Some(source.clone()),
        (
            "Income",
            AccountEvent::HoldSettled { model, .. }
            | AccountEvent::OverrunSettled { model, .. }
            | AccountEvent::CreditsRefunded { model, .. },
        ) => Some(model.clone()),
        _ => None,
    }
}

/// The job and the reference of an event.
fn about(event: &AccountEvent) -> (Option<String>, Option<String>) {
    match event {
        AccountEvent::CreditsRecharged { reference, .. } => (None, Some(reference.clone())),
        AccountEvent::CreditsHeld { job_id, .. }
        | AccountEvent::HoldSettled { job_id, .. }
        | AccountEvent::OverrunSettled { job_id, .. }
        | AccountEvent::HoldReleased { job_id, .. }
        | AccountEvent::CreditsRefunded { job_id, .. } => (Some(job_id.to_string()), None),
        AccountEvent::AdjustmentRequested { adjustment_id, .. }
        | AccountEvent::AdjustmentApproved { adjustment_id, .. }
        | AccountEvent::AdjustmentRejected { adjustment_id, .. }
        | AccountEvent::BalanceAdjusted { adjustment_id, .. } => (None, Some(adjustment_id.clone())),
        _ => (None, None),
    }
}
