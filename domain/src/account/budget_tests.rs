//! Given, when, then: budgets of API keys and of the tenant, and how many jobs may be under way.

use chrono::NaiveDate;
use cqrs_es::{Aggregate, test::TestFramework};
use uuid::Uuid;

use super::{
    Account, AccountCommand, AccountError, AccountEvent, Allowance, Budget, BudgetPeriod, BudgetTerms, Limited,
    Overrun, ReleaseReason,
};
use crate::{
    Credits,
    id::{ApiKeyId, JobId},
};

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole)
}

fn job(number: u128) -> JobId {
    JobId::from_uuid(Uuid::from_u128(number))
}

fn key() -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(9))
}

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, number).expect("a day")
}

fn first_of_december() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day")
}

fn daily(limit: i64) -> Budget {
    Budget { day: Some(credits(limit)), ..Budget::default() }
}

fn monthly(limit: i64) -> Budget {
    Budget { month: Some(credits(limit)), ..Budget::default() }
}

fn in_all(limit: i64) -> Budget {
    Budget { total: Some(credits(limit)), ..Budget::default() }
}

fn of_key(day: NaiveDate, budget: Budget) -> Option<BudgetTerms> {
    Some(BudgetTerms { day, key: Some(budget), tenant: None })
}

fn of_tenant(day: NaiveDate, budget: Budget) -> Option<BudgetTerms> {
    Some(BudgetTerms { day, key: None, tenant: Some(budget) })
}

fn within(number: u128, amount: i64, allowance: Allowance) -> AccountCommand {
    let (job_id, api_key_id) = (job(number), Some(key()));
    AccountCommand::HoldCredits { job_id, amount: credits(amount), api_key_id, model: "m".into(), allowance }
}

fn hold(number: u128, amount: i64, budgets: Option<BudgetTerms>) -> AccountCommand {
    within(number, amount, Allowance { budgets, ..Allowance::default() })
}

fn held(number: u128, amount: i64, budgets: Option<BudgetTerms>) -> AccountEvent {
    let (job_id, api_key_id) = (job(number), Some(key()));
    AccountEvent::CreditsHeld { job_id, amount: credits(amount), api_key_id, model: "m".into(), budgets }
}

fn settle(number: u128, cost: i64) -> AccountCommand {
    AccountCommand::SettleHold { job_id: job(number), cost: credits(cost), overrun: Overrun::FromBalance }
}

fn settled(number: u128, held: i64, charged: i64) -> AccountEvent {
    let (job_id, api_key_id) = (job(number), Some(key()));
    AccountEvent::HoldSettled { job_id, held: credits(held), charged: credits(charged), api_key_id, model: "m".into() }
}

fn overrun(number: u128, taken: i64, absorbed: i64, budgets: Option<BudgetTerms>) -> AccountEvent {
    let (job_id, api_key_id, policy) = (job(number), Some(key()), Overrun::FromBalance);
    let (taken, absorbed) = (credits(taken), credits(absorbed));
    AccountEvent::OverrunSettled { job_id, taken, absorbed, policy, api_key_id, model: "m".into(), budgets }
}

fn released(number: u128, amount: i64) -> AccountEvent {
    let (job_id, api_key_id, reason) = (job(number), Some(key()), ReleaseReason::Failed);
    AccountEvent::HoldReleased { job_id, amount: credits(amount), reason, api_key_id, model: "m".into() }
}

/// An account with a hundred credits, and what happened to it since.
fn given(events: &[AccountEvent]) -> Vec<AccountEvent> {
    let recharged =
        AccountEvent::CreditsRecharged { amount: credits(100), source: "card".into(), reference: "r1".into() };
    [&[AccountEvent::AccountOpened {}, recharged], events].concat()
}

fn leads(history: &[AccountEvent], when: AccountCommand, then: &[AccountEvent]) {
    TestFramework::<Account>::with(()).given(given(history)).when(when).then_expect_events(then.to_vec());
}

/// The command leads to these events, and sent again to none.
fn once(history: &[AccountEvent], when: AccountCommand, then: &[AccountEvent]) {
    leads(history, when.clone(), then);
    leads(&[history, then].concat(), when, &[]);
}

fn refused(history: &[AccountEvent], when: AccountCommand, then: AccountError) {
    TestFramework::<Account>::with(()).given(given(history)).when(when).then_expect_error(then);
}

fn folded(history: &[AccountEvent]) -> Account {
    let mut account = Account::default();
    given(history).into_iter().for_each(|event| account.apply(event));
    account
}

/// The refusal by a key's budget.
fn exceeded(
    (period, limit): (BudgetPeriod, i64),
    (spent, held): (i64, i64),
    needed: i64,
    resets_on: Option<NaiveDate>,
) -> AccountError {
    let [limit, spent, held, needed] = [limit, spent, held, needed].map(credits);
    AccountError::BudgetExceeded { whose: Limited::ApiKey, period, limit, spent, held, needed, resets_on }
}

#[test]
fn a_budget_is_used_to_its_last_credit_and_no_further() {
    let terms = of_key(day(22), in_all(5));
    once(&[], hold(1, 5, terms), &[held(1, 5, terms)]);
    let history = [held(1, 3, terms), settled(1, 3, 2), held(2, 2, terms)];
    once(&history, hold(3, 1, terms), &[held(3, 1, terms)]);
    let error = exceeded((BudgetPeriod::Total, 5), (2, 2), 2, None);
    let words = "2 credits are needed, and of the API key's budget of 5 credits in all 2 are spent and 2 held";
    assert_eq!(error.to_string(), words);
    refused(&history, hold(3, 2, terms), error);
}

#[test]
fn a_release_gives_the_budget_back_and_a_settlement_what_was_not_used() {
    let terms = of_key(day(22), in_all(5));
    leads(&[held(1, 5, terms), released(1, 5)], hold(2, 5, terms), &[held(2, 5, terms)]);
    leads(&[held(1, 5, terms), settled(1, 5, 1)], hold(2, 4, terms), &[held(2, 4, terms)]);
    refused(
        &[held(1, 5, terms), settled(1, 5, 1)],
        hold(2, 5, terms),
        exceeded((BudgetPeriod::Total, 5), (1, 0), 5, None),
    );
}

#[test]
fn a_day_and_a_month_begin_anew() {
    let history = [held(1, 5, of_key(day(22), daily(5))), settled(1, 5, 5)];
    let error = exceeded((BudgetPeriod::Day, 5), (5, 0), 1, Some(day(23)));
    refused(&history, hold(2, 1, of_key(day(22), daily(5))), error);
    let next_day = of_key(day(23), daily(5));
    leads(&history, hold(2, 5, next_day), &[held(2, 5, next_day)]);
    let error = exceeded((BudgetPeriod::Month, 5), (5, 0), 1, Some(first_of_december()));
    refused(&history, hold(2, 1, of_key(day(30), monthly(5))), error);
    let next_month = of_key(first_of_december(), monthly(5));
    leads(&history, hold(2, 5, next_month), &[held(2, 5, next_month)]);
}

#[test]
fn a_hold_counts_in_its_own_day_whenever_it_ends() {
    let (first, second) = (of_key(day(22), daily(5)), of_key(day(23), daily(5)));
    let history = [held(1, 5, first), held(2, 1, second), settled(1, 5, 5)];
    leads(&history, hold(3, 4, second), &[held(3, 4, second)]);
    let account = folded(&history);
    let spending = account.spending_of(&key()).expect("it held under a budget");
    let (daily, monthly) = (spending.tally(BudgetPeriod::Day, day(23)), spending.tally(BudgetPeriod::Month, day(23)));
    assert_eq!(daily.map(|tally| (tally.spent, tally.held)), Some((Credits::ZERO, credits(1))));
    assert_eq!(monthly.map(|tally| (tally.spent, tally.held)), Some((credits(5), credits(1))));
    assert_eq!(spending.tally(BudgetPeriod::Day, day(22)), None, "a day that is over is forgotten");
}

/// Two processes need not agree on the second in which a day begins.
#[test]
fn a_day_that_is_over_does_not_come_back() {
    let (earlier, later) = (of_key(day(22), daily(5)), of_key(day(23), daily(5)));
    let history = [held(1, 3, later)];
    leads(&history, hold(2, 2, earlier), &[held(2, 2, later)]);
    let error = exceeded((BudgetPeriod::Day, 5), (0, 3), 3, Some(day(24)));
    refused(&history, hold(2, 3, earlier), error);
}

#[test]
fn a_tenants_budget_counts_all_of_its_keys_and_people() {
    let terms = of_tenant(day(22), monthly(5));
    let by_a_person = AccountCommand::HoldCredits {
        job_id: job(1),
        amount: credits(3),
        api_key_id: None,
        model: "m".into(),
        allowance: Allowance { budgets: terms, ..Allowance::default() },
    };
    let then = AccountEvent::CreditsHeld {
        job_id: job(1),
        amount: credits(3),
        api_key_id: None,
        model: "m".into(),
        budgets: terms,
    };
    once(&[], by_a_person, std::slice::from_ref(&then));
    let error = AccountError::BudgetExceeded {
        whose: Limited::Tenant,
        period: BudgetPeriod::Month,
        limit: credits(5),
        spent: Credits::ZERO,
        held: credits(3),
        needed: credits(3),
        resets_on: Some(first_of_december()),
    };
    refused(&[then], hold(2, 3, terms), error);
}

#[test]
fn the_budget_of_the_key_and_of_the_tenant_both_bind() {
    let both = |key, tenant| Some(BudgetTerms { day: day(22), key: Some(daily(key)), tenant: Some(daily(tenant)) });
    leads(&[], hold(1, 3, both(3, 4)), &[held(1, 3, both(3, 4))]);
    refused(&[], hold(1, 4, both(3, 4)), exceeded((BudgetPeriod::Day, 3), (0, 0), 4, Some(day(23))));
    let history = [held(1, 3, both(3, 4))];
    let whose = AccountError::BudgetExceeded {
        whose: Limited::Tenant,
        period: BudgetPeriod::Day,
        limit: credits(4),
        spent: Credits::ZERO,
        held: credits(3),
        needed: credits(2),
        resets_on: Some(day(23)),
    };
    refused(&history, hold(2, 2, both(9, 4)), whose);
}

#[test]
fn what_is_not_limited_is_not_counted() {
    for terms in [None, of_key(day(22), Budget::default()), of_tenant(day(22), Budget::default())] {
        leads(&[], hold(1, 50, terms), &[held(1, 50, None)]);
    }
    let account = folded(&[held(1, 50, None), settled(1, 50, 50)]);
    assert_eq!((account.spending_of(&key()), account.spending()), (None, None));
}

#[test]
fn a_key_budget_says_nothing_of_a_person() {
    let by_a_person = AccountCommand::HoldCredits {
        job_id: job(1),
        amount: credits(3),
        api_key_id: None,
        model: "m".into(),
        allowance: Allowance { budgets: of_key(day(22), in_all(1)), key_jobs: Some(0), tenant_jobs: None },
    };
    let then = AccountEvent::CreditsHeld {
        job_id: job(1),
        amount: credits(3),
        api_key_id: None,
        model: "m".into(),
        budgets: None,
    };
    once(&[], by_a_person, &[then]);
}

#[test]
fn a_budget_that_was_lowered_below_what_is_spent_takes_nothing_more() {
    let history = [held(1, 5, of_key(day(22), in_all(9))), settled(1, 5, 5)];
    let lowered = of_key(day(22), in_all(2));
    refused(&history, hold(2, 0, lowered), exceeded((BudgetPeriod::Total, 2), (5, 0), 0, None));
    let raised = of_key(day(22), in_all(6));
    leads(&history, hold(2, 1, raised), &[held(2, 1, raised)]);
}

#[test]
fn an_absurd_budget_is_refused() {
    for limit in [Credits::from_micro(-1), Credits::from_micro(i64::MAX)] {
        let terms = of_key(day(22), Budget { total: Some(limit), ..Budget::default() });
        refused(&[], hold(1, 1, terms), AccountError::InvalidAmount { amount: credits(1) });
    }
}

#[test]
fn a_cost_above_its_hold_is_taken_as_far_as_the_budget_goes() {
    let terms = of_key(day(22), in_all(5));
    let history = [held(1, 3, terms), held(2, 1, terms)];
    leads(&history, settle(1, 9), &[settled(1, 3, 3), overrun(1, 1, 5, terms)]);
    let after = [&history[..], &[settled(1, 3, 3), overrun(1, 1, 5, terms)]].concat();
    refused(&after, hold(3, 1, terms), exceeded((BudgetPeriod::Total, 5), (4, 1), 1, None));
    leads(&after, settle(2, 1), &[settled(2, 1, 1)]);
}

/// What had been spent in a day that is over is forgotten, so that none can tell what its budget would have left.
#[test]
fn a_cost_above_a_hold_of_a_day_that_is_over_is_the_platforms() {
    let (first, second) = (of_key(day(22), daily(5)), of_key(day(23), daily(5)));
    let history = [held(1, 3, first), held(2, 1, second)];
    leads(&history, settle(1, 4), &[settled(1, 3, 3), overrun(1, 0, 1, first)]);
}

#[test]
fn a_hold_is_not_counted_twice_when_it_is_sent_again_under_other_terms() {
    let terms = of_key(day(22), in_all(5));
    leads(&[held(1, 5, terms)], hold(1, 5, of_key(day(23), in_all(1))), &[]);
}

#[test]
fn as_many_jobs_as_allowed_are_under_way_at_once() {
    let at_most = |key_jobs, tenant_jobs| Allowance { budgets: None, key_jobs, tenant_jobs };
    let history = [held(1, 1, None), held(2, 1, None)];
    once(&history, within(3, 1, at_most(Some(3), Some(3))), &[held(3, 1, None)]);
    let refusal = |whose| AccountError::TooManyJobs { whose, limit: 2 };
    refused(&history, within(3, 1, at_most(Some(2), None)), refusal(Limited::ApiKey));
    refused(&history, within(3, 1, at_most(None, Some(2))), refusal(Limited::Tenant));
    leads(&[&history[..], &[settled(1, 1, 1)]].concat(), within(3, 1, at_most(Some(2), Some(2))), &[held(3, 1, None)]);
    leads(&[&history[..], &[released(1, 1)]].concat(), within(3, 1, at_most(Some(2), Some(2))), &[held(3, 1, None)]);
    let ended = folded(&[&history[..], &[released(1, 1), settled(2, 1, 1)]].concat());
    assert_eq!(ended.open_holds_of(&key()), 0);
}

/// Sums of a balance that is spent and paid again for years may exceed what an amount can hold.
#[test]
fn what_was_spent_is_counted_up_to_the_largest_amount_and_stays_there() {
    let most = crate::credits::MAX_AMOUNT;
    let terms = of_key(day(22), Budget { total: Some(most), ..Budget::default() });
    let mut account = folded(&[]);
    for number in 0..9_300 {
        let (job_id, api_key_id) = (job(number), Some(key()));
        let model = || "m".to_owned();
        account.apply(AccountEvent::CreditsRecharged { amount: most, source: "card".into(), reference: String::new() });
        account.apply(AccountEvent::CreditsHeld {
            job_id: job_id.clone(),
            amount: most,
            api_key_id: api_key_id.clone(),
            model: model(),
            budgets: terms,
        });
        account.apply(AccountEvent::HoldSettled { job_id, held: most, charged: most, api_key_id, model: model() });
    }
    let spending = account.spending_of(&key()).expect("it held under a budget");
    let spent = spending.tally(BudgetPeriod::Total, day(22)).map(|tally| tally.spent);
    assert_eq!(spent, Some(Credits::from_micro(i64::MAX)));
}
