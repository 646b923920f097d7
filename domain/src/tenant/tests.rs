//! Given, when, then: the rules of a tenant, and every command sent twice.

use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::{Credits, account::Budget};

fn person(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

fn key_id(number: u128) -> ApiKeyId {
    ApiKeyId::from_uuid(Uuid::from_u128(number))
}

fn key(number: u128) -> Box<ApiKey> {
    Box::new(ApiKey {
        api_key_id: key_id(number),
        name: "ci".into(),
        prefix: "zk_live_abcd".into(),
        sha256: "00".into(),
        scopes: vec![],
        models: vec![],
        budget: None,
        budget_per_day: None,
        budget_per_month: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrent_jobs: None,
        expires_at: None,
    })
}

fn change(number: u128, change: ApiKeyChange) -> TenantCommand {
    TenantCommand::ChangeApiKey { api_key_id: key_id(number), change: Box::new(change) }
}

fn created() -> TenantEvent {
    TenantEvent::TenantCreated { name: "Some Company".into() }
}

fn added(number: u128, role: Role) -> TenantEvent {
    TenantEvent::MemberAdded { user_id: person(number), role }
}

fn add(number: u128, role: Role) -> TenantCommand {
    TenantCommand::AddMember { user_id: person(number), role }
}

fn leads(given: &[TenantEvent], when: TenantCommand, then: &[TenantEvent]) {
    TestFramework::<Tenant>::with(()).given(given.to_vec()).when(when).then_expect_events(then.to_vec());
}

/// The command leads to this event, and sent again to none.
fn once(given: &[TenantEvent], when: TenantCommand, then: &TenantEvent) {
    leads(given, when.clone(), std::slice::from_ref(then));
    leads(&[given, std::slice::from_ref(then)].concat(), when, &[]);
}

fn refused(given: &[TenantEvent], when: TenantCommand, then: TenantError) {
    TestFramework::<Tenant>::with(()).given(given.to_vec()).when(when).then_expect_error(then);
}

#[test]
fn a_tenant_is_created_once_and_before_anything_else() {
    once(&[], TenantCommand::CreateTenant { name: "Some Company".into() }, &created());
    let commands = [
        add(1, Role::Owner),
        TenantCommand::ChangeRole { user_id: person(1), role: Role::Member },
        TenantCommand::RemoveMember { user_id: person(1) },
        TenantCommand::IssueApiKey(key(1)),
        TenantCommand::RevokeApiKey { api_key_id: key_id(1) },
        change(1, ApiKeyChange::default()),
        TenantCommand::ChangeLimits(TenantLimits::default()),
        TenantCommand::SuspendTenant { reason: String::new() },
        TenantCommand::ResumeTenant,
    ];
    commands.into_iter().for_each(|command| refused(&[], command, TenantError::Absent));
}

#[test]
fn members_come_change_and_go_once() {
    let given = [created(), added(1, Role::Owner)];
    once(&given, add(2, Role::Member), &added(2, Role::Member));
    let given = [created(), added(1, Role::Owner), added(2, Role::Member)];
    let promoted = TenantEvent::RoleChanged { user_id: person(2), role: Role::Owner };
    once(&given, TenantCommand::ChangeRole { user_id: person(2), role: Role::Owner }, &promoted);
    once(&given, add(2, Role::Owner), &promoted);
    let removed = TenantEvent::MemberRemoved { user_id: person(2) };
    once(&given, TenantCommand::RemoveMember { user_id: person(2) }, &removed);
    let stranger = TenantError::NotAMember { user_id: person(3) };
    refused(&given, TenantCommand::ChangeRole { user_id: person(3), role: Role::Owner }, stranger);
}

#[test]
fn a_tenant_keeps_an_owner() {
    let given = [created(), added(1, Role::Owner), added(2, Role::Member)];
    refused(&given, TenantCommand::RemoveMember { user_id: person(1) }, TenantError::LastOwner);
    let demote = TenantCommand::ChangeRole { user_id: person(1), role: Role::Member };
    refused(&given, demote, TenantError::LastOwner);
    refused(&given, add(1, Role::Member), TenantError::LastOwner);
}

#[test]
fn an_api_key_is_issued_once_and_its_id_stands_for_no_other() {
    once(&[created()], TenantCommand::IssueApiKey(key(1)), &TenantEvent::ApiKeyIssued(key(1)));
    let other = Box::new(ApiKey { sha256: "11".into(), ..*key(1) });
    let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
    refused(&given, TenantCommand::IssueApiKey(other), TenantError::NoSuchKey);
}

#[test]
fn a_revoked_api_key_stays_revoked_whatever_comes_late() {
    let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
    let revoke = TenantCommand::RevokeApiKey { api_key_id: key_id(1) };
    let revoked = TenantEvent::ApiKeyRevoked { api_key_id: key_id(1) };
    once(&given, revoke.clone(), &revoked);
    let given = [created(), TenantEvent::ApiKeyIssued(key(1)), revoked];
    refused(&given, TenantCommand::IssueApiKey(key(1)), TenantError::NoSuchKey);
    refused(&[created()], revoke, TenantError::NoSuchKey);
}

#[test]
fn live_api_keys_are_bounded() {
    let issued = (0..MAX_API_KEYS).map(|number| TenantEvent::ApiKeyIssued(key(number.try_into().expect("small"))));
    let given: Vec<_> = std::iter::once(created()).chain(issued).collect();
    refused(&given, TenantCommand::IssueApiKey(key(u128::MAX)), TenantError::TooManyKeys);
    leads(&given, TenantCommand::IssueApiKey(key(0)), &[]);
}

#[test]
fn a_tenant_is_suspended_and_resumed_once() {
    let suspended = TenantEvent::TenantSuspended { reason: "unpaid".into() };
    once(&[created()], TenantCommand::SuspendTenant { reason: "unpaid".into() }, &suspended);
    once(&[created(), suspended], TenantCommand::ResumeTenant, &TenantEvent::TenantResumed {});
}

#[test]
fn every_view_is_noted_and_changes_nothing() {
    let until = chrono::DateTime::UNIX_EPOCH;
    let began = TenantEvent::ViewBegan { until };
    leads(&[created()], TenantCommand::BeginView { until }, std::slice::from_ref(&began));
    leads(&[created(), began.clone()], TenantCommand::BeginView { until }, &[began]);
    leads(&[created()], TenantCommand::EndView, &[TenantEvent::ViewEnded {}]);
    refused(&[], TenantCommand::BeginView { until }, TenantError::Absent);
}

#[test]
fn an_api_key_is_changed_once_and_stays_the_same_key() {
    let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
    let narrower = ApiKeyChange {
        name: Some("nightly".into()),
        budget: Some(Some(Credits::from_whole(1))),
        requests_per_minute: Some(Some(60)),
        ..ApiKeyChange::default()
    };
    let changed = ApiKey {
        name: "nightly".into(),
        budget: Some(Credits::from_whole(1)),
        requests_per_minute: Some(60),
        ..*key(1)
    };
    let event = TenantEvent::ApiKeyChanged(Box::new(changed.clone()));
    once(&given, change(1, narrower), &event);
    let wider = ApiKeyChange { requests_per_minute: Some(None), ..ApiKeyChange::default() };
    let lifted = TenantEvent::ApiKeyChanged(Box::new(ApiKey { requests_per_minute: None, ..changed }));
    once(&[&given[..], &[event]].concat(), change(1, wider), &lifted);
}

#[test]
fn a_key_that_is_gone_is_not_changed() {
    let renamed = || ApiKeyChange { name: Some("nightly".into()), ..ApiKeyChange::default() };
    refused(&[created()], change(1, renamed()), TenantError::NoSuchKey);
    let revoked = TenantEvent::ApiKeyRevoked { api_key_id: key_id(1) };
    refused(&[created(), TenantEvent::ApiKeyIssued(key(1)), revoked], change(1, renamed()), TenantError::NoSuchKey);
}

#[test]
fn limits_are_set_once_and_let_something_through() {
    let limits = TenantLimits {
        requests_per_minute: Some(600),
        budget: Budget { month: Some(Credits::from_whole(100)), ..Budget::default() },
        ..TenantLimits::default()
    };
    let event = TenantEvent::LimitsChanged(limits.clone());
    once(&[created()], TenantCommand::ChangeLimits(limits), &event);
    let lifted = TenantLimits::default();
    once(&[created(), event], TenantCommand::ChangeLimits(lifted.clone()), &TenantEvent::LimitsChanged(lifted));
    let nothing = TenantLimits { requests_per_minute: Some(0), ..TenantLimits::default() };
    let absurd = TenantLimits {
        budget: Budget { total: Some(Credits::from_micro(-1)), ..Budget::default() },
        ..TenantLimits::default()
    };
    for limits in [nothing, absurd] {
        let then = limits.check().expect_err("a limit that is none");
        refused(&[created()], TenantCommand::ChangeLimits(limits), then);
    }
    let unfit = ApiKeyChange { concurrent_jobs: Some(Some(0)), ..ApiKeyChange::default() };
    let given = [created(), TenantEvent::ApiKeyIssued(key(1))];
    let then = ApiKey { concurrent_jobs: Some(0), ..*key(1) }.check().expect_err("a limit that is none");
    refused(&given, change(1, unfit), then);
}
