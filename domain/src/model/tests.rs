//! given / when / then for the model, every command sent twice, and the golden JSON of its events.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeZone as _, Utc};
use cqrs_es::{Aggregate, DomainEvent, test::TestFramework};
use serde_json::{Value, json};

use super::{CatalogEntry, Deprecation, Identity, Model, ModelCommand, ModelError, ModelEvent};
use crate::{
    capability::{Capability, CapabilityKind, Route},
    decide::Decide,
};

fn identity(description: &str) -> Identity {
    let text = str::to_owned;
    Identity {
        name: text("some-model"),
        display_name: text("Some Model"),
        provider: text("ark"),
        description: text(description),
    }
}

fn capability() -> Capability {
    serde_json::from_value(crate::capability::tests::chat()).expect("a capability")
}

fn dearer() -> Capability {
    let mut value = crate::capability::tests::chat();
    value["pricing"]["rates"][1]["tiers"][0]["rate"] = json!("5");
    serde_json::from_value(value).expect("a capability")
}

fn registered() -> ModelEvent {
    let Identity { name, display_name, provider, description } = identity("Good.");
    ModelEvent::ModelRegistered { name, display_name, provider, description }
}

fn published(version: u32, capability: Capability) -> ModelEvent {
    ModelEvent::CapabilityPublished { version, capability: capability.into() }
}

fn other_routes() -> Vec<Route> {
    vec![Route { provider: "ark".to_owned(), upstream_model: "ep-2".to_owned(), priority: 0, weight: 2, cost: None }]
}

const CHAT: CapabilityKind = CapabilityKind::Chat;

fn publish(capability: Capability) -> ModelCommand {
    ModelCommand::PublishCapability(Box::new(capability))
}

fn framework() -> TestFramework<Model> {
    TestFramework::with(())
}

/// The command leads to these events, and sent again to none.
fn once(given: Vec<ModelEvent>, when: ModelCommand, then: Vec<ModelEvent>) {
    framework().given(given.clone()).when(when.clone()).then_expect_events(then.clone());
    framework().given(given).and(then).when(when).then_expect_events(vec![]);
}

fn refused(given: Vec<ModelEvent>, when: ModelCommand, then: ModelError) {
    framework().given(given).when(when).then_expect_error(then);
}

fn folded(events: Vec<ModelEvent>) -> Model {
    let mut model = Model::default();
    events.into_iter().for_each(|event| model.apply(event));
    model
}

#[test]
fn registers_once() {
    once(vec![], ModelCommand::RegisterModel(identity("Good.")), vec![registered()]);
}

#[test]
fn registering_with_other_texts_describes_it_anew() {
    let described =
        ModelEvent::ModelDescribed { display_name: "Some Model".to_owned(), description: "Better.".to_owned() };
    once(vec![registered()], ModelCommand::RegisterModel(identity("Better.")), vec![described]);
}

#[test]
fn a_name_stays_what_it_is() {
    let other = Identity { name: "other".to_owned(), ..identity("Good.") };
    let error = ModelError::OtherIdentity { name: "some-model".to_owned(), provider: "ark".to_owned() };
    refused(vec![registered()], ModelCommand::RegisterModel(other), error);
    for name in ["", "Some Model", "a/b", &"x".repeat(101)] {
        let bad = Identity { name: name.to_owned(), ..identity("") };
        refused(vec![], ModelCommand::RegisterModel(bad), ModelError::BadName);
    }
}

#[test]
fn nothing_happens_to_what_is_not_registered() {
    let commands = [
        publish(capability()),
        ModelCommand::RetireCapability(CHAT),
        ModelCommand::EnableModel,
        ModelCommand::DisableModel,
    ];
    commands.into_iter().for_each(|command| refused(vec![], command, ModelError::NotRegistered));
}

#[test]
fn publishes_once_and_counts_versions_up() {
    once(vec![registered()], publish(capability()), vec![published(1, capability())]);
    once(vec![registered(), published(1, capability())], publish(dearer()), vec![published(2, dearer())]);
}

#[test]
fn what_lint_refuses_is_not_published() {
    let mut unpriced = capability();
    unpriced.pricing.rates.clear();
    let issues = unpriced.lint();
    refused(vec![registered()], publish(unpriced), ModelError::Unfit(issues));
}

#[test]
fn a_retired_capability_is_not_callable_until_it_is_published_again() {
    let given = vec![registered(), published(1, capability())];
    let retired = ModelEvent::CapabilityRetired { kind: CHAT, version: 1 };
    once(given.clone(), ModelCommand::RetireCapability(CHAT), vec![retired.clone()]);
    let given = [given, vec![retired]].concat();
    assert!(folded(given.clone()).callable(CHAT).is_none());
    once(given, publish(capability()), vec![published(2, capability())]);
    refused(vec![registered()], ModelCommand::RetireCapability(CHAT), ModelError::NoCapability(CHAT));
}

#[test]
fn routes_change_without_a_new_version() {
    let given = vec![registered(), published(1, capability())];
    let change = ModelCommand::ChangeRoutes { kind: CHAT, routes: other_routes() };
    let changed = ModelEvent::RouteChanged { kind: CHAT, routes: other_routes() };
    once(given.clone(), change, vec![changed.clone()]);
    let model = folded([given, vec![changed]].concat());
    let now = model.callable(CHAT).expect("callable");
    assert_eq!((now.version, &now.routes), (1, &other_routes()));
    assert_eq!(model.decide(&publish(capability())), Ok(vec![]), "seeding again does not undo the change");
}

#[test]
fn routes_that_take_no_work_are_refused() {
    let given = vec![registered(), published(1, capability())];
    let none = ModelCommand::ChangeRoutes { kind: CHAT, routes: vec![] };
    assert!(matches!(folded(given).decide(&none), Err(ModelError::Unfit(_))));
    refused(
        vec![registered()],
        ModelCommand::ChangeRoutes { kind: CHAT, routes: other_routes() },
        ModelError::NoCapability(CHAT),
    );
}

#[test]
fn a_disabled_model_is_not_callable() {
    let given = vec![registered(), published(1, capability())];
    once(given.clone(), ModelCommand::DisableModel, vec![ModelEvent::ModelDisabled {}]);
    framework().given(given.clone()).when(ModelCommand::EnableModel).then_expect_events(vec![]);
    let given = [given, vec![ModelEvent::ModelDisabled {}]].concat();
    assert!(folded(given.clone()).callable(CHAT).is_none());
    once(given, ModelCommand::EnableModel, vec![ModelEvent::ModelEnabled {}]);
}

fn day(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2027, 1, day, 0, 0, 0).single().expect("a day")
}

fn deprecation(announced: u32, replacement: Option<&str>) -> Deprecation {
    Deprecation { deprecated_at: day(announced), sunset_at: day(20), replacement: replacement.map(ToOwned::to_owned) }
}

fn deprecate(announced: u32, replacement: Option<&str>) -> ModelCommand {
    ModelCommand::DeprecateCapability { kind: CHAT, deprecation: deprecation(announced, replacement) }
}

fn deprecated(announced: u32, replacement: Option<&str>) -> ModelEvent {
    ModelEvent::CapabilityDeprecated { kind: CHAT, deprecation: deprecation(announced, replacement) }
}

#[test]
fn a_capability_is_deprecated_with_a_date_and_a_replacement_until_that_is_withdrawn() {
    let given = vec![registered(), published(1, capability())];
    once(given.clone(), deprecate(1, Some("other-model")), vec![deprecated(1, Some("other-model"))]);
    let given = [given, vec![deprecated(1, Some("other-model"))]].concat();
    let later = framework().given(given.clone()).when(deprecate(2, Some("other-model")));
    later.then_expect_events(vec![]);
    // Another replacement is news, but the announcement keeps its time.
    once(given.clone(), deprecate(2, None), vec![deprecated(1, None)]);
    assert!(folded(given.clone()).callable(CHAT).is_some(), "until its date it is called as ever");
    let withdrawn = ModelEvent::DeprecationWithdrawn { kind: CHAT };
    once(given, ModelCommand::WithdrawDeprecation(CHAT), vec![withdrawn]);
}

#[test]
fn a_deprecation_survives_a_new_version_and_ends_with_a_retirement() {
    let given = vec![registered(), published(1, capability()), deprecated(1, None), published(2, dearer())];
    let deprecation = |model: &Model| model.capabilities()[&CHAT].deprecation.clone();
    assert!(deprecation(&folded(given.clone())).is_some());
    let retired = ModelEvent::CapabilityRetired { kind: CHAT, version: 2 };
    let again = folded([given, vec![retired, published(3, dearer())]].concat());
    assert_eq!(deprecation(&again), None);
}

#[test]
fn a_deprecation_that_can_not_be_is_refused() {
    let given = vec![registered(), published(1, capability())];
    for command in [deprecate(20, None), deprecate(1, Some("some-model")), deprecate(1, Some("No Name"))] {
        refused(given.clone(), command, ModelError::BadDeprecation);
    }
    refused(vec![registered()], deprecate(1, None), ModelError::NoCapability(CHAT));
    refused(vec![registered()], ModelCommand::WithdrawDeprecation(CHAT), ModelError::NoCapability(CHAT));
}

fn entry(capabilities: Vec<Capability>) -> CatalogEntry {
    let Identity { name, display_name, provider, description } = identity("Good.");
    let deprecations = BTreeMap::from([(CHAT, deprecation(1, None))]);
    CatalogEntry { name, display_name, provider, description, enabled: Some(false), capabilities, deprecations }
}

#[test]
fn an_import_is_all_of_an_entry_or_nothing() {
    let import = |capabilities| ModelCommand::ImportModel(Box::new(entry(capabilities)));
    let events = vec![registered(), published(1, capability()), deprecated(1, None), ModelEvent::ModelDisabled {}];
    once(vec![], import(vec![capability()]), events);
    let mut unpriced = dearer();
    unpriced.kind = CapabilityKind::Embedding;
    unpriced.pricing.rates.clear();
    let issues = [unpriced.lint(), unpriced.lint_costs()].concat();
    refused(vec![], import(vec![capability(), unpriced]), ModelError::Unfit(issues));
    let twice = folded(vec![]).decide(&import(vec![capability(), dearer()]));
    assert!(matches!(twice, Err(ModelError::Unfit(_))));
}

#[test]
fn what_is_exported_is_imported_without_a_change() {
    let changed = ModelEvent::RouteChanged { kind: CHAT, routes: other_routes() };
    let model = folded(vec![registered(), published(1, capability()), changed, deprecated(1, Some("other-model"))]);
    let exported = model.entry().expect("an entry");
    let text = serde_json::to_string(&exported).expect("JSON");
    let entry: CatalogEntry = serde_json::from_str(&text).expect("an entry");
    assert_eq!(entry, exported);
    assert_eq!(entry.capabilities[0].routes, other_routes());
    let import = ModelCommand::ImportModel(Box::new(entry));
    assert_eq!(model.decide(&import), Ok(vec![]));
    let mut elsewhere = Model::default();
    elsewhere.decide(&import).expect("events").into_iter().for_each(|event| elsewhere.apply(event));
    assert_eq!(elsewhere.entry(), Some(exported));
}

#[test]
fn a_cost_that_nothing_bounds_is_not_published() {
    let cost = |meter: &str| json!({"price": {"rates": [{"meter": meter, "tiers": [{"rate": "1"}]}]}, "currency": "CNY", "credits_per_unit": "14"});
    let routed = |meter: &str| {
        let mut value = crate::capability::tests::chat();
        value["routes"][0]["cost"] = cost(meter);
        serde_json::from_value::<Capability>(value).expect("a capability")
    };
    let model = folded(vec![registered()]);
    assert!(model.decide(&publish(routed("output_token"))).is_ok());
    let Err(ModelError::Unfit(issues)) = model.decide(&publish(routed("image"))) else { panic!("published") };
    assert_eq!(issues[0].path, "routes.0.cost");
    assert!(routed("image").lint().is_empty(), "what was published before stays callable");
}

#[test]
fn the_json_of_deprecations_is_frozen() {
    let events =
        [deprecated(1, Some("other-model")), deprecated(2, None), ModelEvent::DeprecationWithdrawn { kind: CHAT }];
    let shown: Vec<String> = events.iter().map(|event| serde_json::to_string(event).expect("JSON")).collect();
    let golden = [
        r#"{"CapabilityDeprecated":{"kind":"chat","deprecation":{"deprecated_at":"2027-01-01T00:00:00Z","sunset_at":"2027-01-20T00:00:00Z","replacement":"other-model"}}}"#,
        r#"{"CapabilityDeprecated":{"kind":"chat","deprecation":{"deprecated_at":"2027-01-02T00:00:00Z","sunset_at":"2027-01-20T00:00:00Z"}}}"#,
        r#"{"DeprecationWithdrawn":{"kind":"chat"}}"#,
    ];
    assert_eq!(shown, golden);
    assert_eq!(golden.map(|text| serde_json::from_str::<ModelEvent>(text).expect("an event")), events);
}

#[test]
fn a_snapshot_is_the_same_state() {
    let model =
        folded(vec![registered(), published(1, capability()), deprecated(1, None), ModelEvent::ModelDisabled {}]);
    let again: Model = serde_json::from_value(serde_json::to_value(&model).expect("JSON")).expect("a model");
    assert_eq!(again, model);
}

#[test]
fn the_json_of_the_events_is_frozen() {
    let described =
        ModelEvent::ModelDescribed { display_name: "Some Model".to_owned(), description: "Better.".to_owned() };
    let events = [
        registered(),
        described,
        published(1, capability()),
        ModelEvent::CapabilityRetired { kind: CHAT, version: 1 },
        ModelEvent::RouteChanged { kind: CHAT, routes: other_routes() },
        ModelEvent::ModelEnabled {},
        ModelEvent::ModelDisabled {},
    ];
    let shown = |event: &ModelEvent| json!([event.event_type(), event.event_version(), event]);
    let golden: Vec<Value> = events.iter().map(shown).collect();
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(golden) });
    let read = |value: &Value| serde_json::from_value::<ModelEvent>(value[2].clone()).expect("an event");
    assert_eq!(golden.iter().map(read).collect::<Vec<_>>(), events);
}
