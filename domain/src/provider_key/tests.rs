//! The rules of a provider key, as given, when, then.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;

const MODEL: &str = "doubao-seed-1-6";
const PAUSES: Backoff = Backoff { first_ms: 1_000, most_ms: 3_000 };

fn registration(fingerprint: &str) -> KeyRegistration {
    KeyRegistration {
        provider_id: ProviderId::from_uuid(Uuid::nil()),
        label: "team".into(),
        weight: 1,
        limits: KeyLimits::default(),
        fingerprint: fingerprint.into(),
        account: None,
    }
}

fn register(fingerprint: &str) -> ProviderKeyCommand {
    ProviderKeyCommand::RegisterKey(registration(fingerprint))
}

fn registered() -> ProviderKeyEvent {
    ProviderKeyEvent::KeyRegistered(registration("abcd"))
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::milliseconds(ms)
}

fn disable(automatic: bool) -> ProviderKeyCommand {
    let probe_at = automatic.then(|| at(1_000));
    ProviderKeyCommand::DisableKey { reason: "401 from upstream".into(), automatic, probe_at }
}

fn disabled(automatic: bool) -> ProviderKeyEvent {
    let probe_at = automatic.then(|| at(1_000));
    ProviderKeyEvent::KeyDisabled { reason: "401 from upstream".into(), automatic, probe_at }
}

fn disable_model(automatic: bool) -> ProviderKeyCommand {
    let probe_at = automatic.then(|| at(1_000));
    ProviderKeyCommand::DisableModel { model: MODEL.into(), reason: "not open".into(), automatic, probe_at }
}

fn model_disabled(automatic: bool) -> ProviderKeyEvent {
    let probe_at = automatic.then(|| at(1_000));
    ProviderKeyEvent::KeyModelDisabled { model: MODEL.into(), reason: "not open".into(), automatic, probe_at }
}

fn cool_down(now_ms: i64) -> ProviderKeyCommand {
    ProviderKeyCommand::CoolDown { model: MODEL.into(), reason: "429".into(), now: at(now_ms), pauses: PAUSES }
}

fn cooled(until_ms: i64, pause_ms: u64) -> ProviderKeyEvent {
    ProviderKeyEvent::KeyCooledDown { model: MODEL.into(), reason: "429".into(), until: at(until_ms), pause_ms }
}

fn succeeded() -> ProviderKeyCommand {
    ProviderKeyCommand::ProbeSucceeded { model: MODEL.into() }
}

fn failed(now_ms: i64) -> ProviderKeyCommand {
    ProviderKeyCommand::ProbeFailed { model: MODEL.into(), reason: "again".into(), now: at(now_ms), pauses: PAUSES }
}

fn probed(model: Option<&str>, failures: u32, probe_ms: i64) -> ProviderKeyEvent {
    let model = model.map(str::to_owned);
    ProviderKeyEvent::KeyProbed { model, reason: "again".into(), failures, probe_at: at(probe_ms) }
}

fn model_enabled() -> ProviderKeyEvent {
    ProviderKeyEvent::KeyModelEnabled { model: MODEL.into() }
}

fn limits() -> KeyLimits {
    KeyLimits { concurrency: Some(2), ..KeyLimits::default() }
}

/// The command leads to these events, and sent again to none.
fn once(given: &[ProviderKeyEvent], when: ProviderKeyCommand, then: &[ProviderKeyEvent]) {
    let framework = || TestFramework::<ProviderKey>::with(()).given(given.to_vec());
    framework().when(when.clone()).then_expect_events(then.to_vec());
    framework().and(then.to_vec()).when(when).then_expect_events(vec![]);
}

fn nothing(given: &[ProviderKeyEvent], when: ProviderKeyCommand) {
    TestFramework::<ProviderKey>::with(()).given(given.to_vec()).when(when).then_expect_events(vec![]);
}

fn refused(given: &[ProviderKeyEvent], when: ProviderKeyCommand, then: ProviderKeyError) {
    TestFramework::<ProviderKey>::with(()).given(given.to_vec()).when(when).then_expect_error(then);
}

fn folded(events: impl IntoIterator<Item = ProviderKeyEvent>) -> ProviderKey {
    let mut key = ProviderKey::default();
    events.into_iter().for_each(|event| key.evolve(event));
    key
}

fn every_change() -> [ProviderKeyCommand; 10] {
    [
        ProviderKeyCommand::ChangeWeight { weight: 3 },
        ProviderKeyCommand::ChangeLimits { limits: limits() },
        ProviderKeyCommand::ChangeAccount { account: Some("a".into()) },
        cool_down(0),
        disable(true),
        ProviderKeyCommand::EnableKey,
        disable_model(true),
        ProviderKeyCommand::EnableModel { model: MODEL.into() },
        succeeded(),
        failed(0),
    ]
}

#[test]
fn a_key_is_registered_once_and_its_id_stands_for_no_other() {
    once(&[], register("abcd"), &[registered()]);
    refused(&[registered()], register("ef01"), ProviderKeyError::IdTaken);
}

#[test]
fn weight_limits_and_account_change_once() {
    let changed = ProviderKeyEvent::KeyWeightChanged { weight: 0 };
    once(&[registered()], ProviderKeyCommand::ChangeWeight { weight: 0 }, &[changed]);
    let changed = ProviderKeyEvent::KeyLimitsChanged { limits: limits() };
    once(&[registered()], ProviderKeyCommand::ChangeLimits { limits: limits() }, &[changed]);
    let changed = ProviderKeyEvent::KeyAccountChanged { account: Some("a".into()) };
    once(&[registered()], ProviderKeyCommand::ChangeAccount { account: Some("a".into()) }, &[changed]);
}

#[test]
fn a_key_is_disabled_and_enabled_once() {
    for automatic in [true, false] {
        once(&[registered()], disable(automatic), &[disabled(automatic)]);
        let enabled = ProviderKeyEvent::KeyEnabled {};
        once(&[registered(), disabled(automatic)], ProviderKeyCommand::EnableKey, &[enabled]);
        once(&[registered()], disable_model(automatic), &[model_disabled(automatic)]);
        let enable = ProviderKeyCommand::EnableModel { model: MODEL.into() };
        once(&[registered(), model_disabled(automatic)], enable, &[model_enabled()]);
    }
}

#[test]
fn an_admins_word_stands_above_a_rules() {
    once(&[registered(), disabled(true)], disable(false), &[disabled(false)]);
    nothing(&[registered(), disabled(false)], disable(true));
    nothing(&[registered(), disabled(false)], succeeded());
    nothing(&[registered(), disabled(false)], failed(5_000));
    once(&[registered(), model_disabled(true)], disable_model(false), &[model_disabled(false)]);
    nothing(&[registered(), model_disabled(false)], disable_model(true));
    nothing(&[registered(), model_disabled(false)], succeeded());
    nothing(&[registered(), model_disabled(false)], failed(5_000));
}

#[test]
fn pauses_grow_while_refusals_follow_each_other_and_begin_again_after_a_quiet_time() {
    once(&[registered()], cool_down(0), &[cooled(1_000, 1_000)]);
    let first = [registered(), cooled(1_000, 1_000)];
    nothing(&first, cool_down(999));
    once(&first, cool_down(1_500), &[cooled(3_500, 2_000)]);
    once(&first, cool_down(2_000), &[cooled(3_000, 1_000)]);
    // At most the longest pause.
    once(&[registered(), cooled(3_500, 2_000)], cool_down(3_500), &[cooled(6_500, 3_000)]);
    // Upstream may ask for more than we would.
    let asked = Backoff { first_ms: 9_000, most_ms: 3_000 };
    let longer =
        ProviderKeyCommand::CoolDown { model: MODEL.into(), reason: "429".into(), now: at(1_500), pauses: asked };
    once(&first, longer, &[cooled(10_500, 9_000)]);
    for disabled in [disabled(true), model_disabled(true)] {
        nothing(&[registered(), disabled], cool_down(0));
    }
}

#[test]
fn a_key_stands_as_its_last_word_says() {
    let key = folded([registered(), cooled(1_000, 1_000)]);
    assert!(matches!(key.standing(MODEL, at(999)), Standing::CoolingDown(cooling) if cooling.until == at(1_000)));
    assert_eq!(key.standing(MODEL, at(1_000)), Standing::Ready);
    assert_eq!(key.standing("another", at(0)), Standing::Ready);
    let key = folded([registered(), model_disabled(true)]);
    assert!(matches!(key.standing(MODEL, at(0)), Standing::Disabled { only_this_model: true, .. }));
    assert_eq!(key.standing("another", at(0)), Standing::Ready);
    let key = folded([registered(), disabled(true)]);
    assert!(matches!(key.standing("another", at(0)), Standing::Disabled { only_this_model: false, .. }));
    let key = folded([registered(), cooled(1_000, 1_000), disabled(true), ProviderKeyEvent::KeyEnabled {}]);
    assert_eq!(key.standing(MODEL, at(0)), Standing::Ready);
}

#[test]
fn a_probe_that_succeeds_enables_what_a_rule_disabled() {
    once(&[registered(), disabled(true)], succeeded(), &[ProviderKeyEvent::KeyEnabled {}]);
    once(&[registered(), model_disabled(true)], succeeded(), &[model_enabled()]);
    let both = [registered(), model_disabled(true), disabled(true)];
    once(&both, succeeded(), &[ProviderKeyEvent::KeyEnabled {}, model_enabled()]);
    nothing(&[registered()], succeeded());
    nothing(&[registered(), cooled(1_000, 1_000)], succeeded());
}

#[test]
fn a_probe_that_fails_lengthens_the_pause_once() {
    let key = [registered(), disabled(true)];
    nothing(&key, failed(999));
    once(&key, failed(1_000), &[probed(None, 1, 3_000)]);
    once(&[registered(), disabled(true), probed(None, 1, 3_000)], failed(3_000), &[probed(None, 2, 6_000)]);
    once(&[registered(), disabled(true), probed(None, 99, 3_000)], failed(3_000), &[probed(None, 100, 6_000)]);
    once(&[registered(), model_disabled(true)], failed(1_000), &[probed(Some(MODEL), 1, 3_000)]);
    nothing(&[registered()], failed(1_000));
    let key = folded([registered(), disabled(true), probed(None, 1, 3_000)]);
    let due = key.disabling().and_then(Disabled::probe_due);
    assert_eq!((due, key.disabled()), (Some(at(3_000)), Some("again")));
}

#[test]
fn a_key_that_was_disabled_before_probes_were_known_is_probed_at_once() {
    let event: ProviderKeyEvent =
        serde_json::from_str(r#"{"KeyDisabled":{"reason":"401","automatic":true}}"#).expect("an event of before");
    let key = folded([registered(), event]);
    assert!(key.disabling().and_then(Disabled::probe_due).is_some_and(|due| due < at(0)));
}

#[test]
fn a_revoked_key_is_never_used_again() {
    let revoked = ProviderKeyEvent::KeyRevoked {};
    once(&[registered()], ProviderKeyCommand::RevokeKey, std::slice::from_ref(&revoked));
    for command in every_change() {
        refused(&[registered(), revoked.clone()], command, ProviderKeyError::Revoked);
    }
    let key = folded([registered(), revoked]);
    assert_eq!((key.disabled(), key.standing(MODEL, at(0))), (Some("revoked"), Standing::Revoked));
}

#[test]
fn nothing_happens_to_a_key_that_was_not_registered() {
    for command in every_change().into_iter().chain([ProviderKeyCommand::RevokeKey]) {
        refused(&[], command, ProviderKeyError::Absent);
    }
}

#[test]
fn a_key_remembers_a_bounded_number_of_models() {
    let mut key = folded([registered(), model_disabled(true)]);
    for number in 0..2 * MODELS_AT_MOST {
        let until = at(i64::try_from(number).expect("a small number"));
        let model = format!("model-{number}");
        key.evolve(ProviderKeyEvent::KeyCooledDown { model, reason: "429".into(), until, pause_ms: 1 });
    }
    assert_eq!(key.models().len(), MODELS_AT_MOST);
    assert!(key.models()[MODEL].disabled.is_some(), "what is disabled is never forgotten");
}
