//! Budgets, added up again from the log alone: each hold found room in the periods that it counts in, and no overrun
//! reached beyond them.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use domain::{
    Credits,
    account::{AccountEvent, Budget, BudgetPeriod, BudgetTerms},
    id::{ApiKeyId, JobId, TenantId},
};

use crate::world::World;

/// What the log says of one hold that counts against budgets.
struct Counted {
    terms: BudgetTerms,
    api_key_id: Option<ApiKeyId>,
    spent: Credits,
    held: Credits,
}

/// Checks what an event did against the budgets that stand in it.
pub fn check(world: &World, tenant_id: &TenantId, event: &AccountEvent) {
    let (terms, api_key_id, is_idle) = match event {
        AccountEvent::CreditsHeld { budgets: Some(terms), api_key_id, .. } => (terms, api_key_id, false),
        AccountEvent::OverrunSettled { budgets: Some(terms), api_key_id, taken, .. } => {
            (terms, api_key_id, *taken == Credits::ZERO)
        }
        _ => return,
    };
    let counted = counted(world, tenant_id);
    let of_key = |one: &&Counted| one.terms.key.is_some() && one.api_key_id == *api_key_id;
    let of_tenant = |one: &&Counted| one.terms.tenant.is_some();
    if let Some(budget) = &terms.key {
        let within = is_within(budget, terms.day, &counted.values().filter(of_key).collect::<Vec<_>>());
        assert!(within || is_idle, "beyond the budget of a key: {event:?}");
    }
    if let Some(budget) = &terms.tenant {
        let within = is_within(budget, terms.day, &counted.values().filter(of_tenant).collect::<Vec<_>>());
        assert!(within || is_idle, "beyond the budget of a tenant: {event:?}");
    }
}

fn is_within(budget: &Budget, day: NaiveDate, counted: &[&Counted]) -> bool {
    [BudgetPeriod::Day, BudgetPeriod::Month, BudgetPeriod::Total].into_iter().all(|period| {
        let in_period = counted.iter().filter(|one| same(period, one.terms.day, day));
        let used: i128 = in_period.map(|one| i128::from((one.spent).micro()) + i128::from(one.held.micro())).sum();
        budget.of(period).is_none_or(|limit| used <= i128::from(limit.micro()))
    })
}

fn same(period: BudgetPeriod, one: NaiveDate, other: NaiveDate) -> bool {
    match period {
        BudgetPeriod::Day => one == other,
        BudgetPeriod::Month => (one.year(), one.month()) == (other.year(), other.month()),
        BudgetPeriod::Total => true,
    }
}

fn counted(world: &World, tenant_id: &TenantId) -> BTreeMap<JobId, Counted> {
    let mut jobs = BTreeMap::new();
    for (_, event) in world.account_events().filter(|(id, _)| id == tenant_id) {
        match event.clone() {
            AccountEvent::CreditsHeld { job_id, amount, api_key_id, budgets: Some(terms), .. } => {
                jobs.insert(job_id, Counted { terms, api_key_id, spent: Credits::ZERO, held: amount });
            }
            AccountEvent::HoldSettled { job_id, charged, .. } => end(&mut jobs, &job_id, charged),
            AccountEvent::HoldReleased { job_id, .. } => end(&mut jobs, &job_id, Credits::ZERO),
            AccountEvent::OverrunSettled { job_id, taken, .. } => {
                if let Some(job) = jobs.get_mut(&job_id) {
                    job.spent += taken;
                }
            }
            _ => {}
        }
    }
    jobs
}

fn end(jobs: &mut BTreeMap<JobId, Counted>, job_id: &JobId, charged: Credits) {
    if let Some(job) = jobs.get_mut(job_id) {
        job.held = Credits::ZERO;
        job.spent += charged;
    }
}

/// The figures that the account keeps are those of the log, in the newest day that each has seen.
pub fn check_figures(world: &World, tenant_id: &TenantId) {
    let (account, counted) = (world.account(tenant_id), counted(world, tenant_id));
    let of_tenant: Vec<_> = counted.values().filter(|one| one.terms.tenant.is_some()).collect();
    assert_eq!(account.spending().is_some(), !of_tenant.is_empty());
    if let Some(spending) = account.spending() {
        agree(spending, &of_tenant);
    }
    for key in counted.values().filter_map(|one| one.api_key_id.as_ref()) {
        let of_key: Vec<_> =
            counted.values().filter(|one| one.terms.key.is_some() && one.api_key_id.as_ref() == Some(key)).collect();
        assert_eq!(account.spending_of(key).is_some(), !of_key.is_empty());
        if let Some(spending) = account.spending_of(key) {
            agree(spending, &of_key);
        }
    }
}

fn agree(spending: &domain::account::Spending, counted: &[&Counted]) {
    let day = spending.day();
    assert_eq!(counted.iter().map(|one| one.terms.day).max(), Some(day));
    for period in [BudgetPeriod::Day, BudgetPeriod::Month, BudgetPeriod::Total] {
        let of_period = || counted.iter().filter(|one| same(period, one.terms.day, day));
        let (spent, held) = (of_period().map(|one| one.spent).sum(), of_period().map(|one| one.held).sum());
        let tally = spending.tally(period, day).expect("the newest day is not forgotten");
        assert_eq!((tally.spent, tally.held), (spent, held), "{period:?} of {day}");
    }
}
