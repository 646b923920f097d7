//! One event of every variant, or more where a field may be absent. A variant without a sample does not compile.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone, Utc};
use domain::{
    Credits,
    account::{AccountEvent, Budget, BudgetTerms, Overrun, ReleaseReason},
    capability::CapabilityKind,
    id::{ApiKeyId, AssetId, AttemptId, JobId, ProviderId, ProviderKeyId, TenantId, UserId},
    job::{AttemptStart, Failure, Fate, JobEvent, Mode, Output, Submission, Usage},
    once::OnceEvent,
    pricing::{Meter, PricedParams},
    provider::{ProviderEvent, ProviderSettings},
    provider_key::{KeyLimits, KeyRegistration, ProviderKeyEvent},
    stream::Event,
    tenant::{ApiKey, Role, TenantEvent, TenantLimits},
};
use serde_json::json;
use uuid::Uuid;

/// The samples of one aggregate, by variant.
macro_rules! samples {
    ($event:ident as $stream:ident: $($variant:ident => [$($sample:expr),+],)+) => {{
        const _EVERY_VARIANT: fn(&$event) = |event| match event { $($event::$variant { .. } => {})+ };
        let samples = [$((stringify!($variant), vec![$($sample),+])),+];
        let named = |(name, events): &(&str, Vec<$event>)| {
            assert!(events.iter().all(|event| cqrs_es::DomainEvent::event_type(event) == *name), "a sample of {name}");
        };
        samples.iter().for_each(named);
        samples.into_iter().flat_map(|(_, events)| events).map(Event::$stream).collect()
    }};
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn moment() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).single().expect("a moment")
}

fn micro(micro: i64) -> Credits {
    Credits::from_micro(micro)
}

fn job_id() -> JobId {
    JobId::from_uuid(uuid(1))
}

fn api_key_id() -> ApiKeyId {
    ApiKeyId::from_uuid(uuid(2))
}

fn user_id() -> UserId {
    UserId::from_uuid(uuid(3))
}

fn attempt_id() -> AttemptId {
    AttemptId::from_uuid(uuid(4))
}

fn key_terms() -> BudgetTerms {
    let key = Budget { total: Some(micro(1_000_000)), ..Budget::default() };
    BudgetTerms { day: moment().date_naive(), key: Some(key), tenant: None }
}

fn tenant_terms() -> BudgetTerms {
    let tenant = Budget { day: Some(micro(5_000_000)), month: Some(micro(100_000_000)), total: None };
    BudgetTerms { day: moment().date_naive(), key: None, tenant: Some(tenant) }
}

fn held(api_key_id: Option<ApiKeyId>, budgets: Option<BudgetTerms>) -> AccountEvent {
    let (job_id, amount, model) = (job_id(), micro(42_500), text("doubao-seedream-4-0"));
    AccountEvent::CreditsHeld { job_id, amount, api_key_id, model, budgets }
}

fn settled(api_key_id: Option<ApiKeyId>) -> AccountEvent {
    let (held, charged, model) = (micro(42_500), micro(42_499), text("doubao-seedream-4-0"));
    AccountEvent::HoldSettled { job_id: job_id(), held, charged, api_key_id, model }
}

fn overrun(policy: Overrun, taken: i64, absorbed: i64, budgets: Option<BudgetTerms>) -> AccountEvent {
    let (job_id, api_key_id, model) = (job_id(), None, text("doubao-seedream-4-0"));
    let (taken, absorbed) = (micro(taken), micro(absorbed));
    AccountEvent::OverrunSettled { job_id, taken, absorbed, policy, api_key_id, model, budgets }
}

pub fn account() -> Vec<Event> {
    let (model, reason) = (|| text("doubao-seedream-4-0"), || text("a reason"));
    let (adjustment_id, job_id, by) = (|| text("adj-1"), job_id, user_id);
    let released = |reason| AccountEvent::HoldReleased {
        job_id: job_id(),
        amount: micro(42_500),
        reason,
        api_key_id: Some(api_key_id()),
        model: model(),
    };
    samples!(AccountEvent as Account:
        AccountOpened => [AccountEvent::AccountOpened {}],
        CreditsRecharged => [AccountEvent::CreditsRecharged {
            amount: micro(25_000_000),
            source: text("card"),
            reference: text("pay-1"),
        }],
        CreditsHeld => [
            held(Some(api_key_id()), None),
            held(None, None),
            held(Some(api_key_id()), Some(key_terms())),
            held(None, Some(tenant_terms()))
        ],
        HoldSettled => [settled(Some(api_key_id())), settled(None)],
        OverrunSettled => [
            overrun(Overrun::FromBalance, 1, 2, None),
            overrun(Overrun::Debt { max: micro(5_000_000) }, 3, 0, None),
            overrun(Overrun::Absorb, 0, 4, None),
            overrun(Overrun::FromBalance, 1, 2, Some(tenant_terms()))
        ],
        HoldReleased => [
            released(ReleaseReason::Failed),
            released(ReleaseReason::Canceled),
            released(ReleaseReason::Expired),
            released(ReleaseReason::UnknownPastPolicy)
        ],
        CreditsRefunded => [AccountEvent::CreditsRefunded {
            job_id: job_id(),
            amount: micro(1),
            model: model(),
            reason: reason(),
        }],
        AdjustmentRequested => [AccountEvent::AdjustmentRequested {
            adjustment_id: adjustment_id(),
            amount: micro(-1_500_000),
            reason: reason(),
            by: by(),
        }],
        AdjustmentApproved => [AccountEvent::AdjustmentApproved { adjustment_id: adjustment_id(), by: by() }],
        AdjustmentRejected => [AccountEvent::AdjustmentRejected { adjustment_id: adjustment_id(), by: by() }],
        BalanceAdjusted => [AccountEvent::BalanceAdjusted { adjustment_id: adjustment_id(), amount: micro(-1_500_000) }],
        CreditLimitSet => [AccountEvent::CreditLimitSet { limit: micro(0) }],
        AccountFrozen => [AccountEvent::AccountFrozen { reason: reason() }],
        AccountUnfrozen => [AccountEvent::AccountUnfrozen {}],
    )
}

fn submission(mode: Mode, by_key: bool) -> Submission {
    let params = [("size", json!("2K")), ("n", json!(2)), ("watermark", json!(false))];
    let params = params.into_iter().map(|(name, value)| (text(name), value)).collect();
    Submission {
        tenant_id: TenantId::from_uuid(uuid(5)),
        user_id: (!by_key).then(user_id),
        api_key_id: by_key.then(api_key_id),
        model: text("doubao-seedream-4-0"),
        capability: CapabilityKind::TextToImage,
        price_version: 3,
        priced_params: PricedParams { params, facts: BTreeMap::from([(text("pixels"), 4_194_304)]), moment: None },
        inputs_sha256: "ab".repeat(32),
        hold: micro(42_500),
        mode,
        expires_at: moment(),
    }
}

fn failure(fate: Fate, told: bool) -> Failure {
    Failure {
        code: text("rate_limited"),
        fate,
        upstream_status: told.then_some(429),
        upstream_code: told.then(|| text("RateLimitExceeded")),
    }
}

fn output(index: u32, pixels: Option<u32>) -> Output {
    let asset_id = AssetId::from_uuid(uuid(6));
    Output { asset_id, index, content_type: text("image/png"), bytes: 1_024, width: pixels, height: pixels }
}

fn attempt() -> AttemptStart {
    AttemptStart {
        attempt_id: attempt_id(),
        provider: text("ark"),
        upstream_model: text("ep-1"),
        provider_key_id: ProviderKeyId::from_uuid(uuid(7)),
    }
}

pub fn job() -> Vec<Event> {
    let usage = || Usage::new().with(Meter::Image, 2).with(Meter::OutputToken, 0);
    let submitted = |mode, by_key| JobEvent::JobSubmitted(Box::new(submission(mode, by_key)));
    let priced_params = PricedParams { moment: Some(moment()), ..PricedParams::default() };
    let timed = JobEvent::JobSubmitted(Box::new(Submission { priced_params, ..submission(Mode::Queued, true) }));
    let failed = |fate, told| JobEvent::AttemptFailed { attempt_id: attempt_id(), failure: failure(fate, told) };
    let stored = |output| JobEvent::OutputStored { attempt_id: attempt_id(), output };
    samples!(JobEvent as Job:
        JobSubmitted => [submitted(Mode::Queued, true), submitted(Mode::Interactive, false), timed],
        AttemptStarted => [JobEvent::AttemptStarted { number: 1, attempt: attempt() }],
        UpstreamAccepted => [JobEvent::UpstreamAccepted { attempt_id: attempt_id(), upstream_id: text("cgt-1") }],
        AttemptFailed => [failed(Fate::Retry, true), failed(Fate::Fail, false)],
        OutputStored => [stored(output(0, Some(2_048))), stored(output(1, None))],
        JobSucceeded => [JobEvent::JobSucceeded { attempt_id: attempt_id(), usage: usage(), cost: micro(42_499) }],
        JobFailed => [JobEvent::JobFailed { code: text("content_refused"), cost: micro(0) }],
        JobCancelRequested => [JobEvent::JobCancelRequested {}],
        JobCanceled => [JobEvent::JobCanceled { usage: Usage::new(), cost: micro(7) }],
        JobExpired => [JobEvent::JobExpired {}],
        OutcomeUnknown => [JobEvent::OutcomeUnknown { attempt_id: attempt_id(), why: text("the connection was lost") }],
        JobRefunded => [JobEvent::JobRefunded { amount: micro(1), reason: text("a reason") }],
    )
}

pub fn once() -> Vec<Event> {
    let used = OnceEvent::KeyUsed { subject: job_id().to_string(), fingerprint: "cd".repeat(32) };
    samples!(OnceEvent as Once: KeyUsed => [used],)
}

pub fn provider() -> Vec<Event> {
    let settings = |base_url: &str| ProviderSettings {
        name: text("ark"),
        adapter: text("ark"),
        base_url: text(base_url),
        failures_to_disable: None,
    };
    let strict = ProviderSettings { failures_to_disable: Some(2), ..settings("https://b.example") };
    samples!(ProviderEvent as Provider:
        ProviderRegistered => [ProviderEvent::ProviderRegistered(settings("https://a.example"))],
        ProviderChanged => [
            ProviderEvent::ProviderChanged(settings("https://b.example")),
            ProviderEvent::ProviderChanged(strict)
        ],
        ProviderPaused => [ProviderEvent::ProviderPaused { reason: text("a reason") }],
        ProviderResumed => [ProviderEvent::ProviderResumed {}],
    )
}

pub fn provider_key() -> Vec<Event> {
    let some = KeyLimits { requests_per_second: Some(5), requests_per_minute: Some(60), concurrency: Some(3) };
    let registered = |limits, account| {
        ProviderKeyEvent::KeyRegistered(KeyRegistration {
            provider_id: ProviderId::from_uuid(uuid(8)),
            label: text("team"),
            weight: 1,
            limits,
            fingerprint: text("abcdef12"),
            account,
        })
    };
    let (reason, model) = (|| text("a reason"), || text("ep-1"));
    let disabled = |automatic, probe_at| ProviderKeyEvent::KeyDisabled { reason: reason(), automatic, probe_at };
    let model_disabled = |automatic, probe_at| ProviderKeyEvent::KeyModelDisabled {
        model: model(),
        reason: reason(),
        automatic,
        probe_at,
    };
    let probed = |model| ProviderKeyEvent::KeyProbed { model, reason: reason(), failures: 2, probe_at: moment() };
    samples!(ProviderKeyEvent as ProviderKey:
        KeyRegistered => [
            registered(some, None),
            registered(KeyLimits::default(), None),
            registered(some, Some(text("main")))
        ],
        KeyWeightChanged => [ProviderKeyEvent::KeyWeightChanged { weight: 0 }],
        KeyLimitsChanged => [ProviderKeyEvent::KeyLimitsChanged { limits: some }],
        KeyAccountChanged => [
            ProviderKeyEvent::KeyAccountChanged { account: Some(text("main")) },
            ProviderKeyEvent::KeyAccountChanged { account: None }
        ],
        KeyCooledDown => [ProviderKeyEvent::KeyCooledDown {
            model: model(),
            reason: reason(),
            until: moment(),
            pause_ms: 20_000,
        }],
        KeyDisabled => [disabled(true, None), disabled(false, None), disabled(true, Some(moment()))],
        KeyEnabled => [ProviderKeyEvent::KeyEnabled {}],
        KeyModelDisabled => [model_disabled(true, Some(moment())), model_disabled(false, None)],
        KeyModelEnabled => [ProviderKeyEvent::KeyModelEnabled { model: model() }],
        KeyProbed => [probed(None), probed(Some(model()))],
        KeyRevoked => [ProviderKeyEvent::KeyRevoked {}],
    )
}

pub fn tenant() -> Vec<Event> {
    let narrow = ApiKey {
        api_key_id: api_key_id(),
        name: text("ci"),
        prefix: text("zk_live_abcd"),
        sha256: "ef".repeat(32),
        scopes: vec![text("jobs")],
        models: vec![text("doubao-seedream-4-0")],
        budget: Some(micro(5_000_000)),
        budget_per_day: None,
        budget_per_month: None,
        requests_per_minute: Some(60),
        tokens_per_minute: None,
        concurrent_jobs: None,
        expires_at: Some(moment()),
    };
    let wide = ApiKey {
        scopes: vec![],
        models: vec![],
        budget: None,
        requests_per_minute: None,
        expires_at: None,
        ..narrow.clone()
    };
    let limited = ApiKey {
        budget_per_day: Some(micro(1)),
        budget_per_month: Some(micro(2)),
        tokens_per_minute: Some(90_000),
        concurrent_jobs: Some(4),
        ..narrow.clone()
    };
    let limits = TenantLimits {
        requests_per_minute: Some(600),
        tokens_per_minute: Some(900_000),
        concurrent_jobs: Some(40),
        budget: Budget { day: Some(micro(3)), month: Some(micro(4)), total: Some(micro(5)) },
    };
    let issued = |key| TenantEvent::ApiKeyIssued(Box::new(key));
    samples!(TenantEvent as Tenant:
        TenantCreated => [TenantEvent::TenantCreated { name: text("Some Company") }],
        MemberAdded => [TenantEvent::MemberAdded { user_id: user_id(), role: Role::Owner }],
        RoleChanged => [TenantEvent::RoleChanged { user_id: user_id(), role: Role::Member }],
        MemberRemoved => [TenantEvent::MemberRemoved { user_id: user_id() }],
        ApiKeyIssued => [issued(narrow), issued(wide), issued(limited.clone())],
        ApiKeyChanged => [TenantEvent::ApiKeyChanged(Box::new(limited))],
        ApiKeyRevoked => [TenantEvent::ApiKeyRevoked { api_key_id: api_key_id() }],
        LimitsChanged => [
            TenantEvent::LimitsChanged(limits),
            TenantEvent::LimitsChanged(TenantLimits::default())
        ],
        TenantSuspended => [TenantEvent::TenantSuspended { reason: text("a reason") }],
        TenantResumed => [TenantEvent::TenantResumed {}],
        ViewBegan => [TenantEvent::ViewBegan { until: moment() }],
        ViewEnded => [TenantEvent::ViewEnded {}],
    )
}
