//! given / when / then for the model, every command sent twice, and the golden JSON of its events.

use cqrs_es::{Aggregate, DomainEvent, test::TestFramework};
use serde_json::{Value, json};

use super::{Identity, Model, ModelCommand, ModelError, ModelEvent};
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

#[test]
fn a_snapshot_is_the_same_state() {
    let model = folded(vec![registered(), published(1, capability()), ModelEvent::ModelDisabled {}]);
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
