//! Given, when, then: the rules of an account, and every command sent twice.

use cqrs_es::{Aggregate, test::TestFramework};
use uuid::Uuid;

use super::{Account, AccountCommand, AccountError, AccountEvent, Allowance, Overrun, ReleaseReason};
use crate::{
    Credits,
    credits::MAX_AMOUNT,
    id::{ApiKeyId, JobId, UserId},
};

const MIN: Credits = Credits::from_micro(i64::MIN);
const MAX: Credits = Credits::from_micro(i64::MAX);

fn credits(whole: i64) -> Credits {
    Credits::from_whole(whole)
}

fn job(number: u128) -> JobId {
    JobId::from_uuid(Uuid::from_u128(number))
}

fn person(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn api_key() -> Option<ApiKeyId> {
    Some(ApiKeyId::from_uuid(Uuid::from_u128(9)))
}

fn model() -> String {
    "some-model".to_owned()
}

fn opened() -> AccountEvent {
    AccountEvent::AccountOpened {}
}

fn recharge(amount: Credits) -> AccountCommand {
    AccountCommand::RechargeCredits { amount, source: "card".into(), reference: "r1".into() }
}

fn recharged(amount: i64) -> AccountEvent {
    AccountEvent::CreditsRecharged { amount: credits(amount), source: "card".into(), reference: "r1".into() }
}

fn hold(number: u128, amount: Credits) -> AccountCommand {
    let allowance = Allowance::default();
    AccountCommand::HoldCredits { job_id: job(number), amount, api_key_id: api_key(), model: model(), allowance }
}

fn held(number: u128, amount: i64) -> AccountEvent {
    let amount = credits(amount);
    AccountEvent::CreditsHeld { job_id: job(number), amount, api_key_id: api_key(), model: model(), budgets: None }
}

fn settle(number: u128, cost: Credits, overrun: Overrun) -> AccountCommand {
    AccountCommand::SettleHold { job_id: job(number), cost, overrun }
}

fn settled(number: u128, held: i64, charged: i64) -> AccountEvent {
    let (held, charged) = (credits(held), credits(charged));
    AccountEvent::HoldSettled { job_id: job(number), held, charged, api_key_id: api_key(), model: model() }
}

fn overrun(number: u128, taken: i64, absorbed: i64, policy: Overrun) -> AccountEvent {
    let (taken, absorbed) = (credits(taken), credits(absorbed));
    let (job_id, api_key_id, budgets) = (job(number), api_key(), None);
    AccountEvent::OverrunSettled { job_id, taken, absorbed, policy, api_key_id, model: model(), budgets }
}

fn release(number: u128) -> AccountCommand {
    AccountCommand::ReleaseHold { job_id: job(number), reason: ReleaseReason::UnknownPastPolicy }
}

fn released(number: u128, amount: i64) -> AccountEvent {
    AccountEvent::HoldReleased {
        job_id: job(number),
        amount: credits(amount),
        reason: ReleaseReason::UnknownPastPolicy,
        api_key_id: api_key(),
        model: model(),
    }
}

fn refund(amount: Credits) -> AccountCommand {
    AccountCommand::RefundCredits { job_id: job(1), amount, model: model(), reason: "blurred".into() }
}

fn propose(amount: Credits) -> AccountCommand {
    let (adjustment_id, reason) = ("a1".to_owned(), "corrects r1".to_owned());
    AccountCommand::RequestAdjustment { adjustment_id, amount, reason, by: person(1) }
}

fn proposed(amount: i64) -> AccountEvent {
    let (adjustment_id, reason) = ("a1".to_owned(), "corrects r1".to_owned());
    AccountEvent::AdjustmentRequested { adjustment_id, amount: credits(amount), reason, by: person(1) }
}

fn approve(by: UserId) -> AccountCommand {
    AccountCommand::ApproveAdjustment { adjustment_id: "a1".into(), by }
}

fn approved() -> AccountEvent {
    AccountEvent::AdjustmentApproved { adjustment_id: "a1".into(), by: person(2) }
}

fn adjusted(amount: i64) -> AccountEvent {
    AccountEvent::BalanceAdjusted { adjustment_id: "a1".into(), amount: credits(amount) }
}

fn reject() -> AccountCommand {
    AccountCommand::RejectAdjustment { adjustment_id: "a1".into(), by: person(2) }
}

fn frozen() -> AccountEvent {
    AccountEvent::AccountFrozen { reason: "a chargeback".into() }
}

fn limit(amount: i64) -> AccountEvent {
    AccountEvent::CreditLimitSet { limit: credits(amount) }
}

fn framework() -> TestFramework<Account> {
    TestFramework::with(())
}

/// The command leads to these events.
fn leads(given: &[AccountEvent], when: AccountCommand, then: &[AccountEvent]) {
    framework().given(given.to_vec()).when(when).then_expect_events(then.to_vec());
}

/// The command leads to these events, and sent again to none.
fn once(given: &[AccountEvent], when: AccountCommand, then: &[AccountEvent]) {
    leads(given, when.clone(), then);
    framework().given(given.to_vec()).and(then.to_vec()).when(when).then_expect_events(vec![]);
}

/// The command leads to these events, and sent again is refused.
fn once_then(given: &[AccountEvent], when: AccountCommand, then: &[AccountEvent], again: AccountError) {
    leads(given, when.clone(), then);
    framework().given(given.to_vec()).and(then.to_vec()).when(when).then_expect_error(again);
}

fn refused(given: &[AccountEvent], when: AccountCommand, then: AccountError) {
    framework().given(given.to_vec()).when(when).then_expect_error(then);
}

fn folded(events: &[AccountEvent]) -> Account {
    let mut account = Account::default();
    events.iter().cloned().for_each(|event| account.apply(event));
    account
}

fn invalid(amount: Credits) -> AccountError {
    AccountError::InvalidAmount { amount }
}

fn no_hold(number: u128) -> AccountError {
    AccountError::NoOpenHold { job_id: job(number) }
}

fn not_waiting() -> AccountError {
    AccountError::NoSuchAdjustment { adjustment_id: "a1".into() }
}

#[test]
fn an_account_is_opened_once() {
    once(&[], AccountCommand::OpenAccount, &[opened()]);
}

#[test]
fn nothing_moves_before_the_account_is_open() {
    let commands = [
        recharge(credits(1)),
        hold(1, credits(1)),
        settle(1, credits(1), Overrun::Absorb),
        release(1),
        refund(credits(1)),
        propose(credits(1)),
        approve(person(2)),
        reject(),
        AccountCommand::SetCreditLimit { limit: credits(1) },
        AccountCommand::FreezeAccount { reason: String::new() },
        AccountCommand::UnfreezeAccount,
    ];
    commands.into_iter().for_each(|command| refused(&[], command, AccountError::NotOpen));
}

#[test]
fn a_recharge_adds_to_what_is_available() {
    leads(&[opened()], recharge(credits(10)), &[recharged(10)]);
    assert_eq!(folded(&[opened(), recharged(10)]).available(), credits(10));
}

#[test]
fn a_second_recharge_is_a_second_one_because_only_its_once_key_tells_a_replay() {
    leads(&[opened(), recharged(10)], recharge(credits(10)), &[recharged(10)]);
}

#[test]
fn a_recharge_of_nothing_or_of_an_absurd_amount_is_refused() {
    for amount in [Credits::ZERO, -credits(1), MIN, MAX, MAX_AMOUNT + Credits::from_micro(1)] {
        refused(&[opened()], recharge(amount), invalid(amount));
    }
}

#[test]
fn a_hold_sets_credits_aside_once() {
    let given = [opened(), recharged(10)];
    once(&given, hold(1, credits(10)), &[held(1, 10)]);
    let account = folded(&[opened(), recharged(10), held(1, 7)]);
    assert_eq!((account.posted(), account.held(), account.available()), (credits(10), credits(7), credits(3)));
}

#[test]
fn a_hold_that_exceeds_what_is_available_is_refused_and_says_how_much_is_merely_held() {
    let (needed, available, held_now) = (credits(5), credits(4), credits(6));
    let error = AccountError::InsufficientCredits { needed, available, held: held_now };
    assert_eq!(error.to_string(), "5 credits are needed and 4 are available (6 more are held by running jobs)");
    refused(&[opened(), recharged(10), held(1, 6)], hold(2, needed), error);
}

#[test]
fn a_hold_of_all_that_is_available_is_taken_to_the_last_micro_credit() {
    let given = [opened(), recharged(10), held(1, 6)];
    leads(&given, hold(2, credits(4)), &[held(2, 4)]);
    let needed = credits(4) + Credits::from_micro(1);
    let error = AccountError::InsufficientCredits { needed, available: credits(4), held: credits(6) };
    refused(&given, hold(2, needed), error);
}

#[test]
fn a_hold_of_nothing_is_a_hold_but_not_for_a_tenant_in_debt() {
    once(&[opened()], hold(1, Credits::ZERO), &[held(1, 0)]);
    let error =
        AccountError::InsufficientCredits { needed: Credits::ZERO, available: -credits(1), held: Credits::ZERO };
    refused(&[opened(), adjusted(-1)], hold(1, Credits::ZERO), error);
}

#[test]
fn a_hold_of_an_absurd_amount_is_refused() {
    for amount in [-credits(1), MIN, MAX] {
        refused(&[opened(), recharged(10)], hold(1, amount), invalid(amount));
    }
}

#[test]
fn a_job_has_one_hold_and_other_terms_do_not_replace_it() {
    let error = AccountError::HoldDiffers { job_id: job(1) };
    refused(&[opened(), recharged(10), held(1, 6)], hold(1, credits(2)), error);
}

#[test]
fn a_credit_limit_lets_holds_reach_below_zero_and_no_further() {
    let given = [opened(), recharged(1), limit(5)];
    leads(&given, hold(1, credits(6)), &[held(1, 6)]);
    let error = AccountError::InsufficientCredits { needed: credits(7), available: credits(6), held: Credits::ZERO };
    refused(&given, hold(1, credits(7)), error);
}

#[test]
fn a_credit_limit_is_set_once_and_is_an_amount() {
    once(&[opened()], AccountCommand::SetCreditLimit { limit: credits(5) }, &[limit(5)]);
    once(&[opened(), limit(5)], AccountCommand::SetCreditLimit { limit: Credits::ZERO }, &[limit(0)]);
    for amount in [-credits(1), MIN, MAX] {
        refused(&[opened()], AccountCommand::SetCreditLimit { limit: amount }, invalid(amount));
    }
}

#[test]
fn a_frozen_account_takes_no_new_hold_but_its_open_holds_end() {
    let given = [opened(), recharged(10), held(1, 6), frozen()];
    refused(&given, hold(2, credits(1)), AccountError::Frozen { reason: "a chargeback".into() });
    leads(&given, hold(1, credits(6)), &[]);
    leads(&given, settle(1, credits(6), Overrun::Absorb), &[settled(1, 6, 6)]);
    leads(&given, release(1), &[released(1, 6)]);
}

#[test]
fn freezing_and_unfreezing_happen_once() {
    once(&[opened()], AccountCommand::FreezeAccount { reason: "a chargeback".into() }, &[frozen()]);
    once(&[opened(), frozen()], AccountCommand::UnfreezeAccount, &[AccountEvent::AccountUnfrozen {}]);
    leads(&[opened(), recharged(1), frozen(), AccountEvent::AccountUnfrozen {}], hold(1, credits(1)), &[held(1, 1)]);
}

#[test]
fn settling_charges_what_was_used_and_gives_the_rest_back_once() {
    let given = [opened(), recharged(10), held(1, 6)];
    once_then(&given, settle(1, credits(4), Overrun::FromBalance), &[settled(1, 6, 4)], no_hold(1));
    let account = folded(&[opened(), recharged(10), held(1, 6), settled(1, 6, 4)]);
    assert_eq!((account.posted(), account.held()), (credits(6), Credits::ZERO));
    assert_eq!(account.open_holds().count(), 0);
}

#[test]
fn explicit_zero_charges_zero() {
    let given = [opened(), recharged(10), held(1, 6)];
    leads(&given, settle(1, Credits::ZERO, Overrun::FromBalance), &[settled(1, 6, 0)]);
}

#[test]
fn an_absurd_cost_or_debt_is_refused_when_it_settles_and_the_hold_stays_open() {
    let given = [opened(), recharged(10), held(1, 6)];
    for amount in [-credits(1), MIN, MAX] {
        refused(&given, settle(1, amount, Overrun::FromBalance), invalid(amount));
        refused(&given, settle(1, credits(7), Overrun::Debt { max: amount }), invalid(amount));
    }
}

#[test]
fn a_cost_above_its_hold_is_taken_from_what_is_available_and_the_rest_absorbed() {
    let given = [opened(), recharged(10), held(1, 6), held(2, 1)];
    let policy = Overrun::FromBalance;
    leads(&given, settle(1, credits(8), policy), &[settled(1, 6, 6), overrun(1, 2, 0, policy)]);
    leads(&given, settle(1, credits(20), policy), &[settled(1, 6, 6), overrun(1, 3, 11, policy)]);
}

#[test]
fn a_cost_above_its_hold_may_leave_a_bounded_debt() {
    let given = [opened(), recharged(10), held(1, 6), held(2, 1)];
    let policy = Overrun::Debt { max: credits(2) };
    leads(&given, settle(1, credits(20), policy), &[settled(1, 6, 6), overrun(1, 5, 9, policy)]);
    let after = [opened(), recharged(10), held(1, 6), held(2, 1), settled(1, 6, 6), overrun(1, 5, 9, policy)];
    assert_eq!(folded(&after).available(), -credits(2));
    leads(&after, settle(2, credits(3), policy), &[settled(2, 1, 1), overrun(2, 0, 2, policy)]);
}

#[test]
fn a_cost_above_its_hold_may_be_the_platforms() {
    let given = [opened(), recharged(10), held(1, 6)];
    let then = [settled(1, 6, 6), overrun(1, 0, 14, Overrun::Absorb)];
    once_then(&given, settle(1, credits(20), Overrun::Absorb), &then, no_hold(1));
}

#[test]
fn what_other_jobs_hold_pays_no_overrun() {
    let given = [opened(), recharged(10), held(1, 6), held(2, 4)];
    let policy = Overrun::FromBalance;
    leads(&given, settle(1, credits(7), policy), &[settled(1, 6, 6), overrun(1, 0, 1, policy)]);
}

#[test]
fn a_release_gives_the_whole_hold_back_once_and_says_why() {
    let given = [opened(), recharged(10), held(1, 6)];
    once_then(&given, release(1), &[released(1, 6)], no_hold(1));
    assert_eq!(folded(&[opened(), recharged(10), held(1, 6), released(1, 6)]).available(), credits(10));
}

#[test]
fn a_hold_that_ended_one_way_does_not_end_the_other() {
    let given = [opened(), recharged(10), held(1, 6)];
    let [settled, released] = [settled(1, 6, 4), released(1, 6)].map(|end| [given.as_slice(), &[end]].concat());
    refused(&settled, release(1), no_hold(1));
    refused(&released, settle(1, credits(4), Overrun::FromBalance), no_hold(1));
    refused(&given, release(2), no_hold(2));
}

#[test]
fn a_refund_adds_to_what_is_available_and_its_job_bounds_it() {
    let refunded =
        AccountEvent::CreditsRefunded { job_id: job(1), amount: credits(2), model: model(), reason: "blurred".into() };
    leads(&[opened()], refund(credits(2)), std::slice::from_ref(&refunded));
    leads(&[opened(), refunded.clone()], refund(credits(2)), &[refunded]);
    for amount in [Credits::ZERO, -credits(1), MIN, MAX] {
        refused(&[opened()], refund(amount), invalid(amount));
    }
}

#[test]
fn an_adjustment_takes_two_people() {
    once(&[opened()], propose(credits(-3)), &[proposed(-3)]);
    refused(&[opened(), proposed(-3)], approve(person(1)), AccountError::SamePerson);
    once_then(&[opened(), proposed(-3)], approve(person(2)), &[approved(), adjusted(-3)], not_waiting());
    assert_eq!(folded(&[opened(), proposed(-3)]).posted(), Credits::ZERO);
    assert_eq!(folded(&[opened(), proposed(-3), approved(), adjusted(-3)]).posted(), -credits(3));
}

#[test]
fn an_adjustment_that_was_turned_down_is_not_approved() {
    let rejected = AccountEvent::AdjustmentRejected { adjustment_id: "a1".into(), by: person(2) };
    once_then(&[opened(), proposed(3)], reject(), std::slice::from_ref(&rejected), not_waiting());
    refused(&[opened(), proposed(3), rejected], approve(person(2)), not_waiting());
    refused(&[opened()], approve(person(2)), not_waiting());
}

#[test]
fn an_adjustment_keeps_its_terms_while_it_waits() {
    refused(&[opened(), proposed(3)], propose(credits(4)), not_waiting());
}

#[test]
fn an_adjustment_of_nothing_or_of_an_absurd_amount_is_refused() {
    for amount in [Credits::ZERO, MIN, MAX, MAX_AMOUNT + Credits::from_micro(1), -MAX_AMOUNT - Credits::from_micro(1)] {
        refused(&[opened()], propose(amount), invalid(amount));
    }
}

/// More than the process can count is refused before it is added, however often the largest amount comes.
#[test]
fn the_balance_stays_within_what_can_be_summed() {
    let full = Credits::from_micro(i64::MAX / 4 / MAX_AMOUNT.micro() * MAX_AMOUNT.micro());
    let full = AccountEvent::BalanceAdjusted { adjustment_id: "a0".into(), amount: full };
    let waiting = AccountEvent::AdjustmentRequested {
        adjustment_id: "a1".into(),
        amount: MAX_AMOUNT,
        reason: String::new(),
        by: person(1),
    };
    let given = [opened(), full, waiting];
    refused(&given, recharge(MAX_AMOUNT), invalid(MAX_AMOUNT));
    refused(&given, refund(MAX_AMOUNT), invalid(MAX_AMOUNT));
    refused(&given, approve(person(2)), invalid(MAX_AMOUNT));
}
